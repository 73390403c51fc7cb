# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import gymnasium
import pettingzoo

import ns3marl.env  # noqa: F401 - registers the ids
from ns3marl import home
from ns3marl.env.registration import IDS


def test_every_bundled_scenario_has_its_ids() -> None:
    assert set(home.bundled()) <= set(IDS)
    for name, identifier in IDS.items():
        assert identifier == f"ns3marl/{name}-v0"
        assert gymnasium.spec(identifier).kwargs["scenario"] == name
    if hasattr(pettingzoo, "register"):
        assert hasattr(pettingzoo, "make")
