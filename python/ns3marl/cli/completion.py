# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""``completion``: what a shell proposes while one types.

The library argcomplete reads commands, options and choices off the parsers, so that new ones need nothing here. What else an
argument takes, such as the names of scenarios, follows from the argument's name.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ns3marl import config, executables
from ns3marl import home as homes
from ns3marl.cli.exits import Exit
from ns3marl.cli.options import Commands
from ns3marl.cli.parsers import Program

_SHELLS = ("bash", "zsh", "fish")


def add(commands: Commands) -> None:
    """Adds the command."""
    command = commands.add_parser(
        "completion",
        group="operate",
        help='completion for a shell: eval "$(ns3marl completion bash)"; ns3marl completion fish | source',
    )
    command.add_argument("shell", nargs="?", choices=_SHELLS, default="bash", help="which shell (bash)")
    command.set_defaults(action=_completion)


def _completion(parsed: argparse.Namespace) -> int:
    from argcomplete.shell_integration import shellcode  # noqa: PLC0415 - hosts of simulators need not have it

    print(shellcode(["ns3marl"], shell=parsed.shell))
    return Exit.DONE


def answer(program: Program) -> None:
    """Answers a shell that asks what could be typed next, and ends the process.

    Args:
        program: All commands.
    """
    import argcomplete  # noqa: PLC0415

    for command in program.commands.choices.values():
        for action in command._actions:  # noqa: SLF001 - argparse has no public way to them
            if action.dest in _NAMES:
                action.completer = _Completer(_NAMES[action.dest])  # type: ignore[attr-defined]
    argcomplete.autocomplete(program, always_complete_options="long")


class _Completer:
    """Proposes names, and files for arguments that also take paths."""

    def __init__(self, names: Callable[[], Iterable[str]]) -> None:
        self._names = names

    def __call__(self, prefix: str, **_: Any) -> list[str]:
        from argcomplete.completers import FilesCompleter  # noqa: PLC0415

        named = [name for name in self._names() if name.startswith(prefix)]
        return [*named, *FilesCompleter()(prefix)]


def _scenarios() -> Iterable[str]:
    return sorted({*homes.names(), *executables.scenarios()})


def _configurations() -> Iterable[str]:
    return sorted({*config.shipped(), *homes.configurations(), *_scenarios()})


def _policies() -> Iterable[str]:
    from ns3marl import policies  # noqa: PLC0415 - takes a second to import

    return sorted({name for home in homes.homes() for name in policies.known(home)})


def _sections() -> Iterable[str]:
    from ns3marl.algorithms import registry  # noqa: PLC0415

    return [*config.SECTIONS, *registry.names()]


def _settings() -> Iterable[str]:
    from ns3marl.algorithms import registry  # noqa: PLC0415
    from ns3marl.options import listed  # noqa: PLC0415

    kinds = {**config.SECTIONS, **{name: registry.find(name).Options for name in registry.names()}}
    return [f"{section}.{option.name}=" for section, kind in kinds.items() for option in listed(kind)]


#: What arguments of these names take, besides paths.
_NAMES: Mapping[str, Callable[[], Iterable[str]]] = {
    "scenario": _scenarios,
    "config": _configurations,
    "policy": _policies,
    "policies": _policies,
    "against": _policies,
    "runs": _policies,
    "section": _sections,
    "sources": _configurations,
    "set": _settings,
}
