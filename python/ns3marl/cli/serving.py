# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""``serve`` and ``keys``: simulators for a learner in another process or on another host."""

from __future__ import annotations

import argparse
from pathlib import Path

from ns3marl import cores
from ns3marl.cli.exits import Exit
from ns3marl.cli.options import Commands, positive, seconds


def add(commands: Commands) -> None:
    """Adds the commands."""
    command = commands.add_parser(
        "serve",
        group="operate",
        help="launch simulators here for a learner in another process or on another host, until it ends",
    )
    command.add_argument("scenario", help="name of a built scenario, or path of its executable")
    command.add_argument(
        "--connect",
        required=True,
        metavar="ENDPOINT",
        help="endpoint of the learner (its pool.endpoint): ipc://PATH or tcp://HOST:PORT",
    )
    command.add_argument(
        "--slots",
        type=positive,
        help=f"simulators at a time (one more than cores, to hide the start of processes: {cores.usable() + 1})",
    )
    command.add_argument(
        "--keys",
        type=Path,
        metavar="FOLDER",
        help="folder of this host's CURVE keys; required if the learner is on another host",
    )
    command.add_argument(
        "--wait",
        type=seconds,
        default=3600.0,
        help="seconds to wait for a learner, at the start and after each loss; 0: forever (3600)",
    )
    command.add_argument(
        "--pulse", type=Path, metavar="FILE", help="file that is touched twice a second, for health checks"
    )
    command.set_defaults(action=_serve)

    command = commands.add_parser(
        "keys", group="operate", help="create CURVE keys for a learner and simulators on other hosts"
    )
    command.add_argument("folder", type=Path, help="where to write; for a folder with keys, adds simulators")
    command.add_argument("names", nargs="*", metavar="NAME", help="names of simulator hosts (simulator)")
    command.set_defaults(action=_keys)


def _serve(parsed: argparse.Namespace) -> int:
    from ns3marl.launch.interrupt import stop_on_signal  # noqa: PLC0415
    from ns3marl.worker import serve  # noqa: PLC0415

    with stop_on_signal() as stop:
        serve(
            parsed.scenario,
            parsed.connect,
            slots=parsed.slots,
            key_folder=parsed.keys,
            wait_s=parsed.wait,
            stop=stop,
            pulse=parsed.pulse,
        )
    return Exit.DONE


def _keys(parsed: argparse.Namespace) -> int:
    from ns3marl import keys  # noqa: PLC0415

    names = parsed.names or ["simulator"]
    keys.make(parsed.folder, names)
    print(f"learner:   {parsed.folder / 'learner'}, for pool.keys")
    for name in names:
        print(f"simulator: {parsed.folder / name}, for `ns3marl serve --keys`")
    return Exit.DONE
