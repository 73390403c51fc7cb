# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Finding the C++ sources, the executables of scenarios, and the folders of sources that these were built from."""

from __future__ import annotations

import difflib
import functools
import hashlib
import os
import sys
import warnings
from importlib import metadata
from pathlib import Path

from ns3marl.errors import LaunchError, StaleScenario

SCENARIO_PATH_VARIABLE = "NS3MARL_SCENARIO_PATH"
"""Environment variable: folders with scenario executables, separated by colons, searched first."""

CARRIED = Path(__file__).resolve().parent / "cpp"
"""The C++ sources that an installed package carries; not there in a checkout."""

REPOSITORY = Path(__file__).resolve().parents[2]
"""The checkout that this package was installed from with `pip install -e`."""

DEBUG = "debug"
"""Folder of a build folder that holds its debug build."""

_SOURCE_FILE = "ns3marl-source"
"""File of a build folder that names the folder of sources, relative to the build folder, and is as old as the last build of all."""

_SOURCE_SUFFIXES = {".cc", ".cpp", ".cxx", ".h", ".hh", ".hpp", ".proto", ".cmake"}
_NO_SOURCES = {
    "build",
    "fuzz",
    "runs",
    "test",
    "tests",
    "validation",
}  # folders that no executable is built from


def source_root() -> Path:
    """The folder that holds ``ns3-scenarios`` and ``proto``: in the package, or the checkout."""
    return CARRIED if CARRIED.is_dir() else REPOSITORY


def bundled_build_dir() -> Path:
    """Where the bundled scenarios are built.

    ``build/scenarios`` in a checkout; in an installed package a folder of the user's cache (``XDG_CACHE_HOME``, or ``~/.cache``), one
    for each version and Python environment.
    """
    if source_root() == REPOSITORY:
        return REPOSITORY / "build" / "scenarios"
    cache = Path(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"))  # noqa: PTH111 - may stay as it is
    environment = hashlib.sha256(os.fsencode(f"{sys.prefix}:{CARRIED}")).hexdigest()[:8]
    return cache / "ns3marl" / f"{_version()}-{environment}"


@functools.cache
def _version() -> str:
    try:
        return metadata.version("ns3marl")
    except metadata.PackageNotFoundError:
        return "unknown"


def search_folders() -> list[Path]:
    """Where scenario executables are looked for.

    The folders of ``NS3MARL_SCENARIO_PATH``, of which the first one that has a name counts; then the bundled scenarios, and what
    ``ns3marl build`` left in the current folder and in the folders right below it, among which a name may stand once only.
    """
    return [*_preferred_folders(), *_equal_folders()]


def _preferred_folders() -> list[Path]:
    return [Path(folder) for folder in os.environ.get(SCENARIO_PATH_VARIABLE, "").split(":") if folder]


def _equal_folders() -> list[Path]:
    here = Path.cwd()
    return [bundled_build_dir() / "bin", here / "build" / "bin", *sorted(here.glob("*/build/bin"))]


def all_scenarios() -> dict[str, list[Path]]:
    """The scenario executables that can be found, by name: those that a name could mean, more than one where it is ambiguous."""
    preferred: dict[str, list[Path]] = {}
    for folder in _preferred_folders():
        for name, path in in_folder(folder).items():
            preferred.setdefault(name, [path])
    equal: dict[str, list[Path]] = {}
    for folder in _equal_folders():
        for name, path in in_folder(folder).items():
            if path not in equal.setdefault(name, []):
                equal[name].append(path)
    return dict(sorted((equal | preferred).items()))


def scenarios() -> dict[str, Path]:
    """The scenario executables that can be found, by name; of an ambiguous name the first one."""
    return {name: paths[0] for name, paths in all_scenarios().items()}


def find_scenario(name_or_path: str | Path) -> Path:
    """The executable of a scenario: a path (anything with a slash), or a name looked up in `search_folders()`.

    Raises:
        LaunchError: it is not there, or the name is ambiguous. The message says where it was looked for, which names are near, and the
            remedy.
    """
    name = str(name_or_path)
    if os.sep in name:
        path = Path(name).expanduser().resolve()
        if _is_executable(path):
            return path
        what = "is not an executable file" if path.exists() else "does not exist"
        raise LaunchError(
            f"scenario {path} {what}; build it with `ns3marl build FOLDER`, or give a name or path that exists"
        )
    known = all_scenarios()
    if len(known.get(name, [])) > 1:
        raise LaunchError(
            f"scenario '{name}' is ambiguous, it was built in {' and in '.join(map(str, known[name]))}; give the path of the one "
            f"you mean, rename the other, or name the folder of executables to prefer in {SCENARIO_PATH_VARIABLE}"
        )
    if name in known:
        return known[name][0]
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    there = f"near names: {', '.join(near)}" if near else f"there are: {', '.join(known)}"
    hint = there if known else "nothing is built there yet"
    looked = ", ".join(str(folder) for folder in search_folders())
    raise LaunchError(
        f"scenario '{name}' was not found in {looked} ({hint}); build the bundled scenarios with `ns3marl build`, "
        f"your own with `ns3marl build FOLDER`, or name their folder in {SCENARIO_PATH_VARIABLE}"
    )


def remember_source(build_dir: Path, source: Path, built_at_s: float | None = None) -> None:
    """Notes in a build folder which folder of scenarios it was built from, and when.

    Args:
        build_dir: The folder that has the executables in ``bin``.
        source: The folder of scenarios.
        built_at_s: When everything in it was last built, in seconds since the epoch; now by default.
    """
    relative = os.path.relpath(source.resolve(), build_dir.resolve())
    file = build_dir / _SOURCE_FILE
    file.write_text(f"{relative}\n", encoding="utf-8")
    if built_at_s is not None:
        os.utime(file, (built_at_s, built_at_s))


def source_of(executable: Path) -> Path | None:
    """The folder of sources that ``ns3marl build`` made an executable of.

    Returns:
        The folder; None for executables that were built otherwise, and folders that are gone.
    """
    build_dir = executable.resolve().parent.parent
    try:
        relative = (build_dir / _SOURCE_FILE).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return None
    folder = (build_dir / relative).resolve()
    return folder if folder.is_dir() else None


def newer_source(executable: Path) -> Path | None:
    """A file of an executable's sources that has changed since it was built.

    Returns:
        The file that changed last; None where none has, or where the sources are not known.
    """
    folder = source_of(executable)
    if folder is None:
        return None
    built_ns = max(path.stat().st_mtime_ns for path in (executable, executable.parent.parent / _SOURCE_FILE))
    newest_ns, newest = max(((path.stat().st_mtime_ns, path) for path in _sources(folder)), default=(0, None))
    return newest if newest_ns > built_ns else None


def warn_if_stale(executable: Path) -> None:
    """Warns of an executable whose sources have changed since it was built.

    Warns:
        StaleScenario: names the file, and the command that builds it.
    """
    changed = newer_source(executable)
    if changed is not None:
        folder = source_of(executable)
        command = "ns3marl build" if folder == source_root() / "ns3-scenarios" else f"ns3marl build {folder}"
        if executable.parent.parent.name == DEBUG:
            command += " --debug"
        warnings.warn(
            f"scenario {executable} was built before {changed} changed; build it with `{command}`",
            StaleScenario,
            stacklevel=3,
        )


def _sources(folder: Path) -> list[Path]:
    found = []
    for parent, folders, files in os.walk(folder):
        if "CMakeCache.txt" in files:  # a build folder
            folders.clear()
            continue
        folders[:] = [name for name in folders if name not in _NO_SOURCES and not name.startswith(".")]
        found += [
            path
            for path in (Path(parent, name) for name in files)
            if path.suffix in _SOURCE_SUFFIXES or path.name == "CMakeLists.txt"
        ]
    return [path for path in found if path.is_file()]  # not a link to what is gone


def debug_build_of(executable: Path) -> Path | None:
    """The executable that ``ns3marl build --debug`` made of the same sources; None where there is none."""
    path = executable.resolve().parent.parent / DEBUG / "bin" / executable.name
    return path if _is_executable(path) else None


def _is_executable(path: Path) -> bool:
    return path.is_file() and os.access(path, os.X_OK)


def in_folder(folder: Path) -> dict[str, Path]:
    """The executables of a folder, by name."""
    if not folder.is_dir():
        return {}
    return {path.name: path.resolve() for path in sorted(folder.iterdir()) if _is_executable(path)}
