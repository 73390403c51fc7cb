# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""``slice-lte``: configurations."""
