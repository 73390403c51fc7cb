# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The report of a run: one HTML file without external assets, and the same in Markdown."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from ns3marl import files
from ns3marl.errors import ConfigError
from ns3marl.evaluation import comparison
from ns3marl.evaluation.comparison import REWARD
from ns3marl.plotting import Plot, pretty, render
from ns3marl.reporting import page, plots
from ns3marl.reporting.page import Cell, TextTable, estimate
from ns3marl.reporting.plots import Results, Rows
from ns3marl.reporting.verdict import verdict
from ns3marl.training import metrics

MAIN_METRICS = 6
"""Number of metrics in the table and the bars, after the reward; a spec lists its most important metrics first."""


def report(folder: Path, out: Path | None = None, figures: Sequence[str] = ()) -> Path:
    """Writes ``report.html``, ``report.md`` and ``plots/*.png`` for a run or an evaluation in a folder.

    Args:
        folder: A run folder, or the folder of an evaluation.
        out: Folder of the report; by default the same.
        figures: Other kinds of files that each plot is written as, see ``ns3marl.plotting.KINDS``.

    Returns:
        The path of ``report.html``.

    Raises:
        ConfigError: The folder holds neither, a file in it is damaged, or there is no such kind of figure.
        OutputError: The report cannot be written.
    """
    rows = _updates(folder)
    curves = {
        path.parent.name: _updates(path.parent) for path in sorted(folder.glob(f"seed-*/{metrics.FILE}"))
    }
    logs = [folder, *(folder / name for name in curves)]
    curves = {name: curve for name, curve in curves.items() if curve}
    where = next(
        (place for place in (folder / "evaluation", folder) if (place / comparison.FILE).exists()), folder
    )
    results = comparison.read(where)
    if not rows and not curves and results is None:
        if any((log / metrics.FILE).exists() for log in logs):
            raise ConfigError(
                f"{folder} has nothing to report yet: its training has made no update; go on with `ns3marl train --resume "
                f"{folder}`"
            )
        raise ConfigError(
            f"{folder} holds neither {metrics.FILE} of a training nor {comparison.FILE} of an evaluation; give a run folder"
        )
    first = folder / next(iter(curves), "")
    manifest = files.read_json(first / "manifest.json")
    origin = first / "manifest.json" if manifest is not None else where / comparison.FILE
    manifest = manifest or (results or {}).get("manifest", {})
    config = first / "config.toml"
    what = "training and evaluation" if rows or curves else "evaluation"
    with _reading(where / comparison.FILE):
        compared = None if results is None else _comparison(results)
        bands = {"training": list(curves.values())} if curves else {} if rows else _trainings(results)
        drawn = _draw(rows, bands, results)
    with _reading(origin):
        facts = _facts(manifest, rows, list(curves), results)
        title = f"{manifest.get('scenario', {}).get('name', 'ns3marl')}: {what}"
    for log in logs:
        if damaged := metrics.unreadable(log):
            lines = ", ".join(map(str, damaged))
            facts.append(("Left out", f"{log / metrics.FILE}, which is damaged in line {lines}"))
    content = {
        "title": title,
        "facts": facts,
        "config": files.read_text(config) if config.exists() else "",
        "manifest": json.dumps(manifest, indent=2),
        "comparison": compared,
    }
    return page.write(out or folder, "run", drawn, content, figures)


def _updates(run: Path) -> Rows:
    """The rows of a run's log from which a curve can be drawn."""
    return [row for row in metrics.read(run) if REWARD.name in row]


def _trainings(results: Results | None) -> dict[str, list[Rows]]:
    """Of an evaluation elsewhere: the logs of the policies whose run folders are still there, by policy."""
    policies = [] if results is None else results["policies"]
    found = {
        policy["name"]: [
            log
            for source in map(Path, policy.get("sources", []))
            if source.is_dir() and (log := _updates(source))
        ]
        for policy in policies
    }
    return {name: logs for name, logs in found.items() if logs}


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Raises ConfigError for a file with missing or wrong contents."""
    try:
        yield
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise ConfigError(
            f"{path} cannot be read: it lacks something, or holds something else ({type(error).__name__}: {error}); make it "
            "again, or restore a copy"
        ) from error


def main_metrics(results: Results) -> list[str]:
    """The metrics of the table and the bars."""
    return list(results["metrics"])[: 1 + MAIN_METRICS]


def table(results: Results) -> TextTable:
    """Means and intervals of the main metrics; the best mean, and those that its interval does not exclude, are marked."""
    names = main_metrics(results)
    rows = [
        [
            label(policy),
            "central information" if policy["central"] else "own observation",
            *(estimate(results["summary"][policy["name"]][name]) for name in names),
        ]
        for policy in results["policies"]
    ]
    marked = frozenset((row, 2 + column) for column, name in enumerate(names) for row in best(results, name))
    note = (
        f"Mean [95 % interval] over {results['episodes']} episodes and the training seeds. Marked: the best mean, and every "
        "mean whose interval overlaps that of the best; nothing where all overlap. A policy that acts on central "
        "information sees more than any agent could: it is a reference, not a competitor."
    )
    return TextTable(["policy", "acts on", *(heading(results, name) for name in names)], rows, marked, note)


def best(results: Results, metric: str) -> set[int]:
    """Rows of the policies that may be best in a metric; none if every policy may be, or if there are no intervals."""
    entries = [results["summary"][policy["name"]][metric] for policy in results["policies"]]
    sign = 1 if results["metrics"][metric]["higher_is_better"] else -1
    known = {row: entry for row, entry in enumerate(entries) if entry["low"] is not None}
    if not known:
        return set()
    first = max(known.values(), key=lambda entry: sign * entry["mean"])
    overlapping = {
        row for row, entry in known.items() if entry["low"] <= first["high"] and entry["high"] >= first["low"]
    }
    return overlapping if len(overlapping) < len(known) else set()


def label(policy: dict[str, Any]) -> str:
    """A policy of the results in a table: its name, the number of its training seeds, and its notes."""
    notes = [f"{len(policy['seeds'])} seeds"] if len(policy["seeds"]) > 1 else []
    notes += [policy["notes"]] if policy["notes"] else []
    return f"{policy['name']} ({'; '.join(notes)})" if notes else str(policy["name"])


def opposite(chance: dict[str, float | None]) -> dict[str, float | None]:
    """The probability that the reference is better, with its interval, from that of the other policy."""
    turned = {"value": chance["value"], "low": chance["high"], "high": chance["low"]}
    return {key: None if value is None else 1 - value for key, value in turned.items()}


def _comparison(results: Results) -> dict[str, Any]:
    """Values for the templates of an evaluation."""
    return {
        "verdict": verdict(results),
        "means": table(results),
        "robust": _robust(results),
        "differences": differences(results),
        "everything": _everything(results),
    }


def _robust(results: Results) -> TextTable:
    """Interquartile means."""
    names = main_metrics(results)
    header = ["policy", *(f"IQM of {heading(results, name)}" for name in names)]
    rows: list[list[Cell]] = []
    for policy in results["policies"]:
        summary = results["summary"][policy["name"]]
        rows.append([label(policy), *(estimate(summary[name]["iqm"], key="value") for name in names)])
    note = (
        "Interquartile mean [95 % interval]: the mean of the middle half of the episodes and training seeds."
    )
    return TextTable(header, rows, note=note)


def differences(results: Results) -> TextTable:
    """Paired differences from the reference on the same episodes, and the probability that the reference earns more."""
    names, reference = main_metrics(results), results["reference"]
    rows = [
        [
            policy,
            *(estimate(summary[name]["difference"]) for name in names),
            estimate(opposite(summary[REWARD.name]["improvement"]), key="value"),
        ]
        for policy, summary in results["summary"].items()
        if policy != reference
    ]
    header = [
        f"minus {reference}",
        *(heading(results, name) for name in names),
        f"P({reference} earns more)",
    ]
    note = (
        "Differences on the same episodes [95 % interval]. An interval without 0 is a difference that chance does not explain. P: the "
        "probability that a run of the reference earns more on the same episode; 0.5 says that neither is better."
    )
    return TextTable(header, rows, note=note)


def _everything(results: Results) -> TextTable:
    """Every metric of every policy."""
    rows: list[list[Cell]] = [
        [
            f"{name}{_unit(results, name)} {arrow(results, name)}",
            *(estimate(summary[name]) for summary in results["summary"].values()),
        ]
        for name in results["metrics"]
    ]
    return TextTable(["metric", *results["summary"]], rows)


def heading(results: Results, name: str) -> str:
    """A metric as the header of a table: name, unit, and an arrow up where higher is better, down where lower is."""
    meta = results["metrics"][name]
    return f"{pretty(name, meta['unit'])}{_unit(results, name)} {arrow(results, name)}"


def arrow(results: Results, name: str) -> str:
    """Up where higher values of a metric are better, down where lower ones are."""
    return "↑" if results["metrics"][name]["higher_is_better"] else "↓"


def _unit(results: Results, name: str) -> str:
    unit = results["metrics"][name]["unit"]
    return "" if unit == "1" else f" [{unit}]"


def _draw(rows: Rows, curves: dict[str, list[Rows]], results: Results | None) -> list[Plot]:
    drawn: list[Plot] = []
    summaries = {} if results is None else results["summary"]
    means = {name: summary[REWARD.name]["mean"] for name, summary in summaries.items()}
    references = {f"{name}, evaluation": mean for name, mean in means.items() if mean is not None}
    if curves:
        drawn.append(
            render(
                "learning-curves",
                "Learning curves",
                lambda: plots.learning_bands(curves, references),
                "Team reward per tick during training. Line: interquartile mean over the training seeds. Band: 95 % "
                "bootstrap interval over them. Dashed: means of the evaluated policies.",
            )
        )
    if rows:
        drawn += [
            render(
                "learning-curve",
                "Learning curve",
                lambda: plots.learning_curve(rows, references),
                "Team reward per tick during training. Dashed: means of the evaluated policies.",
            ),
            render(
                "learner",
                "Learner",
                lambda: plots.learner_health(rows),
                "KL divergence between the policy that acted and the updated one, entropy of each active head, and the share "
                "of the returns' variance that the critic explains.",
            ),
            render(
                "time",
                "Where the time of training went",
                lambda: plots.time_split(rows),
                "Simulator: waiting for ns-3. Wire: encoding, transport and decoding. Learner: choosing actions and updating.",
            ),
        ]
    if results is not None:
        drawn += [
            render(
                "metrics",
                "Means and 95 % intervals",
                lambda: plots.metric_bars(results, main_metrics(results)),
                "Bars: means over evaluation episodes. Whiskers: 95 % bootstrap intervals.",
            ),
            *_parts(results),
            *_distributions(results),
            render(
                "actions",
                "What the policies chose",
                lambda: plots.action_shares(results),
                "Choices in percent, real-valued heads as histograms over their range, counted over the decisions in which "
                "the head was active. Empty: it never was.",
            ),
        ]
    return drawn


def _parts(results: Results) -> list[Plot]:
    """Metrics that add up to a whole, such as causes of failure."""
    return [
        render(
            f"parts-{number}",
            title,
            partial(plots.parts, results, names),
            "Shares in percent, mean over evaluation episodes and training seeds.",
        )
        for number, (title, names) in enumerate(results.get("parts", {}).items(), 1)
        if names
    ]


def _distributions(results: Results) -> list[Plot]:
    """Distributions from the tables of the evaluation, such as latency."""
    policies = list(results["summary"])
    return [
        render(
            f"distribution-{number}",
            spread["title"],
            partial(plots.distribution, spread, policies),
            "Over all rows of the evaluation's tables: the share of values that are at most as large. Further left is smaller.",
        )
        for number, spread in enumerate(results.get("distributions", []), 1)
        if spread["quantiles"]
    ]


def _facts(
    manifest: dict[str, Any], rows: Rows, runs: Sequence[str], results: Results | None
) -> list[tuple[str, str]]:
    """The provenance of a report: names and values."""
    scenario, versions = manifest.get("scenario", {}), manifest.get("versions", {})
    backend = str(manifest.get("backend", "?"))
    if versions.get("ns3", "none") != "none":
        backend += f" {versions['ns3']} ({versions['ns3_build_profile']})"
    facts = {
        "Backend": backend,
        "Scenario": " ".join([scenario.get("name", "?"), *scenario.get("arguments", [])]),
        "Agents": str(scenario.get("agents", "?")),
        "Episode": f"{scenario.get('ticks', '?')} ticks of {scenario.get('tick_ns', 0) / 1e6:g} ms",
    }
    if rows:
        last = rows[-1]
        facts["Training"] = (
            f"{last['ticks']:,.0f} ticks, {last['update']:.0f} updates, {last.get('wall_s', 0) / 60:.1f} minutes"
        )
    if results is not None:
        facts["Evaluation"] = (
            f"{results['episodes']} fresh episodes per policy, the same for all; seed {results['seed']}"
        )
        if "evaluations" in results:
            facts["Taken from"] = ", ".join(results["evaluations"])
    facts["Seeds"] = ", ".join(f"{name} {seed}" for name, seed in manifest.get("seeds", {}).items())
    facts["Versions"] = ", ".join(
        f"{name} {version}" for name, version in versions.items() if name not in {"ns3", "ns3_build_profile"}
    )
    facts["Commit"] = str(manifest.get("git_commit", "?"))
    if runs:
        facts["Training runs"] = f"{len(runs)}: {', '.join(runs)}"
    return list(facts.items())
