# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""`slice-lte`: slices of an LTE cell, packet by packet."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ns3marl import policies
from ns3marl.config import load
from ns3marl.env.pool import Pool
from ns3marl.errors import ConfigError
from ns3marl.rl.policy import action_generators
from ns3marl.training.run import train
from ns3marl.types import Actions, Batch, Spec

EMBB, URLLC, MMTC = range(3)
NO_ERRORS = "--ns3::LteSpectrumPhy::DataErrorModelEnabled=false"
SMALL = ["--embbDevices=2", "--urllcDevices=2", "--mmtcDevices=4"]
# One eMBB UE close to the eNB is sent more than the cell can carry; its CPU work is negligible.
SATURATED = [
    "--embbDevices=1",
    "--urllcDevices=1",
    "--mmtcDevices=1",
    "--embbOff=0s",
    "--embbRate=25e6",
    "--embbCycles=1",
    "--radius=100",
    "--speed=0",
]


@pytest.fixture(scope="module")
def executable(scenario_path: Callable[[str], Path]) -> Path:
    return scenario_path("slice-lte")


def ask(radio: list[float], cpu: list[float], lend: list[int] | None = None) -> list[Actions]:
    """One joint action for one environment: what each slice asks for."""
    return [
        Actions(np.array([[[choice]]], dtype=np.int32), np.array([[shares]], dtype=np.float32))
        for choice, shares in zip(lend or [0, 0, 0], zip(radio, cpu, strict=True), strict=True)
    ]


def play(executable: Path, arguments: list[str], actions: list[Actions] | str) -> tuple[Spec, list[Batch]]:
    """An episode with seed 5 under one joint action, or under a policy."""
    with Pool(executable, arguments=arguments, seed=5, spares=0) as pool:
        policy = policies.make(actions, pool.spec) if isinstance(actions, str) else None
        batches = [pool.reset()]
        while batches[-1].final[0] is None:
            chosen = policy.act(batches[-1], action_generators(batches[-1])) if policy else actions
            assert not isinstance(chosen, str)
            batches.append(pool.step(chosen))
        return pool.spec, batches


def final_metrics(spec: Spec, batches: list[Batch]) -> dict[str, float]:
    final = batches[-1].final[0]
    assert final is not None
    return dict(zip((m.name for m in spec.metrics), final.metrics.tolist(), strict=True))


def seen(spec: Spec, batches: list[Batch], name: str) -> np.ndarray:
    """A feature of all slices at ticks 0 to T: [T+1,3]."""
    final = batches[-1].final[0]
    assert final is not None
    columns = []
    for g, group in enumerate(spec.groups):
        column = [feature.name for feature in group.features].index(name)
        rows = [batch.groups[g].observations[0] for batch in batches[:-1]] + [final.groups[g].observations]
        columns.append(np.stack(rows)[:, 0, column].astype(float))
    return np.stack(columns, -1)


def test_each_kind_of_slice_is_a_group(executable: Path) -> None:
    with Pool(executable, arguments=SMALL, seed=1, spares=0) as pool:
        spec = pool.spec
    assert [(group.name, group.agents) for group in spec.groups] == [
        (name, (name,)) for name in ("embb", "urllc", "mmtc")
    ]
    names = [{feature.name for feature in group.features} for group in spec.groups]
    assert names[EMBB] - names[URLLC] == {"active_share"}  # the others are always on
    assert names[URLLC] == names[MMTC] < names[EMBB]
    assert spec.idle_ticks
    assert spec.has_builtin


def test_every_job_is_delivered_or_accounted_for(executable: Path) -> None:
    # The sources stop at 1.5 s; until 4.5 s the queues run empty. Two UEs want more than half of the cell carries.
    arguments = [*SMALL, NO_ERRORS, "--embbOff=0s", "--embbRate=8e6", "--embbCycles=1e5", "--radius=300"]
    arguments += ["--mmtcInterval=100ms", "--mmtcCycles=1e6"]
    spec, batches = play(
        executable,
        [*arguments, "--sourcesUntil=1500ms", "--ticks=40"],
        ask([0.4, 0.1, 0.1], [0.5, 0.2, 0.2]),
    )
    nominal = np.array([2 * 8e6 / 8 / 1250, 2 / 0.02, 4 / 0.1]) * 0.1  # jobs in a tick
    offered, delivered, missed = (
        np.rint(seen(spec, batches, name) * nominal).sum(0)
        for name in ("offered_load", "delivered_load", "missed_load")
    )
    assert (offered > 30).all()
    np.testing.assert_array_equal(offered, delivered + missed)
    # Queues of the radio hold far less than the bound, so a result that misses it was refused by a full one.
    drops = final_metrics(spec, batches)["radio_queue_drops"]
    assert drops > 0
    assert missed.tolist() == [drops, 0, 0]
    for left in ("radio_load", "cpu_backlog_s"):
        assert seen(spec, batches, left)[-1].tolist() == [0, 0, 0]


def test_throughput_is_the_standard_s_for_the_share(executable: Path) -> None:
    # 25 RB make 12 groups of 2 RB. CQI 15 is MCS 28 and I_TBS 26: bits per subframe in 6, 12, 18 and 24 RB (TS 36.213,
    # tables 7.1.7.1-1 and 7.1.7.2.1-1). Of each datagram 1250 B are payload and 30 B headers of UDP, IP and PDCP; a
    # transport block has an RLC header of 2 B, and 1.5 B for each further datagram in it.
    for share, block_bits in ((0.25, 4392), (0.5, 8760), (0.75, 13536), (1.0, 17568)):
        spec, batches = play(executable, [*SATURATED, "--ticks=20"], ask([share, 0, 0], [0.5, 0.25, 0.25]))
        metrics = final_metrics(spec, batches)
        assert metrics["embb_radio_held"] == pytest.approx(share, abs=0.005)
        assert seen(spec, batches, "mean_cqi")[-1, EMBB] == 15
        assert seen(spec, batches, "mean_mcs")[-1, EMBB] == pytest.approx(28, abs=0.01)
        # What was under way when the episode ended, some ms of 2 s, is missing.
        expected_bps = (block_bits - 16) * 1000 * 1250 / (1250 + 30 + 1.5)
        assert metrics["embb_rate_bps"] == pytest.approx(expected_bps, rel=0.005)


def test_more_than_there_is_is_scaled_down(executable: Path) -> None:
    spec, batches = play(executable, [*SMALL, "--ticks=3"], ask([1, 0.5, 0.5], [1, 1, 0]))
    np.testing.assert_allclose(seen(spec, batches, "radio_share")[-1], [0.5, 0.25, 0.25])
    np.testing.assert_allclose(seen(spec, batches, "radio_held")[-1], [0.5, 0.25, 0.25], atol=0.01)
    np.testing.assert_allclose(seen(spec, batches, "cpu_share")[-1], [0.5, 0.5, 0])


def test_idle_resources_are_lent(executable: Path) -> None:
    shares = ask([0.4, 0.3, 0.3], [0.5, 0.25, 0.25])
    lent = ask([0.4, 0.3, 0.3], [0.5, 0.25, 0.25], [0, 1, 1])
    held, rate = {}, {}
    for name, actions in (("dedicated", shares), ("prioritised", lent)):
        metrics = final_metrics(*play(executable, [*SATURATED, "--ticks=10"], actions))
        held[name], rate[name] = metrics["embb_radio_held"], metrics["embb_rate_bps"]
    assert held["dedicated"] == pytest.approx(0.4, abs=0.01)
    assert held["prioritised"] > 0.7
    assert rate["prioritised"] > 1.7 * rate["dedicated"]


def test_a_slice_without_resources_gets_nothing_through(executable: Path) -> None:
    spec, batches = play(executable, [*SMALL, "--ticks=10"], ask([0.5, 0, 0.5], [0.5, 0.3, 0]))
    ratio = {
        name: final_metrics(spec, batches)[f"{name}_in_time_ratio"] for name in ("embb", "urllc", "mmtc")
    }
    assert ratio == {"embb": pytest.approx(1, abs=0.02), "urllc": 0, "mmtc": 0}


def test_simple_policies_ask_for_what_they_say(executable: Path) -> None:
    spec, batches = play(executable, [*SMALL, "--ticks=4"], "equal-split")
    np.testing.assert_allclose(seen(spec, batches, "radio_share")[1:], 1 / 3, rtol=1e-6)
    np.testing.assert_allclose(seen(spec, batches, "cpu_share")[1:], 1 / 3, rtol=1e-6)
    # eMBB is sent more than the cell carries, the others next to nothing: eMBB's share grows, theirs shrink.
    spec, batches = play(executable, [*SATURATED, "--ticks=10"], "follow-satisfaction")
    radio = seen(spec, batches, "radio_share")
    np.testing.assert_allclose(radio[1], 1 / 3, rtol=1e-6)
    assert radio[-1, EMBB] > 0.7
    assert radio[-1].sum() <= 1 + 1e-6


def test_wrong_arguments_are_named(executable: Path) -> None:
    for argument, word in (("--resourceBlocks=20", "25"), ("--urllcDevices=0", "urllcDevices")):
        with pytest.raises(ConfigError, match=word):
            Pool(executable, arguments=[argument], seed=1, spares=0)


@pytest.mark.learning
def test_imappo_trains_on_it_as_it_is(executable: Path, tmp_path: Path) -> None:
    config = load(
        None,
        [
            f"scenario.name={executable}",
            "scenario.arguments=" + str([*SMALL, "--ticks=5"]).replace("'", '"'),
            "pool.num_envs=1",
            "training.ticks=20",
            "imappo.rollout_ticks=10",
            "imappo.minibatches=1",
        ],
    )
    assert (train(config, tmp_path / "run") / "checkpoints").exists()
