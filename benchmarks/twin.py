# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""IMAPPO trained on the twin (N=50, K=9), judged packet by packet, and what more training in ns-3 brings.

Arms: `twin`, the configuration of that name; `tuned`, the same learners trained on in ns-3; `mixed`, from scratch
with two of 16 environments ns-3's; `packets`, ns-3 alone. The last three get as many ticks of ns-3, which is what takes the time.
Finished runs under `runs/twin/` are kept. All are evaluated in ns-3 on the same held-out episodes. Writes `benchmarks/twin.md` and a plot.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from seeded import trained

from ns3marl import config as configuration
from ns3marl.config import Config
from ns3marl.evaluation.evaluate import evaluate
from ns3marl.launch.environments import open_pool
from ns3marl.plotting import COLOURS, render
from ns3marl.reporting.page import TextTable, markdown_table
from ns3marl.studies.page import interval
from ns3marl.training import checkpoint, experiment

ROOT = Path(__file__).resolve().parents[1]
RUNS = ROOT / "runs" / "twin"
POLICY = ROOT / "benchmarks" / "results" / "alignment" / "imappo.pt"
ARMS = ("twin", "tuned", "mixed", "packets")
REFERENCES = ("best-snr", "coordinated-greedy")
SHOWN = {
    "completion_ratio": ("completion [%]", 100.0, 2),
    "latency_mean_s": ("latency [ms]", 1000.0, 1),
    "energy_efficiency_tasks_per_j": ("tasks/J", 1.0, 2),
    "aoi_mean_ticks": ("age [ticks]", 1.0, 2),
}
Results = dict[str, Any]


def configure(arm: str, ticks: int) -> Config:
    """What an arm trains; ``ticks`` are those of ns-3."""
    packets = [
        "scenario.backend=ns3",
        "pool.num_envs=2",
        "imappo.rollout_ticks=100",
        f"training.ticks={ticks}",
    ]
    own = {
        "twin": [],
        "tuned": [f"training.start_from={RUNS / 'twin'}", *packets],
        "mixed": ["pool.ns3_envs=2", f"training.ticks={8 * ticks}"],
        "packets": packets,
    }
    return configuration.load("twin", ["training.tensorboard=false", *own[arm]])


def keep(run: Path, path: Path) -> None:
    """Writes a run's learner without its running episodes, for `alignment`."""
    saved = checkpoint.load(run)
    config = configuration.load(run / "config.toml")
    with open_pool(config, 1, 1, 1) as pool:
        team = configuration.team_of(config, pool.spec)
    saved.begin(team, config)
    checkpoint.save(path, team, config, saved.progress, {})


def judge(arms: Sequence[str], backend: str, folder: Path) -> Results:
    """Evaluates all arms and the references on the same episodes."""
    config = configuration.load("twin", [f"evaluation.backend={backend}"])
    path = evaluate(config, [*(str(RUNS / arm) for arm in arms), *REFERENCES], folder)
    content: Results = json.loads(path.read_text())
    # Entries are in the order in which they were given; the arms get their names.
    for policy, name in zip(content["policies"], [*arms, *REFERENCES], strict=True):
        content["summary"][name] = content["summary"].pop(policy["name"])
        policy["name"] = name
    return content


def page(
    packets: Results, twin: Results, minutes: dict[str, list[float]], seeds: dict[str, int], ticks: int
) -> str:
    """Markdown."""
    budgets = {
        "twin": "150 000 ticks of the twin",
        "tuned": f"the same and {ticks} of ns-3",
        "mixed": f"{7 * ticks} of the twin and {ticks} of ns-3",
        "packets": f"{ticks} of ns-3",
    }
    head = [
        "policy",
        "seeds",
        "trained",
        *(title for title, *_ in SHOWN.values()),
        "completion in the twin [%]",
    ]
    lines = [
        "# Trained on the twin, judged in packets\n",
        (
            f"Written by `make bench NAME=twin`: N=50, K=9, {packets['episodes']} held-out episodes of ns-3, 95 % bootstrap "
            "intervals over training seeds and episodes.\n"
        ),
        "![Learning on the twin, results in ns-3](../docs/images/twin.png)\n",
    ]
    rows = []
    for policy in packets["policies"]:
        name = policy["name"]
        spent = f"{budgets[name]}, {np.mean(minutes[name]):.1f} min" if name in minutes else ""
        row = [name, str(seeds.get(name, "")), spent]
        row += [
            interval(packets["summary"][name][m], factor, digits) for m, (_, factor, digits) in SHOWN.items()
        ]
        rows.append([*row, interval(twin["summary"][name]["completion_ratio"], 100.0, 2)])
    return "\n".join([*lines, markdown_table(TextTable(head, rows))]) + "\n"


def plot(logs: Sequence[Sequence[dict[str, float]]], packets: Results, twin: Results) -> Figure:
    """Completion while learning on the twin, and of the finished policies in ns-3."""
    figure = Figure(figsize=(10, 3.4), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(3, 2))
    for nth, rows in enumerate(logs):
        known = [row for row in rows if "episode/completion_ratio" in row]
        left.plot(
            [row["wall_s"] / 60 for row in known],
            [100 * row["episode/completion_ratio"] for row in known],
            color=COLOURS[0],
            alpha=0.75,
            lw=1.1,
            label=f"imappo, {len(logs)} seeds, exploring" if nth == 0 else None,
        )
    for name, colour in zip(REFERENCES, (COLOURS[1], COLOURS[2]), strict=True):
        left.axhline(
            100 * twin["summary"][name]["completion_ratio"]["mean"], color=colour, lw=1, ls="--", label=name
        )
    left.set_ylim(80, 100)
    left.set_xlabel("minutes of training on the twin, one core")
    left.set_ylabel("completion [%]")
    left.set_title("on the twin", fontsize=9)
    left.legend(fontsize=7, loc="lower right")
    names = [policy["name"] for policy in packets["policies"]]
    for row, name in enumerate(names):
        of = packets["summary"][name]["completion_ratio"]
        mean, low, high = (100 * of[key] for key in ("mean", "low", "high"))
        right.errorbar(
            [mean], [row], xerr=[[mean - low], [high - mean]], fmt="o", capsize=3, color=COLOURS[0]
        )
        right.plot(
            [100 * twin["summary"][name]["completion_ratio"]["mean"]], [row], "|", ms=14, color=COLOURS[3]
        )
    right.plot([], [], "o", color=COLOURS[0], label="ns-3, 95 % interval")
    right.plot([], [], "|", ms=10, color=COLOURS[3], label="twin")
    right.set_yticks(
        range(len(names)), [f"imappo: {name}" if name in ARMS else name for name in names], fontsize=8
    )
    right.invert_yaxis()
    right.set_xlabel("completion [%]")
    right.set_title("the same policies, packet by packet", fontsize=9)
    right.legend(fontsize=7)
    return figure


def main() -> None:
    """Trains, evaluates, writes."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--arms", default="twin", help=f"what to train, of {','.join(ARMS)} (twin)")
    parser.add_argument("--seeds", type=int, default=1, help="training seeds (1)")
    parser.add_argument("--ns3-seeds", type=int, help="of the arms that ns-3 takes part in (as many)")
    parser.add_argument("--jobs", type=int, default=1, help="runs at a time (1)")
    parser.add_argument(
        "--ticks", type=int, default=4000, help="of ns-3, in the arms that it takes part in (4000)"
    )
    parser.add_argument("--keep", action="store_true", help="make the first run the policy of `alignment`")
    options = parser.parse_args()
    arms = options.arms.split(",")
    seeds = {arm: options.seeds if arm == "twin" else options.ns3_seeds or options.seeds for arm in arms}
    logs = {
        arm: trained(configure(arm, options.ticks), range(1, seeds[arm] + 1), RUNS / arm, options.jobs)
        for arm in arms
    }
    minutes = {arm: [rows[-1]["wall_s"] / 60 for rows in runs] for arm, runs in logs.items()}
    if options.keep:
        keep(experiment.run_folder(RUNS / "twin", 1), POLICY)
    packets, twin = judge(arms, "ns3", RUNS / "in-ns3"), judge(arms, "fastsim", RUNS / "in-twin")
    text = page(packets, twin, minutes, seeds, options.ticks)
    (ROOT / "benchmarks" / "twin.md").write_text(text, encoding="utf-8")
    picture = render(
        "twin", "Learning on the twin, results in ns-3", lambda: plot(logs["twin"], packets, twin)
    )
    (ROOT / "docs" / "images" / "twin.png").write_bytes(picture.png)
    print(text)
    greedy = 100 * packets["summary"]["coordinated-greedy"]["completion_ratio"]["mean"]
    for arm in arms:
        completion = 100 * packets["summary"][arm]["completion_ratio"]["mean"]
        print(f"{arm}_minutes: {np.mean(minutes[arm]):.1f} min")
        print(f"{arm}_completion_ns3: {completion:.2f} %")
        print(f"{arm}_gap_to_greedy: {greedy - completion:.2f} points")
    print(f"twin_completion_twin: {100 * twin['summary']['twin']['completion_ratio']['mean']:.2f} %")


if __name__ == "__main__":
    main()
