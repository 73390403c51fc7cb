# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Finding ns-3 and compiling scenarios; ``ns3marl.executables`` finds what was compiled, ``ns3marl.doctor`` what is missing."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ns3marl import build_tools, cores, executables
from ns3marl.build_display import BuildDisplay
from ns3marl.build_tools import Echo
from ns3marl.errors import BuildError


@dataclass(frozen=True)
class Ns3Installation:
    """The ns-3 that a build takes."""

    kind: str
    """`root` (from NS3_ROOT), `wheel` (of this Python) or `system`."""
    version: str
    """Like `3.44`; `dev` for a development tree."""
    profile: str
    """Like `release+log+assert`: the build profile, then what was compiled in."""
    root: Path
    """The folder with ns-3's headers and libraries."""


@dataclass(frozen=True)
class BuildResult:
    """What a build left behind."""

    scenarios: dict[str, Path]
    """The executables by name."""
    build_dir: Path
    duration_s: float


def find_ns3() -> Ns3Installation:
    """The ns-3 that a build would take, as FindNs3.cmake sees it.

    Raises:
        BuildError: there is none, or only one that is too old.
    """
    script = sources() / "cmake" / "print-ns3.cmake"
    command = [build_tools.tool("cmake"), f"-DNS3MARL_PYTHON={sys.executable}", "-P", str(script)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=build_tools.environment())
    lines = done.stdout.splitlines()
    if done.returncode != 0 or len(lines) != 4:
        raise BuildError(_plain_cmake_message(done.stderr))
    kind, version, profile, root = lines
    return Ns3Installation(kind, version, profile, Path(root))


def build(
    source: Path | None = None,
    build_dir: Path | None = None,
    jobs: int | None = None,
    echo: Echo | None = None,
    *,
    debug: bool = False,
    only: Sequence[str] = (),
) -> BuildResult:
    """Configures and compiles scenarios with CMake and Ninja; what is up to date is not compiled again.

    Executables are replaced at once, so that what runs goes on, and what starts meanwhile takes the old or the new one.

    Args:
        source: a folder of scenarios, each `*.cc` one of them, or with a CMakeLists.txt that calls
            `ns3marl_add_scenario(NAME SOURCE...)`. None stands for the bundled scenarios.
        build_dir: where to build; by default `build` in the user's folder, for the bundled scenarios
            `executables.bundled_build_dir()`.
        jobs: compilers at a time; by default as many as this process may use cores.
        echo: called with each line that CMake and Ninja print.
        debug: build without optimisation and with symbols for debuggers, in the folder `debug` of the build folder.
        only: names of the scenarios to compile; all by default.

    Raises:
        BuildError: with the first error printed, the command and the remedy.
    """
    started_s = time.time()
    jobs = jobs or cores.usable()
    if source is not None and not source.is_dir():
        raise BuildError(
            f"there is no folder {source} to build; give the folder that holds the scenarios' *.cc files"
        )
    bundled = executables.bundled_build_dir()
    folder = sources() if source is None else source.resolve()
    build_dir = (build_dir or (bundled if source is None else folder / "build")).resolve()
    if debug:
        build_dir, bundled = build_dir / executables.DEBUG, bundled / executables.DEBUG
    settings = ["-DCMAKE_BUILD_TYPE=Debug"] if debug else []
    _drop_caches_of_earlier_versions()
    if source is None:
        _make(folder, build_dir, only or ["scenarios"], jobs, echo, settings)
    else:
        _make(sources(), bundled, ["ns3marl-bridge", "ns3marl-models"], jobs, echo, settings)
        settings += [f"-DNS3MARL_USER_SOURCE_DIR={folder}", f"-DNS3MARL_BUILD_DIR={bundled}"]
        _make(sources() / "cmake" / "user", build_dir, only or ["all"], jobs, echo, settings)
    if not only or executables.source_of(build_dir / "bin" / only[0]) is None:
        executables.remember_source(build_dir, folder, started_s)
    return BuildResult(executables.in_folder(build_dir / "bin"), build_dir, time.time() - started_s)


def provide(scenario: str | Path, *, up_to_date: bool = False) -> Path:
    """The executable of a scenario that is about to run. A bundled scenario is compiled where it is not built yet.

    Args:
        scenario: its name, or the path of its executable.
        up_to_date: compile a bundled scenario also where its sources have changed since, instead of warning.

    Raises:
        LaunchError: there is no such scenario, or its name is ambiguous.
        BuildError: it does not compile.

    Warns:
        StaleScenario: its sources have changed since it was built.
    """
    name = str(scenario)
    built = executables.scenarios().get(name)
    wanted = built is None or (up_to_date and executables.newer_source(built) is not None)
    if wanted and name in bundled_names():
        with BuildDisplay(f"compiling {name}") as display:
            build(only=[name], echo=display)
    executable = executables.find_scenario(scenario)
    executables.warn_if_stale(executable)
    return executable


def bundled_names() -> list[str]:
    """Names of the scenarios whose C++ sources come with ns3marl; none where they are not there."""
    folder = executables.source_root() / "ns3-scenarios" / "scenarios"
    return sorted(path.stem for path in folder.glob("*.cc"))


def sources() -> Path:
    """The C++ side: in the installed package, or of the checkout.

    Raises:
        BuildError: it is not there.
    """
    folder = executables.source_root() / "ns3-scenarios"
    if not (folder / "CMakeLists.txt").is_file():
        raise BuildError(
            f"{folder.parent} has no ns3-scenarios/CMakeLists.txt: this copy of the package has no C++ sources; "
            "install it with `pip install ns3marl`, or from a checkout with `pip install -e .`"
        )
    return folder


def _make(
    sources: Path,
    build_dir: Path,
    targets: Sequence[str],
    jobs: int,
    echo: Echo | None,
    settings: Sequence[str] = (),
) -> None:
    settings = [f"-DNS3MARL_PYTHON={sys.executable}", *settings]
    with build_tools.exclusive(build_dir):
        if not (build_dir / "build.ninja").exists() or build_tools.has_moved(build_dir, sources):
            settings.append("-DNS3MARL_BUILD_TESTS=OFF")
        build_tools.configure(
            sources,
            build_dir,
            settings,
            echo,
            "put right what CMake names; `ns3marl doctor` lists what is missing",
        )
        build_tools.compile_targets(
            build_dir,
            targets,
            jobs,
            echo,
            "mend what the compiler names, then build again, with `ns3marl build --verbose` to see its whole output; "
            "`ns3marl doctor` lists what is missing",
        )


def _drop_caches_of_earlier_versions() -> None:
    """Removes what earlier versions of an installed package built for this Python environment."""
    current = executables.bundled_build_dir()
    if executables.source_root() == executables.CARRIED:
        for folder in current.parent.glob(f"*-{current.name.rpartition('-')[2]}"):
            if folder != current:
                shutil.rmtree(folder, ignore_errors=True)


def _plain_cmake_message(text: str) -> str:
    """CMake's own words, without where in its files it said them."""
    kept = [
        line.strip()
        for line in text.splitlines()
        if line.startswith("  ") and not re.match(r"^ +\S+\.(cmake|txt):\d+ \(", line)
    ]
    return "\n".join(kept) or text.strip()
