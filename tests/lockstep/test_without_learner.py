# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""What scenarios do when no learner is there: print their spec, or play an episode under their own policy."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ns3marl.env.pool import Pool

SCENARIOS = {
    "echo": (),
    "template": ("--ticks=20",),
    "aiot-mec": ("--devices=10", "--servers=3", "--ticks=20"),
    "cognitive-v2x": ("--pairs=3", "--ticks=20"),
}


def output(scenario: Path, *arguments: str) -> Any:
    command = [str(scenario), *arguments]
    return json.loads(subprocess.run(command, capture_output=True, check=True, timeout=60).stdout)


@pytest.mark.parametrize("name", SCENARIOS)
def test_describe_prints_the_spec_that_travels(scenario_path: Callable[[str], Path], name: str) -> None:
    printed = output(scenario_path(name), "--describe", *SCENARIOS[name])
    with Pool(scenario_path(name), arguments=SCENARIOS[name], spares=0) as pool:
        spec = pool.spec
    assert printed["hash"] == spec.hash
    assert printed["scenario"] == spec.scenario == name
    assert int(printed["tick_ns"]) == spec.tick_ns
    (group,) = spec.groups
    (printed_group,) = printed["groups"]
    assert printed_group["agents"] == list(group.agents)
    assert [f["name"] for f in printed_group["features"]] == [f.name for f in group.features]
    assert [h["choices"] for h in printed_group["discrete_heads"]] == [
        list(h.choices) for h in group.discrete_heads
    ]
    assert [m["name"] for m in printed["metrics"]] == [m.name for m in spec.metrics]


@pytest.mark.parametrize("name", SCENARIOS)
def test_standalone_episodes_repeat(scenario_path: Callable[[str], Path], name: str) -> None:
    first, again, other = (
        output(scenario_path(name), "--standalone", "--seed=3", f"--run={run}", *SCENARIOS[name])["metrics"]
        for run in (5, 5, 6)
    )
    assert first == again
    assert name != "aiot-mec" or first != other


def test_the_template_is_a_game_that_its_own_policy_wins(scenario_path: Callable[[str], Path]) -> None:
    assert output(scenario_path("template"), "--standalone", "--ticks=50")["metrics"] == {"delivery_ratio": 1}
    with Pool(scenario_path("template"), arguments=["--ticks=50"], spares=0) as pool:
        (group,) = pool.spec.groups
        assert {head.default_choice for head in group.discrete_heads} == {0}  # all in one slot: they collide


def test_arguments_are_printed_with_the_values_they_have(scenario_path: Callable[[str], Path]) -> None:
    arguments = output(scenario_path("template"), "--arguments", "--distance=12.5")
    assert arguments == [
        {"name": "stations", "help": "Number of stations, 1 to 4", "type": "uint32", "value": "3"},
        {"name": "distance", "help": "Of each station from the sink [m]", "type": "number", "value": "12.5"},
        {"name": "ticks", "help": "Actions in an episode", "type": "uint64", "value": "100"},
    ]


def test_relations_are_printed_with_the_spec(scenario_path: Callable[[str], Path]) -> None:
    printed = output(scenario_path("template"), "--describe")
    assert (printed["duration_ns"], printed["idle_ticks"], printed["has_builtin"]) == (
        "2000000000",
        True,
        True,
    )
    assert printed["state"][0]["agents_of"] == 0
