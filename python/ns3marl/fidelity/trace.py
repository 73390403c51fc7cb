# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Traces: one episode on one side, ns-3 or the twin, with its world, actions and outcomes.

Axes: **T** ticks, **A** agents, **D** discrete heads, **R** real-valued heads.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ns3marl.errors import TraceError
from ns3marl.fidelity.worlds import World
from ns3marl.types import Bool, Float32

NS3, TWIN = "ns3", "fastsim"


@dataclass(frozen=True)
class Episode:
    """The recorded arrays of an episode, see ``Trace``."""

    discrete: NDArray[np.int16]
    continuous: Float32
    active: Bool
    rewards: Float32
    columns: Mapping[str, NDArray[Any]]
    metrics: Mapping[str, float]

    @property
    def outcomes(self) -> NDArray[np.int8]:
        """[T,A] outcomes of what agents began at a tick, see ``ScenarioFidelity.outcomes``."""
        return self.columns["outcomes"]

    @property
    def latency_s(self) -> Float32:
        """[T,A] s from the tick to completion; NaN unless completed."""
        return self.columns["latency_s"]


@dataclass(frozen=True, kw_only=True)
class Trace(Episode):
    """One episode.

    Args:
        backend: ``ns3`` or ``fastsim``.
        scenario: Name of the scenario.
        arguments: Arguments of the scenario, without those that only name files.
        policy: Name of the policy, for display.
        policy_key: Key of the policy: a simple policy's name, or a digest of the checkpoint.
        seed: ns-3's RngSeed of the episode, with which its world was drawn.
        run: RngRun.
        noise_seed: Seed of the policy's random numbers.
        world: The exogenous world.
        discrete: [T,A,D] int16, choices as sent; defaults for inactive agents.
        continuous: [T,A,R] in the heads' units.
        active: [T,A] which agents decided.
        rewards: [T] rewards of the interval after each decision, mean over agents.
        columns: Columns that the scenario records, [T,A] each, see ``ScenarioFidelity.columns``.
        metrics: Metrics of the whole episode, by name; NaN if there was nothing to measure.
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
    world: World
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        ticks, agents = self.active.shape
        arrays: dict[str, tuple[NDArray[Any], Any]] = {
            name: (getattr(self, name), dtype) for name, dtype in ARRAYS.items()
        }
        arrays |= {name: (array, array.dtype) for name, array in self.columns.items()}
        for name, (array, dtype) in arrays.items():
            tail = array.shape[2:] if name in _WITH_HEADS else ()
            shape = (ticks,) if name == "rewards" else (ticks, agents, *tail)
            if array.dtype != np.dtype(dtype) or array.shape != shape:
                raise TraceError(
                    f"trace of {self.policy!r}, run {self.run}: {name} is {array.dtype} {array.shape}, expected {dtype} {shape}"
                )
        if (self.world.agents, self.world.ticks) != (agents, ticks):
            raise TraceError(
                f"trace of {self.policy!r}, run {self.run}: {ticks} ticks of {agents} agents in a world of "
                f"{self.world.ticks} ticks and {self.world.agents} agents"
            )

    @property
    def label(self) -> str:
        """Policy, size, seed and run, for display."""
        return f"{self.policy} {self.world.label} seed {self.seed} run {self.run}"


ARRAYS = {"discrete": "int16", "continuous": "float32", "active": "bool", "rewards": "float32"}
"""Arrays that every trace has, with their types."""
_WITH_HEADS = ("discrete", "continuous")


@dataclass(frozen=True)
class RunBatch:
    """Episodes that one pool can play: the same arguments and seeds, runs without a gap."""

    arguments: tuple[str, ...]
    seed: int
    noise_seed: int
    places: tuple[int, ...]  #: of the traces in the list they come from, in order of their runs
    runs: tuple[int, ...]


def run_batches(traces: Sequence[Trace], longest: int) -> list[RunBatch]:
    """Groups traces for pools, whose episodes have consecutive numbers.

    Args:
        traces: Traces in any order.
        longest: Largest number of episodes in a batch.
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
    """Whether two traces have the same world and policy, on either side."""
    keys = ("scenario", "arguments", "policy_key", "seed", "run", "noise_seed")
    return all(getattr(one, key) == getattr(other, key) for key in keys)
