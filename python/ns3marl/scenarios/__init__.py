# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The scenarios that come with ns3marl: a package each, whose ``HOME`` names what the scenario has in Python (``ns3marl.home``)."""
