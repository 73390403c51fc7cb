# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The policy `builtin`: what a scenario's own C++ decides, through the wire and beside every other policy."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ns3marl import cli, home, policies
from ns3marl.env.pool import Pool
from ns3marl.errors import OutOfStep

ARGUMENTS = {
    "aiot-mec": ["--devices=6", "--servers=2", "--channels=2", "--ticks=30"],
    "cognitive-v2x": ["--pairs=4", "--ticks=30"],
    "echo": ["--agents=3", "--ticks=10"],
    "slice-lte": ["--embbDevices=1", "--urllcDevices=1", "--mmtcDevices=2", "--ticks=4"],
    "template": ["--ticks=20"],
}


def play(executable: Path, policy: str, arguments: list[str], *, builtin: bool) -> dict[str, float]:
    """The metrics of the episode with RngSeed 5 and RngRun 1."""
    with Pool(executable, arguments=arguments, seed=5, spares=0, builtin=builtin) as pool:
        chosen, batch = policies.make(policy, pool.spec), pool.reset()
        while (final := batch.final[0]) is None:
            batch = pool.step(chosen.act(batch, [np.random.default_rng(1)]))
        return dict(zip((m.name for m in pool.spec.metrics), final.metrics.tolist(), strict=True))


@pytest.mark.parametrize("name", [name for name in home.bundled() if name in ARGUMENTS])
def test_builtin_is_what_the_scenario_plays_alone(name: str, scenario_path: Callable[[str], Path]) -> None:
    command = [str(scenario_path(name)), "--standalone", "--seed=5", "--run=1", *ARGUMENTS[name]]
    alone = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)["metrics"]
    through_the_wire = play(scenario_path(name), "builtin", ARGUMENTS[name], builtin=True)
    assert through_the_wire.keys() == alone.keys()
    for metric, value in alone.items():
        np.testing.assert_equal(through_the_wire[metric], np.nan if value is None else value, err_msg=metric)


def test_carrying_its_choices_changes_nothing_for_others(scenario_path: Callable[[str], Path]) -> None:
    executable, arguments = scenario_path("template"), ARGUMENTS["template"]
    carried = play(executable, "own-slot", arguments, builtin=True)
    assert carried == play(executable, "own-slot", arguments, builtin=False)
    with pytest.raises(OutOfStep, match="do not carry the choices of the scenario's own policy"):
        play(executable, "builtin", arguments, builtin=False)


def test_run_and_evaluate_offer_it(
    scenario_path: Callable[[str], Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scenario = str(scenario_path("template"))
    assert cli.main(["run", scenario, "--policy", "builtin", "--", "--ticks=10"]) == 0
    assert "builtin on template" in capsys.readouterr().out
    words = ["evaluate", "own-slot", "--config", scenario, "--episodes", "2", "--out", str(tmp_path)]
    assert cli.main([*words, "--set", "evaluation.bootstrap=100", "--", "--ticks=10"]) == 0
    results = json.loads((tmp_path / "results.json").read_text())
    assert [policy["name"] for policy in results["policies"]] == ["own-slot", "builtin", "random"]
    assert results["failures"] == {}
    for side in ("run", "evaluate"):
        given = [scenario, "--policy", "builtin"] if side == "run" else ["builtin", "--config", scenario]
        backend = "scenario" if side == "run" else "evaluation"
        out = [] if side == "run" else ["--out", str(tmp_path)]
        assert cli.main([side, *given, *out, "--set", f"{backend}.backend=fastsim"]) == 2
        assert "'template' has no twin" in capsys.readouterr().err
