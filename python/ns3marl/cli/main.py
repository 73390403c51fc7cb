# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""``ns3marl COMMAND``: parses it, runs it, and says what went wrong."""

from __future__ import annotations

import argparse
import errno
import shlex
import sys
import warnings
from collections.abc import Sequence
from importlib import metadata
from typing import Any, NoReturn, TextIO

from ns3marl.checks import check_current_folder
from ns3marl.cli import (
    building,
    completion,
    demo,
    explaining,
    fidelity,
    playing,
    reproducing,
    serving,
    training,
)
from ns3marl.cli.streams import NO_READER, safe_output, write_no_more
from ns3marl.errors import ConfigError, Ns3MarlError, StaleScenario
from ns3marl.options import near

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


class Command(_Parser):
    """A command's parser, which takes options and other words in any order."""

    _mixing = False

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


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command.

    Args:
        arguments: Without the program's name; those of the process by default.

    Returns:
        The exit status: 0, 1 where ``doctor`` found something missing, 2 after an error, also of one policy among several, 130 after
        Ctrl-C, 141 where nobody reads the output any more.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    with safe_output():
        try:
            status = _main(words)
            sys.stdout.flush()
        except BrokenPipeError:
            write_no_more(sys.stdout)
            return NO_READER
        except OSError as error:
            write_no_more(sys.stdout)
            if "--debug" in words:
                raise
            what = f"{error.filename}: {error.strerror}" if error.filename else f"{error.strerror or error}"
            print(f"ns3marl: {type(error).__name__}: {what}{_remedy(error)}", file=sys.stderr)
            return 2
    return status


def _main(words: list[str]) -> int:
    # What follows `--` belongs to the scenario; argparse would mix it with optional positional arguments.
    split = words.index("--") if "--" in words else len(words)
    parsed = parser().parse_args(words[:split])
    parsed.scenario_arguments = tuple(words[split + 1 :])
    warnings.showwarning = _show_warning
    try:
        check_current_folder("ns3marl")  # libraries abort where there is none
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
    except (ImportError, MemoryError) as error:
        if parsed.debug:
            raise
        what = (
            "no memory is left" if isinstance(error, MemoryError) else f"a library cannot be loaded: {error}"
        )
        print(
            f"ns3marl: {type(error).__name__}: {what}; allow this process more memory (ulimit -v, or the container's limit), or see "
            "what is missing with `ns3marl doctor`",
            file=sys.stderr,
        )
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


def _remedy(error: OSError) -> str:
    """What to do about a file, or the output, that cannot be read or written."""
    return {
        errno.EACCES: "; name a folder where you may write",
        errno.EROFS: "; name a folder that can be written",
        errno.ENOSPC: "; free some space there, or name another folder",
        errno.EDQUOT: "; free some space there, or name another folder",
        errno.EMFILE: "; raise the limit of open files: ulimit -n",
    }.get(error.errno or 0, "")


def parser() -> argparse.ArgumentParser:
    """Of all commands."""
    whole = _Parser(
        prog="ns3marl",
        description="Multi-agent reinforcement learning in lockstep with packet-level ns-3.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    whole.add_argument("--version", action="version", version=f"ns3marl {_version()}")
    whole.add_argument("--debug", action="store_true", help="show the traceback of errors")
    whole.set_defaults(takes_scenario_arguments=False)
    subparsers = whole.add_subparsers(dest="command", required=True, metavar="COMMAND", parser_class=Command)
    for module in (building, training, explaining, playing, fidelity, reproducing, serving, demo, completion):
        module.add(subparsers)
    return whole


def _version() -> str:
    try:
        return metadata.version("ns3marl")
    except metadata.PackageNotFoundError:
        return "(files alone, no installed package)"
