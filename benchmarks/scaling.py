# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Ticks/s of two simulators of `aiot-mec` (N=50, K=9) on two cores against one, under the best-SNR policy.

One and two take turns, block by block; the speedup is the median of the pairwise ratios.
"""

from __future__ import annotations

import statistics
import time

import numpy as np
from awake import awake

from ns3marl.algorithms import heuristics
from ns3marl.env.pool import Pool
from ns3marl.types import Batch

ARGUMENTS = ("--devices=50", "--servers=9", "--ticks=100000")
WARM_UP_TICKS, BLOCK_TICKS, BLOCKS = 20, 50, 8


class Runner:
    """A pool of E simulators that answers whoever is ready."""

    def __init__(self, simulators: int) -> None:
        self.pool = Pool("aiot-mec", num_envs=simulators, arguments=ARGUMENTS, spares=0)
        self.policy = heuristics.make("best-snr", self.pool.spec)
        self.batch: Batch = self.pool.reset()
        self.play(WARM_UP_TICKS * simulators)

    def play(self, ticks: int) -> float:
        """Ticks/s over at least this many ticks, all simulators taken together."""
        start_s, done = time.perf_counter(), 0
        while done < ticks:
            rngs = [np.random.default_rng(0) for _ in self.batch.env_id]
            self.pool.send(self.batch.env_id, self.policy.act(self.batch, rngs))
            self.batch = self.pool.recv(1)
            done += len(self.batch.env_id)
        return done / (time.perf_counter() - start_s)


def main() -> None:
    """Runs the blocks in turn."""
    one, two = Runner(1), Runner(2)
    rates: list[tuple[float, float]] = []
    for block in range(BLOCKS):
        rates.append((one.play(BLOCK_TICKS), two.play(2 * BLOCK_TICKS)))
        print(f"block {block + 1} of {BLOCKS}: {rates[-1][0]:.1f} and {rates[-1][1]:.1f} ticks/s", flush=True)
    one.pool.close()
    two.pool.close()
    print(f"ticks_per_s_1: {statistics.median(rate for rate, _ in rates):.1f} ticks/s")
    print(f"ticks_per_s_2: {statistics.median(rate for _, rate in rates):.1f} ticks/s")
    print(f"two_simulators_speedup: {statistics.median(b / a for a, b in rates):.2f} x")


if __name__ == "__main__":
    with awake():
        main()
