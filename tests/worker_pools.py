# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Environments that asynchronous workers open in their own processes; some fail there."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence

from gymnasium_pool import CARTPOLE, GymnasiumPool
from toy_game import ToyPool

from ns3marl.config import Config
from ns3marl.errors import Crashed
from ns3marl.types import Actions, Batch


def toy(config: Config, seed: int, num_envs: int, first_run: int) -> ToyPool:
    del config
    return ToyPool(num_envs=num_envs, seed=seed, first_run=first_run)


def cartpole(config: Config, seed: int, num_envs: int, first_run: int) -> GymnasiumPool:
    del config
    return GymnasiumPool("CartPole-v1", CARTPOLE, num_envs=num_envs, seed=seed, first_run=first_run)


class _Crashing(ToyPool):
    def step(self, actions: Sequence[Actions]) -> Batch:
        if self.timing.ticks == 50:
            raise Crashed("the simulator is gone")
        return super().step(actions)


def crashing(config: Config, seed: int, num_envs: int, first_run: int) -> ToyPool:
    del config
    return _Crashing(num_envs=num_envs, seed=seed, first_run=first_run)


class _Dying(ToyPool):
    def step(self, actions: Sequence[Actions]) -> Batch:
        if self.timing.ticks == 50:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().step(actions)


def dying(config: Config, seed: int, num_envs: int, first_run: int) -> ToyPool:
    """Only the second worker dies."""
    del config
    kind = _Dying if first_run > 1_000 else ToyPool
    return kind(num_envs=num_envs, seed=seed, first_run=first_run)
