# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The tasks of all devices, and how those under way are laid out as rows of channels for ``contention``.

A device has L slots, enough for all tasks that its deadlines let be under way at once; J = N L. Times are microseconds from
the beginning of the tick.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

import torch
from torch import Tensor

from ns3marl.scenarios.aiot_mec.twin import contention as mac
from ns3marl.scenarios.aiot_mec.twin import kernel, radio
from ns3marl.scenarios.aiot_mec.twin.calibration import Calibration
from ns3marl.scenarios.aiot_mec.twin.contention import Channels, Columns
from ns3marl.scenarios.aiot_mec.twin.queueing import ServerQueues
from ns3marl.scenarios.aiot_mec.twin.settings import Settings

INF = math.inf
_MOVING = ("phase", "next", "quiet", "ready", "slots", "end", "random")


@dataclass
class Tasks:
    """[B, N, L] each; what belongs to an empty slot means nothing."""

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
    cpu_end: Tensor  #: if it were never taken out
    cpu_stop: Tensor  #: when the CPU turned to the next job
    phase: Tensor  #: int8, of the offloaded part
    next: Tensor
    quiet: Tensor
    ready: Tensor
    slots: Tensor
    end: Tensor
    random: Tensor  #: int64
    changing: Tensor  #: [B, N, L, mac.CHANGING]

    @staticmethod
    def empty(shape: tuple[int, int, int], device: torch.device) -> Tasks:
        """No task anywhere."""
        kinds = {"open": torch.bool, "local": torch.bool, "offloaded": torch.bool, "premium": torch.bool}
        kinds |= {"server": torch.int64, "random": torch.int64, "phase": torch.int8}
        made = {
            f.name: torch.zeros(shape, dtype=kinds.get(f.name, torch.float32), device=device)
            for f in fields(Tasks)
            if f.name != "changing"
        }
        return Tasks(**made, changing=torch.zeros(*shape, mac.CHANGING, device=device))

    def shift(self, tick: float) -> None:
        """The next tick begins: all times are counted from there."""
        for time in (
            self.arrival,
            self.expiry,
            self.cpu_start,
            self.cpu_end,
            self.cpu_stop,
            self.next,
            self.quiet,
            self.ready,
            self.end,
        ):
            time.sub_(tick)
        if self.open.shape[2] > 1:  # otherwise no task outlasts its tick
            for column in (
                mac.START,
                mac.FROM,
                mac.UNTIL,
                mac.UPLINK_END,
                mac.COMPUTE_START,
                mac.COMPUTE_END,
                mac.RESULT,
            ):
                self.changing[..., column].sub_(tick)


class Windows:
    """Block-ack windows of all links (device, server, channel): which one has to be moved by a request before data goes on.

    That is so when a task ended with fragments that were transmitted and not acknowledged.
    """

    def __init__(self, envs: int, settings: Settings, device: torch.device) -> None:
        self._shape = (settings.servers, settings.channels)
        size = envs * settings.devices * settings.servers * settings.channels
        self._behind = torch.zeros(size, dtype=torch.bool, device=device)
        self._first = torch.arange(envs * settings.devices, device=device).view(envs, settings.devices)

    def links(self, server: Tensor, channel: Tensor) -> Tensor:
        """Numbers of links, [B, N]."""
        servers, channels = self._shape
        return (self._first * servers + server) * channels + channel

    def are_behind(self, links: Tensor) -> Tensor:
        """Which windows have to be moved, [B, N]."""
        return self._behind.index_select(0, links.view(-1)).view(links.shape)

    def note(self, links: Tensor, behind: Tensor, ended: Tensor) -> None:
        """Tasks on these links ``ended`` with windows that are ``behind``, [B, N] each."""
        on = links[ended]
        self._behind.index_copy_(0, on, behind[ended])


def begin_upload(
    tasks: Tasks, begins: Tensor, slot: int, jitter: Tensor, random: Tensor, behind: Tensor
) -> None:
    """Offloaded parts of this tick's tasks, in ``slot`` of the devices ``begins`` [B, N], go to the radio after their jitter.

    Where the link's window is ``behind``, a block-ack request goes first.
    """
    depth = tasks.open.shape[2]
    device = begins.view(-1).nonzero().squeeze(1)
    record = torch.zeros(len(device), mac.CHANGING, device=begins.device)
    size = tasks.size_bytes[..., slot].reshape(-1).index_select(0, device)
    record[:, mac.LEFT] = radio.fragments(size)
    record[:, mac.UPLINK_END :] = INF
    record[:, mac.ASKS] = behind.view(-1).index_select(0, device)
    tasks.changing.view(-1, mac.CHANGING).index_copy_(0, device * depth + slot, record)
    tasks.phase[..., slot] = begins.to(torch.int8) * mac.UPLINK
    tasks.ready[..., slot] = jitter
    # Stations begin at slot boundaries, which they count from the last frame that they heard.
    tasks.next[..., slot] = (jitter / radio.SLOT_US).ceil() * radio.SLOT_US
    tasks.quiet[..., slot] = -1000.0
    state = (random * 1664525 + 1013904223) & 0xFFFFFFFF
    tasks.random[..., slot] = state
    tasks.slots[..., slot] = ((state >> 8).float() * 2.0**-20).floor_()
    tasks.end[..., slot] = INF


@dataclass
class Traffic:
    """What was on the air in a tick."""

    device_us: Tensor  #: transmitted by each device, [B, N]
    amplifier_us_mw: Tensor  #: the same times emitted power, [B, N]
    heard: Tensor  #: air time of others' frames that entities can make out on each channel, [B * C, N + K]
    held: Tensor  #: when a broadcast may begin whose slot begins on a busy channel, [B, C, K]; 0: at once


def play(
    tasks: Tasks,
    tuned: Tensor,
    gain: Tensor,
    servers: ServerQueues,
    settings: Settings,
    calibration: Calibration,
) -> Traffic:
    """The channels and servers of one tick.

    Args:
        tasks: Changed in place.
        tuned: Channel of each device, [B, N].
        gain: SNR at 0 dBm between entities, [B, N + K, N + K] dB.
        servers: Changed in place.
        settings: The scenario.
        calibration: Free constants.
    """
    envs, devices, depth = tasks.open.shape
    total, channels = devices * depth, settings.channels
    where = gain.device
    going = tasks.open & (tasks.phase >= mac.UPLINK) & (tasks.phase <= mac.DOWNLINK)
    source = going.view(-1).nonzero().squeeze(1)
    b = source // total
    owner = source // depth
    device = owner - b * devices
    c = tuned.reshape(-1)[owner]
    fixed = _fixed(tasks, source, b, device, gain, settings, calibration)
    library = kernel.load(where)
    if library is not None:
        entities, of = gain.shape[-1], library.pointer
        first = torch.searchsorted(b, torch.arange(envs + 1, device=where))
        held = torch.zeros(envs, channels, settings.servers, device=where)
        heard = torch.zeros(envs * channels, entities, device=where)
        air, server_air = torch.empty(2, len(source), device=where).unbind(0)
        room, arrivals = library.room(len(source)), torch.empty_like(servers.free)
        arrays = [first, source, c, fixed, tasks.changing, tasks.phase, tasks.next, tasks.quiet, tasks.ready]
        arrays += [tasks.slots, tasks.end, tasks.random, gain, servers.rate, servers.free, held, heard]
        arrays += [air, server_air, room, arrivals]
        run = kernel.Run(
            envs,
            entities,
            channels,
            settings.servers,
            *(of(array) for array in arrays),
            settings.tick,
            kernel.constants(calibration, settings),
        )
        library.run_channels(run)
    else:
        before = tasks.changing.view(envs * total, -1)[source]
        after = before.clone()
        now = {name: getattr(tasks, name).view(-1)[source] for name in _MOVING}
        held = _run_rows(now, after, fixed, b * channels + c, gain, servers, settings, calibration)
        heard = _audible(before, after, fixed, b, c, gain, settings, calibration)
        for name, values in now.items():
            getattr(tasks, name).view(-1)[source] = values
        tasks.changing.view(envs * total, -1)[source] = after
        air = after[:, mac.DEVICE_AIR] - before[:, mac.DEVICE_AIR]

    def by_device(values: Tensor) -> Tensor:
        every = torch.zeros(envs * total, device=where).index_copy_(0, source, values)
        return every.view(envs, devices, depth).sum(2)

    return Traffic(
        by_device(air),
        by_device(air * torch.pow(10.0, fixed[:, mac.POWER] / 10)),
        heard,
        held,
    )


def _run_rows(
    now: dict[str, Tensor],
    changing: Tensor,
    fixed: Tensor,
    row: Tensor,
    gain: Tensor,
    servers: ServerQueues,
    settings: Settings,
    calibration: Calibration,
) -> Tensor:
    """Lays tasks [n] out as rows of channels, runs them, and writes back; when broadcasts may begin, see ``Traffic``."""
    envs, where = gain.shape[0], gain.device
    rows = envs * settings.channels
    order = row.argsort(stable=True)
    sizes = torch.bincount(row, minlength=rows)
    width = max(1, int(sizes.max()))
    first = (sizes.cumsum(0) - sizes)[row[order]]
    place = torch.empty_like(row)
    place[order] = row[order] * width + torch.arange(len(row), device=where) - first

    def spread(values: Tensor, empty: float) -> Tensor:
        out = torch.full((rows * width, *values.shape[1:]), empty, dtype=values.dtype, device=where)
        out[place] = values
        return out

    up = now["phase"] == mac.UPLINK
    device, server = fixed[:, mac.DEVICE].long(), settings.devices + fixed[:, mac.SERVER].long()
    columns = Columns(
        spread(fixed, 0.0),
        spread(changing, 0.0),
        spread(now["phase"], 0).view(rows, width),
        spread(now["next"], INF).view(rows, width),
        spread(now["quiet"], 0.0).view(rows, width),
        spread(now["ready"], INF).view(rows, width),
        spread(now["slots"], 0.0).view(rows, width),
        spread(now["end"], INF).view(rows, width),
        spread(torch.where(up, device, server), 0).view(rows, width),
        spread(torch.where(up, server, device), 0).view(rows, width),
        spread(torch.where(up, fixed[:, mac.POWER], radio.MAX_POWER_DBM), 0.0).view(rows, width),
        spread(now["random"], 0),
    )
    several = settings.task_slots > 1
    play = Channels(columns, gain, settings.channels, servers, calibration, several)
    play.run(settings.tick)
    changing.copy_(columns.changing[place])
    for name, values in now.items():
        values.copy_(getattr(columns, name).view(-1)[place])
    return play.held.view(envs, settings.channels, -1)


def _audible(
    before: Tensor,
    after: Tensor,
    fixed: Tensor,
    b: Tensor,
    c: Tensor,
    gain: Tensor,
    settings: Settings,
    calibration: Calibration,
) -> Tensor:
    """Air time of others' frames that each entity can make out on each channel, [B C, N + K]."""
    entities = gain.shape[-1]
    places = gain.view(-1, entities)
    device = fixed[:, mac.DEVICE].long()
    station = settings.devices + fixed[:, mac.SERVER].long()
    air = after - before
    row = b * entities
    least = calibration.detection_db - fixed[:, mac.POWER]
    heard = (places[row + device] >= least[:, None]) * air[:, mac.DEVICE_AIR, None]
    heard[torch.arange(len(b), device=gain.device), device] = 0.0
    loud = places[row + station] >= calibration.detection_db - radio.MAX_POWER_DBM
    heard += loud * air[:, mac.SERVER_AIR, None]
    total = torch.zeros(gain.shape[0] * settings.channels, entities, device=gain.device)
    return total.index_add_(0, b * settings.channels + c, heard)


def _fixed(
    tasks: Tasks,
    source: Tensor,
    b: Tensor,
    device: Tensor,
    gain: Tensor,
    settings: Settings,
    calibration: Calibration,
) -> Tensor:
    """Records of the tasks ``source`` [n] that stay as they are: ``contention``'s columns, [n, FIXED]."""

    def pick(values: Tensor) -> Tensor:
        return values.reshape(-1)[source]

    entities = gain.shape[-1]
    server, power, size = pick(tasks.server), pick(tasks.power), pick(tasks.size_bytes)
    link = gain.reshape(-1)[(b * entities + device) * entities + settings.devices + server]
    up = link + power
    believed = pick(tasks.believed) - (radio.MAX_POWER_DBM - power)
    index = radio.mcs(believed)
    fragments = radio.fragments(size)
    bits = 8 * (size / fragments + radio.OVERHEAD_BYTES)
    rate = radio.data_bits_per_symbol(index)
    symbols = math.floor((radio.MAX_PPDU_US - radio.HE_PREAMBLE_US) / radio.HE_SYMBOL_US)
    limit = ((symbols * rate - 22) / bits).floor().clamp(1, radio.MAX_FRAGMENTS)
    return torch.stack(
        [
            device.float(),
            server.float(),
            power,
            pick(tasks.expiry),
            pick(tasks.deadline),
            pick(tasks.rank),
            pick(tasks.ratio) * pick(tasks.cycles),
            fragments,
            bits,
            rate,
            limit,
            radio.midpoint_db(index, calibration),
            radio.SIFS_US + radio.control_air_time(radio.BLOCK_ACK_BYTES, index),
            radio.control_air_time(radio.BLOCK_ACK_REQUEST_BYTES, index),
            up,
            link + radio.MAX_POWER_DBM,
        ],
        1,
    )
