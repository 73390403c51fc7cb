# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""A clock for waiting: the time in which this process could hear others.

A process that was stopped (Ctrl-Z, a suspended machine), that got no processor, or that learned meanwhile, has heard nobody. What it
could not hear must not count as their silence.
"""

from __future__ import annotations

import time

#: Whoever waits looks at the clock more often than this [s]; more between two looks is absence.
MAX_STEP_S = 0.25


class Clock:
    """A monotonic clock that goes on by at most ``MAX_STEP_S`` from one look at it to the next."""

    def __init__(self) -> None:
        self._now_s = 0.0
        self._looked_s = time.monotonic()

    def now_s(self) -> float:
        """The time in which this process was there [s], from 0."""
        looked_s = time.monotonic()
        self._now_s += min(looked_s - self._looked_s, MAX_STEP_S)
        self._looked_s = looked_s
        return self._now_s
