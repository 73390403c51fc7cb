# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Experience replay (Lin, 1992; Mnih et al., "Human-level control through deep reinforcement learning", Nature 2015).

Each environment has a ring of T rows, one per observation in the order they came; the transition that begins in row t
ends in row t + 1, so that every observation is stored once. An episode's last observation has a row of its own, from which
no transition begins. Axes as in ``ns3marl.types``; **N** sampled transitions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ns3marl.types import Batch, Bool, Float32, Int64, Spec


@dataclass(frozen=True, slots=True)
class Seen:
    """Observations of N ticks."""

    observations: Tensor  #: [N,A,F]
    state: list[Tensor]  #: per state block [N,S,F]
    active: Tensor  #: [N,A] who is asked to act
    masks: Tensor  #: [N,A,sum n] allowed choices


@dataclass(frozen=True, slots=True)
class Transitions:
    """What N joint actions led to."""

    before: Seen
    discrete: Tensor  #: [N,A,D] int64
    unit: Tensor  #: [N,A,R] real-valued actions on the unit interval
    rewards: Tensor  #: [N,A]
    terminated: Tensor  #: [N] nothing follows; a truncated episode would have gone on
    after: Seen  #: the next observation, of the same episode always


class Replay:
    """Transitions of a spec with one group of agents.

    An episode's last observation comes without masks and without word of who would be asked to act; those of the tick
    before stand for them.

    Args:
        spec: The scenario's spec.
        rows: Rows over all environments; the oldest are overwritten.
        num_envs: E.
        discrete: D, discrete actions stored per agent.
        continuous: R, real-valued actions stored per agent.

    Raises:
        ValueError: There are fewer than 3 rows per environment.
    """

    def __init__(self, spec: Spec, rows: int, num_envs: int, discrete: int, continuous: int) -> None:
        if rows < 3 * num_envs:
            raise ValueError(
                f"a replay of {rows} rows is too small for {num_envs} environments: 3 each at least"
            )
        group = spec.groups[0]
        agents = len(group.agents)
        lead = (num_envs, rows // num_envs)
        self.observations: Float32 = np.zeros((*lead, agents, len(group.features)), np.float32)
        self.state: list[Float32] = [
            np.zeros((*lead, len(block.rows), len(block.features)), np.float32) for block in spec.state
        ]
        self.active: Bool = np.zeros((*lead, agents), np.bool_)
        self.masks: Bool = np.zeros((*lead, agents, group.mask_offsets[-1]), np.bool_)
        self.discrete: NDArray[np.int16] = np.zeros((*lead, agents, discrete), np.int16)
        self.unit: Float32 = np.zeros((*lead, agents, continuous), np.float32)
        self.rewards: Float32 = np.zeros((*lead, agents), np.float32)
        self.terminated: Bool = np.zeros(lead, np.bool_)
        self.begins: Bool = np.zeros(lead, np.bool_)  #: a transition begins here
        self.written: Int64 = np.zeros(num_envs, np.int64)  #: rows ever written, the open one not counted

    def __len__(self) -> int:
        """Number of transitions held."""
        return int(self.begins.sum())

    def add(self, batch: Batch, discrete: NDArray[Any], unit: NDArray[Any], outcome: Batch) -> None:
        """Appends one tick of all E environments.

        Args:
            batch: What was observed.
            discrete: What was done, [E,A,D].
            unit: What was done on the unit interval, [E,A,R].
            outcome: What ``step`` returned.

        Raises:
            ValueError: The batch does not hold all environments in order.
        """
        if not np.array_equal(batch.env_id, np.arange(len(self.written))):
            raise ValueError(
                f"expected environments 0 to {len(self.written) - 1} in order, got {batch.env_id}"
            )
        rewards = outcome.groups[0].rewards
        for env, final in enumerate(outcome.final):
            row = self._open(env, batch, env)
            self.discrete[env, row], self.unit[env, row] = discrete[env], unit[env]
            self.rewards[env, row] = rewards[env]
            self.terminated[env, row] = outcome.terminated[env]
            self.begins[env, row] = True
            self.written[env] += 1
            if final is not None:
                last = self._open(env, batch, env)
                self.observations[env, last] = final.observations[0]
                for kept, block in zip(self.state, final.state, strict=True):
                    kept[env, last] = block
                self.written[env] += 1
            self._open(env, outcome, env)

    def _open(self, env: int, batch: Batch, index: int) -> int:
        """Writes an observation to the next row; whether a transition begins there is not known yet."""
        row: int = int(self.written[env]) % self.begins.shape[1]
        seen = batch.groups[0]
        self.begins[env, row] = False
        self.observations[env, row] = seen.observations[index]
        for kept, block in zip(self.state, batch.state, strict=True):
            kept[env, row] = block[index]
        self.active[env, row], self.masks[env, row] = seen.active[index], seen.masks[index]
        return row

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
        return Transitions(
            before=self._seen(env, row),
            discrete=torch.from_numpy(self.discrete[env, row].astype(np.int64)),
            unit=torch.from_numpy(self.unit[env, row]),
            rewards=torch.from_numpy(self.rewards[env, row]),
            terminated=torch.from_numpy(self.terminated[env, row]),
            after=self._seen(env, (row + 1) % self.begins.shape[1]),
        )

    def _seen(self, env: Int64, row: Int64) -> Seen:
        return Seen(
            torch.from_numpy(self.observations[env, row]),
            [torch.from_numpy(block[env, row]) for block in self.state],
            torch.from_numpy(self.active[env, row]),
            torch.from_numpy(self.masks[env, row]),
        )

    def held_rewards(self) -> Float32:
        """Rewards of all transitions held, [n,A]."""
        return self.rewards[self.begins]

    def terminates(self) -> bool:
        """Whether a termination is among the transitions held."""
        return bool((self.terminated & self.begins).any())

    def state_dict(self) -> dict[str, Any]:
        """What is filled so far: tensors and plain values."""
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
        return [
            self.observations,
            *self.state,
            self.active,
            self.masks,
            self.discrete,
            self.unit,
            self.rewards,
            self.terminated,
            self.begins,
        ]


class RewardScale:
    """Rewards in units of their deviation around their mean, both measured once and then fixed.

    Rewards that are all alike are scaled by their size instead, and left as they are if that is 0.

    A constant taken off every reward moves the value of an episode that never ends by the same amount everywhere. After
    a termination the missing rewards are made up for by ``end_value``, so that the optimal policy is the same; but that is far
    from what a new network says, so where episodes are known to terminate the mean is left where it is.

    Args:
        discount: gamma; 1 leaves the mean where it is.
    """

    def __init__(self, discount: float) -> None:
        self.discount = discount
        self.mean, self.std = 0.0, 0.0  #: deviation 0: not measured yet

    @property
    def measured(self) -> bool:
        """Whether ``measure`` was called."""
        return self.std > 0

    def measure(self, rewards: NDArray[Any], *, terminates: bool = False) -> None:
        """Fixes mean and deviation to those of these rewards, any shape; the mean to 0 if episodes terminate."""
        mean, std = float(rewards.mean(dtype=np.float64)), float(rewards.std(dtype=np.float64))
        self.mean = mean if self.discount < 1 and not terminates else 0.0
        self.std = std if std > 1e-6 * abs(mean) else abs(mean) or 1.0

    def scaled(self, rewards: Tensor) -> Tensor:
        """(r - mean) / deviation, same shape."""
        return (rewards - self.mean) / self.std

    @property
    def end_value(self) -> float:
        """Value after a termination: that of rewards of 0 for ever, in scaled units."""
        return -self.mean / self.std / (1 - self.discount) if self.discount < 1 else 0.0

    def target(self, rewards: Tensor, terminated: Tensor, following: Tensor) -> Tensor:
        """R + gamma V(s'), scaled; all arguments of one shape, ``following`` in scaled units."""
        ahead = torch.where(terminated, torch.full_like(following, self.end_value), following)
        return self.scaled(rewards) + self.discount * ahead

    def state_dict(self) -> dict[str, float]:
        """Plain values."""
        return {"mean": self.mean, "std": self.std}

    def load_state_dict(self, state: dict[str, float]) -> None:
        """Restores what ``state_dict`` gave."""
        self.mean, self.std = state["mean"], state["std"]


class Averages:
    """Means of figures between two reports."""

    def __init__(self) -> None:
        self._sums: dict[str, float] = {}
        self._counts: dict[str, int] = {}

    def add(self, **figures: float) -> None:
        """Takes one value of each figure."""
        for name, value in figures.items():
            self._sums[name] = self._sums.get(name, 0.0) + value
            self._counts[name] = self._counts.get(name, 0) + 1

    def take(self) -> dict[str, float]:
        """The means; begins anew."""
        means = {name: total / self._counts[name] for name, total in self._sums.items()}
        self._sums, self._counts = {}, {}
        return means

    def state_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {"sums": dict(self._sums), "counts": dict(self._counts)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restores what ``state_dict`` gave."""
        self._sums, self._counts = dict(state["sums"]), dict(state["counts"])
