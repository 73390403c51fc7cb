# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The interface between learners and the trainer.

A learner controls the agents of one group of the spec. ``ns3marl.rl.team.Team`` holds one for every group that can act.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, runtime_checkable

import numpy as np

from ns3marl.errors import ConfigError
from ns3marl.rl.state import Stateful
from ns3marl.types import Actions, Batch, Group, Spec

if TYPE_CHECKING:  # commands that do not learn run where there is no PyTorch
    from torch import Tensor

    from ns3marl.rl.on_policy import OnPolicyMemory


class Learner(Protocol):
    """A policy for one group of agents that improves from what it did.

    The trainer calls ``explore`` and ``learn`` in turn, once per tick, with all environments in order. ``learned`` and ``running``
    together hold everything that a learner keeps between two ticks, so that a training can stop and resume after any tick.

    For further remarks in tables of results, such as the levels of its discretised heads, a learner has a ``notes: str``.
    """

    #: The frozen dataclass of its options, see ``ns3marl.options``.
    Options: type[Any]
    #: Whether ``act`` reads the global state, or observations of other agents.
    central_execution: bool

    greedy: bool  #: take the most likely (or most valued) action in ``act``

    def __init__(self, spec: Spec, group: int, options: Any, seed: int) -> None:
        """Makes an untrained learner.

        Args:
            spec: The scenario's spec.
            group: Number of the group whose agents it controls.
            options: An instance of ``Options``.
            seed: The seed of all random numbers in the learner.

        Raises:
            ConfigError: The spec or the options do not suit it.
        """
        ...

    def act(self, batch: Batch, rngs: Sequence[np.random.Generator]) -> Actions:
        """The actions of the group's agents; nothing is learned from them.

        Args:
            batch: Observations of B environments.
            rngs: One generator per row of the batch; nothing else may supply randomness.
        """
        ...

    def explore(self, batch: Batch, rngs: Sequence[np.random.Generator]) -> Actions:
        """Actions to learn from; arguments as of ``act``."""
        ...

    def learn(self, joint: Sequence[Actions], outcome: Batch) -> dict[str, float] | None:
        """Learns from the outcome of the joint action.

        Args:
            joint: The actions of every group, one per group of the spec.
            outcome: What ``step`` returned.

        Returns:
            Metrics of the updates that this tick completed, among them ``reward_per_tick``; None in between.
        """
        ...

    @property
    def learned(self) -> Stateful:
        """State that learning changes, such as networks, optimisers and normalisers; a new training may start from it."""
        ...

    @property
    def running(self) -> Stateful:
        """Further state that a resumed training needs, such as stored experience and random generators."""
        ...

    def load_policy(self, learned: dict[str, Any]) -> None:
        """Restores what ``act`` needs from the state of ``learned``, also for another number of agents if the networks allow it.

        Raises:
            KeyError, RuntimeError, TypeError, ValueError: The state does not fit this learner.
        """
        ...


class AsynchronousLearner(Learner, Protocol):
    """A learner that asynchronous workers train: processes that each have an environment and a copy of the learner.

    A class declares it by ``asynchronous = True``.
    """

    asynchronous: bool

    @property
    def segment_ticks(self) -> int:
        """Ticks of a worker between two of its updates."""
        ...

    @property
    def report_ticks(self) -> int:
        """Ticks of all workers that each row of the log covers."""
        ...

    def tensors(self) -> list[Tensor]:
        """All tensors that workers share; the trainer puts them into shared memory."""
        ...

    def work_for(self, shared: Sequence[Tensor], lock: AbstractContextManager[Any]) -> None:
        """Makes this learner a worker's copy.

        Args:
            shared: ``tensors()`` of the learner that all workers train.
            lock: Held while they are read or written.
        """
        ...


class OverlappingLearner(Learner, Protocol):
    """A learner whose environments may continue while it decides for others and while it updates.

    A class declares it by ``overlapping = True``. Its ``explore`` and ``learn`` then also accept batches of some environments. The
    calls for each environment alternate, and the order of environments does not affect the result. ``OnPolicyMemory`` does this.
    """

    overlapping: bool
    memory: OnPolicyMemory


#: The actions of one group by its number, from its learner's current state; further arguments as of ``Learner.act``.
ActOf: TypeAlias = Callable[[int, Batch, Sequence[np.random.Generator]], Actions]


@runtime_checkable
class Sociable(Protocol):
    """A learner that needs to know how the learners of other groups act."""

    def meet(self, act_of: ActOf) -> None:
        """Introduces the other learners, once, before anything else."""
        ...


def acting_group(spec: Spec, group: int) -> Group:
    """The agents that a learner controls.

    Args:
        spec: The scenario's spec.
        group: Their number.

    Raises:
        ConfigError: They have no action heads.
    """
    found = spec.groups[group]
    if not (found.discrete_heads or found.continuous_heads):
        raise ConfigError(
            f"group {found.name!r} of scenario {spec.scenario!r} declares no action heads: there is nothing to learn"
        )
    return found
