# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Evaluations of the planner in ns-3, with a twin of each episode."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ns3marl import home as homes
from ns3marl import policies
from ns3marl.config import Config
from ns3marl.evaluation import comparison, evaluate
from ns3marl.evaluation.comparison import Entry
from ns3marl.fidelity.worlds import draw
from ns3marl.launch.environments import evaluated, open_pool
from ns3marl.manifest import manifest
from ns3marl.progress import Report
from ns3marl.rl.policy import Policy
from ns3marl.scenarios.aiot_mec.exogenous import WORLDS, Exogenous
from ns3marl.scenarios.aiot_mec.planner import InStep, Planner, PlannerOptions
from ns3marl.scenarios.aiot_mec.twin.pool import FastPool
from ns3marl.scenarios.aiot_mec.twin.recorded import Recorded
from ns3marl.scenarios.aiot_mec.twin.settings import Settings
from ns3marl.studies.cells import Content
from ns3marl.types import Actions, Batch

#: Rules whose proposals the planner begins with; the first one plays behind the present tick.
STARTS = ("load-aware", "coordinated-power")
NAME = "planner"


def planner(twin: FastPool, options: PlannerOptions, starts: Sequence[str] = STARTS) -> Planner:
    """The planner in a twin; see ``Planner``. The first of its rules also acts after the current tick."""
    made = [policies.make(name, twin.spec) for name in starts]
    return Planner(twin.sim, made, policies.make(starts[0], twin.spec), options)


class Planning:
    """The planner for one environment, with a new twin for each episode.

    Args:
        arguments: Arguments of the scenario.
        starts: See ``STARTS``.
    """

    def __init__(self, arguments: Sequence[str], starts: Sequence[str] = STARTS) -> None:
        self.arguments, self.starts = arguments, starts
        self.policy: Policy | None = None

    def act(self, batch: Batch, rngs: Sequence[np.random.Generator]) -> list[Actions]:
        """See ``Policy.act``."""
        if self.policy is None or batch.tick[0] == 0:
            seed, run = int(batch.seed[0]), int(batch.run[0])
            world = draw(WORLDS, "aiot-mec", self.arguments, seed, run)
            assert isinstance(world, Exogenous)
            recorded = Recorded(Settings.parse(self.arguments), {run: world, run + 1: world}, seed)
            twin = FastPool(arguments=self.arguments, num_envs=1, seed=seed, first_run=run, world=recorded)
            self.policy = InStep(planner(twin, PlannerOptions(), self.starts), twin)
        return self.policy.act(batch, rngs)


def judge(report: Report, config: Config, folder: Path, starts: Sequence[str] = STARTS) -> Content:
    """Evaluates the planner and returns the content of ``results.json``.

    Args:
        report: Gets the progress.
        config: Scenario and evaluation.
        folder: Where to write.
        starts: See ``STARTS``.
    """
    config = evaluated(config)
    with open_pool(config, config.evaluation.seed, 1, 1) as pool:
        entry = Entry(NAME, [NAME], central=True)
        policy = Planning(config.scenario.arguments, starts)
        entry.results.append(evaluate.play(policy, NAME, pool, config, report))
        provenance = manifest(config, pool.spec, pool.hello)
        home = homes.find(config.scenario.name)
        path = comparison.write(folder / "evaluation", config, pool.spec, [entry], provenance, {}, home, [])
    content: Content = json.loads(path.read_text())
    return content
