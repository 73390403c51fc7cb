# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""``demo``: trains, evaluates and reports in a few minutes."""

from __future__ import annotations

import argparse
from pathlib import Path

from ns3marl import config as configuration
from ns3marl import toolchain
from ns3marl.cli.exits import Exit
from ns3marl.cli.judging import evaluate_and_report
from ns3marl.cli.options import Commands, add_set, new_folder, opponents, tidied
from ns3marl.cli.training import train_and_report


def add(commands: Commands) -> None:
    """Adds the command."""
    command = commands.add_parser("demo", group="start", help="train, evaluate and report in a few minutes")
    command.add_argument("--minutes", type=float, default=5.0, help="training time (5)")
    command.add_argument("--out", type=Path, help="run folder")
    add_set(command)
    command.set_defaults(action=_demo)


def _demo(parsed: argparse.Namespace) -> int:
    settings = [*parsed.set, f"training.minutes={parsed.minutes}"]
    config = configuration.load("demo", settings)
    toolchain.provide(config.scenario.name, up_to_date=True)  # before the training's minutes begin to count
    folder = parsed.out or new_folder(config, "demo")
    print(f"1/2  training IMAPPO for {config.training.minutes:g} minutes: {folder}", flush=True)
    with tidied(folder):
        whole = train_and_report(config, folder)
    if not whole:
        print(f"stopped; go on with: ns3marl train --resume {folder}")
        return Exit.INTERRUPTED
    policies = [str(folder), *opponents(config)]
    print(
        f"2/2  evaluating on {config.evaluation.episodes} fresh episodes: {', '.join(policies[1:])}",
        flush=True,
    )
    return evaluate_and_report(config, policies, folder / "evaluation", folder)
