# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""``slice-lte``: slices of an LTE cell that share its resource blocks and the CPU of an edge server."""

from ns3marl.home import ScenarioHome, SimplePolicy

_POLICIES = "ns3marl.scenarios.slice_lte.policies"

HOME = ScenarioHome(
    name="slice-lte",
    policies={
        "equal-split": SimplePolicy(make=f"{_POLICIES}:EqualSplit"),
        "follow-satisfaction": SimplePolicy(make=f"{_POLICIES}:FollowSatisfaction"),
    },
    metrics=(
        "embb_satisfaction",
        "urllc_satisfaction",
        "mmtc_satisfaction",
        "embb_radio_held",
        "urllc_radio_held",
        "mmtc_radio_held",
    ),
)
