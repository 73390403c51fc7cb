# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Parquet files of a game that needs no simulator."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from toy_game import AGENTS, ToyPool, toy_spec

from ns3marl import cli, policies
from ns3marl.config import load
from ns3marl.errors import ConfigError, SpecViolation
from ns3marl.evaluation import comparison, evaluate
from ns3marl.evaluation.episode_table import EpisodeTable, scenario_of, state_table
from ns3marl.evaluation.tables import TableWriter
from ns3marl.protocol import spec_codec
from ns3marl.types import Batch, Column, Spec, Table

TICKS, EPISODES, ENVS = 6, 5, 2
NOTES = Table("notes", (Column("tick", "1", "int64"), Column("kind", "1", "int64", ("short", "long"))))


class NotingPool(ToyPool):
    """Each environment reports one row at each tick from 1 on, at even ticks of the kind "short"."""

    def __init__(self, kinds: int = 2) -> None:
        super().__init__(num_envs=ENVS, seed=3, ticks=TICKS)
        self.spec = dataclasses.replace(self.spec, tables=(NOTES,))
        self.kinds = kinds

    def step(self, actions: Any) -> Batch:
        batch = super().step(actions)
        ends = [int(t) if f is None else f.tick for t, f in zip(batch.tick, batch.final, strict=True)]
        batch.tables = [{"notes": {"tick": np.array([t]), "kind": np.array([t % self.kinds])}} for t in ends]
        return batch


def play(pool: ToyPool, folder: Path) -> comparison.PolicyResult:
    options = load(None, [f"evaluation.episodes={EPISODES}"])
    with pool, TableWriter(folder, pool.spec) as writer:
        return evaluate.play(policies.make("random", pool.spec), "dice", pool, options, tables=writer)


def test_every_boundary_of_every_counted_episode_is_a_row(tmp_path: Path) -> None:
    result = play(NotingPool(), tmp_path)
    ticks = pq.read_table(tmp_path / "ticks.parquet").to_pylist()
    assert [(row["run"], row["tick"]) for row in sorted(ticks, key=lambda r: (r["run"], r["tick"]))] == [
        (run, tick) for run in range(1, EPISODES + 1) for tick in range(TICKS + 1)
    ]
    assert {row["policy"] for row in ticks} == {"dice"}
    for run, score, reward in zip(
        result.runs, result.metrics["score"], result.metrics[comparison.REWARD.name], strict=True
    ):
        of_run = [row for row in ticks if row["run"] == run]
        assert of_run[-1]["score"] == score
        np.testing.assert_allclose(sum(row["reward_players"] for row in of_run) / TICKS, reward, rtol=1e-6)
        assert np.isnan(of_run[0]["score"])


def test_state_is_the_episode_s_own_to_the_end(tmp_path: Path) -> None:
    play(NotingPool(), tmp_path)
    world = pq.read_table(tmp_path / "state" / "world.parquet").to_pylist()
    # the block's own feature "tick" must not replace the column of the same name
    assert [row["tick"] for row in world] == [int(row["state/world.tick"]) for row in world]
    agents = pq.read_table(tmp_path / "state" / "agent_state.parquet")
    assert agents.num_rows == EPISODES * (TICKS + 1) * len(AGENTS)
    assert agents.column("row").to_pylist()[: len(AGENTS)] == list(AGENTS)


def test_tables_of_the_scenario_carry_names_and_units(tmp_path: Path) -> None:
    play(NotingPool(), tmp_path)
    notes = pq.read_table(tmp_path / "notes.parquet")
    assert notes.schema.names == ["policy", "run", "tick", "kind"]
    assert notes.schema.field("tick").metadata == {b"unit": b"1"}
    assert notes.num_rows == EPISODES * TICKS
    assert all(row["kind"] == ("short", "long")[row["tick"] % 2] for row in notes.to_pylist())


def test_codes_without_a_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SpecViolation, match="column 'kind': a value lies in 0 to 2, but names stand only"):
        play(NotingPool(kinds=3), tmp_path)


def test_the_name_of_the_table_of_ticks_is_taken(tmp_path: Path) -> None:
    spec = dataclasses.replace(toy_spec(3), tables=(dataclasses.replace(NOTES, name="ticks"),))
    with pytest.raises(ConfigError, match="the scenario's table 'ticks'"):
        TableWriter(tmp_path, spec)


def test_categories_travel() -> None:
    spec: Spec = dataclasses.replace(toy_spec(3), tables=(NOTES,))
    assert spec_codec.from_message(spec_codec.to_message(spec)).tables == (NOTES,)


def test_an_episode_is_read_back_with_units(tmp_path: Path) -> None:
    result = play(NotingPool(), tmp_path)
    table = EpisodeTable(tmp_path, "ticks", run=2)
    assert (table.policy, table.run, table.units["sim_time"]) == ("dice", 2, "s")
    assert table.column("tick").tolist() == [*range(TICKS + 1)]
    assert table.column("score")[-1] == result.metrics["score"][1]
    block = state_table(tmp_path, "agent_state", (), "dice", 1)
    assert block.rows == [*AGENTS]
    assert scenario_of(tmp_path) == "toy"


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"name": "absent"}, r"absent\.parquet does not exist; write the tables"),
        ({"name": "ticks", "columns": ("tick", "joy")}, "has no column 'joy'"),
        ({"name": "ticks", "policy": "other"}, "no episode of policy 'other'"),
        ({"name": "ticks", "run": 99}, "no episode of policy 'dice' with RngRun 99"),
    ],
)
def test_episodes_that_are_not_there_are_refused(tmp_path: Path, asked: dict[str, Any], words: str) -> None:
    play(NotingPool(), tmp_path)
    with pytest.raises(ConfigError, match=words):
        EpisodeTable(tmp_path, **asked)
    with pytest.raises(ConfigError, match=r"ticks\.parquet does not exist"):
        scenario_of(tmp_path / "nowhere")


def test_every_scenario_has_a_plot_of_its_ticks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    play(NotingPool(), tmp_path)
    assert cli.main(["plot-run", str(tmp_path), "--run", "2"]) == 0
    assert capsys.readouterr().out == f"{tmp_path}/ticks.png\n"
    assert (tmp_path / "ticks.png").read_bytes().startswith(b"\x89PNG")
    assert cli.main(["plot-run", str(tmp_path), "--plot", "life"]) == 2
    assert "scenario 'toy' has no plot 'life'; it has ticks" in capsys.readouterr().err
    # the plots of another scenario can be asked for; these tables do not hold what its figure shows
    assert cli.main(["plot-run", str(tmp_path), "--scenario", "aiot-mec"]) == 2
    assert "agent_state.parquet has no column" in capsys.readouterr().err
