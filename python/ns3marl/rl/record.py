# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Ticks that learners store: observations, actions and rewards of every group, and durations.

Axes as in ``ns3marl.types``, behind two leading axes, ticks and environments in any order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ns3marl.rl.seen import GroupSeen, Seen
from ns3marl.types import Actions, Batch, Bool, Final, Float32, Float64, Group, Spec


@dataclass(frozen=True, slots=True)
class Decision:
    """A joint action of a learner's agents, together with what the learner stores about it."""

    actions: Actions  #: in physical units, the spec's defaults for inactive agents
    discrete: NDArray[Any]  #: [B,A,D] choices as the learner counts them
    continuous: (
        Float32  #: [B,A,R] real-valued actions as the learner keeps them, such as raw draws (``bounded``)
    )


def on_unit_interval(group: Group, continuous: Float32) -> Float32:
    """Real-valued actions [...,R] in the heads' units, mapped linearly to the unit interval."""
    low, high = (
        np.array([getattr(head, end) for head in group.continuous_heads], np.float32)
        for end in ("low", "high")
    )
    unit: Float32 = ((continuous - low) / (high - low)).clip(0, 1).astype(np.float32)
    return unit


class GroupRecord:
    """Of one group.

    Args:
        group: The agents.
        lead: Lengths of the leading axes.
        discrete: D, choices stored per agent.
        continuous: R, real-valued actions stored per agent.
    """

    def __init__(self, group: Group, lead: tuple[int, int], discrete: int, continuous: int) -> None:
        shape = (*lead, len(group.agents))
        self.observations: Float32 = np.zeros((*shape, len(group.features)), np.float32)
        self.present: Bool = np.zeros(shape, np.bool_)
        self.active: Bool = np.zeros(shape, np.bool_)
        self.masks: Bool = np.zeros((*shape, group.mask_offsets[-1]), np.bool_)
        self.discrete: NDArray[np.int32] = np.zeros((*shape, discrete), np.int32)
        self.continuous: Float32 = np.zeros((*shape, continuous), np.float32)
        self.rewards: Float32 = np.zeros(shape, np.float32)

    @property
    def arrays(self) -> list[NDArray[Any]]:
        """All of them."""
        return [
            self.observations,
            self.present,
            self.active,
            self.masks,
            self.discrete,
            self.continuous,
            self.rewards,
        ]


class Record:
    """Of all groups, with the global state.

    Args:
        spec: The scenario's spec.
        group: Number of the learner's own group.
        lead: Lengths of the two leading axes.
        discrete: D of the own group's choices; None: its discrete heads.
        continuous: R of the own group; None: its real-valued heads.
    """

    def __init__(
        self,
        spec: Spec,
        group: int,
        lead: tuple[int, int],
        *,
        discrete: int | None = None,
        continuous: int | None = None,
    ) -> None:
        self.spec, self.group = spec, group
        self.groups = [
            GroupRecord(
                one,
                lead,
                len(one.discrete_heads) if g != group or discrete is None else discrete,
                len(one.continuous_heads) if g != group or continuous is None else continuous,
            )
            for g, one in enumerate(spec.groups)
        ]
        self.state: tuple[Float32, ...] = tuple(
            np.zeros((*lead, len(block.rows), len(block.features)), np.float32) for block in spec.state
        )
        self.elapsed: Float64 = np.ones(lead, np.float64)  #: from an observation to the next one [ticks]

    @property
    def own(self) -> GroupRecord:
        """Of the learner's own group."""
        return self.groups[self.group]

    def see(self, at: Any, batch: Batch, env: int | None = None) -> None:
        """Writes observations.

        Args:
            at: Index into the leading axes.
            batch: What was observed.
            env: Which row of the batch; None: all of them.
        """
        row = slice(None) if env is None else env
        for kept, seen in zip(self.groups, batch.groups, strict=True):
            kept.observations[at], kept.present[at] = seen.observations[row], seen.present[row]
            kept.active[at], kept.masks[at] = seen.active[row], seen.masks[row]
        for block, now in zip(self.state, batch.state, strict=True):
            block[at] = now[row]

    def see_last(self, at: Any, final: Final) -> None:
        """Writes the last observation of an episode."""
        for kept, seen in zip(self.groups, final.groups, strict=True):
            kept.observations[at], kept.present[at] = seen.observations, seen.present
            kept.active[at], kept.masks[at] = seen.active, seen.masks
        for block, now in zip(self.state, final.state, strict=True):
            block[at] = now

    def act(
        self, at: Any, decision: Decision, joint: Sequence[Actions], outcome: Batch, env: int | None = None
    ) -> None:
        """Writes actions and rewards; arguments as of ``see``.

        Args:
            at: Index into the leading axes.
            decision: The decision of the learner's own group.
            joint: The actions of every group, [B] rows.
            outcome: What ``step`` returned.
            env: Which row of the batches; None: all of them.
        """
        row = slice(None) if env is None else env
        for g, kept in enumerate(self.groups):
            if g == self.group:
                kept.discrete[at], kept.continuous[at] = decision.discrete[row], decision.continuous[row]
            else:
                kept.discrete[at] = joint[g].discrete[row]
                kept.continuous[at] = on_unit_interval(self.spec.groups[g], joint[g].continuous[row])
            kept.rewards[at] = outcome.groups[g].rewards[row]

    def seen(self, at: Any) -> Seen:
        """The observations of some ticks, N of them along one leading axis; tensors share memory where ``at`` is a view."""
        return Seen(
            tuple(
                GroupSeen(*(torch.from_numpy(a[at]) for a in (g.observations, g.present, g.active, g.masks)))
                for g in self.groups
            ),
            [torch.from_numpy(block[at]) for block in self.state],
        )

    @property
    def arrays(self) -> list[NDArray[Any]]:
        """All of them."""
        return [*(array for group in self.groups for array in group.arrays), *self.state, self.elapsed]


def elapsed_ticks(spec: Spec, before: Batch, after: Batch) -> Float64:
    """Time between two observations of all environments, in the spec's ticks, [B].

    It is 1 unless the scenario requests decisions between ticks or skips ticks without active agents, and 1 if a spec has no regular
    tick. If an episode ended, it is the time to its last observation.
    """
    if spec.tick_ns == 0:
        return np.ones(len(before.env_id))
    now = after.sim_time_ns.copy()
    for env, final in enumerate(after.final):
        if final is not None:
            now[env] = final.sim_time_ns
    ticks: Float64 = (now - before.sim_time_ns) / spec.tick_ns
    return ticks
