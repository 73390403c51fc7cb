# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""``doctor``, ``build``, ``build-ns3``, ``scenarios`` and ``new-scenario``: before anything runs."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from ns3marl import build_ns3, doctor, executables, new_scenario, toolchain
from ns3marl.build_display import BuildDisplay
from ns3marl.build_tools import Echo
from ns3marl.cli.documents import add_json, print_document
from ns3marl.cli.exits import Exit
from ns3marl.cli.options import Commands, print_table
from ns3marl.errors import ConfigError


def add(commands: Commands) -> None:
    """Adds the commands."""
    command = commands.add_parser("doctor", group="start", help="list what is missing and how to install it")
    add_json(command)
    command.set_defaults(action=_doctor)

    command = commands.add_parser("build", group="extend", help="compile scenarios")
    command.add_argument(
        "folder", nargs="?", type=Path, help="your own scenarios; the bundled ones by default"
    )
    command.add_argument("--build-dir", type=Path, help="where to build")
    command.add_argument(
        "--debug",
        action="store_true",
        dest="debug_build",
        help="with symbols and without optimisation, in addition to the normal build; `ns3marl run --gdb` uses it",
    )
    _add_compiling(command)
    command.set_defaults(action=_build)

    command = commands.add_parser(
        "build-ns3",
        group="extend",
        help="compile ns-3 from its sources, for speed; print the shell command that selects it",
    )
    command.add_argument(
        "source", type=Path, help=f"folder of ns-3's sources, {' or '.join(build_ns3.VERSIONS)}"
    )
    command.add_argument(
        "--modules",
        nargs="+",
        default=[],
        metavar="MODULE",
        help="modules of ns-3 in addition to those that the bundled scenarios link",
    )
    _add_compiling(command)
    command.set_defaults(action=_build_ns3)

    command = commands.add_parser(
        "scenarios", group="start", help="list the scenarios that you can run by name"
    )
    add_json(command)
    command.set_defaults(action=_scenarios)

    command = commands.add_parser(
        "new-scenario", group="extend", help="create a folder for your own topology"
    )
    command.add_argument("name", help="name of the scenario, like two-cells")
    command.add_argument("--parent", type=Path, default=Path(), help="where to create the folder (here)")
    command.set_defaults(action=_new_scenario)


def _doctor(parsed: argparse.Namespace) -> int:
    checks = doctor.diagnose()
    status = Exit.DONE if all(check.ok for check in checks) else Exit.MISSING
    if parsed.json:
        print_document(parsed, {"ok": status == Exit.DONE, "checks": [asdict(check) for check in checks]})
        return status
    rows = [["ok" if check.ok else "MISSING", check.name, check.found, check.wanted] for check in checks]
    print_table(["", "", "found", "wanted"], rows)
    for check in checks:
        if not check.ok:
            print(f"{check.name}: {check.remedy}")
    return status


def _build(parsed: argparse.Namespace) -> int:
    what = "compiling" if parsed.folder is None else f"compiling {parsed.folder}"
    with _echo(parsed, what) as echo:
        result = toolchain.build(parsed.folder, parsed.build_dir, parsed.jobs, echo, debug=parsed.debug_build)
    for name, path in result.scenarios.items():
        print(f"{name}  {path}")
    print(f"{len(result.scenarios)} scenarios, {result.duration_s:.1f} s")
    return Exit.DONE


def _build_ns3(parsed: argparse.Namespace) -> int:
    with _echo(parsed, "compiling ns-3") as echo:
        prefix = build_ns3.build(parsed.source, jobs=parsed.jobs, echo=echo, modules=parsed.modules)
    print(f"export NS3_ROOT={shlex.quote(str(prefix))}")
    return Exit.DONE


def _add_compiling(command: argparse.ArgumentParser) -> None:
    command.add_argument("--jobs", type=int, help="number of compilers at a time")
    command.add_argument("--verbose", action="store_true", help="show the compiler's output")


@contextmanager
def _echo(parsed: argparse.Namespace, what: str) -> Iterator[Echo]:
    """Display for the lines of CMake and Ninja: the standard error, in full or as one line of progress."""
    if parsed.verbose:
        yield lambda line: print(line, file=sys.stderr)
    else:
        with BuildDisplay(what) as display:
            yield display


def _scenarios(parsed: argparse.Namespace) -> int:
    found: dict[str, list[Path]] = {name: [] for name in toolchain.bundled_names()}
    found |= executables.all_scenarios()
    if not found:
        raise ConfigError("no scenario is built yet; run `ns3marl build`")
    if parsed.json:
        told = [{"name": name, "executables": paths} for name, paths in sorted(found.items())]
        print_document(parsed, {"scenarios": told})
        return Exit.DONE
    width = max(map(len, found))
    for name, paths in sorted(found.items()):
        for place in map(str, paths) if paths else ["compiled when first used"]:
            print(f"{name:{width}}  {place}{' (ambiguous: give the path)' if len(paths) > 1 else ''}")
    return Exit.DONE


def _new_scenario(parsed: argparse.Namespace) -> int:
    folder = new_scenario.create(parsed.name, parsed.parent)
    for path in sorted(folder.iterdir()):
        print(path)
    here = folder.resolve().parent == Path.cwd()
    print(
        f"next: ns3marl build {folder} && ns3marl run {parsed.name if here else folder / 'build/bin' / parsed.name}"
    )
    return Exit.DONE
