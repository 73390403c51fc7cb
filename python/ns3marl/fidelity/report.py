# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The report of a validation: one HTML file without external assets, and the same in Markdown."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ns3marl.errors import ConfigError
from ns3marl.fidelity import plots
from ns3marl.fidelity.validate import FILE, FORMAT, VERSION
from ns3marl.plotting import pretty, render
from ns3marl.reporting import page
from ns3marl.reporting.page import Cell, TextTable, estimate
from ns3marl.reporting.plots import Results
from ns3marl.reporting.report import heading


def report(folder: Path, out: Path | None = None, figures: Sequence[str] = ()) -> Path:
    """Writes ``report.html``, ``report.md`` and ``plots/*.png`` from the results of a validation.

    Args:
        folder: Folder of the validation.
        out: Folder of the report; by default the same.
        figures: Other kinds of files that each plot is written as, see ``ns3marl.plotting.KINDS``.

    Returns:
        The path of ``report.html``.

    Raises:
        ConfigError: The folder holds no results of a validation, or there is no such kind of figure.
        OutputError: The report cannot be written.
    """
    results = read(folder)
    metrics = [*results["tolerances"]]
    drawn = [
        render(
            "gaps",
            "How far the twin is off",
            lambda: plots.gaps(results, metrics),
            "Twin minus ns-3 in tolerances, mean and 95 % interval over paired episodes. The band is what is allowed; red: a "
            "mean outside.",
        ),
        render(
            "sides",
            "Every policy on both sides",
            lambda: plots.sides(results, metrics),
            "Means on both sides with 95 % intervals; on the dashed line they are equal.",
        ),
    ]
    if any(results["states"].values()):
        drawn.append(
            render(
                "states",
                "Where the gap comes from",
                lambda: plots.states(results),
                "Decisions grouped by their conditions, in bins of about equally many. Dots: completion in the twin minus that in "
                "ns-3, with 95 % intervals over episodes. Bars: share of the decisions times that gap, what the bin adds to the "
                f"gap of the whole. {where(results)}",
            )
        )
    if results["endings"]:
        drawn.append(
            render(
                "endings",
                "How decisions fail",
                lambda: plots.endings(results),
                "How decisions ended that did not complete, in percent of all.",
            )
        )
    if results["distributions"]:
        drawn.append(
            render(
                "distributions",
                "Distributions",
                lambda: plots.distributions(results),
                "Shares by value. The outermost bins hold what lies beyond.",
            )
        )
    every = list(results["metrics"])
    content = {
        "title": f"{results['policy']}: twin and ns-3",
        "verdict": results["verdict"],
        "sides": table(results, results["policy"], results["main_metrics"]),
        "overview": overview(results),
        "ranking": ranking(results),
        "worst": _worst(results),
        "files": results["worst"]["files"],
        "facts": _facts(results),
        "every_metric": {name: table(results, name, every) for name in results["policies"]},
        "manifests": json.dumps(results["provenance"], indent=2),
    }
    return page.write(out or folder, "validation", drawn, content, figures)


def is_validation(folder: Path) -> bool:
    """Whether a folder holds the results of a validation."""
    try:
        content = json.loads((folder / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(content, dict) and content.get("format") == FORMAT


def read(folder: Path) -> Results:
    """The results of a validation.

    Raises:
        ConfigError: The folder contains none.
    """
    path = folder / FILE
    try:
        results: Results = json.loads(path.read_text(encoding="utf-8"))
        found = (results.get("format"), results.get("version"))
    except (OSError, ValueError, AttributeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}; run `ns3marl validate`") from error
    if found != (FORMAT, VERSION):
        raise ConfigError(f"{path} is {found}, expected {(FORMAT, VERSION)}; run `ns3marl validate` again")
    return results


def table(results: Results, policy: str, metrics: Sequence[str]) -> TextTable:
    """Metrics of a policy on both sides; verdicts within the tolerance are marked."""
    header = ["metric", "twin", "ns-3", "gap", "gap in %", "allowed", "verdict"]
    gaps = results["policies"][policy]["gaps"]
    rows: list[list[Cell]] = []
    for metric in metrics:
        entry = gaps[metric]
        relative = "–" if entry["relative"] is None else f"{round(100 * entry['relative'], 1) + 0:+.1f}"
        allowed = "" if entry["tolerance"] is None else f"±{entry['tolerance']:.3g}"
        both = (estimate(entry[side]) for side in ("twin", "ns3", "gap"))
        rows.append([heading(results, metric), *both, relative, allowed, _word(entry)])
    within = frozenset((row, len(header) - 1) for row, metric in enumerate(metrics) if gaps[metric]["within"])
    note = (
        "Mean and 95 % interval. Settled: the whole interval of the gap lies on one side of what is allowed."
    )
    return TextTable(header, rows, within, note)


def overview(results: Results) -> TextTable:
    """The gaps of all policies in the metrics that have a tolerance."""
    header = [
        "policy",
        *(f"{_heading(results, metric)}, twin − ns-3" for metric in results["tolerances"]),
        "outside",
    ]
    rows = []
    for name, entry in results["policies"].items():
        gaps = [entry["gaps"][metric] for metric in results["tolerances"]]
        outside = [
            _heading(results, metric)
            for metric, one in zip(results["tolerances"], gaps, strict=True)
            if one["within"] is False
        ]
        rows.append([name, *(estimate(one["gap"]) for one in gaps), ", ".join(outside) or "nothing"])
    return TextTable(header, rows)


def ranking(results: Results) -> TextTable:
    """Rank agreement by metric."""
    header = [
        "metric",
        "tau",
        "pairs that ns-3 tells apart",
        "the other way round in the twin",
        "not told apart",
    ]
    rows = []
    for metric, entry in results["ranking"].items():
        tau = "–" if entry["tau"] is None else f"{entry['tau']:.2f}"
        pairs = [
            ", ".join(f"{a} / {b}" for a, b in entry[kind]) or "none" for kind in ("discordant", "undecided")
        ]
        rows.append([_heading(results, metric), tau, str(entry["pairs"]), *pairs])
    note = (
        "Kendall's tau over the pairs of policies whose paired difference in ns-3 has an interval without 0."
    )
    return TextTable(header, rows, note=note)


def _word(entry: dict[str, Any]) -> str:
    if entry["within"] is None:
        return ""
    return ("within" if entry["within"] else "outside") + ("" if entry["settled"] else ", not settled")


def _heading(results: Results, metric: str) -> str:
    unit = results["metrics"][metric]["unit"]
    return pretty(metric, unit) if unit == "1" else f"{pretty(metric, unit)} [{unit}]"


def _facts(results: Results) -> list[tuple[str, str]]:
    ns3, twin = results["provenance"]["ns3"], results["provenance"]["fastsim"]
    calibration = twin.get("calibration", {"file": "none", "constants": {}, "provenance": {}})
    scenario, versions = ns3["scenario"], ns3["versions"]
    constants = ", ".join(f"{name} {value:g}" for name, value in calibration["constants"].items())
    told = {k: v for k, v in calibration["provenance"].items() if k not in {"recordings", "held_out"}}
    notes = "; ".join(f"{name} {_listed(value)}" for name, value in told.items())
    return [
        (
            "Backends",
            f"ns3 {', '.join(ns3['ns3_versions'])} ({versions['ns3_build_profile']}); fastsim of ns3marl {versions['ns3marl']}",
        ),
        ("Scenario", " ".join([scenario["name"], *scenario["arguments"]])),
        (
            "Episodes",
            f"{results['episodes']} of {scenario['ticks']} ticks, seed {results['seed']}, RngRun {_runs(results['runs'])}",
        ),
        ("Policies", ", ".join(f"{name} ({source})" for name, source in results["sources"].items())),
        (
            "Actions",
            "the most likely ones" if results["greedy"] else "sampled, with the same noise on both sides",
        ),
        ("Calibration", calibration["file"]),
        ("Constants", constants),
        ("Fitted to", notes or "nothing"),
        ("Recorded", " to ".join(ns3["recorded"])),
        ("Commit", ", ".join(ns3["git_commits"])),
        ("Intervals", results["interval"]),
    ]


def _listed(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _runs(runs: Sequence[int]) -> str:
    return f"{runs[0]} to {runs[-1]}" if len(runs) > 1 else str(runs[0])


def _worst(results: Results) -> str:
    worst = results["worst"]
    text = (
        f"Run {worst['run']}: {_heading(results, worst['metric'])} is {worst['tolerances']:+.2f} tolerances off, the most of all "
        "episodes."
    )
    if worst["files"]:
        return f"{text} Played again in ns-3 as it was recorded: {len(worst['files'])} {worst['kind']} files in worst/."
    return f"{text} `--trace pcap` or `--trace netanim` plays it again and writes what happened."


def where(results: Results) -> str:
    """The decisions with the largest part of the gap: the range that adds most, of those whose interval excludes 0."""
    found = [
        (abs(one["contribution"]), factor, one)
        for factor, bins in results["states"].items()
        for one in bins
        if one["contribution"]
        and one["gap"]["low"] is not None
        and one["gap"]["low"] * one["gap"]["high"] > 0
    ]
    if not found:
        return "No range of any quantity has a completion gap whose interval excludes 0."
    _, factor, one = max(found, key=lambda entry: entry[0])
    description, unit = results["factors"][factor]
    return (
        f"Most comes from decisions with {description} of {one['low']:.3g} to {one['high']:.3g} {unit}: {100 * one['share']:.0f} % of "
        f"the decisions, gap {estimate(one['gap'], 100)} points, which adds {100 * one['contribution']:+.2f} points to the whole. "
        f"Of {len([1 for bins in results['states'].values() for _ in bins])} ranges {len(found)} have an interval without 0; one in "
        "twenty would by chance."
    )
