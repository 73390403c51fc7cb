# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import io
import sys

import pytest

from ns3marl.build_display import BuildDisplay


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_shows_one_line_that_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with BuildDisplay("compiling net") as display:
        for line in ("-- Configuring done", "[1/9] Building CXX object net.cc.o", "net.cc:1:2: warning: x"):
            display(line)
    assert terminal.getvalue().split("\x1b[2K") == [
        "",
        "compiling net\r",
        "compiling net: step 1 of 9\r",
        "compiling net: 0 s\n",
    ]


def test_elsewhere_it_says_the_beginning_and_the_end(capsys: pytest.CaptureFixture[str]) -> None:
    with BuildDisplay("compiling net") as display:
        display("[1/9] Building CXX object net.cc.o")
    assert capsys.readouterr().err == "compiling net\ncompiling net: 0 s\n"
    with pytest.raises(ValueError, match="broken"), BuildDisplay("compiling net"):
        raise ValueError("broken")
    assert capsys.readouterr().err.endswith("compiling net: failed\n")


def test_a_closed_output_does_not_end_the_build(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = io.StringIO()
    closed.close()
    monkeypatch.setattr(sys, "stderr", closed)
    with BuildDisplay("compiling net") as display:
        display("[1/9] Building CXX object net.cc.o")
