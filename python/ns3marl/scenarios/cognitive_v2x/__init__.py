# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""``cognitive-v2x``: pairs of vehicles on licensed channels."""

from ns3marl.home import ScenarioHome, SimplePolicy
from ns3marl.network_map import NetworkMap, Places

_POLICIES = "ns3marl.scenarios.cognitive_v2x.policies"

HOME = ScenarioHome(
    name="cognitive-v2x",
    map=NetworkMap(
        places=(
            Places(block="pair_state", x="position_x_m", y="position_y_m", queue="aoi_ticks"),
            Places(block="channel_state", x="receiver_x_m", y="receiver_y_m", shape="square", level="is_on"),
        )
    ),
    policies={
        "random-channel": SimplePolicy(make=f"{_POLICIES}:RandomChannel"),
        "sense-greedy": SimplePolicy(make=f"{_POLICIES}:SenseGreedy"),
        "listen-before-talk": SimplePolicy(make=f"{_POLICIES}:ListenBeforeTalk"),
        "underlay": SimplePolicy(make=f"{_POLICIES}:Underlay"),
        "coordinated-access": SimplePolicy(make=f"{_POLICIES}:CoordinatedAccess", central=True),
    },
)
