# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Prints the folder for PYTHONPATH: ``python -m ns3marl.compat.dropin``."""

from __future__ import annotations

from ns3marl.compat.dropin import FOLDER

if __name__ == "__main__":
    print(FOLDER)
