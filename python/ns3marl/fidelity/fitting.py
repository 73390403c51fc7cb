# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Calibration: records heuristics in ns-3 over several sizes, fits the twin's constants, and says how far it is off.

The mathematics is ``ns3marl.scenarios.aiot_mec.twin.calibrate``; the actions are replayed, so an error is the twin's own.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ns3marl.errors import ConfigError
from ns3marl.fidelity.record import record
from ns3marl.fidelity.trace import Trace
from ns3marl.progress import ProgressDisplay
from ns3marl.scenarios.aiot_mec.twin import calibrate
from ns3marl.scenarios.aiot_mec.twin.calibrate import TOLERANCES, Recording
from ns3marl.scenarios.aiot_mec.twin.calibration import Calibration
from ns3marl.scenarios.aiot_mec.twin.settings import Settings
from ns3marl.types import Float64

FIT_CELLS = ("10/3", "50/3", "50/9", "50/15", "75/12")
HELD_OUT_CELLS = ("25/6", "50/6", "50/12", "50/18", "100/15")
"""Devices and servers; no cell stands in both."""
POLICIES = ("random", "random-offload", "best-snr", "coordinated-greedy")
"""Local-only needs none of the constants."""
CONSTANTS = ("access_us", "collision_us", "downlink_us", "midpoint_shift_db", "hidden_factor")


@dataclass(frozen=True)
class Plan:
    """What is recorded and how it is fitted."""

    cells: tuple[str, ...] = FIT_CELLS
    """Devices/servers of the episodes that are fitted."""
    held_out: tuple[str, ...] = HELD_OUT_CELLS
    """Those whose error is only reported."""
    policies: tuple[str, ...] = POLICIES
    """Heuristics that decide."""
    episodes: int = 2
    """Of each policy in each cell."""
    ticks: int = 100
    """Of an episode."""
    seed: int = 5001
    """Of the worlds; that of no training and no evaluation."""
    arguments: tuple[str, ...] = ()
    """More scenario arguments, such as a preset."""
    constants: tuple[str, ...] = CONSTANTS
    """Which ones may move, see ``fastsim.calibrate.STEPS``."""
    rounds: int = 3
    """How often the steps of the search are halved."""
    repeats: int = 2
    """How often the twin plays each episode with other backoffs."""


@dataclass(frozen=True)
class Errors:
    """How far the twin is off in one metric and one set of episodes, in tolerances: beyond 1 in magnitude is outside."""

    metric: str
    mean: float
    rms: float
    outside: int
    points: int


@dataclass(frozen=True)
class Fit:
    """The fitted constants, and errors by set of episodes, before and after."""

    calibration: Calibration
    errors: dict[str, tuple[list[Errors], list[Errors]]]  #: ``fitted`` and ``held out``


def arguments_of(cell: str, plan: Plan) -> tuple[str, ...]:
    """Scenario arguments of a cell.

    Raises:
        ConfigError: It is not two whole numbers, or the twin does not model it.
    """
    devices, slash, servers = cell.partition("/")
    if not (slash and devices.isdigit() and servers.isdigit()):
        raise ConfigError(f"cell {cell!r}: expected devices/servers such as 50/9")
    arguments = (f"--devices={devices}", f"--servers={servers}", f"--ticks={plan.ticks}", *plan.arguments)
    Settings.parse(arguments)
    return arguments


def fit_cells(
    plan: Plan,
    traces: Path,
    display: ProgressDisplay,
    *,
    jobs: int = 1,
    start: Calibration | None = None,
    report: Callable[[str], None] = lambda _: None,
) -> Fit:
    """Records what is missing, and fits.

    Args:
        plan: What and how.
        traces: Folder of traces; those that are there are not played again.
        display: Where to show progress.
        jobs: Episodes of ns-3 at a time.
        start: Constants to begin with; the shipped ones by default.
        report: Called with a line for each improvement.

    Raises:
        ConfigError: A cell is fitted and held out, or cannot be.
        TraceError: A recorded episode is damaged.
        SimulatorError: ns-3 failed.
    """
    both = sorted(set(plan.cells) & set(plan.held_out))
    if both:
        raise ConfigError(
            f"cells {', '.join(both)} are both fitted and held out; an error of what was fitted proves little"
        )
    cells = {cell: arguments_of(cell, plan) for cell in (*plan.cells, *plan.held_out)}
    work = [(cell, policy) for cell in cells for policy in plan.policies]
    recorded: dict[str, list[Trace]] = {cell: [] for cell in cells}
    for done, (cell, policy) in enumerate(work):

        def show(share: float, text: str, done: int = done, cell: str = cell) -> None:
            display.show((done + share) / len(work), f"{cell}: {text}")

        recorded[cell] += record(
            traces,
            policy,
            cells[cell],
            seed=plan.seed,
            runs=range(1, plan.episodes + 1),
            jobs=min(jobs, plan.episodes),
            report=show,
        )
    display.show(1.0, "recorded; fitting", force=True)
    fitted = [one.recording() for cell in plan.cells for one in recorded[cell]]
    held_out = [one.recording() for cell in plan.held_out for one in recorded[cell]]
    first = start or Calibration.load()
    best = calibrate.fit(
        fitted,
        held_out,
        constants=plan.constants,
        start=first,
        rounds=plan.rounds,
        repeats=plan.repeats,
        provenance=_provenance(plan, next(iter(recorded.values()))[0]),
        report=report,
    )
    sets = {"fitted": fitted, "held out": held_out}
    return Fit(
        best,
        {
            name: (errors(of, first, plan.repeats), errors(of, best, plan.repeats))
            for name, of in sets.items()
            if of
        },
    )


def errors(recordings: Sequence[Recording], calibration: Calibration, repeats: int = 2) -> list[Errors]:
    """Errors of the twin under these constants, by metric; what a side could not measure is left out."""
    found = calibrate.errors(recordings, calibrate.replay(recordings, calibration, repeats))
    return [_summary(name, values[np.isfinite(values)]) for name, values in found.items()]


def _summary(metric: str, values: Float64) -> Errors:
    if not len(values):
        return Errors(metric, np.nan, np.nan, 0, 0)
    rms = float(np.sqrt(np.square(values).mean()))
    return Errors(metric, float(values.mean()), rms, int((np.abs(values) > 1).sum()), len(values))


def table(fit: Fit) -> tuple[list[str], list[list[str]]]:
    """Errors as text: header and rows, in tolerances."""
    header = [
        "episodes",
        "metric",
        "tolerance",
        "mean before",
        "after",
        "rms before",
        "after",
        "outside before",
        "after",
    ]
    rows = []
    for name, (before, after) in fit.errors.items():
        for old, new in zip(before, after, strict=True):
            tolerance, is_relative = TOLERANCES[old.metric]
            rows.append(
                [
                    name,
                    old.metric,
                    f"{100 * tolerance:g} {'%' if is_relative else 'points'}",
                    *(f"{value:+.2f}" for value in (old.mean, new.mean)),
                    *(f"{value:.2f}" for value in (old.rms, new.rms)),
                    *(f"{one.outside} of {one.points}" for one in (old, new)),
                ]
            )
    return header, rows


def _provenance(plan: Plan, one: Trace) -> dict[str, Any]:
    versions = one.provenance.get("versions", {})
    return {
        "ns3": versions.get("ns3", "?"),
        "ns3_build_profile": versions.get("ns3_build_profile", "?"),
        "ns3marl": versions.get("ns3marl", "?"),
        "git_commit": one.provenance.get("git_commit", "?"),
        "date": dt.datetime.now(dt.timezone.utc).isoformat(timespec="seconds"),
        "cells": list(plan.cells),
        "held_out_cells": list(plan.held_out),
        "policies": list(plan.policies),
        "episodes": plan.episodes,
        "ticks": plan.ticks,
        "seed": plan.seed,
        "arguments": list(plan.arguments),
    }
