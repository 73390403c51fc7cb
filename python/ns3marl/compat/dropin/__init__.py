# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""A module ``ns3gym`` for Python sides that were written for ns3-gym and shall stay as they are.

It is importable only where this folder stands on the module search path, so that it never hides an installed ns3-gym by accident:
``PYTHONPATH="$(python -m ns3marl.compat.dropin)" python agent.py``, or ``install`` in a notebook. Where it does hide one, it warns.
"""

from __future__ import annotations

import sys
from pathlib import Path

from ns3marl.errors import ConfigError

FOLDER = Path(__file__).parent
"""What goes on the module search path."""


def install() -> None:
    """Makes ``import ns3gym`` find the module here, in this process.

    Raises:
        ConfigError: another ``ns3gym`` has been imported already.
    """
    loaded = sys.modules.get("ns3gym")
    if loaded is not None and Path(loaded.__file__ or "").parent.parent != FOLDER:
        raise ConfigError(
            f"ns3gym has been imported from {loaded.__file__} already; call install() before that"
        )
    if str(FOLDER) not in sys.path:
        sys.path.insert(0, str(FOLDER))
