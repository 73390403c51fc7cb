# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""``echo``: agents whose observations name the expected actions; for tests of the wire."""

from ns3marl.home import ScenarioHome

HOME = ScenarioHome(name="echo")
