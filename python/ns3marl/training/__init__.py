# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Trains a learner: the loop, checkpoints, the log and experiments of several seeds."""
