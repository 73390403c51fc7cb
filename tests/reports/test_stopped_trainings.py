# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Trainings that something stops: they leave a checkpoint, say how to go on, and do not stop for a display that nobody reads."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from toy_game import ToyPool, toy_spec
from toy_runs import COMMAND, config, run

from ns3marl.cli import main
from ns3marl.config import team_of
from ns3marl.launch.interrupt import stop_on_signal
from ns3marl.progress import ProgressDisplay
from ns3marl.training import checkpoint
from ns3marl.training.asynchronous import _first_runs
from ns3marl.training.checkpoint import Progress
from ns3marl.types import Actions, Batch


class Broken(io.StringIO):
    """A stream whose reader has gone."""

    def write(self, text: str) -> int:
        raise BrokenPipeError(text)

    def flush(self) -> None:
        raise BrokenPipeError


def closed() -> io.StringIO:
    stream = io.StringIO()
    stream.close()
    return stream


@pytest.mark.report("M20")
@pytest.mark.parametrize("stream", [Broken, closed])
@pytest.mark.parametrize("terminal", [False, True])
def test_a_training_goes_on_without_a_reader(
    tmp_path: Path, stream: Callable[[], io.StringIO], terminal: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = stream()
    monkeypatch.setattr(file, "isatty", lambda: terminal)
    run(tmp_path, console=Console(file=file, force_terminal=terminal))
    assert checkpoint.load(tmp_path).progress.ticks == 60


@pytest.mark.report("M20")
def test_a_display_is_written_as_long_as_somebody_reads() -> None:
    stream = io.StringIO()
    with ProgressDisplay("training", Console(file=stream)) as display:
        display.show(0.5, "half", force=True)
    assert "half" in stream.getvalue()


@pytest.fixture
def heard() -> Iterator[Callable[[signal.Signals], None]]:
    """Makes a signal do what it does by default, also where these tests run in the background or under nohup."""
    before: dict[signal.Signals, Any] = {}

    def hear(number: signal.Signals) -> None:
        default = signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL
        before[number] = signal.signal(number, default)

    yield hear
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.report("M32")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_stopped_training_says_how_to_go_on(
    tmp_path: Path,
    number: signal.Signals,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    heard: Callable[[signal.Signals], None],
) -> None:
    heard(number)
    step, steps = ToyPool.step, 0

    def stopping(pool: ToyPool, actions: Sequence[Actions]) -> Batch:
        nonlocal steps
        steps += 1
        if steps == 15:  # in the middle of the second update
            os.kill(os.getpid(), number)
        return step(pool, actions)

    monkeypatch.setattr(ToyPool, "step", stopping)
    folder = tmp_path / "run"
    assert main(["train", *COMMAND, "--out", str(folder)]) == 130
    assert f"stopped; go on with: ns3marl train --resume {folder}" in capsys.readouterr().out
    assert checkpoint.load(folder).progress.ticks == 30
    assert main(["train", "--resume", str(folder)]) == 0
    assert f"next: ns3marl evaluate {folder}" in capsys.readouterr().out


@pytest.mark.report("M32")
def test_what_nohup_ignores_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with stop_on_signal() as stop:
            os.kill(os.getpid(), signal.SIGHUP)
            assert not stop.is_set()
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.mark.report("M32")
@pytest.mark.parametrize("way", ["--resume", "--continue"])
def test_a_run_that_was_ended_before_its_first_checkpoint_begins_anew(
    tmp_path: Path, way: str, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "run"
    assert main(["train", *COMMAND, "--out", str(folder)]) == 0
    (folder / "checkpoints" / "last.pt").unlink()
    again = ["--resume", str(folder)] if way == "--resume" else ["--continue", *COMMAND, "--out", str(folder)]
    assert main(["train", *again]) == 0
    assert checkpoint.load(folder).progress.ticks == 60
    capsys.readouterr()
    assert main(["train", *COMMAND, "--out", str(folder)]) == 2
    assert (
        "holds a run already; choose another folder, or continue it with --resume" in capsys.readouterr().err
    )


@pytest.mark.report("M32")
def test_asynchronous_workers_begin_anew_from_the_beginning(tmp_path: Path) -> None:
    path = tmp_path / "last.pt"
    checkpoint.save(path, team_of(config(), toy_spec()), config(), Progress(), {})
    assert _first_runs(checkpoint.load(path), 2) == _first_runs(None, 2)


_INTERRUPTED = """
import importlib.abc, sys
class Interrupting(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == "rich":
            raise KeyboardInterrupt
sys.meta_path.insert(0, Interrupting())
from ns3marl.cli import main
from ns3marl.config import team_of
"""


@pytest.mark.report("M32")
def test_an_interrupt_while_libraries_are_imported() -> None:
    environment = os.environ | {"PYTHONPATH": ":".join(path for path in sys.path if path)}
    done = subprocess.run(
        [sys.executable, "-c", _INTERRUPTED], env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (130, "ns3marl: interrupted\n")
