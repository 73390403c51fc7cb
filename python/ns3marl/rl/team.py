# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""All learners of a scenario, one for every group of agents that can act."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, TypeGuard

import numpy as np

from ns3marl.errors import ConfigError
from ns3marl.rl.averages import Averages
from ns3marl.rl.learner import AsynchronousLearner, Learner, OverlappingLearner, Sociable
from ns3marl.rl.rewards import learned_reward
from ns3marl.types import Actions, Batch, Spec

if TYPE_CHECKING:  # commands that do not learn run where there is no PyTorch
    from concurrent.futures import Executor

    from torch import Tensor

    from ns3marl.rl.on_policy import OnPolicyMemory


class Team:
    """Acts and learns for all agents; a ``Policy``.

    With several learners their metrics are named ``GROUP/metric``, and ``reward_per_tick`` is the mean over all agents that are
    present. With one learner, its metrics keep their names. Agents without action heads only observe.

    Args:
        spec: The scenario's spec.
        learners: By number of the group.

    Raises:
        ConfigError: There are no learners, because no group has action heads.
    """

    def __init__(self, spec: Spec, learners: Mapping[int, Learner]) -> None:
        if not learners:
            raise ConfigError(
                f"scenario {spec.scenario!r} declares no action heads in any group: there is nothing to learn"
            )
        self.spec, self.learners = spec, dict(learners)
        self._averages = Averages()  # of rewards since the last report, by environment
        self._reward: float | None = None  # overlapped: of the rollouts that are being learned from
        # Between ``explore`` and ``learn``, by the first environment of the batch.
        self._decided: dict[int, tuple[Batch, list[Actions]]] = {}
        for learner in self.learners.values():
            if isinstance(learner, Sociable):
                learner.meet(self.act_of)

    @property
    def central_execution(self) -> bool:
        """Whether an agent of any group acts on more than its own observation."""
        return any(learner.central_execution for learner in self.learners.values())

    @property
    def notes(self) -> str:
        """Remarks for results, such as the levels of discretised heads."""
        notes = {self._name(g): getattr(learner, "notes", "") for g, learner in self.learners.items()}
        if len(self.learners) == 1:
            return next(iter(notes.values()))
        return "; ".join(f"{name}: {note}" for name, note in notes.items() if note)

    @property
    def greedy(self) -> bool:
        """Whether ``act`` takes the most likely (or most valued) actions."""
        return all(learner.greedy for learner in self.learners.values())

    @greedy.setter
    def greedy(self, greedy: bool) -> None:
        for learner in self.learners.values():
            learner.greedy = greedy

    def act(self, batch: Batch, rngs: Sequence[np.random.Generator]) -> list[Actions]:
        """The joint action, one per group; see ``Policy.act``."""
        own = self._generators(rngs)
        return [self.act_of(g, batch, own.get(g, rngs)) for g in range(len(self.spec.groups))]

    def act_of(self, group: int, batch: Batch, rngs: Sequence[np.random.Generator]) -> Actions:
        """The actions of one group, by its number; empty ones if it cannot act."""
        if group in self.learners:
            return self.learners[group].act(batch, rngs)
        agents = batch.groups[group].active.shape
        return Actions(np.zeros((*agents, 0), np.int32), np.zeros((*agents, 0), np.float32))

    def explore(self, batch: Batch, rngs: Sequence[np.random.Generator]) -> list[Actions]:
        """The joint action to learn from; arguments as of ``act``."""
        own = self._generators(rngs)
        joint = [
            self.learners[g].explore(batch, own[g]) if g in self.learners else self.act_of(g, batch, rngs)
            for g in range(len(self.spec.groups))
        ]
        self._decided[int(batch.env_id[0])] = batch, joint
        return joint

    def learn(self, outcome: Batch) -> dict[str, float] | None:
        """Learns from the outcome of the joint action.

        Args:
            outcome: What ``step`` returned.

        Returns:
            Metrics of the updates that this tick completed, among them ``reward_per_tick``; None in between.

        Raises:
            RuntimeError: There was no joint action.
        """
        first = int(outcome.env_id[0])
        if first not in self._decided:
            raise RuntimeError("learn() without explore(): there is no decision to learn from")
        before, joint = self._decided.pop(first)
        found = {g: learner.learn(joint, outcome) for g, learner in self.learners.items()}
        if len(found) > 1:
            rewards = [group.rewards.astype(np.float64) for group in outcome.groups]
            team = learned_reward("team", rewards, [group.present for group in before.groups], 0)
            for env, reward in zip(outcome.env_id.tolist(), team[:, 0].tolist(), strict=True):
                self._averages.add(**{str(env): reward})
            if self.begins:  # metrics are those of the rollout before
                self._reward, reward = self._mean_reward(), self._reward
                return self._row(found, reward)
        return self._row(found)

    def _row(
        self, found: Mapping[int, dict[str, float] | None], reward: float | None = None
    ) -> dict[str, float] | None:
        """Metrics of all learners as one; None if none has any to tell. ``reward`` is by default that since the last report."""
        if len(found) == 1:
            return next(iter(found.values()))
        if all(metrics is None for metrics in found.values()):
            return None
        named = {
            f"{self._name(g)}/{name}": value for g, row in found.items() if row for name, value in row.items()
        }
        return {"reward_per_tick": self._mean_reward() if reward is None else reward, **named}

    def _mean_reward(self) -> float:
        """Since the last report, summed in one order, whichever environment was quicker."""
        rewards = self._averages.take()
        return float(np.mean([rewards[env] for env in sorted(rewards)]))

    def _name(self, group: int) -> str:
        return self.spec.groups[group].name

    def _generators(self, rngs: Sequence[np.random.Generator]) -> dict[int, Sequence[np.random.Generator]]:
        """Generators of each learner: the given ones for the first, and far apart from them for every other.

        So what one learner draws does not change what another one does.
        """
        first, *others = self.learners
        apart = {
            g: [np.random.Generator(rng.bit_generator.jumped(g)) for rng in rngs]  # type: ignore[attr-defined] # of PCG64
            for g in others
        }
        return {first: rngs, **apart}

    # What is stored --------------------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """Everything that ``load_state_dict`` needs to continue without a difference, by group: tensors and plain values.

        It waits for running updates; errors as of ``OnPolicyMemory.settle``.
        """
        for memory in self._memories():
            memory.settle()
        groups = {
            self._name(g): {"learned": learner.learned.state_dict(), "running": learner.running.state_dict()}
            for g, learner in self.learners.items()
        }
        return {"groups": groups, "averages": self._averages.state_dict(), "reward": self._reward}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restores what ``state_dict`` gave.

        Raises:
            KeyError, RuntimeError, TypeError, ValueError: The state does not fit these learners.
        """
        self.load_learned(state)
        for g, learner in self.learners.items():
            learner.running.load_state_dict(state["groups"][self._name(g)]["running"])
        self._averages.load_state_dict(state["averages"])
        self._reward = state["reward"]

    def load_learned(self, state: dict[str, Any]) -> None:
        """Restores what was learned from ``state_dict``; experience and random generators stay unchanged. Errors as above."""
        for g, learner in self.learners.items():
            learner.learned.load_state_dict(state["groups"][self._name(g)]["learned"])

    def load_policy(self, state: dict[str, Any]) -> None:
        """Restores what ``act`` needs from ``state_dict``, also for other numbers of agents if the networks allow it. Errors as above."""
        for g, learner in self.learners.items():
            learner.load_policy(state["groups"][self._name(g)]["learned"])

    # Overlapped training ---------------------------------------------------------------------------------------------

    @property
    def overlapping(self) -> bool:
        """Whether environments may continue while all learners decide for others, and update."""
        return all(_is_overlapping(learner) for learner in self.learners.values())

    def overlap(self, executor: Executor | None, num_envs: int) -> None:
        """Lets ``explore`` and ``learn`` accept batches of some environments; see ``OnPolicyMemory.overlap``."""
        for memory in self._memories():
            memory.overlap(executor, num_envs)

    def budget(self, spent: Callable[[int], float]) -> None:
        """Tells learners the fraction of the training's budget for a number of ticks, for decreasing rates; see ``OnPolicyMemory.spent``."""
        for memory in self._memories():
            memory.spent = spent

    @property
    def begins(self) -> bool:
        """Whether an update has begun and the next rollout is still empty, see ``OnPolicyMemory.begins``."""
        return any(memory.begins for memory in self._memories())

    @property
    def ticks_left(self) -> int:
        """Ticks of each environment until a learner updates; no environment may go further."""
        return min(memory.ticks_left for memory in self._memories())

    def finish(self) -> dict[str, float] | None:
        """Waits for running updates; returns their metrics, as ``learn`` does. Errors as of ``OnPolicyMemory.settle``."""
        found = {g: one.memory.finish() for g, one in self.learners.items() if _is_overlapping(one)}
        return self._row(found, self._reward)

    def _memories(self) -> list[OnPolicyMemory]:
        return [learner.memory for learner in self.learners.values() if _is_overlapping(learner)]

    # Asynchronous training -------------------------------------------------------------------------------------------

    @property
    def asynchronous(self) -> bool:
        """Whether all learners use asynchronous workers; otherwise, a learner that does is its own only worker."""
        return all(getattr(learner, "asynchronous", False) for learner in self.learners.values())

    @property
    def segment_ticks(self) -> int:
        """Ticks of a worker between two updates of every learner."""
        return max(learner.segment_ticks for learner in self._workers())

    @property
    def report_ticks(self) -> int:
        """Ticks of all workers that each row of the log covers."""
        return max(learner.report_ticks for learner in self._workers())

    def tensors(self) -> list[list[Tensor]]:
        """What workers share, per learner."""
        return [learner.tensors() for learner in self._workers()]

    def work_for(self, shared: Sequence[Sequence[Tensor]], lock: AbstractContextManager[Any]) -> None:
        """Makes the learners a worker's copies; see ``AsynchronousLearner.work_for``."""
        for learner, tensors in zip(self._workers(), shared, strict=True):
            learner.work_for(tensors, lock)

    def _workers(self) -> list[AsynchronousLearner]:
        return [learner for learner in self.learners.values() if _is_asynchronous(learner)]


def _is_overlapping(learner: Learner) -> TypeGuard[OverlappingLearner]:
    return getattr(learner, "overlapping", False)


def _is_asynchronous(learner: Learner) -> TypeGuard[AsynchronousLearner]:
    return getattr(learner, "asynchronous", False)
