# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The planner in ns-3, beside a twin of the same world."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from ns3marl import policies
from ns3marl.fidelity.play import PolicyFunction, acting
from ns3marl.fidelity.record import in_ns3
from ns3marl.fidelity.worlds import draw
from ns3marl.scenarios.aiot_mec.exogenous import WORLDS, Exogenous
from ns3marl.scenarios.aiot_mec.planner import InStep, Planner, PlannerOptions
from ns3marl.scenarios.aiot_mec.twin.pool import FastPool
from ns3marl.scenarios.aiot_mec.twin.recorded import Recorded
from ns3marl.scenarios.aiot_mec.twin.settings import Settings
from ns3marl.types import Spec

ARGUMENTS = ("--preset=stress", "--devices=10", "--servers=3", "--ticks=12")
SEED, RUN = 7, 2


def test_it_plans_an_episode_of_ns3_in_step(scenario_path: Callable[[str], Path]) -> None:
    scenario = scenario_path("aiot-mec")
    world = draw(WORLDS, scenario, ARGUMENTS, SEED, RUN)
    assert isinstance(world, Exogenous)
    worlds = Recorded(Settings.parse(ARGUMENTS), {RUN: world, RUN + 1: world}, SEED)
    twin = FastPool(arguments=ARGUMENTS, num_envs=1, seed=SEED, first_run=RUN, world=worlds)
    rule = policies.make("load-aware", twin.spec)
    options = PlannerOptions(rounds=1, changes=8, futures=2, horizon=2)

    def make(spec: Spec) -> PolicyFunction:
        assert spec.groups == twin.spec.groups
        return acting(InStep(Planner(twin.sim, [rule], rule, options), twin), SEED)

    episode, _, _ = in_ns3(world, ARGUMENTS, make, scenario, SEED, RUN)
    np.testing.assert_array_equal(episode.active, world.arrives[: world.ticks])
    assert twin.timing.ticks == world.ticks
    assert episode.metrics["completion_ratio"] > 0.5
