# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Simple policies, for specs with the features and heads of ``aiot-mec``; they refuse other specs."""
