# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The arguments of the C++ scenario: types, defaults, limits and presets, read from ``arguments.json``.

The executable generates this file (``ns3marl.scenarios.aiot_mec.describe``). Times are in microseconds.
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
_UNITS_NS = {
    "fs": 1e-6,
    "ps": 1e-3,
    "ns": 1.0,
    "us": 1e3,
    "ms": 1e6,
    "s": 1e9,
    "min": 60e9,
    "h": 3600e9,
    "d": 86400e9,
    "y": 365 * 86400e9,
}
_LONGEST_NS = 1e18
_WHOLE = re.compile(r"[+]?-?[0-9]+")
_NUMBER = re.compile(r"([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)([a-z]*)")
_FLAGS = {"true": "true", "t": "true", "1": "true", "false": "false", "f": "false", "0": "false"}
_ROOT = re.compile(r"([\d.]+)\*sqrt\(devices/([\d.]+)\)")


@dataclass(frozen=True)
class Limit:
    """A limit of the values of an argument."""

    expected: str  #: in the scenario's words
    one_of: tuple[str, ...]  #: the words that it may be; empty: it is a number
    relations: Mapping[str, Value]  #: relation -> number, or name of another argument

    def holds(self, value: Value, values: Mapping[str, Value]) -> bool:
        """Whether a value is within the limit.

        Args:
            value: Value of the argument.
            values: Values of all arguments, by name.
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

    type: str  #: as the scenario names it: time, number, uint32 and the like, flag, text
    default: Value
    limits: tuple[Limit, ...]

    @property
    def expected(self) -> str:
        """Expected form of a text, in the scenario's words."""
        if self.type in _EXPECTED:
            return _EXPECTED[self.type]
        return f"a whole number from 0 to {2 ** int(self.type.removeprefix('uint')) - 1}"

    def read(self, text: str) -> Value | None:
        """Parses a text as the scenario does; times become microseconds.

        Args:
            text: The text after the ``=``.

        Returns:
            The value; None if the scenario refuses the text.
        """
        if self.type == "text":
            return text
        if self.type == "flag":
            return _FLAGS.get(text.lower())
        if self.type == "time":
            return _read_time(text)
        if self.type == "number":
            number = _NUMBER.fullmatch(text)
            return float(number[1]) if number and not number[2] and math.isfinite(float(number[1])) else None
        whole = _WHOLE.fullmatch(text)
        return int(text) if whole and 0 <= int(text) < 2 ** int(self.type.removeprefix("uint")) else None


_EXPECTED = {
    "text": "a text",
    "flag": "true or false",
    "time": f"a time with its unit, such as 20ms ({', '.join(list(_UNITS_NS)[:-1])} or y), of at most 1e9s",
    "number": "a number",
}


def _read_time(text: str) -> float | None:
    """A time in whole nanoseconds [us]."""
    found = _NUMBER.fullmatch(text)
    if found is None or found[2] not in _UNITS_NS:
        return None
    time_ns = float(found[1]) * _UNITS_NS[found[2]]
    return round(time_ns) / 1000 if abs(time_ns) <= _LONGEST_NS else None


@dataclass(frozen=True)
class Arguments:
    """All arguments by name, and the defaults of each preset."""

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
    """Reads the bundled file."""
    text = resources.files("ns3marl.scenarios.aiot_mec.twin").joinpath("arguments.json").read_text("utf-8")
    data = json.loads(text)
    arguments = {
        name: Argument(
            argument["type"],
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
