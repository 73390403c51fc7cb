# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""``python -m ns3marl.cli``."""

import sys

from ns3marl.cli import main

sys.exit(main())
