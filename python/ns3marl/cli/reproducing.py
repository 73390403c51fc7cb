# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""``reproduce``: repeats a published evaluation."""

from __future__ import annotations

import argparse
from pathlib import Path

from ns3marl.cli.options import Commands, positive
from ns3marl.errors import ConfigError


def add(commands: Commands) -> None:
    """Adds the command."""
    command = commands.add_parser(
        "reproduce", group="judge", help="repeat a published evaluation: every table and figure"
    )
    command.add_argument(
        "scenario", nargs="?", default="", help="scenario of the evaluation (the only one that has one)"
    )
    command.add_argument(
        "--out",
        type=Path,
        default=Path("runs/reproduced"),
        help="folder of cells, trainings and the page (runs/reproduced); existing cells are kept",
    )
    command.add_argument(
        "--only",
        default="*",
        help="cells to run, as comma-separated patterns of SETTING/POLICY-SEED (all)",
    )
    command.add_argument("--seeds", type=positive, help="number of training seeds of every learner")
    command.add_argument("--jobs", type=positive, default=1, help="trainings at a time (1)")
    command.add_argument(
        "--share",
        default="1/1",
        metavar="I/N",
        help="the I-th of N shares of the trainings, one for each of N hosts; the page is written from all cells in --out",
    )
    command.add_argument(
        "--runner",
        choices=("local", "ray"),
        default="local",
        help="where trainings run: on this host, or on the hosts of a Ray cluster",
    )
    command.add_argument(
        "--quick",
        action="store_true",
        help="small version: minutes instead of hours, results without meaning",
    )
    command.add_argument("--list", action="store_true", help="list the cells and which are finished")
    command.set_defaults(action=_reproduce)


def _reproduce(parsed: argparse.Namespace) -> int:
    from rich.console import Console  # noqa: PLC0415

    from ns3marl.studies import cells, publication, runner  # noqa: PLC0415

    published = publication.find(parsed.scenario)
    out = parsed.out / "quick" if parsed.quick else parsed.out
    every = published.cells(parsed.seeds, parsed.quick)
    study = published.study(out / "cells", out / "trainings", parsed.quick)
    if parsed.list:
        for cell in every:
            print(f"{'done   ' if cells.finished(cell, study) else 'missing'}  {cell.name}")
        return 0
    chosen = runner.chosen(every, parsed.only)
    if not chosen:
        raise ConfigError(
            f"--only {parsed.only}: no cell has such a name; `ns3marl reproduce --list` lists them"
        )
    mine = runner.share(chosen, *_share(parsed.share))
    whole = runner.run_missing(mine, study, parsed.jobs, Console(stderr=True), runner=parsed.runner)
    done = [content for cell in every if (content := cells.finished(cell, study)) is not None]
    page = out / "page.md"
    print("\n".join(published.write(done, page, out / "images", parsed.quick)))
    print(f"cells: {len(done)} of {len(every)}")
    print(f"page:  {page}")
    return 0 if whole else 130


def _share(text: str) -> tuple[int, int]:
    """I and N of ``I/N``."""
    first, _, last = text.partition("/")
    if not (first.isdecimal() and last.isdecimal() and 1 <= int(first) <= int(last)):
        raise ConfigError(f"--share {text}: expected I/N with 1 <= I <= N, such as 2/3")
    return int(first), int(last)
