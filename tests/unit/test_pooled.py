# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The pooled critic: all counterfactuals at once, for one kind of agents and for two."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from joint_inputs import inputs, with_group
from toy_game import toy_spec
from two_kinds_game import two_kinds_spec

from ns3marl.rl.hybrid import Heads
from ns3marl.rl.pooled import Acts, PooledCritic, Pooling, numbers
from ns3marl.rl.seen import GroupSeen, Seen
from ns3marl.rl.split import SplitCritic
from ns3marl.types import Spec

SPEC = toy_spec()
GROUP = SPEC.groups[0]
HEADS = Heads(GROUP)
POOLINGS: list[Pooling] = ["mean", "attention"]


def critic(pooling: Pooling, *, per_agent: bool = False, spec: Spec = SPEC, group: int = 0) -> PooledCritic:
    torch.manual_seed(3)
    return (SplitCritic if per_agent else PooledCritic)(spec, group, 16, pooling).double()


SPECS = [(SPEC, 0), (two_kinds_spec(), 0), (two_kinds_spec(), 1)]
EITHER = pytest.mark.parametrize(("spec", "group"), SPECS, ids=["one kind", "first kind", "second kind"])


@EITHER
@pytest.mark.parametrize("per_agent", [False, True])
@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize("absent", [False, True])
def test_all_baselines_at_once_equal_one_pass_per_agent(
    pooling: Pooling, per_agent: bool, spec: Spec, group: int, absent: bool
) -> None:
    network = critic(pooling, per_agent=per_agent, spec=spec, group=group)
    seen, encoded, moments = inputs(spec)
    if absent:
        for g, one in enumerate(seen.groups):
            present = torch.ones_like(one.present)
            present[1, 0] = present[2, -1] = False
            seen = with_group(seen, g, present=present, active=one.active & present)
    at_once = network(seen, encoded, moments[group]).baselines
    for i in range(at_once.shape[1]):
        replaced = [one.clone() for one in encoded]
        replaced[group][:, i] = moments[group][:, i]
        naive = network(seen, replaced, moments[group]).joint
        naive = naive[:, i] if per_agent else naive
        torch.testing.assert_close(at_once[:, i], naive, rtol=0, atol=1e-13)


@EITHER
@pytest.mark.parametrize("pooling", POOLINGS)
def test_values_that_are_asked_for_alone_are_the_same(pooling: Pooling, spec: Spec, group: int) -> None:
    network = critic(pooling, spec=spec, group=group)
    seen, encoded, moments = inputs(spec)
    for g, one in enumerate(seen.groups):
        present = torch.ones_like(one.present)
        present[1, 0] = False
        seen = with_group(seen, g, present=present, active=one.active & present)
    whole, read = network(seen, encoded, moments[group]), network.read(seen)
    acts = [
        Acts(numbers(one.active), actions[one.active])
        for one, actions in zip(seen.groups, encoded, strict=True)
    ]
    active = seen.groups[group].active
    torch.testing.assert_close(network.evaluate_joint(read, acts), whole.joint, rtol=0, atol=1e-13)
    replaced = network.evaluate_replaced(read, acts, moments[group][active])
    torch.testing.assert_close(replaced, whole.baselines[active], rtol=0, atol=1e-13)


@EITHER
@pytest.mark.parametrize("per_agent", [False, True])
@pytest.mark.parametrize("pooling", POOLINGS)
def test_changing_an_action_moves_everything_but_its_own_baseline(
    pooling: Pooling, per_agent: bool, spec: Spec, group: int
) -> None:
    network = critic(pooling, per_agent=per_agent, spec=spec, group=group)
    seen, encoded, moments = inputs(spec)
    for g, one in enumerate(seen.groups):
        seen = with_group(seen, g, active=torch.ones_like(one.active))
    before = network(seen, encoded, moments[group])
    changed = [one.clone() for one in encoded]
    changed[group][:, 1] = 1 - changed[group][:, 1]
    after = network(seen, changed, moments[group])
    torch.testing.assert_close(after.baselines[:, 1], before.baselines[:, 1], rtol=0, atol=1e-13)
    others = [i for i in range(before.baselines.shape[1]) if i != 1]
    assert ((after.baselines - before.baselines)[:, others].abs() > 1e-7).all()
    assert ((after.joint - before.joint).abs() > 1e-7).all()
    assert torch.equal(after.state, before.state)


@EITHER
@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize("absent", [False, True])
def test_effects_are_what_the_others_lose_with_the_marginal(
    pooling: Pooling, spec: Spec, group: int, absent: bool
) -> None:
    network = critic(pooling, per_agent=True, spec=spec, group=group)
    assert isinstance(network, SplitCritic)
    seen, encoded, moments = inputs(spec)
    if absent:
        one = seen.groups[group]
        present = torch.ones_like(one.present)
        present[1, 0] = present[2, -1] = False
        seen = with_group(seen, group, present=present, active=one.active & present)
    mine = seen.groups[group]
    acts = [
        Acts(numbers(one.active), actions[one.active])
        for one, actions in zip(seen.groups, encoded, strict=True)
    ]
    effects = network.effects(network.read(seen), acts, moments[group][mine.active])
    taken = network(seen, encoded, moments[group]).joint
    for i in range(effects.shape[1]):
        replaced = [one.clone() for one in encoded]
        replaced[group][:, i] = moments[group][:, i]
        lost = (taken - network(seen, replaced, moments[group]).joint) * mine.present
        lost[:, i] = 0
        wanted = torch.where(mine.active[:, i], lost.sum(1), 0.0)
        torch.testing.assert_close(effects[:, i], wanted, rtol=0, atol=1e-13)
    assert absent or (effects[mine.active].abs() > 1e-7).all()


@pytest.mark.parametrize("group", [0, 1])
def test_the_actions_of_other_kinds_move_q_and_all_baselines(group: int) -> None:
    spec = two_kinds_spec()
    network = critic("mean", spec=spec, group=group)
    seen, encoded, moments = inputs(spec)
    other = 1 - group
    for g, one in enumerate(seen.groups):
        seen = with_group(seen, g, active=torch.ones_like(one.active))
    before = network(seen, encoded, moments[group])
    changed = [one.clone() for one in encoded]
    changed[other][:, 0] = 1 - changed[other][:, 0]
    after = network(seen, changed, moments[group])
    assert ((after.baselines - before.baselines).abs() > 1e-7).all()
    assert ((after.joint - before.joint).abs() > 1e-7).all()
    assert torch.equal(after.state, before.state)
    seen = with_group(seen, other, active=torch.zeros_like(seen.groups[other].active))
    for one, two in zip(
        network(seen, encoded, moments[group]), network(seen, changed, moments[group]), strict=True
    ):
        assert torch.equal(one, two)  # who was not asked did nothing


def test_absent_agents_are_not_in_the_pool() -> None:
    """What they seem to observe does not matter, and the values are those of a scenario without them."""
    spec = two_kinds_spec()
    seen, encoded, moments = inputs(spec)
    for pooling in POOLINGS:
        network = critic(pooling, spec=spec)
        for g in (0, 1):
            present = torch.ones_like(seen.groups[g].present)
            present[:, -1] = False
            fewer = with_group(seen, g, present=present, active=seen.groups[g].active & present)
            before = network(fewer, encoded, moments[0])
            observations = fewer.groups[g].observations.clone()
            observations[:, -1] = 0.123
            after = network(with_group(fewer, g, observations=observations), encoded, moments[0])
            assert torch.equal(before.joint, after.joint)
            assert torch.equal(before.state, after.state)
            small = dataclasses.replace(
                spec,
                groups=tuple(
                    dataclasses.replace(one, agents=one.agents[:-1]) if k == g else one
                    for k, one in enumerate(spec.groups)
                ),
            )
            without = PooledCritic(small, 0, 16, pooling).double()
            without.load_state_dict(network.state_dict())
            cut = Seen(
                tuple(
                    GroupSeen(*(t[:, :-1] for t in (o.observations, o.present, o.active, o.masks)))
                    if k == g
                    else o
                    for k, o in enumerate(fewer.groups)
                ),
                [
                    block[:, :-1] if spec.state[b].agents_of == g else block
                    for b, block in enumerate(fewer.state)
                ],
            )
            shorter = [one[:, :-1] if k == g else one for k, one in enumerate(encoded)]
            alone = without(cut, shorter, moments[0][:, :-1] if g == 0 else moments[0])
            torch.testing.assert_close(alone.joint, before.joint)
            torch.testing.assert_close(alone.state, before.state)


def test_actions_of_agents_that_were_not_asked_do_not_matter() -> None:
    network = critic("mean")
    seen, (encoded,), (moments,) = inputs()
    active = seen.groups[0].active
    active[:, 1] = False
    before = network(seen, [encoded], moments)
    encoded[:, 1], moments[:, 1] = 0.123, 0.9
    after = network(seen, [encoded], moments)
    for one, other in zip(before, after, strict=True):
        assert torch.equal(one, other)
    torch.testing.assert_close(before.baselines[:, 1], before.joint)


@pytest.mark.parametrize("per_agent", [False, True])
def test_the_critic_is_indifferent_to_the_order_of_agents(per_agent: bool) -> None:
    network = critic("attention", per_agent=per_agent)
    seen, (encoded,), (moments,) = inputs()
    order = torch.tensor([2, 0, 3, 1])
    one = network(seen, [encoded], moments)
    mine = seen.groups[0]
    permuted = Seen(
        (GroupSeen(*(t[:, order] for t in (mine.observations, mine.present, mine.active, mine.masks))),),
        [seen.state[0][:, order], seen.state[1]],
    )
    other = network(permuted, [encoded[:, order]], moments[:, order])
    torch.testing.assert_close(one.joint[:, order] if per_agent else one.joint, other.joint)
    torch.testing.assert_close(one.baselines[:, order], other.baselines)


@EITHER
def test_the_critic_reads_every_state_block_and_every_agent(spec: Spec, group: int) -> None:
    network = critic("mean", spec=spec, group=group)
    seen, encoded, moments = inputs(spec)
    leaves = [
        *(g.observations.requires_grad_() for g in seen.groups),
        *(b.requires_grad_() for b in seen.state),
    ]
    network(seen, encoded, moments[group]).state.sum().backward()
    for leaf in leaves:
        assert leaf.grad is not None
        assert (leaf.grad.abs().sum(-1) > 0).all()
    torch.testing.assert_close(network.state_value(seen), network(seen, encoded, moments[group]).state)


def test_a_baseline_that_does_not_see_the_action_leaves_the_gradient_unbiased() -> None:
    # One agent of four, all choices of its mode enumerated: E[grad log pi(a) b] = 0 exactly for b independent of a, and
    # not for a baseline that leaks a.
    network = critic("mean")
    seen, (encoded,), (moments,) = inputs(rows=1)
    seen = with_group(seen, 0, active=torch.ones(1, 4, dtype=torch.bool))
    logits = torch.randn(3, dtype=torch.float64, requires_grad=True)
    probabilities = torch.softmax(logits, 0)
    own, leaking = torch.zeros(3, dtype=torch.float64), torch.zeros(3, dtype=torch.float64)
    for choice in range(3):
        action = encoded.clone()
        action[0, 0, :3] = torch.nn.functional.one_hot(torch.tensor(choice), 3).double()
        values = network(seen, [action], moments)
        (gradient,) = torch.autograd.grad(torch.log_softmax(logits, 0)[choice], logits, retain_graph=True)
        weight = probabilities[choice].detach()
        own += weight * gradient * values.baselines[0, 0].detach()
        leaking += weight * gradient * values.joint[0].detach()
    np.testing.assert_allclose(own.numpy(), 0, atol=1e-14)
    assert leaking.abs().max() > 1e-4
