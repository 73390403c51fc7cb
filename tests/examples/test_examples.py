# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Each example, at toy size, in a virtual environment of its own: what it installs on top changes nothing here."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"


@pytest.fixture(scope="module")
def python_of() -> Callable[[Path], Path]:
    """Makes the environment of an example, or takes the one made before, and gives its interpreter."""

    def make(requirements: Path) -> Path:
        folder = ROOT / ".cache" / "examples" / requirements.stem
        stamp = folder / "requirements.txt"
        wanted = f"{sys.version}\n{requirements.read_text()}"
        if not stamp.exists() or stamp.read_text() != wanted:
            venv.create(folder, clear=True, with_pip=True)
            paths = sysconfig.get_paths(vars={"base": str(folder), "platbase": str(folder)})
            # What is installed here is there too, behind what the example installs.
            Path(paths["purelib"], "parent.pth").write_text(
                f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})\n"
            )
            pip = [
                str(folder / "bin" / "python"),
                "-m",
                "pip",
                "install",
                "-q",
                "--disable-pip-version-check",
            ]
            subprocess.run([*pip, "-r", str(requirements)], check=True)
            stamp.write_text(wanted)
        return folder / "bin" / "python"

    return make


def run(python: Path, example: str, home: Path, *arguments: str) -> str:
    environment = os.environ | {
        "HOME": str(home),
        "MPLCONFIGDIR": str(home),
        "PYTHONPATH": os.pathsep.join([str(ROOT / "python")]),
        "RAY_AUTH_MODE": "disabled",
        "RAY_USAGE_STATS_ENABLED": "0",
    }
    done = subprocess.run(
        [python, EXAMPLES / example, "--devices=3", "--episode=10", *arguments],
        env=environment,
        cwd=home,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.learning
@pytest.mark.timeout(900)  # the first run installs
@pytest.mark.usefixtures("built_scenarios")
@pytest.mark.parametrize(
    ("name", "requirements", "arguments", "printed"),
    [
        (
            "sb3_ppo",
            "sb3",
            ["--ticks=40"],
            r"n_updates *\| *10 (.|\n)*\nreward per tick: [\d.]+, completion: [01]\.\d{3}\n$",
        ),
        (
            "torchrl_mappo",
            "torchrl",
            ["--ticks=20"],
            r"^update 0: .*\nupdate 1: reward per tick [\d.]+, loss -?[\d.]+\n$",
        ),
        (
            "rllib_ppo",
            "rllib",
            ["--ticks=40", "--update=20"],
            r"update 0: .*\nupdate 1: reward per device and tick [\d.]+\n",
        ),
    ],
)
def test_an_example_trains(
    python_of: Callable[[Path], Path],
    tmp_path: Path,
    name: str,
    requirements: str,
    arguments: list[str],
    printed: str,
) -> None:
    python = python_of(EXAMPLES / f"requirements-{requirements}.txt")
    assert re.search(printed, run(python, f"{name}.py", tmp_path, *arguments))
