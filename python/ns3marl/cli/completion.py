# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""``completion``: what a shell proposes while one types."""

from __future__ import annotations

import argparse
from functools import partial

from ns3marl import config, home
from ns3marl.cli.options import Commands

_SCRIPT = """\
# eval "$(ns3marl completion)" in ~/.bashrc or ~/.zshrc
if [ -n "$ZSH_VERSION" ]; then autoload -U +X compinit bashcompinit && compinit && bashcompinit; fi
_ns3marl() {{
  local words
  case "${{COMP_WORDS[1]}}" in
{cases}
  esac
  if [ "$COMP_CWORD" -eq 1 ]; then words='{commands}'; fi
  COMPREPLY=($(compgen -W "$words" -- "${{COMP_WORDS[$COMP_CWORD]}}"))
}}
complete -o default -F _ns3marl ns3marl
"""


def add(commands: Commands) -> None:
    """Adds the command."""
    command = commands.add_parser(
        "completion", help='completion for bash and zsh: eval "$(ns3marl completion)"'
    )
    command.set_defaults(action=partial(_completion, commands))


def _completion(commands: Commands, parsed: argparse.Namespace) -> int:
    del parsed
    names = sorted({*home.names(), *config.shipped()})
    cases = [
        f"    {name}) words='{' '.join([*command.options(), *names * command.takes_scenario()])}' ;;"
        for name, command in commands.choices.items()
    ]
    print(
        _SCRIPT.format(cases="\n".join(cases), commands=" ".join([*commands.choices, "--help", "--version"])),
        end="",
    )
    return 0
