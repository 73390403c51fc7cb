# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""What the bridge costs on a real scenario: `aiot-mec` (N=50, K=9) in lockstep against the same binary on its own.

Both play the best-SNR policy over the same episode: in lockstep Python decides, standalone the scenario's built-in twin of that
policy does. The final metrics must be identical. Runs take turns; the overhead is the median of the pairwise ratios.
"""

from __future__ import annotations

import json
import math
import statistics
import subprocess
import time
from pathlib import Path

import numpy as np

from ns3marl.algorithms import heuristics
from ns3marl.env.pool import Pool
from ns3marl.rl.policy import Policy
from ns3marl.toolchain import find_scenario

WARM_UP_TICKS, TICKS, PAIRS = 20, 320, 5
ARGUMENTS = ("--devices=50", "--servers=9", f"--ticks={TICKS}")


def standalone() -> dict[str, float]:
    """An episode under the built-in policy: wall and CPU time after the warm-up, and the metrics."""
    command = [
        str(find_scenario("aiot-mec")),
        "--standalone",
        f"--warm-up={WARM_UP_TICKS}",
        "--seed=1",
        "--run=1",
        *ARGUMENTS,
    ]
    output = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return {"wall_s": output["wall_ns"] * 1e-9, "cpu_s": output["cpu_ns"] * 1e-9, **output["metrics"]}


def lockstep(name: str, ticks: int = TICKS) -> dict[str, float]:
    """The same episode under a Python policy; `ticks` may cut it short."""
    with Pool("aiot-mec", arguments=ARGUMENTS, seed=0, spares=0) as pool:
        policy: Policy = heuristics.make(name, pool.spec)
        batch = pool.reset()
        pid = pool.pids[0]
        start_s = cpu_s = 0.0
        for tick in range(ticks):
            if tick == WARM_UP_TICKS:
                start_s, cpu_s = time.perf_counter(), cpu_seconds(pid)
            batch = pool.step(policy.act(batch, [np.random.default_rng((0, 0, 0, tick))]))
            if tick == ticks - 2:
                cpu_s = cpu_seconds(pid) - cpu_s
                rss_mb = peak_rss_mb(pid)
        wall_s = time.perf_counter() - start_s
        names = [metric.name for metric in pool.spec.metrics]
        return {
            "wall_s": wall_s,
            "cpu_s": cpu_s,
            "rss_mb": rss_mb,
            **dict(zip(names, batch.metrics[0], strict=True)),
        }


def cpu_seconds(pid: int) -> float:
    """User and system time of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


def peak_rss_mb(pid: int) -> float:
    """Most memory a process has held."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1000


def same(a: float | None, b: float) -> bool:
    """Whether two metrics are the same number, or both not measured."""
    return math.isnan(b) if a is None else a == b


def main() -> None:
    """Runs the pairs, and a random policy for comparison."""
    overheads, cpu_ms, rss_mb = [], [], 0.0
    for pair in range(PAIRS):
        alone, together = standalone(), lockstep("best-snr")
        metrics = set(alone) - {"wall_s", "cpu_s"}
        differing = [name for name in metrics if not same(alone[name], together[name])]
        if differing:
            raise SystemExit(f"the policies did not play the same episode: {differing} differ")
        overheads.append(100 * (together["wall_s"] / alone["wall_s"] - 1))
        cpu_ms.append(1e3 * together["cpu_s"] / (TICKS - WARM_UP_TICKS - 1))
        rss_mb = max(rss_mb, together["rss_mb"])
        print(
            f"pair {pair + 1} of {PAIRS}: {alone['wall_s']:.2f} s alone, {together['wall_s']:.2f} s in lockstep",
            flush=True,
        )
    ticks = 60
    random = lockstep("random", ticks)
    print(f"metrics_compared: {len(metrics)} metrics")
    print(f"lockstep_overhead_percent: {statistics.median(overheads):.2f} %")
    print(f"cpu_ms_per_tick_n50_k9: {statistics.median(cpu_ms):.1f} ms")
    print(f"cpu_ms_per_tick_n50_k9_random: {1e3 * random['cpu_s'] / (ticks - WARM_UP_TICKS - 1):.1f} ms")
    print(f"simulator_rss_mb: {rss_mb:.0f} MB")


if __name__ == "__main__":
    main()
