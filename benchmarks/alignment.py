# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""How well the twin of `aiot-mec` agrees with ns-3: simple and trained policies over ten sizes of the network, and three of `stress` and `mixed`, on the same worlds.

ns-3's episodes are data of the repository, under `benchmarks/results/alignment/`; what is missing there is recorded. The twin plays
anew each time: every policy acts itself on both sides, from the same places, tasks, fading and noise. A point is one metric of
one policy in one cell; it is outside where the means differ by more than the tolerance. Writes `benchmarks/alignment.md` and a plot.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from rich.console import Console

from ns3marl.fidelity import compare
from ns3marl.fidelity.compare import Agreement, Gap
from ns3marl.fidelity.record import PolicyId, in_twin, record
from ns3marl.fidelity.trace import Trace
from ns3marl.plotting import COLOURS, pretty, render
from ns3marl.progress import ProgressDisplay
from ns3marl.reporting.page import TextTable, markdown_table
from ns3marl.scenarios.aiot_mec import HOME
from ns3marl.scenarios.aiot_mec.fidelity import FIDELITY, TwinCalibrator
from ns3marl.scenarios.aiot_mec.twin.calibrate import TOLERANCES
from ns3marl.scenarios.aiot_mec.twin.calibration import Calibration

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results" / "alignment"
#: Policies that were trained on the twin at 50/9, by preset.
LEARNED = {"": "imappo.pt", "stress": "imappo-stress.pt", "mixed": "imappo-mixed.pt"}
CELLS = (
    *("10/3", "25/6", "50/3", "50/6", "50/9", "50/12", "50/15", "50/18", "75/12", "100/15"),
    *("stress 50/9", "stress 50/3", "stress 100/15", "mixed 50/9", "mixed 50/3", "mixed 100/15"),
)
SEED, EPISODES, TICKS = 4001, 4, 100
RANKED = ("reward_mean", *TOLERANCES)
SHOWN = {
    "completion_ratio": ("completion [%]", 100.0, 1),
    "latency_mean_s": ("latency [ms]", 1000.0, 1),
    "energy_efficiency_tasks_per_j": ("tasks/J", 1.0, 2),
    "aoi_mean_ticks": ("age [ticks]", 1.0, 2),
}
Sides = dict[str, tuple[list[Trace], list[Trace]]]  # by policy: ns-3, twin


def arguments_of(cell: str) -> tuple[str, ...]:
    """Scenario arguments of N/K, or of a preset and N/K."""
    return (*TwinCalibrator().arguments(cell), f"--ticks={TICKS}")


def policies(cell: str) -> list[PolicyId]:
    """The simple policies, and the policy that was trained on the twin in the preset of a cell."""
    simple = [PolicyId.of(name, HOME) for name in ("random", *HOME.policies)]
    learned = RESULTS / LEARNED[cell.rpartition(" ")[0]]
    return [*simple, PolicyId.of(str(learned), HOME, greedy=True)]


def both_sides(cells: list[str], jobs: int, calibration: Path | None, console: Console) -> dict[str, Sides]:
    """Every policy's episodes in ns-3 and in the twin, by cell and policy."""
    found: dict[str, Sides] = {}
    with ProgressDisplay(f"{len(cells)} cells", console) as display:
        for at, cell in enumerate(cells):
            found[cell], who = {}, policies(cell)
            for nth, policy in enumerate(who):
                before = (at + nth / len(who)) / len(cells)
                width = 0.9 / len(who) / len(cells)

                def show(
                    part: float, text: str, before: float = before, width: float = width, cell: str = cell
                ) -> None:
                    display.show(before + width * part, f"{cell}: {text}")

                ns3 = record(
                    RESULTS,
                    policy,
                    HOME.name,
                    arguments_of(cell),
                    seed=SEED,
                    runs=range(1, EPISODES + 1),
                    jobs=jobs,
                    report=show,
                )
                twin = in_twin(ns3, policy, HOME, FIDELITY, calibration=calibration)
                found[cell][policy.name] = ns3, twin
    return found


def gaps_of(sides: dict[str, Sides]) -> dict[tuple[str, str, str], Gap]:
    """By cell, policy and metric."""
    return {
        (cell, policy, metric): compare.gap(ns3, twin, metric, FIDELITY)
        for cell, of in sides.items()
        for policy, (ns3, twin) in of.items()
        for metric in TOLERANCES
    }


def agreements_of(sides: dict[str, Sides]) -> dict[tuple[str, str], Agreement]:
    """By cell and metric."""
    return {
        (cell, metric): compare.agreement(
            metric,
            {policy: compare.values(ns3, metric) for policy, (ns3, _) in of.items()},
            {policy: compare.values(twin, metric) for policy, (_, twin) in of.items()},
        )
        for cell, of in sides.items()
        for metric in RANKED
    }


def page(
    gaps: dict[tuple[str, str, str], Gap],
    agreements: dict[tuple[str, str], Agreement],
    calibration: Calibration,
    sides: dict[str, Sides],
) -> str:
    """Markdown: summary, what is outside, ranks, and every point."""
    outside = {key: gap for key, gap in gaps.items() if gap.within is False}
    cells, who = (calibration.provenance.get(key, []) for key in ("cells", "policies"))
    fitted = f"fitted to {', '.join(who)} in {', '.join(cells)}" if cells else "those of standard and models"
    lines = [
        "# The twin beside ns-3\n",
        "Written by `make bench NAME=alignment` from the episodes in `results/alignment/`.\n",
        (
            f"{EPISODES} episodes of {TICKS} ticks for each policy and size, seed {SEED}; every policy acts itself on both sides, on the same "
            "worlds. The gap is twin minus ns-3, with its 95 % bootstrap interval over the episodes. Allowed: 2 points of completion, "
            "10 % of latency, tasks/J and age.\n"
        ),
        (
            f"Constants of the twin: {fitted}. Cells that no fit may use: {', '.join(TwinCalibrator.held_out)}.\n"
        ),
        "![The twin over ns-3](../docs/images/alignment.png)\n",
        f"**{len(gaps)} points, {len(outside)} outside.**\n",
    ]
    lines += [
        f"- {cell}, {policy}: {metric} {gap.twin.value:.4g} in the twin, {gap.ns3.value:.4g} in ns-3. {why(*sides[cell][policy])}"
        for (cell, policy, metric), gap in outside.items()
    ]
    ranks = []
    for cell in dict.fromkeys(cell for cell, *_ in gaps):
        row = [agreements[cell, metric] for metric in RANKED]
        ranks.append([cell, *(f"{one.tau:.2f} of {one.pairs}" for one in row)])
    lines += ["", "## Ranks\n", markdown_table(TextTable(["N/K", *RANKED], ranks))]
    wrong = [
        f"{cell}, {m}: {' over '.join(pair)}"
        for (cell, m), one in agreements.items()
        for pair in one.discordant
    ]
    lines += [
        "",
        "Kendall's tau over the pairs of policies that ns-3 tells apart. "
        + (f"In the other order: {'; '.join(wrong)}." if wrong else ""),
    ]
    points = [
        [cell, policy, *(_cell(gaps[cell, policy, metric], metric) for metric in SHOWN)]
        for cell, policy in dict.fromkeys((cell, policy) for cell, policy, _ in gaps)
    ]
    header = ["N/K", "policy", *(heading for heading, *_ in SHOWN.values())]
    return "\n".join([*lines, "", "## Every point\n", markdown_table(TextTable(header, points))]) + "\n"


def why(ns3: list[Trace], twin: list[Trace]) -> str:
    """Which tasks end otherwise, and how the policy uses the air."""
    ends = {name: 100 * gap.value for name, (_, _, gap) in compare.endings(ns3, twin, FIDELITY).items()}
    largest = sorted(ends, key=lambda name: -abs(ends[name]))[:4]
    sent = np.concatenate([trace.discrete[trace.active & (trace.discrete[..., 0] > 0)] for trace in ns3])
    power = np.concatenate(
        [trace.continuous[trace.active & (trace.discrete[..., 0] > 0), 0] for trace in ns3]
    )
    shares = np.bincount(sent[:, 2]) / len(sent)
    return (
        f"In points of all tasks: {', '.join(f'{name} {ends[name]:+.1f}' for name in largest)}. The policy puts "
        f"{100 * shares.max():.0f} % of the uploads on one channel, at {np.median(power):.0f} dBm in the median."
    )


def _cell(gap: Gap, metric: str) -> str:
    _, factor, digits = SHOWN[metric]
    mark = "**" if gap.within is False else ""
    ends = f"[{factor * gap.gap.low:+.{digits}f}, {factor * gap.gap.high:+.{digits}f}]"
    return f"{factor * gap.ns3.value:.{digits}f} {mark}{factor * gap.gap.value:+.{digits}f}{mark} {ends}"


def plot(gaps: dict[tuple[str, str, str], Gap]) -> Figure:
    """The twin over ns-3, a point for each policy and cell; the band is what is allowed."""
    figure = Figure(figsize=(11, 3.1), layout="constrained")
    names = list(dict.fromkeys(policy for _, policy, _ in gaps))
    for axes, (metric, (_, factor, _)) in zip(figure.subplots(1, len(SHOWN)), SHOWN.items(), strict=True):
        for i, name in enumerate(names):
            own = [gap for (_, policy, m), gap in gaps.items() if (policy, m) == (name, metric)]
            axes.plot(
                [factor * gap.ns3.value for gap in own],
                [factor * gap.twin.value for gap in own],
                "o",
                ms=4,
                alpha=0.8,
                color=COLOURS[i % len(COLOURS)],
                label=name,
            )
        low, high = axes.get_xlim()
        line = np.linspace(max(low, 0.0), high, 50)
        bound, is_relative = TOLERANCES[metric]
        reach = bound * line if is_relative else np.full_like(line, factor * bound)
        axes.fill_between(line, line - reach, line + reach, color="grey", alpha=0.2, lw=0)
        axes.plot(line, line, color="grey", lw=0.8)
        axes.set_title(pretty(metric, ""), fontsize=9)
        axes.set_xlabel("ns-3", fontsize=8)
        axes.tick_params(labelsize=7)
    figure.axes[0].set_ylabel("twin", fontsize=8)
    figure.axes[0].legend(fontsize=6)
    return figure


def main() -> None:
    """Records what is missing, plays the twin, writes the page."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--cells", default=",".join(CELLS), help="N/K, or a preset and N/K, with commas between (all)"
    )
    parser.add_argument("--jobs", type=int, default=1, help="episodes of ns-3 at a time (1)")
    parser.add_argument("--calibration", type=Path, help="constants of the twin (the shipped ones)")
    parser.add_argument("--anew", action="store_true", help="record all of ns-3's episodes again")
    options = parser.parse_args()
    cells = options.cells.split(",")
    if options.anew:
        for path in (*RESULTS.glob("*.npz"), *RESULTS.glob("worlds/*.npz")):
            path.unlink()
    sides = both_sides(cells, options.jobs, options.calibration, Console(stderr=True))
    gaps, agreements = gaps_of(sides), agreements_of(sides)
    text = page(gaps, agreements, Calibration.load(options.calibration), sides)
    if set(cells) == set(CELLS) and options.calibration is None:
        (ROOT / "benchmarks" / "alignment.md").write_text(text, encoding="utf-8")
        picture = render("alignment", "The twin over ns-3", lambda: plot(gaps))
        (ROOT / "docs" / "images" / "alignment.png").write_bytes(picture.png)
    print(text)
    pairs = sum(one.pairs for one in agreements.values())
    score = sum(one.tau * one.pairs for one in agreements.values() if one.pairs)
    largest = {
        metric: max(
            abs(gap.gap.value / gap.tolerance)
            for (_, _, m), gap in gaps.items()
            if m == metric and gap.tolerance
        )
        for metric in TOLERANCES
    }
    for metric, value in largest.items():
        print(f"largest_gap_{metric}: {value:.2f} tolerances")
    print(f"points_checked: {len(gaps)} points")
    print(f"points_outside: {sum(gap.within is False for gap in gaps.values())} points")
    print(f"kendall_tau: {score / pairs:.4f} over_{pairs}_pairs")


if __name__ == "__main__":
    main()
