# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""What a person sees while a run goes on: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import IO, Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

_PLAIN_EVERY_S = 15.0

#: Is told the fraction of the work that is done, 0 to 1, and a line of figures.
Report = Callable[[float, str], None]


class _Unfailing:
    """A stream that goes on without its reader: what cannot be written is lost, and the work goes on.

    Args:
        stream: Behind it.
    """

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """As of the stream, but without its errors."""
        with suppress(OSError, ValueError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """As of the stream, but without its errors."""
        with suppress(OSError, ValueError):
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class ProgressDisplay:
    """Shows how far a piece of work is, when it will end, and a line of figures.

    Where nobody reads it any more, it is silent.

    Args:
        title: What is being done.
        console: Where to show it; a bar if that is a terminal. Or who is told.
        done: Fraction that was done before, in an earlier sitting.
    """

    def __init__(self, title: str, console: Console | Report, done: float = 0.0) -> None:
        self._title, self._console, self._start = title, console, done
        self._begun_s = time.monotonic()
        self._shown_s = self._begun_s
        self._bar: Progress | None = None
        self._task = TaskID(0)
        if isinstance(console, Console):
            console.file = _Unfailing(console.file)  # type: ignore[assignment] # all that rich and print need of one
        if isinstance(console, Console) and console.is_terminal:
            self._bar = Progress(
                TextColumn("{task.description}"),
                BarColumn(24),
                TextColumn("{task.fields[text]}"),
                console=console,
            )
            self._task = self._bar.add_task(title, total=1.0, text="starting")

    def show(self, done: float, text: str, *, force: bool = False) -> None:
        """Updates the display.

        Args:
            done: Fraction of the work, 0 to 1.
            text: Figures to show beside it.
            force: Print a plain line even if the last one is recent.
        """
        if not isinstance(self._console, Console):
            self._console(done, text)
            return
        now_s = time.monotonic()
        text = f"{100 * min(done, 1):3.0f} %  left {self._left(done, now_s)}  {text}"
        if self._bar is not None:
            self._bar.update(self._task, completed=min(done, 1.0), text=text)
        elif force or now_s - self._shown_s >= _PLAIN_EVERY_S:
            self._shown_s = now_s
            print(f"{self._title}: {text}", file=self._console.file, flush=True)

    def _left(self, done: float, now_s: float) -> str:
        gained = done - self._start
        if gained <= 0:
            return "-:--"
        left_s = max(0.0, (1 - done) / gained * (now_s - self._begun_s))
        minutes, seconds = divmod(round(left_s), 60)
        hours, minutes = divmod(minutes, 60)
        return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"

    def __enter__(self) -> ProgressDisplay:
        """The display itself."""
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leaves the last state on the screen."""
        if self._bar is not None:
            self._bar.stop()
