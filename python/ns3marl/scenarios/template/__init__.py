# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""``template``: stations that share slots; where every new scenario begins."""

from ns3marl.home import ScenarioHome

HOME = ScenarioHome(name="template", is_template=True)
