# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Evaluates policies on held-out episodes and reports the results with intervals."""
