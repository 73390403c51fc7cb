# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Finding the executables of scenarios, and the folders of sources that they were built from."""

from __future__ import annotations

import difflib
import os
from pathlib import Path

from ns3marl.errors import LaunchError

SCENARIO_PATH_VARIABLE = "NS3MARL_SCENARIO_PATH"
"""Environment variable: folders with scenario executables, separated by colons, searched first."""

REPOSITORY = Path(__file__).resolve().parents[2]
"""The checkout that this package was installed from with `pip install -e`."""

_SOURCE_FILE = "ns3marl-source"
"""File of a build folder that names the folder of sources, relative to the build folder."""


def search_folders() -> list[Path]:
    """Where scenario executables are looked for, first one first.

    The folders of ``NS3MARL_SCENARIO_PATH``, the checkout's build, and what ``ns3marl build`` left in the current folder and in
    the folders right below it.
    """
    folders = [Path(folder) for folder in os.environ.get(SCENARIO_PATH_VARIABLE, "").split(":") if folder]
    folders.append(REPOSITORY / "build" / "scenarios" / "bin")
    folders.append(Path.cwd() / "build" / "bin")
    folders.extend(sorted(Path.cwd().glob("*/build/bin")))
    return folders


def scenarios() -> dict[str, Path]:
    """The scenario executables that can be found, by name."""
    found: dict[str, Path] = {}
    for folder in search_folders():
        for name, path in in_folder(folder).items():
            found.setdefault(name, path)
    return dict(sorted(found.items()))


def find_scenario(name_or_path: str | Path) -> Path:
    """The executable of a scenario: a path (anything with a slash), or a name looked up in `search_folders()`.

    Raises:
        LaunchError: says where it was looked for, which names are near, and the remedy.
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
    known = scenarios()
    if name in known:
        return known[name]
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    there = f"near names: {', '.join(near)}" if near else f"there are: {', '.join(known)}"
    hint = there if known else "nothing is built there yet"
    looked = ", ".join(str(folder) for folder in search_folders())
    raise LaunchError(
        f"scenario '{name}' was not found in {looked} ({hint}); build the bundled scenarios with `ns3marl build`, "
        f"your own with `ns3marl build FOLDER`, or name their folder in {SCENARIO_PATH_VARIABLE}"
    )


def remember_source(build_dir: Path, source: Path) -> None:
    """Notes in a build folder which folder of scenarios it was built from."""
    relative = os.path.relpath(source.resolve(), build_dir.resolve())
    (build_dir / _SOURCE_FILE).write_text(f"{relative}\n", encoding="utf-8")


def source_of(executable: Path) -> Path | None:
    """The folder of sources that ``ns3marl build FOLDER`` made an executable of.

    Returns:
        The folder; None for bundled scenarios, other executables, and folders that are gone.
    """
    build_dir = executable.resolve().parent.parent
    try:
        relative = (build_dir / _SOURCE_FILE).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return None
    folder = (build_dir / relative).resolve()
    return folder if folder.is_dir() else None


def _is_executable(path: Path) -> bool:
    return path.is_file() and os.access(path, os.X_OK)


def in_folder(folder: Path) -> dict[str, Path]:
    """The executables of a folder, by name."""
    if not folder.is_dir():
        return {}
    return {path.name: path.resolve() for path in sorted(folder.iterdir()) if _is_executable(path)}
