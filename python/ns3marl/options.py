# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Options are fields of frozen dataclasses: typed, checked, and explained by the docstring under each field.

Sections of the configuration (``ns3marl.config``) and learners (``ns3marl.algorithms``) declare their options so::

    @dataclass(frozen=True)
    class MyOptions:
        \"\"\"What the learner is.\"\"\"

        discount: Fraction = 0.99
        \"\"\"gamma, per tick.\"\"\"

A field has a default and one of the types ``int``, ``float``, ``bool``, ``str``, ``tuple[str, ...]`` or ``Literal``, numbers
perhaps with a ``Range``.
"""

from __future__ import annotations

import ast
import dataclasses
import difflib
import importlib
import inspect
import math
import sys
import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from ns3marl import text
from ns3marl.errors import ConfigError

tomllib: Any = importlib.import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Range:
    """Numbers that an option may take: from ``low`` to ``high``, both included unless ``above``.

    Used as ``Annotated[int, Range(2)]``.
    """

    low: float
    high: float = math.inf
    above: bool = False  #: whether ``low`` itself is refused

    def __contains__(self, value: float) -> bool:
        return (value > self.low if self.above else value >= self.low) and value <= self.high

    def __str__(self) -> str:
        if self.high < math.inf:
            return f"a number from {_shown(self.low)} to {_shown(self.high)}"
        return f"{'more than ' if self.above else ''}{self.low:g}{'' if self.above else ' or more'}"


PositiveInt = Annotated[int, Range(0, above=True)]
PositiveFloat = Annotated[float, Range(0, above=True)]
NotNegativeInt = Annotated[int, Range(0)]
NotNegativeFloat = Annotated[float, Range(0)]
Fraction = Annotated[float, Range(0, 1)]


@dataclass(frozen=True, slots=True)
class Option:
    """What a user should know of an option."""

    name: str
    meaning: str  #: the docstring under the field, on one line
    allowed: str  #: type, range or choices
    default: Any


def build(kind: type[T], values: Mapping[str, Any], section: str, where: str) -> T:
    """Options from plain values, such as TOML gives.

    Args:
        kind: A dataclass of options.
        values: By name; what is missing keeps its default.
        section: The options' section, for messages.
        where: The file or whatever else they come from, for messages.

    Raises:
        ConfigError: There is no such option, or a value has another type or is out of range.
    """
    return kind(**converted(kind, values, section, where))


def plain(written: str) -> Any:
    """A value as it is written in TOML; what is no value of TOML is a string."""
    try:
        return tomllib.loads(f"value = {written}")["value"]
    except tomllib.TOMLDecodeError:
        return written.strip()


def converted(kind: type[Any], values: Mapping[str, Any], section: str, where: str) -> dict[str, Any]:
    """The given values alone, checked and converted; arguments and errors as of ``build``."""
    hints = get_type_hints(kind, include_extras=True)
    names = [field.name for field in dataclasses.fields(kind)]
    for name in values:
        if name not in names:
            raise ConfigError(
                f"{where}: unknown option {section}.{name}{near(name, names)}; known: {', '.join(names)}"
            )
    return {
        name: _convert(hints[name], value, f"{where}: {section}.{name}") for name, value in values.items()
    }


def _convert(hint: Any, value: Any, what: str) -> Any:
    if get_origin(hint) is Annotated:
        kind, allowed = get_args(hint)
        if isinstance(value, int | float) and value not in allowed:
            raise ConfigError(f"{what}: expected {allowed}, got {_shown(value)}")
        return _convert(kind, value, what)
    if get_origin(hint) is Literal:
        if value in get_args(hint):
            return value
        choices = ", ".join(map(str, get_args(hint)))
        raise ConfigError(
            f"{what}: expected one of {choices}, got {value!r}{near(str(value), get_args(hint))}"
        )
    if get_origin(hint) is tuple:
        if isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
            return tuple(text.checked(item, what) for item in value)
        raise ConfigError(f'{what}: expected a list of strings such as ["--devices=10"], got {value!r}')
    if hint is float and isinstance(value, int | float) and not isinstance(value, bool):
        if not abs(value) <= sys.float_info.max:
            raise ConfigError(f"{what}: expected a finite number, got {_shown(value)}")
        return float(value)
    if type(value) is not hint:
        wanted = {int: "a whole number", float: "a number", bool: "true or false", str: "a string"}[hint]
        raise ConfigError(f"{what}: expected {wanted}, got {value!r}")
    return text.checked(value, what) if hint is str else value


def _shown(value: float) -> str:
    """A number for a message, whole ones with all of their digits."""
    return str(int(value)) if value == value // 1 and abs(value) < math.inf else f"{value:g}"


def listed(kind: type[Any]) -> list[Option]:
    """Every option of a dataclass, in its order."""
    hints, meanings = get_type_hints(kind, include_extras=True), _docstrings(kind)
    return [
        Option(
            field.name,
            meanings.get(field.name, ""),
            _allowed(hints[field.name]),
            field.default,
        )
        for field in dataclasses.fields(kind)
    ]


def _allowed(hint: Any) -> str:
    if get_origin(hint) is Annotated:
        kind, allowed = get_args(hint)
        return f"{kind.__name__}: {allowed}"
    if get_origin(hint) is Literal:
        return " | ".join(map(str, get_args(hint)))
    if get_origin(hint) is tuple:
        return "list of str"
    return str(hint.__name__)


def _docstrings(kind: type[Any]) -> dict[str, str]:
    """The docstring under each field, on one line, also of inherited ones; none where the source cannot be read."""
    found: dict[str, str] = {}
    for one in reversed(kind.__mro__):
        if not dataclasses.is_dataclass(one):
            continue
        try:
            source = textwrap.dedent(inspect.getsource(one))
        except (OSError, TypeError):
            continue
        (body,) = ast.parse(source).body
        assert isinstance(body, ast.ClassDef)
        found |= {
            field.target.id: " ".join(str(after.value.value).split())
            for field, after in zip(body.body, body.body[1:], strict=False)
            if isinstance(field, ast.AnnAssign)
            and isinstance(field.target, ast.Name)
            and isinstance(after, ast.Expr)
            and isinstance(after.value, ast.Constant)
        }
    return found


def near(name: str, known: Iterable[str]) -> str:
    """`` (did you mean …?)`` with the known names closest to one that is not; empty where none is close."""
    close = difflib.get_close_matches(name, [str(one) for one in known], n=2, cutoff=0.5)
    return f" (did you mean {' or '.join(close)}?)" if close else ""
