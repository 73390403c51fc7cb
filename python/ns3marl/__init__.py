# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""ns3marl: ns-3 and multi-agent reinforcement learning in lockstep."""
