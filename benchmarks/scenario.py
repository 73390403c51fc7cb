# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""What a tick of `aiot-mec` costs by number of devices and servers, under the built-in best-SNR policy and without a learner.

`--other BIN` runs a second binary, like one against another build of ns-3 or before a change, at the same time on the same core.
The ratio of their CPU times is good to a few percent where either time alone drifts by half. It also says whether the metrics
are the same, which they are exactly when both simulated the same events.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
from dataclasses import dataclass

from ns3marl.executables import find_scenario

WARM_UP_TICKS = 2
#: devices, servers, further arguments, ticks that count
TABLE = [
    *((n, k, (), ticks) for n, ticks in ((10, 100), (50, 40), (100, 15)) for k in (3, 9, 15)),
    (1000, 100, ("--preset=dense",), 2),
]


@dataclass(frozen=True)
class Episode:
    """A finished episode of one binary."""

    cpu_ms_per_tick: float
    build_s: float
    rss_mb: float
    metrics: dict[str, float | None]


def play(binaries: list[str], arguments: list[str]) -> list[Episode]:
    """Plays the same episode with each binary, all at once on one core."""
    core = min(os.sched_getaffinity(0))
    processes = [
        subprocess.Popen([binary, "--standalone", "--seed=1", "--run=1", *arguments], stdout=subprocess.PIPE)
        for binary in binaries
    ]
    for process in processes:
        os.sched_setaffinity(process.pid, {core})
    episodes = []
    for process in processes:
        assert process.stdout is not None
        text = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            raise SystemExit(f"{process.args!r} ended with {process.returncode}")
        output = json.loads(text)
        counted_ns = output["tick_cpu_ns"][WARM_UP_TICKS:]
        episodes.append(
            Episode(
                cpu_ms_per_tick=1e-6 * sum(counted_ns) / len(counted_ns),
                build_s=1e-9 * output["build_wall_ns"],
                rss_mb=usage.ru_maxrss / 1000,
                metrics=output["metrics"],
            )
        )
    return episodes


def main() -> None:
    """Plays the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--other", metavar="BIN", help="a second aiot-mec to compare with")
    options = parser.parse_args()
    binaries = [str(find_scenario("aiot-mec")), *([options.other] if options.other else [])]
    figures: list[str] = []
    print(
        "devices servers  cpu ms/tick  build s  rss MB" + ("  other/this  metrics" if options.other else "")
    )
    for devices, servers, further, ticks in TABLE:
        arguments = [
            f"--devices={devices}",
            f"--servers={servers}",
            f"--ticks={WARM_UP_TICKS + ticks}",
            *further,
        ]
        this, *others = play(binaries, arguments)
        line = (
            f"{devices:7} {servers:7}  {this.cpu_ms_per_tick:11.2f}  {this.build_s:7.2f}  {this.rss_mb:6.0f}"
        )
        name = f"n{devices}_k{servers}"
        for other in others:
            ratio = other.cpu_ms_per_tick / this.cpu_ms_per_tick
            line += f"  {ratio:10.3f}  {'same' if other.metrics == this.metrics else 'differ'}"
            figures.append(f"other_cpu_ratio_{name}: {ratio:.3f}")
        print(line, flush=True)
        figures.append(f"cpu_ms_per_tick_{name}: {this.cpu_ms_per_tick:.1f} ms")
        if devices == 1000:
            figures.append(f"build_s_{name}: {this.build_s:.1f} s")
            figures.append(f"rss_mb_{name}: {this.rss_mb:.0f} MB")
    print("\n".join(figures))


if __name__ == "__main__":
    main()
