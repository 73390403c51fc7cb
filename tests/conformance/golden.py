# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The golden frames: what each message of the wire looks like in bytes.

``*.bin`` beside this file hold the frames. The tests of both languages make the same messages from the values below (those of
C++ stand in ``ns3-scenarios/test/bridge/golden-test.cc``) and must arrive at these bytes. A new version of the wire writes them
anew: ``python tests/conformance/golden.py``.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np

from ns3marl.protocol import codec
from ns3marl.types import (
    Actions,
    ChoiceRows,
    Column,
    Condition,
    ContinuousHead,
    Describes,
    DiscreteHead,
    Feature,
    Group,
    Hello,
    Metric,
    Spec,
    StateBlock,
    Table,
)

FOLDER = Path(__file__).parent

HELLO = Hello("golden", "3.44", "release+log+assert", 4242, 2, 0)
SPEC = Spec(
    scenario="golden",
    tick_ns=100_000_000,
    ticks=1000,
    groups=(
        Group(
            "devices",
            ("device_0", "device_1"),
            (
                Feature("snr", "dB", -20.0, 60.0, False, "of the strongest server"),
                Feature("age", "tick", 0.0, 50.0, True, ""),
                Feature("server_0_wait_s", "s", 0.0, 1.0, describes=Describes(1, 0, "wait_s")),
                Feature("server_1_wait_s", "s", 0.0, 1.0, describes=Describes(1, 1, "wait_s")),
            ),
            (
                DiscreteHead("mode", ("local", "partial", "full"), 0, None, "where to compute"),
                DiscreteHead("server", ("server-0", "server-1"), 1, Condition(0, (1, 2)), ""),
            ),
            (ContinuousHead("power", "dBm", 0.0, 30.0, 20.5, Condition(0, (1, 2)), "of the radio"),),
        ),
        Group(
            "servers",
            ("server_0",),
            (Feature("queue", "task", 0.0, 1e3),),
            (),
            (ContinuousHead("speed", "Hz", 1e9, 3e10, 1e9),),
        ),
    ),
    state=(
        StateBlock("channels", ("channel-0", "channel-1"), (Feature("busy", "1", 0.0, 1.0),)),
        StateBlock("places", ("device_0", "device_1"), (Feature("x", "m", 0.0, 9.0),), agents_of=0),
        StateBlock(
            "load",
            ("server-1", "server-0"),
            (Feature("load", "1", 0.0, 1.0),),
            choices_of=(ChoiceRows(0, 1, (1, 0)),),
        ),
    ),
    metrics=(
        Metric("completion_ratio", "1", "tasks in time", True),
        Metric("latency_mean_s", "s", "", False),
    ),
    tables=(Table("tasks", (Column("device", "1", "int64"), Column("latency_s", "s", "float64"))),),
    idle_ticks=False,
    has_builtin=True,
    hash="dee003a6d07903ad",
)


def _arrays() -> bytes:
    record = np.zeros(1, SPEC.layout)
    record["metrics"] = [0.75, np.nan]
    record["observations_0"] = [[[1.5, 2.0, 0.5, 0.25], [-20.0, 50.0, 0.0, 1.0]]]
    record["observations_1"] = [[[7.0]]]
    record["state_0"] = [[[0.25], [1.0]]]
    record["state_1"] = [[[3.0], [4.5]]]
    record["state_2"] = [[[0.0], [0.5]]]
    record["rewards_0"] = [[-1.0, 0.5]]
    record["rewards_1"] = [[3.0]]
    record["present_0"] = [[True, True]]
    record["present_1"] = [[True]]
    record["active_0"] = [[True, False]]
    record["active_1"] = [[True]]
    record["masks_0"] = [[[True, True, True, False, True], [True, False, True, True, True]]]
    return record.tobytes()


OBSERVATION = codec.Observation(
    tick=17,
    sim_time_ns=1_700_000_000,
    terminated=False,
    truncated=True,
    arrays=_arrays(),
    tables={"tasks": {"device": np.array([1, 0]), "latency_s": np.array([0.0125, 0.5])}},
    saturated=3,
    build_wall_ns=58_000_000,
    tick_wall_ns=41_000,
    tick_cpu_ns=40_000,
)
FAULT = codec.Fault("SPEC_VIOLATION", 17, "agent 'device_1': the reward is nan; it must be finite")
#: Of an episode whose learner asked for the built-in policy, before its end.
WITH_BUILTIN = dataclasses.replace(
    OBSERVATION,
    truncated=False,
    builtin=(
        Actions(np.array([[[1, 0], [0, 1]]], np.int32), np.array([[[30.0], [20.5]]], np.float32)),
        Actions(np.zeros((1, 1, 0), np.int32), np.array([[[1e9]]], np.float32)),
    ),
)
ARGUMENTS = ("--devices=2", "--ns3::WifiMacQueue::MaxDelay=100ms")
ACTIONS = (
    Actions(np.array([[[2, 0], [0, 1]]], np.int32), np.array([[[12.25], [20.5]]], np.float32)),
    Actions(np.zeros((1, 1, 0), np.int32), np.array([[[2e10]]], np.float32)),
)


def frames() -> dict[str, bytes]:
    """Every message of the wire, encoded."""
    return {
        "hello": codec.encode_hello(HELLO),
        "spec": codec.encode_spec(SPEC),
        "ready": codec.encode_ready(codec.Ready(SPEC.hash, OBSERVATION)),
        "observation": codec.encode_observation(OBSERVATION),
        "observation-with-builtin": codec.encode_observation(WITH_BUILTIN),
        "fault": codec.encode_fault(FAULT),
        "describe": codec.encode_describe(ARGUMENTS),
        "begin": codec.encode_begin(ARGUMENTS, 12345, 678, builtin=True),
        "action": codec.encode_action(17, ACTIONS, 0),
        "end": codec.encode_end("enough"),
    }


if __name__ == "__main__":
    for name, frame in frames().items():
        (FOLDER / f"{name}.bin").write_bytes(frame)
