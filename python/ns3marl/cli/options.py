# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Options that several commands share."""

from __future__ import annotations

import argparse
import dataclasses
import datetime as dt
import math
import os
import sys
from collections.abc import Container, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from ns3marl import config as configuration
from ns3marl import cores, executables, files
from ns3marl import home as homes
from ns3marl.config import Config
from ns3marl.errors import ConfigError

Commands = Any  #: what ``ArgumentParser.add_subparsers`` gives, which has no public name


def add_set(command: argparse.ArgumentParser) -> None:
    """``--set``."""
    command.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="SECTION.OPTION=VALUE",
        help="change an option of the configuration; may be repeated",
    )


def add_tables(command: argparse.ArgumentParser) -> None:
    """``--tables``."""
    command.add_argument(
        "--tables",
        type=Path,
        metavar="FOLDER",
        help="write ticks, state and the scenario's tables as Parquet",
    )


def add_jobs(command: argparse.ArgumentParser) -> None:
    """``--jobs``, for episodes of ns-3."""
    usable = cores.usable()
    command.add_argument(
        "--jobs", type=positive, default=usable, help=f"episodes of ns-3 at a time (one per core: {usable})"
    )


def positive(text: str) -> int:
    """A whole number of at least 1."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"expected 1 or more, got {value}")
    return value


def seconds(text: str) -> float:
    """A time of 0 or more [s], finite."""
    value = float(text)
    if not 0 <= value < math.inf:
        raise argparse.ArgumentTypeError(f"expected 0 or more seconds, got {text}")
    return value


def seeds(text: str) -> tuple[int, ...]:
    """Seeds: a list such as ``1,2,3``, or a number of seeds from 1 on."""
    if "," in text:
        return tuple(positive(word) for word in text.strip(",").split(","))
    return tuple(range(1, positive(text) + 1))


def words(text: str) -> tuple[str, ...]:
    """``a,b``; nothing for an empty text."""
    return tuple(word for word in text.split(",") if word)


def config_or_scenario(source: str | None, settings: Sequence[str]) -> Config:
    """A configuration by its name or file, or the defaults with a scenario: by its name or executable.

    With ``pool.spawn=false`` the scenario need not be built here, because remote simulators run it.
    """
    if source is None or source in configuration.shipped() or source in homes.configurations():
        return configuration.load(source, settings)
    path = Path(source)
    is_file = os.sep in source or path.suffix == ".toml" or path.exists()
    if (
        source in executables.scenarios()
        or source in homes.names()
        or (path.is_file() and os.access(source, os.X_OK))
        or (not is_file and not configuration.load(None, settings).pool.spawn)
    ):
        return configuration.load(None, [f"scenario.name={source}", *settings])
    return configuration.load(source, settings)


def config_for(policy: str, source: str | None, settings: Sequence[str]) -> Config:
    """Configuration to evaluate a policy on: the named one, or the scenario that has this simple policy.

    Raises:
        ConfigError: No configuration is named, and not exactly one scenario has the policy; or it is a path that does not exist.
    """
    config = config_or_scenario(source, settings)
    if config.scenario.name:
        return config
    having = [home.name for home in homes.homes() if policy in home.policies]
    if len(having) != 1:
        if os.sep in policy and not Path(policy).exists():
            raise ConfigError(f"there is no {policy}; give a run folder, a checkpoint or a simple policy")
        of = f"{policy!r} is a policy of {' and '.join(having)}" if having else f"{policy!r} says no scenario"
        raise ConfigError(f"{of}: name a configuration or a scenario with --config NAME")
    return config_or_scenario(source, [*settings, f"scenario.name={having[0]}"])


def with_arguments(config: Config, parsed: argparse.Namespace) -> Config:
    """Adds the scenario arguments after ``--``; if one is given twice, ns-3 uses the last."""
    arguments = (*config.scenario.arguments, *parsed.scenario_arguments)
    if getattr(parsed, "tables", None) is not None:
        arguments = (*arguments, "--tables=all")
    return dataclasses.replace(config, scenario=dataclasses.replace(config.scenario, arguments=arguments))


def own_config(run: Path) -> Path | None:
    """The configuration of a run folder or an experiment."""
    for name in ("config.toml", "experiment.toml"):
        if (run / name).exists():
            return run / name
    return None


def config_of(run: Path, settings: Sequence[str]) -> Config:
    """The configuration of a run or an experiment, with settings of the command line."""
    path = own_config(run)
    if path is None:
        raise ConfigError(f"{run} is not a run folder: it has no config.toml, and no experiment.toml either")
    return configuration.load(path, settings)


def run_folder(path: Path) -> Path | None:
    """The run that a folder or a checkpoint of it belongs to."""
    for folder in (path, path.parent.parent):
        if (folder / "config.toml").exists():
            return folder
    if (path / "experiment.toml").exists():
        raise ConfigError(f"{path} is an experiment; give one of its runs, such as {path / 'seed-1'}")
    return None


def new_folder(config: Config, what: str | None = None) -> Path:
    """Creates a new folder below ``runs`` named after the scenario, the activity and the time.

    Raises:
        OutputError: It cannot be created.
    """
    name = Path(config.scenario.name).name
    learner = config.training.algorithm.rpartition(":")[2]
    stamp = dt.datetime.now(dt.timezone.utc).strftime("%Y%m%d-%H%M%S")
    folder = Path("runs") / f"{name}-{what or learner}-{stamp}"
    for number in count(2):
        with files.writing(folder):
            folder.parent.mkdir(parents=True, exist_ok=True)
            try:
                folder.mkdir()
                break
            except FileExistsError:
                folder = folder.with_name(f"{name}-{what or learner}-{stamp}-{number}")
    return folder


@contextmanager
def tidied(folder: Path) -> Iterator[None]:
    """Removes a folder of results if a command failed before it wrote anything there."""
    try:
        yield
    except BaseException:
        with suppress(OSError):
            folder.rmdir()
        raise


def evaluated_by(parsed: argparse.Namespace, policy: str, run: Path | None, what: str) -> tuple[Config, Path]:
    """How to evaluate policies and where to write it: by a run and into it, unless the command line names something else."""
    config = evaluation_config(parsed, policy, run)
    if run is not None and parsed.config is None:
        return config, parsed.out or run / what
    return config, parsed.out or new_folder(config, what)


def evaluation_config(parsed: argparse.Namespace, policy: str, run: Path | None) -> Config:
    """How to evaluate policies: as a run is configured, unless the command line names something else."""
    if run is not None and parsed.config is None:
        config = config_of(run, parsed.set)
    else:
        config = config_for(policy, parsed.config, parsed.set)
    config = with_arguments(config, parsed)
    if parsed.episodes is None:
        return config
    return dataclasses.replace(
        config, evaluation=dataclasses.replace(config.evaluation, episodes=parsed.episodes)
    )


def opponents(config: Config) -> Sequence[str]:
    """The simple policies to compare with: those configured, or all that fit the scenario."""
    if config.evaluation.policies:
        return config.evaluation.policies
    from ns3marl import policies  # noqa: PLC0415
    from ns3marl.launch.environments import evaluated, open_pool  # noqa: PLC0415

    with open_pool(evaluated(config), config.evaluation.seed, 1, 1) as pool:
        found = policies.fitting(pool.spec, homes.find(config.scenario.name))
    # The twin does not run the scenario's C++.
    return found if config.evaluation.backend == "ns3" else [n for n in found if n != policies.BUILTIN]


def print_table(
    header: Sequence[str],
    rows: Sequence[Sequence[object]],
    marked: Container[tuple[int, int]] = (),
    title: str | None = None,
) -> None:
    """Prints a table, in full width where the output is not a terminal.

    Args:
        header: Names of the columns.
        rows: Each as long as the header.
        marked: (row, column) of the cells in bold.
        title: Title above the table.
    """
    columns = (Column(Text(cell)) for cell in header)
    shown = Table(*columns, box=None, title=title, title_justify="left")
    for r, row in enumerate(rows):
        shown.add_row(*(Text(str(cell), "bold" * ((r, c) in marked)) for c, cell in enumerate(row)))
    Console(width=None if sys.stdout.isatty() else 240).print(shown)
