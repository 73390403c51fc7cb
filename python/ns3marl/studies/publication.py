# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""A published evaluation that a scenario makes anew: which cells it needs, how they are run, and the page about them."""

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
    """What is made anew."""
    cells: Callable[[int | None, bool], list[Cell]]
    """All cells: training seeds of each learner (None: as many as the publication is made anew with), and whether only the form is shown."""
    study: Callable[[Path, Path, bool], Study]
    """How they are run: the folder of results, the folder of trainings, and whether only the form is shown."""
    write: Callable[[Sequence[Content], Path, Path, bool], list[str]]
    """Writes the page from finished cells: these, the page's path, the folder of pictures, and whether only the form is shown. It returns
    figures as ``name: VALUE UNIT``."""


def find(scenario: str = "") -> Publication:
    """The published evaluation of a scenario, or of the only one that brings one.

    Raises:
        ConfigError: The scenario brings none, several do, or what it names is no publication.
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
