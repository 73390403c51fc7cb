# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Opens environments on any backend, and runs jobs in processes or on a Ray cluster."""
