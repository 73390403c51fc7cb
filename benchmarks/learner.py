# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""How fast IMAPPO learns, against TorchRL's MAPPO on the same data, and what the other learners cost beside it.

`aiot-mec` (N=50, K=9) plays its ticks once, at random. The learners then act on the recorded observations, keep what they
must, and update: one thread, layers of equal width and number, equal epochs, minibatches and samples, fused Adam. `rate_vs_torchrl` is
that of IMAPPO with `advantage = "gae"`, MAPPO's own; the figures without a name are those of IMAPPO as it is by default, with
Q and the counterfactual baselines of all agents, which MAPPO does not have. The two are not the same to the last product: IMAPPO's
actor learns from agents that were asked to act alone and its critic embeds every agent, while TorchRL's loss runs over all agents and
its critic reads them side by side. An agent that was asked to act or not is one
agent-sample. TorchRL gets its observations scaled and as tensors at no cost, and no collector stands in its way. Learners
take turns, round by round; all compute in single precision but where the figure says bfloat16.

`NAME_cpu_vs_imappo` is the CPU of a tick of training on the twin (N=50, K=9), twin, rollout and updates together, relative to
IMAPPO's, each learner with its own defaults: 16 environments, and A3C's only worker with one. Off-policy learners are past their
warm-up. Learners take turns; figures are medians of the rounds' ratios.
"""

from __future__ import annotations

import copy
import dataclasses
import itertools
import statistics
import time
from dataclasses import dataclass

import numpy as np
import torch
from torchrl_mappo import TorchrlMappo

from ns3marl import config as configuration
from ns3marl import policies
from ns3marl.algorithms import registry
from ns3marl.algorithms.imappo import ImappoOptions
from ns3marl.env.pool import Pool
from ns3marl.launch.environments import open_pool
from ns3marl.rl.normalise import BoundsScaler
from ns3marl.rl.policy import action_generators
from ns3marl.rl.team import Team
from ns3marl.types import Batch, Spec

ARGUMENTS = ("--devices=50", "--servers=9", "--ticks=1000")
TICKS, ENVS, ROUNDS = 250, 2, 5
TWIN_ENVS = 16
#: Ticks of a round on the twin, over all environments: a whole update of IMAPPO, some of the others.
TWIN_TICKS = {"imappo": 4000, "maddpg": 480, "dqn": 480, "iql": 480, "a3c": 400}


@dataclass(frozen=True)
class Times:
    """Of one round [s]."""

    rollout: float
    update: float

    @property
    def whole(self) -> float:
        """Both."""
        return self.rollout + self.update


def record() -> tuple[Spec, list[Batch]]:
    """What T + 1 ticks of E simulators showed, with rewards of the intervals between."""
    rngs = [np.random.default_rng(e) for e in range(ENVS)]
    with Pool("aiot-mec", num_envs=ENVS, arguments=ARGUMENTS, spares=0) as pool:
        policy = policies.make("random", pool.spec)
        batches = [copy.deepcopy(pool.reset())]
        while len(batches) <= TICKS:
            batches.append(copy.deepcopy(pool.step(policy.act(batches[-1], rngs))))
        return pool.spec, batches


def ours(learner: Team, batches: list[Batch]) -> Times:
    """One rollout and update of IMAPPO."""
    rngs = [np.random.default_rng(e) for e in range(ENVS)]
    start_s = time.perf_counter()
    for batch, outcome in itertools.pairwise(batches[:-1]):
        learner.explore(batch, rngs)
        learner.learn(outcome)
    learner.explore(batches[-2], rngs)
    rolled_s = time.perf_counter()
    learner.learn(batches[-1])
    return Times(rolled_s - start_s, time.perf_counter() - rolled_s)


def theirs(
    learner: TorchrlMappo, scaled: list[torch.Tensor], masks: list[torch.Tensor], rewards: list[torch.Tensor]
) -> Times:
    """One rollout and update of TorchRL's MAPPO."""
    start_s = time.perf_counter()
    for t in range(TICKS - 1):
        learner.explore(scaled[t], masks[t])
        learner.learn(rewards[t + 1], scaled[t + 1])
    learner.explore(scaled[TICKS - 1], masks[TICKS - 1])
    rolled_s = time.perf_counter()
    learner.learn(rewards[TICKS], scaled[TICKS])
    return Times(rolled_s - start_s, time.perf_counter() - rolled_s)


def compare(spec: Spec, batches: list[Batch], width: int) -> dict[str, list[Times]]:
    """Rounds of all learners in turn, the first of each left out."""
    options = ImappoOptions(
        rollout_ticks=TICKS,
        epochs=5,
        target_kl=0.0,  # never stops early
        actor_width=width,
        critic_width=width,
    )
    variants = {"imappo": options, "mappo": dataclasses.replace(options, advantage="gae")}
    if width > 64:
        variants["bfloat16"] = dataclasses.replace(options, bfloat16=True)
    group = spec.groups[0]
    scaler = BoundsScaler(group.bounds)
    scaled = [scaler(torch.from_numpy(batch.groups[0].observations)) for batch in batches]
    masks = [torch.from_numpy(batch.groups[0].masks) for batch in batches]
    rewards = [torch.from_numpy(batch.groups[0].rewards).mean(-1, keepdim=True) for batch in batches]
    learners = {name: registry.make("imappo", spec, variant, seed=1) for name, variant in variants.items()}
    peer = TorchrlMappo(group, options, TICKS, ENVS)
    times: dict[str, list[Times]] = {name: [] for name in (*learners, "torchrl")}
    for _ in range(ROUNDS + 1):
        for name, learner in learners.items():
            times[name].append(ours(learner, batches))
        times["torchrl"].append(theirs(peer, scaled, masks, rewards))
        last = (
            f"{name} {1e3 * t[-1].rollout:.0f} + {1e3 * t[-1].update:.0f} ms" for name, t in times.items()
        )
        print(f"width {width}, rollout + update: {', '.join(last)}", flush=True)
    return {name: rows[1:] for name, rows in times.items()}


class Training:
    """A learner as ``ns3marl train`` makes it, on the twin.

    Args:
        algorithm: Its name.
    """

    def __init__(self, algorithm: str) -> None:
        self.algorithm, self.envs = algorithm, 1 if algorithm == "a3c" else TWIN_ENVS
        scenario = {"name": "aiot-mec", "backend": "fastsim", "arguments": list(ARGUMENTS)}
        settings = [f"scenario.{name}={value}" for name, value in scenario.items()]
        config = configuration.load(None, [f"training.algorithm={algorithm}", *settings])
        self.pool = open_pool(config, 1, self.envs, 1)
        self.team = configuration.team_of(config, self.pool.spec)
        self.batch = self.pool.reset()
        warmup = getattr(config.options(algorithm), "warmup_ticks", 0)
        self.play(warmup + TWIN_TICKS[algorithm])

    def play(self, ticks: int) -> float:
        """Trains; CPU time of a tick [s]."""
        start_s = time.process_time()
        for _ in range(ticks // self.envs):
            joint = self.team.explore(self.batch, action_generators(self.batch))
            self.batch = self.pool.step(joint)
            self.team.learn(self.batch)
        return (time.process_time() - start_s) / ticks


def costs() -> list[str]:
    """Figures of CPU beside IMAPPO's."""
    trainings = [Training(algorithm) for algorithm in TWIN_TICKS]
    rounds: list[list[float]] = []
    for _ in range(ROUNDS):
        rounds.append([one.play(TWIN_TICKS[one.algorithm]) for one in trainings])
        line = ", ".join(
            f"{one.algorithm} {1e3 * t:.2f}" for one, t in zip(trainings, rounds[-1], strict=True)
        )
        print(f"CPU of a tick of training on the twin [ms]: {line}", flush=True)
    for one in trainings:
        one.pool.close()
    figures = []
    for name, *row in zip(TWIN_TICKS, *rounds, strict=True):
        ratios = [own / times[0] for own, times in zip(row, rounds, strict=True)]
        figures.append(
            f"imappo_cpu_ms_per_tick: {1e3 * statistics.median(row):.2f} ms"
            if name == "imappo"
            else f"{name}_cpu_vs_imappo: {statistics.median(ratios):.2f} x"
        )
    return figures


def main() -> None:
    """Prints rates and ratios."""
    torch.set_num_threads(1)
    figures = costs()
    spec, batches = record()
    samples = TICKS * ENVS * len(spec.groups[0].agents)
    for width in (64, 256):
        times = compare(spec, batches, width)
        suffix = "" if width == 64 else f"_h{width}"
        for name, prefix in (("mappo", ""), ("imappo", "counterfactual_"), ("bfloat16", "bfloat16_")):
            if name in times:
                ratios = [
                    theirs.whole / ours.whole
                    for ours, theirs in zip(times[name], times["torchrl"], strict=True)
                ]
                figures.append(f"{prefix}rate_vs_torchrl{suffix}: {statistics.median(ratios):.2f} x")
        whole = statistics.median(t.whole for t in times["imappo"])
        update = statistics.median(t.update for t in times["imappo"])
        figures += [
            f"agent_samples_per_s_h{width}: {samples / whole:.0f} agent-samples/s",
            f"update_agent_samples_per_s_h{width}: {samples / update:.0f} agent-samples/s",
        ]
    print("\n".join(figures))


if __name__ == "__main__":
    main()
