# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Speed of the twin: agent-steps a second with full observation, reward and masks under random actions, float32.

On one core, over the number of devices and of environments; with ``--device cuda`` on a GPU. The last line is N=50, K=9 at the
best of its batches. Times are medians over blocks of ticks after warm-up; actions are drawn beforehand. On a processor it is the
CPU time of the one thread that counts, so that other work on the machine disturbs less; on a GPU the wall clock.

`--train` measures a whole training on the device instead: the twin, the decisions of IMAPPO, its rollouts and its updates at N=50, K=9
(`training.device`), and how long the published budget of 500 000 episodes of 1000 ticks would take at that rate.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Sequence

import torch

from ns3marl.algorithms import registry
from ns3marl.algorithms.imappo import ImappoOptions
from ns3marl.rl.on_device import DeviceLearner, OnDevice
from ns3marl.scenarios.aiot_mec.twin.aiot_mec import AiotMec
from ns3marl.scenarios.aiot_mec.twin.pool import FastPool
from ns3marl.scenarios.aiot_mec.twin.settings import Settings

BLOCKS, TICKS_PER_BLOCK, WARM_UP = 7, 8, 3
HEADLINE = (50, 9)
SIZES = ((10, 3), (50, 9), (100, 15), (200, 18))
BATCHES = (64, 128, 256, 512)
TRAINED_TICKS = 25
PUBLISHED_AGENT_SAMPLES = 500_000 * 1000 * 50
AGENTS_AT_MOST = 60_000
"""Larger batches are left out: they no longer fit the caches, and memory."""


def random_actions(
    settings: Settings, envs: int, device: torch.device
) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Joint actions of a few ticks, uniform over what exists."""
    generator = torch.Generator().manual_seed(1)
    shape = (envs, settings.devices)
    made = []
    for _ in range(4):
        choices = (3, min(settings.servers, 18), settings.channels)
        discrete = torch.stack([torch.randint(0, n, shape, generator=generator) for n in choices], 2)
        real = torch.rand(*shape, 2, generator=generator)
        real[..., 0] *= 30
        real[..., 1] = 0.05 + 0.9 * real[..., 1]
        made.append((discrete.to(device), real.to(device)))
    return made


def agent_steps_per_s(devices: int, servers: int, envs: int, device: torch.device) -> float:
    """Median over blocks."""
    settings = Settings(devices=devices, servers=servers, ticks=10_000)
    sim = AiotMec(settings, envs, seed=1, device=device)
    sim.reset()
    actions = random_actions(settings, envs, device)
    clock = time.process_time if device.type == "cpu" else time.perf_counter

    def block(ticks: int) -> float:
        start_s = clock()
        for tick in range(ticks):
            sim.step(*actions[tick % len(actions)])
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        return clock() - start_s

    block(WARM_UP)
    return envs * devices * TICKS_PER_BLOCK / statistics.median(block(TICKS_PER_BLOCK) for _ in range(BLOCKS))


def trained_agent_samples_per_s(envs: int, device: torch.device) -> float:
    """Of a training of IMAPPO: the second of two rollouts, with its update."""
    devices, servers = HEADLINE
    arguments = (f"--devices={devices}", f"--servers={servers}", "--ticks=200")
    pool = FastPool(arguments=arguments, num_envs=envs, device=str(device)).on_device()
    (learner,) = registry.make(
        "imappo", pool.spec, ImappoOptions(rollout_ticks=TRAINED_TICKS, epochs=4), 1
    ).learners.values()
    assert isinstance(learner, DeviceLearner)
    player = OnDevice(pool.spec, learner, envs, device)
    clock = time.process_time if device.type == "cpu" else time.perf_counter
    shown, updates, start_s = pool.reset(), 0, clock()
    while updates < 2:
        shown = pool.step(*player.explore(shown))
        if player.learn(shown) is not None:
            updates += 1
            if device.type == "cuda":
                torch.cuda.synchronize(device)
            spent_s, start_s = clock() - start_s, clock()
    return envs * devices * TRAINED_TICKS / spent_s


def train(batches: Sequence[int], device: torch.device) -> None:
    """Prints the rates of trainings, and the time that the published budget takes at the best one."""
    best = 0.0
    for envs in batches:
        rate = trained_agent_samples_per_s(envs, device)
        print(f"trained_b{envs}: {rate:.0f} agent-samples/s", flush=True)
        best = max(best, rate)
    print(f"trained_agent_samples_per_s: {best:.0f} agent-samples/s")
    print(f"published_budget_hours: {PUBLISHED_AGENT_SAMPLES / best / 3600:.1f} h")


def main() -> None:
    """Prints a table, then the headline."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cpu", help="cpu or cuda (cpu)")
    parser.add_argument(
        "--sizes",
        type=lambda text: tuple(tuple(map(int, size.split("/"))) for size in text.split(",")),
        default=SIZES,
        help="N/K,... (10/3,50/9,100/15,200/18)",
    )
    parser.add_argument("--batches", type=lambda text: tuple(map(int, text.split(","))), default=BATCHES)
    parser.add_argument("--train", action="store_true", help="measure a whole training on the device")
    parsed = parser.parse_args()
    device = torch.device(parsed.device)
    torch.set_num_threads(1)
    if parsed.train:
        train(parsed.batches, device)
        return
    best = 0.0
    for devices, servers in parsed.sizes:
        for envs in parsed.batches:
            if devices * envs > AGENTS_AT_MOST and device.type == "cpu":
                continue
            rate = agent_steps_per_s(devices, servers, envs, device)
            print(f"n{devices}_k{servers}_b{envs}: {rate:.0f} agent-steps/s", flush=True)
            if (devices, servers) == HEADLINE:
                best = max(best, rate)
    print(f"agent_steps_per_s_per_core: {best:.0f} agent-steps/s")


if __name__ == "__main__":
    main()
