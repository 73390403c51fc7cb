# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""What shells propose: every command and option that the parsers have, and the names that arguments take."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ns3marl import cli
from ns3marl.cli import completion
from ns3marl.cli.main import parser


def proposed(line: str, folder: Path) -> list[str]:
    """What the program answers a shell that has this line, asked as argcomplete's scripts ask."""
    answer = folder / "answer"
    environment = {
        **os.environ,
        "_ARGCOMPLETE": "1",
        "_ARGCOMPLETE_IFS": "\n",
        "_ARGCOMPLETE_SHELL": "fish",
        "_ARGCOMPLETE_SUPPRESS_SPACE": "1",
        "_ARGCOMPLETE_STDOUT_FILENAME": str(answer),
        "COMP_LINE": line,
        "COMP_POINT": str(len(line)),
        "COMP_TYPE": "9",
    }
    subprocess.run([sys.executable, "-m", "ns3marl.cli"], env=environment, check=True, cwd=folder)
    return [one.partition("\t")[0].strip() for one in answer.read_text().splitlines()]


def test_every_command_is_proposed(tmp_path: Path) -> None:
    assert {*parser().commands.choices} <= {*proposed("ns3marl ", tmp_path)}


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("ns3marl train --res", "--resume"),
        ("ns3marl train --runner ", "local"),
        ("ns3marl run aiot", "aiot-mec"),
        ("ns3marl train twi", "twin"),
        ("ns3marl evaluate runs/a best", "best-snr"),
        ("ns3marl run echo --policy bui", "builtin"),
        ("ns3marl evaluate a --config slice", "slice-lte"),
        ("ns3marl train --set training.tick", "training.ticks="),
        ("ns3marl options ima", "imappo"),
        ("ns3marl completion f", "fish"),
        ("ns3marl report ru", "runs/"),
    ],
)
def test_options_choices_and_names_are_proposed(line: str, wanted: str, tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()
    assert wanted in proposed(line, tmp_path)


def test_what_is_completed_by_its_name_is_in_use() -> None:
    """A command whose arguments are named as those of others needs nothing of its own."""
    used = {action.dest for command in parser().commands.choices.values() for action in command._actions}
    assert completion._NAMES.keys() <= used


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_completes(shell: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"there is no {shell}")
    assert cli.main(["completion", shell]) == 0
    script = tmp_path / "script"
    script.write_text(capsys.readouterr().out)
    program = tmp_path / "ns3marl"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m ns3marl.cli "$@"\n')
    program.chmod(0o755)
    code = {
        "bash": f"source {script}; COMP_WORDS=(ns3marl scen); COMP_CWORD=1; COMP_LINE='ns3marl scen'; COMP_POINT=12; COMP_TYPE=9; "
        '_python_argcomplete ns3marl scen ns3marl; echo "${COMPREPLY[@]}"',
        # The completion system asks within an editor alone; what the function hands to it is what it would show.
        "zsh": "autoload -U compinit; compinit -u -D; "
        f"source {script}; _describe() {{ print -l ${{(P)2}}; }}; "
        "words=(ns3marl scen); BUFFER='ns3marl scen'; CURSOR=12; CURRENT=2; service=ns3marl; _python_argcomplete",
        "fish": f"source {script}; complete -C 'ns3marl scen'",
    }[shell]
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "HOME": str(tmp_path)}
    words = {"bash": ["--norc"], "zsh": ["-f"], "fish": ["--no-config"]}[shell]
    done = subprocess.run(
        [shell, *words, "-c", code], env=environment, capture_output=True, text=True, check=False
    )
    assert "scenarios" in done.stdout, done
