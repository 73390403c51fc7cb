# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Learners, one algorithm per file. They take and return arrays; `training` steps the environments."""
