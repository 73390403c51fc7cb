# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Scenarios at home: each folder holds what Python knows of one scenario."""
