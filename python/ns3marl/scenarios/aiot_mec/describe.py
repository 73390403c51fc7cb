# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Generates the data files that the twin reads from the executable ``aiot-mec``.

``python -m ns3marl.scenarios.aiot_mec.describe EXECUTABLE`` writes both files of ``twin/``:

- ``aiot-mec.json``: the spec, as ``--describe`` prints it.
- ``arguments.json``: names, types, defaults and presets of the arguments, as ``--arguments`` prints them, and the limits of their values,
  as the scenario states them when it refuses one. Times are microseconds.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
from pathlib import Path
from typing import Any

from ns3marl.errors import ConfigError

_TIME_UNITS_US = {"ns": 1e-3, "us": 1.0, "ms": 1e3, "s": 1e6}
_NUMBER = re.compile(r"([+-]?[\d.]+(?:e[+-]?\d+)?)(ns|us|ms|s)?")
_REFUSAL = re.compile(r"argument '--(\w+)=[^']*': expected (.*); mend it")
_BOUND = r"(--\w+|[\d.]+(?:ns|us|ms|s)?)"
_RANGE = re.compile(rf"(at least |above |at most |below )?{_BOUND}(?: to (below )?{_BOUND})?(?: \S+)?")
_WORDS = re.compile(r"[\w-]+(?:, [\w-]+)* or [\w-]+")
_RELATIONS = {
    "at least ": "at_least",
    "above ": "above",
    "at most ": "at_most",
    "below ": "below",
    None: "at_least",
}
_NUMBERS = ("-1", "0", "1000000000")
_TRIED = {"time": ("-1ms", "1000000s"), "text": ("?",), "flag": ()}
"""Values to find the limits of an argument of this type; any other type is a number."""


def describe(executable: Path) -> dict[str, Any]:
    """The contents of both files by their names.

    Raises:
        ConfigError: The executable ends with an error, or has no argument ``--preset``.
    """
    spec = json.loads(_output(executable, "--describe"))
    arguments: dict[str, dict[str, Any]] = {}
    for declared in json.loads(_output(executable, "--arguments")):
        arguments[declared["name"]] = {
            "description": declared["help"],
            "type": declared["type"],
            "default": _value(declared["value"]),
            "limits": [],
        }
    if "preset" not in arguments:
        raise ConfigError(
            f"{executable} --arguments lists no argument --preset; expected the scenario aiot-mec"
        )
    for name, argument in arguments.items():
        for refused, limit in _refusals(executable, name, argument):
            if limit not in arguments[refused]["limits"]:
                arguments[refused]["limits"].append(limit)
    presets = _presets(arguments["preset"]["description"])
    return {"aiot-mec.json": spec, "arguments.json": {"arguments": arguments, "presets": presets}}


def dumps(content: Any) -> str:
    """The text of a file."""
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def _output(executable: Path, word: str) -> str:
    ran = subprocess.run([executable, word], capture_output=True, text=True, timeout=60, check=False)
    if ran.returncode:
        raise ConfigError(f"{executable} {word} ends with {ran.returncode}: {ran.stderr.strip()[-500:]}")
    return ran.stdout


def _value(text: str) -> float | str:
    """Parses a number, a time (in microseconds), or a word."""
    number = _NUMBER.fullmatch(text)
    if number is None:
        return text
    value = float(number[1]) * _TIME_UNITS_US.get(number[2] or "us", 1.0)
    return int(value) if value == int(value) else value


def _refusals(executable: Path, name: str, argument: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """The refused arguments with their limits, for values of ``name`` that may be out of range."""
    if argument["default"] == "":
        return []  # a file, a folder or a list
    tried = [_refused(executable, name, value) for value in _TRIED.get(argument["type"], _NUMBERS)]
    return [(found[1], _limit(found[2])) for found in tried if found]


def _refused(executable: Path, name: str, value: str) -> re.Match[str] | None:
    """Name and expectation in the message that refuses a value; None if it is accepted, or not a value of this type."""
    words = [str(executable), "--describe", f"--{name}={value}"]
    ran = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    return _REFUSAL.search(ran.stderr)


def _limit(expected: str) -> dict[str, Any]:
    """Parses an expectation into words and relations to a number or to another argument.

    Raises:
        ConfigError: It has another form than "at least 1", "0 to below --tick", "above 0 m", "team or agent" and the like.
    """
    rule = expected.partition(":")[0]
    if _WORDS.fullmatch(rule):
        return {"expected": expected, "one_of": re.split(", | or ", rule)}
    found = _RANGE.fullmatch(rule)
    if found is None:
        raise ConfigError(f"the scenario expects {expected!r}, which is no range that is known here")
    relation, bound, below, last = found.groups()
    limit = {"expected": expected, _RELATIONS[relation]: _bound(bound)}
    return {**limit, ("below" if below else "at_most"): _bound(last)} if last else limit


def _bound(text: str) -> float | str:
    return text.removeprefix("--") if text.startswith("--") else _value(text)


def _presets(description: str) -> dict[str, dict[str, float | str]]:
    """Parses ``…: default; stress: tick=25ms; …`` into the defaults of each preset."""
    presets = {}
    for part in description.partition(": ")[2].split("; "):
        name, _, words = part.partition(": ")
        pairs = [word.partition("=") for word in words.split(", ") if word]
        presets[name] = {argument: _value(value) for argument, _, value in pairs}
    return presets


def main() -> None:
    """Writes the files of the twin."""
    parser = argparse.ArgumentParser(prog="ns3marl.scenarios.aiot_mec.describe", description=__doc__)
    parser.add_argument("executable", type=Path, help="such as build/scenarios/bin/aiot-mec")
    for name, content in describe(parser.parse_args().executable).items():
        Path(__file__).with_name("twin").joinpath(name).write_text(dumps(content), "utf-8")


if __name__ == "__main__":
    main()
