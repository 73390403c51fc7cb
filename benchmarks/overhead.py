# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""What the bridge costs on a real scenario: `aiot-mec` (N=50, K=9) in lockstep against the same binary on its own.

Both play the best-SNR policy over the same episode: in lockstep Python decides, standalone the scenario's built-in twin of that
policy does. The final metrics must be identical, so every tick simulates the same events on both sides.

A machine's speed may drift by half within a minute, and more between its cores, which hides what is measured here. So both
episodes run on one core and take turns of half a second: while one simulates, the other is stopped, or waits for its action.
Ticks in which a turn changed count on neither side. `lockstep_overhead_percent` compares the sums of all other ticks;
`lockstep_gap_percent` is what a lockstep run itself sees: the time in which the simulator waited, over that in which it simulated.

Learner and simulator never run at the same time, so the learner shares the simulator's core and loses nothing by it. On a core
of its own (`lockstep_overhead_two_cores_percent`) the simulator's core halts at every tick until its action comes; a virtual
machine's core comes back late and slow from that, which other simulators at work on the same cores would prevent.
"""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ns3marl import policies
from ns3marl.env.pool import Pool
from ns3marl.executables import find_scenario
from ns3marl.rl.policy import Policy

WARM_UP_TICKS, TICKS, PAIRS, TURN_S = 20, 320, 4, 0.5


@dataclass(frozen=True)
class Pair:
    """One episode played on both sides. Arrays hold the ticks that count."""

    alone_s: np.ndarray  #: from one observation to the next
    lockstep_s: np.ndarray  #: from one observation to the next
    simulated_s: np.ndarray  #: the simulator's share of it
    metrics: list[tuple[str, float | None, float]]  #: name, value alone, value in lockstep
    cpu_ms_per_tick: float
    rss_mb: float


def play(policy_name: str, ticks: int, core: int) -> Pair:
    """Plays the first ticks of both sides on a core, in turns; only under best-SNR do both sides play the same."""
    arguments = ("--devices=50", "--servers=9", f"--ticks={ticks}")
    simulated_s: list[float] = []
    counts = np.ones(ticks, bool)
    counts[:WARM_UP_TICKS] = False
    counts[-1] = False  # its end is also that of the process
    rngs = [np.random.default_rng(0)]
    with Pool("aiot-mec", arguments=arguments, spares=0) as pool:
        policy: Policy = policies.make(policy_name, pool.spec)
        batch = pool.reset()
        observed_s = [time.perf_counter()]
        pid = pool.pids[0]
        os.sched_setaffinity(pid, {core})
        command = [str(find_scenario("aiot-mec")), "--standalone", "--seed=1", "--run=1", *arguments]
        alone = subprocess.Popen(command, stdout=subprocess.PIPE)
        os.sched_setaffinity(alone.pid, {core})
        while len(simulated_s) < ticks:
            time.sleep(TURN_S)
            alone.send_signal(signal.SIGSTOP)
            counts[len(simulated_s)] = False
            turn_ends_s = time.perf_counter() + TURN_S
            while len(simulated_s) < ticks and time.perf_counter() < turn_ends_s:
                tick = len(simulated_s)
                if tick == WARM_UP_TICKS:
                    cpu_s = cpu_seconds(pid)
                if tick == ticks - 1:  # the process is gone after the last one
                    cpu_s = cpu_seconds(pid) - cpu_s
                    rss_mb = peak_rss_mb(pid)
                before_s = pool.timing.simulator_s
                batch = pool.step(policy.act(batch, rngs))
                observed_s.append(time.perf_counter())
                simulated_s.append(pool.timing.simulator_s - before_s)
            alone.send_signal(signal.SIGCONT)
        names = [metric.name for metric in pool.spec.metrics]
    output = json.loads(alone.communicate()[0])
    alone_s = 1e-9 * np.array(output["tick_wall_ns"])
    counts &= alone_s < TURN_S
    return Pair(
        alone_s=alone_s[counts],
        lockstep_s=np.diff(observed_s)[counts],
        simulated_s=np.array(simulated_s)[counts],
        metrics=[(n, output["metrics"][n], float(v)) for n, v in zip(names, batch.metrics[0], strict=True)],
        cpu_ms_per_tick=1e3 * cpu_s / (ticks - WARM_UP_TICKS - 1),
        rss_mb=rss_mb,
    )


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


def percent_more(pairs: list[Pair], a: str, b: str) -> float:
    """How much more time `a` takes than `b`, over all ticks that count."""
    a_s, b_s = (sum(getattr(pair, name).sum() for pair in pairs) for name in (a, b))
    return float(100 * (a_s / b_s - 1))


def main() -> None:
    """Plays the pairs, and a random policy for comparison."""
    cores = sorted(os.sched_getaffinity(0))
    learner_on = {"one core": cores[0], "two cores": cores[-1]}
    pairs: dict[str, list[Pair]] = {where: [] for where in learner_on}
    for number in range(1, PAIRS + 1):
        for where, core in learner_on.items():
            os.sched_setaffinity(0, {core})
            pair = play("best-snr", TICKS, cores[0])
            differing = [name for name, alone, lockstep in pair.metrics if not same(alone, lockstep)]
            if differing:
                raise SystemExit(f"the policies did not play the same episode: {differing} differ")
            pairs[where].append(pair)
            print(
                f"pair {number} of {PAIRS}, {where}: {len(pair.alone_s)} ticks, {pair.alone_s.sum():.2f} s alone, "
                f"{pair.lockstep_s.sum():.2f} s in lockstep ({percent_more([pair], 'lockstep_s', 'alone_s'):+.1f} %)",
                flush=True,
            )
    random = play("random", 60, cores[0])
    together, apart = pairs.values()
    both = together + apart
    print(f"metrics_identical: {len(both[0].metrics)} metrics")
    print(f"lockstep_gap_percent: {percent_more(together, 'lockstep_s', 'simulated_s'):.2f} %")
    print(f"lockstep_overhead_percent: {percent_more(together, 'lockstep_s', 'alone_s'):.2f} %")
    print(f"lockstep_overhead_two_cores_percent: {percent_more(apart, 'lockstep_s', 'alone_s'):.2f} %")
    print(f"cpu_ms_per_tick_n50_k9: {min(pair.cpu_ms_per_tick for pair in both):.1f} ms")
    print(f"cpu_ms_per_tick_n50_k9_random: {random.cpu_ms_per_tick:.1f} ms")
    print(f"simulator_rss_mb: {max(pair.rss_mb for pair in both):.0f} MB")


if __name__ == "__main__":
    main()
