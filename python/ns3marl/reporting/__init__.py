# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Plots and reports of runs and evaluations."""
