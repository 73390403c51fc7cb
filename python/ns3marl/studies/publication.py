# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Reproduction of a published evaluation: its cells, how they are run, and its page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ns3marl import home as homes
from ns3marl.errors import ConfigError
from ns3marl.studies.cells import Cell, Content, Study


@dataclass(frozen=True)
class Publication:
    """What ``ns3marl reproduce`` runs; a scenario's descriptor names it (``ScenarioHome.published``)."""

    title: str
    """Title of the publication."""
    cells: Callable[[int | None, bool], list[Cell]]
    """Returns all cells, given the number of training seeds per learner (None: the default) and whether to run the quick version."""
    study: Callable[[Path, Path, bool], Study]
    """Returns the study, given the folder of results, the folder of trainings, and whether to run the quick version."""
    write: Callable[[Sequence[Content], Path, Path, bool], list[str]]
    """Writes the page, given the finished cells, the page's path, the folder of plots, and whether it is the quick version. Returns
    figures as ``name: VALUE UNIT``."""


def find(scenario: str = "") -> Publication:
    """The publication of a scenario, or of the only scenario that has one.

    Raises:
        ConfigError: The scenario has none, several scenarios have one, or the descriptor names something else.
    """
    bringing = [home for home in homes.homes() if home.published is not None]
    names = ", ".join(home.name for home in bringing)
    found = [home for home in bringing if scenario in {"", home.name}]
    if len(found) != 1:
        raise ConfigError(
            f"reproduce what? {f'{scenario!r} brings no published evaluation; ' if scenario else ''}scenarios that bring one: {names}"
        )
    (home,) = found
    assert home.published is not None
    publication = home.load(home.published)
    if not isinstance(publication, Publication):
        raise ConfigError(f"scenario {home.name!r} names {home.published!r}, which is no Publication")
    return publication
