# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The toy game as a backend, and policies of it, for tests of what plays one episode."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

from toy_game import ToyPool

from ns3marl.config import Config, load
from ns3marl.types import Actions, Batch

TICKS = 10
opened: list[ToyPool] = []  #: pools that are not closed
gate = threading.Event()  #: an episode of "gated" goes on while it is set


class Counted(ToyPool):
    """Knows whether it was closed."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        opened.append(self)

    def close(self) -> None:
        """Ends it."""
        opened.remove(self)
        super().close()


class Gated(Counted):
    """Waits for the gate at every step."""

    def step(self, actions: Sequence[Actions]) -> Batch:
        """One tick."""
        gate.wait(30)
        return super().step(actions)


class Broken(Counted):
    """Fails at tick 3."""

    def step(self, actions: Sequence[Actions]) -> Batch:
        """One tick."""
        batch = super().step(actions)
        if batch.tick[0] == 3:
            raise ZeroDivisionError("as tests want it")
        return batch


def make(
    kind: type[Counted] = Counted, *, num_envs: int, seed: int, first_run: int, **options: Any
) -> ToyPool:
    """Opens the game as a backend."""
    del options
    return kind(num_envs=num_envs, seed=seed, first_run=first_run, ticks=TICKS)


def make_gated(**options: Any) -> ToyPool:
    """A game that waits for the gate."""
    return make(Gated, **options)


def make_broken(**options: Any) -> ToyPool:
    """A game that fails."""
    return make(Broken, **options)


def config(backend: str = "make") -> Config:
    """Of the game."""
    return load(None, ["scenario.name=toy", f"scenario.backend=toy_view:{backend}"])
