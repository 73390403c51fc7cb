# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest
import torch
from toy_game import ToyPool

from ns3marl.algorithms.imappo import Imappo, ImappoOptions
from ns3marl.rl.policy import action_generators
from ns3marl.rl.record import Decision, elapsed_ticks
from ns3marl.rl.rollout import Rollout
from ns3marl.rl.seen import GroupSeen, Seen
from ns3marl.types import Actions, Batch


def play(ticks: int, episode_ticks: int = 5) -> tuple[Imappo, Rollout, list[Batch]]:
    pool = ToyPool(num_envs=2, seed=1, ticks=episode_ticks)
    learner = Imappo(pool.spec, 0, ImappoOptions(), seed=1)
    rollout = Rollout(pool.spec, 0, ticks, 2)
    batches = [pool.reset()]
    while not rollout.full:
        decision = learner.decide(batches[-1], action_generators(batches[-1]))
        outcome = pool.step([decision.actions])
        rollout.add(batches[-1], decision, [decision.actions], outcome)
        batches.append(outcome)
    return learner, rollout, batches


def test_rows_hold_what_was_seen_and_the_reward_that_followed() -> None:
    _, rollout, batches = play(7)
    for t in range(7):
        np.testing.assert_array_equal(rollout.own.observations[t], batches[t].groups[0].observations)
        np.testing.assert_array_equal(rollout.own.active[t], batches[t].groups[0].active)
        np.testing.assert_array_equal(rollout.own.rewards[t], batches[t + 1].groups[0].rewards)
        np.testing.assert_array_equal(rollout.record.state[0][t], batches[t].state[0])
    assert rollout.ends.nonzero()[0].tolist() == [4, 4]
    assert [(cut.tick, cut.env) for cut in rollout.truncated] == [(4, 0), (4, 1)]


def test_agents_that_are_not_asked_send_the_defaults() -> None:
    _, rollout, _ = play(20)
    idle = ~rollout.own.active
    assert idle.any()
    assert (rollout.own.discrete[idle] == 0).all()


def test_truncation_bootstraps_from_the_last_observation_of_its_own_episode() -> None:
    learner, rollout, batches = play(7)
    values = np.arange(14, dtype=np.float64).reshape(7, 2)
    following = rollout.next_values(values, batches[-1], learner._next_values)
    np.testing.assert_allclose(following[:4], values[1:5])
    np.testing.assert_allclose(following[5], values[6])
    assert len(rollout.truncated) == 2
    blocks = zip(*(cut.state for cut in rollout.truncated), strict=True)
    seen = GroupSeen(
        *(
            torch.tensor(np.stack([getattr(cut.groups[0], name) for cut in rollout.truncated]))
            for name in ("observations", "present", "active", "masks")
        )
    )
    with torch.no_grad():
        last = learner.critic.state_value(
            Seen(
                (seen,),
                [torch.tensor(np.stack(block)) for block in blocks],
            )
        )
    for cut, value in zip(rollout.truncated, last, strict=True):
        assert following[cut.tick, cut.env] == pytest.approx(value.item())
        assert following[cut.tick, cut.env] != pytest.approx(values[cut.tick + 1, cut.env])


def test_termination_bootstraps_from_nothing() -> None:
    learner, rollout, batches = play(7)
    rollout.truncated.clear()  # as if both episodes had terminated
    following = rollout.next_values(np.ones((7, 2)), batches[-1], learner._next_values)
    np.testing.assert_array_equal(following[4], 0)


def test_agents_that_are_not_asked_do_not_move_the_actor() -> None:
    results = []
    for spoil in (False, True):
        learner, rollout, batches = play(10)
        if spoil:  # what an agent that was not asked would have done must not matter
            idle = ~rollout.own.active
            rollout.own.discrete[idle] = 1
            rollout.own.continuous[idle] = 0.99
            rollout.own.masks[idle] = False
        learner.update(rollout, batches[-1])
        results.append(learner.learned.state_dict())
    for part in ("actor", "critic"):
        for name, tensor in results[0][part].items():
            assert tensor.equal(results[1][part][name]), name


def test_advantages_are_normalised_over_deciding_agents_and_ticks_together() -> None:
    learner, rollout, batches = play(10)
    seen = {}

    def spy(_data: object, advantages: object, _targets: object) -> dict[str, float]:
        seen["advantages"] = advantages
        return {}

    learner._learn = spy  # type: ignore[method-assign, assignment]
    learner.update(rollout, batches[-1])
    chosen = np.asarray(seen["advantages"])[rollout.own.active.reshape(-1, 4)]
    assert chosen.mean() == pytest.approx(0, abs=1e-6)
    assert chosen.std(ddof=1) == pytest.approx(1, abs=1e-5)


def test_the_actor_stops_at_the_target_kl_and_the_critic_goes_on() -> None:
    pool = ToyPool(num_envs=2, seed=1, ticks=5)
    metrics = {}
    for target in (0.0, 1e-9):
        _, rollout, batches = play(20)
        options = ImappoOptions(target_kl=target, epochs=3, minibatches=2, actor_lr=0.01)
        metrics[target] = Imappo(pool.spec, 0, options, 1).update(rollout, batches[-1])
    assert metrics[0.0]["actor_steps"] == 6
    assert metrics[1e-9]["actor_steps"] < 3
    for head in ("mode", "lane", "power"):
        assert f"kl/{head}" in metrics[0.0]
        assert f"entropy/{head}" in metrics[0.0]


def test_wrong_use_is_refused() -> None:
    learner, rollout, batches = play(3)
    decision = learner.decide(batches[0], [np.random.default_rng(0)] * 2)
    with pytest.raises(IndexError, match="holds 3 ticks already"):
        rollout.add(batches[0], decision, [decision.actions], batches[1])
    rollout.clear()
    with pytest.raises(ValueError, match="in order"):
        rollout.add(
            dataclasses.replace(batches[0], env_id=np.array([1, 0])), decision, [decision.actions], batches[1]
        )


def test_a_rollout_of_another_version_is_refused() -> None:
    _, rollout, _ = play(3)
    state = rollout.state_dict()
    state["arrays"] += state["arrays"][-1:]
    with pytest.raises(ValueError, match="of another version"):
        rollout.load_state_dict(state)


def test_intervals_are_discounted_by_their_length() -> None:
    _, rollout, batches = play(7)
    assert (rollout.discounts(0.9) == 0.9).all()  # exactly: every interval is one tick long
    # The third decision took four ticks instead of one, so all that follows in the episode is three ticks later.
    late = [
        dataclasses.replace(batch, sim_time_ns=batch.sim_time_ns + 3_000_000 * (3 <= t < 5))
        for t, batch in enumerate(batches)
    ]
    late[5].final = [
        dataclasses.replace(final, sim_time_ns=8_000_000) if final is not None else None
        for final in batches[5].final
    ]
    other = Rollout(ToyPool().spec, 0, 7, 2)
    for before, after in itertools.pairwise(late):
        actions = Actions(np.zeros((2, 4, 2), np.int32), np.full((2, 4, 1), 10, np.float32))
        other.add(before, Decision(actions, actions.discrete, actions.continuous), [actions], after)
    np.testing.assert_allclose(other.discounts(0.5)[:, 0, 0], 0.5 ** np.array([1.0, 1, 4, 1, 1, 1, 1]))
    without = dataclasses.replace(ToyPool().spec, tick_ns=0)
    assert (elapsed_ticks(without, late[2], late[3]) == 1).all()


def test_an_agents_return_ends_when_it_leaves() -> None:
    _, rollout, batches = play(7)
    rollout.own.present[3:, 0, 2] = (
        False  # leaves after the third tick of its episode, and is not in the next one either
    )
    batches[-1].groups[0].present[0, 2] = False
    assert np.argwhere(rollout.left(batches[-1])).tolist() == [[2, 0, 2]]
    rollout.own.rewards[:] = 1.0
    rollout.own.rewards[:, 0, 2] = 5.0
    np.testing.assert_allclose(rollout.rewards("team")[:, 0, 0], [2, 2, 2, 1, 1, 1, 1])
    np.testing.assert_allclose(rollout.rewards("team")[:, 1, 0], 1)
