# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Plays policies on held-out episodes and states the results with intervals."""
