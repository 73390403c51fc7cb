# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Exit codes of the command line, with their meanings."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """How a command ended."""

    meaning: str  #: in a few words, for help and documentation

    def __new__(cls, code: int, meaning: str) -> Exit:
        """A code and its meaning."""
        made = int.__new__(cls, code)
        made._value_ = code
        made.meaning = meaning
        return made

    DONE = 0, "done"
    MISSING = 1, "doctor: something is missing"
    FAILED = 2, "error, or a policy was not evaluated"
    INTERRUPTED = 130, "stopped by Ctrl-C or a signal"
    NO_READER = 141, "nobody reads the output any more"
