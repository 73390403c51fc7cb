# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Ticks/s of two simulators of `aiot-mec` (N=50, K=9) on two cores against one, under the best-SNR policy.

Episodes differ in how dear their ticks are, so both ways do the same work: the same ticks of the same two episodes, once one
after the other and once at the same time. They take turns, block by block; the speedup is the median of the blocks' ratios.
"""

from __future__ import annotations

import statistics
import time

import numpy as np

from ns3marl import policies
from ns3marl.env.pool import Pool
from ns3marl.types import Batch

ARGUMENTS = ("--devices=50", "--servers=9", "--ticks=100000")
WARM_UP_TICKS, BLOCK_TICKS, BLOCKS = 20, 40, 8


class Runner:
    """A pool that answers whoever is ready, until each simulator has done its ticks."""

    def __init__(self, simulators: int, first_run: int) -> None:
        self.pool = Pool("aiot-mec", num_envs=simulators, arguments=ARGUMENTS, first_run=first_run, spares=0)
        self.policy = policies.make("best-snr", self.pool.spec)
        self.batch: Batch = self.pool.reset()
        self.play(WARM_UP_TICKS)

    def play(self, ticks: int) -> float:
        """Seconds for `ticks` ticks of every simulator."""
        start_s, done = time.perf_counter(), 0
        goal = ticks * self.pool.num_envs
        while done < goal:
            rngs = [np.random.default_rng(0) for _ in self.batch.env_id]
            self.pool.send(self.batch.env_id, self.policy.act(self.batch, rngs))
            self.batch = self.pool.recv(1 if done < goal - self.pool.num_envs else self.pool.num_envs)
            done += len(self.batch.env_id)
        return time.perf_counter() - start_s


def main() -> None:
    """Runs the blocks in turn."""
    single = (Runner(1, first_run=1), Runner(1, first_run=2))
    both = Runner(2, first_run=1)
    times: list[tuple[float, float]] = []
    for block in range(BLOCKS):
        times.append((sum(runner.play(BLOCK_TICKS) for runner in single), both.play(BLOCK_TICKS)))
        in_turn, at_once = times[-1]
        print(f"block {block + 1} of {BLOCKS}: {in_turn:.2f} s in turn, {at_once:.2f} s at once", flush=True)
    for runner in (*single, both):
        runner.pool.close()
    print(
        f"ticks_per_s_1: {statistics.median(2 * BLOCK_TICKS / in_turn for in_turn, _ in times):.1f} ticks/s"
    )
    print(
        f"ticks_per_s_2: {statistics.median(2 * BLOCK_TICKS / at_once for _, at_once in times):.1f} ticks/s"
    )
    print(f"two_simulators_speedup: {statistics.median(a / b for a, b in times):.2f} x")


if __name__ == "__main__":
    main()
