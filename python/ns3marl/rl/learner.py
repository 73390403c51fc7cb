# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""What every learner offers to the trainer, and what it may ask of it.

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

    The trainer calls ``explore`` and ``learn`` in turn, once a tick, with all environments in order. ``learned`` and ``running``
    together hold whatever a learner keeps between two ticks, so that a training can stop and go on after any tick.

    A learner with more to say in tables of results, such as the levels of its discretised heads, has a ``notes: str``.
    """

    #: The frozen dataclass of its options, see ``ns3marl.options``.
    Options: type[Any]
    #: Whether ``act`` reads the global state, or for an agent what others observe.
    central_execution: bool

    greedy: bool  #: take the most likely (or most valued) action in ``act``

    def __init__(self, spec: Spec, group: int, options: Any, seed: int) -> None:
        """Makes a learner that knows nothing.

        Args:
            spec: The scenario's spec.
            group: Number of the group whose agents it controls.
            options: An instance of ``Options``.
            seed: Of everything random in the learner.

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
        """Takes in what the joint action led to.

        Args:
            joint: What every group did, one per group of the spec.
            outcome: What ``step`` returned.

        Returns:
            Metrics of the updates that this tick completed, among them ``reward_per_tick``; None in between.
        """
        ...

    @property
    def learned(self) -> Stateful:
        """What learning changes, such as networks, optimisers and normalisers: a new training may start from it."""
        ...

    @property
    def running(self) -> Stateful:
        """What else a training needs to go on, such as stored experience and random generators."""
        ...

    def load_policy(self, learned: dict[str, Any]) -> None:
        """Restores from the state of ``learned`` what ``act`` needs, also for another number of agents where networks allow it.

        Raises:
            KeyError, RuntimeError, TypeError, ValueError: The state does not fit this learner.
        """
        ...


class AsynchronousLearner(Learner, Protocol):
    """A learner that asks to be trained by asynchronous workers: processes with an environment and a copy of the learner each.

    A class declares it by ``asynchronous = True``.
    """

    asynchronous: bool

    @property
    def segment_ticks(self) -> int:
        """Ticks of a worker between two of its updates."""
        ...

    @property
    def report_ticks(self) -> int:
        """Ticks over all workers behind each row of the log."""
        ...

    def tensors(self) -> list[Tensor]:
        """Everything that workers share; the trainer puts it into shared memory."""
        ...

    def work_for(self, shared: Sequence[Tensor], lock: AbstractContextManager[Any]) -> None:
        """Makes this learner a worker's copy.

        Args:
            shared: ``tensors()`` of the learner that all workers train.
            lock: Held while they are read or written.
        """
        ...


class OverlappingLearner(Learner, Protocol):
    """A learner whose environments may go on while it decides for others and while it updates.

    A class declares it by ``overlapping = True``. Its ``explore`` and ``learn`` then also take batches of some environments: each
    environment's calls alternate, and whether one is ahead of another changes nothing. ``OnPolicyMemory`` does that.
    """

    overlapping: bool
    memory: OnPolicyMemory


#: The actions of one group, by its number, as its learner is when it is called; further arguments as of ``Learner.act``.
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
