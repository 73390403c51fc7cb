# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Writes the page of a study from the files of its cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ns3marl import plotting
from ns3marl.evaluation import comparison
from ns3marl.evaluation.comparison import Entry, PolicyResult
from ns3marl.reporting import plots, report
from ns3marl.reporting.page import TextTable, markdown_table
from ns3marl.studies.cells import REWARD, Content, likeliest
from ns3marl.types import Metric

RESAMPLES = 10_000
LIKELIEST = Metric(likeliest(REWARD), "1", "the same when learners take their likeliest actions")
#: metric: heading, factor, digits
SHOWN = {
    REWARD: ("reward per tick", 1.0, 2),
    LIKELIEST.name: ("reward, likeliest actions", 1.0, 2),
    "completion_ratio": ("completion [%]", 100.0, 1),
    "latency_mean_s": ("latency [ms]", 1000.0, 1),
    "aoi_mean_ticks": ("age of information [ticks]", 1.0, 2),
    "energy_efficiency_tasks_per_j": ("tasks/J", 1.0, 2),
}

Results = dict[str, Any]  # of `comparison.summarise`

_METHOD = """
Brackets: 95 % stratified bootstrap intervals over training seeds and held-out episodes ([method](../docs/experiments.md));
IQM: interquartile mean. P: probability that a run of {reference} earns more than a run of this policy on the same episode, 0.5
where neither is better. *Central* policies act on the global state or on what several agents observe, which no device could;
they are references for the others, which act on their *own* observation. Every learner has the same number of simulated ticks
and the same evaluation episodes. There stochastic policies (IMAPPO, IPPO, PPO, A3C, MADDPG) draw their actions, as in training,
and a column says what their likeliest ones earn; DQN and IQL take the action they value most. A commit *with changes*: files
differed from it, if only those of results that were being written.
"""


def write(
    contents: Sequence[Content],
    page: Path,
    images: Path,
    settings: Sequence[str],
    learners: Sequence[str],
    head: str,
) -> list[str]:
    """Writes the page and its plots.

    Args:
        contents: Contents of the finished cells.
        page: Path of the Markdown file.
        images: Folder of the plots.
        settings: Settings in order; those without a cell are skipped.
        learners: Learners in order; the first is the reference. Other policies follow.
        head: Title and introduction of the page.

    Returns:
        Figures as ``name: VALUE UNIT``.
    """
    lines, figures = [head + _METHOD.format(reference=learners[0])], []
    images.mkdir(parents=True, exist_ok=True)
    page.parent.mkdir(parents=True, exist_ok=True)
    for setting in settings:
        of_setting = [content for content in contents if content["cell"]["setting"] == setting]
        if not of_setting:
            continue
        results = summarise(of_setting, learners)
        lines += [*_section(setting, of_setting, results), ""]
        lines += _draw(setting, of_setting, results, learners, page, images)
        figures += _figures(setting, of_setting, results, learners)
    page.write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")
    return figures


def summarise(contents: Sequence[Content], learners: Sequence[str]) -> Results:
    """The cells of one setting as one comparison, learners first."""
    order = {name: rank for rank, name in enumerate(learners)}
    names = sorted(
        {content["cell"]["policy"] for content in contents}, key=lambda n: (order.get(n, len(order)), n)
    )
    entries = []
    for name in names:
        runs = sorted(
            (c for c in contents if c["cell"]["policy"] == name), key=lambda c: int(c["cell"]["seed"])
        )
        entry = Entry(name, [], [c["cell"]["seed"] for c in runs if c["cell"]["seed"]])
        entry.central, entry.notes = runs[0]["central"], runs[0]["notes"]
        for content in runs:
            values = {
                metric: [np.nan if v is None else v for v in column]
                for metric, column in content["values"].items()
            }
            values.setdefault(LIKELIEST.name, [np.nan] * len(content["runs"]))
            entry.results.append(PolicyResult(name, content["runs"], values, content["actions"], 0.0))
        entries.append(entry)
    known = {name: Metric(name, **metric) for name, metric in contents[0]["metrics"].items()}
    known[LIKELIEST.name] = LIKELIEST
    shown = [known[name] for name in SHOWN if name in known]
    return comparison.summarise(entries, shown, contents[0]["heads"], RESAMPLES)


def _section(setting: str, contents: Sequence[Content], results: Results) -> list[str]:
    metrics = list(results["metrics"])
    header = ["policy", "acts on", *(SHOWN[name][0] for name in metrics), "IQM of reward", "P"]
    rows = []
    for policy in results["policies"]:
        summary = results["summary"][policy["name"]]
        cells = [report.label(policy), "central" if policy["central"] else "own"]
        cells += [interval(summary[name], *SHOWN[name][1:], key="mean") for name in metrics]
        cells.append(interval(summary[REWARD]["iqm"], 1.0, 2, key="value"))
        chance = summary[REWARD]["improvement"]
        cells.append("" if chance is None else interval(report.opposite(chance), 1.0, 2, key="value"))
        rows.append(cells)
    heads = results["heads"]
    chosen = [
        [report.label(policy), *(_chosen(policy["actions"][name], head) for name, head in heads.items())]
        for policy in results["policies"]
    ]
    return [
        f"## {setting}\n",
        f"{_provenance(contents)}\n",
        markdown_table(TextTable(header, rows)) + "\n",
        "What they chose (choices in percent, means of real values), where it counted:\n",
        markdown_table(TextTable(["policy", *heads], chosen)),
    ]


def _provenance(contents: Sequence[Content]) -> str:
    first = contents[0]
    versions, scenario = first["manifest"]["versions"], first["manifest"]["scenario"]
    commits = sorted({short(content["manifest"]["git_commit"]) for content in contents})
    trained = [content for content in contents if content["cell"]["seed"]]
    optimum = first["optimum"]
    parts = []
    if optimum is None:
        parts.append(
            f"`{' '.join([scenario['name'], *scenario['arguments']])}`, ns-3 {versions['ns3']} ({versions['ns3_build_profile']})."
        )
    else:
        parts.append(
            f"A game of `ns3marl.games.cooperative`; its optimum is a reward of {optimum:.4g} per tick."
        )
    if trained:
        seeds = sorted({content["cell"]["seed"] for content in trained})
        where = " on the twin" if 'backend = "fastsim"' in trained[0]["config"] else ""
        seconds = np.median([content["seconds"]["training"] for content in trained])
        parts.append(
            f"{trained[0]['budget']['ticks']} ticks of training{where} per seed ({', '.join(map(str, seeds))}), {seconds:.0f} s in the median;"
        )
    parts.append(
        f"{first['budget']['episodes']} held-out episodes of seed {first['manifest']['seeds']['evaluation']}."
    )
    parts.append(f"Commit {', '.join(commits)}.")
    return " ".join(parts)


def short(commit: str) -> str:
    """A commit's first digits, and whether files differed from it."""
    digits, plus, _ = commit.partition("+")
    return f"{digits[:12]}{' with changes' if plus else ''}"


def _chosen(shares: Sequence[float], head: dict[str, Any]) -> str:
    """Shares of the choices that were ever taken, or the mean of a real-valued head."""
    if sum(shares) == 0:
        return "never"
    if "choices" not in head:
        edges = np.linspace(head["low"], head["high"], len(shares) + 1)
        unit = "" if head["unit"] == "1" else f" {head['unit']}"
        return f"{np.dot(shares, (edges[1:] + edges[:-1]) / 2):.3g}{unit}"
    taken = [
        f"{choice} {100 * share:.0f}"
        for choice, share in zip(head["choices"], shares, strict=True)
        if share >= 0.005
    ]
    return ", ".join(taken)


def _draw(
    setting: str,
    contents: Sequence[Content],
    results: Results,
    learners: Sequence[str],
    page: Path,
    images: Path,
) -> list[str]:
    curves = {
        name: [
            [{"ticks": t, "reward_per_tick": r} for t, r in content["curve"]]
            for content in contents
            if content["cell"]["policy"] == name and content["curve"]
        ]
        for name in learners
    }
    curves = {name: runs for name, runs in curves.items() if runs}
    best = [
        (results["summary"][policy["name"]][REWARD]["mean"], policy["name"])
        for policy in results["policies"]
        if not policy["seeds"]
    ]
    references = {name: mean for mean, name in sorted(best)[-2:]}
    optimum = contents[0]["optimum"]
    if optimum is not None:
        references["optimum"] = optimum
    drawn = [
        plotting.render(
            f"{page.stem}-{setting}-scores",
            f"{setting}: means and 95 % intervals",
            lambda: plots.metric_bars(
                results, [name for name in results["metrics"] if name != LIKELIEST.name]
            ),
        )
    ]
    if curves:
        drawn.append(
            plotting.render(
                f"{page.stem}-{setting}-curves",
                f"{setting}: interquartile mean while training, and its 95 % interval over seeds",
                lambda: plots.learning_bands(curves, references),
            )
        )
    lines = []
    for plot in drawn:
        path = images / f"{plot.name}.png"
        path.write_bytes(plot.png)
        lines += [f"![{plot.title}]({relative(path, page.parent)})", ""]
    return lines


def relative(path: Path, base: Path) -> str:
    """Link to a path from a page in another folder."""
    if path.is_relative_to(base):
        return path.relative_to(base).as_posix()
    return f"../{relative(path, base.parent)}"


def _figures(
    setting: str, contents: Sequence[Content], results: Results, learners: Sequence[str]
) -> list[str]:
    """The reference, the best other learner, and the best heuristic that is not central."""
    reward = {name: summary[REWARD]["mean"] for name, summary in results["summary"].items()}
    central = {policy["name"]: policy["central"] for policy in results["policies"]}
    ours = learners[0]
    figures = [
        f"{name}_reward_{setting}: {reward[name]:.3f} reward/tick" for name in learners if name in reward
    ]
    groups = {
        "best_baseline": [reward[name] for name in learners[1:] if name in reward],
        "best_decentralised_heuristic": [
            value for name, value in reward.items() if name not in learners and not central[name]
        ],
    }
    for what, values in groups.items():
        if values:
            figures.append(f"{what}_reward_{setting}: {max(values):.3f} reward/tick")
    optimum = contents[0]["optimum"]
    if optimum and ours in reward:
        figures.append(f"{ours}_share_of_optimum_{setting}: {reward[ours] / optimum:.3f} 1")
    return figures


def interval(
    of: Mapping[str, float | None], factor: float, digits: int, *, key: str = "mean", sign: str = ""
) -> str:
    """``value [low, high]``; a dash without a value, the value alone without bounds."""
    value, low, high = (of[part] for part in (key, "low", "high"))
    if value is None:
        return "–"
    text = f"{factor * value:{sign}.{digits}f}"
    if low is None or high is None:
        return text
    return f"{text} [{factor * low:{sign}.{digits}f}, {factor * high:{sign}.{digits}f}]"
