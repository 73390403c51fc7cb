# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""How a scenario is drawn as a map: names of state blocks, features and table columns, no code.

A scenario's descriptor gives one as ``ScenarioHome.map``. ``ns3marl view`` draws it in the browser, ``render()`` of an environment as an
array of pixels. A name that the spec lacks is left out, so one map fits a scenario under all its arguments.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal


@dataclass(frozen=True, kw_only=True)
class Places:
    """Rows of a state block that stand somewhere."""

    block: str
    """Name of the state block."""
    x: str
    """Feature that holds the first coordinate. The feature's bounds are those of the map."""
    y: str
    """Feature that holds the second coordinate."""
    shape: Literal["circle", "square"] = "circle"
    """How a row is drawn."""
    level: str | None = None
    """Feature that fills the shape: the share of its bounds, such as a server's utilisation."""
    queue: str | None = None
    """Feature drawn as a bar beside the shape, relative to the largest value of the episode, such as waiting tasks."""


@dataclass(frozen=True, kw_only=True)
class Meter:
    """A feature of a state block drawn as one bar a row beside the map, such as the busy share of each channel."""

    block: str
    """Name of the state block."""
    value: str
    """Feature; a full bar stands for its upper bound."""
    title: str
    """Above the bars."""


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A part of an item's time."""

    title: str
    """What happens then, for people."""
    column: str
    """Column with its duration [s]; NaN: the item never got there."""
    less: tuple[str, ...] = ()
    """Columns with durations [s] that stages of their own show, and that are subtracted."""
    where: Literal["source", "out", "target", "back"] = "source"
    """Where the item is meanwhile: at its source, on the way to its target, at its target, or on the way back."""


@dataclass(frozen=True, kw_only=True)
class Items:
    """What moves on the map: rows of a table, one for each task or packet, whose time is divided into stages."""

    table: str
    """Name of the table."""
    begin: str
    """Column with the number of the tick at which the item begins."""
    source: str
    """Column with the row of ``source_block`` that it belongs to."""
    source_block: str
    """Block of ``Places`` that items come from."""
    lanes: tuple[tuple[Stage, ...], ...]
    """Stages one after the other, from the item's beginning on; several lanes run side by side."""
    target: str | None = None
    """Column with the row of ``target_block`` that it is sent to."""
    target_block: str | None = None
    """Block of ``Places`` that items go to."""
    stays: tuple[str, tuple[str, ...]] | None = None
    """A column of categories, and the names in it for items that stay at their source."""
    outcome: str | None = None
    """Column whose categories say how the item ended."""
    success: tuple[str, ...] = ()
    """Outcomes that are good; all others tell why an item failed."""


@dataclass(frozen=True, kw_only=True)
class NetworkMap:
    """Everything that a map shows."""

    places: tuple[Places, ...]
    """Later ones are drawn above earlier ones."""
    meters: tuple[Meter, ...] = ()
    """Beside the map."""
    items: Items | None = None
    """What moves on it."""

    def plain(self) -> dict[str, Any]:
        """The map as plain values, for JSON."""
        return asdict(self)
