# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Files of traces, in a folder.

    FOLDER/POLICY-seedS-runR-KEY.npz    actions, outcomes and metrics of an episode
           worlds/seedS-runR-KEY.npz    its world, shared by all policies that used it

A name follows from the request, so a recorded episode is not played again.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ns3marl.errors import TraceError
from ns3marl.fidelity import archive, worlds
from ns3marl.fidelity.scenario import ScenarioFidelity
from ns3marl.fidelity.trace import ARRAYS, Trace
from ns3marl.fidelity.worlds import World

FORMAT, VERSION = "ns3marl-trace", 1

_HEADER = (
    "backend",
    "scenario",
    "arguments",
    "policy",
    "policy_key",
    "seed",
    "run",
    "noise_seed",
    "provenance",
)


def save(trace: Trace, folder: Path, name: str, world: str, of: ScenarioFidelity) -> Path:
    """Writes a trace.

    Args:
        trace: The episode.
        folder: Folder of traces.
        name: Name of the file.
        world: Name of the world's file, which is written if it is missing.
        of: The scenario's fidelity.

    Returns:
        The trace's file.
    """
    if not (folder / "worlds" / world).exists():
        worlds.save(trace.world, folder / "worlds" / world, of.world)
    header = {
        "format": FORMAT,
        "version": VERSION,
        **{key: getattr(trace, key) for key in _HEADER},
        "world": world,
        "metrics": {key: value if np.isfinite(value) else None for key, value in trace.metrics.items()},
    }
    archive.save(folder / name, header, {key: getattr(trace, key) for key in ARRAYS} | dict(trace.columns))
    return folder / name


def load(path: Path, of: ScenarioFidelity, world: World | None = None) -> Trace:
    """Reads a trace and its world.

    Args:
        path: The trace's file.
        of: What the scenario brings.
        world: Its world, if it has been read before.

    Raises:
        TraceError: A file is missing, damaged, or not a trace.
    """
    header, arrays = archive.load(path, FORMAT, VERSION)
    wanted = {**ARRAYS, **of.columns}
    missing = sorted(({*_HEADER, "world", "metrics"} - header.keys()) | (wanted.keys() - arrays.keys()))
    if missing:
        raise TraceError(f"{path} lacks {', '.join(missing)}; delete it and record it again")
    values: dict[str, Any] = {name: header[name] for name in _HEADER}
    values |= {name: arrays[name] for name in ARRAYS}
    columns = {name: arrays[name] for name in of.columns}
    for name, dtype in of.columns.items():
        if columns[name].dtype != np.dtype(dtype):
            raise TraceError(f"{path}: {name} is {columns[name].dtype}, expected {dtype}; record it again")
    values["arguments"] = tuple(values["arguments"])
    metrics = {name: np.nan if value is None else float(value) for name, value in header["metrics"].items()}
    try:
        return Trace(
            **values,
            world=worlds.load(path.parent / "worlds" / header["world"], of.world) if world is None else world,
            columns=columns,
            metrics=metrics,
        )
    except TraceError as error:
        raise TraceError(f"{path}: {error}") from error


def load_all(folder: Path, of: ScenarioFidelity) -> list[Trace]:
    """All traces of a folder, ordered by name.

    Raises:
        TraceError: A file is damaged, or there is none.
    """
    read: dict[str, World] = {}
    traces = []
    for path in sorted(folder.glob("*.npz")):
        name = archive.header(path, FORMAT, VERSION).get("world", "")
        if name not in read:
            read[name] = worlds.load(folder / "worlds" / name, of.world)
        traces.append(load(path, of, read[name]))
    if not traces:
        raise TraceError(f"{folder} holds no trace; record some first")
    return traces
