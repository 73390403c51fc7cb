# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Validation: plays policies in the twin and in ns-3, from the same initial conditions.

    FOLDER/results.json            everything that the report shows
           report.html, report.md  see ``ns3marl.fidelity.report``
           traces/                 the episodes of ns-3; existing ones are not played again
           worst/                  what ns-3 wrote of the worst episode, such as pcap files

Every policy plays the same episodes on both sides.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from ns3marl import files
from ns3marl import home as homes
from ns3marl import policies as simple
from ns3marl.config import Config
from ns3marl.errors import ConfigError
from ns3marl.evaluation.statistics import Interval
from ns3marl.fidelity import compare
from ns3marl.fidelity.distributions import distributions
from ns3marl.fidelity.record import PolicyId, in_twin, record
from ns3marl.fidelity.replay import replay_in_ns3
from ns3marl.fidelity.scenario import ScenarioFidelity, fidelity_of
from ns3marl.fidelity.states import bins
from ns3marl.fidelity.trace import Trace
from ns3marl.fidelity.verdict import verdict
from ns3marl.launch.environments import usable_device
from ns3marl.progress import ProgressDisplay, Report
from ns3marl.types import Metric

FILE, FORMAT, VERSION = "results.json", "ns3marl-validation", 2
_SHARE_OF_NS3 = 0.9  # of the time, for the progress bar


def validate(
    config: Config,
    policies: Sequence[str],
    folder: Path,
    *,
    look: str | None = None,
    jobs: int = 1,
    console: Console | Report | None = None,
) -> Path:
    """Plays every policy on both sides and writes ``results.json``.

    Args:
        config: Scenario (with the twin's calibration), the twin's device and evaluation options (episodes, seed, resamples,
            greedy).
        policies: The policy to validate, then those to rank it with: simple policies, run folders, checkpoints.
        folder: Where to write.
        look: Output that ns-3 writes for the worst episode of the first policy: one of the scenario's ``looks``, such as ``pcap``.
        jobs: Episodes of ns-3 at a time.
        console: Console or function that gets progress; standard error by default.

    Returns:
        The path of ``results.json``.

    Raises:
        ConfigError: The scenario has no twin, the twin does not model the arguments, or an option does not fit.
        CheckpointError: A checkpoint cannot be used.
        TraceError: A recorded episode in ``folder`` is damaged.
        OutputError: Nothing can be written to ``folder``.
        SimulatorError, ProtocolError: A simulator failed.
    """
    home, of = homes.find(config.scenario.name), fidelity_of(config.scenario.name)
    if look is not None and look not in of.looks:
        raise ConfigError(
            f"ns-3 writes no {look!r} of scenario {home.name!r}; it writes {', '.join(of.looks) or 'nothing'}"
        )
    options, arguments = config.evaluation, config.scenario.arguments
    if options.seed == config.training.seed:
        raise ConfigError(
            f"training.seed and evaluation.seed are both {options.seed}: the policy would meet worlds that it was trained "
            "on; choose another evaluation.seed"
        )
    metrics = of.spec(of.without_files(arguments)).metrics  # refuses arguments before ns-3 plays for minutes
    for source in policies:
        if simple.needs_builtin(source, home):
            raise ConfigError(
                f"policy {source!r} is the C++ of {home.name!r}, so it needs ns-3 and cannot be compared with the twin"
            )
    device = usable_device(config.pool.device)
    files.make_folder(folder)
    named = _named([PolicyId.of(source, home, greedy=options.greedy) for source in policies])
    ns3: dict[str, list[Trace]] = {}
    twin: dict[str, list[Trace]] = {}
    with ProgressDisplay("validating", console or Console(stderr=True)) as display:
        for place, (name, policy) in enumerate(named.items()):

            def tell(start: float, width: float, place: int = place) -> Callable[[float, str], None]:
                return lambda share, text: display.show((place + start + width * share) / len(named), text)

            ns3[name] = record(
                folder / "traces",
                policy,
                config.scenario.name,
                arguments,
                seed=options.seed,
                runs=range(1, options.episodes + 1),
                jobs=min(jobs, options.episodes),
                tick_timeout_s=config.pool.tick_timeout_s,
                report=tell(0, _SHARE_OF_NS3),
            )
            twin[name] = in_twin(
                ns3[name],
                policy,
                home,
                of,
                calibration=Path(config.scenario.calibration) if config.scenario.calibration else None,
                device=device,
                report=tell(_SHARE_OF_NS3, 1 - _SHARE_OF_NS3),
            )
        results = summarise(ns3, twin, metrics, of, options.bootstrap)
        first = next(iter(named))
        index, metric, off = compare.worst(ns3[first], twin[first], of)
        chosen = ns3[first][index]
        results["worst"] = {"run": chosen.run, "metric": metric, "tolerances": off, "files": []}
        if look is not None:
            display.show(1.0, f"the worst episode again, for {look}")
            results["worst"]["files"] = look_inside(chosen, folder, of, look, config.scenario.name)
            results["worst"]["kind"] = look
        display.show(1.0, "done", force=True)
    results |= {
        "seed": options.seed,
        "greedy": options.greedy,
        "sources": {name: policy.source for name, policy in named.items()},
        "verdict": verdict(results),
    }
    path = folder / FILE
    files.write(path, json.dumps(results, indent=1, allow_nan=False) + "\n")
    return path


def summarise(
    ns3: dict[str, list[Trace]],
    twin: dict[str, list[Trace]],
    metrics: Sequence[Metric],
    of: ScenarioFidelity,
    resamples: int = compare.RESAMPLES,
) -> dict[str, Any]:
    """The comparison of all policies as plain values for ``results.json``.

    Args:
        ns3: Episodes of ns-3 by policy; the first policy is the validated one.
        twin: The same episodes in the twin.
        metrics: The metrics to compare.
        of: The scenario's fidelity.
        resamples: Bootstrap resamples for each interval.
    """
    policies: dict[str, Any] = {}
    for name, episodes in ns3.items():
        compare.pair(episodes, twin[name])
        policies[name] = {
            "gaps": {
                metric.name: compare.plain_gap(compare.gap(episodes, twin[name], metric.name, of, resamples))
                for metric in metrics
            },
            "values": {
                side: {metric: _numbers(compare.values(traces, metric)) for metric in of.tolerances}
                for side, traces in (("ns3", episodes), ("twin", twin[name]))
            },
        }
    first = next(iter(ns3))
    better = {metric.name: metric.higher_is_better for metric in metrics}
    ranking = {}
    for metric in of.tolerances:
        theirs, ours = ({name: compare.values(side[name], metric) for name in ns3} for side in (ns3, twin))
        found = compare.agreement(metric, theirs, ours, resamples, higher_is_better=better[metric])
        ranking[metric] = {**asdict(found), "tau": _number(found.tau)}
    shares = compare.endings(ns3[first], twin[first], of, resamples)
    return {
        "format": FORMAT,
        "version": VERSION,
        "policy": first,
        "episodes": len(ns3[first]),
        "runs": [one.run for one in ns3[first]],
        "interval": "95 % percentile bootstrap over episodes, paired",
        "metrics": {
            m.name: {"unit": m.unit, "description": m.description, "higher_is_better": m.higher_is_better}
            for m in metrics
        },
        "main_metrics": [name for name in of.main_metrics if name in better],
        "tolerances": {name: list(tolerance) for name, tolerance in of.tolerances.items()},
        "factors": {name: list(factor) for name, factor in of.factors.items()},
        "completed": of.outcomes[of.completed] if of.outcomes else None,
        "policies": policies,
        "ranking": ranking,
        "endings": {
            name: {side: compare.plain(one) for side, one in zip(("twin", "ns3", "gap"), sides, strict=True)}
            for name, sides in shares.items()
        },
        "states": {
            factor: [
                {key: compare.plain(v) if isinstance(v, Interval) else v for key, v in vars(one).items()}
                for one in bins(ns3[first], twin[first], factor, of, resamples=resamples)
            ]
            for factor in of.factors
        },
        "distributions": distributions(ns3[first], twin[first], of),
        "provenance": {"ns3": _sources(ns3), "fastsim": dict(twin[first][0].provenance)},
    }


def look_inside(
    chosen: Trace, folder: Path, of: ScenarioFidelity, look: str, scenario: str | Path
) -> list[str]:
    """Replays an episode of ns-3 action by action, with an additional output.

    Args:
        chosen: The episode.
        folder: Folder of the validation; files go to its ``worst/``.
        of: The scenario's fidelity.
        look: One of ``of.looks``.
        scenario: Name of a built scenario, or the path of its executable.

    Returns:
        The files, as paths in ``folder``.
    """
    place = folder / "worst"
    if place.exists():
        shutil.rmtree(place)
    place.mkdir(parents=True)
    again = replay_in_ns3(chosen, scenario=scenario, arguments=(of.looks[look].format(place),))
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
    """Policies by unique names; a policy that is given twice counts once."""
    named: dict[str, PolicyId] = {}
    for policy in policies:
        if policy.key in {other.key for other in named.values()}:
            continue
        name, number = policy.name, 2
        while name in named:
            name, number = f"{policy.name}-{number}", number + 1
        named[name] = policy
    if not named:
        raise ConfigError(
            "there is no policy to validate; name a run folder, a checkpoint or a simple policy"
        )
    return named


def _sources(ns3: dict[str, list[Trace]]) -> dict[str, Any]:
    """Provenance of the episodes of ns-3; differing values are listed."""
    every = [one.provenance for episodes in ns3.values() for one in episodes]
    versions = sorted({str(one.get("versions", {}).get("ns3", "?")) for one in every})
    commits = sorted({str(one.get("git_commit", "?")) for one in every})
    dates = sorted(str(one.get("started", "?")) for one in every)
    return {**every[0], "ns3_versions": versions, "git_commits": commits, "recorded": [dates[0], dates[-1]]}


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _numbers(of: Any) -> list[float | None]:
    return [_number(value) for value in of]
