# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Traces: one episode of ``aiot-mec`` on one side, ns-3 or the twin, with its world, its actions and what became of it.

Axes: **T** ticks, **N** devices. A folder of traces is

    FOLDER/POLICY-seedS-runR-KEY.npz    actions, outcomes and metrics of an episode
           worlds/seedS-runR-KEY.npz    its world, shared by all policies that met it

A name follows from what was asked for, so an episode that was recorded is not played again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ns3marl.errors import TraceError
from ns3marl.fidelity import archive, worlds
from ns3marl.scenarios.aiot_mec.exogenous import Exogenous
from ns3marl.scenarios.aiot_mec.twin import accounts
from ns3marl.scenarios.aiot_mec.twin.calibrate import Recording
from ns3marl.types import Bool, Float32

FORMAT, VERSION = "ns3marl-trace", 1
NS3, TWIN = "ns3", "fastsim"
OUTCOMES = (*accounts.OUTCOMES, "server_failed", "device_dead")
"""How a task ends, in both sides' numbers; see the table ``tasks`` of the scenario."""
COMPLETED = accounts.COMPLETED


@dataclass(frozen=True)
class Episode:
    """What an episode leaves, see ``Trace``."""

    discrete: NDArray[np.int16]
    continuous: Float32
    active: Bool
    rewards: Float32
    outcomes: NDArray[np.int8]
    latency_s: Float32
    age_ticks: NDArray[np.uint8]
    metrics: Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class Trace(Episode):
    """One episode.

    Args:
        backend: ``ns3`` or ``fastsim``.
        scenario: Its name.
        arguments: Of the scenario, without those that name files.
        policy: Who decided, for people.
        policy_key: What tells policies apart: a heuristic's name, or a digest of the checkpoint.
        seed: ns-3's RngSeed of the episode, with which its world was drawn.
        run: RngRun.
        noise_seed: Of the policy's own random numbers.
        world: What happened whatever the policy did.
        discrete: [T,N,3] int16, mode, server slot and channel as sent; defaults where nobody was asked.
        continuous: [T,N,2] power in dBm and offloaded share.
        active: [T,N] whose task arrived and was decided on.
        rewards: [T] of the interval after each decision, mean over devices.
        outcomes: [T,N] int8, how the task of that tick ended, see ``OUTCOMES``; -1 without a task.
        latency_s: [T,N] s from arrival to completion; NaN unless completed.
        age_ticks: [T,N] uint8, age of information at the boundary after the tick; 100 and more are 100.
        metrics: Of the whole episode, by name; NaN where there was nothing to measure.
        provenance: Versions, commit, date, calibration.
    """

    backend: str
    scenario: str
    arguments: tuple[str, ...]
    policy: str
    policy_key: str
    seed: int
    run: int
    noise_seed: int
    world: Exogenous
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        ticks, devices = self.active.shape
        for name, dtype, tail in _ARRAYS:
            array = getattr(self, name)
            shape = (ticks,) if name == "rewards" else (ticks, devices, *tail)
            if array.dtype != np.dtype(dtype) or array.shape != shape:
                raise TraceError(
                    f"trace of {self.policy!r}, run {self.run}: {name} is {array.dtype} {array.shape}, expected {dtype} {shape}"
                )
        if (self.world.devices, self.world.ticks) != (devices, ticks):
            raise TraceError(
                f"trace of {self.policy!r}, run {self.run}: {ticks} ticks of {devices} devices in a world of "
                f"{self.world.ticks} ticks and {self.world.devices} devices"
            )

    @property
    def label(self) -> str:
        """Policy, size, seed and run, for people."""
        return f"{self.policy} N{self.world.devices} K{self.world.servers} seed {self.seed} run {self.run}"

    def recording(self) -> Recording:
        """What calibration replays."""
        return Recording(
            self.arguments,
            self.world,
            self.discrete.astype(np.int32),
            self.continuous,
            self.metrics,
            self.label,
        )


_ARRAYS: tuple[tuple[str, str, tuple[int, ...]], ...] = (
    ("discrete", "int16", (3,)),
    ("continuous", "float32", (2,)),
    ("active", "bool", ()),
    ("rewards", "float32", ()),
    ("outcomes", "int8", ()),
    ("latency_s", "float32", ()),
    ("age_ticks", "uint8", ()),
)
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


def save(trace: Trace, folder: Path, name: str, world: str) -> Path:
    """Writes a trace.

    Args:
        trace: The episode.
        folder: Of traces.
        name: Of the file.
        world: Name of the world's file; written where it is missing.

    Returns:
        The trace's file.
    """
    if not (folder / "worlds" / world).exists():
        worlds.save(trace.world, folder / "worlds" / world)
    header = {
        "format": FORMAT,
        "version": VERSION,
        **{key: getattr(trace, key) for key in _HEADER},
        "world": world,
        "metrics": {key: value if np.isfinite(value) else None for key, value in trace.metrics.items()},
    }
    archive.save(folder / name, header, {key: getattr(trace, key) for key, *_ in _ARRAYS})
    return folder / name


def load(path: Path, world: Exogenous | None = None) -> Trace:
    """Reads a trace and its world.

    Args:
        path: The trace's file.
        world: Its world, where it has been read before.

    Raises:
        TraceError: A file is missing, damaged, or holds something else.
    """
    header, arrays = archive.load(path, FORMAT, VERSION)
    missing = sorted(
        ({*_HEADER, "world", "metrics"} - header.keys()) | ({name for name, *_ in _ARRAYS} - arrays.keys())
    )
    if missing:
        raise TraceError(f"{path} lacks {', '.join(missing)}; delete it and record it again")
    values: dict[str, Any] = {name: header[name] for name in _HEADER}
    values |= {name: arrays[name] for name, *_ in _ARRAYS}
    values["arguments"] = tuple(values["arguments"])
    metrics = {name: np.nan if value is None else float(value) for name, value in header["metrics"].items()}
    try:
        return Trace(
            **values,
            world=worlds.load(path.parent / "worlds" / header["world"]) if world is None else world,
            metrics=metrics,
        )
    except TraceError as error:
        raise TraceError(f"{path}: {error}") from error


def load_all(folder: Path) -> list[Trace]:
    """All traces of a folder, in order of their names.

    Raises:
        TraceError: A file is damaged, or there is none.
    """
    read: dict[str, Exogenous] = {}
    traces = []
    for path in sorted(folder.glob("*.npz")):
        name = archive.header(path, FORMAT, VERSION).get("world", "")
        if name not in read:
            read[name] = worlds.load(folder / "worlds" / name)
        traces.append(load(path, read[name]))
    if not traces:
        raise TraceError(f"{folder} holds no trace; record some first")
    return traces


@dataclass(frozen=True)
class RunBatch:
    """Episodes that one pool can play: the same arguments and seeds, runs without a gap."""

    arguments: tuple[str, ...]
    seed: int
    noise_seed: int
    places: tuple[int, ...]  #: of the traces in the list they come from, in order of their runs
    runs: tuple[int, ...]


def run_batches(traces: Sequence[Trace], longest: int) -> list[RunBatch]:
    """Sorts traces for pools, whose episodes are numbered one after the other.

    Args:
        traces: In any order.
        longest: Episodes of a stretch.
    """
    alike: dict[tuple[Any, ...], list[tuple[int, int]]] = defaultdict(list)
    for place, one in enumerate(traces):
        alike[one.arguments, one.seed, one.noise_seed, one.policy_key, one.backend].append((one.run, place))
    found = []
    for (arguments, seed, noise_seed, *_), members in alike.items():
        rows: list[tuple[int, int]] = []
        for run, place in [*sorted(members), (-1, -1)]:
            if rows and (run != rows[-1][0] + 1 or len(rows) == longest):
                runs, places = zip(*rows, strict=True)
                found.append(RunBatch(arguments, seed, noise_seed, places, runs))
                rows = []
            rows.append((run, place))
    return found


def same_episode(one: Trace, other: Trace) -> bool:
    """Whether two traces are of the same world and policy, on whatever side."""
    keys = ("scenario", "arguments", "policy_key", "seed", "run", "noise_seed")
    return all(getattr(one, key) == getattr(other, key) for key in keys)


def without_files(arguments: tuple[str, ...]) -> tuple[str, ...]:
    """Scenario arguments that say what happens; those that only say where files go are left out."""
    return tuple(word for word in arguments if word.removeprefix("--").partition("=")[0] not in _OF_FILES)


_OF_FILES = {
    "exogenousIn",
    "exogenousOut",
    "tables",
    "pcap",
    "ascii",
    "traceDevices",
    "flowMonitor",
    "netAnim",
    "trace",
    "tracePrefix",
    "log",
    "logFile",
}
