# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Ids of scenarios in Gymnasium and PettingZoo, ``ns3marl/SCENARIO-v0``. Importing ``ns3marl.env`` registers them.

Every scenario that comes with ns3marl or with an installed package has one (``ns3marl.home``). ``gymnasium.make(ID)`` gives an ``Ns3Env``,
``pettingzoo.make("parallel", ID)`` an ``Ns3ParallelEnv``, ``pettingzoo.make("aec", ID)`` its turn-based version.
``ns3marl/ns3gym-v0`` in Gymnasium is an ``Ns3GymEnv``.
"""

from __future__ import annotations

import gymnasium
import pettingzoo

from ns3marl import home

IDS = {name: f"ns3marl/{name}-v0" for name in home.names()}
"""By name of the scenario."""

for _name, _id in IDS.items():
    _scenario = {"scenario": _name}
    gymnasium.register(_id, entry_point="ns3marl.env.gymnasium:Ns3Env", kwargs=_scenario)
    if hasattr(pettingzoo, "register"):  # PettingZoo has a registry from 1.27 on
        pettingzoo.register(
            "parallel", _id, entry_point="ns3marl.env.pettingzoo:Ns3ParallelEnv", kwargs=_scenario
        )
        pettingzoo.register("aec", _id, entry_point="ns3marl.env.pettingzoo:aec_env", kwargs=_scenario)
gymnasium.register("ns3marl/ns3gym-v0", entry_point="ns3marl.compat.ns3gym:Ns3GymEnv")
