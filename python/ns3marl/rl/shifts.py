# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""What the team earns if all agents act a little differently, measured by episodes in which they do.

The harm of an action may fall on many others and later, such as that of a frame which too few stations hear. In the return of each of
them it drowns, and a critic of joint actions does not find it. If all agents do the same for an episode, it is plain in the team's reward.

So in every episode e of training all agents' real-valued heads are shifted alike, by z = sigma eps with signs eps of -1 or 1 for each of Z
directions: the mode of each head, on the unit interval, and how much it spreads. With the reward R_e of the episodes that run side by side,

    G = c E[(R_e - mean R) eps] / sigma

estimates the slope of the team's reward along each direction (policy gradients with parameter-based exploration: Sehnke et al., Neural
Networks 23, 2010; with signs: Spall, "Multivariate stochastic approximation using a simultaneous perturbation gradient approximation", IEEE
Trans. Automatic Control 37, 1992). The signs of 16 runs are rows of a Hadamard matrix and their opposites, so directions do not disturb each
other. c converts it into advantage per decision. The advantages A_i of the decisions believe in E[s_i A_i], with the scores
s_i = d log pi(a_i) / dz. What is added to them makes them believe what was measured:

    A_i + s_i . k,  k = (E[s s^T] + ridge I)^-1 (G - E[s A])

So the policy gradient along these few directions is that of the measured reward of the team; what is added has no correlation with scores
that s does not correlate with. The policy itself has no shift. G is reward per tick: it does not see that an episode ends early.

Choices are not shifted: while agents still learn where to send, all of them earn most by not sending at all, and learn it
(docs/decisions/0021).

Axes: R real-valued heads, Z = 2 R directions, T ticks, E environments, n decisions; ``...`` leading axes.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ns3marl.errors import ConfigError
from ns3marl.rl.ppo import PolicyOf, log_probs_of
from ns3marl.rl.rollout import Samples
from ns3marl.types import Float64, Group, Int64

#: Pairs of opposite runs whose signs are orthogonal, for up to 8 directions; beyond, directions share signs.
_PAIRS = 8
#: Fewer environments measure next to nothing.
MIN_ENVS = 8
#: How much of the slope measured so far stays when a rollout adds its own.
_KEPT = 0.8
#: Added to the scores' second moments, for heads that seldom count.
_RIDGE = 2.0
#: Separates these random numbers from all others of a run ("shif" in ASCII); see ``policy.action_generators``.
_DOMAIN = 0x73686966


class Shifts:
    """Shifts of the real-valued heads of a group, and the slope that they measure.

    Args:
        group: The agents' layout of action.
        number: Of the group: those of different groups are independent.
        deviation: sigma, as a share of a head's range; see ``Bounded.shifted`` for what it is of the spread.

    Raises:
        ConfigError: The group has no real-valued head.
    """

    def __init__(self, group: Group, number: int, deviation: float) -> None:
        self.number, self.deviation = number, deviation
        heads = [head.name for head in group.continuous_heads]
        self.names = [*heads, *(f"{name}/spread" for name in heads)]  #: of the directions, length Z
        if not heads:
            raise ConfigError(
                f"imappo.shifts is for real-valued heads, and group {group.name!r} has none; set it to 0 for this group"
            )
        self._slope: Float64 | None = None

    def of(self, episodes: Int64) -> Tensor:
        """The shifts z of episodes, [..., Z].

        Args:
            episodes: Seed and run of each, [..., 2].
        """
        return torch.from_numpy(self.deviation * self._signs(episodes)).float()

    def _signs(self, episodes: Int64) -> Float64:
        """The signs eps of episodes, [..., Z]."""
        found, which = np.unique(episodes.reshape(-1, 2), axis=0, return_inverse=True)
        signs = np.array(
            [_signs_of(self.number, len(self.names), int(seed), int(run)) for seed, run in found]
        )
        all_of_them: Float64 = signs[which.reshape(-1)].reshape(*episodes.shape[:-1], len(self.names))
        return all_of_them

    def correct(
        self, episodes: Int64, rewards: Float64, scores: Tensor, advantages: Tensor, factor: float
    ) -> tuple[Tensor, dict[str, float]]:
        """What makes the advantages of decisions believe in the measured slope.

        Args:
            episodes: Seed and run of the episode of every tick, [T,E,2].
            rewards: The team's, [T,E].
            scores: s, of each decision, [n,Z].
            advantages: [n].
            factor: c: ticks per decision, times the agents that are present if advantages add up what agents earn.

        Returns:
            What to add to the advantages, [n], and for the log the slopes that were measured and believed in, by direction.

        Raises:
            ConfigError: There are too few environments.
        """
        if rewards.shape[1] < MIN_ENVS:
            raise ConfigError(
                f"imappo.shifts compares at least {MIN_ENVS} environments that run side by side, and there are {rewards.shape[1]}; set "
                f"pool.num_envs to {MIN_ENVS} or more, or imappo.shifts to 0"
            )
        centred = rewards - rewards.mean(1, keepdims=True)
        now: Float64 = factor * (centred[..., None] * self._signs(episodes)).mean((0, 1)) / self.deviation
        self._slope = now if self._slope is None else _KEPT * self._slope + (1 - _KEPT) * now
        scores = scores.double()
        believed = (scores * advantages[:, None]).mean(0)
        moments = scores.T @ scores / len(scores)
        measured = torch.from_numpy(self._slope).to(scores.device)
        ridge = _RIDGE * torch.eye(len(self.names), dtype=torch.float64, device=scores.device)
        added = scores @ torch.linalg.solve(moments + ridge, measured - believed)
        told = {f"slope/{name}": float(x) for name, x in zip(self.names, self._slope, strict=True)}
        told |= {f"slope_believed/{name}": float(x) for name, x in zip(self.names, believed, strict=True)}
        return added, told

    def state_dict(self) -> dict[str, Any]:
        """The slope measured so far."""
        return {"slope": None if self._slope is None else torch.from_numpy(self._slope.copy())}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restores what ``state_dict`` gave.

        Raises:
            ValueError: It has other directions.
        """
        slope = state["slope"]
        if slope is not None and len(slope) != len(self.names):
            raise ValueError(f"slopes along {len(slope)} directions instead of {len(self.names)}")
        self._slope = None if slope is None else slope.numpy().copy()


@lru_cache(maxsize=4096)  # an episode asks at every tick
def _signs_of(number: int, directions: int, seed: int, run: int) -> Float64:
    """One row of a Hadamard matrix of ``_PAIRS`` rows, or its opposite, with the columns' signs drawn anew for each block of runs, [Z]."""
    block, place = divmod(max(run - 1, 0), 2 * _PAIRS)
    drawn = np.random.default_rng((_DOMAIN, number, seed, block)).integers(0, 2, directions)
    column = (1 + number + np.arange(directions)) % _PAIRS
    odd = np.array([(place // 2 & int(c)).bit_count() for c in column]) + place + drawn
    return np.where(odd % 2, -1.0, 1.0)


def shift_scores(data: Samples, policy_of: PolicyOf) -> Tensor:
    """The scores s of the decisions of all active agents, [n,Z], in the order of the samples.

    Args:
        data: Samples with the shifts under which they were taken.
        policy_of: The policy that took the decisions under ``data.shift``.
    """
    assert data.shift is not None
    kept, data.shift = data.shift, data.shift.clone().requires_grad_()
    parts: list[Tensor] = []
    for rows in torch.split(torch.arange(data.size, device=data.device), 1024):
        policy, acting = policy_of(data, rows)
        taken = (block.flatten(0, 1)[acting] for block in (data.discrete, data.raw))
        (slopes,) = torch.autograd.grad(log_probs_of(policy, *taken).sum(), data.shift)
        parts.append(slopes.flatten(0, 1)[acting])
    data.shift = kept
    return torch.cat(parts)
