# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Environments: the pool of simulators and its adapters to PettingZoo and Gymnasium."""

from ns3marl.checks import check_current_folder

check_current_folder("ns3marl.env")  # PettingZoo cannot be imported without

from ns3marl.env import registration as registration  # noqa: E402 - the ids of the bundled scenarios
