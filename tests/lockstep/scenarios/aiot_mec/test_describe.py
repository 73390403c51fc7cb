# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The data files that the twin reads are what the executable says of itself."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from importlib import resources
from pathlib import Path

import pytest

from ns3marl.scenarios.aiot_mec.describe import describe, dumps
from ns3marl.scenarios.aiot_mec.twin import arguments
from ns3marl.scenarios.aiot_mec.twin.settings import Settings


def test_the_shipped_files_are_what_the_executable_says(scenario_path: Callable[[str], Path]) -> None:
    for name, content in describe(scenario_path("aiot-mec")).items():
        shipped = resources.files("ns3marl.scenarios.aiot_mec.twin").joinpath(name).read_text("utf-8")
        assert shipped == dumps(content), (
            f"{name}: run python -m ns3marl.scenarios.aiot_mec.describe EXECUTABLE"
        )


@pytest.mark.parametrize("preset", sorted(arguments.load().presets))
def test_a_preset_is_what_its_words_say(scenario_path: Callable[[str], Path], preset: str) -> None:
    executable = scenario_path("aiot-mec")

    def spec(*words: str) -> str:
        ran = subprocess.run([executable, "--describe", *words], capture_output=True, text=True, check=True)
        return ran.stdout

    of = Settings.parse([f"--preset={preset}", "--devices=80"])
    times = [f"--{name}={getattr(of, name)}us" for name in ("tick", "deadlineMin")]
    numbers = [f"--{name}={getattr(of, name)}" for name in ("area", "channels", "densityMin", "densityMax")]
    assert spec(f"--preset={preset}", "--devices=80") == spec("--devices=80", *times, *numbers)


@pytest.mark.parametrize(
    ("preset", "lowest", "highest", "unit"),
    [("balanced", "densityMin", "densityMax", ""), ("easy", "deadlineMin", "deadlineMax", "us")],
)
def test_lowest_values_that_no_spec_shows_are_the_presets_too(
    scenario_path: Callable[[str], Path], preset: str, lowest: str, highest: str, unit: str
) -> None:
    low = arguments.load().presets[preset][lowest]
    assert isinstance(low, int)

    def taken(high: float) -> bool:
        words = [
            str(scenario_path("aiot-mec")),
            "--describe",
            f"--preset={preset}",
            f"--{highest}={high}{unit}",
        ]
        return subprocess.run(words, capture_output=True, check=False).returncode == 0

    assert taken(low)
    assert not taken(low - 1)
