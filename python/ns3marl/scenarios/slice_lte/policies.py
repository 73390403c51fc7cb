# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Simple policies of ``slice-lte``, which use only a slice's observation.

``equal-split`` always gives every slice the same share; ``follow-satisfaction`` requests more if the service agreement was not met. The
scenario's own policy, ``builtin``, follows demand: it also knows the size of jobs and the cell's capacity.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ns3marl.errors import ConfigError
from ns3marl.rl.policy import fill_inactive
from ns3marl.types import Actions, Batch, Float64, Group, GroupArrays, Spec

DEDICATED = 0  #: choice of the head ``radio_policy``; 1 is prioritised
SHARES = ("radio_share", "cpu_share")  #: real-valued heads, and the features that tell what was granted
DISCRETE_HEADS = ("radio_policy",)


class EqualSplit:
    """Every slice requests the same share of the downlink and of the CPU, and lends nothing.

    Args:
        spec: Of the environments.

    Raises:
        ConfigError: The spec is not built like slice-lte's.
    """

    def __init__(self, spec: Spec) -> None:
        _check_heads(spec)
        self.groups = spec.groups
        self.share = 1 / len(spec.agents)

    def act(self, batch: Batch, rngs: Sequence[np.random.Generator]) -> list[Actions]:
        """See ``Policy.act``."""
        del rngs
        return [
            _ask(group, seen, np.full((*seen.active.shape, len(SHARES)), self.share))
            for group, seen in zip(self.groups, batch.groups, strict=True)
        ]


class FollowSatisfaction:
    """Every slice requests more than it was granted if it was not satisfied, and a little less if it was; it lends nothing.

    Multiplicative increase and decrease of both shares, starting with an equal split.

    Args:
        spec: Of the environments.

    Raises:
        ConfigError: The spec is not built like slice-lte's.
    """

    RAISE = 1.5
    LOWER = 0.9
    SATISFIED = 0.95
    LEAST = 0.05

    def __init__(self, spec: Spec) -> None:
        _check_heads(spec)
        self.groups = spec.groups
        self.equal = 1 / len(spec.agents)
        self.satisfaction = [_find(group, "satisfaction") for group in spec.groups]
        self.granted = [[_find(group, name) for name in SHARES] for group in spec.groups]

    def act(self, batch: Batch, rngs: Sequence[np.random.Generator]) -> list[Actions]:
        """See ``Policy.act``."""
        del rngs
        first = (batch.tick == 0)[:, None, None]  # nothing was granted before
        joint = []
        for g, (group, seen) in enumerate(zip(self.groups, batch.groups, strict=True)):
            observed = seen.observations.astype(float)
            satisfied = observed[..., self.satisfaction[g], None] >= self.SATISFIED
            wanted = observed[..., self.granted[g]] * np.where(satisfied, self.LOWER, self.RAISE)
            shares = np.where(first, self.equal, np.clip(wanted, self.LEAST, 1.0))
            joint.append(_ask(group, seen, shares))
        return joint


def _ask(group: Group, seen: GroupArrays, shares: Float64) -> Actions:
    """The actions of slices that request these shares [B,A,2] and lend nothing."""
    choices = np.full((*seen.active.shape, 1), DEDICATED)
    return fill_inactive(group, seen.active, choices, shares)


def _check_heads(spec: Spec) -> None:
    """Raises ConfigError unless every group has the heads of a slice."""
    for group in spec.groups:
        discrete = tuple(head.name for head in group.discrete_heads)
        continuous = tuple(head.name for head in group.continuous_heads)
        if (discrete, continuous) != (DISCRETE_HEADS, SHARES):
            raise ConfigError(
                f"this policy is for groups with the heads {', '.join((*DISCRETE_HEADS, *SHARES))}, as slice-lte has; group "
                f"{group.name!r} of scenario {spec.scenario!r} has the heads {', '.join((*discrete, *continuous)) or 'none'}; "
                "the policy `random` fits any scenario"
            )


def _find(group: Group, name: str) -> int:
    """The column of a feature."""
    names = [feature.name for feature in group.features]
    if name not in names:
        raise ConfigError(f"this policy reads {name}, which slice-lte has and group {group.name!r} has not")
    return names.index(name)
