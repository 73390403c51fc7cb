# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Validation: policies in the twin and packet by packet, from the same initial conditions.

    FOLDER/results.json            everything that the report shows
           report.html, report.md  see ``ns3marl.fidelity.report``
           traces/                 the episodes of ns-3; those that are there are not played again
           worst/                  pcap or NetAnim files of the worst episode

Every policy plays the same episodes on both sides.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

import numpy as np
from rich.console import Console

from ns3marl.config import Config
from ns3marl.errors import ConfigError
from ns3marl.evaluation.statistics import Interval
from ns3marl.fidelity import compare, trace
from ns3marl.fidelity.distributions import distributions
from ns3marl.fidelity.record import PolicyId, in_twin, record
from ns3marl.fidelity.replay import replay_in_ns3
from ns3marl.fidelity.states import FACTORS, bins
from ns3marl.fidelity.trace import Trace
from ns3marl.fidelity.verdict import verdict
from ns3marl.progress import ProgressDisplay, Report
from ns3marl.scenarios.aiot_mec.twin.calibrate import TOLERANCES
from ns3marl.scenarios.aiot_mec.twin.pool import SCENARIO
from ns3marl.scenarios.aiot_mec.twin.settings import Settings
from ns3marl.scenarios.aiot_mec.twin.spec import make_spec
from ns3marl.types import Metric

FILE, FORMAT, VERSION = "results.json", "ns3marl-validation", 1
LookInside = Literal["pcap", "netanim"]
_SHARE_OF_PACKETS = 0.9  # of the time, for the progress bar


def validate(
    config: Config,
    policies: Sequence[str],
    folder: Path,
    *,
    look: LookInside | None = None,
    jobs: int = 1,
    console: Console | Report | None = None,
) -> Path:
    """Plays every policy on both sides and writes ``results.json``.

    Args:
        config: Scenario (with the twin's calibration), the twin's device and evaluation options (episodes, seed, resamples,
            greedy).
        policies: The validated one first, then those that it is ranked with: heuristics, run folders, checkpoints.
        folder: Where to write.
        look: What to write of the worst episode of the first policy: pcap files or NetAnim's XML.
        jobs: Episodes of ns-3 at a time.
        console: Where to show progress, or who is told; standard error by default.

    Returns:
        The path of ``results.json``.

    Raises:
        ConfigError: The twin does not model the arguments or the scenario, or an option does not fit.
        CheckpointError: A checkpoint cannot be used.
        TraceError: A recorded episode in ``folder`` is damaged.
        SimulatorError, ProtocolError: A simulator failed.
    """
    if Path(config.scenario.name).name != SCENARIO:
        raise ConfigError(
            f"the twin models {SCENARIO} only, not {config.scenario.name}; `ns3marl evaluate` judges policies in ns-3"
        )
    options, arguments = config.evaluation, config.scenario.arguments
    if options.seed == config.training.seed:
        raise ConfigError(
            f"training.seed and evaluation.seed are both {options.seed}: the policy would meet worlds that it was trained "
            "on; choose another evaluation.seed"
        )
    settings = Settings.parse(trace.without_files(arguments))  # before ns-3 plays for minutes
    named = _named([PolicyId.of(source, greedy=options.greedy) for source in policies])
    packets: dict[str, list[Trace]] = {}
    twin: dict[str, list[Trace]] = {}
    with ProgressDisplay("validating", console or Console(stderr=True)) as display:
        for place, (name, policy) in enumerate(named.items()):

            def tell(start: float, width: float, place: int = place) -> Callable[[float, str], None]:
                return lambda share, text: display.show((place + start + width * share) / len(named), text)

            packets[name] = record(
                folder / "traces",
                policy,
                arguments,
                seed=options.seed,
                runs=range(1, options.episodes + 1),
                scenario=config.scenario.name,
                jobs=min(jobs, options.episodes),
                tick_timeout_s=config.pool.tick_timeout_s,
                report=tell(0, _SHARE_OF_PACKETS),
            )
            twin[name] = in_twin(
                packets[name],
                policy,
                calibration=Path(config.scenario.calibration) if config.scenario.calibration else None,
                device=config.pool.device,
                report=tell(_SHARE_OF_PACKETS, 1 - _SHARE_OF_PACKETS),
            )
        metrics = make_spec(settings).metrics
        results = summarise(packets, twin, metrics, options.bootstrap)
        first = next(iter(named))
        index, metric, off = compare.worst(packets[first], twin[first])
        chosen = packets[first][index]
        results["worst"] = {"run": chosen.run, "metric": metric, "tolerances": off, "files": []}
        if look is not None:
            display.show(1.0, f"the worst episode again, for {look}")
            results["worst"]["files"] = look_inside(chosen, folder, look, config.scenario.name)
            results["worst"]["kind"] = look
        display.show(1.0, "done", force=True)
    results |= {
        "seed": options.seed,
        "greedy": options.greedy,
        "sources": {name: policy.source for name, policy in named.items()},
        "verdict": verdict(results),
    }
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / FILE
    path.write_text(json.dumps(results, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    return path


def summarise(
    packets: dict[str, list[Trace]],
    twin: dict[str, list[Trace]],
    metrics: Sequence[Metric],
    resamples: int = compare.RESAMPLES,
) -> dict[str, Any]:
    """Both sides of all policies as plain values, as ``results.json`` holds them.

    Args:
        packets: By policy, episodes of ns-3; the first policy is the validated one.
        twin: The same episodes in the twin.
        metrics: What was measured.
        resamples: Behind each interval.
    """
    policies: dict[str, Any] = {}
    for name, episodes in packets.items():
        compare.pair(episodes, twin[name])
        policies[name] = {
            "gaps": {
                metric.name: compare.plain_gap(compare.gap(episodes, twin[name], metric.name, resamples))
                for metric in metrics
            },
            "values": {
                side: {metric: _numbers(compare.values(of, metric)) for metric in TOLERANCES}
                for side, of in (("packets", episodes), ("twin", twin[name]))
            },
        }
    first = next(iter(packets))
    better = {metric.name: metric.higher_is_better for metric in metrics}
    ranking = {}
    for metric in TOLERANCES:
        theirs, ours = (
            {name: compare.values(of[name], metric) for name in packets} for of in (packets, twin)
        )
        found = compare.agreement(metric, theirs, ours, resamples, higher_is_better=better[metric])
        ranking[metric] = {**asdict(found), "tau": _number(found.tau)}
    shares = compare.endings(packets[first], twin[first], resamples)
    return {
        "format": FORMAT,
        "version": VERSION,
        "policy": first,
        "episodes": len(packets[first]),
        "runs": [one.run for one in packets[first]],
        "interval": "95 % percentile bootstrap over episodes, paired",
        "metrics": {
            m.name: {"unit": m.unit, "description": m.description, "higher_is_better": m.higher_is_better}
            for m in metrics
        },
        "policies": policies,
        "ranking": ranking,
        "endings": {
            name: {side: compare.plain(one) for side, one in zip(("twin", "packets", "gap"), of, strict=True)}
            for name, of in shares.items()
        },
        "states": {
            factor: [
                {key: compare.plain(v) if isinstance(v, Interval) else v for key, v in vars(one).items()}
                for one in bins(packets[first], twin[first], factor, resamples=resamples)
            ]
            for factor in FACTORS
        },
        "distributions": distributions(packets[first], twin[first]),
        "provenance": {"ns3": _sources(packets), "fastsim": dict(twin[first][0].provenance)},
    }


def look_inside(
    chosen: Trace, folder: Path, look: LookInside, scenario: str | Path | None = None
) -> list[str]:
    """Plays an episode of ns-3 again, action by action, and writes what the simulation showed.

    Args:
        chosen: The episode.
        folder: Of the validation; files go to ``worst/`` in it.
        look: pcap files, one for each radio of the servers, or NetAnim's XML.
        scenario: Executable.

    Returns:
        The files, as paths in ``folder``.
    """
    place = folder / "worst"
    if place.exists():
        shutil.rmtree(place)
    place.mkdir(parents=True)
    argument = f"--pcap={place / 'frames'}" if look == "pcap" else f"--netAnim={place / 'animation.xml'}"
    again = replay_in_ns3(chosen, scenario=scenario, arguments=(argument,))
    if not _same(again, chosen):
        raise ConfigError(
            f"{chosen.label} did not come out as recorded; was the scenario rebuilt since? Delete {folder / 'traces'} and "
            "validate again"
        )
    for path in place.iterdir():  # the pool has begun the next episode
        if re.search(rf"-run{chosen.run}(?!\d)", path.name) is None:
            path.unlink()
    return sorted(str(path.relative_to(folder)) for path in place.iterdir())


def _same(one: Trace, other: Trace) -> bool:
    names = one.metrics.keys() & other.metrics.keys()
    return all(np.array_equal(one.metrics[n], other.metrics[n], equal_nan=True) for n in names)


def _named(policies: Sequence[PolicyId]) -> dict[str, PolicyId]:
    """Policies by names that differ; a policy that is named twice counts once."""
    named: dict[str, PolicyId] = {}
    for policy in policies:
        if policy.key in {other.key for other in named.values()}:
            continue
        name, number = policy.name, 2
        while name in named:
            name, number = f"{policy.name}-{number}", number + 1
        named[name] = policy
    if not named:
        raise ConfigError("there is no policy to validate; name a run folder, a checkpoint or a heuristic")
    return named


def _sources(packets: dict[str, list[Trace]]) -> dict[str, Any]:
    """Where the episodes of ns-3 come from; what differs between them is listed."""
    every = [one.provenance for episodes in packets.values() for one in episodes]
    versions = sorted({str(one.get("versions", {}).get("ns3", "?")) for one in every})
    commits = sorted({str(one.get("git_commit", "?")) for one in every})
    dates = sorted(str(one.get("started", "?")) for one in every)
    return {**every[0], "ns3_versions": versions, "git_commits": commits, "recorded": [dates[0], dates[-1]]}


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _numbers(of: Any) -> list[float | None]:
    return [_number(value) for value in of]
