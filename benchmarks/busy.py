# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""How busy the cores are while IMAPPO trains on `aiot-mec` in ns-3, and what overlapping simulators and learner gains.

`simulating_share` is the CPU time of simulators and learner together, over cores times wall-clock time, from the first tick of a
training at N=50, K=9 to its last one. What other programs take of the cores is missing in it: `others_share` is their part, and
`idle_share` the part in which a core did nothing. `simulating_share_of_rest` is the share of what others left. On a busy machine it says little: what
a training does not take, others do.

`ticks_per_s_vs_none` compares the training with `training.overlap = "none"` and as many environments, at N=10, K=3, in turns.
`--against COMMIT` builds another commit (`none`: nothing) and adds it to the turns, with as many environments as cores and with as
many as here: `ticks_per_s_vs_before`. All learn from 500 ticks an update, in 5 epochs, whatever the policy does.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from other_commit import built
from rich.console import Console

from ns3marl import cores
from ns3marl.config import Config, load
from ns3marl.env.pool import Pool
from ns3marl.launch.environments import Environments
from ns3marl.training import metrics
from ns3marl.training.run import train
from ns3marl.types import Batch

TICKS_PER_UPDATE = 500
EPOCHS = 5
ENVS_PER_CORE = 2
FIRST = "1abb2d8"
"""The first version."""
SHARE_TICKS, RATE_TICKS = 4000, 4000
SMALL = ("--devices=10", "--servers=3", "--ticks=250")
LARGE = ("--devices=50", "--servers=9", "--ticks=250")


@dataclass
class Cores:
    """What the cores have done so far [s]."""

    wall: float = field(default_factory=time.perf_counter)
    learner: float = field(default_factory=time.process_time)
    simulators: float = 0.0
    idle: float = 0.0
    all: float = 0.0

    def __post_init__(self) -> None:
        tick_s = 1 / os.sysconf("SC_CLK_TCK")
        ended = os.times()
        self.simulators = ended.children_user + ended.children_system + tick_s * sum(_of_children())
        numbers = [int(word) for word in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
        self.idle, self.all = tick_s * (numbers[3] + numbers[4]), tick_s * sum(numbers)


def _of_children() -> list[int]:
    """CPU time of each running child of this process, in clock ticks."""
    found = []
    for entry in os.scandir("/proc"):
        try:
            fields = (
                Path(entry.path, "stat").read_text().rpartition(")")[2].split()
                if entry.name.isdigit()
                else []
            )
        except OSError:  # it has just ended
            continue
        if fields and int(fields[1]) == os.getpid():
            found.append(int(fields[11]) + int(fields[12]))
    return found


def settings(num_envs: int, ticks: int, arguments: tuple[str, ...]) -> list[str]:
    """Of a training, for `--set`."""
    return [
        "scenario.name=aiot-mec",
        f"scenario.arguments={json.dumps(arguments)}",
        f"pool.num_envs={num_envs}",
        f"training.ticks={ticks}",
        "training.tensorboard=false",
        f"imappo.rollout_ticks={TICKS_PER_UPDATE // num_envs}",
        f"imappo.epochs={EPOCHS}",
        "imappo.target_kl=0",
    ]


def shares(num_envs: int, ticks: int) -> dict[str, float]:
    """Shares of the cores' time while a training plays its ticks."""
    begun: list[Cores] = []

    class Watched(Pool):
        """Takes the time when the first episodes have begun."""

        def reset(self, seed: int | None = None) -> Batch:
            batch = super().reset(seed)
            begun.append(Cores())
            return batch

    def make(config: Config, seed: int, num_envs: int, first_run: int) -> Environments:
        arguments = config.scenario.arguments
        return Watched(
            "aiot-mec", num_envs=num_envs, arguments=arguments, seed=seed, first_run=first_run, resumable=True
        )

    with tempfile.TemporaryDirectory() as folder:
        config = load(None, settings(num_envs, ticks, LARGE))
        train(config, Path(folder), console=Console(file=io.StringIO()), make_pool=make)
    before, after = begun[0], Cores()
    cores_s = (after.wall - before.wall) * cores.usable()
    simulators, learner = after.simulators - before.simulators, after.learner - before.learner
    busy = after.all - before.all - (after.idle - before.idle)
    others_s = busy - simulators - learner
    return {
        "simulating_share": (simulators + learner) / cores_s,
        "simulating_share_of_rest": (simulators + learner) / (cores_s - others_s),
        "simulators_cpu_share": simulators / cores_s,
        "learner_cpu_share": learner / cores_s,
        "others_share": others_s / cores_s,
        "idle_share": (after.idle - before.idle) / cores_s,
    }


@dataclass(frozen=True)
class Contender:
    """One way to train."""

    num_envs: int
    environment: dict[str, str]
    settings: tuple[str, ...] = ()

    def ticks_per_s(self, ticks: int) -> tuple[float, float]:
        """Of one training, after its first update; and its CPU time, all processes and the start included [s]."""
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder) / "run"
            command = [sys.executable, "-m", "ns3marl.cli", "train", "aiot-mec", "--out", str(out)]
            for setting in (*settings(self.num_envs, ticks, SMALL), *self.settings):
                command += ["--set", setting]
            environment = self.environment | {"OMP_NUM_THREADS": "1"}
            before = os.times()
            subprocess.run(
                command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True
            )
            after = os.times()
            rows = metrics.read(out)
        first, last = rows[0], rows[-1]
        cpu_s = sum(after[2:4]) - sum(before[2:4])
        return (last["ticks"] - first["ticks"]) / (last["wall_s"] - first["wall_s"]), cpu_s


def main() -> None:
    """Prints shares, rates and ratios."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--against", metavar="COMMIT", default=FIRST, help="default: %(default)s")
    parser.add_argument("--rounds", type=int, default=3, help="turns of the contenders (3)")
    options = parser.parse_args()
    num_envs = ENVS_PER_CORE * cores.usable()
    figures = [f"{name}: {share:.3f}" for name, share in shares(num_envs, SHARE_TICKS).items()]
    print("\n".join(figures), flush=True)
    here = dict(os.environ)
    contenders = {
        "now": Contender(num_envs, here),
        "none": Contender(num_envs, here, ("training.overlap=none",)),
    }
    if options.against != "none":
        there = built(options.against, "aiot-mec").environment()
        contenders["before"] = Contender(cores.usable(), there)
        contenders["before_same_envs"] = Contender(num_envs, there)
    rates: dict[str, list[float]] = {name: [] for name in contenders}
    cpu_s: dict[str, list[float]] = {name: [] for name in contenders}
    for turn in range(options.rounds):
        for name, contender in contenders.items():
            rate, spent_s = contender.ticks_per_s(RATE_TICKS)
            rates[name].append(rate)
            cpu_s[name].append(spent_s)
            print(f"turn {turn + 1}: {name} {rate:.0f} ticks/s, {spent_s:.1f} s of CPU", flush=True)
    print("\n".join(figures))
    print(f"ticks_per_s: {statistics.median(rates['now']):.0f} ticks/s")
    for name in [name for name in contenders if name != "now"]:
        ratios = [now / other for now, other in zip(rates["now"], rates[name], strict=True)]
        print(f"ticks_per_s_vs_{name}: {statistics.median(ratios):.2f} x")
        spent = [now / other for now, other in zip(cpu_s["now"], cpu_s[name], strict=True)]
        print(f"cpu_vs_{name}: {statistics.median(spent):.2f} x")


if __name__ == "__main__":
    main()
