# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Locales, encodings and outputs: commands work under ``LANG=C``, in folders of any name, and without anybody who reads.

Names of files are bytes and need not be UTF-8. Where a library or the wire wants text, that is said.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from ns3marl import cli, executables, new_scenario
from ns3marl.config import load
from ns3marl.env.pool import Pool
from ns3marl.errors import ConfigError

ASCII = {"LC_ALL": "C", "PYTHONIOENCODING": "ascii", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
ODD = "a dir \udcff\udcfe ü"  # two bytes that are no UTF-8


def ns3marl(
    *words: str | Path,
    stdout: Any = subprocess.PIPE,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> subprocess.CompletedProcess[bytes]:
    """Runs a command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "ns3marl.cli", *(os.fspath(word) for word in words)],
        stdout=stdout,
        stderr=subprocess.PIPE,
        check=False,
        env=os.environ | (env or {}),
        cwd=cwd,
        text=False,
    )


@pytest.mark.report("M8")
@pytest.mark.parametrize(
    "words", [["train", "--help"], ["options", "training"], ["options", "imappo"], ["doctor"]]
)
def test_output_never_fails_for_its_encoding(words: list[str]) -> None:
    done = ns3marl(*words, env=ASCII)
    assert done.stderr == b""
    assert done.stdout.isascii()
    assert len(done.stdout) > 200


@pytest.mark.report("M8")
@pytest.mark.parametrize("env", [ASCII, {}])
def test_names_come_out_as_the_bytes_they_are(tmp_path: Path, env: dict[str, str]) -> None:
    done = ns3marl("report", tmp_path / ODD, env=env)
    assert done.returncode == 2
    assert os.fsencode(tmp_path / ODD) in done.stderr
    assert b"Traceback" not in done.stderr


@pytest.mark.report("M8")
def test_scenarios_in_folders_of_any_name(tmp_path: Path, scenario_path: Callable[[str], Path]) -> None:
    folder = tmp_path / ODD
    folder.mkdir()
    (folder / "echo").symlink_to(scenario_path("echo"))
    done = ns3marl("run", folder / "echo", "--", "--ticks=3", cwd=folder)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"random on echo" in done.stdout


@pytest.mark.report("M8")
def test_what_must_be_text_is_refused_by_name(tmp_path: Path, scenario_path: Callable[[str], Path]) -> None:
    with pytest.raises(ConfigError, match=r"scenario argument: b'--file=\\xff' is no text in UTF-8; rename"):
        Pool(scenario_path("echo"), arguments=["--file=\udcff"])
    with pytest.raises(
        ConfigError, match=r"--set scenario.name=.*: scenario.name: b'/\\xff/echo' is no text"
    ):
        load(None, ["scenario.name=/\udcff/echo"])
    done = ns3marl("run", scenario_path("echo"), "--tables", tmp_path / ODD, "--", "--ticks=3")
    assert done.returncode == 2
    assert b"ConfigError: --tables: " in done.stderr
    assert b"is no text in UTF-8; name another folder" in done.stderr


@pytest.mark.report("M35")
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_an_output_that_is_full_or_has_no_reader(unbuffered: str) -> None:
    env = {"PYTHONUNBUFFERED": unbuffered}
    with Path("/dev/full").open("wb") as full:
        done = ns3marl("options", "pool", stdout=full, env=env)
    assert done.returncode == 2
    assert done.stderr.startswith(b"ns3marl: OSError: No space left on device; free some space")
    assert done.stderr.count(b"\n") == 1
    read, write = os.pipe()
    os.close(read)
    done = ns3marl("scenarios", stdout=write, env=env)
    os.close(write)
    assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.report("M8")
def test_closed_standard_streams(scenario_path: Callable[[str], Path]) -> None:
    """What is opened takes the lowest free number, and must not become somebody's output."""
    code = f"exec '{sys.executable}' -m ns3marl.cli run '{scenario_path('echo')}' -- --ticks=3 <&- >&- 2>&-"
    assert subprocess.run(["/bin/sh", "-c", code], check=False).returncode == 0


@pytest.mark.report("M4")
def test_a_new_scenario_where_nothing_can_be_made() -> None:
    with pytest.raises(
        ConfigError,
        match=r"/proc/my-net cannot be made \(.*\); name a folder where you may write \(--parent\)",
    ):
        new_scenario.create("my-net", Path("/proc"))


@pytest.mark.report("P20")
@pytest.mark.parametrize("words", ["doctor", "scenarios", "run echo", "train echo", "new-scenario my-net"])
def test_a_folder_that_is_gone(tmp_path: Path, words: str) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()
    code = f"cd '{folder}' && rmdir '{folder}' && exec '{sys.executable}' -m ns3marl.cli {words}"
    done = subprocess.run(["/bin/sh", "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert (
        "ConfigError: ns3marl: the current folder has been deleted; change to one that exists" in done.stderr
    )


@pytest.mark.report("M10")
@pytest.mark.parametrize(
    ("error", "message"),
    [
        (MemoryError(), "MemoryError: no memory is left; allow this process more memory"),
        (
            ImportError("libx.so: failed to map segment"),
            "a library cannot be loaded: libx.so: failed to map segment; ",
        ),
    ],
)
def test_too_little_memory(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: Exception, message: str
) -> None:
    def fail() -> dict[str, list[Path]]:
        raise error

    monkeypatch.setattr(executables, "all_scenarios", fail)
    assert cli.main(["scenarios"]) == 2
    assert message in capsys.readouterr().err
