# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The four pools keep the rules that all pools keep."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from ns3marl.config import Config
from ns3marl.env.pool import Pool
from ns3marl.games.team import TeamPool
from ns3marl.launch.environments import Environments, MixedPool, open_pool
from ns3marl.testing import PoolCompliance, games

SMALL = ("--devices=3", "--servers=2", "--channels=2", "--ticks=5")


class _OfSimulators(PoolCompliance):
    """Pools that launch an executable."""

    scenario: str

    @pytest.fixture(autouse=True)
    def _find(self, scenario_path: Callable[[str], Path]) -> None:
        self.executable = scenario_path(self.scenario)


class TestPool(_OfSimulators):
    scenario = "echo"

    def make(
        self, *, num_envs: int, seed: int = 1, first_run: int = 1, resumable: bool = False
    ) -> Environments:
        return Pool(
            self.executable,
            arguments=("--ticks=4", "--masked=true", "--idle=true", "--groups=2", "--agents=3", "--leave=2"),
            num_envs=num_envs,
            seed=seed,
            first_run=first_run,
            resumable=resumable,
            spares=0,
        )


def configured(executable: Path, ns3_envs: int = 0) -> Config:
    """The twin, or the twin beside so many simulators."""
    config = Config()
    return dataclasses.replace(
        config,
        scenario=dataclasses.replace(
            config.scenario, name=str(executable), arguments=SMALL, backend="fastsim"
        ),
        pool=dataclasses.replace(config.pool, spares=0, ns3_envs=ns3_envs),
    )


class TestFastPool(_OfSimulators):
    scenario = "aiot-mec"

    def make(
        self, *, num_envs: int, seed: int = 1, first_run: int = 1, resumable: bool = False
    ) -> Environments:
        del resumable  # it always is
        return open_pool(configured(self.executable), seed, num_envs, first_run)


class TestMixedPool(_OfSimulators):
    scenario = "aiot-mec"
    sizes = (2, 3)

    def make(
        self, *, num_envs: int, seed: int = 1, first_run: int = 1, resumable: bool = False
    ) -> Environments:
        del resumable  # it always is
        pool = open_pool(configured(self.executable, ns3_envs=1), seed, num_envs, first_run)
        assert isinstance(pool, MixedPool)
        return pool

    def parts(self, num_envs: int) -> Sequence[int]:
        return 1, num_envs - 1


class TestTeamPool(PoolCompliance):
    def make(
        self, *, num_envs: int, seed: int = 1, first_run: int = 1, resumable: bool = False
    ) -> Environments:
        return TeamPool(
            games.two_kinds(), num_envs=num_envs, seed=seed, first_run=first_run, resumable=resumable
        )
