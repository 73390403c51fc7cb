# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The random numbers of actions follow from the seed, the run and the tick of a row, and from nothing else."""

from __future__ import annotations

import numpy as np
from toy_game import ToyPool

from ns3marl.algorithms.imappo import Imappo, ImappoOptions
from ns3marl.rl.policy import action_generators

TICKS = 3


def numbers(num_envs: int, seed: int, ticks: int) -> dict[tuple[int, int, int], float]:
    """The first number of each generator of a pool, by seed, run and tick; the policy consumes further ones."""
    pool = ToyPool(num_envs=num_envs, seed=seed, ticks=TICKS)
    learner = Imappo(pool.spec, 0, ImappoOptions(), seed=1)
    batch = pool.reset()
    drawn: dict[tuple[int, int, int], float] = {}
    for _ in range(ticks):
        rngs = action_generators(batch)
        keys = zip(batch.seed.tolist(), batch.run.tolist(), batch.tick.tolist(), strict=True)
        drawn |= dict(zip(keys, [rng.random() for rng in rngs], strict=True))
        batch = pool.step([learner.act(batch, rngs)])
    return drawn


def test_they_do_not_depend_on_how_environments_are_batched() -> None:
    alone, beside = numbers(1, 5, 4 * TICKS), numbers(4, 5, TICKS)
    assert alone == beside
    assert len(set(alone.values())) == 4 * TICKS


def test_seeds_runs_and_ticks_all_count() -> None:
    of = {**numbers(2, 5, 2 * TICKS), **numbers(2, 6, 2 * TICKS)}
    assert len(of) == len(set(of.values())) == 2 * 4 * TICKS


def test_they_share_no_stream_with_others_of_the_same_seed_and_run() -> None:
    # NumPy pads keys with zeros: without a domain in front, tick 0 would have the stream of (seed, run).
    batch = ToyPool(num_envs=1, seed=5).reset()
    (own,) = action_generators(batch)
    assert own.random() != np.random.default_rng((5, 1)).random() == np.random.default_rng((5, 1, 0)).random()
