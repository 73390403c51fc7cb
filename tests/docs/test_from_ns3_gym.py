# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""docs/from-ns3-gym.md: its code as it stands."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import ns3gym_peer as peer
import numpy as np
import pytest

from ns3marl import new_scenario, toolchain
from ns3marl.compat.ns3gym import Ns3GymEnv
from ns3marl.env.gymnasium import Ns3Env

PAGE = Path(__file__).parents[2] / "docs" / "from-ns3-gym.md"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE.read_text(), re.DOTALL | re.MULTILINE)


def test_an_unmodified_simulation_is_driven_as_shown(tmp_path: Path) -> None:
    simulation = tmp_path / "my-sim"
    simulation.write_text(f'#!/bin/sh\nexec {sys.executable} {peer.__file__} "$@"\n')
    simulation.chmod(0o755)
    (code,) = blocks("python")
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    told = f"{code}print(info['info'], truncated)"
    done = subprocess.run(
        [sys.executable, "-c", told],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == f"step {peer.STEPS} True\n"


@pytest.mark.usefixtures("built_scenarios")
def test_the_moved_scenario_plays_on_both_wires(tmp_path: Path) -> None:
    folder = new_scenario.create("hopping", tmp_path)
    (code,) = blocks("cpp")
    (folder / "hopping.cc").write_text(code)
    program = str(toolchain.build(folder).scenarios["hopping"])

    new = Ns3Env(program, seed=1, first_run=1, spares=0)
    old = Ns3GymEnv([program, "--dialect=ns3gym"])
    assert old.action_space.n == 4  # type: ignore[attr-defined]
    observation, _ = new.reset()
    same, _ = old.reset(options={"sim_seed": 1})
    rewards = []
    for tick in range(200):
        np.testing.assert_array_equal(observation.ravel(), same)
        # Up is where the interferer most likely goes next; staying clear of it for a while, then meeting it.
        channel = (int(np.argmax(same)) + (2 if tick < 20 else 1)) % 4
        observation, reward, terminated, truncated, _ = new.step({"channel": np.array([channel])})
        same, same_reward, *same_end, _ = old.step(channel)
        assert (same_reward, same_end) == (reward, [terminated, truncated])
        rewards.append(reward)
        if terminated:
            break
    assert rewards[:20] == [1] * 20
    assert rewards.count(-1) == 3
    assert terminated
    new.close()
    old.close()
