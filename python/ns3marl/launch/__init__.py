# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Opens environments on any backend, and runs work in processes of its own or on a Ray cluster."""
