# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""How far a build is, on the standard error: one line that changes on a terminal, a few lines elsewhere."""

from __future__ import annotations

import contextlib
import re
import sys
import time
from types import TracebackType

_STEP = re.compile(r"^\[(\d+)/(\d+)\] ")
_QUIET_S = 20.0  # between lines where there is no terminal


class BuildDisplay:
    """Takes the lines that CMake and Ninja print, as ``toolchain.build(echo=...)`` gives them.

    Args:
        what: What is done, such as `compiling echo`.
    """

    def __init__(self, what: str) -> None:
        self._what = what
        self._started_s = time.monotonic()
        self._said_s = self._started_s
        self._is_terminal = False
        with contextlib.suppress(ValueError):  # a closed output is none
            self._is_terminal = sys.stderr is not None and sys.stderr.isatty()

    def __enter__(self) -> BuildDisplay:
        self._say("\r" if self._is_terminal else "\n", self._what)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        seconds = time.monotonic() - self._started_s
        self._say("\n", f"{self._what}: {f'{seconds:.0f} s' if kind is None else 'failed'}")

    def __call__(self, line: str) -> None:
        """Shows what a line says about the progress, if it says anything."""
        step = _STEP.match(line)
        if step is None or (not self._is_terminal and time.monotonic() - self._said_s < _QUIET_S):
            return
        self._say("\r" if self._is_terminal else "\n", f"{self._what}: step {step[1]} of {step[2]}")

    def _say(self, end: str, text: str) -> None:
        self._said_s = time.monotonic()
        # A display that nobody reads any more must not end the build.
        with contextlib.suppress(OSError, ValueError):
            print(f"\x1b[2K{text}" if self._is_terminal else text, end=end, file=sys.stderr, flush=True)
