# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Ticks a second through other people's libraries, against our own pool with as many simulators.

The scenario is `echo` with 50 agents of 128 features. Each library runs in a virtual environment of its own, in one process with the
pool; the two take turns, block by block, and the ratio is the median over the blocks. Actions are those that a library draws within its
step, or always the same; masks are read where a learner would read them. Nothing is trained. `ARGS="torchrl tianshou"` measures some of them only.
"""

from __future__ import annotations

import os
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from roundtrip import ratio
from virtual_environments import EXAMPLES, HAS_TIANSHOU, python_with, run

from ns3marl.env.pool import Pool
from ns3marl.types import Actions

AGENTS, FEATURES, LEVELS = 50, 128, 2
ARGUMENTS = (f"--agents={AGENTS}", f"--features={FEATURES}", "--ticks=1000000", "--masked=true")
BLOCKS, BLOCK_S = 5, 1.0

Play = Callable[[int], Any]
"""Plays so many ticks, of all simulators together."""


def gymnasium_make() -> Play:
    """One central controller."""
    import gymnasium

    environment = gymnasium.make("ns3marl.env:ns3marl/echo-v0", arguments=ARGUMENTS)
    environment.reset(seed=1)
    action = environment.action_space.sample()

    def play(ticks: int) -> None:
        for _ in range(ticks):
            environment.step(action)

    return play


def _gymnasium_vector(mode: str) -> Play:
    import gymnasium

    environments = gymnasium.make_vec("ns3marl.env:ns3marl/echo-v0", 2, mode, arguments=ARGUMENTS)
    environments.reset(seed=1)
    action = environments.action_space.sample()

    def play(ticks: int) -> None:
        for _ in range(ticks // 2):
            environments.step(action)

    return play


def gymnasium_sync() -> Play:
    """Two environments of this process."""
    return _gymnasium_vector("sync")


def gymnasium_async() -> Play:
    """Two environments of two processes."""
    return _gymnasium_vector("async")


def _parallel(view: Callable[..., Any]) -> Any:
    from ns3marl.env.pettingzoo import Ns3ParallelEnv

    return view(Ns3ParallelEnv("echo", ARGUMENTS), levels=LEVELS)


def pettingzoo() -> Play:
    """One environment, agent by agent in dictionaries."""
    from ns3marl.env.wrappers import multi_discrete_actions

    environment = _parallel(multi_discrete_actions)
    environment.reset(seed=1)
    actions = dict.fromkeys(environment.agents, np.zeros(2, np.int64))

    def play(ticks: int) -> None:
        for _ in range(ticks):
            environment.step(actions)

    return play


def sb3_supersuit() -> Play:
    """Stable-Baselines3's vector of SuperSuit's two copies."""
    import supersuit

    from ns3marl.env.wrappers import multi_discrete_actions

    rows = supersuit.pettingzoo_env_to_vec_env_v1(_parallel(multi_discrete_actions))
    vector = supersuit.concat_vec_envs_v1(rows, 2, base_class="stable_baselines3")
    vector.reset()
    actions = np.zeros((2 * AGENTS, 2), np.int64)

    def play(ticks: int) -> None:
        for _ in range(ticks // 2):
            vector.step(actions)

    return play


def sb3_maskable() -> Play:
    """The same with masks, as MaskablePPO asks for them."""
    from sb3_contrib.common.maskable.utils import get_action_masks

    from ns3marl.env.wrappers import multi_discrete_actions
    from ns3marl.libraries.stable_baselines3 import agents

    rows = agents(_parallel(multi_discrete_actions), copies=2)
    rows.reset()

    def play(ticks: int) -> None:
        for _ in range(ticks // 2):
            choices = get_action_masks(rows)[:, :3].argmax(axis=1)
            rows.step(np.stack([choices, np.zeros_like(choices)], axis=1))

    return play


def torchrl() -> Play:
    """PettingZooWrapper with masks, under its random policy."""
    from torchrl.envs import PettingZooWrapper

    from ns3marl.env.wrappers import discrete_actions

    environment = PettingZooWrapper(_parallel(discrete_actions), use_mask=True, seed=1)
    return environment.rollout  # type: ignore[no-any-return]


def benchmarl() -> Play:
    """Two copies of the task, as BenchMARL's collector makes them, under TorchRL's random policy."""
    from torchrl.envs import SerialEnv

    from ns3marl.libraries.benchmarl import task

    make = task("echo", ARGUMENTS, levels=LEVELS).get_env_fun(2, False, 1, "cpu")
    copies = SerialEnv(2, make)
    return lambda ticks: copies.rollout(ticks // 2)


def tianshou() -> Play:
    """PettingZooEnv, agent after agent, with masks."""
    from pettingzoo.utils import parallel_to_aec
    from tianshou.env import PettingZooEnv

    from ns3marl.env.wrappers import discrete_actions, masked_observations

    environment = PettingZooEnv(parallel_to_aec(masked_observations(_parallel(discrete_actions))))
    seen = [environment.reset(seed=1)[0]]

    def play(ticks: int) -> None:
        for _ in range(ticks * AGENTS):
            seen[0] = environment.step(seen[0]["mask"].index(True))[0]

    return play


def rllib() -> Play:
    """An environment runner of the new stack, under random actions."""
    from ray.rllib.algorithms.ppo import PPOConfig
    from ray.rllib.env.multi_agent_env_runner import MultiAgentEnvRunner
    from ray.rllib.env.wrappers.pettingzoo_env import ParallelPettingZooEnv
    from ray.tune.registry import register_env

    from ns3marl.env.wrappers import multi_discrete_actions

    register_env("echo", lambda _: ParallelPettingZooEnv(_parallel(multi_discrete_actions)))
    config = (
        PPOConfig()
        .environment("echo", disable_env_checking=True)
        .multi_agent(policies={"all"}, policy_mapping_fn=lambda *_, **__: "all")
        .debugging(seed=1)
    )
    runner = MultiAgentEnvRunner(config=config)
    return lambda ticks: runner.sample(num_timesteps=ticks, random_actions=True)


LIBRARIES: dict[Callable[[], Play], tuple[str | None, int]] = {
    gymnasium_make: (None, 1),
    gymnasium_sync: (None, 2),
    gymnasium_async: (None, 2),
    pettingzoo: (None, 1),
    sb3_supersuit: ("sb3", 2),
    sb3_maskable: ("sb3", 2),
    torchrl: ("torchrl", 1),
    benchmarl: ("benchmarl", 2),
    tianshou: ("tianshou", 1),
    rllib: ("rllib", 1),
}
"""By what plays: the file of its requirements, if it has some, and the number of simulators."""


def own(simulators: int) -> Play:
    """Our own pool."""
    pool = Pool("echo", arguments=ARGUMENTS, num_envs=simulators, spares=0)
    batch = pool.reset()
    zeros = np.zeros((simulators, AGENTS, 1), np.int32)
    actions = [Actions(zeros, zeros.astype(np.float32))]
    assert len(batch.groups) == 1

    def play(ticks: int) -> None:
        for _ in range(ticks // simulators):
            pool.step(actions)

    return play


def _seconds(play: Play, ticks: int) -> float:
    started_s = time.perf_counter()
    play(ticks)
    return time.perf_counter() - started_s


def measure(make: Callable[[], Play], simulators: int) -> None:
    """Prints the figures of one library, in its own environment."""
    plays = {"library": make(), "pool": own(simulators)}
    ticks: dict[str, int] = {}
    times: dict[str, list[float]] = {name: [] for name in plays}
    for name, play in plays.items():
        play(simulators)  # warm-up
        ticks[name] = simulators * max(2, round(BLOCK_S / _seconds(play, 4 * simulators) * 4))
    for _ in range(BLOCKS):
        for name, play in plays.items():
            times[name].append(_seconds(play, ticks[name]) / ticks[name])
    name = make.__name__
    print(f"{name}_ticks_per_s: {1 / statistics.median(times['library']):.0f} 1/s")
    print(f"{name}_vs_pool: {ratio(times['pool'], times['library']):.3f} ratio", flush=True)
    os._exit(0)  # libraries may leave threads; the simulators end with this process


def main() -> None:
    """Runs every library in its environment, or, within one, measures it."""
    by_name = {make.__name__: make for make in LIBRARIES}
    if sys.argv[1:2] == ["--measure"]:
        make = by_name[sys.argv[2]]
        measure(make, LIBRARIES[make][1])
    failed = []
    wanted = sys.argv[1:] or [name for name in by_name if name != "tianshou" or HAS_TIANSHOU]
    for name in wanted:
        requirements, _ = LIBRARIES[by_name[name]]
        python = (
            python_with(EXAMPLES / f"requirements-{requirements}.txt") if requirements else sys.executable
        )
        with tempfile.TemporaryDirectory() as home:
            done = run([python, __file__, "--measure", name], Path(home))
        figures = re.findall(rf"^{name}_.*$", done.stdout, re.MULTILINE)
        print("\n".join(figures), flush=True)
        if len(figures) != 2:
            failed.append(name)
            print(f"{name} failed:\n{done.stdout}{done.stderr}", file=sys.stderr)
    print(f"libraries: {len(wanted)} number")
    print(f"libraries_failed: {len(failed)} number")
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
