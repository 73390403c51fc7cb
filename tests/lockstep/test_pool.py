# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""One test per timing situation: what comes when, and what belongs to which episode."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import default_actions, is_running, right_actions

from ns3marl.env.pool import Pool
from ns3marl.errors import ConfigError, OutOfStep

AIOT_MEC = ("--devices=5", "--servers=2", "--channels=2", "--ticks=10")


@pytest.fixture
def echo(scenario_path: Callable[[str], Path]) -> Path:
    return scenario_path("echo")


def test_an_episode_has_t_actions_and_t_plus_1_observations(echo: Path) -> None:
    with Pool(echo, arguments=["--ticks=3"]) as pool:
        batch = pool.reset()
        assert (batch.tick.tolist(), batch.sim_time_ns.tolist()) == ([0], [0])
        assert not batch.groups[0].rewards.any()
        for tick in (1, 2):
            batch = pool.step(right_actions(batch))
            assert (batch.tick.tolist(), batch.sim_time_ns.tolist()) == ([tick], [tick * pool.spec.tick_ns])
            assert batch.final == [None]
        last_wanted = batch.groups[0].observations[0, 0, :2].copy()
        batch = pool.step(right_actions(batch))
        final = batch.final[0]
        assert final is not None
        assert (final.tick, final.sim_time_ns, final.truncated, final.terminated) == (
            3,
            3 * pool.spec.tick_ns,
            True,
            False,
        )
        # rewards, metrics and flags are the ended episode's; the observation is the next one's first
        assert batch.groups[0].rewards.tolist() == [[1.0, 1.0]]
        assert batch.metrics[0, 1] == final.metrics[1] == 1.0
        assert batch.truncated.tolist() == [True]
        assert batch.tick.tolist() == [0]
        np.testing.assert_array_equal(final.groups[0].observations[0, 2:4], last_wanted)
        np.testing.assert_array_equal(batch.groups[0].observations[0, 0, 2:4], 0)
        assert np.isnan(pool.reset().metrics).all()


def test_rewards_answer_the_actions(echo: Path) -> None:
    with Pool(echo, arguments=["--agents=3"]) as pool:
        batch = pool.reset()
        actions = right_actions(batch)
        actions[0].discrete[0, 1] = (actions[0].discrete[0, 1] + 1) % 3
        level = float(actions[0].continuous[0, 2, 0])
        actions[0].continuous[0, 2] = 0.0
        rewards = pool.step(actions).groups[0].rewards[0]
        np.testing.assert_allclose(rewards, [1.0, 0.0, 1.0 - level], atol=1e-6)


def test_termination_is_told_from_truncation(echo: Path) -> None:
    with Pool(echo, arguments=["--ticks=9", "--terminate=2"]) as pool:
        batch = pool.reset()
        batch = pool.step(right_actions(batch))
        batch = pool.step(right_actions(batch))
        final = batch.final[0]
        assert final is not None
        assert (final.tick, final.terminated, final.truncated) == (2, True, False)
        assert (batch.terminated.tolist(), batch.truncated.tolist()) == ([True], [False])


def test_agents_not_asked_to_act_and_masks(echo: Path) -> None:
    with Pool(echo, arguments=["--agents=4", "--idle=true", "--masked=true"]) as pool:
        batch = pool.reset()
        assert batch.groups[0].active.all()
        assert batch.groups[0].masks.all()
        batch = pool.step(right_actions(batch))
        assert batch.groups[0].active[0].tolist() == [True, False, True, False]
        assert batch.groups[0].masks[0].tolist() == [[True, True, False]] * 4
        actions = right_actions(batch)
        actions[0].discrete[0, 1] = 99  # ignored: the bridge takes the default
        actions[0].continuous[0, 1] = np.nan
        batch = pool.step(actions)
        assert batch.groups[0].observations[0, 1, 2:4].tolist() == [0.0, 0.0]


def test_environments_run_different_episodes_in_a_fixed_order(echo: Path) -> None:
    with Pool(echo, num_envs=3, arguments=["--ticks=2"], first_run=10) as pool:
        batch = pool.reset()
        runs = []
        for _ in range(6):
            batch = pool.step(right_actions(batch))
            runs.append([final.run for final in batch.final if final is not None])
        assert runs == [[], [10, 11, 12], [], [13, 14, 15], [], [16, 17, 18]]


def test_first_come_receive(echo: Path) -> None:
    with Pool(echo, num_envs=4, arguments=["--ticks=50"]) as pool:
        batch = pool.reset()
        ticks: dict[int, list[int]] = defaultdict(list)
        answered = 0
        while answered < 120:
            pool.send(batch.env_id, right_actions(batch))
            answered += len(batch.env_id)
            batch = pool.recv(2)
            assert len(batch.env_id) >= 2
            assert batch.env_id.tolist() == sorted(set(batch.env_id.tolist()))
            for env, tick in zip(batch.env_id.tolist(), batch.tick.tolist(), strict=True):
                ticks[env].append(tick)
        for seen in ticks.values():
            assert seen == [tick % 50 for tick in range(1, len(seen) + 1)]
        pool.recv(len(pool.pids) - len(batch.env_id)) if len(batch.env_id) < 4 else None


def test_parts_are_received_whole(echo: Path) -> None:
    parts = [np.array([0, 2]), np.array([1, 3])]
    with Pool(echo, num_envs=4, arguments=["--ticks=20"]) as pool, Pool(echo, num_envs=4) as other:
        with pytest.raises(OutOfStep, match=r"none has an observation coming for each of its environments"):
            pool.recv_part(parts)
        batch = pool.reset()
        for part in parts:
            pool.send(part, right_actions(batch[part.tolist()]))
        ticks = [0, 0]
        while max(ticks) < 50:
            batch = pool.recv_part(parts)
            number = [part.tolist() for part in parts].index(batch.env_id.tolist())
            ticks[number] += 1
            assert batch.tick.tolist() == [ticks[number] % 20] * 2
            assert [final is not None for final in batch.final] == [ticks[number] % 20 == 0] * 2
            pool.send(batch.env_id, right_actions(batch))
        # One that is not asked for waits, and comes with the rest of its part.
        batch = other.reset()
        other.send(np.array([1, 2, 3]), right_actions(batch[[1, 2, 3]]))
        assert other.recv_part(parts).env_id.tolist() == [1, 3]
        with pytest.raises(OutOfStep, match="none has an observation coming"):
            other.recv_part(parts)
        other.send(np.array([0]), right_actions(batch[[0]]))
        assert other.recv_part(parts).env_id.tolist() == [0, 2]


def test_reset_in_mid_episode_begins_the_next_one(echo: Path) -> None:
    with Pool(echo, arguments=["--ticks=3"]) as pool:
        pool.step(right_actions(pool.reset()))
        batch = pool.reset()
        for _ in range(3):
            batch = pool.step(right_actions(batch))
        assert batch.final[0] is not None
        assert batch.final[0].run == 2


def test_episodes_are_taken_up_where_another_pool_left_them(scenario_path: Callable[[str], Path]) -> None:
    aiot_mec = scenario_path("aiot-mec")

    def pool_of(seed: int = 4, arguments: tuple[str, ...] = AIOT_MEC, **options: Any) -> Pool:
        return Pool(aiot_mec, num_envs=2, arguments=arguments, seed=seed, resumable=True, **options)

    with pool_of() as pool:
        with pytest.raises(OutOfStep, match="state_dict\\(\\) came before reset"):
            pool.state_dict()
        rng = np.random.default_rng(0)
        batch, states = pool.reset(), []
        for _ in range(14):  # the first episode has 10 ticks
            states.append(pool.state_dict())
            actions = default_actions(pool.spec, 2)
            actions[0].discrete[..., 0] = 2 * batch.groups[0].active
            actions[0].continuous[..., 0] = rng.uniform(0, 30)
            batch = pool.step(actions)
        state = pool.state_dict()
    assert state["episodes"] == [1, 1]
    with pool_of(seed=1) as pool:
        again = pool.load_state_dict(state)
        assert (again.seed.tolist(), again.run.tolist(), again.tick.tolist()) == ([4, 4], [3, 4], [4, 4])
        np.testing.assert_array_equal(again.groups[0].observations, batch.groups[0].observations)
        np.testing.assert_array_equal(again.groups[0].rewards, batch.groups[0].rewards)
        np.testing.assert_array_equal(again.metrics, batch.metrics)
        assert pool.step(default_actions(pool.spec, 2)).tick.tolist() == [5, 5]
        # one environment may be further than the other, and in another episode
        mixed = {"seed": 4, "episodes": [1, 0], "actions": [state["actions"][0], states[2]["actions"][1]]}
        apart = pool.load_state_dict(mixed)
        assert (apart.run.tolist(), apart.tick.tolist()) == ([3, 2], [4, 2])
        assert pool.step(default_actions(pool.spec, 2)).run.tolist() == [3, 2]
    with pool_of() as pool:  # a state that is taken while the answer to an action is on its way
        batch = pool.reset()
        pool.send(batch.env_id, default_actions(pool.spec, 2))
        on_its_way = pool.state_dict()
        batch = pool.recv(2)
        again = pool.load_state_dict(on_its_way)
        assert again.tick.tolist() == [1, 1]
        np.testing.assert_array_equal(again.groups[0].observations, batch.groups[0].observations)
    with (
        pool_of(arguments=(*AIOT_MEC[:3], "--ticks=2")) as pool,
        pytest.raises(OutOfStep, match="the episode ended 2 actions before"),
    ):
        pool.load_state_dict(state)
    with Pool(aiot_mec, arguments=AIOT_MEC) as pool:
        with pytest.raises(ConfigError, match="the state is that of 2 environments, this pool has 1"):
            pool.load_state_dict(state)
        pool.reset()
        with pytest.raises(ConfigError, match="make the pool with resumable=True"):
            pool.state_dict()


@pytest.mark.parametrize("seed", [1, np.int32(3), np.uint64(4294944442)])
def test_the_seed_is_ns3s_own(echo: Path, seed: Any) -> None:
    with Pool(echo, arguments=["--ticks=2"], seed=seed) as pool:
        batch = pool.reset()
        batch = pool.step(right_actions(batch))
        batch = pool.step(right_actions(batch))
        assert batch.seed.tolist() == [seed]
        assert batch.final[0] is not None
        assert batch.final[0].seed == seed
        assert pool.reset(seed).run.tolist() == [1]
        for wrong in (0, 4294944443, -1, 1.0, "1"):
            with pytest.raises(ConfigError, match=r"seed is .*, expected ns-3's RngSeed"):
                pool.reset(wrong)  # type: ignore[arg-type]


def test_several_groups(echo: Path) -> None:
    with Pool(echo, arguments=["--groups=2", "--agents=3", "--ticks=4"]) as pool:
        batch = pool.reset()
        assert [group.observations.shape for group in batch.groups] == [(1, 3, 8), (1, 3, 8)]
        actions = right_actions(batch)
        actions[1].discrete[:] = (actions[1].discrete + 1) % 3
        batch = pool.step(actions)
        assert batch.groups[0].rewards.tolist() == [[1.0] * 3]
        assert batch.groups[1].rewards.tolist() == [[0.0] * 3]


def test_tables_travel_when_asked(echo: Path) -> None:
    with Pool(echo, arguments=["--tables=answers", "--ticks=3"]) as pool:
        batch = pool.reset()
        assert batch.tables[0]["answers"]["tick"].tolist() == []
        wanted = float(batch.groups[0].observations[0, 0, 1])
        batch = pool.step(right_actions(batch))
        assert batch.tables[0]["answers"]["tick"].tolist() == [1]
        assert batch.tables[0]["answers"]["level"].tolist() == [wanted]
    with pytest.raises(ConfigError, match="argument '--tables': the scenario has no table 'packets'"):
        Pool(echo, arguments=["--tables=packets"])


def test_tcp_on_loopback(echo: Path) -> None:
    with Pool(echo, endpoint="tcp://127.0.0.1:0") as pool:
        pool.step(right_actions(pool.reset()))
    with pytest.raises(ConfigError, match="reachable from other hosts, which needs CURVE keys"):
        Pool(echo, endpoint="tcp://0.0.0.0:5555")
    with pytest.raises(ConfigError, match="a socket's path has 1 to 107 bytes"):
        Pool(echo, endpoint="ipc:///" + "x" * 108)
    with pytest.raises(ConfigError, match=r"expected ipc://PATH or tcp://127.0.0.1:PORT"):
        Pool(echo, endpoint="udp://127.0.0.1:1")


def test_frames_larger_than_any_buffer(echo: Path) -> None:
    arguments = ["--agents=4000", "--features=64", "--continuousHeads=8", "--ticks=3"]
    for endpoint in (None, "tcp://127.0.0.1:0"):  # 1 MB of observations, 144 kB of actions
        with Pool(echo, arguments=arguments, endpoint=endpoint) as pool:
            batch = pool.reset()
            for _ in range(3):
                actions = default_actions(pool.spec, 1)
                actions[0].discrete[...] = batch.groups[0].observations[..., 0:1]
                actions[0].continuous[..., 0:1] = batch.groups[0].observations[..., 1:2]
                batch = pool.step(actions)
                assert batch.groups[0].rewards.shape == (1, 4000)
                assert (batch.groups[0].rewards == 1).all()


def test_wrong_settings(echo: Path) -> None:
    with pytest.raises(ConfigError, match="num_envs is 0, expected 1 to 1000000"):
        Pool(echo, num_envs=0)
    with pytest.raises(ConfigError, match="seed is 0, expected ns-3's RngSeed, from 1 to 4294944442"):
        Pool(echo, seed=0)


@pytest.mark.parametrize("watch", ["before it is heard", "once it is heard"])
def test_a_simulator_that_has_left_is_heard_out(echo: Path, watch: str) -> None:
    # The process sends its last observation and exits before the learner looks; that is an end, not a crash.
    with Pool(echo, arguments=["--ticks=2"]) as pool:
        batch = pool.reset()
        batch = pool.step(right_actions(batch))
        (pid,) = pool.pids
        pool.send(batch.env_id, right_actions(batch))
        while is_running(pid):
            time.sleep(0.01)
        if watch == "before it is heard":
            pool._watch()
        pool._watch_s = 0.0  # the next one is due
        batch = pool.recv(1)
        assert batch.final[0] is not None
        assert pool.timing.losses == 0
