# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
from pathlib import Path
from typing import Any

import pytest

from ns3marl.errors import ConfigError
from ns3marl.scenarios.aiot_mec.describe import describe

HELP = """demo --help

Program Options:
    --devices:    Number of devices [50]
    --pause:      Between two ways [+2ms]
    --csi:        What devices know [measured]
    --positions:  CSV file kind,x,y [m]
    --preset:     Defaults of others: default; fast: pause=1ms, devices=3; wide: area=12*sqrt(devices/50) [default]

General Arguments:
    --PrintHelp:  Print this help message.
"""
REFUSALS = {
    "--devices=-1": "'--devices=-1': expected 1 to below --limit",
    "--pause=-1ms": "'--pause=-1ms': expected at least 0ms: time does not run backwards",
    "--csi=?": "'--csi=?': expected measured, guessed or genie",
    "--positions=m": "'--positions=m': expected --placement=file with it",
}


def executable(folder: Path, help_text: str = HELP, refusals: dict[str, str] | None = None) -> Path:
    """A program that answers as a scenario does."""
    (folder / "help").write_text(help_text)
    cases = "".join(
        f"    '{word}') echo \"demo: argument {text}; mend it\" >&2; exit 2;;\n"
        for word, text in (REFUSALS if refusals is None else refusals).items()
    )
    path = folder / "demo"
    path.write_text(
        f'#!/bin/sh\ncase "$1" in --help) cat {folder}/help; exit;; esac\ncase "$2" in\n{cases}esac\necho \'{{"scenario":"demo"}}\'\n'
    )
    path.chmod(0o755)
    return path


def limits(arguments: dict[str, Any], name: str) -> dict[str, Any]:
    (limit,) = arguments[name]["limits"]
    found: dict[str, Any] = limit
    return found


def test_help_and_refusals_become_defaults_limits_and_presets(tmp_path: Path) -> None:
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
        describe(executable(tmp_path, "Program Options:\n    --devices:  Number [50]\n", {}))
    with pytest.raises(ConfigError, match="'a prime number of 2 digits', which is no range"):
        describe(
            executable(
                tmp_path, refusals={"--devices=-1": "'--devices=-1': expected a prime number of 2 digits"}
            )
        )
