# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The wire: generated messages and the codec between bytes and types."""
