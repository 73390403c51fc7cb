# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""ns3-gym's wire against our own, and how long a new topology takes.

The same scenario, `echo`, serves both wires in this process: 50 agents x F observation floats and 50 actions of one choice and
one level. Contenders take turns, block by block, and ratios are medians over the blocks.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from roundtrip import ratio, timed

from ns3marl import executables, toolchain
from ns3marl.compat.ns3gym import Ns3GymEnv
from ns3marl.env.pool import Pool
from ns3marl.types import Actions

AGENTS = 50
FEATURES = (16, 128)
BLOCKS, TICKS_PER_BLOCK = 15, 500
LIMIT_S = 300


def own_block(arguments: tuple[str, ...]) -> tuple[Pool, Callable[[], None]]:
    """Ticks through a pool of one simulator."""
    pool = Pool("echo", arguments=arguments, spares=0)
    pool.reset()
    actions = [Actions(np.ones((1, AGENTS, 1), np.int32), np.full((1, AGENTS, 1), 0.5, np.float32))]

    def block() -> None:
        for _ in range(TICKS_PER_BLOCK):
            pool.step(actions)

    return pool, block


def dialect_block(arguments: tuple[str, ...]) -> tuple[Ns3GymEnv, Callable[[], None]]:
    """The same ticks over ns3-gym's wire, through our client."""
    environment = Ns3GymEnv([executables.find_scenario("echo"), "--dialect=ns3gym"], arguments)
    environment.reset()
    action = {"choice": np.ones(AGENTS, np.uint32), "level": np.full(AGENTS, 0.5, np.float32)}

    def block() -> None:
        for _ in range(TICKS_PER_BLOCK):
            environment.step(action)

    return environment, block


def measure_round_trips() -> None:
    """Microseconds per tick on both wires."""
    for features in FEATURES:
        arguments = (f"--agents={AGENTS}", f"--features={features}", "--ticks=1000000")
        pool, own = own_block(arguments)
        environment, dialect = dialect_block(arguments)
        times: dict[str, list[float]] = {"own": [], "dialect": []}
        for block in range(BLOCKS + 1):
            for name, work in (("own", own), ("dialect", dialect)):
                spent_us = timed(work, TICKS_PER_BLOCK)
                if block:  # the first is warm-up
                    times[name].append(spent_us)
        pool.close()
        environment.close()
        for name, values in times.items():
            print(f"tick_{name}_us_{AGENTS}x{features}: {statistics.median(values):.1f} us")
        suffix = "" if features == FEATURES[-1] else f"_{AGENTS}x{features}"
        print(f"dialect_vs_own_wire{suffix}: {ratio(times['dialect'], times['own']):.2f} ratio")


def measure_new_scenario() -> None:
    """From `ns3marl new-scenario` to the first update of IMAPPO on what it made, all by commands."""
    command = [sys.executable, "-m", "ns3marl.cli"]
    toolchain.build()  # the bridge and the models are compiled once for all scenarios
    with tempfile.TemporaryDirectory() as folder:
        start_s = time.perf_counter()
        for words in (["new-scenario", "first-steps"], ["build", "first-steps"]):
            subprocess.run([*command, *words], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        built_s = time.perf_counter() - start_s
        metrics = Path(folder, "run", "metrics.jsonl")
        settings = ["training.ticks=100", "imappo.rollout_ticks=100", "pool.num_envs=1"]
        words = [word for setting in settings for word in ("--set", setting)]
        with subprocess.Popen(
            [*command, "train", "first-steps", "--out", "run", *words],
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as training:
            while not (metrics.exists() and metrics.stat().st_size):
                if training.poll() is not None or time.perf_counter() - start_s > LIMIT_S:
                    training.kill()
                    raise SystemExit("training made no update; run the three commands by hand")
                time.sleep(0.01)
            spent_s = time.perf_counter() - start_s
            training.wait()
    print(f"new_scenario_to_executable_s: {built_s:.1f} s")
    print(f"new_scenario_to_first_step_s: {spent_s:.1f} s")


def main() -> None:
    """Runs both."""
    measure_round_trips()
    measure_new_scenario()


if __name__ == "__main__":
    main()
