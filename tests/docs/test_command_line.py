# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""docs/command-line.md keeps in step with the commands, their groups, ``--json`` and the exit codes."""

from __future__ import annotations

import re
from pathlib import Path

from ns3marl.cli.exits import Exit
from ns3marl.cli.main import parser
from ns3marl.cli.parsers import GROUPS

PAGE = (Path(__file__).parents[2] / "docs" / "command-line.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    """The text below a heading, up to the next one."""
    found = re.search(rf"^## {title}$(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert found is not None, title
    return found[1]


def test_every_command_has_a_line_in_its_group() -> None:
    groups: dict[str, set[str]] = {}
    for title, rows in re.findall(
        r"^\*\*(.*?)\*\*$(.*?)(?=^\*\*|\Z)", section("Commands"), re.MULTILINE | re.DOTALL
    ):
        groups[title.lower()] = set(re.findall(r"^\| `ns3marl ([a-z0-9-]+)", rows, re.MULTILINE))
    expected = {GROUPS[group or ""].lower(): {*commands} for group, commands in parser().by_group().items()}
    assert groups == expected


def test_options_that_the_page_names_exist() -> None:
    for command, words in re.findall(r"`ns3marl ([a-z][a-z0-9-]*)([^`]*)`", PAGE):
        options = set(re.findall(r"(?<!\S)--[a-z-]+", words.partition(" -- ")[0]))
        assert options <= {*parser().commands.choices[command].options()}, command


def test_the_commands_with_json_are_those_that_take_it() -> None:
    named = set(re.findall(r"`([a-z-]+)`", section("JSON for scripts").partition(" take ")[0]))
    assert named == {n for n, one in parser().commands.choices.items() if "--json" in one.options()}
    rows = re.findall(r"^\| (`.*?`) \|", section("JSON for scripts"), re.MULTILINE)
    assert {name for row in rows for name in re.findall(r"`([a-z-]+)`", row)} == named


def test_exit_codes_are_those_of_the_program() -> None:
    rows = re.findall(r"^\| (\d+) \| (.*) \|$", section("Exit codes"), re.MULTILINE)
    assert rows == [(str(code.value), code.meaning) for code in Exit]
