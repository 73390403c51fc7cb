# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Ids in Gymnasium: every scenario has one, and ``module:id`` needs no import of ns3marl."""

from __future__ import annotations

import subprocess
import sys

import pytest

from ns3marl import home

_MAKE = """
import gymnasium
for name in {names!r}:
    environment = gymnasium.make(f"ns3marl.env:ns3marl/{{name}}-v0")
    environment.reset(seed=1)
    environment.close()
"""


@pytest.mark.report("P13")
@pytest.mark.usefixtures("built_scenarios")
def test_every_scenario_is_made_by_its_id_alone() -> None:
    names = [name for name in home.bundled() if name != "games"]
    assert {"aiot-mec", "cognitive-v2x", "slice-lte", "edge-cloud", "echo", "template"} <= set(names)
    subprocess.run([sys.executable, "-c", _MAKE.format(names=names)], check=True, timeout=120)
