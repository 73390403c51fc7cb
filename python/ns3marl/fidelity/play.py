# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Plays episodes on either side and keeps what a trace holds.

A policy's random numbers are keyed by (seed, run, tick), so on both sides it draws the same ones.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ns3marl.fidelity.trace import COMPLETED, Episode
from ns3marl.launch.environments import Environments
from ns3marl.rl.policy import Policy, action_generators
from ns3marl.scenarios.aiot_mec.twin.pool import FastPool
from ns3marl.types import Actions, Batch, Int64, Spec

#: Decides for all rows of a batch.
PolicyFunction = Callable[[Batch], list[Actions]]
CHANNEL = 2  # of the discrete heads
_AGE = "aoi_ticks"


@dataclass
class _Ended:
    """Tasks that ended in an interval, one row each: environment, tick of arrival, device, outcome, latency in seconds."""

    env: Int64
    tick: Int64
    device: Int64
    outcome: Int64
    latency_s: NDArray[Any]


def acting(policy: Policy, noise_seed: int) -> PolicyFunction:
    """A policy that acts itself.

    Args:
        policy: Who decides.
        noise_seed: Of its random numbers, in place of the episodes' seed.
    """

    def choose(batch: Batch) -> list[Actions]:
        seeded = replace(batch, seed=np.full_like(batch.seed, noise_seed))
        return policy.act(batch, action_generators(seeded))

    return choose


class ReplayPolicy:
    """Recorded actions. A channel that this side masks, because an earlier task keeps the modem tuned, gives way.

    Args:
        spec: Of the environments.
        discrete: [B,T,N,3].
        continuous: [B,T,N,2].
    """

    def __init__(self, spec: Spec, discrete: NDArray[Any], continuous: NDArray[Any]) -> None:
        offsets = spec.groups[0].mask_offsets
        self._channels = slice(offsets[CHANNEL], offsets[CHANNEL + 1])
        self._discrete, self._continuous = discrete.astype(np.int32), continuous.astype(np.float32)
        self.moved = 0  #: tasks whose channel gave way

    def __call__(self, batch: Batch) -> list[Actions]:
        """See ``PolicyFunction``."""
        tick = int(batch.tick[0])
        discrete = self._discrete[:, tick].copy()
        masks = batch.groups[0].masks[..., self._channels]
        wanted = discrete[..., CHANNEL, None]
        allowed = np.take_along_axis(masks, wanted, -1)[..., 0] | ~batch.groups[0].active
        discrete[..., CHANNEL] = np.where(allowed, wanted[..., 0], masks.argmax(-1))
        self.moved += int((~allowed).sum())
        return [Actions(discrete, self._continuous[:, tick])]


def play(
    pool: Environments, choose: PolicyFunction, show: Callable[[int], None] = lambda _: None
) -> list[Episode]:
    """The first episode of every environment of a pool; all have the same length.

    Args:
        pool: Simulators with ``--tables=all``, or the twin.
        choose: Decides.
        show: Called after each tick with the number of ticks done.
    """
    spec = pool.spec
    (group,) = spec.groups
    age = [feature.name for feature in group.features].index(_AGE)
    shape = (pool.num_envs, spec.ticks, len(group.agents))
    discrete = np.zeros((*shape, len(group.discrete_heads)), np.int16)
    continuous = np.zeros((*shape, len(group.continuous_heads)), np.float32)
    active, rewards = np.zeros(shape, np.bool_), np.zeros(shape[:2], np.float32)
    outcomes, latency_s = np.full(shape, -1, np.int8), np.full(shape, np.nan, np.float32)
    ages = np.zeros(shape, np.uint8)
    batch = pool.reset()
    for tick in range(spec.ticks):
        (joint,) = choose(batch)
        asked = batch.groups[0].active.copy()
        active[:, tick] = asked
        outcomes[:, tick][asked] = 0
        discrete[:, tick] = np.where(asked[..., None], joint.discrete, group.default_discrete)
        continuous[:, tick] = np.where(asked[..., None], joint.continuous, group.default_continuous)
        batch = pool.step([joint])
        rewards[:, tick] = batch.groups[0].rewards.mean(-1)
        ended = _of_twin(pool, tick) if isinstance(pool, FastPool) else _of_tables(batch)
        outcomes[ended.env, ended.tick, ended.device] = ended.outcome
        done = ended.outcome == COMPLETED
        latency_s[ended.env[done], ended.tick[done], ended.device[done]] = ended.latency_s[done]
        for e, final in enumerate(batch.final):
            seen = batch.groups[0].observations[e] if final is None else final.observations[0]
            ages[e, tick] = np.minimum(seen[:, age], 100)
        show(tick + 1)
    played = []
    for e, final in enumerate(batch.final):
        assert final is not None
        metrics = {metric.name: float(final.metrics[m]) for m, metric in enumerate(spec.metrics)}
        played.append(
            Episode(
                discrete[e],
                continuous[e],
                active[e],
                rewards[e],
                outcomes[e],
                latency_s[e],
                ages[e],
                metrics,
            )
        )
    return played


def _of_tables(batch: Batch) -> _Ended:
    """From the scenario's own table of tasks."""
    rows = [(e, tables["tasks"]) for e, tables in enumerate(batch.tables) if "tasks" in tables]

    def column(name: str) -> NDArray[Any]:
        return np.concatenate([np.zeros(0, np.int64), *(table[name] for _, table in rows)])

    env = [np.full(len(table["tick"]), e) for e, table in rows]
    return _Ended(
        np.concatenate([np.zeros(0, np.int64), *env]),
        column("tick").astype(np.int64),
        column("device").astype(np.int64),
        column("outcome").astype(np.int64),
        column("latency"),
    )


def _of_twin(pool: FastPool, tick: int) -> _Ended:
    """From what the twin's last interval left."""
    outcome = pool.sim.outcome.cpu().numpy()
    env, device, slot = outcome.nonzero()
    arrival = tick - (tick - slot) % outcome.shape[2]
    latency_us = pool.sim.latency_us.cpu().numpy()[env, device, slot]
    return _Ended(env, arrival, device, outcome[env, device, slot], latency_us * 1e-6)
