# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Running CMake and Ninja: one build at a time in a folder, and errors that begin with the first message that matters."""

from __future__ import annotations

import fcntl
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ns3marl.errors import BuildError

Echo = Callable[[str], None]
"""Called with each line that CMake and Ninja print."""

_SHOWN_LINES = 40
"""Lines of output in an error, from the first error on."""
_LINES_BEFORE = 5
"""Lines of output in an error before the first error, such as where a header was included."""
_PACKAGES = {"c++": "g++", "cc": "gcc", "ninja": "ninja-build"}
"""Debian's packages that are not called like the tool in them."""


def environment() -> dict[str, str]:
    """Environment variables of build tools: those that pip installed beside this Python are found too, behind the path's."""
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), str(Path(sys.executable).parent)])
    return {**os.environ, "PATH": path, "NINJA_STATUS": "[%f/%t] "}


def find_tool(name: str) -> str | None:
    """The path of a build tool; None where it is not installed."""
    return shutil.which(name, path=environment()["PATH"])


def tool(name: str) -> str:
    """The path of a build tool.

    Raises:
        BuildError: it is not installed.
    """
    path = find_tool(name)
    if path is None:
        raise BuildError(
            f"{name} is not on the path; install it, for example with `sudo apt-get install {_PACKAGES.get(name, name)}`; "
            "`ns3marl doctor` lists all that is missing"
        )
    return path


def configure(
    sources: Path, build_dir: Path, settings: Sequence[str], echo: Echo | None, remedy: str
) -> None:
    """Runs CMake for Ninja, from the start where the cache in the build folder is of another place.

    Args:
        sources: folder of the project.
        build_dir: where to build.
        settings: further arguments of CMake.
        echo: called with each line printed.
        remedy: what to do where it fails.

    Raises:
        BuildError: with the first error printed, the command and the remedy.
    """
    command = [tool("cmake"), "-S", str(sources), "-B", str(build_dir), "-G", "Ninja"]
    command.append(f"-DCMAKE_MAKE_PROGRAM={tool('ninja')}")
    if has_moved(build_dir, sources):
        command.append("--fresh")
    _run([*command, *settings], echo, "configuring", remedy)


def compile_targets(
    build_dir: Path, targets: Sequence[str], jobs: int, echo: Echo | None, remedy: str
) -> None:
    """Runs Ninja.

    Args:
        build_dir: a folder that ``configure`` has filled.
        targets: what to build.
        jobs: compilers at a time.
        echo: called with each line printed.
        remedy: what to do where it fails.

    Raises:
        BuildError: with the first error printed, the command and the remedy.
    """
    _run([tool("ninja"), "-C", str(build_dir), "-j", str(jobs), *targets], echo, "compiling", remedy)


def has_moved(build_dir: Path, sources: Path) -> bool:
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


@contextmanager
def exclusive(build_dir: Path) -> Iterator[None]:
    """One build at a time in a folder: a second one waits for the first. `make build` takes the same lock.

    Raises:
        BuildError: the folder cannot be made or written.
    """
    try:
        build_dir.mkdir(parents=True, exist_ok=True)
        lock = (build_dir / ".lock").open("w")
    except OSError as error:
        raise BuildError(
            f"{build_dir} cannot be written: {error.strerror}; name another folder with --build-dir, or, for ns-3 and the "
            "bundled scenarios of an installed package, another cache in XDG_CACHE_HOME"
        ) from error
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _run(command: list[str], echo: Echo | None, doing: str, remedy: str) -> None:
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
