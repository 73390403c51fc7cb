# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from toy_game import toy_spec

from ns3marl import policies
from ns3marl.errors import ConfigError
from ns3marl.scenarios.aiot_mec import HOME
from ns3marl.scenarios.aiot_mec.policies import estimates
from ns3marl.scenarios.aiot_mec.policies.names import FULL, LOCAL, PARTIAL
from ns3marl.types import (
    Batch,
    Condition,
    ContinuousHead,
    DiscreteHead,
    Feature,
    Group,
    GroupArrays,
    Spec,
    StateBlock,
)

SLOTS, CHANNEL_SLOTS, SERVERS, CHANNELS, DEVICES = 18, 8, 3, 2, 4
TASK = ("has_task", "task_size_bits", "task_cycles", "task_deadline_s", "cpu_backlog_s", "cpu_hz")
A_TASK = (1, 160e3, 160e6, 0.08, 0, 1e9)
SERVER = ("snr_db", "cpu_hz", "utilisation", "wait_s")
FEATURES = (
    *TASK,
    *(f"server_{k}_{name}" for k in range(SLOTS) for name in SERVER),
    *(f"channel_{c}_{name}" for c in range(CHANNEL_SLOTS) for name in ("busy_ratio", "is_tuned")),
)


def features(*names: str) -> tuple[Feature, ...]:
    return tuple(Feature(name, "1", 0, 1e12) for name in names)


def mec_spec(servers: int = SERVERS) -> Spec:
    """The names that the policies read, as aiot-mec has them."""
    offloads = Condition(0, (PARTIAL, FULL))
    agents = tuple(f"device_{i}" for i in range(DEVICES))
    snr = [f"server_{k}_snr_db" for k in range(SLOTS)]
    group = Group(
        "devices",
        agents,
        features(*FEATURES),
        (
            DiscreteHead("mode", ("local", "partial", "full")),
            DiscreteHead("server", tuple(f"server-{k}" for k in range(SLOTS)), active_if=offloads),
            DiscreteHead("channel", tuple(f"channel-{c}" for c in range(CHANNEL_SLOTS)), active_if=offloads),
        ),
        (
            ContinuousHead("power", "dBm", 0, 30, 30, active_if=offloads),
            ContinuousHead("ratio", "1", 0.05, 0.95, 0.5, active_if=Condition(0, (PARTIAL,))),
        ),
    )
    return Spec(
        "aiot-mec",
        100_000_000,
        10,
        (group,),
        (
            StateBlock("agent_state", agents, features(*snr, *TASK)),
            StateBlock(
                "server_state", tuple(f"server-{k}" for k in range(servers)), features("cpu_hz", "backlog_s")
            ),
            StateBlock(
                "channel_state", tuple(f"channel-{c}" for c in range(CHANNELS)), features("queued_bits")
            ),
        ),
    )


def see(batch: Batch, name: str, value: float, device: int | slice = slice(None)) -> None:
    """Puts a feature into the observation of one device, or of all."""
    batch.groups[0].observations[0, device, FEATURES.index(name)] = value


def mec_batch(snr: np.ndarray, *, tuned: dict[int, int] | None = None) -> Batch:
    """One environment: ``snr`` [A,K]; all devices but the last have a task; ``tuned`` devices are held on a channel."""
    spec = mec_spec()
    observations = np.zeros((1, DEVICES, len(FEATURES)), np.float32)
    observations[..., : len(TASK)] = A_TASK
    where = [FEATURES.index(f"channel_{c}_is_tuned") for c in range(CHANNELS)]
    observations[0][:, where] = np.eye(CHANNELS)[np.arange(DEVICES) % CHANNELS]
    for k in range(SERVERS):
        observations[0, :, FEATURES.index(f"server_{k}_snr_db")] = snr[:, k]
        observations[0, :, FEATURES.index(f"server_{k}_cpu_hz")] = 20e9
    masks = np.zeros((1, DEVICES, spec.groups[0].mask_offsets[-1]), bool)
    masks[..., : 3 + SERVERS] = True
    masks[..., 3 + SLOTS : 3 + SLOTS + CHANNELS] = True
    for device, channel in (tuned or {}).items():
        masks[0, device, 3 + SLOTS :] = False
        masks[0, device, 3 + SLOTS + channel] = True
        observations[0, device, where] = np.eye(CHANNELS)[channel]
    active = np.array([[True] * (DEVICES - 1) + [False]])
    agent_state = np.zeros((1, DEVICES, SLOTS + len(TASK)), np.float32)
    agent_state[0, :, :SERVERS] = snr
    agent_state[0, :, SLOTS:] = A_TASK
    server_state = np.array([[[20e9, 0], [20e9, 0], [20e9, 0]]], np.float32)
    return Batch(
        env_id=np.zeros(1, np.int64),
        seed=np.ones(1, np.int64),
        run=np.ones(1, np.int64),
        tick=np.zeros(1, np.int64),
        sim_time_ns=np.zeros(1, np.int64),
        groups=(
            GroupArrays(
                observations, np.zeros((1, DEVICES), np.float32), np.ones_like(active), active, masks
            ),
        ),
        state=(agent_state, server_state, np.zeros((1, CHANNELS, 1), np.float32)),
        metrics=np.zeros((1, 0)),
        terminated=np.zeros(1, bool),
        truncated=np.zeros(1, bool),
        final=[None],
    )


SNR = np.array([[30, 20, 10], [10, 40, 40], [5, 6, 7], [50, 0, 0]], np.float32)


def act(name: str, batch: Batch, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    (joint,) = policies.make(name, mec_spec()).act(batch, [np.random.default_rng(seed)])
    assert joint.discrete.dtype == np.int32
    assert joint.continuous.dtype == np.float32
    return joint.discrete[0], joint.continuous[0]


@pytest.mark.parametrize("name", ["default", "random", *HOME.policies])
def test_actions_respect_masks_and_defaults(name: str) -> None:
    batch = mec_batch(SNR, tuned={0: 1, 2: 0})
    for seed in range(50):
        discrete, continuous = act(name, batch, seed)
        assert discrete[3].tolist() == [0, 0, 0]
        assert continuous[3].tolist() == [30, 0.5]
        for device in range(3):
            mode, server, channel = discrete[device]
            masks = batch.groups[0].masks[0, device]
            assert masks[mode]
            if name != "default":
                assert masks[3 + server]
                assert masks[3 + SLOTS + channel]
        assert ((continuous[:, 0] >= 0) & (continuous[:, 0] <= 30)).all()
        assert ((continuous[:, 1] >= 0.05) & (continuous[:, 1] <= np.float32(0.95))).all()


@pytest.mark.parametrize("name", HOME.policies)
def test_nobody_has_a_task(name: str) -> None:
    batch = mec_batch(SNR)
    batch.groups[0].active[:] = False
    discrete, continuous = act(name, batch)
    assert not discrete.any()
    assert continuous.tolist() == [[30, 0.5]] * DEVICES


def test_local_only_stays_local() -> None:
    assert act("local-only", mec_batch(SNR))[0][:, 0].tolist() == [LOCAL] * 4


def test_best_snr_takes_the_first_of_the_best_and_its_home_channel() -> None:
    discrete, continuous = act("best-snr", mec_batch(SNR))
    assert discrete[:3].tolist() == [[FULL, 0, 0], [FULL, 1, 1], [FULL, 2, 0]]
    assert continuous[:3, 0].tolist() == [30, 30, 30]


def test_best_snr_follows_a_radio_that_is_held_on_a_channel() -> None:
    discrete, _ = act("best-snr", mec_batch(SNR, tuned={0: 1, 1: 0}))
    assert discrete[:3, 2].tolist() == [1, 0, 0]


def test_random_policies_use_every_choice_and_only_their_generator() -> None:
    drawn = np.stack([act("random", mec_batch(SNR), seed)[0][:3] for seed in range(200)])
    assert set(drawn[..., 0].ravel()) == {LOCAL, PARTIAL, FULL}
    assert set(drawn[..., 1].ravel()) == {0, 1, 2}
    assert set(drawn[..., 2].ravel()) == {0, 1}
    for name in ("random", "random-offload"):
        one, other = act(name, mec_batch(SNR), 5), act(name, mec_batch(SNR), 5)
        assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def test_coordinated_greedy_spreads_where_best_snr_piles_up() -> None:
    crowd = np.tile(np.array([[40, 39, 38]], np.float32), (4, 1))
    assert set(act("best-snr", mec_batch(crowd))[0][:3, 1]) == {0}
    discrete, _ = act("coordinated-greedy", mec_batch(crowd))
    assert len({tuple(choice) for choice in discrete[:3, 1:]}) == 3
    assert set(discrete[:3, 2]) == {0, 1}


def test_coordinated_greedy_serves_the_earliest_deadline_first() -> None:
    batch = mec_batch(np.tile(np.array([[40, -20, -20]], np.float32), (4, 1)), tuned={0: 0, 1: 0, 2: 0})
    deadline = SLOTS + TASK.index("task_deadline_s")
    for urgent in range(3):
        batch.state[0][0, :, deadline] = 0.03
        batch.state[0][0, urgent, deadline] = (
            0.0145  # enough for the first upload and the first place in the queue
        )
        discrete, _ = act("coordinated-greedy", batch)
        assert discrete[urgent].tolist() == [FULL, 0, 0]


def test_coordinated_greedy_computes_locally_where_the_radio_is_hopeless() -> None:
    batch = mec_batch(np.full((4, 3), -20, np.float32))
    batch.state[0][0, :, SLOTS + TASK.index("task_cycles")] = 20e6  # 20 ms of this device's CPU
    assert act("coordinated-greedy", batch)[0][:3, 0].tolist() == [LOCAL] * 3


def test_central_rules_avoid_servers_that_a_device_believes_too_near() -> None:
    """Its MCS would be too high. A belief that is too low costs time alone."""
    batch = mec_batch(np.tile(np.array([[40, 37, -20]], np.float32), (4, 1)))
    see(batch, "server_0_snr_db", 45, 0)
    see(batch, "server_1_snr_db", 35, 0)
    for rule in ("coordinated-greedy", "coordinated-power"):
        discrete, _ = act(rule, batch)
        assert discrete[0, 1] == 1
        assert 0 in discrete[1:3, 1]


def test_the_power_reaches_the_target_and_stays_within_its_range() -> None:
    got = estimates.power_dbm(np.array([50.0, 40.0, 30.0, 20.0, 10.0]), 20.0)
    np.testing.assert_allclose(got, [0, 10, 20, 30, 30])
    assert (
        estimates.power_dbm(np.float64(39.95), 20.0) == 10.125
    )  # in steps of 0.125 dB, never below the target


def test_snr_target_is_best_snr_at_the_power_that_reaches_the_target() -> None:
    batch = mec_batch(SNR)
    discrete, continuous = act("snr-target:target_db=20", batch)
    assert discrete.tolist() == act("best-snr", batch)[0].tolist()
    assert continuous[:, 0].tolist() == [20, 10, 30, 30]  # heard at 30, 40 and 7 dB; the last one has no task
    assert act("snr-target:target_db=12.5", batch)[1][0, 0] == 12.5


@pytest.mark.parametrize("rule", ["snr-target", "load-aware", "coordinated-power"])
def test_power_is_at_least_the_least_one(rule: str) -> None:
    batch = mec_batch(np.tile(np.array([[40, 40, 40]], np.float32), (4, 1)))
    low, high = (act(f"{rule}:target_db=20,least_dbm={least}", batch)[1][:3, 0] for least in (0, 17.5))
    assert low.max() < 17.5
    assert high.min() == 17.5


def test_a_joule_of_the_cpu_follows_kappa() -> None:
    # Where the link is good but full power dear, a cheap CPU computes itself: 20e6 cycles at 1 GHz take 20 ms.
    batch = mec_batch(np.tile(np.array([[20, 20, 20]], np.float32), (4, 1)))
    see(batch, "task_cycles", 20e6)
    dear = PLAIN.replace("energy_s_per_j=0", "energy_s_per_j=9")
    assert act(f"{dear},kappa=1e-26", batch)[0][:3, 0].tolist() == [FULL] * 3
    assert act(f"{dear},kappa=1e-29", batch)[0][:3, 0].tolist() == [LOCAL] * 3


EVEN = np.tile(np.array([[40, 40, 40]], np.float32), (4, 1))
PLAIN = (
    "load-aware:target_db=24,urgent_db=24,contention=1,queueing=1,waiting=1,safety=1,late_s=1,airtime=0,"
    "energy_s_per_j=0,hysteresis=0.2"
)


@pytest.mark.parametrize("busy", ["server_0_utilisation", "server_0_wait_s"])
def test_load_aware_avoids_a_server_that_is_busy(busy: str) -> None:
    batch = mec_batch(EVEN)
    assert act(PLAIN, batch)[0][:3, 1].tolist() == [0, 0, 0]
    see(batch, busy, 0.05)
    assert act(PLAIN, batch)[0][:3, 1].tolist() == [1, 1, 1]


def test_load_aware_weighs_a_better_link_against_a_slower_server() -> None:
    batch = mec_batch(np.tile(np.array([[40, 15, -20]], np.float32), (4, 1)))
    see(batch, "server_0_cpu_hz", 10e9)  # 160e6 cycles: 16 ms there, 8 ms at server 1
    # At 24 dB an upload of 160 kbit takes 160e3 / (0.9 x 68.8e6) s = 2.6 ms, at 15 dB it takes 6.9 ms.
    assert act(PLAIN, batch)[0][:3, 1].tolist() == [1, 1, 1]
    see(batch, "server_0_cpu_hz", 15e9)  # 10.7 ms
    assert act(PLAIN, batch)[0][:3, 1].tolist() == [0, 0, 0]


def test_load_aware_hurries_only_where_time_is_short() -> None:
    hurrying = PLAIN.replace("urgent_db=24", "urgent_db=39").replace("energy_s_per_j=0", "energy_s_per_j=9")
    batch = mec_batch(EVEN)
    see(
        batch, "task_deadline_s", 0.0122, device=1
    )  # 1 ms of access, 8 ms of computing, 1.4 ms or 2.6 ms of upload
    see(batch, "task_deadline_s", 0.0110, device=2)
    assert act(hurrying, batch)[1][:, 0].tolist() == [14, 14, 29, 30]


def test_load_aware_leaves_its_channel_for_one_that_is_less_busy_by_more_than_the_margin() -> None:
    batch = mec_batch(EVEN, tuned={2: 0})
    see(batch, "channel_0_busy_ratio", 0.5)
    see(batch, "channel_1_busy_ratio", 0.35)
    assert act(PLAIN, batch)[0][:3, 2].tolist() == [0, 1, 0]
    see(batch, "channel_1_busy_ratio", 0.25)
    assert act(PLAIN, batch)[0][:3, 2].tolist() == [1, 1, 0]  # device 2 is held by an earlier task


def test_load_aware_splits_a_task_so_that_both_parts_end_together() -> None:
    batch = mec_batch(EVEN)
    for k in range(SERVERS):
        see(batch, f"server_{k}_cpu_hz", 2e9)
    see(batch, "task_deadline_s", 0.06, device=0)
    discrete, continuous = act(PLAIN, batch)
    assert discrete[0, 0] == PARTIAL
    ratio = float(continuous[0, 1])
    upload_s = 160e3 / (0.9 * 68.8e6)
    assert 1e-3 + ratio * (upload_s + 160e6 / 2e9) == pytest.approx((1 - ratio) * 160e6 / 1e9, rel=1e-5)


def test_load_aware_computes_locally_where_the_radio_is_hopeless() -> None:
    batch = mec_batch(np.full((4, 3), -20, np.float32))
    see(batch, "task_cycles", 20e6)
    assert act(PLAIN, batch)[0][:3, 0].tolist() == [LOCAL] * 3


def test_coordinated_power_hears_the_target_unless_that_is_late() -> None:
    batch = mec_batch(EVEN)
    rule = "coordinated-power:target_db=24,urgent_db=39,safety=1,late_s=1,airtime=0,energy_s_per_j=9"
    discrete, continuous = act(rule, batch)
    assert len({tuple(choice) for choice in discrete[:3, 1:]}) == 3
    assert continuous[:3, 0].tolist() == [14, 14, 14]
    batch.state[0][0, 1, SLOTS + TASK.index("task_deadline_s")] = 0.0108
    assert act(rule, batch)[1][:3, 0].tolist() == [14, 29, 14]


def test_goodput_follows_the_mcs_table() -> None:
    got = estimates.goodput_bps(np.array([-20.0, 7.0, 9.99, 10.0, 40.0, 70.0]))
    np.testing.assert_allclose(got, 0.9e6 * np.array([0.1, 8.6, 8.6, 17.2, 143.4, 143.4]))


def test_other_scenarios_are_refused() -> None:
    assert policies.fitting(mec_spec()) == ("random", *HOME.policies)
    for name in HOME.policies:
        with pytest.raises(ConfigError, match="scenario 'toy' has the heads mode, lane, power"):
            policies.make(name, toy_spec(), HOME)
    with pytest.raises(
        ConfigError,
        match=r"no policy 'best' \(did you mean best-snr\?\); simple policies of 'aiot-mec' are default",
    ):
        policies.make("best", mec_spec())
    with pytest.raises(ConfigError, match="this scenario has 19"):
        policies.make("coordinated-greedy", mec_spec(servers=19))
    with pytest.raises(ConfigError, match="lacks the blocks agent_state, channel_state, server_state"):
        policies.make("coordinated-greedy", dataclasses.replace(mec_spec(), state=()))
    group = mec_spec().groups[0]
    unheard = dataclasses.replace(
        mec_spec(), groups=(dataclasses.replace(group, features=group.features[: len(TASK) + len(SERVER)]),)
    )
    with pytest.raises(ConfigError, match="reads server_1_snr_db from the observation"):
        policies.make("best-snr", unheard)
