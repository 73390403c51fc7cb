# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Reproduction of the published evaluation of IMAPPO in ns-3: its tables as cells of a study, and a page with the results."""
