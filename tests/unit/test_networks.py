# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from torch import Tensor
from toy_game import toy_spec

from ns3marl.rl.choices import HeadOutputs, choice_features
from ns3marl.rl.hybrid import Heads
from ns3marl.rl.networks import Actor, PooledCritic, Pooling, fan_in_linear, linear
from ns3marl.rl.per_agent import AgentLinear
from ns3marl.types import DiscreteHead, Feature, Group

SPEC = toy_spec()
GROUP = SPEC.groups[0]
HEADS = Heads(GROUP)
POOLINGS: list[Pooling] = ["mean", "attention"]


def inputs(rows: int = 3, seed: int = 0) -> tuple[Tensor, list[Tensor], Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)

    def random(*shape: int) -> Tensor:
        return torch.rand(shape, generator=generator)

    return (
        random(rows, 4, 4),
        [random(rows, len(block.rows), len(block.features)) for block in SPEC.state],
        random(rows, 4, HEADS.encoded),
        random(rows, 4, HEADS.encoded),
        random(rows, 4) < 0.7,
    )


def critic(pooling: Pooling, *, per_agent: bool = False) -> PooledCritic:
    torch.manual_seed(3)
    return PooledCritic(SPEC, HEADS, 16, pooling, per_agent=per_agent).double()


def double(
    arrays: tuple[Tensor, list[Tensor], Tensor, Tensor, Tensor],
) -> tuple[Tensor, list[Tensor], Tensor, Tensor, Tensor]:
    observations, state, encoded, moments, active = arrays
    return (
        observations.double(),
        [block.double() for block in state],
        encoded.double(),
        moments.double(),
        active,
    )


@pytest.mark.parametrize("per_agent", [False, True])
@pytest.mark.parametrize("pooling", POOLINGS)
def test_all_baselines_at_once_equal_one_pass_per_agent(pooling: Pooling, per_agent: bool) -> None:
    network = critic(pooling, per_agent=per_agent)
    observations, state, encoded, moments, active = double(inputs())
    at_once = network(observations, state, encoded, moments, active).baselines
    for i in range(4):
        replaced = encoded.clone()
        replaced[:, i] = moments[:, i]
        naive = network(observations, state, replaced, moments, active).joint
        naive = naive[:, i] if per_agent else naive
        torch.testing.assert_close(at_once[:, i], naive, rtol=0, atol=1e-13)


@pytest.mark.parametrize("per_agent", [False, True])
@pytest.mark.parametrize("pooling", POOLINGS)
def test_changing_an_action_moves_everything_but_its_own_baseline(pooling: Pooling, per_agent: bool) -> None:
    network = critic(pooling, per_agent=per_agent)
    observations, state, encoded, moments, _ = double(inputs())
    active = torch.ones(3, 4, dtype=torch.bool)
    before = network(observations, state, encoded, moments, active)
    changed = encoded.clone()
    changed[:, 2] = 1 - changed[:, 2]
    after = network(observations, state, changed, moments, active)
    torch.testing.assert_close(after.baselines[:, 2], before.baselines[:, 2], rtol=0, atol=1e-13)
    others = [0, 1, 3]
    assert ((after.baselines - before.baselines)[:, others].abs() > 1e-6).all()
    assert ((after.joint - before.joint).abs() > 1e-6).all()
    assert torch.equal(after.state, before.state)


def test_actions_of_agents_that_were_not_asked_do_not_matter() -> None:
    network = critic("mean")
    observations, state, encoded, moments, active = double(inputs())
    active[:, 1] = False
    before = network(observations, state, encoded, moments, active)
    encoded[:, 1], moments[:, 1] = 0.123, 0.9
    after = network(observations, state, encoded, moments, active)
    for one, other in zip(before, after, strict=True):
        assert torch.equal(one, other)
    torch.testing.assert_close(before.baselines[:, 1], before.joint)


@pytest.mark.parametrize("per_agent", [False, True])
def test_the_critic_is_indifferent_to_the_order_of_agents(per_agent: bool) -> None:
    network = critic("attention", per_agent=per_agent)
    observations, state, encoded, moments, active = double(inputs())
    order = torch.tensor([2, 0, 3, 1])
    one = network(observations, state, encoded, moments, active)
    other = network(
        observations[:, order],
        [state[0][:, order], state[1]],
        encoded[:, order],
        moments[:, order],
        active[:, order],
    )
    torch.testing.assert_close(one.joint[:, order] if per_agent else one.joint, other.joint)
    torch.testing.assert_close(one.baselines[:, order], other.baselines)


def test_the_critic_reads_every_state_block_and_every_agent() -> None:
    network = critic("mean")
    observations, state, encoded, moments, active = double(inputs())
    leaves = [observations.requires_grad_(), *(block.requires_grad_() for block in state)]
    network(observations, state, encoded, moments, active).state.sum().backward()
    for leaf in leaves:
        assert leaf.grad is not None
        assert (leaf.grad.abs().sum(-1) > 0).all()
    torch.testing.assert_close(
        network.state_value(observations, state),
        network(observations, state, encoded, moments, active).state,
    )


def test_an_agent_sees_its_own_observation_only() -> None:
    actor = Actor(GROUP, HEADS, 16, 2)
    observations = torch.rand(2, 4, 4)
    masks = torch.ones(2, 4, HEADS.choices, dtype=torch.bool)
    before = actor(observations, masks).moments()
    observations[:, 1] = 0.9
    after = actor(observations, masks).moments()
    kept = [0, 2, 3]
    assert torch.equal(before[:, kept], after[:, kept])
    assert not torch.equal(before[:, 1], after[:, 1])


def test_the_first_policy_tries_everything_tells_agents_apart_and_its_beta_is_unimodal() -> None:
    torch.manual_seed(0)
    actor = Actor(GROUP, HEADS, 64, 2)
    policy = actor(torch.rand(1, 4, 4), torch.ones(1, 4, HEADS.choices, dtype=torch.bool))
    assert all((p > 0.25 / p.shape[-1]).all() for p in policy.probabilities)
    assert max((p[0, 0] - p[0, 1]).abs().max() for p in policy.probabilities) > 0.02
    assert (policy.bounded.alpha > 1).all()
    assert (policy.bounded.beta > 1).all()


SLOTS = Group(
    "devices",
    ("a",),
    (
        Feature("own", "1", 0, 1),
        *(Feature(f"server{k}_{quantity}", "1", 0, 1) for k in (1, 2, 10) for quantity in ("snr", "load")),
        *(Feature(f"busy-c{c}", "1", 0, 1) for c in range(2)),
    ),
    (
        DiscreteHead("mode", ("local", "full")),
        DiscreteHead("server", ("server1", "server2", "server10")),
        DiscreteHead("channel", ("c0", "c1")),
    ),
)


def test_features_that_describe_choices_are_found_by_name() -> None:
    assert choice_features(SLOTS) == {1: [[1, 2], [3, 4], [5, 6]], 2: [[7], [8]]}
    lacking = dataclasses.replace(SLOTS, features=SLOTS.features[:-1])
    assert choice_features(lacking) == {1: [[1, 2], [3, 4], [5, 6]]}


def test_choices_are_scored_alike() -> None:
    heads = Heads(SLOTS)
    actor = Actor(SLOTS, heads, 16, 1)
    scorer = actor.outputs.scorers["1"]
    hidden, scaled = torch.rand(1, 16), torch.rand(1, 9)
    swapped = scaled.clone()
    swapped[:, 1:3], swapped[:, 5:7] = scaled[:, 5:7], scaled[:, 1:3]
    logits, everything = torch.zeros(1, 3), torch.ones(1, 3, dtype=torch.bool)
    scores = scorer(logits, everything, hidden, scaled)
    torch.testing.assert_close(scores[:, [2, 1, 0]], scorer(logits, everything, hidden, swapped))
    some = torch.tensor([[True, False, True]])
    torch.testing.assert_close(scorer(logits, some, hidden, scaled), scores * some)


def test_layers_begin_within_the_bound_of_their_inputs() -> None:
    torch.manual_seed(0)
    for layer in (fan_in_linear(100, 50, 0.5), AgentLinear(3, 100, 50, 0.5, fan_in=True)):
        for parameter in layer.parameters():
            assert 0.045 < parameter.abs().max() <= 0.05
            assert len(np.unique(parameter.detach().numpy())) > 0.99 * parameter.numel()


def test_outputs_beside_the_described_choices_are_linear() -> None:
    torch.manual_seed(0)
    outputs = HeadOutputs(SLOTS, 10, 16, linear, 0.1)  # mode 2, server 3, channel 2, and 3 more
    hidden, scaled = torch.rand(4, 16), torch.rand(4, 9)
    masks = torch.ones(4, 9, dtype=torch.bool)  # longer than the heads of the group, as levels make them
    masks[:, [2, 5]] = False  # a server and a channel that nobody may take
    added = outputs(hidden, scaled, masks) - outputs.linear(hidden)
    untouched = [0, 1, 2, 5, 7, 8, 9]
    assert (added[:, untouched] == 0).all()
    assert (added[:, [3, 4, 6]] != 0).all()


def test_a_baseline_that_does_not_see_the_action_leaves_the_gradient_unbiased() -> None:
    # One agent of four, all choices of its mode enumerated: E[grad log pi(a) b] = 0 exactly for b independent of a, and
    # not for a baseline that leaks a.
    network = critic("mean")
    observations, state, encoded, moments, _ = double(inputs(rows=1))
    active = torch.ones(1, 4, dtype=torch.bool)
    logits = torch.randn(3, dtype=torch.float64, requires_grad=True)
    probabilities = torch.softmax(logits, 0)
    own, leaking = torch.zeros(3, dtype=torch.float64), torch.zeros(3, dtype=torch.float64)
    for choice in range(3):
        action = encoded.clone()
        action[0, 0, :3] = torch.nn.functional.one_hot(torch.tensor(choice), 3).double()
        values = network(observations, state, action, moments, active)
        (gradient,) = torch.autograd.grad(torch.log_softmax(logits, 0)[choice], logits, retain_graph=True)
        weight = probabilities[choice].detach()
        own += weight * gradient * values.baselines[0, 0].detach()
        leaking += weight * gradient * values.joint[0].detach()
    np.testing.assert_allclose(own.numpy(), 0, atol=1e-14)
    assert leaking.abs().max() > 1e-4
