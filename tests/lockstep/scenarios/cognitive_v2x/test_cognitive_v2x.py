# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""`cognitive-v2x`: vehicle pairs on licensed channels, packet by packet."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from toy_game import toy_spec

from ns3marl import policies
from ns3marl.config import load
from ns3marl.env.pool import Pool
from ns3marl.errors import ConfigError
from ns3marl.rl.policy import Policy, action_generators
from ns3marl.scenarios.cognitive_v2x import HOME
from ns3marl.training.run import train
from ns3marl.types import Actions, Batch, Spec

SIMPLE = ("random-channel", "sense-greedy", "listen-before-talk", "underlay", "coordinated-access")
SILENT = 0
NEVER_ON = ["--primaryOn=1ns", "--primaryOff=1000s"]
ALWAYS_ON = ["--primaryOn=1000s", "--primaryOff=1ns"]
FRAME_S, ACK_S = 2232e-6, 64e-6  # 1600 B at 6 Mb/s and 14 B at 6 Mb/s on 10 MHz
HALF_SYMBOL_S = 4e-6  # ns-3 pads to halves of a symbol


@dataclass
class Episode:
    """An episode, tick by tick."""

    spec: Spec
    batches: list[Batch] = field(default_factory=list)

    def seen(self, name: str) -> np.ndarray:
        """A feature at ticks 0 to T: [T+1,N]."""
        column = [feature.name for feature in self.spec.groups[0].features].index(name)
        final = self.batches[-1].final[0]
        assert final is not None
        rows = [batch.groups[0].observations[0] for batch in self.batches[:-1]] + [
            final.groups[0].observations
        ]
        return np.stack(rows)[..., column].astype(float)

    @property
    def rewards(self) -> np.ndarray:
        """At ticks 1 to T: [T,N]."""
        return np.stack([batch.groups[0].rewards[0] for batch in self.batches[1:]]).astype(float)

    @property
    def metrics(self) -> dict[str, float]:
        """Of the whole episode."""
        final = self.batches[-1].final[0]
        assert final is not None
        return dict(zip((m.name for m in self.spec.metrics), final.metrics.tolist(), strict=True))


@pytest.fixture(scope="module")
def executable(scenario_path: Callable[[str], Path]) -> Path:
    return scenario_path("cognitive-v2x")


def play(executable: Path, arguments: list[str], policy: str | Callable[[Spec], Policy]) -> Episode:
    """An episode with RngSeed 5 and RngRun 1."""
    with Pool(executable, arguments=arguments, seed=5, spares=0) as pool:
        made = policies.make(policy, pool.spec) if isinstance(policy, str) else policy(pool.spec)
        played = Episode(pool.spec, [pool.reset()])
        while played.batches[-1].final[0] is None:
            batch = played.batches[-1]
            played.batches.append(pool.step(made.act(batch, action_generators(batch))))
        return played


class Always:
    """The same choice and power for every pair, or one for each."""

    def __init__(self, choice: int | list[int], power: float) -> None:
        self.choice, self.power = choice, power

    def __call__(self, spec: Spec) -> Always:
        self.pairs = len(spec.groups[0].agents)
        return self

    def act(self, batch: Batch, rngs: object) -> list[Actions]:
        del batch, rngs
        discrete = np.broadcast_to(np.array(self.choice), (self.pairs,))[None, :, None].astype(np.int32)
        return [Actions(discrete, np.full((1, self.pairs, 1), self.power, dtype=np.float32))]


def test_roads_losses_primaries_and_sensing_depend_on_no_action(executable: Path) -> None:
    quiet, busy = (play(executable, ["--ticks=40"], policy) for policy in (Always(SILENT, 0), "random"))
    names = ["position_x_m", "position_y_m"]
    names += [f"channel_{c}_{name}" for c in range(4) for name in ("energy_db", "seems_busy", "excess_db")]
    for name in names:
        np.testing.assert_array_equal(quiet.seen(name), busy.seen(name), err_msg=name)
    blocks = {block.name: b for b, block in enumerate(quiet.spec.state)}
    own = [f.name for f in quiet.spec.state[blocks["pair_state"]].features]
    losses = [i for i, name in enumerate(own) if name.endswith(("_excess_db", "_snr_db"))]
    assert len(losses) == 1 + 2 * 4 + 8
    for one, other in zip(quiet.batches[:-1], busy.batches[:-1], strict=True):
        for name, columns in (("pair_state", losses), ("channel_state", [0, 1, 2])):
            np.testing.assert_array_equal(
                one.state[blocks[name]][..., columns], other.state[blocks[name]][..., columns]
            )


def test_silence_ages_and_disturbs_nobody(executable: Path) -> None:
    played = play(executable, [*ALWAYS_ON, "--ticks=15"], Always(SILENT, 0))
    ticks = np.arange(16)[:, None]
    np.testing.assert_allclose(played.seen("known_aoi_ticks"), np.broadcast_to(ticks, (16, 8)))
    # 100 (1 - age / 10), the age at most 10
    np.testing.assert_allclose(
        played.rewards, np.broadcast_to(100 * (1 - np.minimum(ticks[1:], 10) / 10), (15, 8)), atol=1e-4
    )
    metrics = played.metrics
    assert (metrics["silent_share"], metrics["disturbance_ratio"], metrics["primary_on_share"]) == (1, 0, 1)
    assert metrics["aoi_mean_ticks"] == pytest.approx(8)
    assert np.isnan(metrics["delivery_ratio"])


def test_alone_on_a_free_channel_every_update_arrives(executable: Path) -> None:
    arguments = [*NEVER_ON, "--pairs=1", "--ticks=50", "--shadowing=0", "--gapMax=60"]
    played = play(executable, arguments, Always(2, 23))
    metrics = played.metrics
    assert (metrics["delivery_ratio"], metrics["aoi_mean_ticks"], metrics["channel_1_share"]) == (1, 1, 1)
    assert (played.seen("known_aoi_ticks")[1:] == 1).all()
    assert (
        metrics["aoi_peak_ticks"] > 1
    )  # an update of the tick's beginning arrives after the jitter and 2.2 ms
    assert metrics["aoi_peak_ticks"] < 2
    # Both vehicles emit 0.2 W for the time of their frames; the price of power is 0.1 of the reward at full power.
    power_w = 10 ** (23 / 10) / 1000
    on_air_s = FRAME_S + ACK_S
    assert metrics["energy_per_update_j"] == pytest.approx(power_w * on_air_s, rel=HALF_SYMBOL_S / on_air_s)
    np.testing.assert_allclose(played.rewards, 100 * (1 - 0.1 - 0.1), atol=0.1)
    low = play(executable, arguments, Always(2, 13))
    assert low.metrics["energy_per_update_j"] == pytest.approx(metrics["energy_per_update_j"] / 10, rel=1e-6)


def test_the_link_s_snr_is_measured_by_its_acknowledgements(executable: Path) -> None:
    played = play(executable, [*NEVER_ON, "--pairs=1", "--ticks=50", "--gapMax=60"], Always(1, 20))
    (snr,) = [
        column
        for column, feature in enumerate(played.spec.state[0].features)
        if feature.name == "link_snr_db"
    ]
    true = np.array([batch.state[0][0, 0, snr] for batch in played.batches[:-1]])
    # What a tick's acknowledgement was heard with is known at the next one. The radio hears what is in its channel: by the
    # transmit mask up to 0.1 dB of the power is not.
    np.testing.assert_allclose(played.seen("link_snr_db")[1:-1, 0], true[:-1], atol=0.1)
    assert (played.seen("link_age_ticks")[1:] == 0).all()


def test_disturbance_is_charged_to_those_who_cause_it(executable: Path) -> None:
    # All on channel 0 at full power, where the primary user never pauses. Power and age cost nothing.
    arguments = [*ALWAYS_ON, "--ticks=30", "--rewardAge=0", "--rewardPower=0", "--pairs=4"]
    loud = play(executable, arguments, Always(1, 23))
    charged_s = (1 - loud.rewards / 100).sum() * FRAME_S
    # Of four channels' time on, one is disturbed.
    assert charged_s == pytest.approx(loud.metrics["disturbance_ratio"] * 4 * 30 * 0.01, rel=1e-4)
    assert loud.metrics["disturbance_ratio"] > 0.01
    free = play(executable, [*arguments, *NEVER_ON], Always(1, 23))
    assert (free.rewards == 100).all()
    # By the database's word: who exceeds nothing is charged nothing, shadowing apart.
    exact = play(executable, [*arguments, "--shadowing=0", "--pairs=1", "--channels=1"], Always(1, 0))
    harmless = exact.seen("channel_0_excess_db")[:-1, 0] < 23 - 0.2
    assert (exact.rewards[harmless] == 100).all()


def test_a_disturbed_primary_receiver_is_one_that_the_database_knows(executable: Path) -> None:
    # One channel: a neighbouring one's receiver may be disturbed by what leaks into it.
    seen_harm = seen_peace = 0
    for pairs in range(1, 9):  # other pairs, other places
        arguments = [
            *ALWAYS_ON,
            "--channels=1",
            "--ticks=1",
            "--rewardAge=0",
            "--rewardPower=0",
            "--shadowing=0",
            f"--pairs={pairs}",
        ]
        played = play(executable, arguments, Always([SILENT] * (pairs - 1) + [1], 23))
        excess, reward = played.seen("channel_0_excess_db")[0, -1], played.rewards[0, -1]
        if abs(excess) > 0.3:  # the power outside of the channel
            assert (reward < 100) == (excess > 0)
            seen_harm += excess > 0
            seen_peace += excess < 0
    assert seen_harm
    assert seen_peace


def test_power_leaks_into_the_next_channel(executable: Path) -> None:
    # A primary receiver of channel 1 within reach, another pair's full power on channel 0.
    arguments = [*ALWAYS_ON, "--ticks=20", "--channels=2", "--rewardAge=0", "--rewardPower=0"]
    leaks = play(executable, arguments, Always(1, 23))
    quieter = play(executable, arguments, Always(1, 0))
    on_own_channel = play(executable, [*arguments, "--channels=1"], Always(1, 23))
    disturbed_s = [
        each.metrics["disturbance_ratio"] * channels
        for each, channels in ((leaks, 2), (quieter, 2), (on_own_channel, 1))
    ]
    assert disturbed_s[0] > disturbed_s[2] > disturbed_s[1]


def test_who_shares_a_channel_hears_the_others_and_waits(executable: Path) -> None:
    # One block: short streets. On one channel 8 pairs have no room in 10 ms; on four channels two each have.
    arguments = [*NEVER_ON, "--ticks=30", "--gapMax=40", "--blocksX=1"]
    together = play(executable, arguments, Always(1, 23))
    spread = play(executable, arguments, Always([1, 2, 3, 4] * 2, 23))
    assert spread.metrics["delivery_ratio"] > 0.95
    assert together.metrics["delivery_ratio"] < 0.8
    assert together.seen("channel_0_overheard")[1:].mean() > 1
    assert together.seen("channel_0_busy_ratio")[1:].mean() > 0.5
    assert (together.seen("channel_1_listening_age_ticks")[1:] == 20).all()  # never there
    assert (spread.seen("channel_2_was_used")[1:] == [0, 0, 1, 0] * 2).all()


def test_a_primary_user_s_signal_spoils_updates(executable: Path) -> None:
    # 50 dBm from the roadside are above the noise all over the area.
    arguments = [
        "--ticks=30",
        "--pairs=4",
        "--gapMax=40",
        "--blocksX=1",
        "--shadowing=0",
        "--primaryPower=50",
    ]
    clean, jammed = (
        play(executable, [*arguments, *when], Always(1, 0)).metrics["delivery_ratio"]
        for when in (NEVER_ON, ALWAYS_ON)
    )
    assert jammed < 0.2
    assert clean > 0.7


def test_sensing_errs_as_it_is_told(executable: Path) -> None:
    for rate in (0.05, 0.3):
        free = play(executable, [*NEVER_ON, "--ticks=100", f"--falseAlarm={rate}"], Always(SILENT, 0)).metrics
        assert free["false_alarms"] == pytest.approx(rate, abs=4 * np.sqrt(rate * (1 - rate) / 3200))
    missed = [
        play(executable, [*ALWAYS_ON, "--ticks=50", f"--sensing={time}"], Always(SILENT, 0)).metrics[
            "missed_detections"
        ]
        for time in ("40us", "1ms", "3ms")
    ]
    assert missed == sorted(missed, reverse=True)
    assert missed[0] > missed[2]


def test_masks_allow_what_seems_free(executable: Path) -> None:
    played = play(executable, ["--ticks=20", "--mask=sensed"], "random")
    busy = np.stack([played.seen(f"channel_{c}_seems_busy")[:-1] for c in range(4)], axis=-1)
    masks = np.stack([batch.groups[0].masks[0] for batch in played.batches[:-1]])
    np.testing.assert_array_equal(masks[..., 1:], busy == 0)
    assert masks[..., 0].all()


def test_listen_before_talk_equals_the_scenario_s_own(executable: Path) -> None:
    command = [str(executable), "--standalone", "--seed=5", "--run=1", "--ticks=60"]
    alone = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)["metrics"]
    in_lockstep = play(executable, ["--ticks=60"], "listen-before-talk").metrics
    assert in_lockstep.keys() == alone.keys()
    for name, value in alone.items():
        np.testing.assert_equal(in_lockstep[name], np.nan if value is None else value, err_msg=name)


def test_policies_rank_as_they_should(executable: Path) -> None:
    with Pool(executable, seed=5, spares=0) as pool:
        own = [name for name in policies.fitting(pool.spec) if name != policies.BUILTIN]
        assert own == ["random", *SIMPLE]
        for name in SIMPLE:
            with pytest.raises(ConfigError, match="scenario 'toy' has the heads mode, lane, power"):
                policies.make(name, toy_spec(), HOME)
    played = {name: play(executable, ["--ticks=100"], name) for name in SIMPLE}
    reward = {name: each.rewards.mean() for name, each in played.items()}
    assert max(reward["random-channel"], reward["sense-greedy"]) < reward["listen-before-talk"]
    assert reward["listen-before-talk"] < min(reward["underlay"], reward["coordinated-access"])
    disturbance = {name: each.metrics["disturbance_per_update"] for name, each in played.items()}
    assert disturbance["listen-before-talk"] < 0.7 * disturbance["random-channel"]


def test_wrong_arguments_are_named(executable: Path) -> None:
    for argument, word in (("--channels=8", "channels"), ("--tick=3ms", "tick"), ("--mask=some", "mask")):
        with pytest.raises(ConfigError, match=word):
            Pool(executable, arguments=[argument], seed=1, spares=0)


@pytest.mark.learning
def test_imappo_trains_on_it_as_it_is(executable: Path, tmp_path: Path) -> None:
    config = load(
        None,
        [
            f"scenario.name={executable}",
            'scenario.arguments=["--ticks=10", "--pairs=3"]',
            "pool.num_envs=1",
            "training.ticks=40",
            "imappo.rollout_ticks=20",
            "imappo.minibatches=1",
        ],
    )
    assert (train(config, tmp_path / "run") / "checkpoints").exists()
