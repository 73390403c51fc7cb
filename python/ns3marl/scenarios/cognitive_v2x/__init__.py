# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""``cognitive-v2x``: simple policies and configurations."""
