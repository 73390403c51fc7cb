# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""How the cells of the published tables are run: trained on the twin, evaluated in ns-3 on held-out episodes."""

from __future__ import annotations

import dataclasses
import json
from functools import partial
from pathlib import Path
from typing import Any

from ns3marl.config import Config, load
from ns3marl.scenarios.aiot_mec import planning
from ns3marl.scenarios.aiot_mec.published import tables
from ns3marl.studies.cells import Cell, Study

SEED, TRAINING_TICKS, TRAINING_EPISODE = 4101, 60_000, 100
_QUICK_TICKS, _QUICK_EPISODES, _QUICK_EPISODE = 2000, 2, 50
TWIN = 4  # policies of another twin, or of other observations, count as missing; 4 since docs/decisions/0020


def configure(cell: Cell, quick: bool = False) -> Config:
    """Configuration of a cell in its setting, for training and evaluation."""
    setting = tables.settings()[cell.setting]
    ticks = _QUICK_EPISODE if quick else setting.ticks
    episodes = _QUICK_EPISODES if quick else setting.episodes
    settings = [
        "scenario.name=aiot-mec",
        f"scenario.arguments={json.dumps([*setting.arguments, f'--ticks={ticks}', '--reward=agent'])}",
        "evaluation.backend=ns3",
        f"evaluation.seed={SEED}",
        f"evaluation.episodes={episodes}",
        "evaluation.bootstrap=100",  # intervals are computed over all cells of a policy later
        "training.tensorboard=false",
        "pool.num_envs=1",
    ]
    if cell.seed:
        learner = tables.learners()[cell.policy]
        algorithm = learner["algorithm"]
        settings += [
            "scenario.backend=fastsim",
            "pool.num_envs=16",
            f"evaluation.greedy={str(learner['acts'] == 'likeliest').lower()}",
            f"training.algorithm={algorithm}",
            f"training.seed={cell.seed}",
            f"training.ticks={_QUICK_TICKS if quick else TRAINING_TICKS}",
            *(f"{algorithm}.{name}={value}" for name, value in learner["options"].items()),
        ]
    return load(None, settings)


def configure_training(cell: Cell, quick: bool = False) -> Config:
    """Configuration for training: as ``configure``, with shorter episodes, which contain more placements."""
    config = configure(cell, quick)
    shorter = f"--ticks={TRAINING_EPISODE}"
    words = [shorter if word.startswith("--ticks=") else word for word in config.scenario.arguments]
    scenario = dataclasses.replace(config.scenario, arguments=tuple(words))
    return dataclasses.replace(config, scenario=scenario)


def budget(cell: Cell, quick: bool = False) -> dict[str, Any]:
    """Of a cell."""
    if not cell.seed:
        return {"ticks": 0, "quick": quick}
    return {"ticks": _QUICK_TICKS if quick else TRAINING_TICKS, "quick": quick, "twin": TWIN}


def study(results: Path, work: Path, quick: bool = False) -> Study:
    """See ``Publication.study``."""
    return Study(
        results,
        work,
        partial(configure, quick=quick),
        partial(budget, quick=quick),
        train=partial(configure_training, quick=quick),
        special={planning.NAME: planning.judge},
        both_ways=False,
        version=TWIN,
    )
