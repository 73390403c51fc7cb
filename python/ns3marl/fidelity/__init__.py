# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Fidelity: what a policy does in the twin and packet by packet, on the same worlds (docs/fidelity.md)."""
