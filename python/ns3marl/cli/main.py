# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""``ns3marl COMMAND``: parses and runs a command, and reports errors."""

from __future__ import annotations

import errno
import os
import sys
import warnings
from collections.abc import Sequence
from contextlib import ExitStack
from importlib import metadata
from typing import TextIO

from ns3marl.checks import check_current_folder
from ns3marl.cli import (
    building,
    completion,
    demo,
    explaining,
    fidelity,
    judging,
    playing,
    reproducing,
    serving,
    training,
    viewing,
)
from ns3marl.cli.citing import bibtex
from ns3marl.cli.exits import Exit
from ns3marl.cli.parsers import Program
from ns3marl.cli.streams import apart, safe_output, write_no_more
from ns3marl.errors import ConfigError, Ns3MarlError, StaleScenario

_EPILOG = """\
examples:
  ns3marl doctor                                   what is missing, and how to get it
  ns3marl build                                    compile the bundled scenarios
  ns3marl new-scenario my-net                      a folder to write your own topology in
  ns3marl run SCENARIO --policy builtin -- --ticks=100
  ns3marl train demo --seeds 1,2,3 --jobs 2        one experiment, a run folder per seed
  ns3marl options imappo                           what a learner's options mean
  ns3marl view SCENARIO --policy random --policy builtin   watch two policies on the same episode
  ns3marl train twin                               on the fast twin, to be fine-tuned by the next line
  ns3marl train --from runs/NAME --set scenario.backend=ns3 --set pool.num_envs=2
  ns3marl evaluate runs/NAME                       against every simple policy that fits, on fresh seeds
  ns3marl validate runs/NAME                       does it hold packet by packet?
  ns3marl compare runs/A runs/B                    two runs on the same episodes; plays nothing twice
  ns3marl demo                                     train, evaluate and report in a few minutes

exit codes: {exits}
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command.

    Args:
        arguments: Without the program's name; those of the process by default.

    Returns:
        The exit status, see ``ns3marl.cli.exits``.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    with safe_output():
        try:
            status = _main(words)
            sys.stdout.flush()
        except BrokenPipeError:
            write_no_more(sys.stdout)
            return Exit.NO_READER
        except OSError as error:
            write_no_more(sys.stdout)
            if "--debug" in words:
                raise
            what = f"{error.filename}: {error.strerror}" if error.filename else f"{error.strerror or error}"
            print(f"ns3marl: {type(error).__name__}: {what}{_remedy(error)}", file=sys.stderr)
            return Exit.FAILED
    return status


def _main(words: list[str]) -> int:
    # What follows `--` belongs to the scenario; argparse would mix it with optional positional arguments.
    split = words.index("--") if "--" in words else len(words)
    whole = parser()
    if "_ARGCOMPLETE" in os.environ:  # a shell asks what could be typed next
        completion.answer(whole)
    parsed = whole.parse_args(words[:split])
    parsed.scenario_arguments = tuple(words[split + 1 :])
    warnings.showwarning = _show_warning
    try:
        check_current_folder("ns3marl")  # libraries abort where there is none
        if parsed.scenario_arguments and not parsed.takes_scenario_arguments:
            raise ConfigError(
                f"ns3marl {parsed.command} takes no scenario arguments: leave out `--` and what follows it"
            )
        with ExitStack() as stack:
            if parsed.json:
                parsed.document = stack.enter_context(apart())
            status: int = parsed.action(parsed)
    except Ns3MarlError as error:
        if parsed.debug:
            raise
        print(f"ns3marl: {type(error).__name__}: {error}", file=sys.stderr)
        return Exit.FAILED
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
        return Exit.FAILED
    except KeyboardInterrupt:
        print("ns3marl: interrupted", file=sys.stderr)
        return Exit.INTERRUPTED
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
    """Shows warnings of ns3marl as a sentence, like its errors; other warnings as Python does."""
    if issubclass(category, StaleScenario):
        print(f"ns3marl: warning: {message}", file=file or sys.stderr)
    else:
        _show_any_warning(message, category, filename, lineno, file, line)


def _remedy(error: OSError) -> str:
    """Remedy for a file, or the output, that cannot be read or written."""
    return {
        errno.EACCES: "; name a folder where you may write",
        errno.EROFS: "; name a folder that can be written",
        errno.ENOSPC: "; free some space there, or name another folder",
        errno.EDQUOT: "; free some space there, or name another folder",
        errno.EMFILE: "; raise the limit of open files: ulimit -n",
    }.get(error.errno or 0, "")


def parser() -> Program:
    """Of all commands."""
    exits = ", ".join(f"{code.value} {code.meaning}" for code in Exit)
    whole = Program(
        prog="ns3marl",
        description="Multi-agent reinforcement learning in lockstep with packet-level ns-3.",
        epilog=_EPILOG.format(exits=exits),
    )
    whole.add_argument("--version", action="version", version=f"ns3marl {_version()}")
    whole.add_argument(
        "--bibtex", action="version", version=bibtex(), help="show the BibTeX entry of ns3marl, and exit"
    )
    whole.set_defaults(takes_scenario_arguments=False, json=False)
    for module in (
        building,
        training,
        explaining,
        playing,
        viewing,
        judging,
        fidelity,
        reproducing,
        serving,
        demo,
        completion,
    ):
        module.add(whole.commands)
    return whole


def _version() -> str:
    try:
        return metadata.version("ns3marl")
    except metadata.PackageNotFoundError:
        return "(files alone, no installed package)"
