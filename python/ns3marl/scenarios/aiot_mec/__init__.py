# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""``aiot-mec``: simple policies, the exogenous world, the fast twin and a plot of the network."""
