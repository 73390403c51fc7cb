# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""An experiment: one configuration trained with several seeds.

    EXPERIMENT/experiment.toml   the configuration that all runs share
               seeds.json        the training seeds
               seed-1/, …        one run folder each, see ``ns3marl.training.run``

The runs differ only in their seeds and are independent.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from ns3marl import config as configuration
from ns3marl import files
from ns3marl.config import Config
from ns3marl.errors import ConfigError
from ns3marl.launch import processes
from ns3marl.launch.environments import PoolFactory, open_pool
from ns3marl.progress import ProgressDisplay, Report
from ns3marl.training import checkpoint
from ns3marl.training.book import spent
from ns3marl.training.claim import claimed
from ns3marl.training.run import taken_up, train

CONFIG, SEEDS = "experiment.toml", "seeds.json"


def train_seeds(
    config: Config,
    seeds: Sequence[int],
    folder: Path,
    *,
    jobs: int = 1,
    resume: bool = False,
    console: Console | None = None,
    make_pool: PoolFactory = open_pool,
) -> bool:
    """Trains one run per seed, each in its own process with one torch thread.

    Complete runs are kept and unfinished ones continue. Ctrl-C stops all of them with a checkpoint.

    Args:
        config: Configuration; each run replaces ``training.seed``.
        seeds: Training seeds; when resuming, further ones are added.
        folder: The experiment; it must not hold one yet, unless ``resume``.
        jobs: Runs at a time, with ``pool.num_envs`` simulators each.
        resume: Continue the experiment in ``folder``.
        console: Where to show progress; standard error by default.
        make_pool: Opens the environments, see ``train``; a function of a module, as processes import it.

    Returns:
        Whether every run is complete; False after Ctrl-C.

    Raises:
        ConfigError: The folder holds an experiment or another training uses it; or there are no seeds, repeated ones, or the
            evaluation's seed.
        CheckpointError: A checkpoint to resume from cannot be used.
        Ns3MarlError: Runs failed; the others are complete.
    """
    if (folder / CONFIG).exists() or (folder / "config.toml").exists():
        if not resume:
            raise ConfigError(
                f"{folder} holds an experiment or a run already; choose another folder, or go on with --resume"
            )
        seeds = list(dict.fromkeys([*seeds_of(folder), *seeds]))
    if not seeds or len(set(seeds)) < len(seeds) or min(seeds) < 1:
        raise ConfigError(f"the training seeds are {list(seeds)}, expected different numbers above 0")
    configuration.refuse_shared_seed(config, seeds)
    with claimed(folder):
        files.write(folder / SEEDS, json.dumps(list(seeds)) + "\n")
        files.write(folder / CONFIG, configuration.dumps(config))
        todo = [
            processes.Job(
                f"seed {seed}", train_one, (with_seed(config, seed), run_folder(folder, seed), make_pool)
            )
            for seed in seeds
            if not complete(with_seed(config, seed), run_folder(folder, seed))
        ]
        if not todo:
            return True
        with ProgressDisplay(f"training {len(seeds)} seeds", console or Console(stderr=True)) as display:
            return processes.work_off(todo, jobs, display)


def train_one(report: Report, config: Config, folder: Path, make_pool: PoolFactory) -> None:
    """Begins or continues a run."""
    train(config, folder, resume=taken_up(folder), console=report, make_pool=make_pool)


def with_seed(config: Config, seed: int) -> Config:
    """The configuration of one run."""
    return dataclasses.replace(config, training=dataclasses.replace(config.training, seed=seed))


def run_folder(folder: Path, seed: int) -> Path:
    """Folder of a run of an experiment."""
    return folder / f"seed-{seed}"


def complete(config: Config, run: Path) -> bool:
    """Whether a run has spent its budget."""
    if not (run / "checkpoints" / "last.pt").exists():
        return False
    return spent(config, checkpoint.load(run).progress) >= 1


def seeds_of(folder: Path) -> list[int]:
    """The training seeds of an experiment.

    Raises:
        ConfigError: The folder holds none.
    """
    try:
        seeds = json.loads((folder / SEEDS).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{folder} is not an experiment: it has no readable {SEEDS}") from error
    if not isinstance(seeds, list) or not all(type(seed) is int for seed in seeds):
        raise ConfigError(f"{folder / SEEDS} is damaged: expected a list of training seeds such as [1, 2]")
    return seeds


def is_experiment(folder: Path) -> bool:
    """Whether a folder holds several runs of one configuration."""
    return (folder / CONFIG).exists()


def members(policy: str) -> list[str]:
    """The run folders of an experiment; for any other policy, the policy itself.

    Raises:
        ConfigError: A run of the experiment is not complete.
    """
    folder = Path(policy)
    if not is_experiment(folder):
        return [policy]
    config = configuration.load(folder / CONFIG)
    seeds = seeds_of(folder)
    unfinished = [s for s in seeds if not complete(with_seed(config, s), run_folder(folder, s))]
    if unfinished:
        raise ConfigError(
            f"{folder} is unfinished: seed {', '.join(map(str, unfinished))} has not spent its budget; go on with "
            f"`ns3marl train --resume {folder}`, or name the run folders that count"
        )
    return [str(run_folder(folder, seed)) for seed in seeds]


def made_by(run: Path) -> tuple[str, int] | None:
    """Configuration of a run folder without its seed, and the seed; None for anything else."""
    if not (run / "config.toml").exists():
        return None
    config = configuration.load(run / "config.toml")
    learners = {name: config.options(name) for name in config.algorithms}
    training = dataclasses.replace(
        with_seed(config, 1).training, tensorboard=True, wandb=False, keep_checkpoints=False
    )
    return repr(
        (config.scenario, config.pool.num_envs, config.pool.ns3_envs, training, learners, config.groups)
    ), config.training.seed
