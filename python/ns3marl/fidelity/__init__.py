# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Fidelity: compares a policy in the twin and in ns-3 on the same worlds (docs/fidelity.md)."""
