# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Policies that do not learn, for specs that name their features and heads as ``aiot-mec`` does; they refuse any other."""
