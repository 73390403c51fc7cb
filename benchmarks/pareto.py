# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Pareto fronts of `aiot-mec` in ns-3: what IMAPPO reaches as the reward's weights change, and rules as their targets change.

In `stress` with 50 devices and 9 servers. IMAPPO is trained on the twin once for each weights and seed, with the options of `regimes.py`;
every rule is played with each of its targets. All play the same held-out episodes, learners by likeliest actions. A point of the rules' front is
dominated if some weights of IMAPPO reach at least as much of both quantities in the mean. Finished cells are files under
`benchmarks/results/pareto/`; a call runs what is missing and draws `docs/images/pareto.png`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import cells
import numpy as np
import regimes_tuned
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from ns3marl import plotting
from ns3marl.config import Config, load
from ns3marl.evaluation import statistics
from ns3marl.scenarios.aiot_mec.published.study import TWIN
from ns3marl.studies.cells import Cell, Content, Study, likeliest
from ns3marl.types import Float64

SEED, EPISODES, TICKS, TRAINING_TICKS, RESAMPLES = 3201, 20, 100, 60_000, 10_000
LEARNER = "imappo"
#: By name: completion, energy, age, latency. The published ones are the scenario's own, and their trainings those of ``regimes.py``.
WEIGHTS = {
    "energy": (0.2, 0.6, 0.2, 0.0),
    "published": None,
    "completion": (0.8, 0.1, 0.1, 0.0),
    "swift": (0.4, 0.15, 0.15, 0.3),
    "swiftest": (0.3, 0.05, 0.05, 0.6),
}
#: By rule: the option, and its values [dB].
TARGETS = {
    "snr-target": ("target_db", (8, 11, 14, 17, 20, 23, 26, 30)),
    "load-aware": ("target_db", (8, 11, 14, 17, 20, 23, 26)),
}
#: By name: metric, factor, label, whether more is better.
COMPLETION = ("completion_ratio", 100.0, "completion [%]", True)
AGAINST = {
    "tasks_per_j": ("energy_efficiency_tasks_per_j", 1.0, "tasks/J", True),
    "latency": ("latency_mean_s", 1000.0, "latency [ms]", False),
}


def configure(cell: Cell) -> Config:
    """What a cell trains and evaluates."""
    arguments = ["--preset=stress", "--devices=50", "--servers=9", f"--ticks={TICKS}", "--reward=agent"]
    if cell.seed and (weights := WEIGHTS[cell.setting]) is not None:
        names = ("Completion", "Energy", "Age", "Latency")
        arguments += [f"--reward{name}={weight}" for name, weight in zip(names, weights, strict=True)]
    settings = [
        "scenario.name=aiot-mec",
        f"scenario.arguments={json.dumps(arguments)}",
        "evaluation.backend=ns3",
        f"evaluation.seed={SEED}",
        f"evaluation.episodes={EPISODES}",
        "training.tensorboard=false",
        "pool.num_envs=1",
    ]
    if cell.seed:
        options, _ = regimes_tuned.chosen(LEARNER)
        settings += [
            "scenario.backend=fastsim",
            "pool.num_envs=16",
            f"training.algorithm={LEARNER}",
            f"training.seed={cell.seed}",
            f"training.ticks={TRAINING_TICKS}",
            *(f"{LEARNER}.{name}={value}" for name, value in options.items()),
        ]
    return load(None, settings)


def source(cell: Cell) -> str:
    """What an evaluation calls a rule with its target."""
    if cell.seed:
        return cell.policy
    return f"{cell.policy}:{TARGETS[cell.policy][0]}={cell.setting.removeprefix('target-')}"


def budget(cell: Cell) -> dict[str, Any]:
    """Of a cell."""
    given = {"ticks": TRAINING_TICKS if cell.seed else 0, "episodes": EPISODES}
    return given | {"twin": TWIN} if cell.seed else given


STUDY = Study(cells.results("pareto"), cells.WORK, configure, budget, source=source, version=TWIN)


def every_cell(seeds: int) -> list[Cell]:
    """The first seed of everything first."""
    rules = [Cell(rule, f"target-{value}", 0) for rule, (_, values) in TARGETS.items() for value in values]
    return rules + [Cell(LEARNER, weights, seed) for seed in range(1, seeds + 1) for weights in WEIGHTS]


def scores(contents: Sequence[Content], metric: str) -> Float64:
    """Of the runs of one point, [R,M]; of learners by likeliest actions."""
    name = likeliest(metric) if contents[0]["cell"]["seed"] else metric
    return np.array([content["values"][name] for content in contents], float)


def points(done: Sequence[Content]) -> dict[tuple[str, str], list[Content]]:
    """Cells of one policy and setting."""
    found: dict[tuple[str, str], list[Content]] = {}
    for content in done:
        cell = content["cell"]
        found.setdefault((cell["policy"], cell["setting"]), []).append(content)
    return found


def dominated_share(done: Sequence[Content], against: str) -> float:
    """The share of the rules' front that IMAPPO dominates."""
    metric, _, _, more = AGAINST[against]
    sign = 1 if more else -1
    means = {
        key: np.array([scores(of, COMPLETION[0]).mean(), sign * np.nanmean(scores(of, metric))])
        for key, of in points(done).items()
    }
    ours = [mean for (policy, _), mean in means.items() if policy == LEARNER]
    rules = [mean for (policy, _), mean in means.items() if policy != LEARNER]
    front = [one for one in rules if not any((other >= one).all() and (other > one).any() for other in rules)]
    if not front:
        return float("nan")
    return float(np.mean([any((mine >= one).all() for mine in ours) for one in front]))


def draw(done: Sequence[Content]) -> Figure:
    """Completion against tasks/J and against latency, means with 95 % intervals."""
    figure, panels = plt.subplots(1, len(AGAINST), figsize=(9, 4))
    styles = {
        name: (colour, marker)
        for name, colour, marker in zip((LEARNER, *TARGETS), plotting.COLOURS, "os^", strict=False)
    }
    for axes, (metric, factor, label, _) in zip(panels, AGAINST.values(), strict=True):
        named: set[str] = set()
        for (policy, setting), of in points(done).items():
            colour, marker = styles[policy]
            x, y = (
                statistics.stratified_bootstrap([scale * scores(of, name)], statistics.mean, RESAMPLES)
                for name, scale in ((metric, factor), COMPLETION[:2])
            )
            axes.errorbar(
                x.value,
                y.value,
                xerr=[[x.value - x.low], [x.high - x.value]],
                yerr=[[y.value - y.low], [y.high - y.value]],
                fmt=marker,
                color=colour,
                markersize=5,
                linewidth=0.8,
                label=policy if policy not in named else None,
            )
            named.add(policy)
            axes.annotate(
                setting.removeprefix("target-"),
                (x.value, y.value),
                fontsize=6,
                xytext=(3, 3),
                textcoords="offset points",
            )
        axes.set_xlabel(label)
        axes.set_ylabel(COMPLETION[2])
        axes.legend()
    return figure


def main() -> None:
    """Runs what is missing and draws the fronts."""
    options = cells.parsed(__doc__, 2)
    every = every_cell(options.seeds)
    done = cells.run_chosen(every, STUDY, options)
    if done:
        plot = plotting.render("pareto", "Fronts in ns-3, stress, 50 devices, 9 servers", lambda: draw(done))
        (cells.ROOT / "docs" / "images" / "pareto.png").write_bytes(plot.png)
    shares = {name: dominated_share(done, name) for name in AGAINST}
    for name, share in shares.items():
        print(f"pareto_dominated_share_{name}: {share:.2f}")
    print(f"pareto_dominated_share: {np.mean(list(shares.values())):.2f}")
    print(f"cells_done: {len(done)}")
    print(f"cells_missing: {len(every) - len(done)}")


if __name__ == "__main__":
    main()
