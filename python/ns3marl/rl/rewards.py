# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The reward of an agent: its own, or a mean over the agents that are present."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import numpy as np

from ns3marl.types import Bool, Float32, Float64

if TYPE_CHECKING:  # commands that do not learn run where there is no PyTorch
    from torch import Tensor

#: ``team``: the mean reward of all agents of all groups; ``group``: of the learner's own group; ``agent``: each agent's own.
RewardKind = Literal["team", "group", "agent"]
#: The same for learners that have one value for all their agents.
SharedReward = Literal["team", "group"]

X = TypeVar("X", Float64, "Tensor")


def team_reward(rewards: Sequence[Float64 | Float32], present: Sequence[Bool]) -> Float64:
    """The team's reward in an interval; episodes are compared by it.

    Args:
        rewards: Per group [B,A].
        present: Per group, who took part when the action was taken, [B,A].

    Returns:
        [B] the mean over the agents of all groups that took part, 0 if none did.
    """
    doubled = [reward.astype(np.float64) for reward in rewards]
    earned: Float64 = learned_reward("team", doubled, present, 0)[..., 0]
    return earned


def learned_reward(kind: RewardKind, rewards: Sequence[X], present: Sequence[Any], group: int) -> X:
    """The rewards that a learner maximises.

    Args:
        kind: Whose rewards.
        rewards: Per group [...,A].
        present: Per group, who took part when the action was taken, [...,A].
        group: The learner's own.

    Returns:
        [...,A] per agent, or [...,1] for all of them: the mean over those present, 0 if none is.
    """
    if kind == "agent":
        return rewards[group]
    if kind == "group":
        rewards, present = [rewards[group]], [present[group]]
    # The names of methods and arguments are numpy's, which torch takes too.
    pairs: list[tuple[Any, Any]] = list(zip(rewards, present, strict=True))
    if len(pairs) == 1 and bool(present[0].all()):
        mean: X = pairs[0][0].mean(-1, keepdims=True)
    else:
        count = sum(there.sum(-1, keepdims=True) for _, there in pairs)
        mean = sum((reward * there).sum(-1, keepdims=True) for reward, there in pairs) / count.clip(1)
    return mean
