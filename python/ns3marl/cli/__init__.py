# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The command line: ``ns3marl COMMAND``; ``--help`` lists the commands. A module here is a group of commands."""

import sys

try:
    from ns3marl.cli.main import main
except KeyboardInterrupt:  # Ctrl-C while libraries are still being imported
    sys.stderr.write("ns3marl: interrupted\n")
    raise SystemExit(130) from None

__all__ = ["main"]
