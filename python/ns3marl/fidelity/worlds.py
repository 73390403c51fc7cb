# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Exogenous worlds: everything in an episode that does not depend on the agents. ns-3 draws a world once; both sides and all policies use it."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from numpy.typing import NDArray

from ns3marl.env.pool import Pool
from ns3marl.errors import ConfigError, TraceError
from ns3marl.fidelity import archive

FORMAT, VERSION = "ns3marl-world", 1


class World(Protocol):
    """Interface of every scenario's exogenous world."""

    @property
    def ticks(self) -> int:
        """T, ticks of the episode."""
        ...

    @property
    def agents(self) -> int:
        """A, agents that act in it."""
        ...

    @property
    def label(self) -> str:
        """Its size, for display."""
        ...


class WorldFormat(Protocol):
    """How a scenario's worlds are exchanged with ns-3 and stored in one file. All worlds have one class, a ``World``."""

    write_argument: str
    """Scenario argument that names where ns-3 writes the world of an episode."""
    read_argument: str
    """Scenario argument that names the world that ns-3 reads."""

    def read(self, path: Path, seed: int, run: int) -> World:
        """Reads what ns-3 wrote for ``write_argument`` = path in the episode of this RngSeed and RngRun, with the precision of ``pack``.

        Raises:
            ConfigError: It is missing or damaged.
        """
        ...

    def write(self, world: Any, path: Path) -> None:
        """Writes a world so that ns-3 reads it with ``read_argument`` = path."""
        ...

    def pack(self, world: Any) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """A world as plain values and arrays."""
        ...

    def unpack(self, header: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> World:
        """Restores a world from the output of ``pack``; raises ConfigError, KeyError or TypeError for anything else."""
        ...


def obtain(
    folder: Path, form: WorldFormat, scenario: str | Path, arguments: Sequence[str], seed: int, run: int
) -> tuple[str, World]:
    """The world of an episode: read from its file, or drawn by ns-3 and written to it.

    Args:
        folder: Folder of worlds.
        form: World format of the scenario.
        scenario: Name of a built scenario, or the path of its executable.
        arguments: Arguments of the scenario.
        seed: ns-3's RngSeed.
        run: RngRun.

    Returns:
        The file's name, which follows from the request, and the world.

    Raises:
        TraceError: The file is damaged.
        SimulatorError, ConfigError: ns-3 could not draw it.
    """
    key = archive.digest([Path(scenario).name, list(arguments), seed, run])
    name = f"seed{seed}-run{run}-{key}.npz"
    path = folder / name
    if path.exists():
        return name, load(path, form)
    world = draw(form, scenario, arguments, seed, run)
    save(world, path, form)
    return name, world


def draw(form: WorldFormat, scenario: str | Path, arguments: Sequence[str], seed: int, run: int) -> World:
    """Lets ns-3 draw the world of an episode, see ``obtain``."""
    with tempfile.TemporaryDirectory(prefix="ns3marl-world-") as folder:
        out = Path(folder) / "world"
        own = (*arguments, f"--{form.write_argument}={out}")
        with Pool(scenario, arguments=own, seed=seed, first_run=run, spares=0) as pool:
            pool.reset()
        return form.read(out, seed, run)


def save(world: World, path: Path, form: WorldFormat) -> None:
    """Writes a world to one file."""
    header, arrays = form.pack(world)
    archive.save(path, {"format": FORMAT, "version": VERSION, **header}, arrays)


def load(path: Path, form: WorldFormat) -> World:
    """Reads a world.

    Raises:
        TraceError: The file is missing, damaged, or not a world.
    """
    header, arrays = archive.load(path, FORMAT, VERSION)
    try:
        return form.unpack(header, arrays)
    except (ConfigError, KeyError, TypeError) as error:
        raise TraceError(f"{path} holds no world: {error}; delete it and record it again") from error
