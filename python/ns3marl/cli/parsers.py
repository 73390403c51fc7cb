# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""How the words of a command line are parsed: commands in groups, words in any order, and what was probably meant."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from ns3marl.options import near

#: The groups of commands by name, with their titles, in the order of the help.
GROUPS: Mapping[str, str] = {
    "start": "start",
    "train": "train a policy",
    "judge": "judge policies and runs",
    "extend": "extend with your own scenarios and builds",
    "operate": "operate and automate",
}


class _Parser(argparse.ArgumentParser):
    """Usage errors end by saying where help is."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(2, f"{self.prog}: {message}\nSee `{self.prog} --help`.\n")


class Command(_Parser):
    """A command's parser, which takes options and other words in any order.

    Args:
        group: The command's group in the help, a key of ``GROUPS``; commands without one stand at the end.
        arguments: As of argparse.
    """

    _mixing = False

    def __init__(self, *, group: str | None = None, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.group = group

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> tuple[Any, list[str]]:
        """As of argparse, except that words that nothing takes are an error."""
        if self._mixing:  # it is what the method below is made of
            return super().parse_known_args(args, namespace)
        self._mixing = True
        try:
            parsed, unknown = self.parse_known_intermixed_args(args, namespace)
        finally:
            self._mixing = False
        if unknown:
            self._refuse(unknown)
        return parsed, unknown

    def options(self) -> list[str]:
        """The options, as they are written."""
        return list(self._option_string_actions)

    def takes_scenario(self) -> bool:
        """Whether it is about a scenario, and takes arguments for it after ``--``."""
        return bool(self.get_default("takes_scenario_arguments"))

    def _refuse(self, unknown: Sequence[str]) -> NoReturn:
        words = shlex.join(unknown)
        message = f"unrecognized arguments: {words}{near(unknown[0].partition('=')[0], self.options())}"
        if self.takes_scenario():
            message += (
                f"; what is meant for the scenario stands at the end, behind `--`: {self.prog} … -- {words}"
            )
        self.error(message)


class Program(_Parser):
    """The parser of the whole program; its help lists the commands by group.

    Args:
        arguments: As of argparse.
    """

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments, formatter_class=argparse.RawDescriptionHelpFormatter)
        self.add_argument("--debug", action="store_true", help="show the traceback of errors")
        self.commands = self.add_subparsers(
            dest="command", required=True, metavar="COMMAND", parser_class=Command
        )

    def by_group(self) -> dict[str | None, dict[str, str]]:
        """The commands with their help, by group; those without a group under None."""
        told = {action.dest: action.help or "" for action in self.commands._get_subactions()}  # noqa: SLF001 - argparse tells it in no other way
        groups: dict[str | None, dict[str, str]] = {name: {} for name in (*GROUPS, None)}
        for name, command in self.commands.choices.items():
            groups[command.group][name] = told.get(name, "")
        return {group: commands for group, commands in groups.items() if commands}

    def parse_args(self, args: Any = None, namespace: Any = None) -> Any:
        """As of argparse; a command that does not exist is answered with the nearest one."""
        words = sys.argv[1:] if args is None else args
        command = next((word for word in words if not word.startswith("-")), None)
        if command is not None and command not in self.commands.choices:
            known = ", ".join(self.commands.choices)
            hint = near(command, self.commands.choices) or f"; there are: {known}"
            self.error(f"there is no command {command!r}{hint}")
        return super().parse_args(args, namespace)

    def format_help(self) -> str:
        """Usage, the commands by group, options and examples."""
        shown = self._get_formatter()
        shown.add_usage(self.usage, self._actions, self._mutually_exclusive_groups)
        shown.add_text(self.description)
        actions = {action.dest: action for action in self.commands._get_subactions()}  # noqa: SLF001 - see above
        for group, commands in self.by_group().items():
            shown.start_section("more" if group is None else GROUPS[group])
            shown.add_arguments([actions[name] for name in commands])
            shown.end_section()
        shown.start_section("options")
        shown.add_arguments([action for action in self._actions if action.option_strings])
        shown.end_section()
        shown.add_text(self.epilog)
        return shown.format_help()
