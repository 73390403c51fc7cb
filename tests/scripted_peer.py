# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""A peer that plays a simulator over a real socket, and breaks the wire's rules as told."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import zmq

from ns3marl.protocol import codec
from ns3marl.types import ContinuousHead, DiscreteHead, Feature, Group, Hello, Metric, Spec

SPEC = Spec(
    "scripted",
    100_000_000,
    4,
    (
        Group(
            "agents",
            ("agent_0", "agent_1"),
            (Feature("load", "1", 0.0, 1.0), Feature("queue", "bit", 0.0, 8.0)),
            (DiscreteHead("mode", ("a", "b")),),
            (ContinuousHead("power", "dBm", 0.0, 30.0),),
        ),
    ),
    (),
    (Metric("ticks", "1"),),
    (),
    hash="0123456789abcdef",
)


def observation(tick: int) -> codec.Observation:
    """A right observation of SPEC."""
    record = np.zeros(1, SPEC.layout)
    record["observations_0"] = 0.5
    record["present_0"] = record["active_0"] = record["masks_0"] = True
    return codec.Observation(
        tick, tick * SPEC.tick_ns, False, tick == SPEC.ticks, record.tobytes(), {}, 0, 0, 0, 0
    )


def _broken(behaviour: str, tick: int) -> bytes:
    """The frame that breaks a rule at tick 1."""
    right = observation(tick)
    if behaviour == "garbage":
        return b"\xff\x00garbage"
    if behaviour == "empty":
        return b""
    if behaviour == "short":
        return codec.encode_observation(replace(right, arrays=right.arrays[:-8]))
    if behaviour in ("nan", "nan-reward"):
        record = np.frombuffer(bytearray(right.arrays), SPEC.layout)
        if behaviour == "nan":
            record["observations_0"][0, 1, 1] = np.nan
        else:
            record["rewards_0"][0, 1] = np.inf
        return codec.encode_observation(replace(right, arrays=record.tobytes()))
    if behaviour == "flag":
        arrays = bytearray(right.arrays)
        arrays[SPEC.flags_offset] = 7
        return codec.encode_observation(replace(right, arrays=bytes(arrays)))
    if behaviour == "skip":
        return codec.encode_observation(observation(tick + 1))
    if behaviour == "hello-again":
        return codec.encode_hello(Hello("scripted", "3.44", "test", os.getpid(), 2, 0))
    raise ValueError(behaviour)


def serve(arguments: Sequence[str], behaviour: str) -> None:
    """Plays one episode; misbehaves at Hello, at Describe or at tick 1."""
    options = dict(argument.removeprefix("--").split("=", 1) for argument in arguments)
    socket = zmq.Context().socket(zmq.DEALER)
    socket.setsockopt_string(zmq.IDENTITY, options["identity"])
    socket.connect(options["connect"])
    if behaviour == "mute":
        time.sleep(60)
    major = 1 if behaviour == "version" else 2
    socket.send(codec.encode_hello(Hello("scripted", "3.44", "test", os.getpid(), major, 0)))
    if socket.recv().startswith(b"\x0a"):  # Describe; the second process of an environment gets Begin at once
        socket.send(codec.encode_spec(SPEC))
        socket.recv()
    begun = observation(0)
    if behaviour == "clock":
        record = np.frombuffer(bytearray(begun.arrays), SPEC.layout)
        record["observations_0"] = time.time() % 1
        begun = replace(begun, arrays=record.tobytes())
    spec_hash = "fedcba9876543210" if behaviour == "hash" else SPEC.hash
    socket.send(codec.encode_ready(codec.Ready(spec_hash, begun)))
    for tick in range(1, SPEC.ticks + 1):
        socket.recv()
        if behaviour == "multipart" and tick == 1:
            socket.send_multipart([codec.encode_observation(observation(tick)), b"more", b"parts"])
        elif behaviour not in {"right", "multipart", "clock"} and tick == 1:
            socket.send(_broken(behaviour, tick))
            time.sleep(60)
        else:
            socket.send(codec.encode_observation(observation(tick)))
