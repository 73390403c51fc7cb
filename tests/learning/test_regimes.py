# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The figures of regimes and fronts, from cells whose scores are known."""

from __future__ import annotations

from typing import Any

import pareto
import pytest
import regimes
import regimes_tuned

from ns3marl.studies.cells import Cell


def content(cell: Cell, *, central: bool = False, **values: list[float]) -> dict[str, Any]:
    """What the file of a cell holds."""
    of = {"policy": cell.policy, "setting": cell.setting, "seed": cell.seed}
    return {"cell": of, "central": central, "values": values}


def test_figures_compare_imappo_with_the_best_rule_that_devices_could_follow(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(regimes_tuned, "chosen", lambda _: ({}, "likeliest"))

    def learner(name: str, seed: int, reward: float) -> dict[str, Any]:
        scores = [reward, reward + 2]
        return content(Cell(name, "r", seed), reward_per_tick=[0.0, 0.0], reward_likeliest=scores)

    done = [
        content(Cell("best-snr", "r", 0), reward_per_tick=[70.0, 72.0]),
        content(Cell("load-aware", "r", 0), reward_per_tick=[80.0, 82.0]),
        content(Cell("coordinated-power", "r", 0), central=True, reward_per_tick=[83.0, 85.0]),
        content(Cell("planner", "r", 0), central=True, reward_per_tick=[84.0, 86.0]),
        learner("imappo", 1, 82.0),
        learner("imappo", 2, 84.0),
        learner("ippo", 1, 81.0),
        learner("ppo", 1, 83.5),
    ]
    found = dict(line.split(": ", 1) for line in regimes.figures("r", done))
    assert found["r_imappo_reward"].startswith("84.00 [")
    assert found["r_best_rule_reward"].startswith("81.00")
    assert found["r_imappo_minus_best_rule"].startswith("3.00")
    assert found["r_planner_reward"].startswith("85.00")
    assert found["r_way_to_planner"].startswith("0.75")
    assert found["r_p_over_ippo"].startswith("1.00")
    assert found["r_minus_central_ppo"].startswith("-0.50")
    assert "r_p_over_dqn" not in found  # not finished


def test_every_cell_has_a_configuration_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    first = {name: candidates[0] for name, candidates in regimes_tuned.CANDIDATES.items()}
    monkeypatch.setattr(regimes_tuned, "chosen", lambda policy: (first[policy], "drawn"))
    every = regimes.every_cell(5)
    assert len(every) == len(set(every)) == 5 * (5 * len(regimes.LEARNERS) + len(regimes.RULES) + 1)
    for cell in every:
        config = regimes.configure(cell)
        assert "--reward=agent" in config.scenario.arguments
        assert config.evaluation.backend == "ns3"
        assert config.evaluation.seed not in {regimes_tuned.SEED, pareto.SEED, *range(1, 200)}
        if cell.seed:
            assert config.scenario.backend == "fastsim"
            assert config.training.algorithm == cell.policy


def test_learners_are_tuned_with_as_many_candidates() -> None:
    assert set(regimes_tuned.CANDIDATES) == set(regimes.LEARNERS)
    assert len({len(candidates) for candidates in regimes_tuned.CANDIDATES.values()}) == 1
    for cell in regimes_tuned.every_cell():
        assert regimes_tuned.configure(cell).evaluation.seed == regimes_tuned.SEED


def test_a_front_is_dominated_where_some_weights_reach_more_of_both() -> None:
    def point(
        policy: str, setting: str, completion: float, efficiency: float, latency: float
    ) -> dict[str, Any]:
        seed = 1 if policy == pareto.LEARNER else 0
        values: dict[str, Any] = {
            "completion_ratio": [completion],
            "energy_efficiency_tasks_per_j": [efficiency],
            "latency_mean_s": [latency],
        }
        if seed:
            values |= {f"{name}_likeliest": scores for name, scores in values.items()}
        return content(Cell(policy, setting, seed), **values)

    done = [
        point("snr-target", "target-8", 0.80, 12.0, 0.030),
        point("snr-target", "target-20", 0.90, 10.0, 0.025),
        point("snr-target", "target-26", 0.89, 9.0, 0.026),  # not on the front
        point("imappo", "published", 0.92, 11.0, 0.026),
    ]
    assert pareto.dominated_share(done, "tasks_per_j") == 0.5
    assert pareto.dominated_share(done, "latency") == 0.0
