# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""``cognitive-v2x``: pairs of vehicles on licensed channels."""

from ns3marl.home import ScenarioHome, SimplePolicy

_POLICIES = "ns3marl.scenarios.cognitive_v2x.policies"

HOME = ScenarioHome(
    name="cognitive-v2x",
    policies={
        "random-channel": SimplePolicy(make=f"{_POLICIES}:RandomChannel"),
        "sense-greedy": SimplePolicy(make=f"{_POLICIES}:SenseGreedy"),
        "listen-before-talk": SimplePolicy(make=f"{_POLICIES}:ListenBeforeTalk"),
        "underlay": SimplePolicy(make=f"{_POLICIES}:Underlay"),
        "coordinated-access": SimplePolicy(make=f"{_POLICIES}:CoordinatedAccess", central=True),
    },
)
