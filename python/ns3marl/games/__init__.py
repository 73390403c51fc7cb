# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Games whose solutions are known, and the tabular learners that solve them; see docs/games.md."""
