# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Every learner, the strongest simple rules and the planner in five regimes of `aiot-mec`, judged packet by packet.

Learners are trained on the twin with the same budget of ticks and judged in ns-3 on held-out episodes that nothing was chosen on, by drawn
and by likeliest actions. Rules are tuned for each regime on other seeds, learners on other seeds of one regime with as many candidates
each. Finished cells are kept as files under `benchmarks/results/regimes/`; a call runs what is missing and writes `benchmarks/regimes.md`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cells
import numpy as np
import regimes_tuned
import rules

from ns3marl.config import Config, load
from ns3marl.evaluation import statistics
from ns3marl.progress import Report
from ns3marl.scenarios.aiot_mec import planning
from ns3marl.scenarios.aiot_mec.published.study import TWIN
from ns3marl.studies import page
from ns3marl.studies.cells import REWARD, STOCHASTIC, Cell, Content, Study, likeliest
from ns3marl.types import Float64

#: By name: preset, devices, servers.
REGIMES = {
    "default_50_9": ("default", 50, 9),
    "stress_50_9": ("stress", 50, 9),
    "stress_50_3": ("stress", 50, 3),
    "stress_100_15": ("stress", 100, 15),
    "mixed_50_9": ("mixed", 50, 9),
}
LEARNERS = ("imappo", "ippo", "ppo", "maddpg", "iql", "dqn", "a3c")
DECENTRALISED = ("ippo", "maddpg", "iql", "dqn", "a3c")
RULES = ("best-snr", "snr-target", "load-aware", "coordinated-greedy", "coordinated-power")
PLANNER = planning.NAME
SEED, EPISODES, TICKS, TRAINING_TICKS = 3101, 20, 100, 60_000
RESAMPLES = 10_000
HEAD = """\
# Regimes

Written by `make bench NAME=regimes` from the files in `results/regimes/`, one per policy, regime and training seed. Reward weights .4/.3/.3,
each device paid its share (`--reward=agent`). How learners and rules were tuned: `make bench NAME=regimes_tuned`.
"""


def arguments_of(regime: str, ticks: int) -> list[str]:
    """Of the scenario; every device is paid its share of the team's reward."""
    preset, devices, servers = REGIMES[regime]
    return [
        f"--preset={preset}",
        f"--devices={devices}",
        f"--servers={servers}",
        f"--ticks={ticks}",
        "--reward=agent",
    ]


def configure(cell: Cell) -> Config:
    """What a cell trains and evaluates."""
    settings = [
        "scenario.name=aiot-mec",
        f"scenario.arguments={json.dumps(arguments_of(cell.setting, TICKS))}",
        "evaluation.backend=ns3",
        f"evaluation.seed={SEED}",
        f"evaluation.episodes={EPISODES}",
        "evaluation.bootstrap=100",  # intervals are computed over all cells of a policy later
        f"evaluation.greedy={str(cell.policy not in STOCHASTIC).lower()}",
        "training.tensorboard=false",
        "pool.num_envs=1",
    ]
    if cell.seed:
        settings += [
            "scenario.backend=fastsim",
            "pool.num_envs=16",
            f"training.algorithm={cell.policy}",
            f"training.seed={cell.seed}",
            f"training.ticks={TRAINING_TICKS}",
            *(
                f"{cell.policy}.{name}={value}"
                for name, value in regimes_tuned.chosen(cell.policy)[0].items()
            ),
        ]
    return load(None, settings)


def source(cell: Cell) -> str:
    """What an evaluation calls the policy of a cell that does not train."""
    return rules.tuned(cell.policy, cell.setting)


def starts(regime: str) -> list[str]:
    """The tuned rules that the planner begins with."""
    return [rules.tuned(name, regime) for name in planning.STARTS]


def budget(cell: Cell) -> dict[str, Any]:
    """Of a cell: ticks of training, episodes, and how rules were tuned."""
    given: dict[str, Any] = {
        "ticks": TRAINING_TICKS if cell.seed else 0,
        "episodes": EPISODES,
        "policy": source(cell),
    }
    if cell.seed or cell.policy == PLANNER:
        given["twin"] = TWIN
    if cell.policy == PLANNER:
        given["starts"] = starts(cell.setting)
    return given


def every_cell(seeds: int) -> list[Cell]:
    """The first seed of everything first."""
    simple = [Cell(name, regime, 0) for regime in REGIMES for name in (*RULES, PLANNER)]
    trained = [
        Cell(name, regime, seed) for seed in range(1, seeds + 1) for regime in REGIMES for name in LEARNERS
    ]
    return simple + trained


def judge_planner(report: Report, config: Config, folder: Path) -> Content:
    """What an evaluation of the planner writes, which begins with the tuned rules."""
    arguments = list(config.scenario.arguments)
    (regime,) = (name for name in REGIMES if arguments_of(name, TICKS) == arguments)
    return planning.judge(report, config, folder, starts(regime))


STUDY = Study(
    cells.results("regimes"),
    cells.WORK,
    configure,
    budget,
    source=source,
    special={PLANNER: judge_planner},
    version=TWIN,
)


def scores(results: Sequence[Content], policy: str, metric: str = REWARD) -> Float64:
    """Of a policy's runs, [R,M], in the way of acting that was chosen for it; [0,M] if there is none."""
    runs = sorted(
        (content for content in results if content["cell"]["policy"] == policy),
        key=lambda content: int(content["cell"]["seed"]),
    )
    if runs and policy in STOCHASTIC and regimes_tuned.chosen(policy)[1] == "likeliest":
        metric = likeliest(metric)
    return np.array([[np.nan if x is None else x for x in content["values"][metric]] for content in runs])


def figures(regime: str, results: Sequence[Content]) -> list[str]:
    """What the finished cells of a regime say."""
    lines: list[str] = []

    def tell(name: str, found: statistics.Interval) -> None:
        between = "" if np.isnan(found.low) else f" [{found.low:.2f}, {found.high:.2f}]"
        lines.append(f"{regime}_{name}: {found.value:.2f}{between}")

    def mean_of(values: Float64) -> statistics.Interval:
        return statistics.stratified_bootstrap([values], statistics.mean, RESAMPLES)

    of = {name: scores(results, name) for name in (*LEARNERS, *RULES, PLANNER)}
    of = {name: values for name, values in of.items() if len(values)}
    central = {content["cell"]["policy"]: content["central"] for content in results}
    simple = {name: of[name] for name in RULES if name in of and not central[name]}
    ours = of.get("imappo")
    if ours is not None:
        tell("imappo_reward", mean_of(ours))
    if simple:
        best = max(simple.values(), key=lambda values: float(values.mean()))
        tell("best_rule_reward", mean_of(best))
        if ours is not None:
            tell("imappo_minus_best_rule", statistics.difference(ours, best, RESAMPLES))
    if PLANNER in of:
        tell("planner_reward", mean_of(of[PLANNER]))
        if ours is not None and simple:
            way = statistics.way_to_planner(ours, list(simple.values()), of[PLANNER], RESAMPLES)
            tell("way_to_planner", way)
    for name in DECENTRALISED:
        if ours is not None and name in of:
            tell(f"p_over_{name}", statistics.improvement(ours, of[name], RESAMPLES))
    if ours is not None and "ppo" in of:
        tell("minus_central_ppo", statistics.difference(ours, of["ppo"], RESAMPLES))
    return lines


def main() -> None:
    """Runs what is missing and writes the page."""
    options = cells.parsed(__doc__, 5)
    every = every_cell(options.seeds)
    done = cells.run_chosen(every, STUDY, options)
    page.write(
        done,
        cells.ROOT / "benchmarks" / "regimes.md",
        cells.ROOT / "docs" / "images",
        tuple(REGIMES),
        LEARNERS,
        HEAD,
    )
    for regime in REGIMES:
        print(
            "\n".join(figures(regime, [content for content in done if content["cell"]["setting"] == regime]))
        )
    print(f"cells_done: {len(done)}")
    print(f"cells_missing: {len(every) - len(done)}")


if __name__ == "__main__":
    main()
