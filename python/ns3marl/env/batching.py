# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Rows of single environments, and the batch they make."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ns3marl.types import Batch, Final, GroupArrays, GroupObservation, Observation


@dataclass(slots=True)
class Row:
    """What one environment contributes to a batch."""

    env: int
    observation: Observation
    final: Final | None = None
    ended: Observation | None = None  #: the last observation of the episode before, where one ended

    @property
    def outcome(self) -> Observation:
        """The observation that rewards, metrics and flags are read from."""
        return self.ended or self.observation

    @property
    def simulator_wall_ns(self) -> int:
        """Wall-clock time the simulators spent for this row."""
        before = self.ended.diagnostics.tick_wall_ns if self.ended else 0
        return before + self.observation.diagnostics.tick_wall_ns

    @property
    def answers_action(self) -> bool:
        """Whether this row answers an action; the first of an episode after a reset does not."""
        return self.outcome.tick > 0

    def followed_by(self, first: Observation) -> Row:
        """The row of an ended episode, with the first observation of the next one."""
        return replace(self, observation=first, ended=self.observation)


def assemble(rows: Sequence[Row]) -> Batch:
    """Stacks rows along a leading axis B."""
    seen = [row.observation for row in rows]
    outcomes = [row.outcome for row in rows]
    return Batch(
        env_id=np.array([row.env for row in rows], dtype=np.int64),
        tick=np.array([o.tick for o in seen], dtype=np.int64),
        sim_time_ns=np.array([o.sim_time_ns for o in seen], dtype=np.int64),
        groups=tuple(
            _stack_group([o.groups[g] for o in seen], [o.groups[g] for o in outcomes]) for g in range(len(seen[0].groups))
        ),
        state=tuple(_stack([o.state[b] for o in seen]) for b in range(len(seen[0].state))),
        metrics=_stack([o.metrics for o in outcomes]),
        terminated=np.array([o.terminated for o in outcomes]),
        truncated=np.array([o.truncated for o in outcomes]),
        final=tuple(row.final for row in rows),
        tables=tuple(o.tables for o in outcomes),
    )


def _stack(arrays: Sequence[Any]) -> Any:
    return arrays[0][None] if len(arrays) == 1 else np.stack(arrays)  # one environment: no copy


def _stack_group(seen: Sequence[GroupObservation], outcomes: Sequence[GroupObservation]) -> GroupArrays:
    return GroupArrays(
        _stack([g.observations for g in seen]),
        _stack([g.rewards for g in outcomes]),
        _stack([g.decides for g in seen]),
        _stack([g.masks for g in seen]),
    )
