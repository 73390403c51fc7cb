# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Exogenous worlds that ns-3 draws and both sides play: drawn once, kept in a file, the same for every policy.

The fading is rounded to 1/256 dB before anybody plays, so that a world takes two bytes a link and both sides read exactly
what the file holds.
"""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ns3marl.env.pool import Pool
from ns3marl.errors import ConfigError, TraceError
from ns3marl.fidelity import archive
from ns3marl.scenarios.aiot_mec import exogenous
from ns3marl.scenarios.aiot_mec.exogenous import Exogenous

FORMAT, VERSION = "ns3marl-world", 1
FADING_STEP_DB = 1 / 256
_HEADER = (
    "tick_ns",
    "channels",
    "path_loss_exponent",
    "reference_loss_db",
    "seed",
    "run",
    "scenario",
    "mobility",
    "pause_s",
)
_ARRAYS = tuple(f.name for f in dataclasses.fields(Exogenous) if f.name not in {*_HEADER, "motion"})


def obtain(
    folder: Path, scenario: str | Path, arguments: Sequence[str], seed: int, run: int
) -> tuple[str, Exogenous]:
    """The world of an episode: from its file, or drawn by ns-3 and filed.

    Args:
        folder: Where worlds are kept.
        scenario: Name of a built scenario, or the path of its executable.
        arguments: Of the scenario.
        seed: ns-3's RngSeed.
        run: RngRun.

    Returns:
        The file's name, which follows from what was asked for, and the world.

    Raises:
        TraceError: The file is damaged.
        SimulatorError, ConfigError: ns-3 could not draw it.
    """
    key = archive.digest([Path(scenario).name, list(arguments), seed, run])
    name = f"seed{seed}-run{run}-{key}.npz"
    path = folder / name
    if path.exists():
        return name, load(path)
    world = draw(scenario, arguments, seed, run)
    save(world, path)
    return name, world


def draw(scenario: str | Path, arguments: Sequence[str], seed: int, run: int) -> Exogenous:
    """Lets ns-3 draw the world of an episode, see ``obtain``; the fading is rounded."""
    with tempfile.TemporaryDirectory(prefix="ns3marl-world-") as folder:
        out = Path(folder) / "world"
        with Pool(
            scenario, arguments=(*arguments, f"--exogenousOut={out}"), seed=seed, first_run=run, spares=0
        ) as pool:
            pool.reset()
        world = exogenous.load(exogenous.episode_path(out, seed, run))
    return dataclasses.replace(world, fading_db=np.round(world.fading_db / FADING_STEP_DB) * FADING_STEP_DB)


def save(world: Exogenous, path: Path) -> None:
    """Writes a world to one file; a fading of whole steps within +-127 dB takes two bytes a link."""
    header: dict[str, Any] = {"format": FORMAT, "version": VERSION}
    header |= {name: getattr(world, name) for name in _HEADER}
    arrays = {name: getattr(world, name) for name in _ARRAYS if getattr(world, name) is not None}
    steps = world.fading_db / FADING_STEP_DB
    if (steps == np.round(steps)).all() and np.abs(steps).max() < 2**15:
        arrays["fading_db"] = steps.astype(np.int16)
    archive.save(path, header, {**arrays, **{f"motion/{name}": a for name, a in world.motion.items()}})


def load(path: Path) -> Exogenous:
    """Reads a world.

    Raises:
        TraceError: The file is missing, damaged, or holds something else.
    """
    header, arrays = archive.load(path, FORMAT, VERSION)
    motion = {
        name.removeprefix("motion/"): arrays.pop(name) for name in [*arrays] if name.startswith("motion/")
    }
    fading = arrays.pop("fading_db", np.zeros(0))
    if fading.dtype == np.int16:
        fading = fading * FADING_STEP_DB
    try:
        given: dict[str, Any] = {**arrays, **{name: header[name] for name in _HEADER}}
        return Exogenous(**given, fading_db=fading, motion=motion)
    except (ConfigError, KeyError, TypeError) as error:
        raise TraceError(f"{path} holds no world: {error}; delete it and record it again") from error
