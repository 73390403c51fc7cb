# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The bookkeeping of on-policy learners: decisions wait for their outcome and fill a rollout, which is learned from and cleared."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ns3marl.rl.record import Decision
from ns3marl.rl.rollout import Rollout
from ns3marl.types import Actions, Batch, Spec


class OnPolicyMemory:
    """The life of a rollout: a decision is kept until its outcome is known, and a full rollout is learned from and cleared.

    Args:
        spec: The scenario's spec.
        group: Number of the learner's own group.
        ticks: T.
    """

    def __init__(self, spec: Spec, group: int, ticks: int) -> None:
        self.spec, self.group, self.ticks = spec, group, ticks
        self.rollout: Rollout | None = None  #: made when the number of environments is known
        self._pending: tuple[Batch, Decision] | None = None

    def decided(self, batch: Batch, decision: Decision) -> Actions:
        """Keeps a decision until ``learn`` brings its outcome; returns its actions."""
        self._pending = batch, decision
        return decision.actions

    def learn(
        self,
        joint: Sequence[Actions],
        outcome: Batch,
        update: Callable[[Rollout, Batch], dict[str, float]],
    ) -> dict[str, float] | None:
        """Takes in what the joint action led to, and updates once the rollout is full.

        Args:
            joint: What every group did.
            outcome: What ``step`` returned.
            update: Learns from a full rollout and the batch that followed it.

        Returns:
            What ``update`` returned; None while the rollout is not full.

        Raises:
            RuntimeError: There was no decision.
        """
        if self._pending is None:
            raise RuntimeError("learn() without explore(): there is no decision to learn from")
        if self.rollout is None:
            self.rollout = Rollout(self.spec, self.group, self.ticks, len(outcome.env_id))
        self.rollout.add(*self._pending, joint, outcome)
        self._pending = None
        if not self.rollout.full:
            return None
        metrics = update(self.rollout, outcome)
        self.rollout.clear()
        return metrics

    def state_dict(self) -> dict[str, Any]:
        """The rollout as far as it is filled."""
        if self.rollout is None:
            return {"num_envs": 0, "rollout": None}
        return {"num_envs": self.rollout.ends.shape[1], "rollout": self.rollout.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restores what ``state_dict`` gave; errors as of ``Rollout.load_state_dict``."""
        self.rollout = None
        if state["rollout"] is not None:
            self.rollout = Rollout(self.spec, self.group, self.ticks, state["num_envs"])
            self.rollout.load_state_dict(state["rollout"])
