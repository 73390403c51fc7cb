# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""An episode without a learner tells its reward, and it is the one by which policies are compared."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from ns3marl.env.pool import Pool
from ns3marl.rl.rewards import team_reward


@pytest.mark.report("T12")
def test_the_reward_of_several_groups_with_absent_agents(scenario_path: Callable[[str], Path]) -> None:
    echo = scenario_path("echo")
    arguments = ["--groups=2", "--agents=3", "--leave=2", "--ticks=5"]
    done = subprocess.run([echo, "--standalone", *arguments], capture_output=True, check=True)
    with Pool(echo, arguments=arguments, builtin=True) as pool:
        batch, total = pool.reset(), 0.0
        while batch.final[0] is None:
            assert batch.builtin is not None
            present = [group.present for group in batch.groups]
            batch = pool.step(batch.builtin)
            total += float(team_reward([group.rewards for group in batch.groups], present)[0])
    assert total / 5 == pytest.approx(1.0)  # everyone is right, and who is absent lowers no mean
    assert json.loads(done.stdout)["reward_per_tick"] == pytest.approx(total / 5)
