# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""How the learners in `regimes.py` were tuned: as many candidates for each, on RngSeed 9001, which no evaluation uses.

A candidate is trained on the twin in `stress` with 50 devices and 9 servers, and judged there by drawn and by likeliest actions. The best of
them, and its better way of acting, is what the regimes train. IMAPPO, IPPO and PPO have three training seeds each: with likeliest actions those of one candidate of PPO differ by up to
20 points. Options of rules were found by random search on the same seed
and are kept in `benchmarks/results/rules/` (`make bench NAME=rules ARGS="--keep --settings mixed_50_9"`).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from typing import Any

import cells
import numpy as np

from ns3marl.config import Config, load
from ns3marl.studies.cells import REWARD, STOCHASTIC, Cell, Study, finished, likeliest

#: Of training.
SEEDS = (101, 102, 103)
#: Learners with all training seeds. The others have the first.
THRICE = ("imappo", "ippo", "ppo")
#: The twin on which candidates were compared: that of these is today's, the other is that before docs/decisions/0020. In this regime rules
#: and IMAPPO completed within 2 points of ns-3 there, too.
TWIN, OLDER_TWIN = 4, 3
SEED, EPISODES, TICKS = 9001, 8, 20_000
ARGUMENTS = ("--preset=stress", "--devices=50", "--servers=9", "--ticks=100", "--reward=agent")

# Many environments and short rollouts, as in the configuration `twin`.
_ROLLOUTS: dict[str, Any] = {"rollout_ticks": 25, "epochs": 4, "entropy_discrete": 0.003}
_SHORT = {**_ROLLOUTS, "discount": 0.5, "gae_lambda": 0.5}
_LONG = {**_ROLLOUTS, "discount": 0.9, "gae_lambda": 0.8}
_SLOWER = {**_LONG, "schedule": "linear"}
_THOROUGH = {**_SLOWER, "epochs": 8}
# Updates that take more of their steps before they stop: docs/experiments.md#in-the-regimes.
_FURTHER = {"target_kl": 0.06}

#: Options that differ from the defaults, as many candidates for each learner.
CANDIDATES: dict[str, Sequence[dict[str, Any]]] = {
    "imappo": [
        {**chosen, "heads": "sequential", "credit": "split", "shifts": 0.05}
        for chosen in (_LONG, _THOROUGH, {**_THOROUGH, **_FURTHER})
    ],
    "ippo": [
        {**chosen, "heads": "sequential", "reward": "agent"}
        for chosen in (_LONG, _THOROUGH, {**_THOROUGH, **_FURTHER})
    ],
    "ppo": [_SHORT, {**_SHORT, **_FURTHER}, {**_THOROUGH, **_FURTHER}],
    "maddpg": [{}, {"discount": 0.5}, {"batch_agents": 3200}],
    "iql": [{}, {"reward": "agent"}, {"reward": "agent", "discount": 0.5}],
    "dqn": [{}, {"discount": 0.5}, {"epsilon": 0.01}],
    "a3c": [{}, {"discount": 0.5}, {"heads": "sequential"}],
}


def configure(cell: Cell) -> Config:
    """What a candidate trains and how it is judged."""
    options = CANDIDATES[cell.policy][int(cell.setting.rpartition("-")[2])]
    settings = [
        "scenario.name=aiot-mec",
        f"scenario.arguments={json.dumps(ARGUMENTS)}",
        "scenario.backend=fastsim",
        "evaluation.backend=fastsim",
        f"evaluation.seed={SEED}",
        f"evaluation.episodes={EPISODES}",
        f"evaluation.greedy={str(cell.policy not in STOCHASTIC).lower()}",
        "training.tensorboard=false",
        "pool.num_envs=16",
        f"training.algorithm={cell.policy}",
        f"training.seed={cell.seed}",
        f"training.ticks={TICKS}",
        *(f"{cell.policy}.{name}={value}" for name, value in options.items()),
    ]
    return load(None, settings)


def budget(cell: Cell) -> dict[str, Any]:
    """Of a candidate."""
    twin = TWIN if cell.policy in THRICE else OLDER_TWIN
    return {"ticks": TICKS, "episodes": EPISODES, "twin": twin}


STUDY = Study(cells.results("regimes-tuning"), cells.WORK, configure, budget, version=TWIN)


def cells_of(policy: str, k: int) -> list[Cell]:
    """Of a learner's candidate: one for each training seed."""
    return [Cell(policy, f"candidate-{k}", seed) for seed in (SEEDS if policy in THRICE else SEEDS[:1])]


def every_cell() -> list[Cell]:
    """All candidates."""
    return [
        cell
        for name, candidates in CANDIDATES.items()
        for k in range(len(candidates))
        for cell in cells_of(name, k)
    ]


def rewards(policy: str, k: int) -> dict[str, float]:
    """Of a learner's finished candidate, by way of acting: means over training seeds and episodes.

    Raises:
        SystemExit: It is not finished.
    """
    contents = []
    for cell in cells_of(policy, k):
        content = finished(cell, STUDY)
        if content is None:
            raise SystemExit(f"{cell.name} is missing; run: make bench NAME=regimes_tuned")
        contents.append(content)
    ways = (
        {"drawn": REWARD, "likeliest": likeliest(REWARD)} if policy in STOCHASTIC else {"likeliest": REWARD}
    )
    return {
        way: float(np.mean([content["values"][metric] for content in contents]))
        for way, metric in ways.items()
    }


@cache
def chosen(policy: str) -> tuple[dict[str, Any], str]:
    """The options of the best candidate of a learner, and how it acts: ``drawn`` or ``likeliest``."""
    found = [
        (reward, k, way)
        for k, _ in enumerate(CANDIDATES[policy])
        for way, reward in rewards(policy, k).items()
    ]
    _, k, way = max(found)
    return CANDIDATES[policy][k], way


def main() -> None:
    """Runs what is missing and prints what every candidate earns."""
    cells.run_chosen(every_cell(), STUDY, cells.parsed(__doc__))
    print(f"aiot-mec {' '.join(ARGUMENTS)}, twin, {TICKS} ticks, {EPISODES} episodes of RngSeed {SEED}")
    for policy, candidates in CANDIDATES.items():
        for k, options in enumerate(candidates):
            earned = (f"{way} {reward:.2f}" for way, reward in rewards(policy, k).items())
            print(f"{policy:8s}", *earned, options)
    for policy, candidates in CANDIDATES.items():
        options, way = chosen(policy)
        best = rewards(policy, list(candidates).index(options))[way]
        print(f"{policy}_tuning_reward: {best:.2f} {way}")


if __name__ == "__main__":
    main()
