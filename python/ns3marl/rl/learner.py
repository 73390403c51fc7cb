# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""What every learner offers to the trainer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from ns3marl.errors import ConfigError
from ns3marl.types import Actions, Batch, Group, Spec


class Learner(Protocol):
    """A policy that improves from what it did.

    The trainer calls ``explore`` and ``learn`` in turn, once a tick, with all environments in order. Whatever a learner
    keeps between two ticks is in its ``state_dict``, so that a training can stop and go on after any tick.

    A learner with more to say in tables of results, such as the levels of its discretised heads, has a ``remarks: str``.
    """

    central_execution: bool  #: whether ``act`` reads the global state, or for an agent what others observe
    spec: Spec
    greedy: bool  #: take the most likely (or most valued) action in ``act``

    def act(self, batch: Batch, rngs: Sequence[np.random.Generator]) -> list[Actions]:
        """See ``Policy.act``; nothing is learned from it."""
        ...

    def explore(self, batch: Batch, rngs: Sequence[np.random.Generator]) -> list[Actions]:
        """Chooses the joint action to learn from; arguments as of ``act``."""
        ...

    def learn(self, outcome: Batch) -> dict[str, float] | None:
        """Takes in what the joint action led to.

        Returns:
            Figures of the updates that this tick completed, among them ``reward_per_tick``; None in between.
        """
        ...

    def state_dict(self) -> dict[str, Any]:
        """Everything that ``load_state_dict`` needs to continue as if never interrupted: tensors and plain values."""
        ...

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restores what ``state_dict`` gave.

        Raises:
            KeyError, RuntimeError, TypeError, ValueError: The state does not fit this learner.
        """
        ...

    def load_policy(self, state: dict[str, Any]) -> None:
        """Restores from ``state_dict`` what ``act`` needs, also for another number of agents where networks allow it."""
        ...


def learning_group(spec: Spec, learner: str) -> Group:
    """The agents that a learner controls.

    Args:
        spec: The scenario's spec.
        learner: Its name, for the message.

    Raises:
        ConfigError: The spec has several groups of agents, or agents without actions.
    """
    if len(spec.groups) != 1:
        raise ConfigError(
            f"{learner} takes one group of agents, but scenario {spec.scenario!r} has {len(spec.groups)} groups: "
            f"{', '.join(group.name for group in spec.groups)}"
        )
    (group,) = spec.groups
    if not (group.discrete_heads or group.continuous_heads):
        raise ConfigError(f"scenario {spec.scenario!r} declares no action heads: there is nothing to learn")
    return group
