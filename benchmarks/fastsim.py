# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Speed of the twin: agent-steps a second with full observation, reward and masks under random actions, float32.

On one core, over the number of devices and of environments; with ``--device cuda`` on a GPU. The last line is N=50, K=9 at the
best of its batches. Times are medians over blocks of ticks after warm-up; actions are drawn beforehand. On a processor it is the
CPU time of the one thread that counts, so that other work on the machine disturbs less; on a GPU the wall clock.
"""

from __future__ import annotations

import argparse
import statistics
import time

import torch

from ns3marl.scenarios.aiot_mec.twin.aiot_mec import AiotMec
from ns3marl.scenarios.aiot_mec.twin.settings import Settings

BLOCKS, TICKS_PER_BLOCK, WARM_UP = 7, 8, 3
HEADLINE = (50, 9)
SIZES = ((10, 3), (50, 9), (100, 15), (200, 18))
BATCHES = (64, 128, 256, 512)
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
    parsed = parser.parse_args()
    device = torch.device(parsed.device)
    torch.set_num_threads(1)
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
