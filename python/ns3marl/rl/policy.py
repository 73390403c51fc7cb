# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""What every policy offers, and the random numbers it may draw."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ns3marl.types import Actions, Batch, Bool, Group, Int64


class Policy(Protocol):
    """Chooses the joint action of every environment in a batch."""

    def act(self, batch: Batch, rngs: Sequence[np.random.Generator]) -> list[Actions]:
        """One ``Actions`` per group of the spec.

        Args:
            batch: Observations of B environments.
            rngs: One generator per row of the batch; nothing else may supply randomness.
        """
        ...


def fill_inactive(group: Group, active: Bool, discrete: NDArray[Any], continuous: NDArray[Any]) -> Actions:
    """The joint action of a group, with the spec's defaults for agents that are not asked to act.

    Args:
        group: The agents.
        active: Who is asked to act, [B,A].
        discrete: Choices, [B,A,D].
        continuous: Real-valued actions in the heads' units, [B,A,R].
    """
    asked = active[..., None]
    return Actions(
        np.where(asked, discrete, group.default_discrete).astype(np.int32),
        np.where(asked, continuous, group.default_continuous).astype(np.float32),
    )


def action_generators(seed: int, runs: Sequence[int], ticks: Sequence[int]) -> list[np.random.Generator]:
    """Generators keyed by (seed, ns-3 RngRun, tick), one per row: an episode's noise is the same wherever it is played."""
    return [np.random.default_rng((seed, run, tick)) for run, tick in zip(runs, ticks, strict=True)]


class ActionGenerators:
    """Generators keyed by (seed, environment, episode, tick).

    Keys make an action's noise independent of the order in which environments answer, and of how much noise
    earlier ticks consumed. Episodes are counted by the ``final`` rows of the batches, so each batch must be
    passed exactly once.
    """

    def __init__(self, seed: int, num_envs: int) -> None:
        self.seed = seed
        self.episodes: Int64 = np.zeros(num_envs, dtype=np.int64)  #: [E] index of the running episode

    def generators(self, batch: Batch) -> list[np.random.Generator]:
        """One generator per row of the batch, length B."""
        for env, final in zip(batch.env_id, batch.final, strict=True):
            self.episodes[env] += final is not None
        return [
            np.random.default_rng((self.seed, int(env), int(self.episodes[env]), int(tick)))
            for env, tick in zip(batch.env_id, batch.tick, strict=True)
        ]
