# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The arguments of the C++ scenario: defaults, limits and presets, read from ``arguments.json``.

The executable says what stands in that file (``ns3marl.scenarios.aiot_mec.describe``). Times are microseconds.
"""

from __future__ import annotations

import json
import math
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

Value = float | str

_RELATIONS: dict[str, Callable[[float, float], bool]] = {
    "at_least": operator.ge,
    "above": operator.gt,
    "at_most": operator.le,
    "below": operator.lt,
}
_ROOT = re.compile(r"([\d.]+)\*sqrt\(devices/([\d.]+)\)")


@dataclass(frozen=True)
class Limit:
    """What the values of an argument have to satisfy."""

    expected: str  #: in the scenario's words
    one_of: tuple[str, ...]  #: the words that it may be; empty: it is a number
    relations: Mapping[str, Value]  #: relation -> number, or name of another argument

    def holds(self, value: Value, values: Mapping[str, Value]) -> bool:
        """Whether a value is within the limit.

        Args:
            value: Of the argument.
            values: Of all arguments, by name.
        """
        if self.one_of:
            return value in self.one_of
        return all(
            _RELATIONS[relation](float(value), float(values[bound] if isinstance(bound, str) else bound))
            for relation, bound in self.relations.items()
        )


@dataclass(frozen=True)
class Argument:
    """One ``--name=value`` of the scenario."""

    default: Value
    limits: tuple[Limit, ...]


@dataclass(frozen=True)
class Arguments:
    """All arguments by name; for each preset what it says of those that are not given."""

    arguments: Mapping[str, Argument]
    presets: Mapping[str, Mapping[str, Value]]

    def preset(self, name: str, devices: int) -> dict[str, float]:
        """Values of a preset; a value ``a*sqrt(devices/b)`` follows the number of devices."""
        values = {}
        for argument, value in self.presets[name].items():
            root = _ROOT.fullmatch(value) if isinstance(value, str) else None
            values[argument] = (
                float(value) if root is None else float(root[1]) * math.sqrt(devices / float(root[2]))
            )
        return values


@cache
def load() -> Arguments:
    """Reads the file that ships with the package."""
    text = resources.files("ns3marl.scenarios.aiot_mec.twin").joinpath("arguments.json").read_text("utf-8")
    data = json.loads(text)
    arguments = {
        name: Argument(
            argument["default"],
            tuple(
                Limit(
                    limit["expected"],
                    tuple(limit.get("one_of", ())),
                    {relation: limit[relation] for relation in _RELATIONS if relation in limit},
                )
                for limit in argument["limits"]
            ),
        )
        for name, argument in data["arguments"].items()
    }
    return Arguments(arguments, data["presets"])
