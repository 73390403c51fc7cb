# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Compiling ns-3 itself from its sources, for speed: optimised when linked, without logs and assertions."""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Sequence
from pathlib import Path

from ns3marl import build_tools, cores, executables, toolchain
from ns3marl.build_tools import Echo
from ns3marl.errors import BuildError

VERSIONS = ("3.43", "3.44")
"""Versions of ns-3 whose options of CMake are known."""

_NEEDED = ("CMakeLists.txt", "VERSION", "build-support", "contrib", "src")
"""What a build of ns-3's libraries reads of its sources."""
_PROGRAMS = ("examples", "scratch", "utils")
"""Folders that its CMake asks for besides, with programs that are not built."""


def version_of(source: Path) -> str:
    """The version of a folder of ns-3's sources.

    Raises:
        BuildError: it holds no sources of ns-3, or those of a version that is not among ``VERSIONS``.
    """
    if not (source / "VERSION").is_file() or not (source / "src" / "core" / "CMakeLists.txt").is_file():
        inner = next((file.parent for file in sorted(source.glob("ns-3*/VERSION"))), None)
        remedy = f"did you mean {inner}?" if inner else "give the folder that holds its VERSION and src"
        raise BuildError(f"{source} has no VERSION and src/core: these are not the sources of ns-3; {remedy}")
    version = (source / "VERSION").read_text(encoding="utf-8").strip()
    if version not in VERSIONS:
        raise BuildError(
            f"{source} is ns-3 {version}, but only {' and '.join(VERSIONS)} can be built this way; give the sources of one of "
            "them, or build this one by its own instructions and name it in NS3_ROOT"
        )
    return version


def default_prefix(version: str) -> Path:
    """Where a version of ns-3 is installed by default: beside the builds of the bundled scenarios."""
    return executables.bundled_build_dir().parent / f"ns3-{version}-fast"


def build(
    source: Path,
    prefix: Path | None = None,
    jobs: int | None = None,
    echo: Echo | None = None,
    *,
    modules: Sequence[str] = (),
) -> Path:
    """Compiles ns-3 with ``-O3`` and optimisation at link time, without logs and assertions, and installs it.

    Nothing is written into the folder of sources, and the installed ns-3 does not need it. What is up to date is not compiled again.

    Args:
        source: the folder of ns-3's sources.
        prefix: where to install; by default ``default_prefix``. It also holds the build, in ``build``.
        jobs: compilers at a time; by default as many as this process may use cores.
        echo: called with each line that CMake and Ninja print.
        modules: modules of ns-3 to compile beside those that the bundled scenarios link, and what they need.

    Returns:
        The prefix, for the environment variable ``NS3_ROOT``.

    Raises:
        BuildError: these are no sources of ns-3, their version is unknown, they lack a module, a compiler is missing, or
            compiling failed.
    """
    source = source.resolve()
    version = version_of(source)
    for module in modules:
        if not any((source / folder / module).is_dir() for folder in ("src", "contrib")):
            raise BuildError(
                f"{source} has no module {module!r}; give names of folders in its src or contrib"
            )
    for variable, usual in (("CC", "cc"), ("CXX", "c++")):
        build_tools.tool(shlex.split(os.environ.get(variable) or usual)[0])
    prefix = (prefix or default_prefix(version)).resolve()
    build_dir = prefix / "build"
    remedy = "mend what is named; `ns3marl build-ns3 --verbose` shows all that CMake and the compiler print"
    with build_tools.exclusive(prefix):
        if _linked_source(prefix) != source:
            shutil.rmtree(build_dir, ignore_errors=True)
        settings = [
            f"-DNS3MARL_FURTHER_MODULES={';'.join(modules)}",
            f"-DCMAKE_INSTALL_PREFIX={prefix}",
            f"-DNS3_OUTPUT_DIRECTORY={build_dir / 'out'}",
            "-C",
            str(toolchain.sources() / "cmake" / "fast-ns3.cmake"),
        ]
        build_tools.configure(_link(source, prefix), build_dir, settings, echo, remedy)
        build_tools.compile_targets(build_dir, ["install"], jobs or cores.usable(), echo, remedy)
    return prefix


def _linked_source(prefix: Path) -> Path:
    return (prefix / "source" / "VERSION").resolve().parent


def _link(source: Path, prefix: Path) -> Path:
    """A folder of links to the sources: ns-3's CMake writes into the folder that it is given."""
    linked = prefix / "source"
    shutil.rmtree(linked, ignore_errors=True)
    linked.mkdir()
    for name in _NEEDED:
        (linked / name).symlink_to(source / name)
    for name in _PROGRAMS:
        (linked / name).mkdir()
        (linked / name / "CMakeLists.txt").touch()
    return linked
