# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Runs the cells of a study: some at a time on this host, a share on each of several hosts, or on a Ray cluster."""

from __future__ import annotations

import dataclasses
import fnmatch
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import torch
from rich.console import Console

from ns3marl import files
from ns3marl.errors import Ns3MarlError
from ns3marl.launch import on_ray, processes
from ns3marl.progress import ProgressDisplay
from ns3marl.studies.cells import Cell, Study, finished, run_cells


def chosen(every: Sequence[Cell], patterns: str) -> list[Cell]:
    """Cells whose names match one of several comma-separated patterns, such as ``stress_50_9/*``."""
    return [
        cell for cell in every if any(fnmatch.fnmatch(cell.name, pattern) for pattern in patterns.split(","))
    ]


def share(cells: Sequence[Cell], part: int, parts: int) -> list[Cell]:
    """The ``part``-th of ``parts`` shares; cells of one training stay together."""
    trainings = list(dict.fromkeys(_work_of(cell) for cell in cells))
    mine = set(trainings[part - 1 :: parts])
    return [cell for cell in cells if _work_of(cell) in mine]


def _work_of(cell: Cell) -> Cell:
    """The training of a cell; cells of one training run together."""
    return cell.training if cell.seed else cell


def run_missing(
    chosen: Sequence[Cell],
    study: Study,
    jobs: int,
    console: Console,
    *,
    runner: Literal["local", "ray"] = "local",
) -> bool:
    """Runs every chosen cell that has no file; returns False after Ctrl-C.

    Args:
        chosen: The cells.
        study: The study of the cells.
        jobs: Trainings at a time on this host; Ray runs as many as its cluster has cores.
        console: Shows the progress.
        runner: This host, or a Ray cluster whose hosts all have the scenario built.

    Raises:
        Ns3MarlError: Some cells failed; the others are finished.
        ConfigError: Ray is not installed.
    """
    missing: dict[Cell, list[Cell]] = {}
    for cell in chosen:
        if finished(cell, study) is None:
            missing.setdefault(_work_of(cell), []).append(cell)
    if not missing:
        return True
    count = sum(len(cells) for cells in missing.values())
    with ProgressDisplay(f"{count} of {len(chosen)} cells", console) as display:
        if runner == "ray":
            return _on_ray(missing, study, display)
        todo = [processes.Job(work.name, run_cells, (cells, study)) for work, cells in missing.items()]
        return processes.work_off(todo, jobs, display)


def _on_ray(missing: Mapping[Cell, Sequence[Cell]], study: Study, display: ProgressDisplay) -> bool:
    """Runs cells on the hosts of a cluster, each training on one core; writes the files of finished cells on this host."""
    ray = on_ray.connected()
    task = ray.remote(num_cpus=1, max_retries=2)(_away)
    running = {task.remote(cells, study): work for work, cells in missing.items()}
    failures: dict[str, str] = {}
    while running:
        (ready, *_), _ = ray.wait(list(running), num_returns=1)
        work = running.pop(ready)
        try:
            for path, text in ray.get(ready).items():
                files.write(study.results / path, text)
        except ray.exceptions.RayError as error:
            failures[work.name] = str(error).strip().splitlines()[-1]
        display.show(1 - len(running) / len(missing), f"{work.name}: done")
    if failures:
        listed = "; ".join(f"{name}: {reason}" for name, reason in failures.items())
        raise Ns3MarlError(
            f"{len(failures)} of {len(missing)} trainings failed, the others are finished; mend the cause and call again. {listed}"
        )
    return True


def _away(cells: Sequence[Cell], study: Study) -> dict[str, str]:
    """Runs cells on a host of the cluster; returns the contents of their files by path."""
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        here = dataclasses.replace(study, results=Path(folder) / "cells", work=Path(folder) / "trainings")
        run_cells(lambda _, __: None, cells, here)
        return {str(cell.path): (here.results / cell.path).read_text() for cell in cells}
