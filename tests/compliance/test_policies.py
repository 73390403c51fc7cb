# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""All simple policies keep the rules that all policies keep: the generic ones, and those that scenarios bring."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import ClassVar

import pytest

from ns3marl import home, policies
from ns3marl.algorithms import registry
from ns3marl.algorithms.ippo import IppoOptions
from ns3marl.env.pool import Pool
from ns3marl.launch.environments import Environments
from ns3marl.rl.policy import Policy
from ns3marl.testing import PolicyCompliance
from ns3marl.types import Spec

ARGUMENTS = {
    "aiot-mec": (("--devices=4", "--servers=3", "--channels=2", "--ticks=8"),),
    "cognitive-v2x": (("--pairs=4", "--ticks=8"),),
    "edge-cloud": (("--devices=4", "--ticks=8"),),
    "slice-lte": (("--embbDevices=1", "--urllcDevices=1", "--mmtcDevices=2", "--ticks=3"),),
    "template": (("--ticks=8",),),
}


class TestRandom(PolicyCompliance):
    def make(self, spec: Spec) -> Policy:
        return policies.Random(spec)


class TestDefault(PolicyCompliance):
    def make(self, spec: Spec) -> Policy:
        return policies.Default(spec)


class TestTeam(PolicyCompliance):
    """A learner's policy is one too."""

    def make(self, spec: Spec) -> Policy:
        return registry.make("ippo", spec, IppoOptions(), 1)


class TestBuiltin(PolicyCompliance):
    any_mask = False  # it passes on what C++ chose under the masks of the observation

    @pytest.fixture(autouse=True)
    def _find(self, scenario_path: Callable[[str], Path]) -> None:
        self.executable = scenario_path("echo")

    def make(self, spec: Spec) -> Policy:
        return policies.Builtin(spec)

    def environments(self) -> Iterator[Environments]:
        arguments = ("--ticks=5", "--masked=true", "--idle=true", "--groups=2")
        yield Pool(self.executable, num_envs=2, arguments=arguments, builtin=True, spares=0)


class _OfScenario(PolicyCompliance):
    """Every policy of a scenario's home, on its simulators."""

    scenario: ClassVar[str]
    any_mask = False  # each knows what its scenario always allows

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        metafunc.parametrize("name", list(home.bundled()[self.scenario].policies))

    @pytest.fixture(autouse=True)
    def _choose(self, name: str, scenario_path: Callable[[str], Path]) -> None:
        self.name, self.executable = name, scenario_path(self.scenario)

    def make(self, spec: Spec) -> Policy:
        return policies.make(self.name, spec, home.bundled()[self.scenario])

    def environments(self) -> Iterator[Environments]:
        for arguments in ARGUMENTS[self.scenario]:
            yield Pool(self.executable, num_envs=2, arguments=arguments, spares=0)


class TestAiotMec(_OfScenario):
    scenario = "aiot-mec"


class TestCognitiveV2x(_OfScenario):
    scenario = "cognitive-v2x"


class TestEdgeCloud(_OfScenario):
    scenario = "edge-cloud"


class TestSliceLte(_OfScenario):
    scenario = "slice-lte"


class TestTemplate(_OfScenario):
    scenario = "template"


def test_the_policies_of_every_bundled_scenario_are_tested() -> None:
    having = {name for name, brought in home.bundled().items() if brought.policies}
    assert {kind.scenario for kind in _OfScenario.__subclasses__()} == having
