# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Shifts that all agents of an environment share for an episode, and the slope of the team's reward that they measure."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any, Literal

import numpy as np
import pytest
import torch
from epoch_inputs import seen_by_the_epochs
from torch import Tensor
from toy_game import ToyPool, toy_spec
from two_kinds_game import two_kinds_spec

from ns3marl.algorithms.imappo import Imappo, ImappoOptions
from ns3marl.errors import ConfigError
from ns3marl.rl.bounded import BOUNDED, Beta, BoundedKind
from ns3marl.rl.policy import action_generators
from ns3marl.rl.ppo import log_probs_of, normalised
from ns3marl.rl.rollout import Rollout
from ns3marl.rl.sequence import HeadOrder
from ns3marl.rl.shifts import Shifts, shift_scores
from ns3marl.types import Batch, Float64, Int64

SPEC = toy_spec()
GROUP = SPEC.groups[0]


def episodes(ticks: int, envs: int, per_episode: int, seed: int = 3) -> Int64:
    """Seeds and runs of environments whose episodes end together, [T,E,2]."""
    runs = 1 + np.arange(ticks)[:, None] // per_episode * envs + np.arange(envs)
    return np.stack([np.full_like(runs, seed), runs], -1)


@pytest.mark.parametrize("kind", BOUNDED.values(), ids=BOUNDED)
def test_a_shift_moves_the_mode_within_the_interval(kind: BoundedKind) -> None:
    torch.manual_seed(1)
    outputs = 0.3 * torch.randn(50, 2 * 2)  # modes that lie inside
    before = kind.unit(kind(outputs).mode())
    for by in (-0.2, 0.0, 0.07, 0.6):
        after = kind.unit(kind(kind.shifted(outputs, torch.tensor([[by, by, 0.0, 0.0]]))).mode())
        wanted = (before + by).clamp(0.001, 0.999)
        torch.testing.assert_close(after, wanted, rtol=0, atol=2e-5)


@pytest.mark.parametrize("kind", BOUNDED.values(), ids=BOUNDED)
@pytest.mark.parametrize("end", [-1.0, 1.0])
def test_shifts_of_saturated_policies_stay_finite(kind: BoundedKind, end: float) -> None:
    outputs = (30 * torch.tensor([[end, -end]])).requires_grad_()
    for by in (-0.05, 0.05):
        shifted = kind(kind.shifted(outputs, torch.tensor([[by, -by]])))
        likelihood = shifted.log_prob(shifted.mode())
        assert likelihood.isfinite().all()
        assert torch.autograd.grad(likelihood.sum(), outputs)[0].isfinite().all()


@pytest.mark.parametrize("kind", BOUNDED.values(), ids=BOUNDED)
def test_a_shift_of_the_spread_widens_and_keeps_the_mode(kind: BoundedKind) -> None:
    """By a factor of exp(3 z), if neither the interval nor the clipping is near."""
    outputs = torch.tensor([[30.0, 30.0]]) if kind is Beta else torch.tensor([[0.0, -2.0]])

    def deviation(by: float) -> float:
        distribution = kind(kind.shifted(outputs, torch.tensor([[0.0, by]])))
        mean, square = distribution.moments()
        torch.testing.assert_close(kind.unit(distribution.mode()), torch.tensor([[0.5]]))
        return float((square - mean**2).sqrt())

    assert deviation(0.05) / deviation(0.0) == pytest.approx(np.exp(0.15), rel=0.02)
    assert deviation(-0.05) / deviation(0.0) == pytest.approx(np.exp(-0.15), rel=0.02)


def test_shifts_follow_from_seed_and_run_alone_and_come_in_opposite_pairs() -> None:
    shifts = Shifts(GROUP, 0, 0.05)
    some = shifts.of(episodes(1, 32, 1))[0]  # runs 1 to 32
    torch.testing.assert_close(some[::2], -some[1::2])
    torch.testing.assert_close(some.abs(), torch.full((32, 2), 0.05))
    torch.testing.assert_close(shifts.of(np.array([[3, 4], [3, 1]])), some[[3, 0]])
    assert not torch.equal(shifts.of(episodes(1, 32, 1, seed=4))[0], some)
    assert not torch.equal(Shifts(GROUP, 1, 0.05).of(episodes(1, 32, 1))[0], some)  # of another group


def test_directions_of_sixteen_runs_are_orthogonal() -> None:
    heads = tuple(replace(GROUP.continuous_heads[0], name=name) for name in ("power", "ratio", "rate"))
    shifts = Shifts(replace(GROUP, continuous_heads=heads), 0, 1.0)
    for block in range(3):
        signs = shifts.of(np.stack([np.full(16, 3), np.arange(1, 17) + 16 * block], -1))
        torch.testing.assert_close(signs.T @ signs, 16 * torch.eye(6))
        assert not signs.sum(0).any()


def rewards_of(shift: Tensor, slope: float, lag: int, rng: np.random.Generator) -> Float64:
    """A team's rewards, [T,E]: each tick that is shifted moves that ``lag`` ticks later; different ticks are worth differently to all."""
    moved: Float64 = slope * np.concatenate(
        [np.zeros((lag, shift.shape[1])), shift[..., 0].numpy()[: -lag or None]]
    )
    luck = rng.normal(0, 0.5, moved.shape) + rng.normal(0, 20, (len(moved), 1))
    return np.asarray(moved + luck)


@pytest.mark.parametrize("lag", [0, 8])
def test_advantages_believe_in_the_slope_that_episodes_measured(lag: int) -> None:
    """Also in what shows ticks later, of which the advantages know nothing."""
    rng, slope, decisions, factor = np.random.default_rng(7), 30.0, 400, 2.5
    found = []
    for seed in range(20):
        shifts, played = Shifts(GROUP, 0, 0.1), episodes(400, 32, 100, seed)
        rewards = rewards_of(shifts.of(played), slope, lag, rng)
        scores = torch.from_numpy(rng.normal(0, 20, (decisions, 2)))
        advantages = torch.from_numpy(rng.normal(0, 5, decisions)) - 0.3 * scores[:, 0]
        added, told = shifts.correct(played, rewards, scores, advantages, factor)
        believed = float((scores[:, 0] * (advantages + added)).mean())
        assert believed == pytest.approx(told["slope/power"], rel=0.02, abs=1.0)
        assert told["slope_believed/power"] == pytest.approx(float((scores[:, 0] * advantages).mean()))
        found.append(told["slope/power"])
    share = 1 - lag / 100  # of an episode's ticks that show it
    assert np.mean(found) == pytest.approx(factor * slope * share, rel=0.05)


def test_heads_that_never_count_get_nothing() -> None:
    shifts, played = Shifts(GROUP, 0, 0.1), episodes(50, 8, 25)
    rewards = np.random.default_rng(1).normal(size=(50, 8))
    added, _ = shifts.correct(played, rewards, torch.zeros(30, 2), torch.randn(30).double(), 3.0)
    assert not added.any()


def test_slopes_are_averaged_over_updates_and_stored() -> None:
    one, played = Shifts(GROUP, 0, 0.1), episodes(50, 8, 25)
    rng = np.random.default_rng(2)
    scores, advantages = torch.rand(4, 2), torch.zeros(4).double()
    first, second = rng.normal(size=(2, 50, 8))
    alone = Shifts(GROUP, 0, 0.1).correct(played, second, scores, advantages, 1.0)[1]["slope/power"]
    before = one.correct(played, first, scores, advantages, 1.0)[1]["slope/power"]
    other = Shifts(GROUP, 0, 0.1)
    other.load_state_dict(one.state_dict())
    for shifts in (one, other):
        now = shifts.correct(played, second, scores, advantages, 1.0)[1]["slope/power"]
        assert now == pytest.approx(0.8 * before + 0.2 * alone)
    with pytest.raises(ValueError, match="along 3 directions instead of 2"):
        other.load_state_dict({"slope": torch.zeros(3)})


def played(order: HeadOrder, per_agent: bool = False) -> tuple[Imappo, Rollout, Batch]:
    pool = ToyPool(num_envs=8, seed=1, ticks=5)
    options = ImappoOptions(
        heads=order, shifts=0.1, rollout_ticks=12, actors="per-agent" if per_agent else "shared"
    )
    learner, batch = Imappo(pool.spec, 0, options, seed=1), pool.reset()
    kept: list[Rollout] = []

    def keep(rollout: Rollout, last: Batch) -> dict[str, float]:
        del last
        kept.append(copy.deepcopy(rollout))
        return {}

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(learner, "update", keep)
        while not kept:
            actions = learner.explore(batch, action_generators(batch))
            batch = pool.step([actions])
            learner.learn([actions], batch)
    return learner, kept[0], batch


@pytest.mark.parametrize(
    ("order", "per_agent"), [("sequential", False), ("independent", False), ("independent", True)]
)
def test_decisions_are_learned_from_under_the_shift_of_their_episode(
    order: HeadOrder, per_agent: bool
) -> None:
    learner, rollout, batch = played(order, per_agent)
    data, _, _ = seen_by_the_epochs(learner, rollout, batch)
    assert learner.shifts is not None
    assert data.shift is not None
    of_rows = learner.shifts.of(rollout.episodes).flatten(0, 1)
    torch.testing.assert_close(data.shift, of_rows[:, None].expand_as(data.shift))
    observations, masks = data.observations, data.masks
    with torch.no_grad():
        whole = learner.actor(observations, masks, shift=data.shift)
        wanted = log_probs_of(whole, data.discrete, data.raw)
        policy, acting = learner._policy(data, torch.arange(data.size))
        found = log_probs_of(policy, data.discrete.flatten(0, 1)[acting], data.raw.flatten(0, 1)[acting])
    torch.testing.assert_close(found, wanted.flatten(0, 1)[acting], rtol=1e-4, atol=1e-4)
    plain = log_probs_of(learner.actor(observations, masks), data.discrete, data.raw)
    assert not torch.allclose(plain, wanted, atol=1e-2)


@pytest.mark.parametrize("credit", ["shared", "split"])
def test_an_update_hands_over_what_it_measured(credit: Literal["shared", "split"]) -> None:
    """Rewards and scores of the decisions, and how many ticks, or ticks and agents, there are for each."""
    pool = ToyPool(num_envs=8, seed=1, ticks=5)
    learner = Imappo(pool.spec, 0, ImappoOptions(shifts=0.1, credit=credit), seed=1)
    rollout, batch, rng = Rollout(pool.spec, 0, 12, 8), pool.reset(), np.random.default_rng(3)
    assert learner.shifts is not None
    while not rollout.full:
        shift = learner.shifts.of(np.stack([batch.seed, batch.run], -1))[:, None]
        decision = learner.decide(batch, action_generators(batch), None, shift)
        outcome = pool.step([decision.actions])
        outcome.groups[0].rewards[:] = rng.normal(size=(8, 4))
        rollout.add(batch, decision, [decision.actions], outcome)
        batch = outcome
    rollout.own.present[3:7, 2, 1] = rollout.own.active[3:7, 2, 1] = False
    given: list[Any] = []

    def correct(*arguments: Any) -> tuple[Tensor, dict[str, float]]:
        given.extend(arguments)
        return torch.arange(len(arguments[3])).double(), {"slope/power": 7.0}

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(learner.shifts, "correct", correct)
        data, advantages, _ = seen_by_the_epochs(learner, rollout, batch)
    numbers, rewards, scores, before, factor = given
    np.testing.assert_array_equal(numbers, rollout.episodes)
    np.testing.assert_allclose(rewards, rollout.rewards("team")[..., 0])
    decisions = rollout.own.active.sum()
    assert factor == pytest.approx((rollout.own.present.sum() if credit == "split" else 8 * 12) / decisions)
    assert len(scores) == len(before) == decisions
    with torch.no_grad():
        policy, acting = learner._policy(data, torch.arange(data.size))
        taken = log_probs_of(policy, data.discrete.flatten(0, 1)[acting], data.raw.flatten(0, 1)[acting])
    torch.testing.assert_close(data.log_probs[acting], taken, rtol=1e-4, atol=1e-4)
    whole = torch.zeros_like(advantages, dtype=torch.float64)
    whole[data.active] = before + torch.arange(len(before))
    wanted = normalised(whole, data.active)
    torch.testing.assert_close(advantages[data.active], wanted[data.active])


@pytest.mark.parametrize("order", ["sequential", "independent"])
def test_decisions_are_drawn_under_the_shift_of_their_episode(order: HeadOrder) -> None:
    pool = ToyPool(num_envs=8, seed=1, ticks=5)
    learner, batch = Imappo(pool.spec, 0, ImappoOptions(heads=order, shifts=0.1), seed=1), pool.reset()
    assert learner.shifts is not None
    for _ in range(7):  # into the next episode
        shift = learner.shifts.of(np.stack([batch.seed, batch.run], -1))[:, None]
        seen = batch.groups[0]
        with torch.no_grad():
            policy = learner.actor(
                torch.tensor(seen.observations), torch.tensor(seen.masks), shift=shift.expand(-1, 4, -1)
            )
            wanted = learner.heads.decision(policy, seen.active, action_generators(batch), greedy=False)
        actions = learner.explore(batch, action_generators(batch))
        np.testing.assert_allclose(actions.continuous, wanted.actions.continuous, rtol=1e-5)
        np.testing.assert_array_equal(actions.discrete, wanted.actions.discrete)
        batch = pool.step([actions])
        learner.learn([actions], batch)


def test_what_was_learned_with_shifts_goes_on_without_and_back() -> None:
    one, other = (Imappo(SPEC, 0, ImappoOptions(shifts=x), seed=1) for x in (0.1, 0.0))
    other.learned.load_state_dict(one.learned.state_dict())
    one.learned.load_state_dict(other.learned.state_dict())
    assert "shifts" in one.running.state_dict()


def test_scores_are_the_slopes_of_log_probabilities() -> None:
    learner, rollout, batch = played("sequential")
    data, _, _ = seen_by_the_epochs(learner, rollout, batch)
    scores = shift_scores(data, learner._policy)
    kept, step = data.shift, 2e-3
    assert kept is not None

    def likelihoods(by: float, which: int) -> Tensor:
        data.shift = kept + by * torch.eye(2)[which]
        with torch.no_grad():
            policy, acting = learner._policy(data, torch.arange(data.size))
            return log_probs_of(
                policy, data.discrete.flatten(0, 1)[acting], data.raw.flatten(0, 1)[acting]
            ).sum(-1)

    for which in range(2):
        wanted = (likelihoods(step, which) - likelihoods(-step, which)) / (2 * step)
        torch.testing.assert_close(scores[:, which], wanted, rtol=0.02, atol=0.05)
    sends = data.discrete[..., 0][data.active] == 1
    assert not scores[~sends].any()
    assert scores[sends].all()


def test_nothing_is_shifted_when_nothing_is_learned() -> None:
    pool = ToyPool(num_envs=8, seed=1, ticks=5)
    batch, made = pool.reset(), []
    for shifts in (0.0, 0.3):
        learner = Imappo(pool.spec, 0, ImappoOptions(shifts=shifts), seed=1)
        made.append(learner.act(batch, action_generators(batch)).continuous)
    np.testing.assert_array_equal(made[0], made[1])
    explored = learner.explore(batch, action_generators(batch)).continuous
    assert not np.allclose(explored, made[0])


def test_what_shifts_cannot_measure_is_refused() -> None:
    with pytest.raises(ConfigError, match='pays each agent for itself; set it to "team" or "group"'):
        Imappo(SPEC, 0, ImappoOptions(shifts=0.1, reward="agent"), seed=1)
    discrete = next(g for g, one in enumerate(two_kinds_spec().groups) if not one.continuous_heads)
    with pytest.raises(ConfigError, match="has none; set it to 0"):
        Imappo(two_kinds_spec(), discrete, ImappoOptions(shifts=0.1), seed=1)
    with pytest.raises(
        ConfigError, match=r"there are 7; set pool\.num_envs to 8 or more, or imappo\.shifts to 0"
    ):
        Shifts(GROUP, 0, 0.1).correct(
            episodes(5, 7, 5), np.zeros((5, 7)), torch.ones(2, 2), torch.ones(2).double(), 1.0
        )


def test_a_policy_is_the_same_with_and_without_the_option() -> None:
    """Shifts are no part of it: what was trained with them acts as any other."""
    shifted = Imappo(SPEC, 0, ImappoOptions(shifts=0.1), seed=1)
    plain = Imappo(SPEC, 0, replace(ImappoOptions(), shifts=0.0), seed=2)
    plain.load_policy(shifted.learned.state_dict())
    for one, other in zip(plain.actor.parameters(), shifted.actor.parameters(), strict=True):
        assert torch.equal(one, other)
