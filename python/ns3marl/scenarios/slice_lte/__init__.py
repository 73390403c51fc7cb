# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""``slice-lte``: slices of an LTE cell that share its resource blocks."""

from ns3marl.home import ScenarioHome

HOME = ScenarioHome(name="slice-lte")
