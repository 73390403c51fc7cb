# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Studies: many policies, trained in many settings and evaluated on the same held-out episodes, and a page with the results."""
