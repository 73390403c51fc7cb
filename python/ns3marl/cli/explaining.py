# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""``options``: lists the options of a configuration with their meaning."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from typing import Any

from ns3marl.cli.documents import add_json, print_document
from ns3marl.cli.exits import Exit
from ns3marl.cli.options import Commands, print_table
from ns3marl.errors import ConfigError


def add(commands: Commands) -> None:
    """Adds the command."""
    command = commands.add_parser(
        "options",
        group="train",
        help="list the options of a section or a learner: meaning, range or choices, default",
    )
    command.add_argument(
        "section",
        nargs="?",
        help="a section such as training, a learner such as imappo, or module:Class; nothing: all sections",
    )
    add_json(command)
    command.set_defaults(action=_options)


def _options(parsed: argparse.Namespace) -> int:
    from ns3marl.algorithms import registry  # noqa: PLC0415 - learners take a second to import
    from ns3marl.config import SECTIONS  # noqa: PLC0415
    from ns3marl.options import listed, near  # noqa: PLC0415

    def kind_of(section: str) -> type[Any]:
        return SECTIONS[section] if section in SECTIONS else registry.find(section).Options

    every = [*SECTIONS, *registry.names()]
    names = [parsed.section] if parsed.section else every
    if names[0] not in every and ":" not in names[0]:
        raise ConfigError(
            f"no section or learner {names[0]!r}{near(names[0], every)}; there are {', '.join(every)}, and any class as module:Class"
        )
    if parsed.json:
        sections = [
            {
                "name": name,
                "meaning": (kind_of(name).__doc__ or "").splitlines()[0],
                "options": [asdict(option) for option in listed(kind_of(name))],
            }
            for name in names
        ]
        print_document(parsed, {"sections": sections})
        return Exit.DONE
    for number, name in enumerate(names):
        kind = kind_of(name)
        print(f"{chr(10) * (number > 0)}[{name}]  {(kind.__doc__ or '').splitlines()[0]}")
        rows = [
            (option.name, option.allowed, json.dumps(option.default), option.meaning)
            for option in listed(kind)
        ]
        print_table(("option", "values", "default", "meaning"), rows)
    if parsed.section is None:
        print(
            "\n[groups.NAME]  The learner of one group of agents: `algorithm`, and any option of it that differs from its section."
        )
    return Exit.DONE
