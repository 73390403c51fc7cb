# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Evaluations that are there already: what policies did in them, if all of them played the same episodes.

Episodes are the same if scenario, arguments, spec, executable, backend, versions, seed and RngRuns are. A policy is the same if its
checkpoints are byte for byte, and if it acts greedily in both or in none.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ns3marl import home as homes
from ns3marl import policies as simple
from ns3marl.evaluation import comparison
from ns3marl.evaluation.comparison import Entry, PolicyResult
from ns3marl.evaluation.evaluate import free_name, gather
from ns3marl.home import ScenarioHome
from ns3marl.training import checkpoint
from ns3marl.types import Metric

FOLDER = "evaluation"
"""Of the evaluation in a run folder or an experiment."""


@dataclass(frozen=True)
class Evaluation:
    """The results of an evaluation, and where they stand."""

    folder: Path
    results: dict[str, Any]

    def episodes(self) -> str:
        """What makes its episodes those that they are; equal for evaluations on the same ones."""
        manifest, results = self.results["manifest"], self.results
        versions = {name: manifest["versions"][name] for name in ("ns3marl", "ns3", "ns3_build_profile")}
        runs = [policy["runs"] for policy in results["policies"][:1]]
        content = [manifest["backend"], manifest["scenario"], manifest["executable"], versions]
        return json.dumps([*content, results["seed"], runs, results["greedy"]], sort_keys=True)

    def entry(self, policy: dict[str, Any]) -> Entry:
        """A policy of it."""
        values = policy["values"]
        count = len(next(iter(values.values())))
        results = [
            PolicyResult(
                policy["name"],
                policy["runs"],
                {
                    metric: [math.nan if v is None else v for v in rows[run]]
                    for metric, rows in values.items()
                },
                policy["actions"],
                policy["ticks_per_s"],
            )
            for run in range(count)
        ]
        about = (policy["seeds"], policy["central"], policy["notes"], results, policy["checkpoints"])
        return Entry(policy["name"], policy.get("sources", []), *about)

    def entry_of(self, identity: str, among: Sequence[str]) -> Entry | None:
        """The policy that has a run, if all its runs are among those asked for: shares of actions are known of the whole only.

        Args:
            identity: Of the run, see ``_identities``.
            among: All runs of the policy that is asked for.
        """
        for entry in map(self.entry, self.results["policies"]):
            identities = _identities(entry)
            if identity in identities and set(identities) <= set(among):
                return entry
        return None


def is_evaluation(folder: Path) -> bool:
    """Whether a folder holds an evaluation and nothing else: no run, no experiment and no validation."""
    if any((folder / name).exists() for name in ("config.toml", "experiment.toml")):
        return False
    results = comparison.read(folder)
    return results is not None and "policies" in results and "manifest" in results


def common(sources: Sequence[str]) -> tuple[list[Entry], list[Evaluation]] | None:
    """What policies did in evaluations of the same episodes; None if some policy was in none of them.

    Args:
        sources: Folders of evaluations, which stand for all their policies; run folders, experiments, checkpoints and simple
            policies. At least one of them names a scenario.

    Returns:
        The policies, those of evaluation folders after the others, and the evaluations that they come from.

    Raises:
        ConfigError: A file of results is damaged.
        CheckpointError: A checkpoint is missing.
    """
    given = [source for source in sources if is_evaluation(Path(source))]
    places = [*map(Path, given), *(Path(source) / FOLDER for source in sources if source not in given)]
    there = [
        Evaluation(place, results)
        for place in places
        if (results := comparison.read(place)) is not None and _is_whole(results)
    ]
    choices: dict[str, list[Evaluation]] = {}
    for evaluation in there:
        choices.setdefault(evaluation.episodes(), []).append(evaluation)
    for evaluations in sorted(choices.values(), key=lambda some: -some[0].results["episodes"]):
        if {Path(source) for source in given} <= {one.folder for one in evaluations}:
            home = homes.find(evaluations[0].results["manifest"]["scenario"]["name"])
            entries = _entries(sources, evaluations, home)
            if entries is not None:
                return entries, evaluations
    return None


def write(folder: Path, entries: Sequence[Entry], evaluations: Sequence[Evaluation], resamples: int) -> Path:
    """Writes the comparison of policies that were evaluated on the same episodes.

    Args:
        folder: Where to write ``results.json``, ``summary.csv`` and ``episodes.csv``.
        entries: The policies; differences are against the first one.
        evaluations: Where they come from.
        resamples: Number of bootstrap resamples behind each interval.

    Returns:
        The path of ``results.json``.

    Raises:
        OutputError: A file cannot be written.
    """
    first = evaluations[0].results
    metrics = [Metric(name, **about) for name, about in first["metrics"].items()]
    about = {
        **{name: first[name] for name in ("manifest", "episodes", "seed", "greedy", "parts")},
        "failures": {},
        "distributions": [],  # their quantiles are of policies by the names that they have there
        "evaluations": [str(one.folder) for one in evaluations],
    }
    return comparison.save(folder, about, entries, metrics, first["heads"], resamples)


def _is_whole(results: dict[str, Any]) -> bool:
    """Whether results say which checkpoints they are of; those of earlier versions do not."""
    policies = results.get("policies", [])
    return bool(policies) and all("checkpoints" in policy for policy in policies)


def _entries(
    sources: Sequence[str], evaluations: Sequence[Evaluation], home: ScenarioHome
) -> list[Entry] | None:
    """The policies with their results, or None if one has none."""
    folders = {evaluation.folder: evaluation for evaluation in evaluations}
    made: list[Entry] = []
    for asked in gather([source for source in sources if Path(source) not in folders], home):
        found = _found(asked, evaluations, home)
        if found is None:
            return None
        made.append(found)
    there = [_identities(entry) for entry in made]
    for evaluation in (folders[Path(source)] for source in sources if Path(source) in folders):
        folder = evaluation.folder
        run = folder.parent if folder.name == FOLDER else folder
        for policy in evaluation.results["policies"]:
            entry = evaluation.entry(policy)
            if _identities(entry) not in there:
                there.append(_identities(entry))
                made.append(replace(entry, name=free_name(entry.name, str(run), made)))
    return made


def _found(asked: Entry, evaluations: Sequence[Evaluation], home: ScenarioHome) -> Entry | None:
    """A policy with what all of its runs did in the evaluations, or None if a run is in none of them."""
    is_simple = [simple.is_known(source, home) for source in asked.sources]
    wanted = [
        source if known else checkpoint.digest(Path(source))
        for source, known in zip(asked.sources, is_simple, strict=True)
    ]
    found: list[Entry] = []
    for identity in wanted:
        having = (evaluation.entry_of(identity, wanted) for evaluation in evaluations)
        entry = next((one for one in having if one is not None), None)
        if entry is None:
            return None
        found.append(entry)
    return replace(
        found[0],
        name=asked.name,
        sources=asked.sources,
        seeds=asked.seeds,
        results=[
            entry.results[_identities(entry).index(identity)]
            for entry, identity in zip(found, wanted, strict=True)
        ],
        checkpoints=[] if all(is_simple) else wanted,
    )


def _identities(entry: Entry) -> list[str]:
    """What tells the runs of a policy from others: the SHA-256 of each checkpoint, or a simple one's name."""
    return entry.checkpoints or [entry.name]
