# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Plays episodes on either side and records the contents of a trace.

A policy's random numbers are keyed by (seed, run, tick), so they are the same on both sides.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ns3marl.errors import ConfigError
from ns3marl.fidelity.scenario import ScenarioFidelity
from ns3marl.fidelity.trace import Episode
from ns3marl.launch.environments import Environments
from ns3marl.policies import allowed_choices
from ns3marl.rl.policy import Policy, action_generators, fill_inactive
from ns3marl.types import Actions, Batch, Spec

#: Decides for all rows of a batch.
PolicyFunction = Callable[[Batch], list[Actions]]


def acting(policy: Policy, noise_seed: int) -> PolicyFunction:
    """Lets a policy act.

    Args:
        policy: The policy.
        noise_seed: Seed of its random numbers, instead of the episodes' seed.
    """

    def choose(batch: Batch) -> list[Actions]:
        seeded = replace(batch, seed=np.full_like(batch.seed, noise_seed))
        return policy.act(batch, action_generators(seeded))

    return choose


class ReplayPolicy:
    """Replays recorded actions. If this side masks a recorded choice, the first allowed one replaces it.

    Args:
        spec: Spec of the environments.
        discrete: [B,T,A,D].
        continuous: [B,T,A,R].
    """

    def __init__(self, spec: Spec, discrete: NDArray[Any], continuous: NDArray[Any]) -> None:
        (self._group,) = spec.groups
        self._discrete, self._continuous = discrete.astype(np.int32), continuous.astype(np.float32)
        self.moved = 0  #: decisions of which a choice was replaced

    def __call__(self, batch: Batch) -> list[Actions]:
        """See ``PolicyFunction``."""
        tick, seen = int(batch.tick[0]), batch.groups[0]
        recorded = self._discrete[:, tick]
        discrete = allowed_choices(self._group, recorded, seen.masks, seen.active)
        self.moved += int((discrete != recorded).any(-1).sum())
        return [Actions(discrete, self._continuous[:, tick])]


def play(
    pool: Environments,
    choose: PolicyFunction,
    of: ScenarioFidelity,
    show: Callable[[int], None] = lambda _: None,
) -> list[Episode]:
    """Plays the first episode of every environment of a pool; all have the same length.

    Args:
        pool: Simulators with ``--tables=all``, or the twin.
        choose: Returns the actions.
        of: The scenario's fidelity, which provides the recorder.
        show: Called after each tick with the number of ticks done.

    Raises:
        ConfigError: The scenario has several groups of agents.
    """
    spec = pool.spec
    if len(spec.groups) != 1:
        raise ConfigError(
            f"scenario {spec.scenario!r} has {len(spec.groups)} groups of agents; traces hold the actions of one group"
        )
    (group,) = spec.groups
    shape = (pool.num_envs, spec.ticks, len(group.agents))
    discrete = np.zeros((*shape, len(group.discrete_heads)), np.int16)
    continuous = np.zeros((*shape, len(group.continuous_heads)), np.float32)
    active, rewards = np.zeros(shape, np.bool_), np.zeros(shape[:2], np.float32)
    recorder = of.recorder(pool)
    batch = pool.reset()
    for tick in range(spec.ticks):
        (joint,) = choose(batch)
        deciding = batch.groups[0].active.copy()
        active[:, tick] = deciding
        sent = fill_inactive(group, deciding, joint.discrete, joint.continuous)
        discrete[:, tick], continuous[:, tick] = sent.discrete, sent.continuous
        recorder.decided(tick, deciding)
        batch = pool.step([joint])
        rewards[:, tick] = batch.groups[0].rewards.mean(-1)
        recorder.ended(tick, batch)
        show(tick + 1)
    played = []
    for e, final in enumerate(batch.final):
        assert final is not None
        metrics = {metric.name: float(final.metrics[m]) for m, metric in enumerate(spec.metrics)}
        columns = {name: values[e] for name, values in recorder.columns.items()}
        played.append(Episode(discrete[e], continuous[e], active[e], rewards[e], columns, metrics))
    return played
