# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The replay: what follows what at ends and wrap-around, what it keeps, how rewards are scaled."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
import torch

from ns3marl.rl.averages import Averages
from ns3marl.rl.record import Decision
from ns3marl.rl.replay import Replay, RewardScale, scaled_targets
from ns3marl.types import (
    Actions,
    Batch,
    ContinuousHead,
    DiscreteHead,
    Feature,
    Final,
    Float32,
    Group,
    GroupArrays,
    Spec,
    StateBlock,
)

SPEC = Spec(
    "counting",
    0,  # every transition is one step long
    4,
    groups=(Group("g", ("a", "b"), (Feature("x", "1", 0, 1e6),), (DiscreteHead("d", ("0", "1", "2")),)),),
    state=(StateBlock("s", ("row",), (Feature("x", "1", 0, 1e6),)),),
)


def seen(x: Float32) -> GroupArrays:
    """Both agents observe x [B]; the second is absent where x ends in 3."""
    envs = len(x)
    mask = np.zeros((envs, 2, 3), bool)
    mask[np.arange(envs), :, x.astype(int) % 3] = True
    return GroupArrays(
        observations=np.broadcast_to(x[:, None, None], (envs, 2, 1)).copy(),
        rewards=np.stack([x, 10 * x], -1),
        present=np.stack([x >= 0, x % 10 != 3], -1),
        active=np.stack([x % 2 == 0, x % 2 == 1], -1),
        masks=mask,
    )


def batch(numbers: list[int], ended: dict[int, tuple[int, bool]] | None = None) -> Batch:
    """Environment e observes ``numbers[e]``; ``ended``: its last observation, and whether it was terminated."""
    envs, ended = len(numbers), ended or {}
    x = np.array(numbers, np.float32)
    final: list[Final | None] = [None] * envs
    for env, (last, terminated) in ended.items():
        final[env] = Final(
            4,
            4,
            terminated=terminated,
            truncated=not terminated,
            groups=(seen(np.array([last], np.float32))[0],),
            state=(np.full((1, 1), last, np.float32),),
            metrics=np.zeros(0),
            seed=1,
            run=1,
        )
    return Batch(
        env_id=np.arange(envs),
        seed=np.ones(envs, np.int64),
        run=np.arange(1, envs + 1),
        tick=np.zeros(envs, np.int64),
        sim_time_ns=np.zeros(envs, np.int64),
        groups=(seen(x),),
        state=(x[:, None, None].copy(),),
        metrics=np.zeros((envs, 0)),
        terminated=np.array([f is not None and f.terminated for f in final]),
        truncated=np.array([f is not None and f.truncated for f in final]),
        final=final,
    )


def add(replay: Replay, before: Batch, outcome: Batch) -> Batch:
    """Each action is the number observed, modulo 3."""
    chosen = before.groups[0].observations.astype(np.int64) % 3
    return append(replay, before, chosen, before.groups[0].observations / 1e6, outcome)


def append(replay: Replay, before: Batch, chosen: Any, unit: Any, outcome: Batch) -> Batch:
    actions = Actions(chosen.astype(np.int32), np.zeros((*chosen.shape[:2], 0), np.float32))
    replay.add(before, Decision(actions, chosen, unit), [actions], outcome)
    return outcome


def pairs(replay: Replay) -> set[tuple[int, int]]:
    """(number before, number after) of all that can be sampled."""
    data = replay.sample(2000, np.random.default_rng(0))
    before, after = (
        seen.groups[0].observations[:, 0, 0].long().tolist() for seen in (data.before, data.after)
    )
    return set(zip(before, after, strict=True))


def test_what_is_sampled_belongs_together() -> None:
    replay = Replay(SPEC, 0, 40, 2, 1, 1)
    now = batch([1, 101])
    for n in range(2, 9):
        now = add(replay, now, batch([n, 100 + n]))
    assert len(replay) == 14
    data = replay.sample(500, np.random.default_rng(1))
    x, y = data.before.groups[0].observations[:, 0, 0], data.after.groups[0].observations[:, 0, 0]
    assert y.equal(x + 1)
    assert data.before.state[0][:, 0, 0].equal(x)
    assert data.after.state[0][:, 0, 0].equal(y)
    assert data.discrete[0][:, :, 0].equal((x.long() % 3)[:, None].expand(-1, 2))
    assert torch.allclose(data.unit[0][:, 0, 0], x / 1e6)
    assert data.rewards[0].equal(torch.stack([y, 10 * y], -1))  # of the interval that followed the action
    assert data.after.groups[0].active[:, 0].equal(y % 2 == 0)
    assert data.after.groups[0].masks[:, 0].long().argmax(-1).equal(y.long() % 3)
    assert not data.terminated.any()
    assert set(x.long().tolist()) == {*range(1, 8), *range(101, 108)}


def test_an_episode_ends_in_its_own_last_observation() -> None:
    replay = Replay(SPEC, 0, 40, 2, 1, 0)
    now = add_plain(replay, batch([1, 101]), batch([2, 102]))
    now = add_plain(replay, now, batch([50, 150], {0: (3, False), 1: (103, True)}))
    add_plain(replay, now, batch([51, 151]))
    assert pairs(replay) == {(1, 2), (2, 3), (50, 51), (101, 102), (102, 103), (150, 151)}
    data = replay.sample(500, np.random.default_rng(1))
    x = data.before.groups[0].observations[:, 0, 0]
    assert data.terminated.equal(x == 102)  # a truncated episode would have gone on
    cut = x == 2
    last = data.after.groups[0]
    assert last.masks[cut, 0].long().argmax(-1).eq(0).all()
    assert last.active[cut].equal(torch.tensor([False, True]).expand(int(cut.sum()), 2))
    assert last.present[cut].equal(torch.tensor([True, False]).expand(int(cut.sum()), 2))
    assert data.after.state[0][cut].eq(3).all()


def add_plain(replay: Replay, before: Batch, outcome: Batch) -> Batch:
    return append(replay, before, np.zeros((2, 2, 1), np.int64), np.zeros((2, 2, 0), np.float32), outcome)


def test_the_oldest_are_overwritten_and_no_pair_is_torn() -> None:
    replay = Replay(SPEC, 0, 12, 2, 1, 0)  # 6 rows each, one of them open
    now, number = batch([1, 101]), 1
    for _ in range(50):
        number += 1
        ends = number % 7 == 0  # environment 0 only, so that the rings turn at different speeds
        now = add_plain(
            replay, now, batch([number + 1000 * ends, 100 + number], {0: (number, False)} if ends else None)
        )
        for before, after in pairs(replay):
            assert after == before + 1 or (before > 1000 and after == before - 1000 + 1), (before, after)
        assert len(replay) <= 10
    assert {before for before, _ in pairs(replay) if 100 < before < 1000} == set(range(146, 151))


@pytest.mark.parametrize("ticks", [0, 3, 20])
def test_a_restored_replay_goes_on_as_the_first(ticks: int) -> None:
    one, other = (Replay(SPEC, 0, 16, 2, 1, 0) for _ in range(2))
    now = batch([1, 101])
    for n in range(2, 2 + ticks):
        now = add_plain(one, now, batch([n, 100 + n], {1: (99, False)} if n % 5 == 0 else None))
    add_plain(other, batch([7, 8]), batch([8, 9]))  # what was there is forgotten
    state = one.state_dict()
    assert state["arrays"][0].shape[1] == min(ticks + 1 + sum(n % 5 == 0 for n in range(2, 2 + ticks)), 8) * (
        ticks > 0
    )
    other.load_state_dict(state)
    for n in range(200, 206):
        outcome = batch([n, 100 + n])
        now = add_plain(other, now, add_plain(one, now, outcome))
        samples = [replay.sample(64, np.random.default_rng(n)) for replay in (one, other)]
        assert samples[0].before.groups[0].observations.equal(samples[1].before.groups[0].observations)
        assert samples[0].after.groups[0].masks.equal(samples[1].after.groups[0].masks)
        assert samples[0].rewards[0].equal(samples[1].rewards[0])


def test_misuse_is_refused() -> None:
    replay = Replay(SPEC, 0, 16, 2, 1, 0)
    with pytest.raises(ValueError, match="no transition yet"):
        replay.sample(1, np.random.default_rng(0))
    swapped = batch([1, 2])
    swapped.env_id = np.array([1, 0])
    with pytest.raises(ValueError, match="environments 0 to 1 in order"):
        add_plain(replay, swapped, batch([1, 2]))
    with pytest.raises(ValueError, match="too small for 2 environments"):
        Replay(SPEC, 0, 5, 2, 1, 0)


def test_scaled_values_are_the_values_scaled() -> None:
    """Rewards 4 and 6 in turn, then the end: V = 4 + 0.5 * 6 = 7, V' after the first = 6."""
    scale = RewardScale(0.5)
    assert not scale.measured
    scale.measure(np.array([4.0, 6.0]))
    assert (scale.mean, scale.std) == (5.0, 1.0)
    one = torch.ones(())
    last = scale.target(6 * one, torch.tensor(True), torch.tensor(123.0), one)
    first = scale.target(4 * one, torch.tensor(False), last, one)
    # v' = (v - mean / (1 - gamma)) / deviation
    assert float(last) == pytest.approx(6 - 10)
    assert float(first) == pytest.approx(7 - 10)
    undiscounted = RewardScale(1.0)
    undiscounted.measure(np.array([4.0, 6.0]))
    assert float(undiscounted.target(6 * one, torch.tensor(True), one, one)) == 6.0


def test_targets_of_many_agents_at_once_are_those_of_each_alone() -> None:
    scales = [RewardScale(0.5) for _ in range(3)]
    for scale, mean in zip(scales, (1.0, 0.0, -2.0), strict=True):
        scale.load_state_dict({"mean": mean, "std": 1 + mean**2})
    generator = torch.Generator().manual_seed(1)
    rewards, following = torch.rand(2, 8, 3, generator=generator)
    ended, elapsed = torch.rand(8, 3, generator=generator) < 0.5, torch.arange(8.0)
    together = scaled_targets(scales, rewards, ended, following, elapsed)
    for agent, scale in enumerate(scales):
        alone = scale.target(rewards[:, agent], ended[:, agent], following[:, agent], elapsed)
        torch.testing.assert_close(together[:, agent], alone)
        assert float(alone[ended[:, agent]][0]) == pytest.approx(
            float(rewards[ended[:, agent], agent][0] - scale.mean) / scale.std
            + 0.5 ** float(elapsed[ended[:, agent]][0]) * scale.end_value
        )


@pytest.mark.parametrize(("reward", "std"), [(1.0, 1.0), (-0.1, 0.1), (0.0, 1.0)])
def test_rewards_that_are_all_alike_keep_their_size(reward: float, std: float) -> None:
    """As those of a task that pays the same at every tick until it ends."""
    scale = RewardScale(0.5)
    scale.measure(np.full((1000, 3), reward, np.float32))
    assert scale.std == pytest.approx(std)
    end = scale.target(torch.tensor(reward), torch.tensor(True), torch.tensor(0.0), torch.tensor(1.0))
    assert float(end) == pytest.approx(0.5 * -reward / std / 0.5)


def test_rewards_of_episodes_that_terminate_are_not_centred() -> None:
    replay = Replay(SPEC, 0, 12, 2, 1, 0)
    now = add_plain(replay, batch([1, 101]), batch([2, 102], {0: (3, False)}))
    assert not replay.keeps_mean()  # a truncated episode would have gone on
    now = add_plain(replay, now, batch([3, 103], {1: (104, True)}))
    assert replay.keeps_mean()
    for n in range(4, 12):
        now = add_plain(replay, now, batch([n, 100 + n]))
    assert not replay.keeps_mean()  # overwritten
    scale = RewardScale(0.5)
    scale.measure(np.array([4.0, 6.0]), keep_mean=True)
    assert (scale.mean, scale.std, scale.end_value) == (0.0, 1.0, 0.0)


def test_metrics_are_averaged_between_reports() -> None:
    averages = Averages()
    averages.add(a=1.0, b=2.0)
    averages.add(a=3.0)
    restored = Averages()
    restored.load_state_dict(averages.state_dict())
    assert averages.take() == restored.take() == {"a": 2.0, "b": 2.0}
    assert averages.take() == {}


def test_transitions_that_take_longer_are_discounted_for_longer() -> None:
    """A scenario that asks at 0, 3 and 4 ticks; rewards keep their mean, as it would weigh long and short steps alike."""
    spec = dataclasses.replace(SPEC, tick_ns=10)
    replay = Replay(spec, 0, 12, 2, 1, 0)
    shown = [batch([n, 100 + n]) for n in (1, 2, 3)]
    for now, time_ns in zip(shown, (0, 30, 40), strict=True):
        now.sim_time_ns[:] = time_ns
    add_plain(replay, shown[0], shown[1])
    add_plain(replay, shown[1], shown[2])
    assert replay.keeps_mean()
    data = replay.sample(64, np.random.default_rng(0))
    first = data.before.groups[0].observations[:, 0, 0] % 100 == 1
    assert data.elapsed.equal(torch.where(first, 3.0, 1.0).double())
    scale = RewardScale(0.5)
    scale.load_state_dict({"mean": 0.0, "std": 1.0})
    ones = torch.ones(64)
    targets = scale.target(0 * ones, torch.zeros(64, dtype=torch.bool), ones, data.elapsed)
    assert targets.equal(torch.where(first, 0.125, 0.5))


def test_other_groups_are_kept_as_they_acted() -> None:
    """Real-valued actions of others on the unit interval, those of the own group as its learner counts them."""
    other = Group("h", ("c",), (Feature("y", "1", 0, 1),), (), (ContinuousHead("power", "dBm", 10, 30),))
    spec = dataclasses.replace(SPEC, groups=(SPEC.groups[0], other))
    shown = [batch([n, 100 + n]) for n in (1, 2)]
    for now in shown:
        more = GroupArrays(
            np.full((2, 1, 1), 0.5, np.float32),
            np.full((2, 1), 7.0, np.float32),
            np.ones((2, 1), bool),
            np.ones((2, 1), bool),
            np.ones((2, 1, 0), bool),
        )
        now.groups = (*now.groups, more)
    replay = Replay(spec, 0, 12, 2, 2, 1)
    own = Decision(
        Actions(np.zeros((2, 2, 1), np.int32), np.zeros((2, 2, 0), np.float32)),
        np.full((2, 2, 2), 3),
        np.full((2, 2, 1), 0.25, np.float32),
    )
    others = Actions(np.zeros((2, 1, 0), np.int32), np.full((2, 1, 1), 15, np.float32))
    replay.add(shown[0], own, [own.actions, others], shown[1])
    data = replay.sample(8, np.random.default_rng(0))
    assert data.discrete[0].eq(3).all()
    assert data.unit[0].eq(0.25).all()
    assert data.unit[1].eq(0.25).all()
    assert data.reward("team", 0).tolist() == [
        [pytest.approx(float(x))] for x in (data.rewards[0].sum(-1) + 7) / 3
    ]
    assert data.reward("group", 1).eq(7).all()
    assert data.reward("agent", 0).equal(data.rewards[0])
