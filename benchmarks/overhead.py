# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""What the bridge costs on a real scenario: `aiot-mec` (N=50, K=9) in lockstep against the same binary on its own.

Both play the best-SNR policy over the same episode: in lockstep Python decides, standalone the scenario's built-in twin of that
policy does. The final metrics must be identical. Runs take turns, and the fastest run of each kind counts, since a machine's
other work only ever adds. `lockstep_gap_percent` is the same cost seen from inside the lockstep run: the time in which the
simulator waited, over the time in which it simulated.
"""

from __future__ import annotations

import json
import math
import statistics
import subprocess
import time
from pathlib import Path

import numpy as np
from awake import awake

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
    """The same episode under a Python policy, up to its last observation; `ticks` may cut it short."""
    arrivals_s: list[float] = []
    with Pool(
        "aiot-mec", arguments=ARGUMENTS, spares=0, on_frame=lambda *_: arrivals_s.append(time.perf_counter())
    ) as pool:
        policy: Policy = heuristics.make(name, pool.spec)
        batch = pool.reset()
        pid = pool.pids[0]
        for tick in range(ticks):
            if tick == WARM_UP_TICKS:
                start_s, cpu_s, simulator_s = time.perf_counter(), cpu_seconds(pid), pool.timing.simulator_s
            if tick == ticks - 1:  # the process is gone after the last one
                cpu_s = cpu_seconds(pid) - cpu_s
                rss_mb = peak_rss_mb(pid)
                simulator_s = pool.timing.simulator_s - simulator_s
                gap_percent = 100 * ((time.perf_counter() - start_s) / simulator_s - 1)
            batch = pool.step(policy.act(batch, [np.random.default_rng((0, 0, 0, tick))]))
        names = [metric.name for metric in pool.spec.metrics]
        return {
            "wall_s": arrivals_s[ticks] - start_s,
            "cpu_s": cpu_s,
            "rss_mb": rss_mb,
            "gap_percent": gap_percent,
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
    alone: list[dict[str, float]] = []
    together: list[dict[str, float]] = []
    for pair in range(PAIRS):
        alone.append(standalone())
        together.append(lockstep("best-snr"))
        walls = f"{alone[-1]['wall_s']:.2f} s alone, {together[-1]['wall_s']:.2f} s in lockstep"
        print(f"pair {pair + 1} of {PAIRS}: {walls}", flush=True)
    metrics = set(alone[0]) - {"wall_s", "cpu_s"}
    differing = [name for name in metrics if not same(alone[0][name], together[0][name])]
    if differing:
        raise SystemExit(f"the policies did not play the same episode: {differing} differ")
    ticks = 60
    random = lockstep("random", ticks)
    cpu_ms = 1e3 * min(run["cpu_s"] for run in together) / (TICKS - WARM_UP_TICKS - 1)
    fastest = min(run["wall_s"] for run in together) / min(run["wall_s"] for run in alone)
    print(f"metrics_identical: {len(metrics)} metrics")
    print(f"lockstep_gap_percent: {statistics.median(run['gap_percent'] for run in together):.2f} %")
    print(f"lockstep_overhead_percent: {100 * (fastest - 1):.2f} %")
    print(f"cpu_ms_per_tick_n50_k9: {cpu_ms:.1f} ms")
    print(f"cpu_ms_per_tick_n50_k9_random: {1e3 * random['cpu_s'] / (ticks - WARM_UP_TICKS - 1):.1f} ms")
    print(f"simulator_rss_mb: {max(run['rss_mb'] for run in together):.0f} MB")


if __name__ == "__main__":
    with awake():
        main()
