# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""``train``: trains policies and continues trainings."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from ns3marl import config as configuration
from ns3marl.cli.exits import Exit
from ns3marl.cli.options import (
    Commands,
    add_set,
    config_of,
    config_or_scenario,
    new_folder,
    own_config,
    positive,
    seeds,
    tidied,
    with_arguments,
)
from ns3marl.config import Config
from ns3marl.errors import ConfigError


def add(commands: Commands) -> None:
    """Adds the command."""
    command = commands.add_parser(
        "train", group="train", help="train a policy; what follows `--` goes to the scenario"
    )
    names = ", ".join(configuration.shipped())
    command.add_argument(
        "config",
        nargs="?",
        help=f"TOML file, one of {names}, or a scenario under the built-in defaults",
    )
    command.add_argument("--out", type=Path, help="run folder (runs/SCENARIO-ALGORITHM-TIME)")
    command.add_argument(
        "--continue",
        dest="keep_going",
        action="store_true",
        help="continue the run in --out if there is one, so that you can repeat the same command after an interruption",
    )
    command.add_argument("--resume", type=Path, metavar="RUN", help="continue an earlier run or experiment")
    command.add_argument(
        "--from",
        type=Path,
        metavar="RUN",
        dest="start_from",
        help="start a new run with RUN's learner and configuration, e.g. to fine-tune in ns-3 after training on the twin",
    )
    command.add_argument(
        "--seeds", type=seeds, help="train one run per seed: a list such as 1,2,3, or how many from 1 on"
    )
    command.add_argument("--jobs", type=positive, default=1, help="runs at a time, with --seeds (1)")
    command.add_argument(
        "--runner",
        choices=("local", "ray"),
        help="what launches simulators, this host or a Ray cluster: short for --set pool.runner=…",
    )
    add_set(command)
    command.set_defaults(action=_train, takes_scenario_arguments=True)


def _train(parsed: argparse.Namespace) -> int:
    if parsed.runner is not None:
        parsed.set.append(f"pool.runner={parsed.runner}")
    if parsed.resume is not None:
        if parsed.config or parsed.out or parsed.start_from or parsed.scenario_arguments:
            raise ConfigError("--resume RUN continues RUN as configured there; only --set goes with it")
        folder, config = parsed.resume, config_of(parsed.resume, parsed.set)
    else:
        config = with_arguments(_new_config(parsed), parsed)
        folder = parsed.out or new_folder(config)
    resume = parsed.resume is not None
    if parsed.keep_going:
        from ns3marl.training.experiment import complete  # noqa: PLC0415
        from ns3marl.training.run import taken_up  # noqa: PLC0415

        if parsed.out is None or parsed.seeds is not None:
            raise ConfigError("--continue goes with --out RUN, and without --seeds")
        resume = taken_up(folder)
        if resume and (folder / "checkpoints" / "last.pt").exists():
            config = config_of(folder, parsed.set)
            if complete(config, folder):
                print(f"done:   {folder} has spent its budget")
                return Exit.DONE
    with tidied(folder):
        if parsed.seeds is None and not (folder / "experiment.toml").exists():
            whole = train_and_report(config, folder, resume=resume)
        else:
            whole = _train_seeds(config, parsed.seeds or (), folder, parsed.jobs, resume=resume)
    if not whole:
        print(f"stopped; go on with: ns3marl train --resume {folder}")
        return Exit.INTERRUPTED
    print(f"next: ns3marl evaluate {folder}")
    return Exit.DONE


def _train_seeds(config: Config, seeds: Sequence[int], folder: Path, jobs: int, *, resume: bool) -> bool:
    from ns3marl.reporting import report  # noqa: PLC0415
    from ns3marl.training import experiment  # noqa: PLC0415

    whole = experiment.train_seeds(config, seeds, folder, jobs=jobs, resume=resume)
    print(f"runs:   {folder}")
    if any(path.stat().st_size > 0 for path in folder.glob("seed-*/metrics.jsonl")):
        print(f"report: {report.report(folder)}")
    return whole


def _new_config(parsed: argparse.Namespace) -> Config:
    """Configuration to train: the named one, or with ``--from`` that of the learner's run."""
    if parsed.start_from is None:
        config = config_or_scenario(parsed.config, parsed.set)
        if not config.scenario.name:
            raise ConfigError(
                f"train what? Name a scenario (`ns3marl scenarios` lists them) or a configuration: {', '.join(configuration.shipped())}"
            )
        return config
    settings = [f"training.start_from={parsed.start_from}", *parsed.set]
    if parsed.config is None and own_config(parsed.start_from) is not None:
        return config_of(parsed.start_from, settings)
    return config_or_scenario(parsed.config, settings)


def train_and_report(config: Config, folder: Path, *, resume: bool = False) -> bool:
    """Trains one run and writes its report.

    Returns:
        Whether its budget is spent; False after Ctrl-C.
    """
    from ns3marl.reporting.report import report  # noqa: PLC0415
    from ns3marl.training.experiment import complete  # noqa: PLC0415
    from ns3marl.training.run import train  # noqa: PLC0415

    train(config, folder, resume=resume)
    if (folder / "metrics.jsonl").stat().st_size > 0:
        print(f"run:    {folder}")
        print(f"report: {report(folder)}")
    return complete(config, folder)
