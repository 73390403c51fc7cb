# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Policies: one file, one algorithm. They get arrays and return arrays; `training` drives the environments."""
