# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Python's side of the golden frames; C++'s is golden-test.cc."""

from __future__ import annotations

from contextlib import suppress

import pytest
from conformance import golden

from ns3marl.errors import ProtocolError, VersionMismatch
from ns3marl.protocol import codec

FRAMES = golden.frames()
TO_LEARNER = ("hello", "spec", "ready", "observation", "observation-with-builtin", "fault")


@pytest.mark.parametrize("name", FRAMES)
def test_encodes_to_the_golden_bytes(name: str) -> None:
    assert FRAMES[name] == (golden.FOLDER / f"{name}.bin").read_bytes()


def test_no_golden_frame_is_left_over() -> None:
    assert {path.stem for path in golden.FOLDER.glob("*.bin")} == set(FRAMES)


@pytest.mark.parametrize(
    ("name", "value"), [("hello", golden.HELLO), ("spec", golden.SPEC), ("fault", golden.FAULT)]
)
def test_decodes_to_the_value(name: str, value: object) -> None:
    assert codec.decode((golden.FOLDER / f"{name}.bin").read_bytes()) == value


def test_observations_decode_to_their_arrays() -> None:
    message = codec.decode((golden.FOLDER / "ready.bin").read_bytes(), golden.SPEC)
    assert isinstance(message, codec.Ready)
    assert message.spec_hash == golden.SPEC.hash
    seen = message.observation
    assert (seen.tick, seen.truncated, seen.terminated, seen.saturated) == (17, True, False, 3)
    assert (seen.sim_time_ns, seen.build_wall_ns, seen.tick_wall_ns) == (1_700_000_000, 58_000_000, 41_000)
    assert {name: column.tolist() for name, column in seen.tables["tasks"].items()} == {
        "device": [1, 0],
        "latency_s": [0.0125, 0.5],
    }
    block = codec.Block(golden.SPEC, 2)
    block.fill([seen.arrays, seen.arrays])
    groups, state, metrics = block.groups, block.state, block.metrics
    assert groups[0].observations[1].tolist() == [[1.5, 2.0, 0.5, 0.25], [-20.0, 50.0, 0.0, 1.0]]
    assert groups[0].rewards[0].tolist() == [-1.0, 0.5]
    assert groups[0].present[1].tolist() == [True, True]
    assert groups[0].active[0].tolist() == [True, False]
    assert groups[0].masks[1, 1].tolist() == [True, False, True, True, True]
    assert groups[1].observations[0].tolist() == [[7.0]]
    assert groups[1].masks.shape == (2, 1, 0)
    assert state[0][0].tolist() == [[0.25], [1.0]]
    assert [rows[1].tolist() for rows in state[1:]] == [[[3.0], [4.5]], [[0.0], [0.5]]]
    assert metrics[0, 0] == 0.75


def test_observations_decode_to_the_built_in_policys_choices() -> None:
    frame = (golden.FOLDER / "observation-with-builtin.bin").read_bytes()
    seen = codec.decode(frame, golden.SPEC)
    assert isinstance(seen, codec.Observation)
    assert seen.builtin is not None
    assert [group.discrete.tolist() for group in seen.builtin] == [[[[1, 0], [0, 1]]], [[[]]]]
    assert [group.continuous.tolist() for group in seen.builtin] == [[[[30.0], [20.5]]], [[[1e9]]]]


def test_version_1_is_refused_with_both_versions_and_the_remedy() -> None:
    hello = (golden.FOLDER / "version-1" / "hello.bin").read_bytes()
    with pytest.raises(
        VersionMismatch, match=r"speaks protocol version 1, this learner speaks 2; use one release"
    ):
        codec.decode(hello)


@pytest.mark.parametrize("name", TO_LEARNER)
def test_every_truncation_is_a_typed_error_or_another_message(name: str) -> None:
    frame = (golden.FOLDER / f"{name}.bin").read_bytes()
    for length in range(0, len(frame), 7):
        with suppress(ProtocolError):
            assert type(codec.decode(frame[:length], golden.SPEC)).__module__.startswith("ns3marl")
