# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The published evaluation of IMAPPO, made anew packet by packet: its tables as cells of a study, and a page about them."""
