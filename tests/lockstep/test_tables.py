# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Tables of the packet-level scenario: every task, fragment and second is in exactly one place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from ns3marl import cli, policies
from ns3marl.config import load
from ns3marl.env.pool import Pool
from ns3marl.evaluation import evaluate
from ns3marl.evaluation.tables import TableWriter

SMALL = ["--devices=10", "--servers=3", "--ticks=25"]
STAGES = {
    "failed_local_late": ["local_late"],
    "failed_uplink_late": ["uplink_lost", "uplink_expired"],
    "failed_uplink_lost": ["uplink_lost"],
    "failed_queue_expired": ["queue_expired"],
    "failed_compute_late": ["compute_late"],
    "failed_result_late": ["result_late"],
    "failed_server_failed": ["server_failed"],
    "failed_device_dead": ["device_dead"],
    "tasks_completed": ["completed"],
}
STAGE_OF = {"completed": 5, "result_late": 5, "compute_late": 4, "queue_expired": 3, "uplink_lost": 2}
FATES = ("received", "refused", "lost", "expired")


def play(executable: Path, policy: str, arguments: list[str], folder: Path) -> dict[str, float]:
    """Final metrics of one episode whose tables stand in a folder."""
    options = load(None, ["evaluation.episodes=1"])
    with (
        Pool(executable, arguments=[*SMALL, *arguments, "--tables=all"], seed=5, spares=0) as pool,
        TableWriter(folder, pool.spec) as writer,
    ):
        result = evaluate.play(policies.make(policy, pool.spec), policy, pool, options, tables=writer)
    return {name: values[0] for name, values in result.metrics.items()}


@pytest.fixture(scope="module")
def executable(scenario_path: Callable[[str], Path]) -> Path:
    return scenario_path("aiot-mec")


@pytest.mark.parametrize(
    ("policy", "arguments"),
    [
        ("local-only", ["--preset=balanced"]),
        ("random", ["--preset=stress"]),
        ("best-snr", ["--preset=easy", "--area=500"]),
        ("best-snr", ["--serverFailures=0:0.5:1.2,2:1:2", "--csi=genie"]),
        ("random-offload", ["--battery=1.2", "--edca=sla"]),
        ("coordinated-greedy", ["--preset=stress", "--serverRates=5,10,20"]),
    ],
)
def test_everything_is_in_exactly_one_place(
    executable: Path, policy: str, arguments: list[str], tmp_path: Path
) -> None:
    metrics = play(executable, policy, arguments, tmp_path)
    rows: list[dict[str, Any]] = pq.read_table(tmp_path / "tasks.parquet").to_pylist()
    outcomes = Counter(row["outcome"] for row in rows)
    assert len({row["task"] for row in rows}) == len(rows)
    for metric, names in STAGES.items():
        assert metrics[metric] == sum(outcomes[name] for name in names), metric
    assert metrics["tasks_arrived"] == len(rows) + metrics["tasks_unresolved"]
    sent = {fate: sum(row[f"fragments_{fate}"] for row in rows) for fate in ("sent", *FATES)}
    assert sent["sent"] == sum(sent[fate] for fate in FATES)
    assert metrics["fragments_sent"] == metrics["fragments_on_the_way"] + sum(
        metrics[f"fragments_{fate}"] for fate in FATES
    )
    for row in rows:
        assert row["fragments_sent"] == sum(row[f"fragments_{fate}"] for fate in FATES)
        if row["mode"] == "full":
            parts = np.array([row[name] for name in ("jitter", "uplink", "wait", "compute", "downlink")])
            np.testing.assert_allclose(np.nansum(parts), row["latency"], atol=1e-9)
            assert not np.isnan(parts[: STAGE_OF.get(row["outcome"], 0)]).any()
        if row["mode"] == "local":
            np.testing.assert_allclose(row["local"], row["latency"], atol=1e-9)
            assert np.isnan(row["jitter"])
        if row["outcome"] == "completed" and row["mode"] == "full":
            assert 0 <= row["radio_wait"] < row["uplink"]
            assert row["on_air"] < row["uplink"] + 1e-9
        if row["outcome"] == "uplink_expired":
            assert (row["fragments_lost"], row["fragments_expired"] > 0) == (0, True)
        if row["outcome"] == "uplink_lost":
            assert row["fragments_lost"] > 0
    energy = sum(metrics[f"energy_{part}_j"] for part in ("transmit", "receive", "idle", "compute"))
    if metrics["tasks_completed"]:
        np.testing.assert_allclose(
            metrics["tasks_completed"] / energy, metrics["energy_efficiency_tasks_per_j"]
        )


def test_batteries_show_in_the_state(executable: Path, tmp_path: Path) -> None:
    metrics = play(executable, "best-snr", ["--battery=1.2"], tmp_path)
    state = pq.read_table(tmp_path / "state" / "agent_state.parquet").to_pylist()
    left = np.array([row["battery_j"] for row in state]).reshape(-1, 10)
    np.testing.assert_allclose(left[0], 1.2)
    assert (np.diff(left, axis=0) <= 0).all()
    assert (left[-1] == 0).sum() == 10 - metrics["devices_alive"] > 0


def test_a_failure_shows_in_the_tables(executable: Path, tmp_path: Path) -> None:
    metrics = play(executable, "best-snr", ["--serverFailures=1:0.5:1.5"], tmp_path)
    rows = pq.read_table(tmp_path / "tasks.parquet").to_pylist()
    failed = [row for row in rows if row["outcome"] == "server_failed"]
    assert failed
    assert metrics["failed_server_failed"] == len(failed)
    assert {row["server"] for row in failed} == {1}
    assert {4 <= row["tick"] <= 15 for row in failed} == {True}
    state = pq.read_table(tmp_path / "state" / "server_state.parquet").to_pylist()
    down = [row["tick"] for row in state if row["row"] == "server-1" and row["utilisation"] == 1]
    assert set(range(6, 15)) <= set(down)
    assert cli.main(["plot-run", str(tmp_path)]) == 0
    image = (tmp_path / "network-life.png").read_bytes()
    assert image.startswith(b"\x89PNG")
    assert len(image) > 30_000
    assert cli.main(["plot-run", str(tmp_path), "--run", "9"]) == 2


def test_run_writes_tables_of_any_scenario(
    scenario_path: Callable[[str], Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["run", str(scenario_path("echo")), "--episodes", "2", "--tables", str(tmp_path)]
    assert cli.main([*words, "--", "--ticks=4"]) == 0
    assert f"tables: {tmp_path}" in capsys.readouterr().out
    fill_inactive = pq.read_table(tmp_path / "answers.parquet")
    assert fill_inactive.schema.names == ["policy", "run", "tick", "level"]
    assert sorted(fill_inactive.column("run").to_pylist()) == [1] * 4 + [2] * 4
    assert pq.read_table(tmp_path / "ticks.parquet").num_rows == 2 * 5
    # echo brings no plot of its own; the one of every scenario is drawn
    assert cli.main(["plot-run", str(tmp_path)]) == 0
    assert capsys.readouterr().out == f"{tmp_path}/ticks.png\n"
    assert (tmp_path / "ticks.png").read_bytes().startswith(b"\x89PNG")
    assert cli.main(["plot-run", str(tmp_path), "--plot", "life"]) == 2
    assert "scenario 'echo' has no plot 'life'; it has ticks" in capsys.readouterr().err
