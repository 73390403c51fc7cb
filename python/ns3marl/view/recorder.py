# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Records an episode as frames (``ns3marl.view.frames``): one that describes it, then some boundaries each, then one that ends it.

Observations, state blocks and real-valued actions are kept with 16 bits between the least and the greatest value of a feature in its
frame; a feature that does not change costs nothing. Rewards, metrics and choices are exact.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ns3marl.network_map import NetworkMap
from ns3marl.types import Actions, Batch, Column, GroupArrays, Spec
from ns3marl.view.frames import pack

Array = NDArray[Any]
_STEPS = 65535
_FLOAT_BOUND = 2**31


def description(
    spec: Spec, network_map: NetworkMap | None, *, policy: str, seed: int, run: int, **more: str
) -> bytes:
    """The first frame.

    Args:
        spec: Of the environment, with the tables that it sends.
        network_map: Of the scenario.
        policy: Name of the policy that plays.
        seed: ns-3 RngSeed of the episode.
        run: ns-3 RngRun of the episode.
        more: Other texts that the page shows, by title.
    """
    head = {
        "kind": "episode",
        "policy": policy,
        "seed": seed,
        "run": run,
        "more": more,
        "spec": _finite(asdict(spec)),
        "map": None if network_map is None else network_map.plain(),
    }
    return pack(head, {})


def end(reason: str = "") -> bytes:
    """The last frame; ``reason`` says why an episode ended before its time."""
    return pack({"kind": "end", "reason": reason}, {})


class Recorder:
    """Gathers the boundaries of one environment.

    Args:
        spec: Of the environment.
    """

    def __init__(self, spec: Spec) -> None:
        self._spec = spec
        self._clear()

    def __len__(self) -> int:
        return len(self._tick)

    def add(self, seen: Batch, row: int, actions: Sequence[Actions] | None) -> None:
        """Takes a boundary: what was observed and what the policy answered.

        Args:
            seen: The batch.
            row: Which row of it.
            actions: One ``Actions`` for each group; None for the last boundary of an episode, which is taken from ``seen.final``.
        """
        final = seen.final[row] if actions is None else None
        self._tick.append(int(seen.tick[row]) if final is None else final.tick)
        self._time_s.append(1e-9 * (int(seen.sim_time_ns[row]) if final is None else final.sim_time_ns))
        groups = [of[row] for of in seen.groups] if final is None else final.groups
        self._groups.append(tuple(_copied(of) for of in groups))
        state = [block[row] for block in seen.state] if final is None else final.state
        self._state.append(tuple(block.copy() for block in state))
        self._metrics.append(seen.metrics[row].copy())
        self._rewards.append([of.rewards[row].copy() for of in seen.groups])
        self._actions.append(None if actions is None else [_row(of, row) for of in actions])
        self._tables.append(seen.tables[row] if seen.tables else {})

    def frame(self) -> bytes:
        """The boundaries since the last call as a frame."""
        arrays: dict[str, Array] = {
            "tick": np.array(self._tick, np.int32),
            "time_s": np.array(self._time_s),
            "acted": np.array([of is not None for of in self._actions], np.uint8),
            "metrics": np.array(self._metrics),
        }
        for g, group in enumerate(self._spec.groups):
            of = [groups[g] for groups in self._groups]
            arrays |= _columns(f"observations_{g}", np.stack([part.observations for part in of]))
            arrays[f"rewards_{g}"] = np.stack([rewards[g] for rewards in self._rewards]).astype(np.float32)
            for name in ("present", "active", "masks"):
                arrays[f"{name}_{g}"] = _bits(of, name)
            shape = (len(group.agents), len(group.discrete_heads))
            choices = [np.zeros(shape) if a is None else a[g].discrete for a in self._actions]
            arrays[f"choices_{g}"] = np.stack(choices).transpose(2, 0, 1).astype(np.uint16)
            shape = (len(group.agents), len(group.continuous_heads))
            levels = [np.zeros(shape, np.float32) if a is None else a[g].continuous for a in self._actions]
            arrays |= _columns(f"levels_{g}", np.stack(levels))
        for b in range(len(self._spec.state)):
            arrays |= _columns(f"state_{b}", np.stack([state[b] for state in self._state]))
        for t, table in enumerate(self._spec.tables):
            arrays |= self._table(f"table_{t}", table.name, table.columns)
        packed = pack({"kind": "boundaries", "count": len(self)}, arrays)
        self._clear()
        return packed

    def _table(self, prefix: str, name: str, columns: Sequence[Column]) -> dict[str, Array]:
        parts = [(i, tables[name]) for i, tables in enumerate(self._tables) if name in tables]
        counts = [len(part[columns[0].name]) for _, part in parts]
        arrays = {f"{prefix}_boundary": np.repeat([i for i, _ in parts], counts).astype(np.int32)}
        for c, column in enumerate(columns):
            whole = np.concatenate([np.zeros(0), *(part[column.name] for _, part in parts)])
            exact = column.type == "int64" and (not whole.size or np.abs(whole).max() < _FLOAT_BOUND)
            kind = np.int32 if exact else np.float64 if column.type == "int64" else np.float32
            arrays[f"{prefix}_{c}"] = whole.astype(kind)
        return arrays

    def _clear(self) -> None:
        self._tick: list[int] = []
        self._time_s: list[float] = []
        self._groups: list[tuple[GroupArrays, ...]] = []
        self._state: list[tuple[Array, ...]] = []
        self._metrics: list[Array] = []
        self._rewards: list[list[Array]] = []
        self._actions: list[list[Actions] | None] = []
        self._tables: list[dict[str, dict[str, Any]]] = []


def _row(actions: Actions, row: int) -> Actions:
    return Actions(actions.discrete[row].copy(), actions.continuous[row].copy())


def _copied(of: GroupArrays) -> GroupArrays:
    return GroupArrays(
        of.observations.copy(), of.rewards.copy(), of.present.copy(), of.active.copy(), of.masks.copy()
    )


def _bits(groups: Sequence[GroupArrays], name: str) -> Array:
    return np.packbits(np.stack([getattr(of, name) for of in groups]), bitorder="little")


def _columns(name: str, values: Array) -> dict[str, Array]:
    """Values [K,A,F] feature by feature: the least and the greatest of each, and 16 bits for those that change, [V,K,A]."""
    by_feature = values.transpose(2, 0, 1).astype(np.float64)
    flat = by_feature.reshape(len(by_feature), -1)
    low, high = flat.min(axis=1, initial=math.inf), flat.max(axis=1, initial=-math.inf)
    changes = high > low
    low, high = (np.where(np.isfinite(bound), bound, 0.0).astype(np.float32) for bound in (low, high))
    span = (high.astype(np.float64) - low)[changes, None, None]
    span[span == 0] = 1.0  # float32 has merged the two
    steps = np.rint((by_feature[changes] - low[changes, None, None]) / span * _STEPS)
    return {
        f"{name}_low": low,
        f"{name}_high": high,
        f"{name}_values": steps.clip(0, _STEPS).astype(np.uint16),
    }


def _finite(value: Any) -> Any:
    """Plain values without infinities and NaN, which JSON lacks."""
    if isinstance(value, dict):
        return {key: _finite(of) for key, of in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(of) for of in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
