# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The mathematics of learning: distributions, networks, returns and rollouts. No loops, no environments."""
