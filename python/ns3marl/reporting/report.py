# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The report of a run: one HTML file without external assets, and the same in Markdown."""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

from ns3marl import plotting
from ns3marl.errors import ConfigError
from ns3marl.evaluation import comparison
from ns3marl.plotting import Plot, pretty
from ns3marl.reporting import page, plots
from ns3marl.reporting.plots import Results
from ns3marl.training import metrics

MAIN_METRICS = 6
"""A spec lists its most telling metrics first: so many of them, after the reward, make the table and the bars."""


def report(folder: Path) -> Path:
    """Writes ``report.html``, ``report.md`` and ``plots/*.png`` from what a run or an evaluation left in a folder.

    Args:
        folder: A run folder, or the folder of an evaluation alone.

    Returns:
        The path of ``report.html``.

    Raises:
        ConfigError: The folder holds neither.
    """
    rows = metrics.read(folder)
    curves = {
        path.parent.name: metrics.read(path.parent) for path in sorted(folder.glob(f"seed-*/{metrics.FILE}"))
    }
    curves = {name: curve for name, curve in curves.items() if curve}
    results = comparison.read(folder / "evaluation") or comparison.read(folder)
    if not rows and not curves and results is None:
        raise ConfigError(
            f"{folder} holds neither {metrics.FILE} of a training nor {comparison.FILE} of an evaluation; give a run folder"
        )
    first = folder / next(iter(curves), "")
    manifest = _json(first / "manifest.json") or (results or {}).get("manifest", {})
    drawn = _draw(rows, curves, results)
    (folder / "plots").mkdir(exist_ok=True)
    for plot in drawn:
        (folder / "plots" / f"{plot.name}.png").write_bytes(plot.png)
    config = (first / "config.toml").read_text(encoding="utf-8") if (first / "config.toml").exists() else ""
    title = f"{manifest.get('scenario', {}).get('name', 'ns3marl')}: {'training and evaluation' if rows or curves else 'evaluation'}"
    facts = _facts(manifest, rows, results)
    if curves:
        facts.append(("Training runs", f"{len(curves)}: {', '.join(curves)}"))
    (folder / "report.md").write_text(_markdown(title, facts, results, drawn), encoding="utf-8")
    path = folder / "report.html"
    path.write_text(_html(title, facts, results, drawn, manifest, config), encoding="utf-8")
    return path


def main_metrics(results: Results) -> list[str]:
    """The metrics of the table and the bars."""
    names = list(results["metrics"])
    return names[: 1 + MAIN_METRICS]


def table(results: Results) -> tuple[list[str], list[list[str]], set[tuple[int, int]]]:
    """The comparison as text: header, rows, and the (row, column) of the best value of each metric."""
    names = main_metrics(results)
    header = [
        "policy",
        "acts on",
        *(pretty(name, results["metrics"][name]["unit"]) + _unit(results, name) for name in names),
    ]
    rows, best = [], set()
    for policy in results["policies"]:
        summary = results["summary"][policy["name"]]
        knows = "central information" if policy["central"] else "own observation"
        rows.append([label(policy), knows, *(page.interval(summary[name]) for name in names)])
    for column, name in enumerate(names, start=2):
        sign = 1 if results["metrics"][name]["higher_is_better"] else -1
        means = [summary[name]["mean"] for summary in results["summary"].values()]
        known = [(sign * mean, row) for row, mean in enumerate(means) if mean is not None]
        if known:
            best.add((max(known)[1], column))
    return header, rows, best


def label(policy: dict[str, Any]) -> str:
    """A policy of the results in a table: its name, how many training seeds, and its remarks."""
    notes = [f"{len(policy['seeds'])} seeds"] if len(policy["seeds"]) > 1 else []
    notes += [policy["notes"]] if policy["notes"] else []
    return f"{policy['name']} ({'; '.join(notes)})" if notes else str(policy["name"])


def robust_table(results: Results) -> tuple[list[str], list[list[str]]]:
    """Interquartile means, and the probability that the reference improves on each policy: header and rows."""
    names = main_metrics(results)
    reward = results["metrics"][comparison.REWARD.name]
    header = [
        "policy",
        *(f"IQM of {pretty(name, results['metrics'][name]['unit'])}{_unit(results, name)}" for name in names),
        f"P({results['reference']} earns more)",
    ]
    rows = []
    for policy in results["policies"]:
        summary = results["summary"][policy["name"]]
        cells = [
            page.interval({**summary[name]["iqm"], "mean": summary[name]["iqm"]["value"]}) for name in names
        ]
        chance = summary[comparison.REWARD.name]["improvement"]
        rows.append([label(policy), *cells, "" if chance is None else _opposite(chance)])
    assert reward["higher_is_better"]
    return header, rows


def _opposite(chance: dict[str, float | None]) -> str:
    """The probability that the reference is the better of the two, with its interval."""
    value, low, high = (
        None if chance[k] is None else 1 - float(chance[k] or 0) for k in ("value", "high", "low")
    )
    return page.interval({"mean": value, "low": low, "high": high})


def _draw(
    rows: Sequence[dict[str, float]], curves: dict[str, list[dict[str, float]]], results: Results | None
) -> list[Plot]:
    drawn: list[Plot] = []
    references: dict[str, float] = {}
    for name, summary in (results or {"summary": {}})["summary"].items():
        mean = summary[comparison.REWARD.name]["mean"]
        if mean is not None:
            references[f"{name}, evaluation"] = mean
    if curves:
        by_name = {"training": list(curves.values())}
        drawn.append(
            plotting.render(
                "learning-curves", "Learning curves", lambda: plots.learning_bands(by_name, references)
            )
        )
    if rows:
        drawn.append(
            plotting.render(
                "learning-curve", "Learning curve", lambda: plots.learning_curve(rows, references)
            )
        )
        drawn.append(plotting.render("learner", "Learner", lambda: plots.learner_health(rows)))
        drawn.append(
            plotting.render("time", "Where the time of training went", lambda: plots.time_split(rows))
        )
    if results is not None:
        names = main_metrics(results)
        drawn.append(
            plotting.render("metrics", "Means and 95 % intervals", lambda: plots.metric_bars(results, names)),
        )
        drawn.append(
            plotting.render("actions", "What the policies chose", lambda: plots.action_shares(results))
        )
    return drawn


_CAPTIONS = {
    "learning-curve": "Team reward per tick while training; dashed: means of the evaluated policies.",
    "learning-curves": "Team reward per tick while training. Line: interquartile mean over the training seeds; band: 95 % "
    "bootstrap interval over them; dashed: means of the evaluated policies.",
    "learner": "KL divergence between the policy that acted and the updated one, entropy of each head given that it "
    "counts, and how much of the returns the critic explains.",
    "time": "Simulator: waiting while ns-3 simulates. Wire: encoding, transport and decoding. Learner: deciding and "
    "updating.",
    "metrics": "Bars are means over evaluation episodes, whiskers 95 % bootstrap intervals.",
    "actions": "Choices in percent, real-valued heads as histograms over their range; only decisions in which the head "
    "counts. Empty: it never counted.",
}


_MEANS = (
    "<p>Mean and 95 % interval; highlighted: best mean. Who acts on central information is a reference.</p>"
)
_ROBUST = (
    "Interquartile mean [95 % interval], and the probability that a run of the reference earns more on the same episode; 0.5 "
    "says that neither is better."
)


def _facts(
    manifest: dict[str, Any], rows: Sequence[dict[str, float]], results: Results | None
) -> list[tuple[str, str]]:
    scenario, versions = manifest.get("scenario", {}), manifest.get("versions", {})
    facts = [
        (
            "Backend",
            f"{manifest.get('backend', '?')} {versions.get('ns3', '')} ({versions.get('ns3_build_profile', '')})",
        ),
        ("Scenario", " ".join([scenario.get("name", "?"), *scenario.get("arguments", [])])),
        ("Agents", str(scenario.get("agents", "?"))),
        ("Episode", f"{scenario.get('ticks', '?')} ticks of {scenario.get('tick_ns', 0) / 1e6:g} ms"),
    ]
    if rows:
        last = rows[-1]
        facts.append(
            (
                "Training",
                f"{last['ticks']:,.0f} ticks, {last['update']:.0f} updates, {last['wall_s'] / 60:.1f} minutes",
            )
        )
    if results is not None:
        facts.append(
            (
                "Evaluation",
                f"{results['episodes']} fresh episodes per policy, the same for all; seed {results['seed']}",
            )
        )
    seeds = manifest.get("seeds", {})
    facts.append(("Seeds", ", ".join(f"{name} {seed}" for name, seed in seeds.items())))
    facts.append(
        (
            "Versions",
            ", ".join(f"{n} {v}" for n, v in versions.items() if n not in ("ns3", "ns3_build_profile")),
        )
    )
    facts.append(("Commit", str(manifest.get("git_commit", "?"))))
    return facts


def _markdown(
    title: str, facts: Sequence[tuple[str, str]], results: Results | None, drawn: Sequence[Plot]
) -> str:
    lines = [f"# {title}", ""]
    if results is not None:
        header, rows, best = table(results)
        bold = [
            [f"**{cell}**" if (r, c) in best else cell for c, cell in enumerate(row)]
            for r, row in enumerate(rows)
        ]
        lines += [
            *page.markdown_table(header, bold),
            "",
            f"Mean [95 % interval] over {results['episodes']} episodes and the training seeds. Bold: best mean.",
            "Who acts on central information sees more than any agent could: a reference rather than a competitor.",
            "",
        ]
        lines += [*page.markdown_table(*robust_table(results)), "", _ROBUST, ""]
    for plot in drawn:
        lines += [
            f"## {plot.title}",
            "",
            f"![{plot.title}](plots/{plot.name}.png)",
            "",
            _CAPTIONS[plot.name],
            "",
        ]
    lines += ["## Provenance", "", *(f"- {name}: {value}" for name, value in facts), ""]
    return "\n".join(lines)


def _html(
    title: str,
    facts: Sequence[tuple[str, str]],
    results: Results | None,
    drawn: Sequence[Plot],
    manifest: dict[str, Any],
    config: str,
) -> str:
    parts: list[str] = []
    if results is not None:
        parts += ["<h2>Comparison</h2>", page.table(*table(results)), _MEANS, _html_differences(results)]
        robust = page.table(*robust_table(results))
        parts.append(
            page.details("Interquartile means and probability of improvement", f"{robust}<p>{_ROBUST}</p>")
        )
    parts += [page.figure(plot, _CAPTIONS[plot.name]) for plot in drawn]
    parts.append(f"<h2>Provenance</h2>{page.facts(facts)}")
    if results is not None:
        parts.append(page.details("All metrics", _html_all(results)))
    if config:
        parts.append(page.details("Configuration", f"<pre>{escape(config)}</pre>"))
    parts.append(page.details("Manifest", f"<pre>{escape(json.dumps(manifest, indent=2))}</pre>"))
    return page.document(title, parts)


def _html_differences(results: Results) -> str:
    """Paired differences against the reference, on the same episodes."""
    names = main_metrics(results)
    header = [f"minus {results['reference']}", *table(results)[0][2:]]
    rows = [
        [policy, *(page.interval(summary[name]["difference"]) for name in names)]
        for policy, summary in results["summary"].items()
        if policy != results["reference"]
    ]
    if not rows:
        return ""
    text = "Differences of the same episodes; an interval without 0 is a difference that the seeds do not explain."
    return page.details("Paired differences", page.table(header, rows) + f"<p>{text}</p>")


def _html_all(results: Results) -> str:
    policies = list(results["summary"])
    rows = [
        [
            f"{name}{_unit(results, name)}",
            *(page.interval(results["summary"][policy][name]) for policy in policies),
        ]
        for name in results["metrics"]
    ]
    return page.table(["metric", *policies], rows)


def _unit(results: Results, name: str) -> str:
    unit = results["metrics"][name]["unit"]
    return "" if unit == "1" else f" [{unit}]"


def _json(path: Path) -> dict[str, Any] | None:
    if not path.exists():
        return None
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content
