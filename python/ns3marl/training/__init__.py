# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""What turns an algorithm and a scenario into a run folder, an evaluation and a report."""
