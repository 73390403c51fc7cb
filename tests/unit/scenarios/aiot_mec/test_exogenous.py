# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Exogenous worlds as files: what is written comes back, what does not fit is refused by name."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ns3marl.errors import ConfigError
from ns3marl.scenarios.aiot_mec import exogenous

N, K, T = 4, 3, 5


def make(**changes: Any) -> exogenous.Exogenous:
    """A world of standing devices, with what a test changes."""
    rng = np.random.default_rng(3)
    arrives = rng.random((T + 1, N)) < 0.5
    given: dict[str, Any] = {
        "placement_m": rng.uniform(0, 120, (N, 3)),
        "servers_m": rng.uniform(0, 120, (K, 3)),
        "device_hz": rng.uniform(0.8e9, 1.2e9, N),
        "server_hz": np.linspace(10e9, 30e9, K),
        "placement_shadowing_db": 6 * rng.standard_normal((N, K)),
        "fading_db": 10 * np.log10(rng.exponential(size=(T + 1, N, K))),
        "arrives": arrives,
        "size_bytes": np.where(arrives, rng.integers(8000, 30000, (T + 1, N)), 0).astype(np.int32),
        "density_cycles_per_bit": np.where(arrives, rng.uniform(500, 1500, (T + 1, N)), 0),
        "deadline_ns": np.where(arrives, rng.integers(20_000_000, 100_000_000, (T + 1, N)), 0),
        "premium": arrives & (rng.random((T + 1, N)) < 0.3),
        "jitter_ns": rng.integers(0, 4_000_000, (T + 1, N)),
    }
    return exogenous.Exogenous(**{**given, **changes})


def moving(**changes: Any) -> exogenous.Exogenous:
    """A world of devices that move, shadowed along their way."""
    rng = np.random.default_rng(4)
    given: dict[str, Any] = {
        "positions_m": rng.uniform(0, 120, (T + 1, N, 3)),
        "shadowing_db": 6 * rng.standard_normal((T + 1, N, K)),
        "mobility": "straight",
    }
    return make(**{**given, **changes})


LEGS = {
    "leg_device": np.array([0, 2, 2], dtype=np.int32),
    "leg_goal_m": np.full((3, 3), 7.0),
    "leg_speed_mps": np.array([0.5, 1.0, 1.5]),
}


@pytest.mark.parametrize(
    "world",
    [
        make(seed=7, run=9, tick_ns=25_000_000, channels=8, path_loss_exponent=2.5, reference_loss_db=40.05),
        moving(),
        moving(mobility="random-waypoint", motion=LEGS, pause_s=2.5),
    ],
    ids=["static", "straight", "random-waypoint"],
)
def test_what_is_written_comes_back(world: exogenous.Exogenous, tmp_path: Path) -> None:
    exogenous.save(world, tmp_path / "world")
    back = exogenous.load(tmp_path / "world")
    for item in dataclasses.fields(world):
        before, after = getattr(world, item.name), getattr(back, item.name)
        if item.name == "motion":
            assert before.keys() == after.keys()
            assert all((before[name] == after[name]).all() for name in before)
        elif isinstance(before, np.ndarray):
            np.testing.assert_array_equal(before, after, err_msg=item.name)
            assert before.dtype == after.dtype, item.name
        else:
            assert before == after, item.name


def test_derived_quantities() -> None:
    world = make(placement_shadowing_db=np.full((N, K), 2.0))
    assert (world.ticks, world.devices, world.servers) == (T, N, K)
    np.testing.assert_array_equal(world.cycles, 8.0 * world.size_bytes * world.density_cycles_per_bit)
    np.testing.assert_allclose(world.deadline_s, world.deadline_ns / 1e9)
    assert world.device_positions_m.shape == (T + 1, N, 3)
    distance = np.sqrt(((world.placement_m[1] - world.servers_m[2]) ** 2).sum())
    np.testing.assert_allclose(world.mean_loss_db[:, 1, 2], 46.68 + 30 * np.log10(distance) - 2)
    # below 1 m it stays what it is there
    world = make(servers_m=np.zeros((K, 3)), placement_m=np.full((N, 3), 0.1))
    np.testing.assert_allclose(world.mean_loss_db[0], 46.68 - world.placement_shadowing_db)


def test_the_loss_of_moving_devices_follows_them() -> None:
    world = moving()
    assert world.positions_m is not None
    assert world.shadowing_db is not None
    distance = np.linalg.norm(world.positions_m[3, 1] - world.servers_m[0])
    expected = 46.68 + 30 * np.log10(distance) - world.shadowing_db[3, 1, 0]
    np.testing.assert_allclose(world.mean_loss_db[3, 1, 0], expected)
    assert world.device_positions_m is world.positions_m


def test_episodes_have_folders_of_their_own() -> None:
    assert exogenous.episode_path("out/world", 5, 2) == Path("out/world-seed5-run2")
    assert exogenous.episode_path("out/world.v1", 5, 2) == Path("out/world-seed5-run2.v1")


NAN = np.full((T + 1, N, K), np.nan)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"device_hz": np.ones(N + 1)}, r"'device_hz' is <f8 \(5,\); expected <f8 \(4,\), axes \[devices\]"),
        ({"size_bytes": np.zeros((T + 1, N))}, "'size_bytes' is <f8 .*; expected <i4"),
        ({"deadline_ns": np.ones((T, N), np.int64)}, r"'deadline_ns' is <i8 \(5, 4\); expected <i8 \(6, 4\)"),
        ({"fading_db": NAN}, r"'fading_db' holds nan at \(0, 0, 0\); expected finite"),
        ({"fading_db": np.zeros((1, N, K))}, "at least one tick"),
        ({"server_hz": np.zeros(K)}, "'server_hz' holds 0.0; expected numbers above 0"),
        ({"jitter_ns": np.full((T + 1, N), -1)}, "'jitter_ns' holds -1; expected numbers at least 0"),
        ({"arrives": np.ones((T + 1, N), bool)}, "'size_bytes' holds 0; expected numbers at least 1"),
        ({"channels": 0}, "'channels' is 0; expected at least 1"),
        ({"mobility": "flying"}, "'mobility' is 'flying'; expected one of static, straight"),
        ({"mobility": "straight"}, "lacks positions_m, shadowing_db and has nothing too much"),
        ({"positions_m": np.zeros((T + 1, N, 3))}, "has positions_m too much"),
        ({"motion": LEGS}, "has leg_device, leg_goal_m, leg_speed_mps too much"),
    ],
)
def test_what_cannot_be_is_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        make(**changes)


def _spoil_header(folder: Path, **changes: Any) -> None:
    header = json.loads((folder / exogenous.FILE).read_text())
    (folder / exogenous.FILE).write_text(json.dumps({**header, **changes}))


def _cut_off(folder: Path) -> None:
    file = folder / "fading_db.npy"
    file.write_bytes(file.read_bytes()[:-8])


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda folder: (folder / exogenous.FILE).unlink(), "does not exist; expected the folder of a world"),
        (lambda folder: (folder / exogenous.FILE).write_text("{"), "cannot be read as JSON"),
        (lambda folder: (folder / exogenous.FILE).write_text("{}"), 'expected "format": "ns3marl-exogenous"'),
        (lambda folder: _spoil_header(folder, version=2), "has version 2, this ns3marl reads 1"),
        (lambda folder: _spoil_header(folder, seed="one"), "has 'one' for 'seed'; expected int"),
        (lambda folder: _spoil_header(folder, mobility="flying"), "has the mobility 'flying'"),
        (lambda folder: _spoil_header(folder, devices=9), "says devices = 9, but 'fading_db' has 4"),
        (lambda folder: (folder / "premium.npy").unlink(), "the quantity 'premium' is missing"),
        (_cut_off, "the quantity 'fading_db' cannot be read"),
        (
            lambda folder: np.save(folder / "premium.npy", np.array([None]), allow_pickle=True),
            "the quantity 'premium' cannot be read",
        ),
    ],
)
def test_spoilt_folders_are_refused(spoil: Any, words: str, tmp_path: Path) -> None:
    exogenous.save(make(), tmp_path)
    exogenous.load(tmp_path)
    spoil(tmp_path)
    with pytest.raises(ConfigError, match=words):
        exogenous.load(tmp_path)


def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="cannot be written"):
        exogenous.save(make(), tmp_path / "file" / "world")
