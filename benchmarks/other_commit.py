# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Another commit of this repository, built beside this checkout, for benchmarks that compare with it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
COMMITS = ROOT / "build" / "commits"


@dataclass(frozen=True)
class Checkout:
    """A commit's files and its executables."""

    commit: str  #: in full
    folder: Path  #: the files of the commit

    @property
    def python_path(self) -> Path:
        """The folder of its Python package, for ``PYTHONPATH``."""
        return self.folder / "python"

    @property
    def executables(self) -> Path:
        """The folder of its executables, for ``NS3MARL_SCENARIO_PATH``."""
        return self.folder / "build" / "scenarios" / "bin"

    def environment(self) -> dict[str, str]:
        """The environment of this process, but for a process that runs the commit's package with its executables."""
        return os.environ | {
            "PYTHONPATH": str(self.python_path),
            "NS3MARL_SCENARIO_PATH": str(self.executables),
        }


def built(commit: str, *targets: str) -> Checkout:
    """Builds executables of a commit, in a folder of its own in ``build/commits``, which is kept for the next time.

    Args:
        commit: Anything that git takes for a commit.
        targets: Names of executables, such as ``"aiot-mec"``.

    Raises:
        subprocess.CalledProcessError: There is no such commit, or it does not compile here; the command has said why.
    """
    found = ["git", "-C", str(ROOT), "rev-parse", "--verify", f"{commit}^{{commit}}"]
    full = subprocess.run(found, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    checkout = Checkout(full, COMMITS / full[:12])
    if not checkout.folder.exists():
        _extract(full, checkout.folder)
    build = checkout.folder / "build" / "scenarios"
    settings = ["-DNS3MARL_BUILD_TESTS=OFF", f"-DNS3MARL_PYTHON={sys.executable}"]
    if shutil.which("ccache"):
        settings.append("-DCMAKE_CXX_COMPILER_LAUNCHER=ccache")
    # What ccache knows of another folder serves here too.
    environment = os.environ | {"CCACHE_BASEDIR": str(checkout.folder), "CCACHE_NOHASHDIR": "1"}
    configure = [
        "cmake",
        "-S",
        str(checkout.folder / "ns3-scenarios"),
        "-B",
        str(build),
        "-G",
        "Ninja",
        *settings,
    ]
    subprocess.run([*configure, "--log-level=WARNING"], env=environment, stdout=sys.stderr, check=True)
    subprocess.run(["ninja", "-C", build, *targets], env=environment, stdout=sys.stderr, check=True)
    return checkout


def _extract(commit: str, folder: Path) -> None:
    """Writes the files of a commit; the folder appears when they are complete."""
    partial = folder.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    archive = subprocess.run(["git", "-C", ROOT, "archive", commit], stdout=subprocess.PIPE, check=True)
    subprocess.run(["tar", "-x", "-C", partial], input=archive.stdout, check=True)
    partial.rename(folder)
