# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Training: from a configuration to a run folder.

    RUN/config.toml          the resolved configuration
        manifest.json        versions, seeds, commit, machine, the scenario's executable
        metrics.jsonl, .csv  metrics of every update
        tensorboard/         the same, live
        checkpoints/last.pt  the learners
        evaluation/, report.html, report.md   from ``evaluate`` and ``report``

Runs are reproducible for a given number of ticks: the same configuration gives the same weights, at any speed of the machine, and
also if the run was stopped and resumed, because unfinished episodes are replayed up to their last tick. The exception is a learner
with asynchronous workers, whose updates come in any order (``asynchronous``).
"""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import torch
from rich.console import Console

from ns3marl import files
from ns3marl.config import Config, TrainingOptions, dumps, load, refuse_shared_seed, team_of
from ns3marl.errors import ConfigError
from ns3marl.launch.environments import PoolFactory, open_pool
from ns3marl.launch.interrupt import stop_on_signal
from ns3marl.manifest import manifest
from ns3marl.progress import ProgressDisplay, Report
from ns3marl.training import checkpoint, metrics
from ns3marl.training.asynchronous import Workers
from ns3marl.training.book import Book, spent
from ns3marl.training.checkpoint import Checkpoint, Progress
from ns3marl.training.claim import claimed
from ns3marl.training.loop import Loop
from ns3marl.training.metrics import RunLog

CONFIG, MANIFEST = "config.toml", "manifest.json"


def train(
    config: Config,
    folder: Path,
    *,
    resume: bool = False,
    console: Console | Report | None = None,
    make_pool: PoolFactory = open_pool,
) -> Path:
    """Trains until the budget is spent or Ctrl-C is pressed, and leaves a checkpoint either way.

    Args:
        config: What to train.
        folder: The run folder; it must not hold a run yet, unless ``resume``.
        resume: Continue the run in ``folder`` from its last checkpoint.
        console: Console or function that gets progress; standard error by default.
        make_pool: Opens the environments (configuration, RngSeed, number, first RngRun), whose actions are recorded.

    Returns:
        The run folder.

    Raises:
        ConfigError: The folder holds a run or another training uses it, the budget of the resumed run is spent, its seed differs, or
            training and evaluation share a seed.
        CheckpointError: The checkpoint to resume from, or to start from, cannot be used; or one cannot be written.
        OutputError: Another file of the run cannot be written; the last checkpoint stays.
        SimulatorError, ProtocolError: A simulator failed; the last checkpoint stays.
    """
    torch.set_num_threads(1)
    last = folder / "checkpoints" / "last.pt"
    refuse_shared_seed(config, [config.training.seed])
    if resume and not taken_up(folder):
        checkpoint.load(last)  # which says that there is none
    with claimed(folder), ExitStack() as environments:
        if not resume and taken_up(folder):
            raise ConfigError(
                f"{folder} holds a run already; choose another folder, or continue it with --resume"
            )
        saved = _begun(config, folder) if resume else None
        progress = saved.progress if saved else Progress()
        if spent(config, progress) >= 1:
            raise ConfigError(
                f"{folder} has spent its budget ({progress.ticks} ticks, {progress.wall_s / 60:.1f} minutes); raise it with "
                "--set training.ticks=… or --set training.minutes=…"
            )
        options, num_envs = config.training, config.pool.num_envs
        pool = environments.enter_context(make_pool(config, options.seed, num_envs, 1))
        team = team_of(config, pool.spec)
        if saved is None and options.start_from:
            checkpoint.load(start(options)).begin(team, config)
        if saved:
            saved.restore(team)
        metrics.rewind(folder, progress.updates)
        note = ""
        if saved is None:
            checkpoint.save(
                last, team, config, progress, {}
            )  # of the beginning: from now on a run can be resumed
            _write_json(folder / MANIFEST, manifest(config, pool.spec, pool.hello))
        else:
            note = _resumed(folder / MANIFEST, manifest(config, pool.spec, pool.hello))
        # The last file, as it says that there is a run.
        files.write(folder / CONFIG, dumps(config))
        with (
            RunLog(folder, tensorboard=options.tensorboard, wandb=options.wandb) as log,
            ProgressDisplay("training", console or Console(stderr=True), spent(config, progress)) as display,
            stop_on_signal() as stop,
        ):
            if note:
                display.show(spent(config, progress), f"note: {note}", force=True)
            book = Book(config, team, progress, saved, log, display, last)
            if team.asynchronous:
                environments.close()  # the workers open their own
                Workers(book, make_pool).run(stop)
            else:
                Loop(book, pool).run(stop)
    return folder


def taken_up(folder: Path) -> bool:
    """Whether a folder holds a run to continue. A run that ended before its first checkpoint starts again."""
    return (folder / CONFIG).exists()


def _begun(config: Config, folder: Path) -> Checkpoint | None:
    """The checkpoint to continue from; None if the run ended before its first one."""
    last = folder / "checkpoints" / "last.pt"
    if not last.exists():
        return None
    if (folder / CONFIG).exists():
        seed, wanted = load(folder / CONFIG).training.seed, config.training.seed
        if seed != wanted:
            raise ConfigError(
                f"{folder} was begun with training.seed={seed}, which a resumed run keeps, not {wanted}; leave the seed out, or "
                f"begin another run with --from {folder} --set training.seed={wanted}"
            )
    return checkpoint.load(last)


def _resumed(path: Path, now: dict[str, Any]) -> str:
    """Adds a start or resumption to the manifest of a run.

    Returns:
        Notes for the user, for example that the scenario differs from the one at the start of the run; may be empty.
    """
    try:
        begun = files.read_json(path) or now
    except ConfigError as error:
        _write_json(path, now)
        return f"{error}; it was written anew"
    sittings = begun.get("resumed", [])
    keys = ("started", "git_commit", "executable")
    begun["resumed"] = [*(sittings if isinstance(sittings, list) else []), {key: now[key] for key in keys}]
    _write_json(path, begun)
    before, after = str(begun.get("executable", "")), now["executable"]
    if not before or not after or before == after:
        return ""
    return (
        f"the scenario's executable is not the one that this run was begun on (SHA-256 {before[:12]}, now {after[:12]}): "
        "rewards before and after may differ"
    )


def _write_json(path: Path, content: dict[str, Any]) -> None:
    files.write(path, json.dumps(content, indent=2) + "\n")


def start(options: TrainingOptions) -> Path:
    """The run that a training starts from; in an experiment, the run with the same seed."""
    folder = Path(options.start_from)
    own = folder / f"seed-{options.seed}"
    return own if own.exists() else folder
