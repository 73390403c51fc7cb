# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""What a person sees while a run goes on: a bar on a terminal, one line that changes in a notebook, plain lines elsewhere."""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import IO, Any, Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

_PLAIN_EVERY_S = 15.0
_NOTEBOOK_EVERY_S = 0.5

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


class _Surface(Protocol):
    """Where progress is shown."""

    def begin(self) -> None:
        """Before the first line."""
        ...

    def show(self, done: float, text: str, *, force: bool) -> None:
        """Takes a line; one that comes soon after another need not be shown unless forced."""
        ...

    def end(self) -> None:
        """After the last line."""
        ...


class _Bar:
    """A bar on a terminal."""

    def __init__(self, title: str, console: Console) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(24),
            TextColumn("{task.fields[text]}"),
            console=console,
        )
        self._task: TaskID = self._progress.add_task(title, total=1.0, text="starting")

    def begin(self) -> None:
        self._progress.start()

    def show(self, done: float, text: str, *, force: bool) -> None:
        del force
        self._progress.update(self._task, completed=min(done, 1.0), text=text)

    def end(self) -> None:
        self._progress.stop()


class _NotebookLine:
    """One line in the output of a notebook's cell, which changes."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._text = "starting"
        self._shown_s = time.monotonic()
        self._handle: Any = None

    def begin(self) -> None:
        display = importlib.import_module("IPython.display").display
        self._handle = display(self._content(), raw=True, display_id=True)

    def show(self, done: float, text: str, *, force: bool) -> None:
        del done
        self._text = text
        if force or time.monotonic() - self._shown_s >= _NOTEBOOK_EVERY_S:
            self._update()

    def end(self) -> None:
        self._update()

    def _update(self) -> None:
        self._shown_s = time.monotonic()
        self._handle.update(self._content(), raw=True)

    def _content(self) -> dict[str, str]:
        return {"text/plain": f"{self._title}: {self._text}"}


class _Lines:
    """A plain line every so often, without control characters, as for a file."""

    def __init__(self, title: str, file: IO[str]) -> None:
        self._title, self._file = title, file
        self._shown_s = time.monotonic()

    def begin(self) -> None:
        pass

    def show(self, done: float, text: str, *, force: bool) -> None:
        del done
        if force or time.monotonic() - self._shown_s >= _PLAIN_EVERY_S:
            self._shown_s = time.monotonic()
            print(f"{self._title}: {text}", file=self._file, flush=True)

    def end(self) -> None:
        pass


def _surface(title: str, console: Console) -> _Surface:
    """Where a console shows progress. A file is none for a bar, also where the environment asks for colours (``FORCE_COLOR``)."""
    if console.is_jupyter:
        return _NotebookLine(title)
    console.file = _Unfailing(console.file)  # type: ignore[assignment] # all that rich and print need of one
    with suppress(ValueError):  # it is closed
        if console.is_terminal and not console.is_dumb_terminal and console.file.isatty():
            return _Bar(title, console)
    return _Lines(title, console.file)


class ProgressDisplay:
    """Shows how far a piece of work is, when it will end, and a line of figures.

    Where nobody reads it any more, it is silent.

    Args:
        title: What is being done.
        console: Where to show it: a bar on a terminal, one line that changes in a notebook, a line every 15 s elsewhere. Or who is
            told.
        done: Fraction that was done before, in an earlier sitting.
    """

    def __init__(self, title: str, console: Console | Report, done: float = 0.0) -> None:
        self._start = done
        self._begun_s = time.monotonic()
        self._report = None if isinstance(console, Console) else console
        self._surface = _surface(title, console) if isinstance(console, Console) else None

    def show(self, done: float, text: str, *, force: bool = False) -> None:
        """Updates the display.

        Args:
            done: Fraction of the work, 0 to 1.
            text: Figures to show beside it.
            force: Show it even if the last line is recent.
        """
        if self._report is not None:
            self._report(done, text)
        if self._surface is not None:
            percent = f"{100 * min(done, 1):3.0f} %"
            self._surface.show(done, f"{percent}  left {self._left(done)}  {text}", force=force)

    def _left(self, done: float) -> str:
        gained = done - self._start
        if gained <= 0:
            return "-:--"
        left_s = max(0.0, (1 - done) / gained * (time.monotonic() - self._begun_s))
        minutes, seconds = divmod(round(left_s), 60)
        hours, minutes = divmod(minutes, 60)
        return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"

    def __enter__(self) -> ProgressDisplay:
        """The display itself."""
        if self._surface is not None:
            self._surface.begin()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leaves the last state on the screen."""
        if self._surface is not None:
            self._surface.end()
