# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Virtual environments for what tests and benchmarks need beside the project's own requirements: nothing changes here."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples"

HAS_TIANSHOU = sys.version_info >= (3, 11)
"""Whether there is a Tianshou for this Python."""


def python_with(requirements: Path) -> Path:
    """The interpreter of the environment with a file of requirements, made if it is not there."""
    folder = ROOT / ".cache" / "examples" / requirements.stem
    stamp = folder / "requirements.txt"
    wanted = f"{sys.version}\n{requirements.read_text()}"
    python = folder / "bin" / "python"
    if not stamp.exists() or stamp.read_text() != wanted:
        venv.create(folder, clear=True, with_pip=True)
        paths = sysconfig.get_paths(vars={"base": str(folder), "platbase": str(folder)})
        # What is installed here is there too, behind what is installed there.
        Path(paths["purelib"], "parent.pth").write_text(
            f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})\n"
        )
        # One PyTorch serves all: another one could bring several GB of CUDA libraries.
        kept = folder / "kept.txt"
        kept.write_text(f"torch=={version('torch')}\n")
        pip = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        subprocess.run([*pip, "-r", str(requirements), "-c", str(kept)], check=True)
        stamp.write_text(wanted)
    return python


def run(command: list[str | Path], home: Path) -> subprocess.CompletedProcess[str]:
    """Runs a command of such an environment in an empty home, with the package of this checkout."""
    environment = os.environ | {
        "HOME": str(home),
        "MPLCONFIGDIR": str(home),
        "PYTHONPATH": str(ROOT / "python"),
        "RAY_AUTH_MODE": "disabled",
        "RAY_USAGE_STATS_ENABLED": "0",
    }
    return subprocess.run(command, env=environment, cwd=home, capture_output=True, text=True, check=False)
