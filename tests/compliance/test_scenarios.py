# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Every bundled scenario keeps the rules that all scenarios keep."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ns3marl import home
from ns3marl.testing import ScenarioCompliance


class _Bundled(ScenarioCompliance):
    @pytest.fixture
    def executable(self, scenario_path: Callable[[str], Path]) -> Path:
        return scenario_path(str(self.scenario))


class TestEcho(_Bundled):
    scenario = "echo"
    arguments = (
        ("--ticks=8", "--idle=true", "--masked=true"),
        ("--ticks=8", "--groups=2", "--agents=3", "--leave=3", "--rejoin=6"),
        ("--ticks=9", "--askEvery=2", "--idleTicks=false", "--terminate=7"),
        ("--duration=1s", "--requestEvery=70ms"),
    )


class TestTemplate(_Bundled):
    scenario = "template"
    arguments = (("--ticks=12",), ("--ticks=6", "--stations=4"))
    runs_differ = False  # it is small enough to be certain


class TestAiotMec(_Bundled):
    scenario = "aiot-mec"
    arguments = (("--devices=4", "--servers=2", "--channels=2", "--ticks=10"),)


class TestCognitiveV2x(_Bundled):
    scenario = "cognitive-v2x"
    arguments = (("--pairs=3", "--ticks=12"),)


class TestEdgeCloud(_Bundled):
    scenario = "edge-cloud"
    arguments = (("--devices=4", "--ticks=10"), ("--devices=4", "--ticks=12", "--churn=0.3"))


class TestSliceLte(_Bundled):
    scenario = "slice-lte"
    arguments = (("--embbDevices=1", "--urllcDevices=1", "--mmtcDevices=2", "--ticks=4"),)


def test_every_bundled_scenario_is_tested() -> None:
    assert {kind.scenario for kind in _Bundled.__subclasses__()} == set(home.bundled())
