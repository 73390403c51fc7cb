# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Exogenous worlds of `aiot-mec`: everything in an episode that does not depend on the devices' actions, as a folder of arrays.

A world is what ``--exogenousOut`` writes and ``--exogenousIn`` reads: a folder with ``exogenous.json`` and a ``.npy``
file for each array of :class:`Exogenous`, named like its field. ``docs/models/exogenous.md`` describes the format.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ns3marl.errors import ConfigError
from ns3marl.types import Bool, Float64, Int32, Int64

FORMAT = "ns3marl-exogenous"
VERSION = 1
FILE = "exogenous.json"
STATUS_LEAD_NS = 5_000_000  # how long before a boundary fading and shadowing move
START_NS = 10_000_000  # simulated time of the boundary of tick 0


class _Array(NamedTuple):
    """How an array stands in the file."""

    dtype: str
    axes: tuple[str | int, ...]  # "ticks" stands for T + 1 rows, "ways" for any number of them
    least: float = -math.inf
    excludes_least: bool = False
    of_tasks: bool = False  # counts only where a task arrives


_TASKS = ("ticks", "devices")
_LINKS = ("ticks", "devices", "servers")
_ARRAYS = {
    "placement_m": _Array("<f8", ("devices", 3)),
    "servers_m": _Array("<f8", ("servers", 3)),
    "device_hz": _Array("<f8", ("devices",), 0, excludes_least=True),
    "server_hz": _Array("<f8", ("servers",), 0, excludes_least=True),
    "placement_shadowing_db": _Array("<f8", ("devices", "servers")),
    "fading_db": _Array("<f8", _LINKS),
    "arrives": _Array("|b1", _TASKS),
    "size_bytes": _Array("<i4", _TASKS, 1, of_tasks=True),
    "density_cycles_per_bit": _Array("<f8", _TASKS, 0, excludes_least=True, of_tasks=True),
    "deadline_ns": _Array("<i8", _TASKS, 1, of_tasks=True),
    "premium": _Array("|b1", _TASKS),
    "jitter_ns": _Array("<i8", _TASKS, 0),
}
_MOVING = {
    "positions_m": _Array("<f8", ("ticks", "devices", 3)),
    "shadowing_db": _Array("<f8", _LINKS),
}
# What the simulator needs beside places at boundaries to move devices between them as it did.
_MOTION: dict[str, dict[str, _Array]] = {
    "static": {},
    "straight": {},
    "random-waypoint": {
        "leg_device": _Array("<i4", ("ways",), 0),
        "leg_goal_m": _Array("<f8", ("ways", 3)),
        "leg_speed_mps": _Array("<f8", ("ways",), 0, excludes_least=True),
    },
    "trace": {
        "waypoint_device": _Array("<i4", ("ways",), 0),
        "waypoint_ns": _Array("<i8", ("ways",), 0),
        "waypoint_m": _Array("<f8", ("ways", 3)),
    },
}
_HEADER: dict[str, type] = {
    "scenario": str,
    "mobility": str,
    "seed": int,
    "run": int,
    "devices": int,
    "servers": int,
    "channels": int,
    "ticks": int,
    "tick_ns": int,
    "path_loss_exponent": float,
    "reference_loss_db": float,
    "pause_s": float,
}


FADING_STEP_DB = 1 / 256
_PACKED = tuple(
    name for name in _HEADER if name not in {"devices", "servers", "ticks"}
)  # these follow from the arrays
_MOTION_PREFIX = "motion/"


@dataclass(frozen=True, kw_only=True)
class Exogenous:
    """The exogenous world of one episode of T ticks with N devices, K servers and C channels.

    Axes: **T1** = T + 1 boundaries (tick t begins at boundary t, and tasks still arrive at the last one), **N** devices,
    **K** servers. Boundary t is at ``START_NS + t tick_ns`` of simulated time. Links are device to server, equal in both
    directions and on all channels; other pairs have no fading or shadowing.

    Args:
        placement_m: [N, 3] m, x, y, z of the devices at simulated time 0.
        servers_m: [K, 3] m, x, y, z of the servers.
        device_hz: [N] Hz, CPU rates.
        server_hz: [K] Hz, server rates.
        placement_shadowing_db: [N, K] dB, gain of the shadowing at simulated time 0; 0 without shadowing.
        fading_db: [T1, N, K] dB, power gain ``|h|^2`` of the fading; row t from 5 ms before boundary t to 5 ms before the next.
        arrives: [T1, N], whether a task arrives at boundary t. Without one, size, density, deadline and class are 0.
        size_bytes: [T1, N] B, input that an offloaded task sends.
        density_cycles_per_bit: [T1, N] cycles/bit, work for each bit of input.
        deadline_ns: [T1, N] ns, from arrival to the last useful moment.
        premium: [T1, N], service level: premium or standard.
        jitter_ns: [T1, N] ns, from the decision to the first transmission; drawn at every boundary.
        positions_m: [T1, N, 3] m, positions of moving devices at boundary t; None: they stay at ``placement_m``.
        shadowing_db: [T1, N, K] dB, gain of the shadowing of moving devices, rows at the times of ``fading_db``; None if
            ``positions_m`` is.
        tick_ns: time between two boundaries.
        channels: C.
        path_loss_exponent: exponent of the log-distance path loss.
        reference_loss_db: path loss at 1 m.
        seed: ns-3's RngSeed of the episode that wrote it, or another number that identifies its origin.
        run: ns-3's RngRun of that episode.
        scenario: the scenario that it belongs to.
        mobility: how devices move between boundaries: ``static``; ``straight``; or ``random-waypoint`` and ``trace``, with
            the ways of ns-3's models in ``motion``.
        pause_s: pause of random waypoints before each way; 0 otherwise.
        motion: arrays of these ways by name; only the simulator needs them.

    Raises:
        ConfigError: an array has another shape or dtype, or contains NaN, infinity or an impossible value.
    """

    placement_m: Float64
    servers_m: Float64
    device_hz: Float64
    server_hz: Float64
    placement_shadowing_db: Float64
    fading_db: Float64
    arrives: Bool
    size_bytes: Int32
    density_cycles_per_bit: Float64
    deadline_ns: Int64
    premium: Bool
    jitter_ns: Int64
    positions_m: Float64 | None = None
    shadowing_db: Float64 | None = None
    tick_ns: int = 100_000_000
    channels: int = 4
    path_loss_exponent: float = 3.0
    reference_loss_db: float = 46.68
    seed: int = 0
    run: int = 0
    scenario: str = "aiot-mec"
    mobility: str = "static"
    pause_s: float = 0.0
    motion: Mapping[str, NDArray[Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.fading_db.ndim != 3 or self.fading_db.shape[0] < 2:
            raise ConfigError(
                f"'fading_db' has the shape {self.fading_db.shape}; expected [T + 1, N, K] with at least one tick"
            )
        if self.mobility not in _MOTION:
            raise ConfigError(f"'mobility' is '{self.mobility}'; expected one of {', '.join(_MOTION)}")
        for name in ("tick_ns", "channels"):
            if getattr(self, name) < 1:
                raise ConfigError(f"'{name}' is {getattr(self, name)}; expected at least 1")
        arrays, expected = self._arrays(), _expected(self.mobility)
        if arrays.keys() != expected.keys():
            missing = ", ".join(sorted(expected.keys() - arrays.keys())) or "nothing"
            surplus = ", ".join(sorted(arrays.keys() - expected.keys())) or "nothing"
            raise ConfigError(
                f"a world whose mobility is '{self.mobility}' lacks {missing} and has {surplus} too much; "
                "positions_m, shadowing_db and motion belong to moving devices"
            )
        for name, array in arrays.items():
            self._check(name, array, expected[name])

    def _arrays(self) -> dict[str, NDArray[Any]]:
        own = {name: getattr(self, name) for name in (*_ARRAYS, *_MOVING)}
        return {name: array for name, array in own.items() if array is not None} | dict(self.motion)

    def _check(self, name: str, array: NDArray[Any], expected: _Array) -> None:
        sizes = {"ticks": self.ticks + 1, "devices": self.devices, "servers": self.servers}
        sizes["ways"] = array.shape[0] if array.ndim else 0
        shape = tuple(axis if isinstance(axis, int) else sizes[axis] for axis in expected.axes)
        if array.dtype != np.dtype(expected.dtype) or array.shape != shape:
            raise ConfigError(
                f"'{name}' is {array.dtype.str} {array.shape}; expected {expected.dtype} {shape}, "
                f"axes [{', '.join(map(str, expected.axes))}], as 'fading_db' has T + 1, N and K"
            )
        if array.dtype == np.float64 and not np.isfinite(array).all():
            where = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
            raise ConfigError(f"'{name}' holds {array[where]} at {where}; expected finite numbers")
        counting = array[self.arrives] if expected.of_tasks else array
        if array.dtype == np.bool_ or not counting.size:
            return
        lowest = counting.min()
        if lowest < expected.least or (expected.excludes_least and lowest == expected.least):
            bound = "above" if expected.excludes_least else "at least"
            raise ConfigError(f"'{name}' holds {lowest}; expected numbers {bound} {expected.least}")

    @property
    def agents(self) -> int:
        """A, the devices."""
        return self.devices

    @property
    def label(self) -> str:
        """Its size, for display."""
        return f"N{self.devices} K{self.servers}"

    @property
    def ticks(self) -> int:
        """T, the number of actions."""
        return int(self.fading_db.shape[0]) - 1

    @property
    def devices(self) -> int:
        """N."""
        return int(self.fading_db.shape[1])

    @property
    def servers(self) -> int:
        """K."""
        return int(self.fading_db.shape[2])

    @property
    def size_bits(self) -> Int64:
        """[T1, N] bit, input size."""
        return 8 * self.size_bytes.astype(np.int64)

    @property
    def cycles(self) -> Float64:
        """[T1, N] cycles, work: size in bits times density."""
        return self.size_bits * self.density_cycles_per_bit

    @property
    def deadline_s(self) -> Float64:
        """[T1, N] s, from arrival to the last useful moment."""
        return self.deadline_ns.astype(np.float64) * 1e-9

    @property
    def jitter_s(self) -> Float64:
        """[T1, N] s, from the decision to the first transmission."""
        return self.jitter_ns.astype(np.float64) * 1e-9

    @property
    def tick_s(self) -> float:
        """Time between two boundaries [s]."""
        return self.tick_ns * 1e-9

    @property
    def device_positions_m(self) -> Float64:
        """[T1, N, 3] m, positions at the boundaries; a read-only view if devices do not move."""
        if self.positions_m is not None:
            return self.positions_m
        return np.broadcast_to(self.placement_m, (self.ticks + 1, self.devices, 3))

    @property
    def link_shadowing_db(self) -> Float64:
        """[T1, N, K] dB, gain of the shadowing; a read-only view if devices do not move."""
        if self.shadowing_db is not None:
            return self.shadowing_db
        return np.broadcast_to(self.placement_shadowing_db, self.fading_db.shape)

    @cached_property
    def mean_loss_db(self) -> Float64:
        """[T1, N, K] dB, path loss at the boundaries' positions minus the gain of the shadowing, without fading.

        Log-distance: L(d) = reference_loss_db + 10 path_loss_exponent log10(max(d, 1 m)), d in three dimensions (Rappaport,
        Wireless Communications, 2nd edition, section 4.9). Received power = transmit power - mean_loss_db + fading_db.
        """
        places = self.placement_m[None] if self.positions_m is None else self.positions_m
        distance_m = np.linalg.norm(places[:, :, None] - self.servers_m[None, None], axis=-1)
        loss_db = self.reference_loss_db + 10 * self.path_loss_exponent * np.log10(np.maximum(distance_m, 1))
        result: Float64 = np.broadcast_to(loss_db, self.fading_db.shape) - self.link_shadowing_db
        return result


def _expected(mobility: str) -> dict[str, _Array]:
    moving = {} if mobility == "static" else _MOVING
    return _ARRAYS | moving | _MOTION[mobility]


def episode_path(path: str | Path, seed: int, run: int) -> Path:
    """The folder that an episode with this RngSeed and RngRun writes for ``--exogenousOut=path``."""
    path = Path(path)
    return path.with_name(f"{path.stem}-seed{seed}-run{run}{path.suffix}")


def load(path: str | Path) -> Exogenous:
    """Reads a world.

    Args:
        path: the folder with ``exogenous.json``; see :func:`episode_path`.

    Raises:
        ConfigError: the folder, a file or a value is missing, truncated, wrong or of another version.
    """
    folder = Path(path)
    header = _read_header(folder)
    expected = _expected(header["mobility"])
    arrays = {name: _read_array(folder / f"{name}.npy", name) for name in expected}
    motion = {name: arrays.pop(name) for name in _MOTION[header["mobility"]]}
    counts = {name: header.pop(name) for name in ("devices", "servers", "ticks")}
    given: dict[str, Any] = {**arrays, **header}
    world = Exogenous(motion=motion, **given)
    for name, count in counts.items():
        if getattr(world, name) != count:
            raise ConfigError(
                f"'{folder / FILE}' says {name} = {count}, but 'fading_db' has {getattr(world, name)}; write the world again"
            )
    return world


def save(world: Exogenous, path: str | Path) -> None:
    """Writes a world so that ``--exogenousIn`` and :func:`load` read it.

    Args:
        world: the world.
        path: the folder; created if necessary.

    Raises:
        ConfigError: the folder cannot be written.
    """
    folder = Path(path)
    header = {"format": FORMAT, "version": VERSION} | {name: getattr(world, name) for name in _HEADER}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / FILE).unlink(missing_ok=True)  # it comes last: a folder without it is not complete
        for name in _expected(world.mobility):
            array = world.motion[name] if name in world.motion else getattr(world, name)
            np.save(folder / f"{name}.npy", np.ascontiguousarray(array), allow_pickle=False)
        (folder / FILE).write_text(json.dumps(header, indent=2) + "\n")
    except OSError as error:
        raise ConfigError(f"the world '{folder}' cannot be written: {error}; name another folder") from error


class WorldFiles:
    """Exchange and storage of worlds for validation, see ``ns3marl.fidelity.worlds.WorldFormat``.

    The fading is rounded to 1/256 dB in advance, so a world takes two bytes per link and both sides read exactly the same values.
    """

    write_argument = "exogenousOut"
    read_argument = "exogenousIn"

    def read(self, path: Path, seed: int, run: int) -> Exogenous:
        """Reads what ns-3 wrote in an episode, and rounds the fading."""
        world = load(episode_path(path, seed, run))
        rounded = np.round(world.fading_db / FADING_STEP_DB) * FADING_STEP_DB
        return replace(world, fading_db=rounded)

    def write(self, world: Exogenous, path: Path) -> None:
        """Writes a world so that ns-3 reads it."""
        save(world, path)

    def pack(self, world: Exogenous) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """A world as plain values and arrays; rounded fading within +-127 dB takes two bytes per link."""
        header = {name: getattr(world, name) for name in _PACKED}
        arrays = {name: array for name in (*_ARRAYS, *_MOVING) if (array := getattr(world, name)) is not None}
        steps = world.fading_db / FADING_STEP_DB
        if (steps == np.round(steps)).all() and np.abs(steps).max() < 2**15:
            arrays["fading_db"] = steps.astype(np.int16)
        return header, {
            **arrays,
            **{f"{_MOTION_PREFIX}{name}": array for name, array in world.motion.items()},
        }

    def unpack(self, header: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Exogenous:
        """Restores a world from the output of ``pack``."""
        motion = {
            name.removeprefix(_MOTION_PREFIX): array
            for name, array in arrays.items()
            if name.startswith(_MOTION_PREFIX)
        }
        own = {name: array for name, array in arrays.items() if not name.startswith(_MOTION_PREFIX)}
        fading = own.pop("fading_db", np.zeros(0))
        if fading.dtype == np.int16:
            fading = fading * FADING_STEP_DB
        given: dict[str, Any] = {**own, **{name: header[name] for name in _PACKED}}
        return Exogenous(**given, fading_db=fading, motion=motion)


WORLDS = WorldFiles()


def _read_header(folder: Path) -> dict[str, Any]:
    file = folder / FILE
    try:
        header = json.loads(file.read_text())
    except FileNotFoundError as error:
        raise ConfigError(
            f"'{file}' does not exist; expected the folder of a world, PATH-seedS-runR for --exogenousOut=PATH"
        ) from error
    except (OSError, ValueError) as error:
        raise ConfigError(f"'{file}' cannot be read as JSON: {error}; write the world again") from error
    if not isinstance(header, dict) or header.pop("format", None) != FORMAT:
        raise ConfigError(f'\'{file}\' is no exogenous world: expected "format": "{FORMAT}"')
    if (version := header.pop("version", None)) != VERSION:
        raise ConfigError(
            f"'{file}' has version {version}, this ns3marl reads {VERSION}; write the world again with this one"
        )
    for name, kind in _HEADER.items():
        value = header.get(name)
        if kind is float and type(value) is int:
            header[name] = value = float(value)
        if type(value) is not kind:
            raise ConfigError(f"'{file}' has {value!r} for '{name}'; expected {kind.__name__}")
    if header["mobility"] not in _MOTION:
        raise ConfigError(
            f"'{file}' has the mobility '{header['mobility']}'; expected one of {', '.join(_MOTION)}"
        )
    return {name: header[name] for name in _HEADER}


def _read_array(path: Path, name: str) -> NDArray[Any]:
    try:
        array = np.load(path, allow_pickle=False)
    except FileNotFoundError as error:
        raise ConfigError(
            f"the quantity '{name}' is missing: '{path}' does not exist; write the world again"
        ) from error
    except (OSError, ValueError, EOFError) as error:
        raise ConfigError(
            f"the quantity '{name}' cannot be read from '{path}': {error}; write the world again"
        ) from error
    if not isinstance(array, np.ndarray):
        raise ConfigError(f"the quantity '{name}' in '{path}' is no array; write the world again")
    return array
