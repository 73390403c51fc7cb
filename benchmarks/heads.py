# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""What each action head of `aiot-mec` is worth: the planner on the twin, with one head fixed to a constant that it plans around.

The planner chooses all other heads anew, so the cost of a constant is what nobody can win back by the others. A head's cost is that of the best
constant tried, on the same episodes. With ``--policy RUN`` also what a trained policy loses if one head of its decisions is replaced.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import numpy as np
import rules
import torch
from rich.console import Console

from ns3marl import home, policies
from ns3marl.evaluation.evaluate import load_policy
from ns3marl.evaluation.statistics import difference
from ns3marl.policies import allowed_choices
from ns3marl.progress import ProgressDisplay
from ns3marl.rl.policy import Policy, action_generators
from ns3marl.scenarios.aiot_mec import planning
from ns3marl.scenarios.aiot_mec.planner import Joint, Planner, PlannerOptions
from ns3marl.scenarios.aiot_mec.twin.pool import FastPool
from ns3marl.types import Actions, Batch, Float64, Group

SEED, EPISODES, TICKS, RESAMPLES = 9601, 4, 60, 2000
SETTINGS = ("mixed_50_9", "stress_50_9")
#: Constants that are tried: numbers of choices, dBm, shares.
CONSTANTS: dict[str, Sequence[float]] = {
    "mode": (0, 1, 2),
    "server": (0, 4, 8),
    "channel": (0,),
    "power": (15.0, 17.5, 20.0, 22.5, 25.0),
    "ratio": (0.5, 0.7, 0.8, 0.9),
}


class Fixed:
    """A policy with one head of its decisions replaced by a constant, where masks allow it."""

    def __init__(self, policy: Policy, group: Group, head: str, value: float) -> None:
        self.policy, self.group, self.value = policy, group, value
        self.discrete = next((d for d, one in enumerate(group.discrete_heads) if one.name == head), None)
        self.real = next((r for r, one in enumerate(group.continuous_heads) if one.name == head), None)
        self.central_execution = getattr(policy, "central_execution", False)

    def act(self, batch: Batch, rngs: Sequence[np.random.Generator]) -> list[Actions]:
        """See ``Policy.act``."""
        (joint,), seen = self.policy.act(batch, rngs), batch.groups[0]
        discrete, continuous = joint.discrete.copy(), joint.continuous.copy()
        if self.discrete is not None:
            discrete[..., self.discrete] = np.where(
                seen.active, int(self.value), discrete[..., self.discrete]
            )
            discrete = allowed_choices(self.group, discrete, seen.masks, seen.active)
        if self.real is not None:
            continuous[..., self.real] = np.where(seen.active, self.value, continuous[..., self.real])
        return [Actions(discrete, continuous)]

    def fix(self, joint: Joint, masks: np.ndarray) -> None:
        """The same in joint actions of one environment, in place; ``masks`` [N,M]."""
        if self.real is not None:
            joint.continuous[..., self.real] = self.value
        if self.discrete is not None:
            allowed = masks[:, self.group.mask_offsets[self.discrete] + int(self.value)]
            joint.discrete[:, allowed, self.discrete] = int(self.value)


def rewards(setting: str, head: str, value: float, policy: str) -> Float64:
    """Of every episode, [1,M]; of the planner if no policy is named."""
    arguments = (*rules.SETTINGS[setting], f"--ticks={TICKS}", "--reward=agent")
    own = home.find("aiot-mec")
    with FastPool(arguments=arguments, num_envs=EPISODES, seed=SEED) as pool:
        (group,) = pool.spec.groups

        def limited(one: Policy) -> Policy:
            return Fixed(one, group, head, value) if head else one

        playing: Policy
        if policy:
            playing = limited(load_policy(policy, pool.spec, own, greedy=True)[1])
        else:
            tuned = [rules.tuned(name, setting) for name in planning.STARTS]
            starts = [limited(policies.make(name, pool.spec)) for name in tuned]
            playing = Planner(pool.sim, starts, limited(policies.make(tuned[0], pool.spec)), PlannerOptions())
            if head:
                playing.fix = Fixed(playing, group, head, value).fix
        batch = pool.reset()
        for _ in range(TICKS):
            batch = pool.step(playing.act(batch, action_generators(batch)))
        column = [metric.name for metric in pool.spec.metrics].index("reward_mean")
        return np.array([[final.metrics[column] for final in batch.final if final is not None]])


def main() -> None:
    """Prints a table for each setting, then the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--settings", default=",".join(SETTINGS), help="with commas between (all)")
    parser.add_argument("--heads", default=",".join(CONSTANTS), help="with commas between (all)")
    parser.add_argument("--policy", default="", help="run folder or checkpoint instead of the planner")
    given = parser.parse_args()
    torch.set_num_threads(1)
    who, lines = "policy" if given.policy else "planner", []
    for setting in given.settings.split(","):
        print(
            f"\n{setting}: aiot-mec {' '.join(rules.SETTINGS[setting])}, twin, {EPISODES} episodes of {TICKS} ticks, RngSeed {SEED}"
        )
        tries = [(head, value) for head in given.heads.split(",") for value in CONSTANTS[head]]
        found: dict[str, list[tuple[float, float, float, float]]] = {}
        with ProgressDisplay(f"{len(tries)} constants", Console()) as display:
            free = rewards(setting, "", 0.0, given.policy)
            for number, (head, value) in enumerate(tries):
                display.show((number + 1) / (len(tries) + 1), f"{head} {value:g}")
                lost = difference(free, rewards(setting, head, value, given.policy), RESAMPLES)
                found.setdefault(head, []).append((lost.value, value, lost.low, lost.high))
        print(f"{who}: {free.mean():.2f}")
        lines.append(f"{setting}_{who}_reward: {free.mean():.2f}")
        for head, costs in found.items():
            cost, value, low, high = min(costs)
            tried = ", ".join(f"{value:g}: {cost:.2f}" for cost, value, _, _ in costs)
            print(f"{head:8s} best {value:g}, costs {cost:.2f} [{low:.2f}, {high:.2f}]   ({tried})")
            lines.append(f"{setting}_{head}_cost: {cost:.2f}")
    print("\n".join(["", *lines]))


if __name__ == "__main__":
    main()
