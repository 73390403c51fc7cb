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
import fnmatch
import json
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import compare_page
from compare_page import Content
from rich.console import Console

from ns3marl.algorithms import registry
from ns3marl.config import Config, dumps, load, tomllib
from ns3marl.evaluation import evaluate
from ns3marl.games import library
from ns3marl.games.cooperative import ChannelGame, TeamMatrixGame
from ns3marl.games.team import TeamPool
from ns3marl.launch import processes
from ns3marl.launch.environments import Environments, open_pool
from ns3marl.options import listed
from ns3marl.progress import ProgressDisplay, Report
from ns3marl.reporting import plots
from ns3marl.scenarios.aiot_mec import HOME
from ns3marl.training import experiment, metrics

ROOT = Path(__file__).resolve().parents[1]
LEARNERS = ("imappo", "ippo", "ppo", "dqn", "a3c", "maddpg", "iql")
# Judged by what they draw, the others by what they value most.
STOCHASTIC = ("imappo", "ippo", "ppo", "a3c", "maddpg")
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
TRAINING_SHARE = 0.9  # of a cell's time, for the progress display
CURVE_POINTS = 60

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


@dataclass(frozen=True)
class Cell:
    """One policy in one setting with one training seed; seed 0: it does not train."""

    policy: str
    setting: str
    seed: int

    @property
    def path(self) -> Path:
        """Of its file, below the folder of results."""
        return Path(self.setting) / f"{self.policy}{f'-{self.seed}' if self.seed else ''}.json"


def cells(seeds: int) -> list[Cell]:
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


def run_cell(report: Report, cell: Cell, budget: Budget, results: Path, work: Path) -> None:
    """Trains and evaluates a policy, and writes its file; a training that was stopped goes on."""
    config = configure(cell, budget)
    make_pool = partial(open_setting, cell.setting)
    run = work / cell.path.with_suffix("")
    policy, curve, training_s = cell.policy, [], 0.0
    if cell.seed:
        written = run / "config.toml"
        if written.exists() and tomllib.loads(written.read_text()) != tomllib.loads(dumps(config)):
            shutil.rmtree(run)
        if not experiment.complete(config, run):
            experiment.train_one(
                lambda done, text: report(TRAINING_SHARE * done, text), config, run, make_pool
            )
        if not experiment.complete(config, run):
            return  # stopped
        rows = metrics.read(run)
        policy, training_s = str(run), rows[-1]["wall_s"]
        ticks, rewards = plots.common_ticks([rows], CURVE_POINTS)
        curve = [[float(t), _rounded(r)] for t, r in zip(ticks, rewards[0], strict=True)]
    begun_s = time.perf_counter()

    def judge(evaluated: Config, begin: float, end: float) -> Content:
        """What `evaluate` wrote of this policy."""

        def show(done: float, text: str) -> None:
            report(begin + (end - begin) * done, text)

        path = evaluate.evaluate(evaluated, [policy], run / "evaluation", console=show, make_pool=make_pool)
        content: Content = json.loads(path.read_text())
        return content

    begin = TRAINING_SHARE if cell.seed else 0.0
    stochastic = cell.policy in STOCHASTIC
    content = judge(config, begin, (begin + 1) / 2 if stochastic else 1.0)
    (played,) = content["policies"]
    if cell.seed:
        evaluation = dataclasses.replace(config.evaluation, greedy=True)
        likeliest = dataclasses.replace(config, evaluation=evaluation)
        (again,) = judge(likeliest, (begin + 1) / 2, 1.0)["policies"] if stochastic else (played,)
        played["values"][compare_page.LIKELIEST.name] = again["values"][compare_page.REWARD]
    game = GAMES.get(cell.setting)
    cell_content = {
        "cell": dataclasses.asdict(cell),
        "budget": {"ticks": budget.ticks_of(cell.setting), "episodes": budget.episodes},
        "central": played["central"],
        "notes": played["notes"],
        "optimum": game().optimum()[0] if game else None,
        "seconds": {"training": round(training_s, 1), "evaluation": round(time.perf_counter() - begun_s, 1)},
        "runs": played["runs"],
        "values": {name: [_rounded(v) for v in rows[0]] for name, rows in played["values"].items()},
        "actions": {name: [_rounded(v) for v in shares] for name, shares in played["actions"].items()},
        "curve": curve,
        "metrics": content["metrics"],
        "heads": content["heads"],
        "manifest": content["manifest"],
        "config": dumps(config) if cell.seed else "",
    }
    target = results / cell.path
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_suffix(".part")
    unfinished.write_text(json.dumps(cell_content, allow_nan=False, separators=(",", ":")) + "\n")
    unfinished.replace(target)
    shutil.rmtree(run)


def finished(cell: Cell, budget: Budget, results: Path) -> Content | None:
    """What a cell came to with this budget and what is configured today, if it has."""
    path = results / cell.path
    if not path.exists():
        return None
    content: Content = json.loads(path.read_text())
    wanted = {"ticks": budget.ticks_of(cell.setting), "episodes": budget.episodes}
    if content["budget"] != wanted:
        return None
    if cell.seed:
        was, now = (tomllib.loads(text) for text in (content["config"], dumps(configure(cell, budget))))
        if any(was.get(section) != now[section] for section in ("scenario", "evaluation", cell.policy)):
            return None
    return content


def run_missing(
    chosen: Sequence[Cell], budget: Budget, results: Path, work: Path, jobs: int, console: Console
) -> bool:
    """Runs every chosen cell without a file; False after Ctrl-C."""
    missing = [cell for cell in chosen if finished(cell, budget, results) is None]
    todo = [
        processes.Job(str(cell.path.with_suffix("")), run_cell, (cell, budget, results, work))
        for cell in missing
    ]
    if not todo:
        return True
    with ProgressDisplay(f"{len(todo)} of {len(chosen)} cells", console) as display:
        return processes.work_off(todo, jobs, display)


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.6g}")


def main() -> None:
    """Runs what is missing and writes the page."""
    default = Budget()
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--only",
        default="*",
        help="cells to run, as patterns of SETTING/POLICY-SEED, with commas between (all)",
    )
    parser.add_argument("--seeds", type=int, default=3, help="training seeds per learner (3)")
    parser.add_argument("--jobs", type=int, default=1, help="cells at a time (1)")
    parser.add_argument("--budget", type=int, default=default.ticks, help="ticks of training on ns-3 (12000)")
    parser.add_argument("--anew", action="store_true", help="run the chosen cells though they have files")
    options = parser.parse_args()
    budget = dataclasses.replace(default, ticks=options.budget)
    results, work = ROOT / "benchmarks" / "results" / "compare", ROOT / "runs" / "compare"
    every = cells(options.seeds)
    chosen = [
        cell
        for cell in every
        if any(fnmatch.fnmatch(str(cell.path.with_suffix("")), p) for p in options.only.split(","))
    ]
    if options.anew:
        for cell in chosen:
            (results / cell.path).unlink(missing_ok=True)
            shutil.rmtree(work / cell.path.with_suffix(""), ignore_errors=True)
    if not run_missing(chosen, budget, results, work, options.jobs, Console(stderr=True)):
        raise SystemExit(130)
    done = [content for cell in every if (content := finished(cell, budget, results)) is not None]
    page = compare_page.write(
        done,
        ROOT / "benchmarks" / "compare.md",
        ROOT / "docs" / "images",
        (*PRESETS, LARGE, *GAMES),
        LEARNERS,
    )
    print("\n".join(page))
    print(f"cells: {len(done)} of_{len(every)}")


if __name__ == "__main__":
    main()
