# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Calibration: records simple policies in ns-3 over several sizes, fits the twin's constants, and reports the errors.

The scenario's ``Calibrator`` fits by replaying the recorded actions, so the errors contain no different decisions.
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
from ns3marl.fidelity.scenario import Calibrator, ScenarioFidelity, fidelity_of
from ns3marl.fidelity.trace import Trace
from ns3marl.progress import ProgressDisplay
from ns3marl.types import Float64


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What to record and how to fit."""

    scenario: str
    """Name of a built scenario, or the path of its executable."""
    cells: tuple[str, ...]
    """Sizes of the network to fit, in the syntax of the scenario's calibrator."""
    held_out: tuple[str, ...]
    """Sizes whose error is only reported."""
    policies: tuple[str, ...]
    """Simple policies to record."""
    constants: tuple[str, ...]
    """Constants to fit."""
    episodes: int = 2
    """Episodes of each policy in each cell."""
    ticks: int = 100
    """Ticks of an episode."""
    seed: int = 5001
    """RngSeed of the worlds; differs from the defaults of training and evaluation."""
    arguments: tuple[str, ...] = ()
    """More scenario arguments, such as a preset."""
    rounds: int = 3
    """How often the steps of the search are halved."""
    repeats: int = 8
    """How often the twin plays each episode, with different backoffs."""


def plan(scenario: str, **changes: Any) -> Plan:
    """The calibrator's default plan for a scenario, with changes.

    Raises:
        ConfigError: The scenario has no calibrator.
    """
    one = calibrator_of(fidelity_of(scenario), scenario)
    names = ("cells", "held_out", "policies", "constants")
    return Plan(scenario=scenario, **{name: getattr(one, name) for name in names} | changes)


def calibrator_of(of: ScenarioFidelity, scenario: str) -> Calibrator:
    """The calibrator of a scenario's twin.

    Raises:
        ConfigError: There is none.
    """
    if of.calibrator is None:
        raise ConfigError(
            f"the twin of scenario {scenario!r} has no constants to fit: its descriptor names no calibrator"
        )
    return of.calibrator


@dataclass(frozen=True)
class Errors:
    """Error of the twin in one metric and one set of episodes, in tolerances; a magnitude above 1 is outside."""

    metric: str
    mean: float
    rms: float
    outside: int
    points: int


@dataclass(frozen=True)
class Fit:
    """The fitted constants, in the calibrator's type, and errors by set of episodes, before and after."""

    calibration: Any
    errors: dict[str, tuple[list[Errors], list[Errors]]]  #: ``fitted`` and ``held out``


def arguments_of(cell: str, plan: Plan, calibrator: Calibrator) -> tuple[str, ...]:
    """Scenario arguments of a cell.

    Raises:
        ConfigError: The cell is not valid, or the twin does not model it.
    """
    return (*calibrator.arguments(cell), f"--ticks={plan.ticks}", *plan.arguments)


def fit_cells(
    plan: Plan,
    traces: Path,
    display: ProgressDisplay,
    *,
    jobs: int = 1,
    start: Any = None,
    report: Callable[[str], None] = lambda _: None,
) -> Fit:
    """Records the missing episodes, and fits.

    Args:
        plan: What to record and how to fit.
        traces: Folder of traces; existing ones are not played again.
        display: Shows the progress.
        jobs: Episodes of ns-3 at a time.
        start: Initial constants; the bundled ones by default.
        report: Called with a line for each improvement.

    Raises:
        ConfigError: A cell is both fitted and held out, or not valid.
        TraceError: A recorded episode is damaged.
        SimulatorError: ns-3 failed.
    """
    both = sorted(set(plan.cells) & set(plan.held_out))
    if both:
        raise ConfigError(
            f"cells {', '.join(both)} are both fitted and held out; an error of what was fitted proves little"
        )
    of = fidelity_of(plan.scenario)
    calibrator = calibrator_of(of, plan.scenario)
    cells = {cell: arguments_of(cell, plan, calibrator) for cell in (*plan.cells, *plan.held_out)}
    for arguments in cells.values():
        of.spec(arguments)  # refuses what the twin does not model
    work = [(cell, policy) for cell in cells for policy in plan.policies]
    recorded: dict[str, list[Trace]] = {cell: [] for cell in cells}
    for done, (cell, policy) in enumerate(work):

        def show(share: float, text: str, done: int = done, cell: str = cell) -> None:
            display.show((done + share) / len(work), f"{cell}: {text}")

        recorded[cell] += record(
            traces,
            policy,
            plan.scenario,
            cells[cell],
            seed=plan.seed,
            runs=range(1, plan.episodes + 1),
            jobs=min(jobs, plan.episodes),
            report=show,
        )
    display.show(1.0, "recorded; fitting", force=True)
    fitted = [one for cell in plan.cells for one in recorded[cell]]
    held_out = [one for cell in plan.held_out for one in recorded[cell]]
    first = calibrator.load(None) if start is None else start
    best = calibrator.fit(
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
            name: (
                errors(traces, calibrator, first, plan.repeats),
                errors(traces, calibrator, best, plan.repeats),
            )
            for name, traces in sets.items()
            if traces
        },
    )


def errors(
    traces: Sequence[Trace], calibrator: Calibrator, calibration: Any, repeats: int = 8
) -> list[Errors]:
    """Errors of the twin with these constants, by metric; without values that a side could not measure."""
    found = calibrator.errors(traces, calibration, repeats)
    return [_summary(name, values[np.isfinite(values)]) for name, values in found.items()]


def _summary(metric: str, values: Float64) -> Errors:
    if not len(values):
        return Errors(metric, np.nan, np.nan, 0, 0)
    rms = float(np.sqrt(np.square(values).mean()))
    return Errors(metric, float(values.mean()), rms, int((np.abs(values) > 1).sum()), len(values))


def table(fit: Fit, of: ScenarioFidelity) -> tuple[list[str], list[list[str]]]:
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
            tolerance, is_relative = of.tolerances[old.metric]
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
