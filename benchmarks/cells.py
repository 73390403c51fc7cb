# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""What studies share that train many policies in many settings: cells, each of which is a file once it is finished.

A cell is one policy in one setting with one training seed: trained, then evaluated on held-out episodes; a stochastic policy as it was
trained, by drawing its actions, and by its likeliest ones beside that. A call runs the cells without a file; a training that was stopped
goes on.
"""

from __future__ import annotations

import argparse
import dataclasses
import fnmatch
import json
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import cells_page
from cells_page import Content
from rich.console import Console

from ns3marl.config import Config, dumps, load, tomllib
from ns3marl.evaluation import evaluate
from ns3marl.launch import processes
from ns3marl.launch.environments import Environments, open_pool
from ns3marl.progress import ProgressDisplay, Report
from ns3marl.reporting import plots
from ns3marl.training import experiment, metrics

ROOT = Path(__file__).resolve().parents[1]
# Judged by what they draw, the others by what they value most.
STOCHASTIC = ("imappo", "ippo", "ppo", "a3c", "maddpg")
TRAINING_SHARE = 0.9  # of a cell's time, for the progress display
CURVE_POINTS = 60


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

    @property
    def name(self) -> str:
        """What patterns of ``--only`` match."""
        return str(self.path.with_suffix(""))


def _open_pool(setting: str, config: Config, seed: int, num_envs: int, first_run: int) -> Environments:
    del setting
    return open_pool(config, seed, num_envs, first_run)


def _own_name(cell: Cell) -> str:
    return cell.policy


def _unknown(setting: str) -> None:
    del setting


@dataclass(frozen=True)
class Study:
    """What cells have in common. Its functions are those of modules, as cells run in processes of their own.

    Args:
        name: Of the folders of results and of trainings.
        configure: What a cell trains and evaluates.
        budget: What a cell was given, kept in its file; another one counts as missing.
        source: What an evaluation calls the policy of a cell that does not train; its own name by default.
        make_pool: Opens the environments of a setting.
        optimum: Of a setting, if it is known.
        special: Policies that no configuration names: what plays them, instead of an evaluation; it returns the same content.
        root: Of a checkout.
    """

    name: str
    configure: Callable[[Cell], Config]
    budget: Callable[[Cell], dict[str, Any]]
    source: Callable[[Cell], str] = _own_name
    make_pool: Callable[[str, Config, int, int, int], Environments] = _open_pool
    optimum: Callable[[str], float | None] = _unknown
    special: dict[str, Callable[[Report, Config, Path], Content]] = field(default_factory=dict)
    root: Path = ROOT

    @property
    def results(self) -> Path:
        """Where files of finished cells are."""
        return self.root / "benchmarks" / "results" / self.name

    @property
    def work(self) -> Path:
        """Where trainings are."""
        return self.root / "runs" / self.name


def run_cell(report: Report, cell: Cell, study: Study) -> None:
    """Trains and evaluates a policy, and writes its file; a training that was stopped goes on."""
    config = study.configure(cell)
    make_pool = partial(study.make_pool, cell.setting)
    run = study.work / cell.path.with_suffix("")
    policy, curve, training_s = study.source(cell), [], 0.0
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
        policy = str(run)
        if rows:  # else it was too short for an update
            training_s = rows[-1]["wall_s"]
            ticks, rewards = plots.common_ticks([rows], CURVE_POINTS)
            curve = [[float(t), _rounded(r)] for t, r in zip(ticks, rewards[0], strict=True)]
    begun_s = time.perf_counter()

    def judge(evaluated: Config, begin: float, end: float) -> Content:
        """What `evaluate` wrote of this policy."""

        def show(done: float, text: str) -> None:
            report(begin + (end - begin) * done, text)

        if cell.policy in study.special:
            return study.special[cell.policy](show, evaluated, run)
        path = evaluate.evaluate(evaluated, [policy], run / "evaluation", console=show, make_pool=make_pool)
        content: Content = json.loads(path.read_text())
        return content

    begin = TRAINING_SHARE if cell.seed else 0.0
    stochastic = cell.policy in STOCHASTIC
    content = judge(config, begin, (begin + 1) / 2 if stochastic else 1.0)
    (played,) = content["policies"]
    if cell.seed:
        again = played
        if stochastic:
            evaluation = dataclasses.replace(config.evaluation, greedy=True)
            (again,) = judge(dataclasses.replace(config, evaluation=evaluation), (begin + 1) / 2, 1.0)[
                "policies"
            ]
        played["values"] |= {cells_page.likeliest(name): values for name, values in again["values"].items()}
    cell_content = {
        "cell": dataclasses.asdict(cell),
        "budget": study.budget(cell),
        "central": played["central"],
        "notes": played["notes"],
        "optimum": study.optimum(cell.setting),
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
    target = study.results / cell.path
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_suffix(".part")
    unfinished.write_text(json.dumps(cell_content, allow_nan=False, separators=(",", ":")) + "\n")
    unfinished.replace(target)
    shutil.rmtree(run, ignore_errors=True)


def finished(cell: Cell, study: Study) -> Content | None:
    """What a cell came to with this budget and what is configured today, if it has."""
    path = study.results / cell.path
    if not path.exists():
        return None
    content: Content = json.loads(path.read_text())
    if content["budget"] != study.budget(cell):
        return None
    if cell.seed:
        was, now = (tomllib.loads(text) for text in (content["config"], dumps(study.configure(cell))))
        # Options that a cell does not know came later, and had their defaults.
        defaults = tomllib.loads(dumps(load(None, [f"training.algorithm={cell.policy}"])))
        for section in ("scenario", "evaluation", cell.policy):
            later = {name: value for name, value in defaults[section].items() if name in now[section]}
            if later | was.get(section, {}) != now[section]:
                return None
    return content


def run_missing(chosen: Sequence[Cell], study: Study, jobs: int, console: Console) -> bool:
    """Runs every chosen cell without a file; False after Ctrl-C."""
    todo = [
        processes.Job(cell.name, run_cell, (cell, study)) for cell in chosen if finished(cell, study) is None
    ]
    if not todo:
        return True
    with ProgressDisplay(f"{len(todo)} of {len(chosen)} cells", console) as display:
        return processes.work_off(todo, jobs, display)


def parsed(description: str | None, seeds: int = 0) -> argparse.Namespace:
    """The options of a study; a number of training seeds among them, unless that is 0."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--only",
        default="*",
        help="cells to run, as patterns of SETTING/POLICY-SEED, with commas between (all)",
    )
    if seeds:
        parser.add_argument("--seeds", type=int, default=seeds, help=f"training seeds per learner ({seeds})")
    parser.add_argument("--jobs", type=int, default=1, help="cells at a time (1)")
    parser.add_argument("--anew", action="store_true", help="run the chosen cells though they have files")
    return parser.parse_args()


def run_chosen(every: Sequence[Cell], study: Study, options: argparse.Namespace) -> list[Content]:
    """Runs the chosen cells that are missing, or all of them anew; what all finished cells came to.

    Raises:
        SystemExit: Ctrl-C.
    """
    patterns = options.only.split(",")
    chosen = [cell for cell in every if any(fnmatch.fnmatch(cell.name, pattern) for pattern in patterns)]
    if options.anew:
        for cell in chosen:
            (study.results / cell.path).unlink(missing_ok=True)
            shutil.rmtree(study.work / cell.path.with_suffix(""), ignore_errors=True)
    if not run_missing(chosen, study, options.jobs, Console(stderr=True)):
        raise SystemExit(130)
    return [content for cell in every if (content := finished(cell, study)) is not None]


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.6g}")
