# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Learning on the environments' device: observations, decisions and rollouts are tensors on one device and stay there.

Per tick nothing is copied to the host; with shifts, the episodes' numbers are, once an episode. An update brings rewards and values there, [T,E] or [T,E,A], for the lambda-return; a checkpoint
brings the rollout.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch
from torch import Tensor, nn

from ns3marl.rl.choices import ChoiceScorer
from ns3marl.rl.counters import Counters
from ns3marl.rl.hybrid import Heads
from ns3marl.rl.on_policy import OnPolicyMemory
from ns3marl.rl.rollout import Cut, Rollout
from ns3marl.rl.seen import GroupSeen, Seen
from ns3marl.rl.sequence import HybridPolicy
from ns3marl.rl.shifts import Shifts
from ns3marl.types import Bool, Float64, GroupArrays, Int64, Spec, Timing


@dataclass(frozen=True, slots=True)
class Shown:
    """Observations of E environments at the same tick, whose episodes end together by truncation."""

    seen: Seen  #: N = E
    rewards: tuple[Tensor, ...]  #: of the interval before, per group [E,A]
    seed: int
    run: Tensor  #: int64 [E], where the rest is
    tick: int
    last: Seen | None = None  #: the last observations of the episodes that have just ended
    metrics: Tensor | None = None  #: of these episodes, float64 [E,M]


class DeviceEnvironments(Protocol):
    """Environments that compute on a device."""

    spec: Spec
    num_envs: int
    device: torch.device
    timing: Timing

    def reset(self) -> Shown:
        """Begins new episodes everywhere."""
        ...

    def step(self, discrete: Tensor, continuous: Tensor) -> Shown:
        """One tick under the joint action of the only group that acts, [E,A,D] and [E,A,R] in physical units."""
        ...

    def state_dict(self) -> dict[str, Any]:
        """The state of the environments, in arrays and plain values."""
        ...

    def load_state_dict(self, state: dict[str, Any]) -> Shown:
        """Continues the episodes of a ``state_dict``."""
        ...


@runtime_checkable
class DeviceLearner(Protocol):
    """A learner that computes on any device."""

    heads: Heads
    actor: nn.Module
    number: int
    memory: OnPolicyMemory

    def to(self, device: torch.device) -> None:
        """Moves all further computation to this device. Its states are the same on every device."""
        ...

    def policy(self, seen: Seen) -> HybridPolicy:
        """The action distribution of its agents, [N,A]."""
        ...

    def update(self, rollout: Rollout, last: Any) -> dict[str, float]:
        """Improves from a full ``DeviceRollout``; ``last`` is the ``Shown`` that followed it."""
        ...


@runtime_checkable
class ShiftingLearner(DeviceLearner, Protocol):
    """A learner that may shift real-valued heads in whole episodes."""

    shifts: Shifts | None  #: None: it does not

    def policy(self, seen: Seen, shift: Tensor | None = None) -> HybridPolicy:
        """See ``DeviceLearner``; with all agents' real-valued heads shifted, [N,1,2R]."""
        ...


class DeviceRollout(Rollout):
    """A rollout of tensors on a device. All environments are filled together.

    Args:
        spec: The scenario's spec.
        group: Number of the learner's own group.
        ticks: T.
        num_envs: E.
        device: Where it is.
    """

    def __init__(self, spec: Spec, group: int, ticks: int, num_envs: int, device: torch.device) -> None:
        self.spec, self.group, self.ticks, self.device = spec, group, ticks, device
        self.lengths = np.zeros(num_envs, np.int64)
        self.acted = None
        self.spent = 0.0
        self.ends: Bool = np.zeros((ticks, num_envs), np.bool_)
        self._episodes = torch.zeros((ticks, num_envs, 2), dtype=torch.int64, device=device)
        self.lasts: dict[int, Seen] = {}  #: by tick: the last observations of episodes that ended after it
        # Arrays as of ``Rollout.state_dict``, which knows their order and types.
        host = Rollout(spec, group, 0, num_envs)
        self._arrays_there = [
            torch.zeros((ticks, *array.shape[1:]), dtype=torch.from_numpy(array).dtype, device=device)
            for array in host.record.arrays
        ]

    def _of_group(self, number: int) -> list[Tensor]:
        return self._arrays_there[7 * number : 7 * number + 7]

    @property
    def _state(self) -> list[Tensor]:
        return self._arrays_there[7 * len(self.spec.groups) : -1]

    @property
    def episodes(self) -> Int64:  # type: ignore[override] # read only, and a copy
        """See ``Rollout``."""
        found: Int64 = self._episodes.cpu().numpy()
        return found

    def fill(self, shown: Shown, discrete: Tensor, raw: Tensor, outcome: Shown) -> None:
        """Appends one tick of all environments.

        Args:
            shown: What was observed.
            discrete: Choices of the own group, [E,A,D].
            raw: Its draws, [E,A,R].
            outcome: What ``step`` returned.

        Raises:
            IndexError: The buffer is full.
        """
        if self.full:
            raise IndexError(f"the rollout holds {self.ticks} ticks already; clear() it first")
        t = self.length
        for g, seen in enumerate(shown.seen.groups):
            observations, present, active, masks, choices, draws, rewards = self._of_group(g)
            observations[t], present[t], active[t] = seen.observations, seen.present, seen.active
            masks[t], rewards[t] = seen.masks, outcome.rewards[g]
            if g == self.group:
                choices[t], draws[t] = discrete, raw
        for block, now in zip(self._state, shown.seen.state, strict=True):
            block[t] = now
        self._episodes[t, :, 0], self._episodes[t, :, 1] = shown.seed, shown.run
        self._arrays_there[-1][t] = 1.0  # ticks
        self.ends[t] = outcome.last is not None
        if outcome.last is not None:
            self.lasts[t] = outcome.last
        self.lengths += 1

    def clear(self) -> None:
        """See ``Rollout.clear``."""
        self.lengths[:] = 0
        self.lasts.clear()
        self.acted = None

    def rewards(self, kind: Any) -> Float64:
        """See ``Rollout.rewards``."""
        return self.on_host(observations=False).rewards(kind)

    def discounts(self, discount: float) -> Float64:
        """See ``Rollout.discounts``; intervals are ticks."""
        return np.full((*self.ends.shape, 1), discount)

    def left(self, last: Any) -> Bool:
        """See ``Rollout.left``."""
        present = self._of_group(self.group)[1]
        after = torch.cat([present[1:], last.seen.groups[self.group].present[None]])
        gone: Bool = (present & ~after).cpu().numpy() & ~self.ends[..., None]
        return gone

    def next_values(self, values: Float64, last: Any, value_of: Any) -> Float64:
        """See ``Rollout.next_values``."""

        def found(seen: Seen) -> Float64:
            array: Float64 = value_of(seen).cpu().numpy()
            return array.astype(np.float64).reshape(values.shape[1:])

        following = np.concatenate([values[1:], found(last.seen)[None]])
        for t, seen in self.lasts.items():
            following[t] = found(seen)
        return following

    def tensors(self) -> tuple[Seen, list[tuple[Tensor, Tensor]]]:
        """See ``Rollout.tensors``."""
        groups = [self._of_group(g) for g in range(len(self.spec.groups))]
        return (
            Seen(tuple(GroupSeen(*arrays[:4]) for arrays in groups), self._state),
            [(arrays[4], arrays[5]) for arrays in groups],
        )

    def on_host(self, *, observations: bool = True) -> Rollout:
        """A rollout with the same content in the host's memory; or with its small arrays only."""
        host = Rollout(self.spec, self.group, self.ticks if observations else 0, len(self.lengths))
        if not observations:
            for g, group in enumerate(host.record.groups):
                arrays = self._of_group(g)
                group.present, group.rewards = arrays[1].cpu().numpy(), arrays[6].cpu().numpy()
            return host
        for kept, array in zip(host.record.arrays, self._arrays_there, strict=True):
            kept[...] = array.cpu().numpy()
        host.ends[...], host.episodes[...] = self.ends, self.episodes
        host.lengths[:] = self.lengths
        for t, seen in self.lasts.items():
            for env in range(len(self.lengths)):
                groups = tuple(
                    GroupArrays(
                        g.observations[env].cpu().numpy(),
                        np.zeros(g.active.shape[1], np.float32),
                        g.present[env].cpu().numpy(),
                        g.active[env].cpu().numpy(),
                        g.masks[env].cpu().numpy(),
                    )
                    for g in seen.groups
                )
                host.truncated.append(
                    Cut(t, env, groups, tuple(block[env].cpu().numpy() for block in seen.state))
                )
        return host

    def state_dict(self) -> dict[str, Any]:
        """See ``Rollout.state_dict``; it is on the host, the same for every device."""
        return self.on_host().state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restores what ``state_dict`` gave, on whatever device. Errors as of ``Rollout.load_state_dict``."""
        host = Rollout(self.spec, self.group, self.ticks, len(self.lengths))
        host.load_state_dict(state)
        for array, kept in zip(self._arrays_there, host.record.arrays, strict=True):
            array.copy_(torch.from_numpy(kept))
        self.ends[...] = host.ends
        self._episodes.copy_(torch.from_numpy(host.episodes))
        self.lengths[:] = host.lengths
        self.lasts = {}
        for t in sorted({cut.tick for cut in host.truncated}):
            host_at_t = [cut for cut in host.truncated if cut.tick == t]
            self.lasts[t] = _moved(_seen(sorted(host_at_t, key=lambda cut: cut.env)), self.device)


def _seen(cuts: Sequence[Cut]) -> Seen:
    def stacked(arrays: Any) -> Tensor:
        return torch.from_numpy(np.stack(list(arrays)))

    return Seen(
        tuple(
            GroupSeen(*(stacked(getattr(row, name) for row in rows) for name in GroupSeen.__slots__))
            for rows in zip(*(cut.groups for cut in cuts), strict=True)
        ),
        [stacked(blocks) for blocks in zip(*(cut.state for cut in cuts), strict=True)],
    )


def _moved(seen: Seen, device: torch.device) -> Seen:
    return Seen(
        tuple(
            GroupSeen(*(getattr(group, name).to(device) for name in GroupSeen.__slots__))
            for group in seen.groups
        ),
        [block.to(device) for block in seen.state],
    )


class OnDevice:
    """Explores and learns with one learner, without a copy to the host within a tick.

    Args:
        spec: The scenario's spec.
        learner: Of the only group that acts. Its rollout is on the device from now on.
        num_envs: E.
        device: Where everything is.
    """

    def __init__(self, spec: Spec, learner: DeviceLearner, num_envs: int, device: torch.device) -> None:
        self.learner = learner
        learner.to(device)
        for module in learner.actor.modules():
            if isinstance(module, ChoiceScorer):
                module.all_choices = True
        group = spec.groups[learner.number]
        self._defaults = (
            torch.tensor(group.default_discrete, device=device).long(),
            torch.tensor(group.default_continuous, device=device),
        )
        memory = learner.memory
        self.rollout = DeviceRollout(spec, learner.number, memory.ticks, num_envs, device)
        if memory.rollout is not None:  # of a checkpoint
            self.rollout.load_state_dict(memory.rollout.state_dict())
            self.rollout.acted = None if memory.acting is None else memory.acting.to(device)
        memory.rollout = self.rollout
        self._pending: tuple[Shown, Tensor, Tensor] | None = None
        self._shift: Tensor | None = None  # of the running episodes

    @torch.no_grad()
    def explore(self, shown: Shown) -> tuple[Tensor, Tensor]:
        """Actions to learn from, [E,A,D] and [E,A,R] in physical units; the spec's defaults for inactive agents."""
        policy = self._policy(shown)
        discrete, raw = policy.sample_counted(Counters(shown.seed, shown.run, shown.tick))
        physical = self.learner.heads.physical(policy.bounded.unit(raw))
        asked = shown.seen.groups[self.learner.number].active[..., None]
        discrete = torch.where(asked, discrete, self._defaults[0])
        self._pending = shown, discrete, raw
        return discrete, torch.where(asked, physical, self._defaults[1])

    def _policy(self, shown: Shown) -> HybridPolicy:
        """The policy under the shifts of the running episodes, which are found once an episode."""
        if not isinstance(self.learner, ShiftingLearner) or self.learner.shifts is None:
            return self.learner.policy(shown.seen)
        if self._shift is None or shown.tick == 0:
            runs = shown.run.cpu().numpy()
            episodes = np.stack([np.full_like(runs, shown.seed), runs], -1)
            self._shift = self.learner.shifts.of(episodes)[:, None].to(shown.run.device)
        return self.learner.policy(shown.seen, self._shift)

    def learn(self, outcome: Shown) -> dict[str, float] | None:
        """Stores the outcome of the joint action; returns the metrics of an update that it completed, otherwise None.

        Raises:
            RuntimeError: There was no decision.
        """
        if self._pending is None:
            raise RuntimeError("learn() without explore(): there is no decision to learn from")
        self.rollout.fill(*self._pending, outcome)
        self._pending = None
        if not self.rollout.full:
            return None
        self.learner.memory.count(self.rollout)
        metrics = self.learner.update(self.rollout, outcome)
        self.rollout.clear()
        return metrics
