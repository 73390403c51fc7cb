# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""IMAPPO on a topology other than aiot-mec (`ARGS="cognitive-v2x"`, `slice-lte` or `edge-cloud`), beside every simple policy that fits.

Trains the configuration of that name with several seeds and evaluates all on the same held-out episodes, also, as it stands, on
larger networks. Finished runs under `runs/topologies/` are kept. Writes `benchmarks/topologies/NAME.md` and its plots.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from seeded import trained

from ns3marl import config as configuration
from ns3marl import plotting, policies
from ns3marl.config import Config
from ns3marl.evaluation.evaluate import evaluate
from ns3marl.launch.environments import open_pool
from ns3marl.reporting import plots
from ns3marl.reporting.page import TextTable, markdown_table
from ns3marl.studies.page import interval

ROOT = Path(__file__).resolve().parents[1]
REWARD = "reward_per_tick"
Results = dict[str, Any]


@dataclass(frozen=True)
class Topology:
    """What is judged on a topology."""

    shown: dict[str, tuple[str, float, int]]
    """Metric: heading, factor, digits."""
    others: dict[str, list[str]] = field(default_factory=dict)
    """Arguments of other networks that the same policies play, by name; the trained one as it stands."""


TOPOLOGIES = {
    "cognitive-v2x": Topology(
        {
            "aoi_mean_ticks": ("age [ticks]", 1.0, 2),
            "aoi_p95_ticks": ("age, 95 % [ticks]", 1.0, 1),
            "delivery_ratio": ("delivered [%]", 100.0, 1),
            "disturbance_ratio": ("disturbed [% of primary time on]", 100.0, 2),
            "tx_power_dbm": ("power [dBm]", 1.0, 1),
            "silent_share": ("silent [%]", 100.0, 1),
        },
        {"dense": ["--preset=dense", "--ticks=200"]},
    ),
    "slice-lte": Topology(
        {
            "embb_satisfaction": ("S eMBB", 1.0, 2),
            "urllc_satisfaction": ("S URLLC", 1.0, 2),
            "mmtc_satisfaction": ("S mMTC", 1.0, 2),
            "embb_radio_held": ("radio eMBB [%]", 100.0, 0),
            "urllc_radio_held": ("radio URLLC [%]", 100.0, 0),
            "mmtc_radio_held": ("radio mMTC [%]", 100.0, 0),
        }
    ),
    "edge-cloud": Topology(
        {
            "completion_ratio": ("completed [%]", 100.0, 1),
            "latency_mean_s": ("latency [ms]", 1e3, 1),
            "latency_p95_s": ("latency, 95 % [ms]", 1e3, 1),
            "energy_per_task_j": ("energy per task [J]", 1.0, 3),
            "aoi_mean_s": ("age [s]", 1.0, 2),
            "edge_share": ("edge [%]", 100.0, 0),
            "cloud_share": ("cloud [%]", 100.0, 0),
        }
    ),
}


def evaluated(config: Config, run: Path, folder: Path) -> Results:
    """The runs and every simple policy that fits, on the same episodes."""
    with open_pool(config, config.evaluation.seed, 1, 1) as pool:
        names = policies.fitting(pool.spec)
    content: Results = json.loads(evaluate(config, [str(run), *names], folder).read_text())
    return content


def table(results: Results, shown: dict[str, tuple[str, float, int]]) -> str:
    """One row a policy, best reward first."""
    learned = results["policies"][0]["name"]
    head = ["policy", "acts on", "reward per tick", f"less {learned}, same episodes"]
    rows = []
    summary = results["summary"]
    for policy in sorted(results["policies"], key=lambda each: -summary[each["name"]][REWARD]["mean"]):
        of = summary[policy["name"]]
        seeds = f", {len(policy['seeds'])} seeds" if policy["seeds"] else ""
        cells = [f"{policy['name']}{seeds}", "central" if policy["central"] else "own"]
        cells.append(interval(of[REWARD], 1.0, 1))
        difference = of[REWARD]["difference"]
        cells.append("" if difference is None else interval(difference, 1.0, 1, sign="+"))
        cells += [interval(of[name], factor, digits) for name, (_, factor, digits) in shown.items()]
        rows.append(cells)
    return markdown_table(TextTable([*head, *(title for title, *_ in shown.values())], rows))


def draw(name: str, logs: list[list[dict[str, float]]], results: Results, shown: Sequence[str]) -> list[str]:
    """Plots of learning and of the results; their Markdown."""
    rewards = {
        policy["name"]: results["summary"][policy["name"]][REWARD]["mean"]
        for policy in results["policies"][1:]
    }
    best = dict(sorted(rewards.items(), key=lambda item: -item[1])[:3])
    drawn = [
        plotting.render(
            f"{name}-curves",
            f"{name}: interquartile mean while training, and its 95 % interval over seeds",
            lambda: plots.learning_bands({results["policies"][0]["name"]: logs}, best),
        ),
        plotting.render(
            f"{name}-scores",
            f"{name}: means and 95 % intervals",
            lambda: plots.metric_bars(results, [REWARD, *shown]),
        ),
    ]
    for plot in drawn:
        (ROOT / "docs" / "images" / f"{plot.name}.png").write_bytes(plot.png)
    return [f"![{plot.title}](../../docs/images/{plot.name}.png)" for plot in drawn]


def page(
    name: str,
    config: Config,
    results: dict[str, Results],
    pictures: Sequence[str],
    minutes: float,
) -> str:
    """Markdown; ``results`` by network, the one of the training first."""
    first, *others = results.values()
    versions = first["manifest"]["versions"]
    seeds = ", ".join(map(str, first["policies"][0]["seeds"]))
    lines = [
        f"# `{name}`: a learner beside simple policies",
        "",
        f'Written by `make bench NAME=topologies ARGS="{name}"`. ns-3 {versions["ns3"]} ({versions["ns3_build_profile"]}).',
        "",
        (
            f"`{' '.join([config.scenario.name, *config.scenario.arguments])}`: {config.training.ticks} ticks of training with each of the "
            f"seeds {seeds}, {minutes:.1f} min in the mean, in the configuration `{name}`. {first['episodes']} held-out episodes of seed "
            f"{first['seed']}; 95 % bootstrap intervals over training seeds and episodes ([method](../../docs/experiments.md))."
        ),
        "",
        table(first, TOPOLOGIES[name].shown),
        "",
        *pictures,
    ]
    for title, other in zip(list(results)[1:], others, strict=True):
        arguments = " ".join(TOPOLOGIES[name].others[title])
        lines += [
            "",
            f"## {title}",
            "",
            f"The same policies with `{arguments}`; nobody was trained there.",
            "",
        ]
        lines.append(table(other, TOPOLOGIES[name].shown))
    return "\n".join(lines) + "\n"


def measured(name: str, seeds: int, jobs: int) -> tuple[dict[str, Results], float]:
    """Trains and evaluates what is missing, and writes the page of a topology and its plots.

    Args:
        name: Of the topology and its configuration.
        seeds: Training seeds, from 1 on.
        jobs: Runs at a time.

    Returns:
        Results by network, the one of the training first, and the mean time of a training [min].
    """
    topology, runs = TOPOLOGIES[name], ROOT / "runs" / "topologies" / name
    config = configuration.load(name, ["training.tensorboard=false"])
    logs = trained(config, range(1, seeds + 1), runs / "trained", jobs)
    results = {name: evaluated(config, runs / "trained", runs / "evaluation")}
    for title, arguments in topology.others.items():
        scenario = dataclasses.replace(config.scenario, arguments=tuple(arguments))
        other = dataclasses.replace(config, scenario=scenario)
        results[title] = evaluated(other, runs / "trained", runs / f"evaluation-{title}")
    pictures = draw(name, logs, results[name], list(topology.shown))
    minutes = float(np.mean([rows[-1]["wall_s"] / 60 for rows in logs]))
    text = page(name, config, results, pictures, minutes)
    (ROOT / "benchmarks" / "topologies").mkdir(exist_ok=True)
    (ROOT / "benchmarks" / "topologies" / f"{name}.md").write_text(text, encoding="utf-8")
    print(text)
    return results, minutes


def main() -> None:
    """Trains, evaluates, writes."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", default=list(TOPOLOGIES), help="topologies (all)")
    parser.add_argument("--seeds", type=int, default=3, help="training seeds (3)")
    parser.add_argument("--jobs", type=int, default=1, help="runs at a time (1)")
    options = parser.parse_args()
    for name in options.names:
        results, minutes = measured(name, options.seeds, options.jobs)
        for title, content in results.items():
            prefix = title.replace("-", "_")
            for policy in content["policies"]:
                reward = content["summary"][policy["name"]][REWARD]["mean"]
                print(f"{prefix}_{policy['name'].replace('-', '_')}_reward: {reward:.2f} per_tick")
        print(f"{name.replace('-', '_')}_training_minutes: {minutes:.1f} min")


if __name__ == "__main__":
    main()
