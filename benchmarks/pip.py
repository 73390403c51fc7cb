# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""From `pip install` to the first training step, in a bare virtual environment outside the checkout.

Before the clock starts, the wheel of this checkout is built and `pip wheel` puts it and all that it needs into a folder, ns-3 among
it: downloads, and the compilation of dependencies that come as sources, are not counted. What is counted: `pip install 'ns3marl[ns3]'`
from that folder, then `ns3marl train demo`, which compiles the scenario into an empty cache without ccache, launches one simulator and
makes an update of 100 ticks. The folder of wheels is kept in `.cache/pip` for the next time.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
WHEELS = ROOT / ".cache" / "pip"
SCENARIO = "aiot-mec"
SETTINGS = ("training.ticks=100", "imappo.rollout_ticks=100", "pool.num_envs=1")
LIMIT_S = 3600.0


def wheels() -> Path:
    """The wheel of this checkout, with all that it needs beside it."""
    for old in WHEELS.glob("ns3marl-*.whl"):
        old.unlink()
    pip = [sys.executable, "-m", "pip", "wheel", "-q", "--disable-pip-version-check"]
    options = ["--find-links", str(WHEELS), "--wheel-dir", str(WHEELS), "-c", str(ROOT / "constraints.txt")]
    subprocess.run([*pip, *options, f"{ROOT}[ns3]"], check=True)
    (wheel,) = WHEELS.glob("ns3marl-*.whl")
    return wheel


def wait_for(happened: Callable[[], bool], process: subprocess.Popen[bytes]) -> float:
    """When something has happened that a running command does.

    Raises:
        SystemExit: The command ended first, or took too long.
    """
    started_s = time.perf_counter()
    while not happened():
        if process.poll() is not None or time.perf_counter() - started_s > LIMIT_S:
            process.kill()
            raise SystemExit("training made no update; run `ns3marl train demo` by hand to see why")
        time.sleep(0.01)
    return time.perf_counter()


def cpu_s() -> float:
    """Processor time of all commands that have ended; it depends less than the clock on what else the machine does."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Prints the figures."""
    wheel = wheels()
    print(f"wheel_mb: {wheel.stat().st_size / 1e6:.2f} MB")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        venv.create(folder / "venv", with_pip=True)
        cache, run = folder / "cache", folder / "run"
        environment = {key: value for key, value in os.environ.items() if not key.startswith("NS3MARL_")}
        environment |= {"XDG_CACHE_HOME": str(cache), "CCACHE_DISABLE": "1", "OMP_NUM_THREADS": "1"}
        environment.pop("PYTHONPATH", None)
        started_s, before_s = time.perf_counter(), cpu_s()
        python = str(folder / "venv" / "bin" / "python")
        pip = [python, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-index"]
        subprocess.run(
            [*pip, "--find-links", str(WHEELS), "ns3marl[ns3]"], check=True, cwd=folder, env=environment
        )
        installed_s = time.perf_counter()
        words = [word for setting in SETTINGS for word in ("--set", setting)]
        command = [python, "-m", "ns3marl.cli", "train", "packets", "--out", str(run), *words]
        metrics = run / "metrics.jsonl"
        with subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL) as training:
            compiled_s = wait_for(lambda: any(cache.glob(f"ns3marl/*/bin/{SCENARIO}")), training)
            updated_s = wait_for(lambda: metrics.exists() and metrics.stat().st_size > 0, training)
            training.wait()
    print(f"pip_to_first_training_step_cpu_s: {cpu_s() - before_s:.1f} s")
    print(f"pip_install_s: {installed_s - started_s:.1f} s")
    print(f"first_compilation_s: {compiled_s - installed_s:.1f} s")
    print(f"pip_to_first_training_step_s: {updated_s - started_s:.1f} s")


if __name__ == "__main__":
    main()
