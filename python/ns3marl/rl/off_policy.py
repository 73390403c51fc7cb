# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The bookkeeping of off-policy learners: decisions, replay, warm-up, schedules of gradient steps and reports."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ns3marl.options import PositiveInt
from ns3marl.rl.averages import Averages
from ns3marl.rl.record import Decision
from ns3marl.rl.replay import Replay, Transitions
from ns3marl.rl.rewards import learned_reward
from ns3marl.types import Actions, Batch, Spec


@dataclass(frozen=True)
class OffPolicyOptions:
    """Options of learners that keep an ``OffPolicyMemory``."""

    batch_size: PositiveInt = 64
    """Transitions of all agents per gradient step, where ``batch_agents`` leaves room for them."""
    batch_agents: PositiveInt = 640
    """Agents per gradient step at most, counted in every transition: where there are many, a step takes fewer transitions, and its cost
    does not grow with their number. 64 transitions of 10 agents, 12 of 50."""
    replay_ticks: PositiveInt = 12_000
    """Ticks that the replay holds, summed over environments; an episode's end takes one more."""
    warmup_ticks: PositiveInt = 1000
    """Ticks of uniformly random play before the first gradient step, summed over environments. The scale of the rewards is taken from
    them: leave it some hundreds."""
    ticks_per_step: PositiveInt = 2
    """Ticks per gradient step, summed over environments."""
    report_ticks: PositiveInt = 250
    """Ticks per environment between two reports of metrics."""


class OffPolicyMemory:
    """Fills a replay tick by tick; after the warm-up, takes gradient steps at fixed intervals.

    Args:
        spec: The scenario's spec.
        group: Number of the learner's own group.
        options: Sizes and rhythm.
        discrete: D, choices stored per agent of the own group.
        continuous: R, real-valued actions stored per agent of the own group.
        rng: Draws the transitions.
    """

    def __init__(
        self,
        spec: Spec,
        group: int,
        options: OffPolicyOptions,
        discrete: int,
        continuous: int,
        rng: np.random.Generator,
    ) -> None:
        self.spec, self.group, self.options, self.rng = spec, group, options, rng
        self.progress = OffPolicyProgress()
        agents = sum(len(one.agents) for one in spec.groups)
        self.batch = max(
            min(options.batch_size, options.batch_agents // agents), 1
        )  #: transitions per gradient step
        self.replay: Replay | None = None  #: made when the number of environments is known
        self._sizes = discrete, continuous
        self._pending: tuple[Batch, Decision] | None = None

    def decided(self, batch: Batch, decision: Decision) -> Actions:
        """Keeps a decision until ``learn`` brings its outcome; returns its actions."""
        self._pending = batch, decision
        return decision.actions

    def learn(
        self,
        joint: Sequence[Actions],
        outcome: Batch,
        measure: Callable[[Replay], None],
        update: Callable[[Transitions], dict[str, float]],
    ) -> dict[str, float] | None:
        """Stores the outcome of the joint action and takes the gradient steps that are due.

        Args:
            joint: The actions of every group.
            outcome: What ``step`` returned.
            measure: Called once with the data of the warm-up, before the first gradient step.
            update: One gradient step on some transitions; its metrics.

        Returns:
            Means of the metrics since the last report, ``reward_per_tick`` and ``replay``, the number of transitions held; None
            between two reports.

        Raises:
            RuntimeError: There was no decision.
        """
        if self._pending is None:
            raise RuntimeError("learn() without explore(): there is no decision to learn from")
        envs, options, progress = len(outcome.env_id), self.options, self.progress
        if self.replay is None:
            self.replay = self._empty(envs)
        batch, decision = self._pending
        self.replay.add(batch, decision, joint, outcome)
        self._pending = None
        progress.ticks += envs
        own = outcome.groups[self.group].rewards
        present = batch.groups[self.group].present
        progress.averages.add(
            reward_per_tick=float(learned_reward("group", [own.astype(np.float64)], [present], 0).mean())
        )
        if progress.ticks > options.warmup_ticks:
            if not progress.measured:
                measure(self.replay)
                progress.measured = True
            due = progress.ticks // options.ticks_per_step - (progress.ticks - envs) // options.ticks_per_step
            for _ in range(due):
                progress.averages.add(**update(self.replay.sample(self.batch, self.rng)))
        if progress.ticks // envs % options.report_ticks:
            return None
        return {**progress.averages.take(), "replay": float(len(self.replay))}

    def _empty(self, num_envs: int) -> Replay:
        return Replay(self.spec, self.group, self.options.replay_ticks, num_envs, *self._sizes)

    def state_dict(self) -> dict[str, Any]:
        """The replay as far as it is filled; ``progress`` has a state of its own."""
        if self.replay is None:
            return {"num_envs": 0, "replay": None}
        return {"num_envs": len(self.replay.written), "replay": self.replay.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restores what ``state_dict`` gave; errors as of ``Replay.load_state_dict``."""
        self.replay = None
        if state["replay"] is not None:
            self.replay = self._empty(state["num_envs"])
            self.replay.load_state_dict(state["replay"])


class OffPolicyProgress:
    """The progress of an off-policy learner."""

    def __init__(self) -> None:
        self.ticks = 0  #: played, summed over environments
        self.measured = False  #: whether the scale of the rewards is known
        self.averages = Averages()  #: of metrics since the last report

    def since(self, warmup_ticks: int, ticks: int) -> float:
        """Elapsed share of a number of ticks after the warm-up, from 0; may exceed 1."""
        return max((self.ticks - warmup_ticks) / ticks, 0.0)

    def state_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {"ticks": self.ticks, "measured": self.measured, "averages": self.averages.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restores what ``state_dict`` gave."""
        self.ticks, self.measured = state["ticks"], state["measured"]
        self.averages.load_state_dict(state["averages"])
