# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Finding ns-3, compiling scenarios, and saying what is missing; ``ns3marl.executables`` finds what was compiled."""

from __future__ import annotations

import fcntl
import importlib.metadata
import platform
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ns3marl import cores, executables
from ns3marl.errors import BuildError, Ns3MarlError
from ns3marl.executables import REPOSITORY

_TAIL_LINES = 40


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


@dataclass(frozen=True)
class Check:
    """One line of `ns3marl doctor`."""

    name: str
    ok: bool
    found: str
    wanted: str
    remedy: str
    """What to do where `ok` is false; empty otherwise."""


def find_ns3() -> Ns3Installation:
    """The ns-3 that a build would take, as FindNs3.cmake sees it.

    Raises:
        BuildError: there is none, or only one that is too old.
    """
    script = sources() / "cmake" / "print-ns3.cmake"
    command = [_tool("cmake"), f"-DNS3MARL_PYTHON={sys.executable}", "-P", str(script)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
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
) -> BuildResult:
    """Configures and compiles scenarios with CMake and Ninja; what is up to date is not compiled again.

    Args:
        source: a folder of scenarios, each `*.cc` one of them, or with a CMakeLists.txt that calls
            `ns3marl_add_scenario(NAME SOURCE...)`. None stands for the bundled scenarios.
        build_dir: where to build; by default `build` in the user's folder, `build/scenarios` in the checkout.
        jobs: compilers at a time; by default as many as this process may use cores.
        echo: called with each line that CMake and Ninja print.

    Raises:
        BuildError: with the last lines printed, the command and the remedy.
    """
    started_s = time.monotonic()
    jobs = jobs or cores.usable()
    if source is None:
        build_dir = build_dir or bundled_build_dir()
        _make(sources(), build_dir, ["scenarios"], jobs, echo)
    else:
        if not source.is_dir():
            raise BuildError(
                f"there is no folder {source} to build; give the folder that holds the scenarios' *.cc files"
            )
        source = source.resolve()
        build_dir = (build_dir or source / "build").resolve()
        libraries = bundled_build_dir()
        _make(sources(), libraries, ["ns3marl-bridge", "ns3marl-models"], jobs, echo)
        settings = [f"-DNS3MARL_USER_SOURCE_DIR={source}", f"-DNS3MARL_BUILD_DIR={libraries}"]
        _make(sources() / "cmake" / "user", build_dir, ["all"], jobs, echo, settings)
        executables.remember_source(build_dir, source)
    return BuildResult(executables.in_folder(build_dir / "bin"), build_dir, time.monotonic() - started_s)


def bundled_build_dir() -> Path:
    """Where the bundled scenarios are built."""
    return sources().parent / "build" / "scenarios"


def diagnose() -> list[Check]:
    """Everything that building and running need: what is there, what is wanted, and how to get it."""
    checks = [
        _check_python(),
        _check_command("C++ compiler", ["c++", "-dumpfullversion", "-dumpversion"], (11,), "g++"),
        _check_command("cmake", ["cmake", "--version"], (3, 25), "cmake"),
        _check_command("ninja", ["ninja", "--version"], (1, 10), "ninja-build"),
        _check_command("pkg-config", ["pkg-config", "--version"], (0, 29), "pkg-config"),
        _check_command("protoc", ["protoc", "--version"], (3, 12), "protobuf-compiler"),
        _check_command("libprotobuf", ["pkg-config", "--modversion", "protobuf"], (3, 12), "libprotobuf-dev"),
        _check_command("libzmq", ["pkg-config", "--modversion", "libzmq"], (4, 3), "libzmq3-dev"),
        _check_command("cppzmq", ["pkg-config", "--modversion", "cppzmq"], (4, 7), "cppzmq-dev"),
        _check_command("GoogleTest", ["pkg-config", "--modversion", "gtest"], (1, 11), "libgtest-dev"),
        _check_ns3(),
    ]
    checks += [_check_package(name, minimum) for name, minimum in _requirements()]
    built = ", ".join(executables.scenarios())
    checks.append(
        Check(
            "scenarios", bool(built), built or "none built", "at least one", "" if built else "ns3marl build"
        )
    )
    return checks


def sources() -> Path:
    """The C++ side of the checkout.

    Raises:
        BuildError: the package was not installed from a checkout.
    """
    folder = REPOSITORY / "ns3-scenarios"
    if not (folder / "CMakeLists.txt").is_file():
        raise BuildError(
            f"{REPOSITORY} has no ns3-scenarios/CMakeLists.txt: the C++ sources are in the checkout only; "
            "install the package from a checkout with `pip install -e .`"
        )
    return folder


def _tool(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        package = {"ninja": "ninja-build"}.get(name, name)
        raise BuildError(
            f"{name} is not on the path; install it, for example with `sudo apt-get install {package}`"
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
        f"-DNS3MARL_PYTHON={sys.executable}",
    ]
    if not (build_dir / "build.ninja").exists():
        configure.append("-DNS3MARL_BUILD_TESTS=OFF")
    with _exclusive(build_dir):
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
            "mend what the compiler names, then build again; `ns3marl doctor` lists what is missing",
        )


@contextmanager
def _exclusive(build_dir: Path) -> Iterator[None]:
    """One build at a time in a folder: a second one waits for the first. `make build` takes the same lock."""
    build_dir.mkdir(parents=True, exist_ok=True)
    with (build_dir / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _run(command: list[str], echo: Callable[[str], None] | None, doing: str, remedy: str) -> None:
    tail: deque[str] = deque(maxlen=_TAIL_LINES)
    # Without a terminal the compiler's messages carry no colour codes, so they read well in the error.
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            tail.append(line.rstrip("\n"))
            if echo is not None:
                echo(tail[-1])
    if process.returncode != 0:
        lines = list(tail)
        failed = next((i for i, line in enumerate(lines) if line.startswith(("FAILED:", "CMake Error"))), 0)
        raise BuildError(
            f"{doing} failed with exit status {process.returncode}\n"
            f"command: {shlex.join(command)}\n"
            + "\n".join(f"  {line}" for line in lines[failed:])
            + f"\nremedy: {remedy}"
        )


def _plain_cmake_message(text: str) -> str:
    """CMake's own words, without where in its files it said them."""
    kept = [
        line.strip()
        for line in text.splitlines()
        if line.startswith("  ") and not re.match(r"^ +\S+\.(cmake|txt):\d+ \(", line)
    ]
    return "\n".join(kept) or text.strip()


def _version_tuple(text: str) -> tuple[int, ...]:
    match = re.search(r"\d+(?:\.\d+)*", text)
    return tuple(int(part) for part in match.group().split(".")) if match else ()


def _check_version(name: str, found: str, minimum: tuple[int, ...], remedy: str) -> Check:
    ok = _version_tuple(found) >= minimum
    wanted = f">= {'.'.join(map(str, minimum))}" if minimum else "any"
    return Check(name, ok and bool(found), found or "not found", wanted, "" if ok and found else remedy)


def _check_python() -> Check:
    return _check_version("Python", platform.python_version(), (3, 10), "install Python 3.10 or later")


def _check_command(name: str, command: list[str], minimum: tuple[int, ...], package: str) -> Check:
    found = ""
    if shutil.which(command[0]):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        match = re.search(r"\d+(?:\.\d+)+|\d+", done.stdout) if done.returncode == 0 else None
        found = match.group() if match else ""
    return _check_version(name, found, minimum, f"sudo apt-get install {package}")


def _check_ns3() -> Check:
    wanted = ">= 3.43"
    try:
        ns3 = find_ns3()
    except Ns3MarlError as error:
        return Check("ns-3", ok=False, found="not usable", wanted=wanted, remedy=str(error))
    return Check(
        "ns-3",
        ok=True,
        found=f"{ns3.version} ({ns3.kind}, {ns3.profile}, {ns3.root})",
        wanted=wanted,
        remedy="",
    )


def _requirements() -> list[tuple[str, tuple[int, ...]]]:
    """This package's own dependencies with their least versions."""
    lines = importlib.metadata.requires("ns3marl") or []
    matches = [re.match(r"([\w-]+)>=([\d.]+)$", line) for line in lines]
    return [(match[1], _version_tuple(match[2])) for match in matches if match]


def _check_package(name: str, minimum: tuple[int, ...]) -> Check:
    try:
        found = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        found = ""
    return _check_version(name, found, minimum, f"pip install -c constraints.txt {name}")
