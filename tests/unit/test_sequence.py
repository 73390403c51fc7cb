# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Heads that are drawn one after the other: their likelihoods are those of what they draw."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest
import torch
from joint_inputs import inputs
from toy_game import ToyPool, toy_spec

from ns3marl.algorithms.a3c import A3c, A3cOptions
from ns3marl.algorithms.imappo import Imappo, ImappoOptions
from ns3marl.algorithms.ippo import Ippo, IppoOptions
from ns3marl.algorithms.ppo import Ppo, PpoOptions
from ns3marl.errors import ConfigError
from ns3marl.rl.central import CentralActor
from ns3marl.rl.counters import Counters
from ns3marl.rl.hybrid import Heads, HybridDistribution
from ns3marl.rl.learner import Learner
from ns3marl.rl.networks import Actor
from ns3marl.rl.policy import action_generators
from ns3marl.rl.seen import Seen
from ns3marl.rl.sequence import SequentialDistribution

GROUP = toy_spec().groups[0]


def as_single(seen: Seen) -> Seen:
    groups = tuple(dataclasses.replace(g, observations=g.observations.float()) for g in seen.groups)
    return Seen(groups, [block.float() for block in seen.state])


@torch.no_grad()
def policy(kind: str, *, bounded: str = "beta", seed: int = 5) -> SequentialDistribution:
    """Of B x A agents."""
    torch.manual_seed(seed)
    heads, (seen, _, _) = Heads(GROUP), inputs()
    if kind == "central":
        found = CentralActor(toy_spec(), 0, heads, 16, bounded, "sequential")(as_single(seen))
    else:
        mine = as_single(seen).groups[0]
        found = Actor(GROUP, heads, 16, 2, bounded, order="sequential")(mine.observations, mine.masks)
    assert isinstance(found, SequentialDistribution)
    return found


KINDS = pytest.mark.parametrize("kind", ["local", "central"])


@KINDS
def test_the_likelihoods_of_all_discrete_actions_add_up_to_one(kind: str) -> None:
    sequential = policy(kind)
    heads = sequential.heads
    leading = sequential._hidden.shape[:-1]
    raw = torch.full((*leading, heads.continuous), 0.5)
    total = torch.zeros(leading)
    seen = set()
    for choices in itertools.product(*(range(n) for n in heads.choice_counts)):
        discrete = torch.tensor(choices).expand(*leading, heads.discrete)
        counts = heads.counts(discrete)[..., : heads.discrete]
        counted = tuple(torch.where(counts[0, 0] > 0, discrete[0, 0], -1).tolist())
        if counted in seen:
            continue  # differs in a head that does not count
        seen.add(counted)
        log_prob = sequential.given(discrete, raw).log_prob(discrete, raw)
        total += log_prob[..., : heads.discrete].sum(-1).exp()
    torch.testing.assert_close(total, torch.ones(leading))


@KINDS
def test_a_later_head_depends_on_an_earlier_one_and_not_the_other_way_round(kind: str) -> None:
    sequential = policy(kind)
    heads = sequential.heads
    leading = sequential._hidden.shape[:-1]
    raw = torch.full((*leading, heads.continuous), 0.5)
    ones = [torch.zeros((*leading, heads.discrete), dtype=torch.int64) for _ in range(2)]
    ones[1][..., 0] = 1
    before, after = (sequential.given(discrete, raw) for discrete in ones)
    torch.testing.assert_close(before.probabilities[0], after.probabilities[0], rtol=0, atol=0)
    assert (before.bounded.moments()[0] - after.bounded.moments()[0]).abs().max() > 1e-3
    other = sequential.given(ones[0], torch.full_like(raw, 0.9))
    for one, two in zip(before.probabilities, other.probabilities, strict=True):
        torch.testing.assert_close(one, two, rtol=0, atol=0)


@pytest.mark.parametrize("bounded", ["beta", "tanh-normal", "clipped-gaussian"])
@torch.no_grad()
def test_draws_have_the_likelihoods_that_are_told(bounded: str) -> None:
    """Frequencies of joint choices, and means of the real-valued heads after each, beside what ``given`` says of them."""
    sequential = policy("local", bounded=bounded)
    heads, leading = sequential.heads, sequential._hidden.shape[:-1]
    rounds = 3000
    drawn = [
        sequential.sample([np.random.default_rng((b, n)) for b in range(leading[0])]) for n in range(rounds)
    ]
    discrete, raw = (torch.stack(parts) for parts in zip(*drawn, strict=True))  # [n,B,A,...]
    unit = sequential.bounded.unit(raw)
    for choices in itertools.product(*(range(n) for n in heads.choice_counts)):
        wanted = torch.tensor(choices)
        taken = (discrete[:, 0, 0] == wanted).all(-1)
        at = wanted.expand(*leading, heads.discrete)
        given = sequential.given(at, raw[0])
        likely = float(
            np.prod([given.probabilities[d][0, 0, c] for d, c in enumerate(choices)])
        )  # heads that do not count are drawn too
        assert abs(taken.double().mean() - likely) < 5 * np.sqrt(likely * (1 - likely) / rounds) + 1e-3
        if taken.sum() > 100:  # the first real-valued head does not depend on the others
            mean = given.bounded.moments()[0][0, 0, 0]
            values = unit[taken, 0, 0, 0]
            assert abs(values.mean() - mean) < 5 * values.std() / np.sqrt(len(values))


@torch.no_grad()
def test_the_most_likely_action_follows_from_the_most_likely_heads() -> None:
    sequential = policy("local")
    discrete, raw = sequential.greedy()
    given = sequential.given(discrete, raw)
    chosen, modes = given.greedy()
    assert torch.equal(chosen, discrete)
    torch.testing.assert_close(modes, raw)


@torch.no_grad()
def test_marginals_are_exact_where_nothing_stands_before_a_head_and_near_elsewhere() -> None:
    sequential = policy("local")
    heads, leading = sequential.heads, sequential._hidden.shape[:-1]
    moments = sequential.moments()
    drawn = [
        sequential.sample([np.random.default_rng((b, n, 1)) for b in range(leading[0])]) for n in range(2000)
    ]
    encoded = torch.stack([heads.encode(d, sequential.bounded.unit(r)) for d, r in drawn]).mean(0)
    first = heads.choice_counts[0]
    assert (moments - encoded)[..., :first].abs().max() < 0.06
    assert (moments - encoded).abs().max() < 0.2
    assert (moments - encoded).abs().mean() < 0.04


@torch.no_grad()
def test_numbers_by_counter_draw_the_same_distribution() -> None:
    sequential = policy("local")
    runs = torch.arange(sequential._hidden.shape[0])
    drawn = [sequential.sample_counted(Counters(1, runs, tick))[0][0, 0] for tick in range(3000)]
    shares = torch.stack(drawn)[:, 0].bincount(minlength=sequential.heads.choice_counts[0]) / 3000
    given = sequential.given(*sequential.sample_counted(Counters(1, runs, 0)))
    assert isinstance(given, HybridDistribution)
    assert (shares - given.probabilities[0][0, 0]).abs().max() < 0.05


@pytest.mark.parametrize(
    "learner",
    [
        Imappo(toy_spec(), 0, ImappoOptions(heads="sequential", rollout_ticks=16), 3),
        Ippo(toy_spec(), 0, IppoOptions(heads="sequential", rollout_ticks=16), 3),
        Ppo(toy_spec(), 0, PpoOptions(heads="sequential", rollout_ticks=16), 3),
        A3c(toy_spec(), 0, A3cOptions(heads="sequential"), 3),
    ],
    ids=["imappo", "ippo", "ppo", "a3c"],
)
def test_learners_update_with_finite_figures(learner: Learner) -> None:
    pool = ToyPool(num_envs=2)
    batch = pool.reset()
    found: dict[str, float] = {}
    for _ in range(64):
        joint = [learner.explore(batch, action_generators(batch))]
        batch = pool.step(joint)
        found |= learner.learn(joint, batch) or {}
    assert found
    assert all(np.isfinite(value) for value in found.values())


def test_a_first_update_begins_at_a_ratio_of_one() -> None:
    """Before the first step the likelihoods are those under which actions were drawn."""
    learner = Imappo(
        toy_spec(), 0, ImappoOptions(heads="sequential", rollout_ticks=16, epochs=1, minibatches=1), 3
    )
    pool = ToyPool(num_envs=2)
    batch, found = pool.reset(), None
    while found is None:
        joint = [learner.explore(batch, action_generators(batch))]
        batch = pool.step(joint)
        found = learner.learn(joint, batch)
    assert abs(found["kl"]) < 1e-6
    assert found["clipped"] == 0


def test_actors_of_their_own_are_refused() -> None:
    with pytest.raises(ConfigError, match="one actor that all share"):
        Imappo(toy_spec(), 0, ImappoOptions(heads="sequential", actors="per-agent"), 3)
