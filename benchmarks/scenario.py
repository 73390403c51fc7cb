# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""What a tick of `aiot-mec` costs by number of devices and servers, under the built-in best-SNR policy and without a learner.

`--against COMMIT` builds another commit, which takes turns with this one on one core (`none`: nothing). `--other BIN` takes
a second executable instead, like one against another build of ns-3. A ratio is the median of the turns' ratios of CPU time. `metrics_differ` counts the rows whose metrics are not the same in every bit, which they are
when both simulated the same events. `spectrum_vs_yans` compares `--phy=spectrum` with the default in the same way (N=30, K=6).
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

from other_commit import built

from ns3marl.executables import find_scenario

WARM_UP_TICKS = 2
#: The first version of the scenario.
FIRST = "1abb2d8"
PHY = ("--devices=30", "--servers=6", f"--ticks={WARM_UP_TICKS + 20}")
TURNS = 3
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


def play(commands: Sequence[Sequence[str]], turns: int) -> list[list[Episode]]:
    """Plays an episode with each command, one after the other, a number of times; per command, then per turn."""
    core = min(os.sched_getaffinity(0))
    episodes: list[list[Episode]] = [[] for _ in commands]
    for _ in range(turns):
        for command, played in zip(commands, episodes, strict=True):
            played.append(play_once(command, core))
    return episodes


def play_once(command: Sequence[str], core: int) -> Episode:
    """Plays an episode on a core."""
    process = subprocess.Popen([*command, "--standalone", "--seed=1", "--run=1"], stdout=subprocess.PIPE)
    os.sched_setaffinity(process.pid, {core})
    assert process.stdout is not None
    text = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"{process.args!r} ended with {process.returncode}")
    output = json.loads(text)
    counted_ns = output["tick_cpu_ns"][WARM_UP_TICKS:]
    return Episode(
        cpu_ms_per_tick=1e-6 * sum(counted_ns) / len(counted_ns),
        build_s=1e-9 * output["build_wall_ns"],
        rss_mb=usage.ru_maxrss / 1000,
        metrics=output["metrics"],
    )


def ratio(these: Sequence[Episode], others: Sequence[Episode]) -> float:
    """Median over the turns of the CPU time of a tick, of the first relative to the second."""
    return statistics.median(
        this.cpu_ms_per_tick / other.cpu_ms_per_tick for this, other in zip(these, others, strict=True)
    )


def main() -> None:
    """Plays the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--against", metavar="COMMIT", default=FIRST, help="default: %(default)s")
    parser.add_argument("--other", metavar="BIN", help="an aiot-mec to compare with instead")
    options = parser.parse_args()
    this_binary = str(find_scenario("aiot-mec"))
    other_name, other_binary = options.against, options.other
    if other_binary:
        other_name = "other"
    elif options.against != "none":
        other_binary = str(built(options.against, "aiot-mec").executables / "aiot-mec")
    binaries = [this_binary, *([other_binary] if other_binary else [])]
    figures: list[str] = []
    rows_that_differ = 0
    print("devices servers  cpu ms/tick  build s  rss MB" + ("  this/other  metrics" if other_binary else ""))
    for devices, servers, further, ticks in TABLE:
        arguments = [
            f"--devices={devices}",
            f"--servers={servers}",
            f"--ticks={WARM_UP_TICKS + ticks}",
            *further,
        ]
        these, *others = play([[binary, *arguments] for binary in binaries], 1 if devices == 1000 else TURNS)
        this = sorted(these, key=lambda episode: episode.cpu_ms_per_tick)[len(these) // 2]
        line = (
            f"{devices:7} {servers:7}  {this.cpu_ms_per_tick:11.2f}  {this.build_s:7.2f}  {this.rss_mb:6.0f}"
        )
        name = f"n{devices}_k{servers}"
        for other in others:
            differ = any(episode.metrics != this.metrics for episode in (*these, *other))
            rows_that_differ += differ
            line += f"  {ratio(these, other):10.3f}  {'differ' if differ else 'same'}"
            figures.append(f"cpu_vs_{other_name}_{name}: {ratio(these, other):.3f}")
        print(line, flush=True)
        figures.append(f"cpu_ms_per_tick_{name}: {this.cpu_ms_per_tick:.1f} ms")
        if devices == 1000:
            figures.append(f"build_s_{name}: {this.build_s:.1f} s")
            figures.append(f"rss_mb_{name}: {this.rss_mb:.0f} MB")
    if other_binary:
        figures.append(f"metrics_differ: {rows_that_differ} rows")
    figures.append(f"spectrum_vs_yans: {spectrum_vs_yans(this_binary):.2f}")
    print("\n".join(figures))


def spectrum_vs_yans(binary: str) -> float:
    """How many times the CPU a tick takes with ns-3's spectrum model."""
    yans, spectrum = play([[binary, *PHY, f"--phy={phy}"] for phy in ("yans", "spectrum")], TURNS)
    return ratio(spectrum, yans)


if __name__ == "__main__":
    main()
