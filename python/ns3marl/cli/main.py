# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""``ns3marl COMMAND``: parses it, runs it, and says what went wrong."""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Sequence
from typing import NoReturn, TextIO

from ns3marl.cli import building, demo, explaining, fidelity, playing, serving, training
from ns3marl.errors import ConfigError, Ns3MarlError, StaleScenario

_EPILOG = """\
examples:
  ns3marl doctor                                   what is missing, and how to get it
  ns3marl build                                    compile the bundled scenarios
  ns3marl new-scenario my-net                      a folder to write your own topology in
  ns3marl run SCENARIO --policy builtin -- --ticks=100
  ns3marl train demo --seeds 1,2,3 --jobs 2        one experiment, a run folder per seed
  ns3marl options imappo                           what a learner's options mean
  ns3marl train twin                               on the fast twin, to be fine-tuned by the next line
  ns3marl train --from runs/NAME --set scenario.backend=ns3 --set pool.num_envs=2
  ns3marl evaluate runs/NAME                       against every simple policy that fits, on fresh seeds
  ns3marl validate runs/NAME                       does it hold packet by packet?
  ns3marl demo                                     train, evaluate and report in a few minutes
"""


class _Parser(argparse.ArgumentParser):
    """Usage errors end by saying where help is."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(2, f"{self.prog}: {message}\nSee `{self.prog} --help`.\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command.

    Args:
        arguments: Without the program's name; those of the process by default.

    Returns:
        The exit status: 0, 1 where ``doctor`` found something missing, 2 after an error, also of one policy among several.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    # What follows `--` belongs to the scenario; argparse would mix it with optional positional arguments.
    split = words.index("--") if "--" in words else len(words)
    parsed = parser().parse_args(words[:split])
    parsed.scenario_arguments = tuple(words[split + 1 :])
    warnings.showwarning = _show_warning
    try:
        if parsed.scenario_arguments and not parsed.takes_scenario_arguments:
            raise ConfigError(
                f"ns3marl {parsed.command} takes no scenario arguments: leave out `--` and what follows it"
            )
        status: int = parsed.action(parsed)
    except Ns3MarlError as error:
        if parsed.debug:
            raise
        print(f"ns3marl: {type(error).__name__}: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("ns3marl: interrupted", file=sys.stderr)
        return 130
    return status


_show_any_warning = warnings.showwarning


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Warnings of ns3marl in a sentence, like its errors; those of others as Python shows them."""
    if issubclass(category, StaleScenario):
        print(f"ns3marl: warning: {message}", file=file or sys.stderr)
    else:
        _show_any_warning(message, category, filename, lineno, file, line)


def parser() -> argparse.ArgumentParser:
    """Of all commands."""
    whole = _Parser(
        prog="ns3marl",
        description="Multi-agent reinforcement learning in lockstep with packet-level ns-3.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    whole.add_argument("--debug", action="store_true", help="show the traceback of errors")
    whole.set_defaults(takes_scenario_arguments=False)
    commands = whole.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for module in (building, training, explaining, playing, fidelity, serving, demo):
        module.add(commands)
    return whole
