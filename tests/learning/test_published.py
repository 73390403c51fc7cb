# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The published tables: their cells, and the figures of cells whose scores are known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import regimes_tuned

from ns3marl.errors import ConfigError
from ns3marl.scenarios.aiot_mec.published import claims, measured, outage, page, study, sweep, tables
from ns3marl.scenarios.aiot_mec.published.publication import PUBLICATION
from ns3marl.scenarios.aiot_mec.twin.settings import Settings
from ns3marl.studies import publication, runner
from ns3marl.studies.cells import Cell

METRICS = [
    *(one.metric for one in vars(measured).values() if isinstance(one, measured.Shown)),
    "tasks_completed",
]


def content(cell: Cell, level: float, curve: list[list[float]] | None = None) -> dict[str, Any]:
    """What the file of a cell holds whose every score is ``level`` and a bit more, episode by episode."""
    of = {"policy": cell.policy, "setting": cell.setting, "seed": cell.seed, "trained": cell.trained}
    values = {metric: [level, level + 0.001] for metric in METRICS}
    provenance = {
        "git_commit": "0" * 40,
        "versions": {"ns3": "3.44", "ns3_build_profile": "release"},
        "scenario": {"ticks": 50, "tick_ns": 100_000_000},
    }
    return {
        "cell": {name: value for name, value in of.items() if value != ""},
        "central": cell.policy in {"ppo", "a3c", "dqn", "planner"},
        "values": values,
        "curve": curve or [],
        "budget": study.budget(cell),
        "manifest": provenance,
        "notes": "",
        "optimum": None,
        "runs": [1, 2],
        "actions": {},
        "metrics": {"reward_per_tick": {"unit": "1", "description": "", "higher_is_better": True}},
        "heads": {},
    }


def test_every_table_has_its_rows() -> None:
    every = tables.every_cell()
    assert len(every) == len(set(every))
    assert {cell.setting for cell in every} == set(tables.settings())
    at_home = [cell for cell in every if cell.setting == tables.HOME]
    assert {cell.policy for cell in at_home} >= {*tables.LEARNERS, *tables.RULES, "planner"}
    assert [cell.seed for cell in at_home if cell.policy == "imappo"] == [1, 2, 3, 4, 5]
    assert all(cell.seed <= 3 for cell in every if cell.setting != tables.HOME)
    assert set(tables.every_cell(quick=True)) < {*every}
    for cell in every:
        if cell.trained:
            assert cell.training in every  # it shares a training that is made anyway


def test_cells_are_configured_as_the_scenario_takes_them() -> None:
    for name, setting in tables.settings().items():
        if "edca" in name or "both" in name:
            continue  # in ns-3 only
        Settings.parse([*setting.arguments, "--ticks=10"])
    cell = Cell("imappo-published", tables.HOME, 2)
    config, training = study.configure(cell), study.configure_training(cell)
    assert config.evaluation.backend == "ns3"
    assert "--ticks=1000" in config.scenario.arguments
    assert "--ticks=100" in training.scenario.arguments
    assert training.scenario.backend == "fastsim"
    assert training.training.seed == 2
    assert training.options("imappo").actor_lr == 3e-4
    assert training.training.ticks == 60_000


def test_learners_are_those_that_tuning_chose() -> None:
    learners = tables.learners()
    assert set(learners) == {*tables.LEARNERS, tables.PUBLISHED_SETTINGS}
    for name in tables.LEARNERS:
        options, acts = regimes_tuned.chosen(name)
        assert learners[name] == {"algorithm": name, "acts": acts, "options": options}, name


def test_shares_of_hosts_cover_all_cells_and_keep_trainings_together() -> None:
    every = tables.every_cell()
    parts = [runner.share(every, part, 3) for part in (1, 2, 3)]
    assert sorted(cell.name for part in parts for cell in part) == sorted(cell.name for cell in every)
    where = {cell.training: number for number, part in enumerate(parts) for cell in part if cell.seed}
    assert all(
        where[cell.training] == number for number, part in enumerate(parts) for cell in part if cell.seed
    )
    assert {cell.setting for cell in runner.chosen(every, "50_3/*,10_3/*")} == {"50_3", "10_3"}


def test_the_scenario_that_brings_a_publication_is_found() -> None:
    assert publication.find() is PUBLICATION
    assert publication.find("aiot-mec") is PUBLICATION
    with pytest.raises(
        ConfigError, match="'echo' brings no published evaluation; scenarios that bring one: aiot-mec"
    ):
        publication.find("echo")


def test_convergence_and_deviation_follow_from_the_curve() -> None:
    ticks = np.arange(1, 61) * 1000.0  # 10 episodes of 100 ticks each
    rewards = np.where(ticks <= 20_000, 40.0, 80.0)
    of = content(Cell("imappo", tables.HOME, 1), 1.0, np.stack([ticks, rewards], 1).tolist())
    # The average over 100 episodes, 10 points, is 76 once 9 of them are 80.
    assert measured.convergence_episode(of) == 290
    assert measured.tail_deviation([of]) == 0
    assert np.isnan(measured.convergence_episode(content(Cell("best-snr", tables.HOME, 0), 1.0)))


def test_figures_and_tables() -> None:
    levels = {"imappo": 0.9, "load-aware": 0.7}
    done = []
    for cell in tables.every_cell():
        if cell.setting == tables.HOME and cell.policy not in {*tables.LEARNERS, "planner"}:
            continue
        level = levels.get(cell.policy, 0.8)
        if cell.setting == "priority-combined-both":
            level += 0.05
        if cell.setting == "100_15":
            level -= 0.02
        done.append(content(cell, level))
    found = dict(line.split(": ") for line in page.figures(measured.Cells(done)))
    # IMAPPO leads where more is better: completion, tasks/J and reward; it has the largest latency and age.
    assert found["table1_imappo_best_of_six"] == "3 of_5"
    assert found["table1_imappo_completion"] == "90.05 %"
    assert found["table2_monotone"] == "1 bool"
    assert found["table3_high_minus_none"] == "5.00 points"
    assert found["table4_completion_drop_to_100"] == "2.00 points"
    text = page.tables_of(measured.Cells(done), rounds=1)
    assert "| imappo (5 seeds) | own | 99 %, 14.2 ms | 90.05 [" in text
    assert "| 1000/100 | – |" in text
    assert "| combined | both | imappo | 95.05 [" in text
    assert "| partial |" in text
    assert "| imappo | own | 0.2 [" in text  # 0.9 of a task in 5 s


def test_published_numbers_stand_beside_ours_with_their_difference(tmp_path: Path) -> None:
    curve = [[1000.0 * n, 80.0 + n % 2] for n in range(1, 61)]
    levels = {"imappo": 0.96, "dqn": 0.75}
    home = [content(Cell(name, tables.HOME, 1), levels.get(name, 0.9), curve) for name in claims.SIX]
    sizes = [content(Cell("imappo", name, 1), level) for name, level in (("10_3", 0.98), ("100_15", 0.9))]
    target = tmp_path / "page.md"
    page.write([*home, *sizes], target, tmp_path, quick=False)
    text = target.read_text("utf-8")
    assert "| completion of IMAPPO [%] | 99.00 | 96.05 [96.00, 96.10] (imappo) | -2.95 |" in text
    assert "| least completion among the six [%] | 78.00 | 75.05 [75.00, 75.10] (dqn) | -2.95 |" in text
    assert "| least deviation of the reward in the tail | 1240 | 500 (imappo) | -740 |" in text
    assert "from 10 to 100 devices [points] | 1.20 | 8.00 (imappo) | +6.80 |" in text
    every = len(tables.every_cell())
    assert f"**{every - 8} of {every} cells are not run yet**" in text
    page.write(home[1:], target, tmp_path, quick=False)
    assert "Published numbers and ours" not in target.read_text("utf-8")  # the six are not complete


def test_outage_falls_with_the_number_of_servers() -> None:
    few, many = outage.outage_percent(3, 3), outage.outage_percent(18, 3)
    assert 0 < many < few < 1


def test_distance_is_0_for_the_published_range() -> None:
    ends = zip(sweep.COMPLETION_PERCENT, sweep.LATENCY_MS, strict=True)
    assert sweep.distance({str(i): sweep.Reached(*end) for i, end in enumerate(ends)}) == 0


def test_the_default_preset_is_closest_and_the_file_says_what_rules_reach() -> None:
    found = sweep.found()
    assert tuple(found) == sweep.PRESETS
    assert min(found, key=lambda preset: sweep.distance(found[preset])) == "default"
    again = sweep.reached("balanced")
    for rule, one in found["balanced"].items():
        assert again[rule].completion_percent == pytest.approx(one.completion_percent, abs=0.5)
        assert again[rule].latency_ms == pytest.approx(one.latency_ms, rel=0.02)
