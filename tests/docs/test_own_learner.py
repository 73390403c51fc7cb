# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""docs/algorithms/own.md: its learner as it stands."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from toy_game import ToyPool, mean_reward

from ns3marl.algorithms import registry
from ns3marl.config import load, team_of
from ns3marl.rl.learner import Learner
from ns3marl.rl.policy import action_generators
from ns3marl.testing import LearnerCompliance
from ns3marl.types import Spec

PAGE = Path(__file__).parents[2] / "docs" / "algorithms" / "own.md"


@pytest.fixture
def name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (code,) = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    assert len(code.splitlines()) < 130
    (tmp_path / "a2c.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "a2c", raising=False)
    return "a2c:A2c"


@pytest.mark.learning
def test_it_learns(name: str) -> None:
    """The toy game: 1 at best, 0.4 for those who always stay, less at random."""
    torch.set_num_threads(1)
    rewards = []
    for seed in (1, 2, 3):
        pool = ToyPool(seed=seed)
        settings = [f"training.algorithm={name}", f"{name}.lr=5e-3", f"training.seed={seed}"]
        team = team_of(load(None, settings), pool.spec)
        before = mean_reward(team, greedy=False)
        batch = pool.reset()
        for _ in range(1500):
            batch = pool.step(team.explore(batch, action_generators(batch)))
            team.learn(batch)
        rewards.append((before, mean_reward(team, greedy=False)))
    assert max(before for before, _ in rewards) < 0.5, rewards
    assert np.median([after for _, after in rewards]) > 0.75, rewards


class TestItKeepsTheRules(LearnerCompliance):
    @pytest.fixture(autouse=True)
    def _find(self, name: str) -> None:
        self.kind = registry.find(name)

    def make(self, spec: Spec, group: int, seed: int) -> Learner:
        return self.kind(spec, group, self.kind.Options(rollout_ticks=8), seed)
