# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""``doctor``, ``build``, ``build-ns3``, ``scenarios`` and ``new-scenario``: before anything runs."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ns3marl import build_ns3, doctor, executables, new_scenario, toolchain
from ns3marl.build_display import BuildDisplay
from ns3marl.build_tools import Echo
from ns3marl.cli.options import Commands, print_table
from ns3marl.errors import ConfigError


def add(commands: Commands) -> None:
    """Adds the commands."""
    command = commands.add_parser("doctor", help="say what is missing and how to get it")
    command.set_defaults(action=_doctor)

    command = commands.add_parser("build", help="compile scenarios")
    command.add_argument(
        "folder", nargs="?", type=Path, help="your own scenarios; the bundled ones by default"
    )
    command.add_argument("--build-dir", type=Path, help="where to build")
    command.add_argument(
        "--debug",
        action="store_true",
        dest="debug_build",
        help="with symbols and without optimisation, beside the other build; `ns3marl run --gdb` takes it",
    )
    _add_compiling(command)
    command.set_defaults(action=_build)

    command = commands.add_parser(
        "build-ns3", help="compile ns-3 from its sources, for speed; print what makes it the ns-3 of a shell"
    )
    command.add_argument(
        "source", type=Path, help=f"folder of ns-3's sources, {' or '.join(build_ns3.VERSIONS)}"
    )
    command.add_argument(
        "--modules",
        nargs="+",
        default=[],
        metavar="MODULE",
        help="modules of ns-3 beside those that the bundled scenarios link",
    )
    _add_compiling(command)
    command.set_defaults(action=_build_ns3)

    command = commands.add_parser("scenarios", help="list the scenarios that can be run by name")
    command.set_defaults(action=_scenarios)

    command = commands.add_parser("new-scenario", help="make a folder to write your own topology in")
    command.add_argument("name", help="of the scenario, like two-cells")
    command.add_argument("--parent", type=Path, default=Path(), help="where to make the folder (here)")
    command.set_defaults(action=_new_scenario)


def _doctor(parsed: argparse.Namespace) -> int:
    del parsed
    checks = doctor.diagnose()
    rows = [["ok" if check.ok else "MISSING", check.name, check.found, check.wanted] for check in checks]
    print_table(["", "", "found", "wanted"], rows)
    missing = [check for check in checks if not check.ok]
    for check in missing:
        print(f"{check.name}: {check.remedy}")
    return 1 if missing else 0


def _build(parsed: argparse.Namespace) -> int:
    what = "compiling" if parsed.folder is None else f"compiling {parsed.folder}"
    with _echo(parsed, what) as echo:
        result = toolchain.build(parsed.folder, parsed.build_dir, parsed.jobs, echo, debug=parsed.debug_build)
    for name, path in result.scenarios.items():
        print(f"{name}  {path}")
    print(f"{len(result.scenarios)} scenarios, {result.duration_s:.1f} s")
    return 0


def _build_ns3(parsed: argparse.Namespace) -> int:
    with _echo(parsed, "compiling ns-3") as echo:
        prefix = build_ns3.build(parsed.source, jobs=parsed.jobs, echo=echo, modules=parsed.modules)
    print(f"export NS3_ROOT={shlex.quote(str(prefix))}")
    return 0


def _add_compiling(command: argparse.ArgumentParser) -> None:
    command.add_argument("--jobs", type=int, help="compilers at a time")
    command.add_argument("--verbose", action="store_true", help="show the compiler's output")


@contextmanager
def _echo(parsed: argparse.Namespace, what: str) -> Iterator[Echo]:
    """What takes the lines of CMake and Ninja: the standard error, whole or as one line of progress."""
    if parsed.verbose:
        yield lambda line: print(line, file=sys.stderr)
    else:
        with BuildDisplay(what) as display:
            yield display


def _scenarios(parsed: argparse.Namespace) -> int:
    del parsed
    lines: dict[str, list[str]] = {name: ["compiled when first used"] for name in toolchain.bundled_names()}
    lines |= {name: [str(path) for path in paths] for name, paths in executables.all_scenarios().items()}
    if not lines:
        raise ConfigError("no scenario is built yet; run `ns3marl build`")
    width = max(map(len, lines))
    for name, paths in sorted(lines.items()):
        for path in paths:
            print(f"{name:{width}}  {path}{' (ambiguous: give the path)' if len(paths) > 1 else ''}")
    return 0


def _new_scenario(parsed: argparse.Namespace) -> int:
    folder = new_scenario.create(parsed.name, parsed.parent)
    for path in sorted(folder.iterdir()):
        print(path)
    here = folder.resolve().parent == Path.cwd()
    print(
        f"next: ns3marl build {folder} && ns3marl run {parsed.name if here else folder / 'build/bin' / parsed.name}"
    )
    return 0
