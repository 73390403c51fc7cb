# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""``view``: episodes and trainings in a browser."""

from __future__ import annotations

import argparse
import dataclasses
import os
import sys
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING

from ns3marl.cli.options import (
    Commands,
    add_set,
    config_of,
    config_or_scenario,
    own_config,
    positive,
    with_arguments,
)
from ns3marl.config import BACKENDS, Config
from ns3marl.errors import ConfigError

if TYPE_CHECKING:
    from ns3marl.view.session import Session

_MAX_PORT = 65535


def add(commands: Commands) -> None:
    """Adds the command."""
    command = commands.add_parser("view", group="judge", help="watch episodes and trainings in a browser")
    command.add_argument(
        "sources",
        nargs="+",
        metavar="SOURCE",
        help="a scenario or configuration, a run folder, a recording, or two recordings to compare",
    )
    command.add_argument(
        "--policy",
        action="append",
        default=[],
        metavar="POLICY",
        help="simple policy, checkpoint or run folder; twice to compare two on the same episode (random)",
    )
    command.add_argument("--seed", type=positive, help="ns-3 RngSeed of the episode (1001, or the run's)")
    command.add_argument("--run", type=positive, default=1, help="ns-3 RngRun of the episode (1)")
    command.add_argument(
        "--backend",
        metavar="BACKEND",
        help=f"where policies play: {' or '.join(BACKENDS)} (that of the configuration)",
    )
    command.add_argument(
        "--out",
        type=Path,
        metavar="FILE",
        help="write a recording (.ns3view) or a page (.html) in place of serving one",
    )
    command.add_argument("--port", type=_port, default=0, help="port of the page (any free one)")
    command.add_argument("--no-browser", action="store_true", help="print the address only")
    add_set(command)
    command.set_defaults(action=_view, takes_scenario_arguments=True)


def _port(text: str) -> int:
    value = int(text)
    if not 0 <= value <= _MAX_PORT:
        raise argparse.ArgumentTypeError(f"expected 0 to {_MAX_PORT}, got {value}")
    return value


def _view(parsed: argparse.Namespace) -> int:
    session = _session(parsed)
    if parsed.out is not None:
        return _write(session, parsed)
    from ns3marl.view.server import Server  # noqa: PLC0415

    server = Server(session, parsed.port)
    print(f"{session.title}: {server.address}\nPress Ctrl-C to stop.", flush=True)
    try:
        if session.log is None and session.can_play:
            session.play(session.seed, session.run)
        if not parsed.no_browser and _has_desktop():
            webbrowser.open(server.address)
        server.serve()
    finally:
        session.stop()
    return 0


def _has_desktop() -> bool:
    shown = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY") or sys.platform == "darwin"
    return bool(shown) and sys.stdout.isatty()


def _session(parsed: argparse.Namespace) -> Session:
    """What the words of the command line ask to see."""
    from ns3marl.view.training import TrainingLog, give_way  # noqa: PLC0415

    paths = [Path(source) for source in parsed.sources]
    if parsed.out is None and TrainingLog(paths[0]).is_running:
        give_way()  # before torch is imported, which takes seconds
    from ns3marl.view import episode, frames  # noqa: PLC0415
    from ns3marl.view.player import Player, Recording  # noqa: PLC0415
    from ns3marl.view.session import MAX_SIDES, Session  # noqa: PLC0415

    recordings = [path for path in paths if path.suffix == frames.SUFFIX]
    if recordings:
        if len(recordings) < len(paths) or parsed.policy or parsed.backend or parsed.scenario_arguments:
            raise ConfigError(
                "a recording is shown as it is: leave out --policy, --backend, arguments and other sources, or name a scenario instead"
            )
        episodes = [episode.load(path) for path in recordings]
        title = " and ".join(path.name for path in recordings)
        return Session(
            title, [Recording(of, path.name) for of, path in zip(episodes, recordings, strict=True)]
        )
    if len(paths) > 1:
        raise ConfigError(
            f"expected one scenario, run folder or recording, got {len(paths)} ({', '.join(parsed.sources)}); to compare two policies "
            "name --policy twice"
        )
    if len(parsed.policy) > MAX_SIDES:
        raise ConfigError(f"--policy is given {len(parsed.policy)} times; name one policy, or two to compare")
    (source,) = parsed.sources
    folder = paths[0] if own_config(paths[0]) is not None else None
    config = _config(source, folder, parsed)
    policies = parsed.policy or ([] if folder else ["random"])
    seed = parsed.seed or config.evaluation.seed
    if folder is None:
        name = Path(config.scenario.name).name
        return Session(
            f"{name}: {' and '.join(policies)}", [Player(config, of) for of in policies], seed, parsed.run
        )
    if not (folder / "config.toml").exists():
        raise ConfigError(f"{folder} is an experiment; name one of its runs, such as {folder / 'seed-1'}")
    log = TrainingLog(folder)
    sides = [str(folder), *policies][:MAX_SIDES]
    if len(policies) + 1 > MAX_SIDES:
        raise ConfigError(f"{source} is one side of the page: name one --policy to compare it with")
    return Session(str(folder), [Player(config, of) for of in sides], seed, parsed.run, log)


def _config(source: str, folder: Path | None, parsed: argparse.Namespace) -> Config:
    config = config_of(folder, parsed.set) if folder else config_or_scenario(source, parsed.set)
    backend = parsed.backend or config.scenario.backend
    # Only ns-3 tells what became of single tasks or packets.
    if backend == "ns3":
        arguments = (*config.scenario.arguments, *parsed.scenario_arguments, "--tables=all")
        scenario = dataclasses.replace(config.scenario, arguments=arguments, backend=backend)
        return dataclasses.replace(config, scenario=scenario)
    config = with_arguments(config, parsed)
    return dataclasses.replace(config, scenario=dataclasses.replace(config.scenario, backend=backend))


def _write(session: Session, parsed: argparse.Namespace) -> int:
    """Plays without a server and writes what was asked for."""
    from ns3marl.view import frames, page  # noqa: PLC0415
    from ns3marl.view.player import Player, play  # noqa: PLC0415

    kinds = (frames.SUFFIX, ".html")
    if parsed.out.suffix not in kinds:
        raise ConfigError(f"--out {parsed.out}: expected a file that ends in {' or '.join(kinds)}")
    if parsed.out.suffix == frames.SUFFIX and len(session.sides) > 1:
        raise ConfigError(
            f"a recording holds one episode, not {len(session.sides)}; write one for each policy, or a page (.html)"
        )
    for side in session.sides:
        if isinstance(side, Player):
            play(side.config, side.source, session.seed, session.run, side.episode)
    if parsed.out.suffix == ".html":
        page.write_single_file(parsed.out, session.title, [side.episode for side in session.sides])
    else:
        session.sides[0].episode.save(parsed.out)
    print(parsed.out)
    return 0
