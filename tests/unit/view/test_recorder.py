# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import dataclasses

import numpy as np
from toy_game import ToyPool

from ns3marl.policies import Random
from ns3marl.rl.policy import action_generators
from ns3marl.types import Actions, Batch, Column, Table
from ns3marl.view import frames
from ns3marl.view.recorder import Recorder, description

TICKS = 12


def played() -> tuple[ToyPool, list[tuple[Batch, list[Actions] | None]]]:
    """An episode of the toy game: batches, and what was answered."""
    pool = ToyPool(num_envs=1, seed=3, ticks=TICKS)
    policy, batch = Random(pool.spec), pool.reset()
    steps: list[tuple[Batch, list[Actions] | None]] = []
    while not steps or batch.final[0] is None:
        joint = policy.act(batch, action_generators(batch))
        steps.append((batch, joint))
        batch = pool.step(joint)
    steps.append((batch, None))
    return pool, steps


def column(frame: frames.Frame, name: str, boundary: int) -> np.ndarray:
    """Values [A,F] of a boundary, decoded as the page does."""
    low, high = frame.arrays[f"{name}_low"].astype(float), frame.arrays[f"{name}_high"].astype(float)
    values = frame.arrays[f"{name}_values"]
    rows = values.shape[2]
    decoded, place = np.empty((rows, len(low))), 0
    for f in range(len(low)):
        decoded[:, f] = low[f]
        if high[f] > low[f]:
            decoded[:, f] += values[place, boundary] * (high[f] - low[f]) / 65535
            place += 1
    assert place == len(values)
    return decoded


def test_what_happened_can_be_read_back() -> None:
    pool, steps = played()
    recorder = Recorder(pool.spec)
    for batch, joint in steps:
        recorder.add(batch, 0, joint)
    assert len(recorder) == TICKS + 1
    frame = frames.unpack(recorder.frame())
    assert len(recorder) == 0
    assert frame.head == {"kind": "boundaries", "count": TICKS + 1}
    arrays, group = frame.arrays, pool.spec.groups[0]
    assert arrays["tick"].tolist() == list(range(TICKS + 1))
    assert arrays["acted"].tolist() == [1] * TICKS + [0]
    low, high = group.bounds
    masks = np.unpackbits(arrays["masks_0"], bitorder="little")[: (TICKS + 1) * 4 * 5].reshape(-1, 4, 5)
    active = np.unpackbits(arrays["active_0"], bitorder="little")[: (TICKS + 1) * 4].reshape(-1, 4)
    for i, (batch, joint) in enumerate(steps):
        final = batch.final[0]
        seen = batch.groups[0][0] if final is None else final.groups[0]
        state = batch.state[0][0] if final is None else final.state[0]
        error = np.abs(column(frame, "observations_0", i) - seen.observations)
        assert (error <= (high - low) / 65535).all()
        assert np.abs(column(frame, "state_0", i) - state).max() <= 10 / 65535
        np.testing.assert_array_equal(arrays["rewards_0"][i], batch.groups[0].rewards[0])
        np.testing.assert_array_equal(arrays["metrics"][i], batch.metrics[0])
        np.testing.assert_array_equal(masks[i], seen.masks)
        np.testing.assert_array_equal(active[i], seen.active)
        if joint is not None:
            np.testing.assert_array_equal(arrays["choices_0"][:, i], joint[0].discrete[0].T)
            assert np.abs(column(frame, "levels_0", i) - joint[0].continuous[0]).max() <= 30 / 65535


def test_later_changes_of_a_batch_are_not_recorded() -> None:
    pool, steps = played()
    recorder = Recorder(pool.spec)
    batch, joint = steps[0]
    recorder.add(batch, 0, joint)
    before = batch.groups[0].observations.copy()
    batch.groups[0].observations[:] = 0.25
    assert np.allclose(column(frames.unpack(recorder.frame()), "observations_0", 0), before[0], atol=1e-3)


def test_a_feature_that_does_not_change_costs_nothing() -> None:
    pool, steps = played()
    recorder = Recorder(pool.spec)
    for batch, joint in steps:
        batch.groups[0].observations[..., 1] = 0.5
        if batch.final[0] is not None:
            batch.final[0].groups[0].observations[..., 1] = 0.5
        recorder.add(batch, 0, joint)
    arrays = frames.unpack(recorder.frame()).arrays
    assert len(arrays["observations_0_values"]) == len(pool.spec.groups[0].features) - 1
    assert arrays["observations_0_low"][1] == arrays["observations_0_high"][1] == 0.5


def test_rows_of_tables_know_their_boundary() -> None:
    pool, steps = played()
    table = Table("packets", (Column("number", "1", "int64", ("no", "yes")), Column("time", "s", "float64")))
    spec = dataclasses.replace(pool.spec, tables=(table,))
    recorder = Recorder(spec)
    for i, (batch, joint) in enumerate(steps):
        rows = {"number": np.arange(i % 3), "time": np.full(i % 3, 0.5 * i)}
        batch.tables = [{"packets": rows}] if i % 2 else [{}]
        recorder.add(batch, 0, joint)
    arrays = frames.unpack(recorder.frame()).arrays
    assert arrays["table_0_boundary"].tolist() == [1, 5, 5, 7, 11, 11]
    assert arrays["table_0_0"].tolist() == [0, 0, 1, 0, 0, 1]
    assert arrays["table_0_1"].tolist() == [0.5, 2.5, 2.5, 3.5, 5.5, 5.5]


def test_whole_numbers_beyond_32_bits_are_kept() -> None:
    pool, steps = played()
    spec = dataclasses.replace(pool.spec, tables=(Table("t", (Column("big", "1", "int64"),)),))
    recorder = Recorder(spec)
    batch, joint = steps[0]
    batch.tables = [{"t": {"big": np.array([2**40 + 1])}}]
    recorder.add(batch, 0, joint)
    assert frames.unpack(recorder.frame()).arrays["table_0_0"].tolist() == [2**40 + 1]


def test_the_description_is_json_without_infinities() -> None:
    pool, _ = played()
    group = pool.spec.groups[0]
    features = (dataclasses.replace(group.features[0], high=float("inf")), *group.features[1:])
    spec = dataclasses.replace(pool.spec, groups=(dataclasses.replace(group, features=features),))
    head = frames.unpack(description(spec, None, policy="p", seed=1, run=2, simulator="toy")).head
    assert head["spec"]["groups"][0]["features"][0]["high"] is None
    assert head["map"] is None
    assert head["more"] == {"simulator": "toy"}
