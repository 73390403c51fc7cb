# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""`edge-cloud`: devices and gateways, two kinds of agents, packet by packet."""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from toy_game import toy_spec

from ns3marl import cli, policies
from ns3marl.config import load
from ns3marl.env.pool import Pool
from ns3marl.errors import ConfigError
from ns3marl.evaluation import evaluate
from ns3marl.evaluation.tables import TableWriter
from ns3marl.rl.policy import action_generators
from ns3marl.scenarios.edge_cloud import HOME
from ns3marl.types import Batch, Spec

DEVICES, GATEWAYS = range(2)
SIMPLE = ("local-only", "edge-only", "cloud-only")
SMALL = ["--ticks=40"]
FAILURES = (
    "local_late",
    "uplink_expired",
    "uplink_lost",
    "edge_queue_expired",
    "edge_compute_late",
    "backhaul_dropped",
    "backhaul_late",
    "cloud_queue_expired",
    "cloud_compute_late",
    "result_late",
    "device_off",
)


@dataclass
class Episode:
    """An episode, tick by tick."""

    spec: Spec
    batches: list[Batch] = field(default_factory=list)

    def seen(self, group: int, name: str) -> np.ndarray:
        """A feature at ticks 0 to T-1: [T,A]."""
        column = [feature.name for feature in self.spec.groups[group].features].index(name)
        return np.stack([b.groups[group].observations[0, :, column] for b in self.batches[:-1]]).astype(float)

    def rewards(self, group: int) -> np.ndarray:
        """At ticks 1 to T: [T,A]."""
        return np.stack([batch.groups[group].rewards[0] for batch in self.batches[1:]]).astype(float)

    @property
    def metrics(self) -> dict[str, float]:
        """Of the whole episode."""
        final = self.batches[-1].final[0]
        assert final is not None
        return dict(zip((m.name for m in self.spec.metrics), final.metrics.tolist(), strict=True))

    @property
    def content(self) -> list[bytes]:
        """All that was seen and paid."""
        arrays = [
            array
            for batch in self.batches
            for array in (
                *(g.observations for g in batch.groups),
                *(g.rewards for g in batch.groups),
                *batch.state,
            )
        ]
        return [array.tobytes() for array in arrays]


@pytest.fixture(scope="module")
def executable(scenario_path: Callable[[str], Path]) -> Path:
    return scenario_path("edge-cloud")


def play(executable: Path, arguments: list[str], policy: str) -> Episode:
    """An episode with RngSeed 5 and RngRun 1."""
    with Pool(executable, arguments=arguments, seed=5, spares=0, builtin=policy == policies.BUILTIN) as pool:
        made = policies.make(policy, pool.spec)
        played = Episode(pool.spec, [pool.reset()])
        while played.batches[-1].final[0] is None:
            batch = played.batches[-1]
            played.batches.append(pool.step(made.act(batch, action_generators(batch))))
        return played


def test_the_spec_has_two_kinds_of_agents(executable: Path) -> None:
    with Pool(executable, arguments=["--devices=5", "--gateways=3"], seed=5, spares=0) as pool:
        spec = pool.spec
    devices, gateways = spec.groups
    assert (len(devices.agents), len(gateways.agents)) == (5, 3)
    assert [head.name for head in devices.discrete_heads] == ["mode", "gateway"]
    assert [head.name for head in devices.continuous_heads] == ["power"]
    assert [head.name for head in gateways.discrete_heads] == ["placement"]
    assert [head.name for head in gateways.continuous_heads] == ["threshold", "cpu_rate"]
    assert devices.discrete_heads[1].choices == gateways.agents
    assert [(block.name, block.agents_of) for block in spec.state] == [
        ("device_state", DEVICES),
        ("gateway_state", GATEWAYS),
        ("cloud_state", None),
    ]
    described = Counter(f.describes.choice for f in devices.features if f.describes is not None)
    assert described == {0: 8, 1: 8, 2: 8}


@pytest.mark.parametrize("policy", ["builtin", "random"])
def test_same_seed_same_bytes(executable: Path, policy: str) -> None:
    one, other = (play(executable, [*SMALL, "--churn=0.05"], policy) for _ in range(2))
    assert one.content == other.content
    assert one.metrics == pytest.approx(other.metrics, rel=0, abs=0, nan_ok=True)


def test_who_is_asked(executable: Path) -> None:
    played = play(executable, [*SMALL, "--churn=0.1"], "random")
    seen_off = 0
    for batch in played.batches[:-1]:
        devices, gateways = (group for group in batch.groups)
        assert gateways.present.all()
        assert gateways.active.all()
        assert not (devices.active & ~devices.present).any()
        seen_off += int((~devices.present).sum())
    assert 0 < seen_off < 40 * 8
    present = np.stack([batch.groups[DEVICES].present[0] for batch in played.batches[:-1]])
    has_task = played.seen(DEVICES, "has_task") > 0
    active = np.stack([batch.groups[DEVICES].active[0] for batch in played.batches[:-1]])
    np.testing.assert_array_equal(active, has_task & present)
    assert played.metrics["devices_on"] < 1


def test_a_gateway_on_another_channel_is_masked_while_a_task_is_under_way(executable: Path) -> None:
    played = play(executable, SMALL, "random")
    first, last = played.spec.groups[DEVICES].mask_offsets[1:3]
    gateways = range(last - first)
    tuned = np.stack([played.seen(DEVICES, f"gateway_{j}_is_tuned") for j in gateways], -1)
    masks = np.stack([batch.groups[DEVICES].masks[0, :, first:last] for batch in played.batches[:-1]]).astype(
        bool
    )
    assert (tuned.sum(-1) == 1).all()  # gateway j is on channel j
    assert masks[tuned == 1].all()
    assert masks.all(-1).any()
    assert not masks.all(-1).all()


def test_builtin_equals_standalone(executable: Path) -> None:
    command = [str(executable), "--standalone", "--seed=5", "--run=1", *SMALL]
    alone = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)["metrics"]
    in_lockstep = play(executable, SMALL, "builtin").metrics
    assert in_lockstep.keys() == alone.keys()
    for name, value in alone.items():
        np.testing.assert_equal(in_lockstep[name], np.nan if value is None else value, err_msg=name)


def test_rewards_of_the_team_and_of_agents(executable: Path) -> None:
    team = play(executable, SMALL, "builtin")
    own = play(executable, [*SMALL, "--reward=agent"], "builtin")
    assert team.metrics["completion_ratio"] == own.metrics["completion_ratio"]  # the same episode
    everybody = np.concatenate([team.rewards(DEVICES), team.rewards(GATEWAYS)], axis=1)
    np.testing.assert_array_equal(everybody, np.broadcast_to(everybody[:, :1], everybody.shape))
    assert everybody[:, 0].mean() == pytest.approx(team.metrics["reward_mean"], rel=1e-5)
    # A team earns what its devices do, less the energy of gateways: 0.3 / 0.1 J each, at 8 x 0.7 tasks a tick.
    price = 100 * 0.3 / 0.1 / (8 * 0.7) * team.metrics["energy_gateways_j"] / 40
    assert own.rewards(DEVICES).mean() - price == pytest.approx(team.metrics["reward_mean"], rel=1e-4)
    assert np.ptp(own.rewards(GATEWAYS), axis=1).max() > 0


@pytest.mark.parametrize(
    ("policy", "arguments"),
    [
        ("builtin", []),
        ("random", ["--churn=0.1"]),
        ("cloud-only", ["--backhaulQueue=8"]),
        ("edge-only", ["--edgeCpuMax=1.5", "--gateways=3"]),
    ],
)
def test_every_task_is_in_exactly_one_place(
    executable: Path, policy: str, arguments: list[str], tmp_path: Path
) -> None:
    options = load(None, ["evaluation.episodes=1"])
    with (
        Pool(
            executable,
            arguments=[*SMALL, *arguments, "--tables=all"],
            seed=5,
            spares=0,
            builtin=policy == policies.BUILTIN,
        ) as pool,
        TableWriter(tmp_path, pool.spec) as writer,
    ):
        made = policies.make(policy, pool.spec)
        result = evaluate.play(made, policy, pool, options, tables=writer)
    metrics = {name: values[0] for name, values in result.metrics.items()}
    rows: list[dict[str, Any]] = pq.read_table(tmp_path / "tasks.parquet").to_pylist()
    assert len({row["task"] for row in rows}) == len(rows)
    assert metrics["tasks_arrived"] == len(rows) + metrics["tasks_unresolved"]
    outcomes = Counter(row["outcome"] for row in rows)
    assert metrics["tasks_completed"] == outcomes["completed"]
    assert metrics["tasks_failed"] == sum(outcomes[name] for name in FAILURES)
    for name in FAILURES:
        assert metrics[f"failed_{name}"] == outcomes[name], name
    places = Counter(row["place"] for row in rows)
    for place in ("local", "edge", "cloud"):
        assert metrics[f"{place}_share"] == pytest.approx(places[place] / len(rows))
    for row in rows:
        assert row["fragments_sent"] == sum(
            row[f"fragments_{fate}"] for fate in ("received", "lost", "expired")
        )
        assert (row["gateway"] < 0) == (row["place"] == "local" or row["fragments_sent"] == 0)
        assert (row["place"] == "cloud") == (not np.isnan(row["backhaul"]))
        if row["outcome"] == "completed":
            assert row["latency"] <= row["deadline"]
            assert (row["place"] == "local") == (not np.isnan(row["local"]))
    assert {row["outcome"] for row in rows if row["place"] == "none"} <= {
        "uplink_expired",
        "uplink_lost",
        "device_off",
    }


def test_policies_rank_as_they_should(executable: Path) -> None:
    with Pool(executable, seed=5, spares=0) as pool:
        own = [name for name in policies.fitting(pool.spec) if name != policies.BUILTIN]
    assert own == ["random", *SIMPLE]
    for name in SIMPLE:
        with pytest.raises(ConfigError, match="scenario 'toy' has"):
            policies.make(name, toy_spec(), HOME)
    names = ("random", *SIMPLE, policies.BUILTIN)
    reward = {name: play(executable, ["--ticks=150"], name).metrics["reward_mean"] for name in names}
    assert max(reward, key=lambda name: reward[name]) == "builtin"
    assert reward["random"] < 0.8 * reward["builtin"]


def test_a_run_is_drawn(executable: Path, tmp_path: Path) -> None:
    tables = tmp_path / "tables"
    run = [
        "run",
        str(executable),
        "--episodes=1",
        "--policy=random",
        "--tables",
        str(tables),
        "--",
        "--ticks=20",
    ]
    assert cli.main(run) == 0
    image = tmp_path / "life.png"
    assert cli.main(["plot-run", str(tables), "--plot=network-life", "--out", str(image)]) == 0
    assert image.read_bytes().startswith(b"\x89PNG")


def test_wrong_arguments_are_named(executable: Path) -> None:
    for argument in (
        "--gateways=0",
        "--channels=3",
        "--tick=5ms",
        "--churn=2",
        "--backhaulRate=0",
        "--reward=some",
    ):
        with pytest.raises(ConfigError, match=argument.split("=")[0].lstrip("-")):
            Pool(executable, arguments=[argument], seed=1, spares=0)
