# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""What the studies among the benchmarks share: where their files are, and their command lines."""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from ns3marl.studies.cells import Cell, Content, Study, finished
from ns3marl.studies.runner import chosen, run_missing

ROOT = Path(__file__).resolve().parents[1]
#: Trainings of all studies: what two have in common is trained once.
WORK = ROOT / "runs" / "studies"


def results(name: str) -> Path:
    """Where the cells of a study are, which are data of the repository."""
    return ROOT / "benchmarks" / "results" / name


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
    wanted = chosen(every, options.only)
    if options.anew:
        for cell in wanted:
            (study.results / cell.path).unlink(missing_ok=True)
            shutil.rmtree(study.run_folder(cell), ignore_errors=True)
    if not run_missing(wanted, study, options.jobs, Console(stderr=True)):
        raise SystemExit(130)
    return [content for cell in every if (content := finished(cell, study)) is not None]
