# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Finding ns-3 and compiling scenarios; ``ns3marl.executables`` finds what was compiled, ``ns3marl.doctor`` what is missing."""

from __future__ import annotations

import fcntl
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ns3marl import cores, executables
from ns3marl.build_display import BuildDisplay
from ns3marl.errors import BuildError

_SHOWN_LINES = 40
"""Lines of output in an error, from the first error on."""
_LINES_BEFORE = 5
"""Lines of output in an error before the first error, such as where a header was included."""


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
    command = [_tool("cmake"), f"-DNS3MARL_PYTHON={sys.executable}", "-P", str(script)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment())
    lines = done.stdout.splitlines()
    if done.returncode != 0 or len(lines) != 4:
        raise BuildError(_plain_cmake_message(done.stderr))
    kind, version, profile, root = lines
    return Ns3Installation(kind, version, profile, Path(root))


def build(
    source: Path | None = None,
    build_dir: Path | None = None,
    jobs: int | None = None,
    echo: Callable[[str], None] | None = None,
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


def environment() -> dict[str, str]:
    """Environment variables of build tools: those that pip installed beside this Python are found too, behind the path's."""
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), str(Path(sys.executable).parent)])
    return {**os.environ, "PATH": path, "NINJA_STATUS": "[%f/%t] "}


def find_tool(name: str) -> str | None:
    """The path of a build tool; None where it is not installed."""
    return shutil.which(name, path=environment()["PATH"])


def _tool(name: str) -> str:
    path = find_tool(name)
    if path is None:
        package = {"ninja": "ninja-build"}.get(name, name)
        raise BuildError(
            f"{name} is not on the path; install it, for example with `sudo apt-get install {package}`; "
            "`ns3marl doctor` lists all that is missing"
        )
    return path


def _make(
    sources: Path,
    build_dir: Path,
    targets: Sequence[str],
    jobs: int,
    echo: Callable[[str], None] | None,
    settings: Sequence[str] = (),
) -> None:
    cmake, ninja = _tool("cmake"), _tool("ninja")
    configure = [
        cmake,
        "-S",
        str(sources),
        "-B",
        str(build_dir),
        "-G",
        "Ninja",
        f"-DCMAKE_MAKE_PROGRAM={ninja}",
        f"-DNS3MARL_PYTHON={sys.executable}",
    ]
    with _exclusive(build_dir):
        if _has_moved(build_dir, sources):
            configure += ["--fresh", "-DNS3MARL_BUILD_TESTS=OFF"]
        elif not (build_dir / "build.ninja").exists():
            configure.append("-DNS3MARL_BUILD_TESTS=OFF")
        _run(
            [*configure, *settings],
            echo,
            "configuring",
            "put right what CMake names; `ns3marl doctor` lists what is missing",
        )
        _run(
            [ninja, "-C", str(build_dir), "-j", str(jobs), *targets],
            echo,
            "compiling",
            "mend what the compiler names, then build again, with `ns3marl build --verbose` to see its whole output; "
            "`ns3marl doctor` lists what is missing",
        )


def _has_moved(build_dir: Path, sources: Path) -> bool:
    """Whether CMake's cache in a build folder is of another place, as in a checkout that was moved or copied."""
    try:
        cache = (build_dir / "CMakeCache.txt").read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return False
    entries = dict(
        re.findall(r"^(CMAKE_HOME_DIRECTORY|CMAKE_CACHEFILE_DIR):INTERNAL=(.*)$", cache, re.MULTILINE)
    )
    here = {"CMAKE_HOME_DIRECTORY": sources, "CMAKE_CACHEFILE_DIR": build_dir}
    return any(
        name in entries and Path(entries[name]).resolve() != path.resolve() for name, path in here.items()
    )


def _drop_caches_of_earlier_versions() -> None:
    """Removes what earlier versions of an installed package built for this Python environment."""
    current = executables.bundled_build_dir()
    if executables.source_root() == executables.CARRIED:
        for folder in current.parent.glob(f"*-{current.name.rpartition('-')[2]}"):
            if folder != current:
                shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _exclusive(build_dir: Path) -> Iterator[None]:
    """One build at a time in a folder: a second one waits for the first. `make build` takes the same lock.

    Raises:
        BuildError: the folder cannot be made or written.
    """
    try:
        build_dir.mkdir(parents=True, exist_ok=True)
        lock = (build_dir / ".lock").open("w")
    except OSError as error:
        raise BuildError(
            f"{build_dir} cannot be written: {error.strerror}; name another folder with --build-dir, or, for the bundled "
            "scenarios of an installed package, another cache in XDG_CACHE_HOME"
        ) from error
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _run(command: list[str], echo: Callable[[str], None] | None, doing: str, remedy: str) -> None:
    lines: list[str] = []
    # Without a terminal the compiler's messages carry no colour codes, so they read well in the error.
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env=environment(),
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line.rstrip("\n"))
            if echo is not None:
                echo(lines[-1])
    if process.returncode != 0:
        raise BuildError(
            f"{doing} failed with exit status {process.returncode}\n"
            f"command: {shlex.join(command)}\n"
            + "\n".join(f"  {line}" for line in _first_error(lines))
            + f"\nremedy: {remedy}"
        )


_ERROR = re.compile(r"^CMake Error|\berror: |undefined reference to|multiple definition of")


def _first_error(lines: Sequence[str]) -> Sequence[str]:
    """What was printed around the first error; the last lines where none is recognised.

    Ninja prints a failed command with `FAILED:`, the command and its output, then those of others that ran beside it.
    """
    failed = next((i for i, line in enumerate(lines) if line.startswith("FAILED:")), None)
    begin = (
        0 if failed is None else failed + 2
    )  # behind it stands the compiler's command, which does not tell what is wrong
    error = next((i for i in range(begin, len(lines)) if _ERROR.search(lines[i])), None)
    if error is None:
        return lines[-_SHOWN_LINES:]
    shown = [*lines[max(begin, error - _LINES_BEFORE) : error + _SHOWN_LINES]]
    if failed is not None:
        shown.insert(0, lines[failed])
    left_out = len(lines) - (error + _SHOWN_LINES)
    return [*shown, f"... {left_out} more lines"] if left_out > 0 else shown


def _plain_cmake_message(text: str) -> str:
    """CMake's own words, without where in its files it said them."""
    kept = [
        line.strip()
        for line in text.splitlines()
        if line.startswith("  ") and not re.match(r"^ +\S+\.(cmake|txt):\d+ \(", line)
    ]
    return "\n".join(kept) or text.strip()
