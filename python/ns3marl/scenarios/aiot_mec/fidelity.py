# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Fidelity of ``aiot-mec`` for validation: outcomes of tasks, factors, tolerances, calibration.

Axes: **E** environments, **T** ticks, **N** devices.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ns3marl.errors import ConfigError
from ns3marl.fidelity.scenario import Distribution, ScenarioFidelity
from ns3marl.fidelity.trace import Trace
from ns3marl.launch.environments import Environments
from ns3marl.scenarios.aiot_mec.exogenous import WORLDS, Exogenous
from ns3marl.scenarios.aiot_mec.policies.names import FULL, LOCAL, SERVER_SLOTS
from ns3marl.scenarios.aiot_mec.twin import accounts, calibrate, radio
from ns3marl.scenarios.aiot_mec.twin.calibrate import TOLERANCES, Recording
from ns3marl.scenarios.aiot_mec.twin.calibration import Calibration
from ns3marl.scenarios.aiot_mec.twin.pool import FastPool
from ns3marl.scenarios.aiot_mec.twin.recorded import Recorded
from ns3marl.scenarios.aiot_mec.twin.settings import Settings
from ns3marl.scenarios.aiot_mec.twin.spec import make_spec
from ns3marl.types import Batch, Bool, Float64, Int64, Spec

OUTCOMES = (*accounts.OUTCOMES, "server_failed", "device_dead")
"""Outcomes of a task, by number; see the table ``tasks`` of the scenario."""
COMPLETED = accounts.COMPLETED

FACTORS: dict[str, tuple[str, str]] = {
    "snr": ("SNR of the chosen link at the chosen power", "dB"),
    "distance": ("distance to the chosen server", "m"),
    "channel_load": ("air time offered to the channel", "ticks"),
    "server_load": ("computing offered to the server", "ticks"),
    "deadline": ("deadline", "ms"),
    "size": ("offloaded data", "kB"),
}
"""Factors by which tasks are binned: description and unit."""

_AGE = "aoi_ticks"
_MAX_AGE_TICKS = 100


class TaskRecorder:
    """Follows tasks from their arrival to their end.

    Columns, [E,T,N] each: ``outcomes`` int8, outcome of the task of that tick, see ``OUTCOMES``, -1 without a task; ``latency_s`` float32,
    from arrival to completion, NaN unless completed; ``age_ticks`` uint8, age of information at the boundary after the tick, at most
    100.

    Args:
        pool: Simulators with ``--tables=all``, or the twin.
    """

    def __init__(self, pool: Environments) -> None:
        (group,) = pool.spec.groups
        shape = (pool.num_envs, pool.spec.ticks, len(group.agents))
        self._pool = pool
        self._age = [feature.name for feature in group.features].index(_AGE)
        self._outcomes, self._latency_s = np.full(shape, -1, np.int8), np.full(shape, np.nan, np.float32)
        self._ages = np.zeros(shape, np.uint8)
        self.columns: Mapping[str, NDArray[Any]] = {
            "outcomes": self._outcomes,
            "latency_s": self._latency_s,
            "age_ticks": self._ages,
        }

    def decided(self, tick: int, active: Bool) -> None:
        """Records an unresolved task for every active device."""
        self._outcomes[:, tick][active] = 0

    def ended(self, tick: int, batch: Batch) -> None:
        """Records the tasks that ended in the interval, and the ages at its end."""
        pool = self._pool
        ended = _of_twin(pool, tick) if isinstance(pool, FastPool) else _of_tables(batch)
        env, arrival, device, outcome, latency_s = ended
        self._outcomes[env, arrival, device] = outcome
        done = outcome == COMPLETED
        self._latency_s[env[done], arrival[done], device[done]] = latency_s[done]
        for e, final in enumerate(batch.final):
            seen = batch.groups[0][e] if final is None else final.groups[0]
            self._ages[e, tick] = np.minimum(seen.observations[:, self._age], _MAX_AGE_TICKS)


_Ended = tuple[
    Int64, Int64, Int64, Int64, NDArray[Any]
]  # environment, tick of arrival, device, outcome, latency [s]


def _of_tables(batch: Batch) -> _Ended:
    """Tasks that ended in an interval, one row each, from the scenario's own table of tasks."""
    rows = [(e, tables["tasks"]) for e, tables in enumerate(batch.tables) if "tasks" in tables]

    def column(name: str) -> NDArray[Any]:
        return np.concatenate([np.zeros(0, np.int64), *(table[name] for _, table in rows)])

    env = np.concatenate([np.zeros(0, np.int64), *(np.full(len(table["tick"]), e) for e, table in rows)])
    tick, device, outcome = (column(name).astype(np.int64) for name in ("tick", "device", "outcome"))
    return env, tick, device, outcome, column("latency")


def _of_twin(pool: FastPool, tick: int) -> _Ended:
    """The same from the twin's last interval."""
    outcome = pool.sim.outcome.cpu().numpy()
    env, device, slot = outcome.nonzero()
    arrival = tick - (tick - slot) % outcome.shape[2]
    latency_us = pool.sim.latency_us.cpu().numpy()[env, device, slot]
    return env, arrival, device, outcome[env, device, slot], latency_us * 1e-6


def factors(trace: Trace) -> dict[str, Float64]:
    """The factors of each task, [T,N] each, see ``FACTORS``; NaN without a task, or if nothing was offloaded.

    Air time: payload bits / N_DBPS symbols of 13.6 us at the MCS that the current SNR allows, summed over the tick's new uploads
    on a channel. So it is the offered load, without retransmissions.
    """
    world, settings = _world(trace), Settings.parse(trace.arguments)
    ticks, devices = trace.active.shape
    mode, slot, channel = (trace.discrete[..., head].astype(np.int64) for head in range(3))
    offloads = trace.active & (mode != LOCAL)
    server = np.where(offloads, _servers(world, slot), 0)
    row, device = np.ogrid[:ticks, :devices]
    distance = np.linalg.norm(world.device_positions_m[:ticks] - world.servers_m[server], axis=-1)
    gain = (world.fading_db[:ticks] - world.mean_loss_db[:ticks])[row, device, server]
    snr = trace.continuous[..., 0] + gain - radio.noise_dbm(settings)
    ratio = np.where(mode == FULL, 1.0, trace.continuous[..., 1]) * offloads
    bits = ratio * world.size_bits[:ticks]
    mcs = radio.mcs(torch.from_numpy(snr))
    air_s = bits / radio.data_bits_per_symbol(mcs).numpy() * radio.HE_SYMBOL_US * 1e-6
    work_s = ratio * world.cycles[:ticks] / world.server_hz[server]
    values = {
        "snr": snr,
        "distance": distance,
        "channel_load": _shared(air_s, channel) / world.tick_s,
        "server_load": _shared(work_s, server) / world.tick_s,
        "size": bits / 8e3,
    }
    found = {name: np.where(offloads, value, np.nan) for name, value in values.items()}
    return {**found, "deadline": np.where(trace.active, 1e3 * world.deadline_s[:ticks], np.nan)}


def _world(trace: Trace) -> Exogenous:
    if not isinstance(trace.world, Exogenous):
        raise ConfigError(f"{trace.label} has a world of another scenario; expected one of aiot-mec")
    return trace.world


def _servers(world: Exogenous, slot: Int64) -> Int64:
    """Servers of slots: with more than 18, a device's slots are the 18 with the best mean SNR, ordered by id."""
    if world.servers <= SERVER_SLOTS:
        return slot
    best = np.argsort(world.mean_loss_db[0], axis=1, kind="stable")[:, :SERVER_SLOTS]
    result: Int64 = np.sort(best, axis=1)[np.arange(slot.shape[1])[None], slot]
    return result


def _shared(values: Float64, of: Int64) -> Float64:
    """Sums of values over the devices with the same key in a tick; both [T,N]."""
    ticks = values.shape[0]
    width = int(of.max()) + 1
    keys = of + width * np.arange(ticks)[:, None]
    sums = np.bincount(keys.ravel(), values.ravel(), minlength=ticks * width)
    result: Float64 = sums[keys]
    return result


def _latencies_ms(trace: Trace) -> Float64:
    values = 1e3 * trace.latency_s.astype(np.float64)
    return values[np.isfinite(values)]


def _ages(trace: Trace) -> Float64:
    return trace.columns["age_ticks"].ravel().astype(np.float64)


def _snr(trace: Trace) -> Float64:
    values = factors(trace)["snr"]
    return values[np.isfinite(values)]


def twin_spec(arguments: Sequence[str]) -> Spec:
    """The twin's spec; refuses arguments that it does not model."""
    return make_spec(Settings.parse(arguments))


def recorded_twin(
    arguments: Sequence[str],
    worlds: Mapping[int, Exogenous],
    *,
    num_envs: int,
    seed: int,
    first_run: int,
    device: str,
    calibration: Path | None,
) -> FastPool:
    """The twin in recorded worlds, see ``ScenarioFidelity.twin``."""
    world = Recorded(Settings.parse(arguments), worlds, seed=seed, device=torch.device(device))
    return FastPool(
        arguments=arguments,
        num_envs=num_envs,
        seed=seed,
        first_run=first_run,
        device=device,
        calibration=calibration,
        world=world,
    )


class TwinCalibrator:
    """Fits the twin's constants, see ``ns3marl.fidelity.scenario.Calibrator``.

    A cell is ``devices/servers``, or a preset and ``devices/servers``.
    """

    cells: tuple[str, ...] = (
        *("10/3", "50/3", "50/9", "50/15", "75/12"),
        *("stress 25/6", "stress 75/12", "mixed 25/6", "mixed 75/12"),
    )
    held_out: tuple[str, ...] = (
        *("25/6", "50/6", "50/12", "50/18", "100/15"),
        *("stress 50/9", "stress 50/3", "stress 100/15", "mixed 50/9", "mixed 50/3", "mixed 100/15"),
    )
    policies: tuple[str, ...] = ("random", "random-offload", "best-snr")
    """``local-only`` needs no constant; others act on what devices know just then, which is something else in a replay."""
    constants: tuple[str, ...] = ("collision_us", "downlink_us", "midpoint_shift_db")

    def arguments(self, cell: str) -> tuple[str, ...]:
        """Scenario arguments of a cell."""
        preset, _, size = cell.rpartition(" ")
        devices, slash, servers = size.partition("/")
        if not (slash and devices.isdigit() and servers.isdigit()):
            raise ConfigError(
                f"cell {cell!r}: expected devices/servers such as 50/9, or a preset and them, such as 'stress 50/9'"
            )
        sized = (f"--devices={devices}", f"--servers={servers}")
        return (f"--preset={preset}", *sized) if preset else sized

    def load(self, path: Path | None) -> Calibration:
        """Constants from a file; without one, the bundled ones."""
        return Calibration.load(path)

    def dumps(self, calibration: Calibration) -> str:
        """The text of a calibration file."""
        return calibration.dumps()

    def notes(self, calibration: Calibration) -> dict[str, Any]:
        """Constants by name, and their provenance."""
        constants = {key: value for key, value in vars(calibration).items() if key != "provenance"}
        return {"constants": constants, "provenance": calibration.provenance}

    def fit(
        self,
        traces: Sequence[Trace],
        held_out: Sequence[Trace],
        *,
        constants: Sequence[str],
        start: Calibration,
        rounds: int,
        repeats: int,
        provenance: Mapping[str, Any],
        report: Callable[[str], None],
    ) -> Calibration:
        """A pattern search over the constants, see ``ns3marl.scenarios.aiot_mec.twin.calibrate``."""
        return calibrate.fit(
            _recordings(traces),
            _recordings(held_out),
            constants=constants,
            start=start,
            rounds=rounds,
            repeats=repeats,
            provenance=provenance,
            report=report,
        )

    def errors(
        self, traces: Sequence[Trace], calibration: Calibration, repeats: int
    ) -> Mapping[str, Float64]:
        """Errors of the twin in tolerances, by metric."""
        recordings = _recordings(traces)
        return calibrate.errors(recordings, calibrate.replay(recordings, calibration, repeats))


def _recordings(traces: Sequence[Trace]) -> list[Recording]:
    return [
        Recording(
            one.arguments, _world(one), one.discrete.astype(np.int32), one.continuous, one.metrics, one.label
        )
        for one in traces
    ]


FIDELITY = ScenarioFidelity(
    spec=twin_spec,
    world=WORLDS,
    twin=recorded_twin,
    columns={"outcomes": "int8", "latency_s": "float32", "age_ticks": "uint8"},
    recorder=TaskRecorder,
    tolerances=TOLERANCES,
    main_metrics=(
        *TOLERANCES,
        "latency_p95_s",
        "completion_ratio_premium",
        "completion_ratio_standard",
        "reward_mean",
        "jain_devices",
        "energy_efficiency_without_idle_tasks_per_j",
        "retries_best_effort",
        "unanswered_best_effort",
    ),
    outcomes=OUTCOMES,
    completed=COMPLETED,
    factors=FACTORS,
    factors_of=factors,
    distributions={
        "latency": Distribution("latency of completed tasks [ms]", _latencies_ms),
        "age": Distribution("age of information, devices and ticks [ticks]", _ages, whole=True),
        "snr": Distribution("SNR of chosen links at the chosen power [dB]", _snr),
    },
    looks={"pcap": "--pcap={}/frames", "netanim": "--netAnim={}/animation.xml"},
    file_arguments=frozenset(
        {"pcap", "ascii", "traceDevices", "flowMonitor", "netAnim", "trace", "tracePrefix"}
    ),
    calibrator=TwinCalibrator(),
)
