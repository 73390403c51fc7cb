# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
import json
from pathlib import Path
from typing import Any

import pytest

from ns3marl.errors import ConfigError
from ns3marl.scenarios.aiot_mec.describe import describe

ARGUMENTS = [
    {"name": "devices", "help": "Number of devices", "type": "uint32", "value": "50"},
    {"name": "pause", "help": "Between two ways", "type": "time", "value": "+2e+06ns"},
    {"name": "csi", "help": "What devices know", "type": "text", "value": "measured"},
    {"name": "positions", "help": "CSV file kind,x,y [m]", "type": "text", "value": ""},
    {
        "name": "preset",
        "help": "Defaults of others: default; fast: pause=1ms, devices=3; wide: area=12*sqrt(devices/50)",
        "type": "text",
        "value": "default",
    },
]
REFUSALS = {
    "--devices=-1": "'--devices=-1': expected 1 to below --limit",
    "--pause=-1ms": "'--pause=-1ms': expected at least 0ms: time does not run backwards",
    "--csi=?": "'--csi=?': expected measured, guessed or genie",
}


def executable(
    folder: Path, arguments: list[dict[str, str]] = ARGUMENTS, refusals: dict[str, str] | None = None
) -> Path:
    """A program that answers as a scenario does."""
    (folder / "arguments").write_text(json.dumps(arguments))
    cases = "".join(
        f"    '{word}') echo \"demo: argument {text}; mend it\" >&2; exit 2;;\n"
        for word, text in (REFUSALS if refusals is None else refusals).items()
    )
    path = folder / "demo"
    path.write_text(
        f'#!/bin/sh\ncase "$1" in --arguments) cat {folder}/arguments; exit;; esac\ncase "$2" in\n{cases}esac\necho \'{{"scenario":"demo"}}\'\n'
    )
    path.chmod(0o755)
    return path


def limits(arguments: dict[str, Any], name: str) -> dict[str, Any]:
    (limit,) = arguments[name]["limits"]
    found: dict[str, Any] = limit
    return found


def test_arguments_and_refusals_become_defaults_limits_and_presets(tmp_path: Path) -> None:
    files = describe(executable(tmp_path))
    assert files["aiot-mec.json"] == {"scenario": "demo"}
    of = files["arguments.json"]["arguments"]
    assert {name: argument["default"] for name, argument in of.items()} == {
        "devices": 50,
        "pause": 2000,
        "csi": "measured",
        "positions": "",
        "preset": "default",
    }
    assert {name: argument["type"] for name, argument in of.items()} == {
        argument["name"]: argument["type"] for argument in ARGUMENTS
    }
    assert of["positions"]["description"] == "CSV file kind,x,y [m]"
    assert limits(of, "devices") == {"expected": "1 to below --limit", "at_least": 1, "below": "limit"}
    assert limits(of, "pause") == {
        "expected": "at least 0ms: time does not run backwards",
        "at_least": 0,
    }
    assert limits(of, "csi")["one_of"] == ["measured", "guessed", "genie"]
    assert files["arguments.json"]["presets"] == {
        "default": {},
        "fast": {"pause": 1000, "devices": 3},
        "wide": {"area": "12*sqrt(devices/50)"},
    }


def test_another_program_and_an_unknown_form_of_a_limit_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no argument --preset"):
        describe(executable(tmp_path, ARGUMENTS[:1], {}))
    with pytest.raises(ConfigError, match="'a prime number of 2 digits', which is no range"):
        describe(
            executable(
                tmp_path, refusals={"--devices=-1": "'--devices=-1': expected a prime number of 2 digits"}
            )
        )
