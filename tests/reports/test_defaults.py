# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""An own topology, trained with nothing but the defaults, shows after some thousand ticks that it is learned."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from trials import Scores, reach

from ns3marl.config import load
from ns3marl.training.run import train


@pytest.mark.report("T9")
@pytest.mark.learning
def test_the_template_is_learned_with_the_defaults(
    tmp_path: Path, scenario_path: Callable[[str], Path]
) -> None:
    """Random actions earn 0.14, the scenario's own policy 0.8; three seeds were at 0.33 to 0.37 after as many ticks, and at 0.18
    to 0.22 with a learning rate of 3e-4, a discount of 0.99 and lambda = 0.95.
    """

    def score(seed: int) -> Scores:
        settings = ["training.ticks=6000", f"training.seed={seed}", "training.tensorboard=false"]
        settings.append(f"scenario.name={scenario_path('template')}")
        run = train(load(None, settings), tmp_path / str(seed))
        rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
        return {"reward": rows[-1]["reward_per_tick"]}

    reach(score, times=2, of=4, at_least={"reward": 0.27})
