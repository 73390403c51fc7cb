# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The bookkeeping of on-policy learners: decisions wait for their outcome and fill a rollout, which is learned from and cleared.

**In lockstep** an update takes place when its rollout is full, and no environment acts during the update.

**Overlapped**, an update runs in another thread while the next rollout is filled. A copy of the actor from before the update takes the
decisions of that rollout, so every rollout but the first is one update old when it is learned from. The number of the tick determines
which weights act, not the duration of an update: the same configuration gives the same weights. Huang et al.,
"Cleanba: a reproducible and efficient distributed reinforcement learning platform" (ICLR 2024), train in this order.
"""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from typing import Any

import numpy as np
from torch import nn

from ns3marl.rl.record import Decision
from ns3marl.rl.rollout import Rollout
from ns3marl.types import Actions, Batch, Spec, joined


class OnPolicyMemory:
    """Keeps decisions until their outcome is known, and learns from a full rollout, which it then clears.

    Args:
        spec: The scenario's spec.
        group: Number of the learner's own group.
        ticks: T.
        actor: The network that acts, for learners that may be overlapped.
    """

    def __init__(self, spec: Spec, group: int, ticks: int, actor: nn.Module | None = None) -> None:
        self.spec, self.group, self.ticks = spec, group, ticks
        self.rollout: Rollout | None = None  #: made when the number of environments is known
        self.spent: Callable[[int], float] = lambda _: (
            0.0
        )  #: fraction of the training's budget for a number of ticks; set by the trainer
        self._counted = 0  # ticks of all rollouts so far
        self._actor = actor
        self._pending: dict[int, tuple[Batch, Decision]] = {}  # by the first environment of the batch
        self._last: dict[int, Batch] = {}  # what followed the last row, likewise
        self._executor: Executor | None = None
        self._spare: Rollout | None = None  # filled and emptied in turn with the other one
        self._running: Future[dict[str, float]] | None = None
        self._metrics: dict[str, float] | None = None  # of an update that has ended and was not told of

    def overlap(self, executor: Executor | None, num_envs: int) -> None:
        """Lets ``explore`` and ``learn`` accept batches of some environments, and updates run in an executor.

        Args:
            executor: Runs updates, one after the other; None: they run in the thread that calls ``learn``.
            num_envs: E.
        """
        self._executor = executor
        if self.rollout is None:
            self.rollout = Rollout(self.spec, self.group, self.ticks, num_envs)

    @property
    def acting(self) -> nn.Module | None:
        """The older copy of the actor that decides now; None: the actor itself does."""
        return None if self.rollout is None else self.rollout.acted

    @property
    def begins(self) -> bool:
        """Whether a rollout has been passed to an update and the next one is still empty."""
        return self._running is not None and self.rollout is not None and not self.rollout.lengths.any()

    @property
    def ticks_left(self) -> int:
        """Ticks of each environment until the rollout is full."""
        return self.ticks - (0 if self.rollout is None else self.rollout.length)

    def decided(self, batch: Batch, decision: Decision) -> Actions:
        """Keeps a decision until ``learn`` brings its outcome; returns its actions."""
        self._pending[int(batch.env_id[0])] = batch, decision
        return decision.actions

    def learn(
        self,
        joint: Sequence[Actions],
        outcome: Batch,
        update: Callable[[Rollout, Batch], dict[str, float]],
    ) -> dict[str, float] | None:
        """Stores the outcome of the joint action, and updates once the rollout is full.

        Args:
            joint: The actions of every group.
            outcome: What ``step`` returned.
            update: Learns from a full rollout and the batch that followed it.

        Returns:
            The result of ``update``; if overlapped, the result of the previous update. None while the rollout is not full, or if there was
            no previous update.

        Raises:
            RuntimeError: There was no decision.
        """
        first = int(outcome.env_id[0])
        if first not in self._pending:
            raise RuntimeError("learn() without explore(): there is no decision to learn from")
        if self.rollout is None:
            self.rollout = Rollout(self.spec, self.group, self.ticks, len(outcome.env_id))
        self.rollout.add(*self._pending.pop(first), joint, outcome)
        self._last[first] = outcome
        if not self.rollout.full:
            return None
        self.count(self.rollout)
        full, parts = self.rollout, [batch for _, batch in sorted(self._last.items())]
        last = parts[0] if len(parts) == 1 else joined(parts)
        self._last.clear()
        metrics = self.finish()
        if self._executor is None:
            metrics = update(full, last)
            full.clear()
            return metrics
        self.rollout = self._spare or Rollout(self.spec, self.group, self.ticks, len(full.lengths))
        self.rollout.clear()
        self.rollout.acted = copy.deepcopy(self._actor)
        self._spare = full
        self._running = self._executor.submit(update, full, last)
        return metrics

    def count(self, rollout: Rollout) -> None:
        """Counts a full rollout, and stores in it the share of the budget that was spent when it began."""
        rollout.spent = min(self.spent(self._counted), 1.0)
        self._counted += rollout.ends.size

    def settle(self) -> None:
        """Waits for the running update, whose metrics are reported later.

        Raises:
            Exception: The error of an update that failed.
        """
        if self._running is not None:
            self._metrics, self._running = self._running.result(), None

    def finish(self) -> dict[str, float] | None:
        """Waits for the running update; returns its metrics, or None if there are none to report. Errors as of ``settle``."""
        self.settle()
        metrics, self._metrics = self._metrics, None
        return metrics

    def state_dict(self) -> dict[str, Any]:
        """The filled part of the rollout, the actor that fills it, and unreported metrics of an update."""
        if self.rollout is None:
            return {"num_envs": 0, "rollout": None, "acted": None, "metrics": None, "counted": self._counted}
        acted = self.rollout.acted
        return {
            "num_envs": self.rollout.ends.shape[1],
            "rollout": self.rollout.state_dict(),
            "acted": None if acted is None else copy.deepcopy(acted.state_dict()),
            "metrics": self._metrics,
            "counted": self._counted,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restores what ``state_dict`` gave; errors as of ``Rollout.load_state_dict``."""
        self.rollout, self._metrics, self._counted = None, state["metrics"], state["counted"]
        if state["rollout"] is not None:
            self.rollout = Rollout(self.spec, self.group, self.ticks, state["num_envs"])
            self.rollout.load_state_dict(state["rollout"])
            if state["acted"] is not None:
                acted = copy.deepcopy(self._actor)
                if acted is None:
                    raise ValueError("a rollout of an older actor, which this learner does not know")
                acted.load_state_dict(state["acted"])
                self.rollout.acted = acted


class OnPolicyLearner(ABC):
    """Base of learners with an ``OnPolicyMemory``: acts, explores and learns. See ``Learner``."""

    memory: OnPolicyMemory

    @abstractmethod
    def decide(
        self, batch: Batch, rngs: Sequence[np.random.Generator], acting: nn.Module | None = None
    ) -> Decision:
        """Chooses the actions of B environments, one generator each, and keeps what ``update`` needs.

        Args:
            batch: Observations.
            rngs: The generators.
            acting: A copy of the actor that decides in its place.
        """

    @abstractmethod
    def update(self, rollout: Rollout, last: Batch) -> dict[str, float]:
        """Learns from a full rollout.

        Args:
            rollout: A full buffer of decisions of this learner's current actor, which an update changes, or of ``rollout.acted``.
            last: The batch that followed it, [E] rows; its values bootstrap the returns.

        Returns:
            Metrics of the update by name.
        """

    def act(self, batch: Batch, rngs: Sequence[np.random.Generator]) -> Actions:
        """See ``Learner.act``."""
        return self.decide(batch, rngs).actions

    def explore(self, batch: Batch, rngs: Sequence[np.random.Generator]) -> Actions:
        """See ``Learner.explore``."""
        return self.memory.decided(batch, self.decide(batch, rngs, self.memory.acting))

    def learn(self, joint: Sequence[Actions], outcome: Batch) -> dict[str, float] | None:
        """See ``Learner.learn``; updates whenever the memory is full."""
        return self.memory.learn(joint, outcome, self.update)
