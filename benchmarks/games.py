# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Every learner on cooperative games with a known optimum, with the same budget of ticks and several seeds.

Finished cells are kept as files under `benchmarks/results/games/`; a call runs what is missing and writes `benchmarks/games.md`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import cells

from ns3marl.algorithms import registry
from ns3marl.config import Config, load
from ns3marl.games import library
from ns3marl.games.cooperative import ChannelGame, TeamMatrixGame
from ns3marl.games.team import TeamPool
from ns3marl.launch.environments import Environments
from ns3marl.options import listed
from ns3marl.studies import page
from ns3marl.studies.cells import STOCHASTIC, Cell, Study

LEARNERS = ("imappo", "ippo", "ppo", "dqn", "a3c", "maddpg", "iql")
GAMES: dict[str, Callable[[], TeamMatrixGame | ChannelGame]] = {
    "climbing": lambda: TeamMatrixGame("climbing", library.CLIMBING),
    "penalty": lambda: TeamMatrixGame("penalty", library.penalty(-10)),
    "channels": lambda: ChannelGame([6.0, 8.0, 4.0], channels=2),
}
SEED, EPISODES, TICKS = 3001, 10, 20_000

# What departs from the options' defaults, for every learner with an option of that name. Games repeat the same tick.
ONCE = {"discount": 0.5}
ON_POLICY = {"rollout_ticks": 16, "actor_lr": 3e-3, "critic_lr": 3e-3, "target_kl": 0.03}
TUNED: dict[str, dict[str, float]] = {
    "imappo": {**ON_POLICY, "gae_lambda": 0.95, "epochs": 5},
    "ippo": ON_POLICY,
    "ppo": ON_POLICY,
    "dqn": {"replay_ticks": 1000, "ticks_per_step": 8, "target_steps": 50},
    "iql": {"replay_ticks": 1000, "ticks_per_step": 8, "target_steps": 50},
    "maddpg": {"ticks_per_step": 8},
}
HEAD = """\
# Games

Written by `make bench NAME=games` from the files in `results/games/`, one per policy, game and training seed.
"""


def every_cell(seeds: int) -> list[Cell]:
    """All of them, the first seed of everything first."""
    return [Cell(name, game, seed) for seed in range(1, seeds + 1) for game in GAMES for name in LEARNERS]


def configure(cell: Cell, ticks: int = TICKS) -> Config:
    """What a cell trains and evaluates."""
    wanted: dict[str, Any] = {**ONCE, **TUNED.get(cell.policy, {})}
    known = {option.name for option in listed(registry.find(cell.policy).Options)}
    settings = [
        f"evaluation.seed={SEED}",
        f"evaluation.episodes={EPISODES}",
        "evaluation.bootstrap=100",  # intervals are computed over all cells of a policy later
        f"evaluation.greedy={str(cell.policy not in STOCHASTIC).lower()}",
        "training.tensorboard=false",
        f"training.ticks={ticks}",
        "pool.num_envs=8",
        f"training.algorithm={cell.policy}",
        f"training.seed={cell.seed}",
        *(f"{cell.policy}.{name}={value}" for name, value in wanted.items() if name in known),
    ]
    return load(None, settings)


def open_game(setting: str, config: Config, seed: int, num_envs: int, first_run: int) -> Environments:
    """Copies of a game."""
    del config
    return TeamPool(GAMES[setting](), num_envs=num_envs, seed=seed, first_run=first_run, resumable=True)


def optimum(setting: str) -> float:
    """Of a game."""
    return float(GAMES[setting]().optimum()[0])


def budget(cell: Cell, ticks: int = TICKS) -> dict[str, int]:
    """Of a cell."""
    del cell
    return {"ticks": ticks, "episodes": EPISODES}


def study_of(ticks: int = TICKS) -> Study:
    """All cells train for so many ticks."""
    return Study(
        cells.results("games"),
        cells.WORK,
        partial(configure, ticks=ticks),
        partial(budget, ticks=ticks),
        make_pool=open_game,
        optimum=optimum,
    )


def main() -> None:
    """Runs what is missing and writes the page."""
    options = cells.parsed(__doc__, 3)
    every = every_cell(options.seeds)
    done = cells.run_chosen(every, study_of(), options)
    target, images = cells.ROOT / "benchmarks" / "games.md", cells.ROOT / "docs" / "images"
    print("\n".join(page.write(done, target, images, tuple(GAMES), LEARNERS, HEAD)))
    print(f"cells: {len(done)} of_{len(every)}")


if __name__ == "__main__":
    main()
