# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The rollout buffer of an on-policy learner: T ticks in E environments.

Row t holds the observation of a tick, the joint action that answered it, and the rewards of the interval that followed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import astuple, dataclass
from operator import attrgetter
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ns3marl.rl.record import Decision, GroupRecord, Record, elapsed_ticks
from ns3marl.rl.rewards import RewardKind, learned_reward
from ns3marl.rl.seen import GroupSeen, Seen, seen_in
from ns3marl.types import Actions, Batch, Bool, Float32, Float64, GroupArrays, Int64, Spec


@dataclass(frozen=True, slots=True)
class Cut:
    """The last observation of a truncated episode: its value replaces the ticks that were not played."""

    tick: int  #: row in the rollout
    env: int
    groups: tuple[GroupArrays, ...]  #: without axis B
    state: tuple[Float32, ...]  #: per block [S,F]


def episodes_of(batch: Batch) -> Int64:
    """Seed and run of the episode that each row of a batch shows, [B,2]."""
    found: Int64 = np.stack([batch.seed, batch.run], -1)
    return found


class Rollout:
    """Buffer of T ticks of each environment. Environments may be filled one after the other, some further than others.

    Args:
        spec: The scenario's spec.
        group: Number of the learner's own group.
        ticks: T.
        num_envs: E.
    """

    def __init__(self, spec: Spec, group: int, ticks: int, num_envs: int) -> None:
        self.spec, self.group, self.ticks = spec, group, ticks
        self.lengths: Int64 = np.zeros(num_envs, np.int64)  #: ticks filled, [E]
        self.acted: nn.Module | None = (
            None  #: an older copy of the actor, which took the decisions; None: the present one
        )
        self.spent = 0.0  #: fraction of the training's budget that was spent when it was begun
        self.record = Record(spec, group, (ticks, num_envs))
        self.ends: Bool = np.zeros((ticks, num_envs), np.bool_)
        self.episodes: Int64 = np.zeros((ticks, num_envs, 2), np.int64)  #: seed and run of each tick's
        self.truncated: list[Cut] = []

    @property
    def own(self) -> GroupRecord:
        """Of the learner's own group: arrays [T,E,A,...]."""
        return self.record.own

    @property
    def length(self) -> int:
        """Ticks filled in every environment."""
        return int(self.lengths.min())

    @property
    def full(self) -> bool:
        """Whether all T ticks are filled."""
        return self.length == self.ticks

    def clear(self) -> None:
        """Empties the buffer."""
        self.lengths[:] = 0
        self.truncated.clear()
        self.acted = None

    def add(self, batch: Batch, decision: Decision, joint: Sequence[Actions], outcome: Batch) -> None:
        """Appends one tick of environments that are at the same tick.

        Args:
            batch: What was observed, of all E environments or of some.
            decision: The decision of the learner's own group.
            joint: The actions of every group.
            outcome: What ``step`` returned: the rewards of the interval, and whether the episode ended in it.

        Raises:
            IndexError: The buffer is full.
            ValueError: The batch does not hold environments in order, or some have more ticks than others.
        """
        envs = batch.env_id
        if len(envs) > len(self.lengths) or (envs[1:] <= envs[:-1]).any() or envs[-1] >= len(self.lengths):
            raise ValueError(
                f"expected some of environments 0 to {len(self.lengths) - 1} in order, got {envs}"
            )
        t = int(self.lengths[envs[0]])
        if (self.lengths[envs] != t).any():
            raise ValueError(
                f"expected environments with the same number of ticks, got {envs} with {self.lengths[envs]}"
            )
        if t == self.ticks:
            raise IndexError(f"the rollout holds {self.ticks} ticks already; clear() it first")
        at = t if len(envs) == len(self.lengths) else (t, envs)
        self.record.see(at, batch)
        self.record.act(at, decision, joint, outcome)
        self.record.elapsed[at] = elapsed_ticks(self.spec, batch, outcome)
        self.episodes[at] = episodes_of(batch)
        self.ends[at] = outcome.terminated | outcome.truncated
        for row, final in enumerate(outcome.final):
            if final is not None and outcome.truncated[row] and not outcome.terminated[row]:
                self.truncated.append(Cut(t, int(envs[row]), final.groups, final.state))
        self.lengths[envs] += 1

    def rewards(self, kind: RewardKind) -> Float64:
        """The rewards to maximise, [T,E,A] or [T,E,1]; see ``learned_reward``."""
        groups = self.record.groups
        return learned_reward(
            kind,
            [group.rewards.astype(np.float64) for group in groups],
            [group.present for group in groups],
            self.group,
        )

    def discounts(self, discount: float) -> Float64:
        """The discount over each interval, [T,E,1]: the discount per tick to the power of its length.

        Intervals of one tick are discounted by exactly ``discount``. Others turn the game into a semi-Markov decision process
        (Sutton, Precup, Singh, "Between MDPs and semi-MDPs", Artificial Intelligence 112, 1999); rewards within an interval are not
        discounted against each other.
        """
        factors: Float64 = discount ** self.record.elapsed[..., None]
        return factors

    def left(self, last: Batch) -> Bool:
        """Which agents of the own group left the running episode in the interval, [T,E,A]: their own return ends there.

        Args:
            last: The batch that followed the last row, [E].
        """
        present = self.own.present
        after = np.concatenate([present[1:], last.groups[self.group].present[None]])
        gone: Bool = present & ~after & ~self.ends[..., None]
        return gone

    def next_values(
        self, values: Float64, last: Batch, value_of: Callable[[Seen], Float64 | Tensor]
    ) -> Float64:
        """V of what followed each row: 0 after a termination, the value of the last observation after a truncation.

        Args:
            values: V of each row, [T,E,...].
            last: The batch that followed the last row, [E].
            value_of: V of n joint observations, [n,...] in the unit of ``values``.
        """

        def found(seen: Seen) -> Float64:
            value = value_of(seen)
            array = value.cpu().numpy() if isinstance(value, Tensor) else value
            return array.astype(np.float64).reshape(-1, *values.shape[2:])

        following = np.concatenate([values[1:], found(seen_in(last))[None]])
        following[self.ends] = 0.0
        if self.truncated:
            self.truncated.sort(key=attrgetter("tick", "env"))  # whichever environment was filled first
            ticks, envs = [cut.tick for cut in self.truncated], [cut.env for cut in self.truncated]
            following[ticks, envs] = found(self._cuts())
        return following

    def tensors(self) -> tuple[Seen, list[tuple[Tensor, Tensor]]]:
        """Observations [T,E,...], and per group the choices and real-valued actions taken [T,E,A,...]; they share the buffer's memory."""
        taken = [
            (torch.from_numpy(group.discrete), torch.from_numpy(group.continuous))
            for group in self.record.groups
        ]
        return self.record.seen(slice(None)), taken

    def _cuts(self) -> Seen:
        """The last observations of truncated episodes."""

        def joined(rows: Iterable[np.ndarray[Any, Any]]) -> Tensor:
            return torch.from_numpy(np.stack(list(rows)))

        groups = tuple(
            GroupSeen(*(joined(getattr(row, name) for row in rows) for name in GroupSeen.__slots__))
            for rows in zip(*(cut.groups for cut in self.truncated), strict=True)
        )
        blocks = zip(*(cut.state for cut in self.truncated), strict=True)
        return Seen(groups, [joined(block) for block in blocks])

    def state_dict(self) -> dict[str, Any]:
        """The ticks filled in every environment, the same number in each: tensors and plain values."""
        return {
            "arrays": [torch.from_numpy(array[: self.length].copy()) for array in self._arrays()],
            "truncated": [
                {
                    "tick": cut.tick,
                    "env": cut.env,
                    "groups": [[torch.from_numpy(array) for array in astuple(group)] for group in cut.groups],
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
            self.lengths[:] = len(array)
            kept[: len(array)] = array.numpy()
        self.truncated = [
            Cut(
                cut["tick"],
                cut["env"],
                tuple(GroupArrays(*(array.numpy() for array in group)) for group in cut["groups"]),
                tuple(block.numpy() for block in cut["state"]),
            )
            for cut in state["truncated"]
        ]

    def _arrays(self) -> list[np.ndarray[Any, Any]]:
        return [*self.record.arrays, self.ends, self.episodes]


class Samples:
    """A rollout with ticks and environments on one axis of N = T E samples; tensors share its memory."""

    def __init__(self, rollout: Rollout) -> None:
        seen, taken = rollout.tensors()
        self.seen = Seen(
            tuple(
                GroupSeen(*(getattr(group, name).flatten(0, 1) for name in GroupSeen.__slots__))
                for group in seen.groups
            ),
            [block.flatten(0, 1) for block in seen.state],
        )
        mine = self.seen.groups[rollout.group]
        self.observations, self.masks = mine.observations, mine.masks
        self.active, self.present = mine.active, mine.present
        self.taken = [(discrete.flatten(0, 1), raw.flatten(0, 1)) for discrete, raw in taken]  #: per group
        self.discrete, self.raw = self.taken[rollout.group]
        self.device = self.observations.device
        self.everyone = bool(self.present.all())  #: whether nobody of the own group was ever absent
        self.size = len(self.active)
        self.spent = rollout.spent
        self.shift: Tensor | None = None  #: under which they were taken, [N,A,2R]; see ``shifts``
        self.outdated = (
            rollout.acted is not None
        )  #: whether the policy has changed since it took these decisions

    def tensor(self, array: np.ndarray[Any, Any]) -> Tensor:
        """An array where the samples are."""
        return torch.from_numpy(array).to(self.device)

    def acting(self, rows: Tensor, group: int | None = None) -> tuple[Tensor, Tensor]:
        """The n active agents of some samples, by number [r]: their numbers among these r x A, and among all N x A.

        Args:
            rows: The samples.
            group: Number of the group; None: the learner's own.
        """
        active = self.active if group is None else self.seen.groups[group].active
        agents = active.shape[1]
        local = active[rows].flatten().nonzero().squeeze(-1)
        return local, rows[local // agents] * agents + local % agents
