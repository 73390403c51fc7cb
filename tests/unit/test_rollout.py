# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from toy_game import ToyPool

from ns3marl.algorithms.imappo import Imappo
from ns3marl.config import ImappoOptions
from ns3marl.rl.policy import action_generators
from ns3marl.rl.rollout import Rollout
from ns3marl.types import Batch


def play(ticks: int, episode_ticks: int = 5) -> tuple[Imappo, Rollout, list[Batch]]:
    pool = ToyPool(num_envs=2, seed=1, ticks=episode_ticks)
    learner = Imappo(pool.spec, ImappoOptions(), seed=1)
    rollout = learner.rollout(ticks, 2)
    batches = [pool.reset()]
    while not rollout.full:
        decision = learner.decide(batches[-1], action_generators(batches[-1]))
        outcome = pool.step([decision.actions])
        rollout.add(batches[-1], decision, outcome)
        batches.append(outcome)
    return learner, rollout, batches


def test_rows_hold_what_was_seen_and_the_reward_that_followed() -> None:
    _, rollout, batches = play(7)
    for t in range(7):
        np.testing.assert_array_equal(rollout.observations[t], batches[t].groups[0].observations)
        np.testing.assert_array_equal(rollout.active[t], batches[t].groups[0].active)
        np.testing.assert_array_equal(rollout.rewards[t], batches[t + 1].groups[0].rewards)
        np.testing.assert_array_equal(rollout.state[0][t], batches[t].state[0])
    assert rollout.ends.nonzero()[0].tolist() == [4, 4]
    assert [(cut.tick, cut.env) for cut in rollout.truncated] == [(4, 0), (4, 1)]


def test_agents_that_are_not_asked_send_the_defaults() -> None:
    _, rollout, _ = play(20)
    idle = ~rollout.active
    assert idle.any()
    assert (rollout.discrete[idle] == 0).all()


def test_truncation_bootstraps_from_the_last_observation_of_its_own_episode() -> None:
    learner, rollout, batches = play(7)
    values = np.arange(14, dtype=np.float64).reshape(7, 2)
    following = learner._next_values(rollout, batches[-1], values)
    np.testing.assert_allclose(following[:4], values[1:5])
    np.testing.assert_allclose(following[5], values[6])
    assert len(rollout.truncated) == 2
    blocks = zip(*(cut.state for cut in rollout.truncated), strict=True)
    with torch.no_grad():
        last = learner.critic.state_value(
            torch.tensor(np.stack([cut.observations for cut in rollout.truncated])),
            [torch.tensor(np.stack(block)) for block in blocks],
        )
    for cut, value in zip(rollout.truncated, last, strict=True):
        assert following[cut.tick, cut.env] == pytest.approx(value.item())
        assert following[cut.tick, cut.env] != pytest.approx(values[cut.tick + 1, cut.env])


def test_termination_bootstraps_from_nothing() -> None:
    learner, rollout, batches = play(7)
    rollout.truncated.clear()  # as if both episodes had terminated
    following = learner._next_values(rollout, batches[-1], np.ones((7, 2)))
    np.testing.assert_array_equal(following[4], 0)


def test_agents_that_are_not_asked_do_not_move_the_actor() -> None:
    results = []
    for spoil in (False, True):
        learner, rollout, batches = play(10)
        if spoil:  # what an agent that was not asked would have done must not matter
            idle = ~rollout.active
            rollout.discrete[idle] = 1
            rollout.raw[idle] = 0.99
            rollout.masks[idle] = False
        learner.update(rollout, batches[-1])
        results.append(learner.state_dict())
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
    chosen = np.asarray(seen["advantages"])[rollout.active.reshape(-1, 4)]
    assert chosen.mean() == pytest.approx(0, abs=1e-6)
    assert chosen.std(ddof=1) == pytest.approx(1, abs=1e-5)


def test_the_actor_stops_at_the_target_kl_and_the_critic_goes_on() -> None:
    pool = ToyPool(num_envs=2, seed=1, ticks=5)
    figures = {}
    for target in (0.0, 1e-9):
        _, rollout, batches = play(20)
        options = ImappoOptions(target_kl=target, epochs=3, minibatches=2, actor_lr=0.01)
        figures[target] = Imappo(pool.spec, options, 1).update(rollout, batches[-1])
    assert figures[0.0]["actor_steps"] == 6
    assert figures[1e-9]["actor_steps"] < 3
    for head in ("mode", "lane", "power"):
        assert f"kl/{head}" in figures[0.0]
        assert f"entropy/{head}" in figures[0.0]


def test_wrong_use_is_refused() -> None:
    learner, rollout, batches = play(3)
    decision = learner.decide(batches[0], [np.random.default_rng(0)] * 2)
    with pytest.raises(IndexError, match="holds 3 ticks already"):
        rollout.add(batches[0], decision, batches[1])
    rollout.clear()
    with pytest.raises(ValueError, match="in order"):
        rollout.add(dataclasses.replace(batches[0], env_id=np.array([1, 0])), decision, batches[1])


def test_a_rollout_of_another_version_is_refused() -> None:
    _, rollout, _ = play(3)
    state = rollout.state_dict()
    state["arrays"] += state["arrays"][-1:]
    with pytest.raises(ValueError, match="of another version"):
        rollout.load_state_dict(state)
