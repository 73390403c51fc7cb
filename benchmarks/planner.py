# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The planner of `aiot-mec` against the best simple rules, on the same held-out episodes, under the scenario's own reward weights.

On the twin by default, which the planner then knows but for the future. With ``--backend ns3`` the episodes are ns-3's, and the planner
thinks in a twin of the same worlds that is kept in step. Prints means with 95 % intervals over episodes, paired differences to the
best rule, and the CPU time that a decision takes.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import partial

import numpy as np
import torch

from ns3marl import policies
from ns3marl.evaluation.statistics import bootstrap, difference
from ns3marl.fidelity.play import PolicyFunction, acting
from ns3marl.fidelity.record import in_ns3
from ns3marl.fidelity.worlds import draw
from ns3marl.rl.policy import Policy, action_generators
from ns3marl.scenarios.aiot_mec.exogenous import WORLDS, Exogenous
from ns3marl.scenarios.aiot_mec.planner import InStep, PlannerOptions
from ns3marl.scenarios.aiot_mec.planning import planner
from ns3marl.scenarios.aiot_mec.twin.pool import FastPool
from ns3marl.scenarios.aiot_mec.twin.recorded import Recorded
from ns3marl.scenarios.aiot_mec.twin.settings import Settings
from ns3marl.types import Actions, Batch, Spec

SEED, EPISODES, TICKS, RESAMPLES = 9501, 10, 100, 2000
SETTINGS = {
    "stress": ("--preset=stress", "--devices=50", "--servers=9"),
    "default": ("--devices=10", "--servers=3"),
}
RULES = ("snr-target", "load-aware", "coordinated-power")
METRICS = {
    "reward_mean": ("reward", 1.0),
    "completion_ratio": ("completion %", 100.0),
    "latency_mean_s": ("latency ms", 1000.0),
    "aoi_mean_ticks": ("age", 1.0),
    "energy_efficiency_tasks_per_j": ("tasks/J", 1.0),
}


@dataclass
class Timed:
    """A policy, and the CPU time that its decisions take."""

    policy: Policy
    decisions: int = 0
    cpu_s: float = 0.0

    def act(self, batch: Batch, rngs: Sequence[np.random.Generator]) -> list[Actions]:
        """See ``Policy.act``."""
        started_s = time.process_time()
        joint = self.policy.act(batch, rngs)
        self.cpu_s += time.process_time() - started_s
        self.decisions += len(rngs)
        return joint


@dataclass
class Played:
    """Metrics of every episode by name, and the CPU time of a decision."""

    metrics: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in METRICS})
    cpu_ms: float = 0.0

    def add(self, metrics: Mapping[str, float]) -> None:
        """An episode."""
        for name, values in self.metrics.items():
            values.append(metrics[name])


#: Makes a policy; the second argument is a twin that stands where the environments stand, or is kept there by the policy.
Maker = Callable[[Spec, FastPool], Policy]


def rule_of(name: str) -> Maker:
    """Makes a simple policy."""
    return lambda spec, _: policies.make(name, spec)


def on_twin(arguments: Sequence[str], make: Maker, episodes: int, ticks: int) -> Played:
    """A policy's episodes on the twin."""
    found = Played()
    with FastPool(arguments=arguments, num_envs=episodes, seed=SEED) as pool:
        policy, batch = Timed(make(pool.spec, pool)), pool.reset()
        for _ in range(ticks):
            batch = pool.step(policy.act(batch, action_generators(batch)))
        names = [metric.name for metric in pool.spec.metrics]
        for final in batch.final:
            assert final is not None
            found.add(dict(zip(names, final.metrics.tolist(), strict=True)))
    found.cpu_ms = 1000 * policy.cpu_s / policy.decisions
    return found


def on_ns3(arguments: Sequence[str], make: Maker, drawn: Mapping[int, Exogenous]) -> Played:
    """A policy's episodes in ns-3, beside a twin of the same world."""
    found, decisions, cpu_s = Played(), 0, 0.0
    for run, world in drawn.items():
        recorded = Recorded(Settings.parse(arguments), {run: world, run + 1: world}, SEED)
        twin = FastPool(arguments=arguments, num_envs=1, seed=SEED, first_run=run, world=recorded)
        policy = Timed(make(twin.spec, twin))
        episode, _, _ = in_ns3(world, arguments, partial(_acting, policy), "aiot-mec", SEED, run)
        found.add(episode.metrics)
        decisions, cpu_s = decisions + policy.decisions, cpu_s + policy.cpu_s
    found.cpu_ms = 1000 * cpu_s / decisions
    return found


def _acting(policy: Policy, spec: Spec) -> PolicyFunction:
    del spec
    return acting(policy, SEED)


def play(setting: str, backend: str, options: PlannerOptions, episodes: int, ticks: int) -> dict[str, Played]:
    """The rules and the planner, by name."""
    arguments = (*SETTINGS[setting], f"--ticks={ticks}")
    makers = {rule: rule_of(rule) for rule in RULES}
    if backend == "twin":
        makers["planner"] = lambda _, pool: planner(pool, options)
        return {name: on_twin(arguments, make, episodes, ticks) for name, make in makers.items()}
    makers["planner"] = lambda _, twin: InStep(planner(twin, options), twin)
    drawn: dict[int, Exogenous] = {}
    for run in range(1, episodes + 1):
        world = draw(WORLDS, "aiot-mec", arguments, SEED, run)
        assert isinstance(world, Exogenous)
        drawn[run] = world
    return {name: on_ns3(arguments, make, drawn) for name, make in makers.items()}


def show(setting: str, played: dict[str, Played]) -> list[str]:
    """Prints a table; returns the figures."""
    best = max(RULES, key=lambda rule: float(np.mean(played[rule].metrics["reward_mean"])))
    print(
        f"{'policy':18s}"
        + "".join(f"{title:>24s}" for title, _ in METRICS.values())
        + f"{'CPU ms/tick':>13s}"
    )
    lines = []
    for name, of in played.items():
        cells = []
        for metric, (_, scale) in METRICS.items():
            interval = bootstrap(of.metrics[metric], RESAMPLES)
            cells.append(
                f"{scale * interval.value:.2f} [{scale * interval.low:.2f}, {scale * interval.high:.2f}]"
            )
        print(f"{name:18s}" + "".join(f"{cell:>24s}" for cell in cells) + f"{of.cpu_ms:13.1f}")
        lines.append(f"{name.replace('-', '_')}_{setting}_reward: {np.mean(of.metrics['reward_mean']):.2f}")
    ours, theirs = (np.array([played[name].metrics["reward_mean"]]) for name in ("planner", best))
    gain = difference(ours, theirs, RESAMPLES)
    print(f"planner - {best}: {gain.value:.2f} [{gain.low:.2f}, {gain.high:.2f}]")
    lines.append(f"planner_{setting}_gain: {gain.value:.2f}")
    lines.append(f"planner_{setting}_cpu_ms_per_tick: {played['planner'].cpu_ms:.0f}")
    return lines


def main() -> None:
    """Prints a table for each setting, then the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--backend", choices=("twin", "ns3"), default="twin", help="where policies play (twin)"
    )
    parser.add_argument("--settings", default=",".join(SETTINGS), help="with commas between (all)")
    parser.add_argument("--episodes", type=int, default=EPISODES, help=f"of each policy ({EPISODES})")
    parser.add_argument("--ticks", type=int, default=TICKS, help=f"of an episode ({TICKS})")
    for option in fields(PlannerOptions):
        parser.add_argument(f"--{option.name}", type=type(option.default), default=option.default)
    given = parser.parse_args()
    torch.set_num_threads(1)
    options = PlannerOptions(
        **{option.name: getattr(given, option.name) for option in fields(PlannerOptions)}
    )
    lines = []
    for setting in given.settings.split(","):
        print(
            f"\n{setting}: aiot-mec {' '.join(SETTINGS[setting])}, {given.backend}, {given.episodes} episodes of {given.ticks} ticks, "
            f"seed {SEED}, reward weights 0.4/0.3/0.3; {options}"
        )
        lines += show(setting, play(setting, given.backend, options, given.episodes, given.ticks))
    print("\n".join(["", *lines]))


if __name__ == "__main__":
    main()
