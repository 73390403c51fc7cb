# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Cells of a study; each finished cell is a file.

A cell is one policy in one setting with one training seed: trained, then evaluated on held-out episodes; a stochastic policy with sampled
actions, as in training, and also with its most probable ones. A policy can be trained in another setting than it is evaluated in; cells of
the same training share it, also those of other studies with the same folder of trainings. A call runs the cells without a file; a stopped
training continues. Trained policies stay in their run folders.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

from ns3marl import files
from ns3marl.config import Config, EvaluationOptions, dumps, load, tomllib
from ns3marl.evaluation import comparison, evaluate
from ns3marl.launch.environments import Environments, open_pool
from ns3marl.progress import Report
from ns3marl.reporting import plots
from ns3marl.training import checkpoint, experiment, metrics

#: Of a cell's file.
Content: TypeAlias = dict[str, Any]
#: Judged by what they draw, the others by what they value most.
STOCHASTIC = ("imappo", "ippo", "ppo", "a3c", "maddpg")
TRAINING_SHARE = 0.9  # of a cell's time, for the progress display
CURVE_POINTS = 60
REWARD = comparison.REWARD.name


def likeliest(metric: str) -> str:
    """Name of a metric of a policy with most probable actions."""
    return "reward_likeliest" if metric == REWARD else f"{metric}_likeliest"


@dataclass(frozen=True)
class Cell:
    """One policy in one setting with one training seed; seed 0: no training."""

    policy: str
    setting: str
    seed: int
    trained: str = ""
    """The setting of its training; empty: the same."""

    @property
    def path(self) -> Path:
        """Path of its file, below the folder of results."""
        carried = f"-from-{self.trained}" if self.trained else ""
        return Path(self.setting) / f"{self.policy}{carried}{f'-{self.seed}' if self.seed else ''}.json"

    @property
    def name(self) -> str:
        """The name that patterns of ``--only`` match."""
        return str(self.path.with_suffix(""))

    @property
    def training(self) -> Cell:
        """The cell of its training: the same policy in the setting of its training."""
        return dataclasses.replace(self, setting=self.trained or self.setting, trained="")


def _open_pool(setting: str, config: Config, seed: int, num_envs: int, first_run: int) -> Environments:
    del setting
    return open_pool(config, seed, num_envs, first_run)


def _own_name(cell: Cell) -> str:
    return cell.policy


def _unknown(setting: str) -> None:
    del setting


@dataclass(frozen=True)
class Study:
    """The common part of cells. Its functions must be importable, because cells run in separate processes.

    Args:
        results: Folder of the files of finished cells.
        work: Folder of the trainings, which studies can share.
        configure: Returns the configuration of a cell in its setting, for training and evaluation.
        train: Returns the configuration for training, if it differs, for example in the length of episodes.
        budget: Budget of a cell, stored in its file; a cell with another budget counts as missing.
        source: Returns the policy of a cell without training for the evaluation; the cell's policy name by default.
        make_pool: Opens the environments of a setting.
        optimum: Returns the optimum of a setting, if it is known.
        both_ways: Evaluate stochastic policies with sampled and with most probable actions.
        version: Another number if the same configuration trains something else, such as on another version of a simulator: kept policies
            of other versions are not used.
        special: For policies that no configuration names, the function that evaluates them; it returns the same content.
    """

    results: Path
    work: Path
    configure: Callable[[Cell], Config]
    budget: Callable[[Cell], dict[str, Any]]
    source: Callable[[Cell], str] = _own_name
    make_pool: Callable[[str, Config, int, int, int], Environments] = _open_pool
    optimum: Callable[[str], float | None] = _unknown
    special: dict[str, Callable[[Report, Config, Path], Content]] = field(default_factory=dict)
    train: Callable[[Cell], Config] | None = None
    both_ways: bool = True
    version: int = 0

    def trained(self, cell: Cell) -> Config:
        """The configuration that a cell trains; evaluations that follow are no part of it."""
        config = (self.train or self.configure)(cell.training)
        return dataclasses.replace(config, evaluation=EvaluationOptions())

    def run_folder(self, cell: Cell) -> Path:
        """Folder of a cell's training, whose name changes with the configuration; of a cell without one, folder of its evaluation."""
        if not cell.seed:
            return self.work / cell.name.replace("/", "-")
        trained = f"{self.version} {dumps(self.trained(cell))}"
        if self.make_pool is not _open_pool:  # the configuration does not name the environments
            trained += cell.training.setting
        digest = hashlib.sha256(trained.encode()).hexdigest()
        return self.work / f"{cell.policy}-{cell.seed}-{digest[:8]}"


def run_cells(report: Report, cells: Sequence[Cell], study: Study) -> None:
    """Trains a policy unless it is there, evaluates it in every setting, and writes a file for each; continues a stopped training.

    Args:
        report: Gets the progress.
        cells: The cells of one training, or one cell without training.
        study: The study of the cells.
    """
    training = cells[0].training
    run = study.run_folder(training)
    curve, training_s, begin = [], 0.0, 0.0
    if training.seed:
        config, begin = study.trained(training), TRAINING_SHARE / len(cells)
        if not experiment.complete(config, run):
            experiment.train_one(
                lambda done, text: report(begin * done, text),
                config,
                run,
                partial(study.make_pool, training.setting),
            )
        if not experiment.complete(config, run):
            return  # stopped
        rows = metrics.read(run)
        if rows:  # else it was too short for an update
            training_s = rows[-1]["wall_s"]
            ticks, rewards = plots.common_ticks([rows], CURVE_POINTS)
            curve = [[float(t), _rounded(r)] for t, r in zip(ticks, rewards[0], strict=True)]
    for nth, cell in enumerate(cells):
        low, high = (begin + (1 - begin) * (nth + part) / len(cells) for part in (0, 1))
        begun_s = time.perf_counter()
        content = _judged(report, cell, study, run, low, high)
        content["seconds"] = {
            "training": round(training_s, 1),
            "evaluation": round(time.perf_counter() - begun_s, 1),
        }
        content["curve"] = curve
        content["config"] = dumps(study.configure(cell)) if cell.seed else ""
        if cell.trained or study.train:
            content["training_config"] = dumps(study.trained(cell))
        text = json.dumps(content, allow_nan=False, separators=(",", ":"))
        files.write(study.results / cell.path, f"{text}\n")
    if training.seed:
        checkpoint.keep_policy(run)
        shutil.rmtree(run / "evaluation", ignore_errors=True)
    else:
        shutil.rmtree(run, ignore_errors=True)


def _judged(report: Report, cell: Cell, study: Study, run: Path, low: float, high: float) -> Content:
    """Evaluates the policy of a cell while progress goes from ``low`` to ``high``."""
    config = study.configure(cell)
    policy = str(run) if cell.seed else study.source(cell)

    def judge(evaluated: Config, begin: float, end: float) -> Content:
        """The part of ``results.json`` about this policy."""

        def show(done: float, text: str) -> None:
            report(begin + (end - begin) * done, text)

        if cell.policy in study.special:
            return study.special[cell.policy](show, evaluated, run)
        folder, make_pool = run / "evaluation" / cell.setting, partial(study.make_pool, cell.setting)
        path = evaluate.evaluate(evaluated, [policy], folder, console=show, make_pool=make_pool)
        content: Content = json.loads(path.read_text())
        return content

    stochastic = bool(cell.seed) and cell.policy in STOCHASTIC and study.both_ways
    middle = (low + high) / 2 if stochastic else high
    content = judge(config, low, middle)
    (played,) = content["policies"]
    if cell.seed and study.both_ways:
        again = played
        if stochastic:
            evaluation = dataclasses.replace(config.evaluation, greedy=True)
            (again,) = judge(dataclasses.replace(config, evaluation=evaluation), middle, high)["policies"]
        played["values"] |= {likeliest(name): values for name, values in again["values"].items()}
    return {
        "cell": {name: value for name, value in dataclasses.asdict(cell).items() if value != ""},
        "budget": study.budget(cell),
        "central": played["central"],
        "notes": played["notes"],
        "optimum": study.optimum(cell.setting),
        "runs": played["runs"],
        "values": {name: [_rounded(v) for v in rows[0]] for name, rows in played["values"].items()},
        "actions": {name: [_rounded(v) for v in shares] for name, shares in played["actions"].items()},
        "metrics": content["metrics"],
        "heads": content["heads"],
        "manifest": content["manifest"],
    }


def finished(cell: Cell, study: Study) -> Content | None:
    """The content of a cell's file, if it has the current budget and configuration."""
    path = study.results / cell.path
    if not path.exists():
        return None
    content: Content = json.loads(path.read_text())
    if content["budget"] != study.budget(cell):
        return None
    if cell.seed and not _same(content["config"], study.configure(cell)):
        return None
    if "training_config" in content and not _same(content["training_config"], study.trained(cell)):
        return None
    return content


def _same(written: str, config: Config) -> bool:
    """Whether a stored configuration equals the current one. Options that it does not contain are newer and count as defaults."""
    was, now, algorithm = tomllib.loads(written), tomllib.loads(dumps(config)), config.training.algorithm
    defaults = tomllib.loads(dumps(load(None, [f"training.algorithm={algorithm}"])))
    for section in ("scenario", "evaluation", algorithm):
        later = {name: value for name, value in defaults[section].items() if name in now[section]}
        if later | was.get(section, {}) != now[section]:
            return False
    return True


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.6g}")
