# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The data files that the twin reads are what the executable says of itself."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from importlib import resources
from pathlib import Path

import pytest

from ns3marl.scenarios.aiot_mec.describe import describe, dumps
from ns3marl.scenarios.aiot_mec.twin import arguments


def test_the_shipped_files_are_what_the_executable_says(scenario_path: Callable[[str], Path]) -> None:
    for name, content in describe(scenario_path("aiot-mec")).items():
        shipped = resources.files("ns3marl.scenarios.aiot_mec.twin").joinpath(name).read_text("utf-8")
        assert shipped == dumps(content), (
            f"{name}: run python -m ns3marl.scenarios.aiot_mec.describe EXECUTABLE"
        )


@pytest.mark.parametrize("preset", sorted(arguments.load().presets))
def test_a_preset_is_what_its_words_say(scenario_path: Callable[[str], Path], preset: str) -> None:
    executable = scenario_path("aiot-mec")

    def says(*words: str) -> str:
        return subprocess.run([executable, *words], capture_output=True, text=True, check=True).stdout

    known = arguments.load()
    values = known.preset(preset, 80)
    units = {name: "us" if known.arguments[name].type == "time" else "" for name in values}
    words = [f"--{name}={value:.17g}{units[name]}" for name, value in values.items()]
    assert says("--describe", f"--preset={preset}", "--devices=80") == says(
        "--describe", "--devices=80", *words
    )
    episode = ("--standalone", "--devices=80", "--servers=3", "--ticks=5")
    of_preset, of_words = (json.loads(says(*episode, *of)) for of in ([f"--preset={preset}"], words))
    assert of_preset["metrics"] == of_words["metrics"]


@pytest.mark.parametrize(
    ("preset", "lowest", "highest", "unit"),
    [
        ("balanced", "densityMin", "densityMax", ""),
        ("easy", "deadlineMin", "deadlineMax", "us"),
        ("mixed", "sizeMin", "sizeMax", ""),
        ("mixed", "densityMin", "densityMax", ""),
        ("mixed", "deviceCpuMin", "deviceCpuMax", ""),
        ("mixed", "serverCpuMin", "serverCpuMax", ""),
    ],
)
def test_lowest_values_that_no_spec_shows_are_the_presets_too(
    scenario_path: Callable[[str], Path], preset: str, lowest: str, highest: str, unit: str
) -> None:
    low = arguments.load().presets[preset][lowest]
    assert not isinstance(low, str)

    def taken(high: float) -> bool:
        words = [
            str(scenario_path("aiot-mec")),
            "--describe",
            f"--preset={preset}",
            f"--{highest}={high}{unit}",
        ]
        return subprocess.run(words, capture_output=True, check=False).returncode == 0

    assert taken(low)
    assert not taken(0.99 * low)
