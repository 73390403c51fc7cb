# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Simple policies on the packet-level scenario they are made for."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ns3marl import policies
from ns3marl.env.pool import Pool
from ns3marl.rl.policy import action_generators
from ns3marl.scenarios.aiot_mec import HOME
from ns3marl.scenarios.aiot_mec.twin.pool import FastPool

ARGUMENTS = ["--devices=10", "--servers=3", "--ticks=60"]


def final_metrics(executable: Path, name: str) -> dict[str, float]:
    """Metrics of one episode with RngSeed 5 and RngRun 1."""
    with Pool(executable, arguments=ARGUMENTS, seed=5, spares=0) as pool:
        policy = policies.make(name, pool.spec)
        batch = pool.reset()
        while (final := batch.final[0]) is None:
            batch = pool.step(policy.act(batch, action_generators(batch)))
        assert (final.seed, final.run) == (5, 1)
        return dict(zip((m.name for m in pool.spec.metrics), final.metrics.tolist(), strict=True))


@pytest.fixture(scope="module")
def executable(scenario_path: Callable[[str], Path]) -> Path:
    return scenario_path("aiot-mec")


def test_best_snr_equals_the_scenario_s_own(executable: Path) -> None:
    command = [str(executable), "--standalone", "--seed=5", "--run=1", *ARGUMENTS]
    alone = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)["metrics"]
    in_lockstep = final_metrics(executable, "best-snr")
    assert in_lockstep.keys() == alone.keys()
    for name, value in alone.items():
        np.testing.assert_equal(in_lockstep[name], np.nan if value is None else value, err_msg=name)


def test_policies_rank_as_they_should(executable: Path) -> None:
    completion = {
        name: final_metrics(executable, name)["completion_ratio"] for name in ("random", *HOME.policies)
    }
    assert completion["local-only"] < 0.2
    assert (
        completion["local-only"]
        < completion["random"]
        < completion["random-offload"]
        < completion["best-snr"]
    )
    assert completion["coordinated-greedy"] > 0.95


def test_devices_observe_what_their_radio_hears(executable: Path) -> None:
    arguments = ["--preset=stress", "--devices=12", "--servers=3", "--ticks=30", "--area=700"]
    with Pool(executable, arguments=arguments, seed=5, spares=0) as pool:
        (group,) = pool.spec.groups
        names = [feature.name for feature in group.features]
        policy = policies.make("random-offload", pool.spec)
        batch, ages, channels = pool.reset(), set(), set()
        for _ in range(30):
            seen = dict(zip(names, batch.groups[0].observations[0].T, strict=True))
            state = [feature.name for feature in pool.spec.state[0].features]
            tuned = batch.state[0][0, :, state.index("tuned_channel")].astype(int)
            is_tuned = np.stack([seen[f"channel_{c}_is_tuned"] for c in range(8)], -1)
            np.testing.assert_array_equal(is_tuned, np.eye(8)[tuned])
            heard = np.min([seen[f"server_{k}_age_ticks"] for k in range(3)], 0)
            np.testing.assert_array_equal(seen["status_age_ticks"], heard)
            ages |= set(heard.tolist())
            channels |= set(tuned.tolist())
            batch = pool.step(policy.act(batch, action_generators(batch)))
    assert len(ages) > 1
    assert channels == {0, 1, 2, 3}


@pytest.mark.parametrize(("offloading", "forbidden"), [("binary", 1), ("partial", 2)])
def test_modes_that_are_not_allowed_are_masked_and_rules_keep_to_the_others(
    executable: Path, offloading: str, forbidden: int
) -> None:
    arguments = ["--preset=mixed", "--devices=10", "--servers=3", "--ticks=15", f"--offloading={offloading}"]
    for open_one in (
        lambda: Pool(executable, arguments=arguments, seed=5, spares=0),
        lambda: FastPool(arguments=arguments, seed=5, num_envs=1),
    ):
        modes: set[int] = set()
        with open_one() as pool:
            for name in ("random", *HOME.policies):
                policy = policies.make(name, pool.spec)
                batch = pool.reset()
                for _ in range(15):
                    assert not batch.groups[0].masks[..., forbidden].any()
                    assert batch.groups[0].masks[..., [0, 3 - forbidden]].all()
                    (actions,) = policy.act(batch, action_generators(batch))
                    modes |= set(actions.discrete[batch.groups[0].active, 0].tolist())
                    batch = pool.step([actions])
        assert modes == {0, 1, 2} - {forbidden}


def test_the_built_in_policy_keeps_to_allowed_modes(executable: Path) -> None:
    computed = {}
    for offloading in ("any", "partial"):
        command = [str(executable), "--standalone", "--seed=5", *ARGUMENTS, f"--offloading={offloading}"]
        alone = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
        computed[offloading] = alone["metrics"]["energy_compute_j"]
    assert computed["any"] == 0
    assert computed["partial"] > 0  # the share of each task that stays
