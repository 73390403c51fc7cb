# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Experience replay (Lin, 1992; Mnih et al., "Human-level control through deep reinforcement learning", Nature 2015).

Each environment has a ring of T rows, one per observation in the order they came; the transition that begins in row t
ends in row t + 1, so that every observation is stored once. An episode's last observation has a row of its own, from which
no transition begins. Axes as in ``ns3marl.types``; **N** sampled transitions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ns3marl.rl.record import Decision, GroupRecord, Record, elapsed_ticks
from ns3marl.rl.rewards import RewardKind, learned_reward
from ns3marl.rl.seen import Seen
from ns3marl.types import Actions, Batch, Bool, Float32, Int64, Spec


@dataclass(frozen=True, slots=True)
class Transitions:
    """The outcomes of N joint actions."""

    before: Seen
    discrete: tuple[Tensor, ...]  #: per group [N,A,D] int64
    unit: tuple[Tensor, ...]  #: per group [N,A,R] real-valued actions on the unit interval
    rewards: tuple[Tensor, ...]  #: per group [N,A]
    elapsed: Tensor  #: [N] how long it took [ticks]
    terminated: Tensor  #: [N] nothing follows; a truncated episode would have gone on
    after: Seen  #: the next observation, of the same episode always

    def reward(self, kind: RewardKind, group: int) -> Tensor:
        """The rewards to maximise, [N,A] or [N,1]; see ``learned_reward``."""
        return learned_reward(kind, self.rewards, [seen.present for seen in self.before.groups], group)


class Replay:
    """Transitions of all groups.

    Args:
        spec: The scenario's spec.
        group: Number of the learner's own group.
        rows: Rows over all environments; the oldest are overwritten.
        num_envs: E.
        discrete: D, choices stored per agent of the own group.
        continuous: R, real-valued actions stored per agent of the own group.

    Raises:
        ValueError: There are fewer than 3 rows per environment.
    """

    def __init__(
        self, spec: Spec, group: int, rows: int, num_envs: int, discrete: int, continuous: int
    ) -> None:
        if rows < 3 * num_envs:
            raise ValueError(
                f"a replay of {rows} rows is too small for {num_envs} environments: 3 each at least"
            )
        lead = (num_envs, rows // num_envs)
        self.spec, self.group = spec, group
        self.record = Record(spec, group, lead, discrete=discrete, continuous=continuous)
        self.terminated: Bool = np.zeros(lead, np.bool_)
        self.begins: Bool = np.zeros(lead, np.bool_)  #: a transition begins here
        self.written: Int64 = np.zeros(num_envs, np.int64)  #: rows ever written, the open one not counted

    def __len__(self) -> int:
        """Number of transitions held."""
        return int(self.begins.sum())

    @property
    def own(self) -> GroupRecord:
        """Of the learner's own group: arrays [E,T,A,...]."""
        return self.record.own

    def add(self, batch: Batch, decision: Decision, joint: Sequence[Actions], outcome: Batch) -> None:
        """Appends one tick of all E environments.

        Args:
            batch: What was observed.
            decision: The decision of the learner's own group, with real-valued actions on the unit interval.
            joint: The actions of every group.
            outcome: What ``step`` returned.

        Raises:
            ValueError: The batch does not hold all environments in order.
        """
        if not np.array_equal(batch.env_id, np.arange(len(self.written))):
            raise ValueError(
                f"expected environments 0 to {len(self.written) - 1} in order, got {batch.env_id}"
            )
        elapsed = elapsed_ticks(self.spec, batch, outcome)
        for env, final in enumerate(outcome.final):
            at = self._open(env, batch)
            self.record.act(at, decision, joint, outcome, env)
            self.record.elapsed[at] = elapsed[env]
            self.terminated[at] = outcome.terminated[env]
            self.begins[at] = True
            self.written[env] += 1
            if final is not None:
                self.record.see_last(self._open(env, batch), final)
                self.written[env] += 1
            self._open(env, outcome)

    def _open(self, env: int, batch: Batch) -> tuple[int, int]:
        """Writes an observation to the next row; whether a transition begins there is not known yet."""
        at = env, int(self.written[env]) % self.begins.shape[1]
        self.begins[at] = False
        self.record.see(at, batch, env)
        return at

    def sample(self, size: int, rng: np.random.Generator) -> Transitions:
        """Draws transitions uniformly, with replacement.

        Args:
            size: N.
            rng: Source of randomness.

        Raises:
            ValueError: There is none yet.
        """
        held = np.flatnonzero(self.begins)
        if len(held) == 0:
            raise ValueError("the replay holds no transition yet")
        env, row = np.divmod(held[rng.integers(len(held), size=size)], self.begins.shape[1])
        groups = self.record.groups
        return Transitions(
            before=self.record.seen((env, row)),
            discrete=tuple(torch.from_numpy(g.discrete[env, row].astype(np.int64)) for g in groups),
            unit=tuple(torch.from_numpy(g.continuous[env, row]) for g in groups),
            rewards=tuple(torch.from_numpy(g.rewards[env, row]) for g in groups),
            elapsed=torch.from_numpy(self.record.elapsed[env, row]),
            terminated=torch.from_numpy(self.terminated[env, row]),
            after=self.record.seen((env, (row + 1) % self.begins.shape[1])),
        )

    def held_rewards(self, kind: RewardKind) -> Float32:
        """Rewards of all transitions held, [n,A] or [n,1]; see ``learned_reward``."""
        groups = self.record.groups
        rewards: Float32 = learned_reward(  # type: ignore[type-var] # of single precision, as they came
            kind,
            [g.rewards[self.begins] for g in groups],
            [g.present[self.begins] for g in groups],
            self.group,
        )
        return rewards

    def keeps_mean(self) -> bool:
        """Whether rewards must keep their mean: a stored transition terminates, or is not one tick long."""
        return bool((self.terminated & self.begins).any()) or bool(
            (self.record.elapsed[self.begins] != 1).any()
        )

    def state_dict(self) -> dict[str, Any]:
        """The filled part: tensors and plain values."""
        filled = self._filled()
        return {
            "arrays": [torch.from_numpy(array[:, :filled].copy()) for array in self._arrays()],
            "written": self.written.tolist(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restores what ``state_dict`` gave.

        Raises:
            KeyError, ValueError: The state is that of another spec, size or number of environments.
        """
        self.begins[:] = False
        for kept, array in zip(self._arrays(), state["arrays"], strict=True):
            kept[:, : array.shape[1]] = array.numpy()
        self.written[:] = state["written"]

    def _filled(self) -> int:
        """Rows that are in use in the fullest ring, the open one included."""
        return min(int(self.written.max()) + 1, self.begins.shape[1]) if self.written.any() else 0

    def _arrays(self) -> list[NDArray[Any]]:
        return [*self.record.arrays, self.terminated, self.begins]


class RewardScale:
    """Rewards minus their mean, divided by their standard deviation; both are measured once and then fixed.

    If all rewards are equal, they are scaled by their magnitude instead, or left unchanged if it is 0.

    Subtracting a constant from every reward shifts the value of an episode that never ends by the same amount everywhere. After a
    termination, ``end_value`` makes up for the missing rewards, so the optimal policy stays the same. But this value is far from the
    outputs of a new network, so the mean is not subtracted if episodes are known to terminate, or if transitions are longer or shorter
    than a tick.

    Args:
        discount: gamma; with 1 the mean is not subtracted.
    """

    def __init__(self, discount: float) -> None:
        self.discount = discount
        self.mean, self.std = 0.0, 0.0  #: deviation 0: not measured yet

    @property
    def measured(self) -> bool:
        """Whether ``measure`` was called."""
        return self.std > 0

    def measure(self, rewards: NDArray[Any], *, keep_mean: bool = False) -> None:
        """Fixes mean and standard deviation from rewards of any shape; the mean is 0 if rewards keep it (``Replay.keeps_mean``)."""
        mean, std = float(rewards.mean(dtype=np.float64)), float(rewards.std(dtype=np.float64))
        self.mean = mean if self.discount < 1 and not keep_mean else 0.0
        self.std = std if std > 1e-6 * abs(mean) else abs(mean) or 1.0

    @property
    def end_value(self) -> float:
        """Value after a termination: that of rewards of 0 for ever, in scaled units."""
        return -self.mean / self.std / (1 - self.discount) if self.discount < 1 else 0.0

    def target(self, rewards: Tensor, terminated: Tensor, following: Tensor, elapsed: Tensor) -> Tensor:
        """R + gamma^elapsed V(s'), scaled; all arguments of one shape, ``following`` in scaled units, ``elapsed`` in ticks."""
        rewards, terminated, following = (x[..., None] for x in (rewards, terminated, following))
        return scaled_targets([self], rewards, terminated, following, elapsed).squeeze(-1)

    def state_dict(self) -> dict[str, float]:
        """Plain values."""
        return {"mean": self.mean, "std": self.std}

    def load_state_dict(self, state: dict[str, float]) -> None:
        """Restores what ``state_dict`` gave."""
        self.mean, self.std = state["mean"], state["std"]


def scaled_targets(
    scales: Sequence[RewardScale], rewards: Tensor, ended: Tensor, following: Tensor, elapsed: Tensor
) -> Tensor:
    """R + gamma^elapsed V(s') of A agents, each in the units of its own scale, [N,A].

    Args:
        scales: Per agent, with one discount for all.
        rewards: [N,A] unscaled.
        ended: [N,A] whether the episode terminated: ``RewardScale.end_value`` then replaces V(s').
        following: V(s') in scaled units, [N,A].
        elapsed: [N] how long the transition took [ticks].
    """
    means, deviations, end_values = (
        rewards.new_tensor([getattr(scale, name) for scale in scales])
        for name in ("mean", "std", "end_value")
    )
    ahead = torch.where(ended, end_values, following)
    discounts = (scales[0].discount ** elapsed.double()).to(following.dtype)
    return (rewards - means) / deviations + discounts[..., None] * ahead
