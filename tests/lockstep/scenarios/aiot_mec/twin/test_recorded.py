# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The twin in a world that ns-3 wrote: what does not depend on the channel is the same, what does is close."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ns3marl import policies
from ns3marl.env.pool import Pool
from ns3marl.launch.environments import Environments
from ns3marl.rl.policy import action_generators
from ns3marl.scenarios.aiot_mec import exogenous
from ns3marl.scenarios.aiot_mec.twin.pool import FastPool
from ns3marl.scenarios.aiot_mec.twin.recorded import Recorded
from ns3marl.scenarios.aiot_mec.twin.settings import Settings
from ns3marl.types import Batch, Float64

ARGUMENTS = ("--devices=16", "--servers=4", "--channels=2", "--ticks=60")
SEED = 7


def play(pool: Environments, policy: str) -> tuple[list[Batch], dict[str, Float64]]:
    """All observations of the first episode, and its metrics."""
    acting = policies.make(policy, pool.spec)
    batches = [pool.reset()]
    while batches[-1].final[0] is None:
        batches.append(pool.step(acting.act(batches[-1], action_generators(batches[-1]))))
    metrics = batches[-1].final[0].metrics
    return batches[:-1], {metric.name: metrics[m] for m, metric in enumerate(pool.spec.metrics)}


Both = Callable[..., tuple[tuple[list[Batch], dict[str, Float64]], tuple[list[Batch], dict[str, Float64]]]]


@pytest.fixture
def both(scenario_path: Callable[[str], Path], tmp_path: Path) -> Both:
    """Plays a policy in ns-3, then in the twin in the world that ns-3 wrote."""

    def run(
        policy: str, *more: str
    ) -> tuple[tuple[list[Batch], dict[str, Float64]], tuple[list[Batch], dict[str, Float64]]]:
        arguments = (*ARGUMENTS, *more)
        out = (*arguments, f"--exogenousOut={tmp_path / 'world'}")
        with Pool(scenario_path("aiot-mec"), arguments=out, seed=SEED, spares=0) as pool:
            theirs = play(pool, policy)
        folders = {int(path.name.rpartition("run")[2]): path for path in tmp_path.glob("world-*")}
        worlds = {number: exogenous.load(path) for number, path in folders.items() if number <= 2}
        world = Recorded(Settings.parse(arguments), worlds)
        return theirs, play(FastPool(arguments=arguments, num_envs=1, seed=SEED, world=world), policy)

    return run


def test_tasks_places_and_links_are_ns3s_and_so_is_what_local_tasks_achieve(both: Both) -> None:
    (theirs, expected), (ours, got) = both("local-only")
    for a, b in zip(theirs, ours, strict=True):
        one, other = a.groups[0].observations, b.groups[0].observations
        np.testing.assert_array_equal(a.groups[0].active, b.groups[0].active)
        np.testing.assert_allclose(one[..., :20], other[..., :20], rtol=2e-5, atol=1e-5)
        np.testing.assert_allclose(a.state[0][..., :4], b.state[0][..., :4], atol=2e-3)
        np.testing.assert_allclose(a.groups[0].rewards, b.groups[0].rewards, rtol=1e-4)
        np.testing.assert_array_equal(a.groups[0].masks, b.groups[0].masks)
    for name in (
        "completion_ratio",
        "latency_mean_s",
        "aoi_mean_ticks",
        "peak_aoi_ticks",
        "reward_mean",
        "jain_devices",
    ):
        assert got[name] == pytest.approx(expected[name], rel=1e-4), name
    assert got["energy_compute_j"] == pytest.approx(expected["energy_compute_j"], rel=1e-4)


@pytest.mark.parametrize("paid", ["team", "agent"])
def test_latency_is_worth_the_same(both: Both, paid: str) -> None:
    weights = ("--preset=balanced", "--rewardLatency=0.5", f"--reward={paid}")
    (theirs, expected), (ours, got) = both("local-only", *weights)
    assert 0 < expected["reward_latency_term"] < expected["reward_completion_term"]
    assert got["reward_latency_term"] == pytest.approx(expected["reward_latency_term"], rel=1e-4)
    for a, b in zip(theirs, ours, strict=True):
        np.testing.assert_allclose(a.groups[0].rewards, b.groups[0].rewards, rtol=1e-4, atol=1e-3)


def test_servers_work_is_worth_about_the_same(both: Both) -> None:
    (_, expected), (_, got) = both("best-snr", "--rewardLatency=0.2", "--rewardUtilisation=0.2")
    assert got["reward_latency_term"] == pytest.approx(expected["reward_latency_term"], abs=0.06)
    for name in ("reward_utilisation_term", "reward_mean"):
        assert got[name] == pytest.approx(expected[name], rel=0.1), name


@pytest.mark.parametrize("policy", ["random", "random-offload", "best-snr"])
def test_offloading_is_close_to_packets(both: Both, policy: str) -> None:
    (_, expected), (_, got) = both(policy)
    # Backoffs and frame errors are others than ns-3's: one episode of 290 tasks, so three tolerances of the alignment.
    assert got["completion_ratio"] == pytest.approx(expected["completion_ratio"], abs=0.06)
    for name in ("latency_mean_s", "energy_efficiency_tasks_per_j", "aoi_mean_ticks"):
        assert got[name] == pytest.approx(expected[name], rel=0.15), name
