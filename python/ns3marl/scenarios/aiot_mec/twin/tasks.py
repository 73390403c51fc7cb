# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The tasks of all devices.

A device has L slots, enough for all tasks that can be under way at once; the task of tick t is in slot t mod L. Times are in
microseconds from the beginning of the tick.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import torch
from torch import Tensor

# Phases of an offloaded part: ``Phase`` of contention.h.
NONE, UPLINK, WAITING, COMPUTING, DOWNLINK, DONE, DROPPED = range(7)

# Columns of the record that stays as it is while a task is on its channel: ``Fixed`` of contention.h.
(
    DEVICE,  # entity
    SERVER,  # index
    POWER,  # dBm
    EXPIRY,
    DEADLINE,
    RANK,  # what does not change of its priority
    CYCLES,
    TOTAL,  # fragments
    BITS,  # of a fragment, all headers included
    NDBPS,  # data bits of a symbol
    LIMIT,  # fragments of a frame
    MIDPOINT,  # SINR at which half of the fragments arrive, dB
    REPLY,  # SIFS and block acknowledgement
    REQUEST,  # block-ack request
    SNR_UP,  # dB, at its power
    SNR_DOWN,  # dB, at 30 dBm
) = range(16)
FIXED = 16
# Columns of the record that changes: ``Changing`` of contention.h.
(
    LEFT,  # fragments that are not at the server
    ASKS,  # 1: a block-ack request goes first
    START,  # of the frame on the air
    COUNT,  # its fragments; 0: a request or a result
    LOST,  # its fragments that interference is expected to cost
    BLOCKED,  # 1: the receiver was busy when the frame began
    ON_AIR,  # fragments that were transmitted at least once
    RETRIES,  # transmissions of fragments beyond those
    UNANSWERED,  # transmissions without acknowledgement
    DEVICE_AIR,  # time that the device transmitted
    UPLINK_END,
    COMPUTE_START,
    COMPUTE_END,
    RESULT,
) = range(14)
CHANGING = 14

_TIMES = ("arrival", "expiry", "cpu_start", "cpu_end", "cpu_stop", "next", "quiet", "ready", "end")
_RECORDED_TIMES = (START, UPLINK_END, COMPUTE_START, COMPUTE_END, RESULT)
_KINDS = {
    **dict.fromkeys(("open", "local", "offloaded", "premium"), torch.bool),
    **dict.fromkeys(("server", "random"), torch.int64),
    "phase": torch.int8,
}


@dataclass
class Tasks:
    """[B, N, L] each; values of empty slots have no meaning."""

    open: Tensor  #: bool: neither completed nor failed
    local: Tensor  #: bool: it has a local part
    offloaded: Tensor  #: bool: it has an offloaded part
    arrival: Tensor  #: us
    expiry: Tensor  #: us
    deadline: Tensor  #: us
    cycles: Tensor  #: of the whole task
    rank: Tensor  #: what does not change of its priority
    premium: Tensor  #: bool
    ratio: Tensor  #: offloaded share
    size_bytes: Tensor  #: of the offloaded part
    server: Tensor  #: int64
    power: Tensor  #: dBm
    believed: Tensor  #: SNR at 30 dBm that its MCS follows from, dB
    cpu_start: Tensor  #: us, of the local part
    cpu_end: Tensor  #: us, if it were never taken out
    cpu_stop: Tensor  #: us, when the CPU turned to the next job
    phase: Tensor  #: int8, of the offloaded part
    next: Tensor  #: us, next transmission; infinite: none
    quiet: Tensor  #: us, until when the transmitter senses the channel busy
    ready: Tensor  #: us, when the frames of this phase are at the transmitter
    slots: Tensor  #: backoff that is left
    end: Tensor  #: us, of the frame on the air; infinite: none
    random: Tensor  #: int64, state of the task's own generator
    changing: Tensor  #: [B, N, L, CHANGING]

    @staticmethod
    def empty(shape: tuple[int, int, int], device: torch.device) -> Tasks:
        """No task anywhere; ``shape`` is [B, N, L]."""
        made = {
            f.name: torch.zeros(shape, dtype=_KINDS.get(f.name, torch.float32), device=device)
            for f in fields(Tasks)
            if f.name != "changing"
        }
        return Tasks(**made, changing=torch.zeros(*shape, CHANGING, device=device))

    def shift(self, tick_us: float) -> None:
        """Begins the next tick: makes all times relative to it."""
        for name in _TIMES:
            getattr(self, name).sub_(tick_us)
        if self.open.shape[2] > 1:  # otherwise no task outlasts its tick
            for column in _RECORDED_TIMES:
                self.changing[..., column].sub_(tick_us)
