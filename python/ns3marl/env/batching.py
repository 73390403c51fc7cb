# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Batches: the last observations of several environments as arrays with a leading axis."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ns3marl.env.episode import Environment
from ns3marl.errors import SpecViolation
from ns3marl.protocol import codec
from ns3marl.types import Actions, Batch, Final, Spec


class Batching:
    """Makes batches of one pool.

    Args:
        spec: of the pool.
        num_envs: E.
        builtin: Whether observations carry the built-in policy's action.
    """

    def __init__(self, spec: Spec, num_envs: int, *, builtin: bool = False) -> None:
        self._spec = spec
        self._builtin = builtin
        self._blocks: dict[int, codec.Block] = {}  # made ahead, by number of rows
        self._all_ids = np.arange(num_envs)
        self._all_false = np.zeros(num_envs, np.bool_)
        self._all_ids.flags.writeable = self._all_false.flags.writeable = False
        # The arrays of seeds and runs change only as episodes begin.
        self._named: list[int] = []
        self._seeds = self._runs = self._all_ids

    def prepare(self, rows: int) -> None:
        """Allocates memory for a batch of this many rows in advance."""
        if rows not in self._blocks:
            self._blocks[rows] = codec.Block(self._spec, rows)

    def assemble(self, envs: Sequence[Environment], rng_seed: int) -> Batch:
        """A batch of the last observations of these environments, which all must have one; ``rng_seed`` is their episodes' seed."""
        seen = [env.observation for env in envs if env.observation is not None]
        block = self._blocks.pop(len(envs), None) or codec.Block(self._spec, len(envs))
        block.fill([observation.arrays for observation in seen])
        named = [rng_seed, *[env.run for env in envs]]
        if named != self._named:
            self._named = named
            self._seeds, self._runs = np.full(len(envs), rng_seed), np.array(named[1:])
            self._seeds.flags.writeable = self._runs.flags.writeable = False
        all_of_them = len(envs) == len(self._all_ids)
        none_ended = self._all_false if all_of_them else self._all_false[: len(envs)]
        return Batch(
            self._all_ids if all_of_them else np.array([env.index for env in envs]),
            self._seeds,
            self._runs,
            np.array([observation.tick for observation in seen]),
            np.array([observation.sim_time_ns for observation in seen]),
            block.groups,
            block.state,
            block.metrics,
            none_ended,
            none_ended,
            [None] * len(envs),
            [observation.tables for observation in seen],
            _joined([observation.builtin for observation in seen]) if self._builtin else None,
        )

    def tell_of_ends(self, batch: Batch, envs: Sequence[Environment], rng_seed: int) -> None:
        """Adds the results of ended episodes to the rows of their environments."""
        batch.terminated, batch.truncated = batch.terminated.copy(), batch.truncated.copy()
        for row, env in enumerate(envs):
            if env.ended is not None:
                self._tell_of_end(batch, row, env.ended, env.ended_run, rng_seed)
                env.ended = None

    def _tell_of_end(self, batch: Batch, row: int, ended: codec.Observation, run: int, rng_seed: int) -> None:
        block = codec.Block(self._spec, 1)
        block.fill([ended.arrays])
        for now, then in zip(batch.groups, block.groups, strict=True):
            now.rewards[row] = then.rewards[0]
        batch.metrics[row] = block.metrics[0]
        batch.terminated[row] = ended.terminated
        batch.truncated[row] = ended.truncated
        batch.tables[row] = ended.tables
        batch.final[row] = Final(
            ended.tick,
            ended.sim_time_ns,
            ended.terminated,
            ended.truncated,
            tuple([group[0] for group in block.groups]),
            tuple([rows[0] for rows in block.state]),
            block.metrics[0],
            rng_seed,
            run,
        )


def _joined(rows: Sequence[tuple[Actions, ...] | None]) -> tuple[Actions, ...]:
    """Joint actions of several environments, one ``Actions`` [B,...] per group.

    Raises:
        SpecViolation: Some simulators sent none.
    """
    sent = [row for row in rows if row is not None]
    if len(sent) < len(rows):
        raise SpecViolation("an observation came without the built-in policy's action, which was asked for")
    return tuple(
        [
            Actions(
                np.concatenate([g.discrete for g in group]), np.concatenate([g.continuous for g in group])
            )
            for group in zip(*sent, strict=True)
        ]
    )


def cpu_ns(envs: Sequence[Environment]) -> int:
    """CPU time of all simulators for the ticks of this batch [ns]."""
    return sum(
        [
            (0 if env.observation is None else env.observation.tick_cpu_ns)
            + (0 if env.ended is None else env.ended.tick_cpu_ns)
            for env in envs
        ]
    )


def wall_ns(envs: Sequence[Environment]) -> int:
    """The longest wall-clock time that one simulator needed for this batch, ended and begun episodes together [ns]."""
    return max(
        [
            (0 if env.observation is None else env.observation.tick_wall_ns)
            + (0 if env.ended is None else env.ended.tick_wall_ns)
            for env in envs
        ]
    )
