# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The relations that the bundled scenarios declare are those that a reader finds in the names."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from ns3marl.env.pool import Pool
from ns3marl.types import ChoiceRows, Group, Spec

ARGUMENTS: dict[str, tuple[str, ...]] = {
    "aiot-mec": ("--devices=5", "--servers=3", "--channels=2"),
    "cognitive-v2x": (),
    "echo": ("--groups=2",),
    "edge-cloud": ("--gateways=3",),
    "slice-lte": (),
    "template": (),
}


def words(name: str) -> str:
    """A name in lower case, its words between underscores."""
    return "_" + re.sub(r"[^0-9a-z]+", "_", name.lower()) + "_"


def named(group: Group) -> dict[tuple[int, int], set[str]]:
    """By head and choice the features whose names begin or end with that choice, if all choices have the same quantities."""
    names = {feature.name: words(feature.name) for feature in group.features}
    found: dict[tuple[int, int], set[str]] = {}
    for d, head in enumerate(group.discrete_heads):
        rows: list[dict[str, str]] = []
        for choice in map(words, head.choices):
            row = {name[len(choice) :]: own for own, name in names.items() if name.startswith(choice)}
            row |= {name[: -len(choice)]: own for own, name in names.items() if name.endswith(choice)}
            rows.append(row)
        if len(rows) > 1 and rows[0] and all(row.keys() == rows[0].keys() for row in rows):
            found |= {(d, c): set(row.values()) for c, row in enumerate(rows)}
    return found


def declared(group: Group) -> dict[tuple[int, int], set[str]]:
    """By head and choice the features that describe it."""
    found: dict[tuple[int, int], set[str]] = {}
    for feature in group.features:
        if feature.describes is not None:
            found.setdefault((feature.describes.head, feature.describes.choice), set()).add(feature.name)
    return found


def named_choices(spec: Spec, rows: tuple[str, ...]) -> set[ChoiceRows]:
    """The heads of which these rows are choices, by name."""
    return {
        ChoiceRows(g, d, tuple(head.choices.index(row) for row in rows))
        for g, group in enumerate(spec.groups)
        for d, head in enumerate(group.discrete_heads)
        if set(rows) <= set(head.choices)
    }


@pytest.mark.parametrize("name", ARGUMENTS)
def test_declared_relations_are_those_of_the_names(scenario_path: Callable[[str], Path], name: str) -> None:
    with Pool(scenario_path(name), arguments=ARGUMENTS[name]) as pool:
        spec = pool.spec
    for group in spec.groups:
        assert declared(group) == named(group)
    agents = [group.agents for group in spec.groups]
    for block in spec.state:
        assert block.agents_of == (agents.index(block.rows) if block.rows in agents else None)
        assert set(block.choices_of) == named_choices(spec, block.rows)
