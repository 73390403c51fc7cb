# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Environments: the pool of simulators and its adapters to PettingZoo and Gymnasium."""

from ns3marl.env import registration as registration  # the ids of the bundled scenarios
