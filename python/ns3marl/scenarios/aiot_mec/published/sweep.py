# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Finds the preset that is closest to the published regime with simple policies, before any training.

The published completion ratios are 78 to 99 %, the latencies 14 to 58 ms, for six learners. A preset's distance is the sum of the
relative differences between these four numbers and the least and largest of the simple policies that offload. ``sweep.json`` holds what it found;
``python -m ns3marl.scenarios.aiot_mec.published.sweep`` writes it anew.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

from ns3marl import policies
from ns3marl.rl.policy import action_generators
from ns3marl.scenarios.aiot_mec.published.tables import RULES, size
from ns3marl.scenarios.aiot_mec.twin.pool import FastPool

PRESETS = ("default", "easy", "balanced", "stress", "mixed")
COMPLETION_PERCENT, LATENCY_MS = (78.0, 99.0), (14.2, 58.0)  # published: least and largest
_SEED, _ENVS, _TICKS = 8801, 4, 150
_FILE = Path(__file__).with_name("sweep.json")


@dataclass(frozen=True)
class Reached:
    """Of one simple policy."""

    completion_percent: float
    latency_ms: float


def reached(preset: str) -> dict[str, Reached]:
    """Results of simple policies that offload, on the twin with 50 devices and 9 servers, by name."""
    found: dict[str, Reached] = {}
    arguments = [*size(50, 9, preset=preset), f"--ticks={_TICKS}"]
    for rule in RULES:
        if rule == "local-only":
            continue
        with FastPool(arguments=arguments, num_envs=_ENVS, seed=_SEED) as pool:
            chooses, batch = policies.make(rule, pool.spec), pool.reset()
            for _ in range(_TICKS):
                batch = pool.step(chooses.act(batch, action_generators(batch)))
            names = [metric.name for metric in pool.spec.metrics]
            means = dict(zip(names, batch.metrics.mean(0).tolist(), strict=True))
        found[rule] = Reached(100 * means["completion_ratio"], 1000 * means["latency_mean_s"])
    return found


def distance(of: Mapping[str, Reached]) -> float:
    """Distance of a preset's simple policies from the published regime."""
    completion = [one.completion_percent for one in of.values()]
    latency = [one.latency_ms for one in of.values()]
    pairs = [
        *zip((min(completion), max(completion)), COMPLETION_PERCENT, strict=True),
        *zip((min(latency), max(latency)), LATENCY_MS, strict=True),
    ]
    return sum(abs(ours / theirs - 1) for ours, theirs in pairs)


@cache
def found() -> dict[str, dict[str, Reached]]:
    """What was found, by preset and simple policy."""
    content = json.loads(_FILE.read_text("utf-8"))
    return {preset: {rule: Reached(**one) for rule, one in of.items()} for preset, of in content.items()}


def main() -> None:
    """Writes the file."""
    content = {preset: {rule: asdict(one) for rule, one in reached(preset).items()} for preset in PRESETS}
    _FILE.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
