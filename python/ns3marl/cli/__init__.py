# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The command line: ``ns3marl COMMAND``; ``--help`` lists the commands. A module here is a group of commands."""

from ns3marl.cli.main import main

__all__ = ["main"]
