# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""What a learner keeps of T ticks in E environments.

Row t holds the observation of a tick, the action that answered it, and the reward of the interval that followed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ns3marl.types import Actions, Batch, Bool, Float32, Float64, Int32, Spec


@dataclass(frozen=True, slots=True)
class Decision:
    """A joint action together with what the learner must remember of it."""

    actions: Actions  #: in physical units, the spec's defaults for agents that were not asked to act
    raw: Float32  #: [B,A,R] real-valued actions as drawn, see ``bounded``


@dataclass(frozen=True, slots=True)
class Cut:
    """The last observation of a truncated episode: its value stands for the ticks that were not played."""

    tick: int  #: row in the rollout
    env: int
    observations: Float32  #: [A,F]
    state: tuple[Float32, ...]  #: per block [S,F]


class Rollout:
    """Buffer of T ticks for a spec with one group of agents.

    Args:
        spec: The scenario's spec.
        ticks: T.
        num_envs: E.
    """

    def __init__(self, spec: Spec, ticks: int, num_envs: int) -> None:
        group = spec.groups[0]
        agents, discrete = len(group.agents), len(group.discrete_heads)
        lead = (ticks, num_envs, agents)
        self.ticks = ticks
        self.length = 0  #: ticks filled
        self.observations: Float32 = np.zeros((*lead, len(group.features)), np.float32)
        self.state: tuple[Float32, ...] = tuple(
            np.zeros((ticks, num_envs, len(block.rows), len(block.features)), np.float32)
            for block in spec.state
        )
        self.active: Bool = np.zeros(lead, np.bool_)
        self.masks: Bool = np.zeros((*lead, group.mask_offsets[-1]), np.bool_)
        self.discrete: Int32 = np.zeros((*lead, discrete), np.int32)
        self.raw: Float32 = np.zeros((*lead, len(group.continuous_heads)), np.float32)
        self.rewards: Float32 = np.zeros(lead, np.float32)
        self.ends: Bool = np.zeros((ticks, num_envs), np.bool_)
        self.truncated: list[Cut] = []

    @property
    def full(self) -> bool:
        """Whether all T ticks are filled."""
        return self.length == self.ticks

    def clear(self) -> None:
        """Forgets everything, to be filled again."""
        self.length = 0
        self.truncated.clear()

    def add(self, batch: Batch, decision: Decision, outcome: Batch) -> None:
        """Appends one tick of all E environments.

        Args:
            batch: What was observed.
            decision: What was done.
            outcome: What ``step`` returned: the rewards of the interval, and whether the episode ended in it.

        Raises:
            IndexError: The buffer is full.
            ValueError: The batch does not hold all environments in order.
        """
        if self.full:
            raise IndexError(f"the rollout holds {self.ticks} ticks already; clear() it first")
        if not np.array_equal(batch.env_id, np.arange(self.ends.shape[1])):
            raise ValueError(
                f"expected environments 0 to {self.ends.shape[1] - 1} in order, got {batch.env_id}"
            )
        t, seen = self.length, batch.groups[0]
        self.observations[t] = seen.observations
        for kept, block in zip(self.state, batch.state, strict=True):
            kept[t] = block
        self.active[t] = seen.active
        self.masks[t] = seen.masks
        self.discrete[t] = decision.actions.discrete
        self.raw[t] = decision.raw
        self.rewards[t] = outcome.groups[0].rewards
        self.ends[t] = outcome.terminated | outcome.truncated
        for e, final in enumerate(outcome.final):
            if final is not None and outcome.truncated[e] and not outcome.terminated[e]:
                self.truncated.append(Cut(t, e, final.observations[0], final.state))
        self.length += 1

    def next_values(
        self, values: Float64, last: Batch, value_of: Callable[[Tensor, Sequence[Tensor]], Float64]
    ) -> Float64:
        """V of what followed each row: 0 after a termination, that of the last observation after a truncation.

        Args:
            values: V of each row, [T,E,...].
            last: The batch that followed the last row, [E].
            value_of: V of n observations [n,A,F] and state blocks [n,S,F], [n,...] in the unit of ``values``.
        """

        def seen(observations: Float32, state: Sequence[Float32]) -> Float64:
            found = value_of(torch.tensor(observations), [torch.tensor(block) for block in state])
            return found.reshape(-1, *values.shape[2:])

        following = np.concatenate([values[1:], seen(last.groups[0].observations, last.state)[None]])
        following[self.ends] = 0.0
        if cuts := self.truncated:
            blocks = [np.stack(block) for block in zip(*(cut.state for cut in cuts), strict=True)]
            there = seen(np.stack([cut.observations for cut in cuts]), blocks)
            following[[cut.tick for cut in cuts], [cut.env for cut in cuts]] = there
        return following

    def state_dict(self) -> dict[str, Any]:
        """What is filled so far: tensors and plain values."""
        return {
            "arrays": [torch.from_numpy(array[: self.length].copy()) for array in self._arrays()],
            "truncated": [
                {
                    "tick": cut.tick,
                    "env": cut.env,
                    "observations": torch.from_numpy(cut.observations.copy()),
                    "state": [torch.from_numpy(block.copy()) for block in cut.state],
                }
                for cut in self.truncated
            ],
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restores what ``state_dict`` gave.

        Raises:
            KeyError, ValueError: The state is that of another version, spec, length or number of environments.
        """
        arrays = self._arrays()
        if len(state["arrays"]) != len(arrays):
            raise ValueError(
                f"a rollout of {len(state['arrays'])} arrays instead of {len(arrays)}, of another version"
            )
        for kept, array in zip(arrays, state["arrays"], strict=True):
            self.length = len(array)
            kept[: self.length] = array.numpy()
        self.truncated = [
            Cut(cut["tick"], cut["env"], cut["observations"].numpy(), tuple(b.numpy() for b in cut["state"]))
            for cut in state["truncated"]
        ]

    def _arrays(self) -> list[np.ndarray[Any, Any]]:
        return [
            self.observations,
            *self.state,
            self.active,
            self.masks,
            self.discrete,
            self.raw,
            self.rewards,
            self.ends,
        ]


class Samples:
    """A rollout with ticks and environments on one axis of N = T E samples; tensors share its memory."""

    def __init__(self, rollout: Rollout) -> None:
        def flat(array: np.ndarray[Any, Any]) -> Tensor:
            return torch.from_numpy(array).flatten(0, 1)

        self.observations, self.masks = flat(rollout.observations), flat(rollout.masks)
        self.state = [flat(block) for block in rollout.state]
        self.active = flat(rollout.active)
        self.discrete, self.raw = flat(rollout.discrete), flat(rollout.raw)
        self.size = len(self.active)

    def asked(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """The n agents of some samples, by number [r], that were asked to act: their numbers among these r x A, and among all N x A."""
        agents = self.active.shape[1]
        local = self.active[rows].flatten().nonzero().squeeze(-1)
        return local, rows[local // agents] * agents + local % agents
