# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Fits the twin's free constants to episodes of ns-3: the same world, the same actions, the same metrics.

Actions are replayed as recorded in ns-3, so differences in metrics contain no different decisions.
"""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from ns3marl.errors import ConfigError
from ns3marl.scenarios.aiot_mec.exogenous import Exogenous
from ns3marl.scenarios.aiot_mec.twin.aiot_mec import AiotMec
from ns3marl.scenarios.aiot_mec.twin.calibration import Calibration
from ns3marl.scenarios.aiot_mec.twin.recorded import Recorded
from ns3marl.scenarios.aiot_mec.twin.settings import Settings
from ns3marl.types import Float32, Float64, Int32

TOLERANCES: dict[str, tuple[float, bool]] = {
    "completion_ratio": (0.02, False),
    "latency_mean_s": (0.1, True),
    "energy_efficiency_tasks_per_j": (0.1, True),
    "aoi_mean_ticks": (0.1, True),
}
"""Tolerance of a metric, and whether it is relative to ns-3's value."""

STEPS: dict[str, tuple[float, float, float]] = {
    "access_us": (8.0, 0.0, 200.0),
    "collision_us": (16.0, 0.0, 400.0),
    "sync_us": (2.0, 0.0, 9.0),
    "downlink_us": (50.0, 0.0, 5000.0),
    "detection_db": (0.5, 0.0, 10.0),
    "energy_db": (2.0, 4.0, 40.0),
    "midpoint_shift_db": (0.5, -6.0, 6.0),
    "steepness": (0.5, 0.5, 10.0),
    "hidden_factor": (0.25, 0.05, 4.0),
}
"""First step, lower and upper bound of each constant in its unit."""


@dataclass(frozen=True)
class Recording:
    """An episode of ns-3."""

    arguments: tuple[str, ...]  #: of the scenario, the number of ticks included
    world: Exogenous
    discrete: Int32  #: [T, N, 3], server as slot
    continuous: Float32  #: [T, N, 2] dBm and share
    metrics: Mapping[str, float]  #: of the whole episode
    label: str = ""  #: policy, cell and seed, for people


def replay(
    recordings: Sequence[Recording], calibration: Calibration, repeats: int = 8, seed: int = 0
) -> dict[str, Float64]:
    """Plays recorded actions in the twin.

    Args:
        recordings: Episodes.
        calibration: Constants of the twin.
        repeats: How often each is played, with different backoffs and frame errors.
        seed: Seed of backoffs and frame errors.

    Returns:
        Each metric's mean over the repeats, [recordings].
    """
    groups: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for index, recording in enumerate(recordings):
        groups[recording.arguments].append(index)
    found: dict[str, Float64] = {}
    for arguments, members in groups.items():
        settings = Settings.parse(arguments)
        count = len(members)
        worlds = {run: recordings[members[run % count]].world for run in range(repeats * count)}
        sim = AiotMec(
            settings, len(worlds), calibration=calibration, world=Recorded(settings, worlds, seed=seed)
        )
        sim.reset(list(worlds))
        discrete = _stacked([recordings[i].discrete for i in members], repeats).long()
        continuous = _stacked([recordings[i].continuous for i in members], repeats)
        if discrete.shape[1] != settings.ticks:
            raise ConfigError(
                f"recording {recordings[members[0]].label!r} has {discrete.shape[1]} actions, its arguments say {settings.ticks}"
            )
        for tick in range(settings.ticks):
            sim.step(discrete[:, tick], continuous[:, tick])
        for name, values in sim.metrics().items():
            means = values.view(repeats, count).mean(0).numpy()
            found.setdefault(name, np.full(len(recordings), np.nan))[members] = means
    return found


def errors(recordings: Sequence[Recording], found: Mapping[str, Float64]) -> dict[str, Float64]:
    """Errors of the twin in tolerances, [recordings] each; a magnitude above 1 is outside."""
    result = {}
    for name, (tolerance, is_relative) in TOLERANCES.items():
        expected = np.array([recording.metrics[name] for recording in recordings])
        scale = tolerance * np.abs(expected) if is_relative else np.full_like(expected, tolerance)
        result[name] = (found[name] - expected) / scale
    return result


def loss(recordings: Sequence[Recording], calibration: Calibration, repeats: int = 8) -> float:
    """Mean square of the errors in tolerances; excludes metrics that a side could not measure."""
    squares = [np.square(e) for e in errors(recordings, replay(recordings, calibration, repeats)).values()]
    return float(np.nanmean(np.stack(squares)))


def fit(
    recordings: Sequence[Recording],
    held_out: Sequence[Recording] = (),
    *,
    constants: Sequence[str] = ("collision_us", "downlink_us", "midpoint_shift_db"),
    start: Calibration | None = None,
    rounds: int = 3,
    repeats: int = 8,
    provenance: Mapping[str, Any] | None = None,
    report: Callable[[str], None] = lambda _: None,
) -> Calibration:
    """Pattern search: changes one constant after the other as long as the loss falls; steps are halved in every round.

    Every trial has the same backoffs and frame errors, so differences come from the constants.

    Args:
        recordings: Episodes to fit.
        held_out: Episodes whose error is only reported.
        constants: Constants to fit.
        start: Initial calibration; the bundled one by default.
        rounds: How often the steps are halved.
        repeats: See ``replay``.
        provenance: Provenance to store with the errors: ns-3's version, seeds, date.
        report: Called with a line for each improvement.

    Raises:
        ConfigError: A constant is unknown, or there is nothing to fit.
    """
    unknown = [name for name in constants if name not in STEPS]
    if unknown or not recordings:
        raise ConfigError(
            f"calibrate: {'no recordings' if not recordings else f'unknown constants {unknown}'}; constants are {', '.join(STEPS)}"
        )
    first = best = start or Calibration.load()
    before = least = loss(recordings, best, repeats)
    for round_ in range(rounds):
        for name in constants:
            step, low, high = STEPS[name]
            for direction in (1, -1):
                while True:
                    value = getattr(best, name) + direction * step / 2**round_
                    if not low <= value <= high:
                        break
                    tried = dataclasses.replace(best, **{name: value})
                    got = loss(recordings, tried, repeats)
                    if got >= least:
                        break
                    best, least = tried, got
                    report(f"{name} = {value:g}: loss {got:.4f}")
    notes: dict[str, Any] = {
        **(provenance or {}),
        "fitted": list(constants),
        "recordings": [recording.label for recording in recordings],
        "loss_before": round(before, 5),
        "loss_after": round(least, 5),
    }
    if held_out:
        notes["held_out"] = [recording.label for recording in held_out]
        notes["held_out_loss_before"] = round(loss(held_out, first, repeats), 5)
        notes["held_out_loss_after"] = round(loss(held_out, best, repeats), 5)
    return dataclasses.replace(best, provenance=notes)


def _stacked(arrays: Sequence[np.ndarray], repeats: int) -> torch.Tensor:
    return torch.from_numpy(np.stack(arrays)).repeat(repeats, *(1,) * arrays[0].ndim)
