# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The fast twin: scenario ``aiot-mec`` as batched torch equations, with the spec of the C++ scenario (docs/fastsim.md)."""
