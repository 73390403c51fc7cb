# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Progress on a terminal, in a file and in a notebook."""

from __future__ import annotations

import io
import sys
import time
import types
from typing import Any

import pytest
from rich.console import Console

from ns3marl.progress import ProgressDisplay


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time [s], to be set."""
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


@pytest.mark.parametrize("colours", ["", "1"])
def test_a_file_gets_plain_lines_every_so_often(
    colours: str, clock: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", colours)
    stream = io.StringIO()
    with ProgressDisplay("training", Console(file=stream)) as display:
        for second in range(31):
            clock[0] = 100.0 + second
            display.show(second / 100, f"{second} s")
        display.show(1.0, "end", force=True)
    assert stream.getvalue().splitlines() == [
        "training:  15 %  left 1:25  15 s",
        "training:  30 %  left 1:10  30 s",
        "training: 100 %  left 0:00  end",
    ]
    assert all(letter == "\n" or letter.isprintable() for letter in stream.getvalue())


@pytest.mark.usefixtures("clock")
def test_a_terminal_gets_a_bar_unless_it_cannot_move_its_cursor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    stream = Terminal()
    with ProgressDisplay("training", Console(file=stream, force_terminal=True)) as display:
        display.show(0.5, "half")
    assert "\x1b" in stream.getvalue()
    monkeypatch.setenv("TERM", "dumb")
    stream = Terminal()
    with ProgressDisplay("training", Console(file=stream, force_terminal=True)) as display:
        display.show(0.5, "half", force=True)
    assert stream.getvalue() == "training:  50 %  left 0:00  half\n"


def test_a_notebook_gets_one_line_that_changes(clock: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []
    displays: list[Any] = []

    class Handle:
        def update(self, content: dict[str, str], *, raw: bool) -> None:
            assert raw
            shown.append(content["text/plain"])

    def display(content: dict[str, str], *, raw: bool, display_id: bool) -> Handle:
        assert raw
        assert display_id
        displays.append(content)
        return Handle()

    module = types.ModuleType("IPython.display")
    monkeypatch.setattr(module, "display", display, raising=False)
    monkeypatch.setitem(sys.modules, "IPython.display", module)
    stream = io.StringIO()
    with ProgressDisplay("training", Console(file=stream, force_jupyter=True)) as watched:
        for tenth in range(12):
            clock[0] = 100.0 + tenth / 10
            watched.show(tenth / 20, f"{tenth} tenths")
    assert displays == [{"text/plain": "training: starting"}]
    assert [line.partition("  ")[2].split("  ")[-1] for line in shown] == [
        "5 tenths",
        "10 tenths",
        "11 tenths",
    ]
    assert stream.getvalue() == ""


def test_another_one_is_told() -> None:
    told: list[tuple[float, str]] = []
    with ProgressDisplay("training", lambda done, text: told.append((done, text))) as display:
        display.show(0.25, "a quarter")
    assert told == [(0.25, "a quarter")]
