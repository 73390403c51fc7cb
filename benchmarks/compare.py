# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Every learner and every simple policy on `aiot-mec` in ns-3, and every learner on games with a known optimum.

The setting `large` is trained on the twin, where that takes minutes, and by those learners that differ in the critic alone.

A cell is one policy in one setting with one training seed: trained with the same budget of simulated ticks as all others, then
evaluated on the same held-out episodes: a stochastic policy as it was trained, by drawing its actions, and by its likeliest ones
beside that; a learner of values by what it values most. Finished cells are kept as files under `benchmarks/results/compare/`;
another call runs what is missing, goes on with what was stopped, and writes `benchmarks/compare.md` and its plots from the files.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import cells
import compare_page
from cells import STOCHASTIC, Cell, Study

from ns3marl.algorithms import registry
from ns3marl.config import Config, load
from ns3marl.games import library
from ns3marl.games.cooperative import ChannelGame, TeamMatrixGame
from ns3marl.games.team import TeamPool
from ns3marl.launch.environments import Environments, open_pool
from ns3marl.options import listed
from ns3marl.scenarios.aiot_mec import HOME

LEARNERS = ("imappo", "ippo", "ppo", "dqn", "a3c", "maddpg", "iql")
SIMPLE = ("random", *HOME.policies)
PRESETS = ("default", "stress", "balanced")
LARGE = (
    "large"  # 50 devices, 9 servers: trained on the twin as the configuration `twin` says, evaluated in ns-3
)
LARGE_LEARNERS = ("imappo", "ippo", "ppo")
GAMES: dict[str, Callable[[], TeamMatrixGame | ChannelGame]] = {
    "climbing": lambda: TeamMatrixGame("climbing", library.CLIMBING),
    "penalty": lambda: TeamMatrixGame("penalty", library.penalty(-10)),
    "channels": lambda: ChannelGame([6.0, 8.0, 4.0], channels=2),
}
EVALUATION_SEED = 3001

# What departs from the options' defaults, for every learner with an option of that name. Tasks resolve within a few ticks, so
# a short horizon suits all; games repeat the same tick.
PACKETS = {"discount": 0.9, "gae_lambda": 0.8}
ONCE = {"discount": 0.5}
ON_POLICY = {"rollout_ticks": 16, "actor_lr": 3e-3, "critic_lr": 3e-3, "target_kl": 0.03}
TUNED_FOR_GAMES: dict[str, dict[str, float]] = {
    "imappo": {**ON_POLICY, "gae_lambda": 0.95, "epochs": 5},
    "ippo": ON_POLICY,
    "ppo": ON_POLICY,
    "dqn": {"replay_ticks": 1000, "ticks_per_step": 8, "target_steps": 50},
    "iql": {"replay_ticks": 1000, "ticks_per_step": 8, "target_steps": 50},
    "maddpg": {"ticks_per_step": 8},
}
# What the configuration `twin` sets for IMAPPO goes for all.
TUNED_FOR_LARGE = (
    "rollout_ticks",
    "discount",
    "gae_lambda",
    "actor_lr",
    "critic_lr",
    "epochs",
    "target_kl",
    "entropy_discrete",
)


@dataclass(frozen=True)
class Budget:
    """The same for all policies of a setting."""

    ticks: int = 12_000
    game_ticks: int = 20_000
    large_ticks: int = 60_000
    episodes: int = 10

    def ticks_of(self, setting: str) -> int:
        """Of training, in a setting."""
        return {LARGE: self.large_ticks, **dict.fromkeys(GAMES, self.game_ticks)}.get(setting, self.ticks)

    def of(self, cell: Cell) -> dict[str, int]:
        """Of a cell."""
        return {"ticks": self.ticks_of(cell.setting), "episodes": self.episodes}


def every_cell(seeds: int) -> list[Cell]:
    """All of them, the first seed of everything first."""
    learners = [name for name in LEARNERS if name in registry.BUNDLED]
    simple = [Cell(name, network, 0) for network in (*PRESETS, LARGE) for name in SIMPLE]
    trained = [
        Cell(name, setting, seed)
        for seed in range(1, seeds + 1)
        for setting in (*GAMES, *PRESETS, LARGE)
        for name in learners
        if setting != LARGE or name in LARGE_LEARNERS
    ]
    return simple + trained


def configure(cell: Cell, budget: Budget) -> Config:
    """What a cell trains and evaluates."""
    game, large = cell.setting in GAMES, cell.setting == LARGE
    settings = [
        f"evaluation.seed={EVALUATION_SEED}",
        f"evaluation.episodes={budget.episodes}",
        "evaluation.bootstrap=100",  # intervals are computed over all cells of a policy later
        f"evaluation.greedy={str(cell.policy not in STOCHASTIC).lower()}",
        "training.tensorboard=false",
        f"training.ticks={budget.ticks_of(cell.setting)}",
    ]
    if not large:
        settings.append(f"pool.num_envs={8 if game else 2}")
    if not game and not large:
        arguments = ["--devices=10", "--servers=3", "--ticks=250", f"--preset={cell.setting}"]
        settings += ["scenario.name=aiot-mec", f"scenario.arguments={json.dumps(arguments)}"]
    if cell.seed:
        wanted: dict[str, Any] = {
            **(ONCE if game else PACKETS),
            **(TUNED_FOR_GAMES.get(cell.policy, {}) if game else {}),
        }
        if large:
            wanted = {name: getattr(load("twin").options("imappo"), name) for name in TUNED_FOR_LARGE}
        known = {option.name for option in listed(registry.find(cell.policy).Options)}
        settings += [f"training.algorithm={cell.policy}", f"training.seed={cell.seed}"]
        settings += [f"{cell.policy}.{name}={value}" for name, value in wanted.items() if name in known]
    return load("twin" if large else None, settings)


def open_setting(setting: str, config: Config, seed: int, num_envs: int, first_run: int) -> Environments:
    """Simulators of a preset, or copies of a game."""
    if setting in GAMES:
        return TeamPool(GAMES[setting](), num_envs=num_envs, seed=seed, first_run=first_run, resumable=True)
    return open_pool(config, seed, num_envs, first_run)


def optimum(setting: str) -> float | None:
    """Of a game."""
    game = GAMES.get(setting)
    return game().optimum()[0] if game else None


def study_of(budget: Budget) -> Study:
    """All cells have this budget."""
    return Study(
        "compare", partial(configure, budget=budget), budget.of, make_pool=open_setting, optimum=optimum
    )


def main() -> None:
    """Runs what is missing and writes the page."""
    default = Budget()
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    cells.add_arguments(parser, 3)
    parser.add_argument("--budget", type=int, default=default.ticks, help="ticks of training on ns-3 (12000)")
    options = parser.parse_args()
    every = every_cell(options.seeds)
    done = cells.run_chosen(every, study_of(dataclasses.replace(default, ticks=options.budget)), options)
    page = compare_page.write(
        done,
        cells.ROOT / "benchmarks" / "compare.md",
        cells.ROOT / "docs" / "images",
        (*PRESETS, LARGE, *GAMES),
        LEARNERS,
    )
    print("\n".join(page))
    print(f"cells: {len(done)} of_{len(every)}")


if __name__ == "__main__":
    main()
