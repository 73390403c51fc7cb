# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The central controller's networks, and the mathematics of central PPO, IPPO and A3C."""

from __future__ import annotations

import dataclasses
from contextlib import nullcontext
from typing import Any

import numpy as np
import pytest
import torch
from gymnasium_pool import CARTPOLE, GymnasiumPool
from joint_inputs import fewer_agents, inputs
from toy_game import ToyPool, toy_spec
from two_kinds_game import two_kinds_spec

from ns3marl.algorithms.a3c import A3c, A3cOptions
from ns3marl.algorithms.imappo import Imappo, ImappoOptions
from ns3marl.algorithms.ippo import Ippo, IppoOptions
from ns3marl.algorithms.ppo import Ppo, PpoOptions, joint_surrogate
from ns3marl.errors import ConfigError
from ns3marl.rl.central import CentralActor, CentralCritic
from ns3marl.rl.hybrid import Heads
from ns3marl.rl.learner import Learner
from ns3marl.rl.policy import action_generators
from ns3marl.rl.ppo import clipped_objective, evaluate_actions, log_probs_of
from ns3marl.rl.rollout import Rollout, Samples
from ns3marl.rl.seen import GroupSeen, Seen, seen_in
from ns3marl.types import ChoiceRows, DiscreteHead, Feature, Spec, StateBlock

SPEC = toy_spec()


def spec_with_servers() -> Spec:
    """A head whose choices s0 and s2 are rows of a block; s1 has no row."""
    group = SPEC.groups[0]
    lane = DiscreteHead("server", ("s0", "s1", "s2"))
    block = StateBlock(
        "servers", ("a", "b"), (Feature("load", "1", 0, 1),), choices_of=(ChoiceRows(0, 0, (2, 0)),)
    )
    changed = dataclasses.replace(group, discrete_heads=(lane,), continuous_heads=())
    return dataclasses.replace(SPEC, groups=(changed,), state=(*SPEC.state, block))


def single(seen: Seen) -> Seen:
    """In single precision."""
    groups = tuple(dataclasses.replace(g, observations=g.observations.float()) for g in seen.groups)
    return Seen(groups, [block.float() for block in seen.state])


def states(spec: Spec) -> Seen:
    """Three random global states."""
    return single(inputs(spec)[0])


def agents(seen: Seen, group: int, order: Any) -> Seen:
    """With the agents of a group in another order; block ``group`` is about them."""
    one = seen.groups[group]
    groups = list(seen.groups)
    groups[group] = GroupSeen(*(t[:, order] for t in (one.observations, one.present, one.active, one.masks)))
    return Seen(tuple(groups), [b[:, order] if k == group else b for k, b in enumerate(seen.state)])


def louder(actor: CentralActor) -> CentralActor:
    """The same with output layers large enough to see what reaches them."""
    with torch.no_grad():
        for parameter in actor.parameters():
            parameter.mul_(3)
    return actor


def logits(actor: CentralActor, seen: Seen) -> torch.Tensor:
    return torch.cat(actor(seen).log_probabilities, -1)


def central(spec: Spec, group: int = 0) -> CentralActor:
    return louder(CentralActor(spec, group, Heads(spec.groups[group]), 16))


KINDS = pytest.mark.parametrize(
    ("spec", "group"),
    [(SPEC, 0), (two_kinds_spec(), 0), (two_kinds_spec(), 1)],
    ids=["one kind", "first kind", "second kind"],
)


@KINDS
def test_the_controller_treats_agents_alike_in_any_order(spec: Spec, group: int) -> None:
    actor, critic, seen = central(spec, group), CentralCritic(spec, group, 16), states(spec)
    for g, one in enumerate(spec.groups):
        order = torch.arange(len(one.agents)).flip(0)
        permuted = agents(seen, g, order)
        straight = logits(actor, seen)
        torch.testing.assert_close(logits(actor, permuted), straight[:, order] if g == group else straight)
        torch.testing.assert_close(critic(permuted), critic(seen))


@KINDS
@pytest.mark.parametrize("what", ["observation", "own block", "other block", "active", "another's"])
def test_every_agents_heads_see_the_whole_system(what: str, spec: Spec, group: int) -> None:
    actor, seen = central(spec, group), states(spec)
    other = len(spec.groups) - 1 - group
    before = logits(actor, seen)
    if what == "observation":
        seen.groups[group].observations[:, 0] = 1 - seen.groups[group].observations[:, 0]
    elif what == "another's":
        seen.groups[other].observations[:, 0] = 1 - seen.groups[other].observations[:, 0]
    elif what == "own block":
        seen.state[group][:, 0] -= 0.5
    elif what == "other block":
        seen.state[-1][:] += 5
    else:
        seen.groups[other].active[:, 0] ^= True
    after = logits(actor, seen)
    assert (
        (after[:, -1] != before[:, -1]).any(-1).all()
    )  # the last agent's, though another or the world changed


def test_absent_agents_are_not_in_the_pools() -> None:
    spec = two_kinds_spec()
    actor, critic, seen = central(spec), CentralCritic(spec, 0, 16), states(spec)
    for g in (0, 1):
        seen.groups[g].present[:, 0] = False
        before = logits(actor, seen)[:, 1:], critic(seen)
        seen.groups[g].observations[:, 0] = 0.77
        assert torch.equal(logits(actor, seen)[:, 1:], before[0])
        assert torch.equal(critic(seen), before[1])
        seen.groups[g].present[:, 0] = True
        assert not torch.equal(critic(seen), before[1])


def test_choices_that_are_rows_of_a_block_are_scored_by_their_rows() -> None:
    spec = spec_with_servers()
    actor = CentralActor(spec, 0, Heads(spec.groups[0]), 16)
    scorer: Any
    (scorer,) = actor.network.by_rows.values()
    torch.manual_seed(0)
    hidden, rows = torch.randn(2, 4, 16), scorer.from_row(torch.randn(2, 2, 16))[:, None]
    scores = scorer(hidden, rows)
    assert (scores[..., 1] == 0).all()
    torch.testing.assert_close(scorer(hidden, rows.flip(-2))[..., [2, 0]], scores[..., [0, 2]])
    assert (scores[..., 0] != scores[..., 2]).all()


@pytest.mark.parametrize(
    ("spec", "group"),
    [(SPEC, 0), (spec_with_servers(), 0), (two_kinds_spec(), 1)],
    ids=["", "servers", "kinds"],
)
def test_those_not_asked_are_left_out_of_the_loss(spec: Spec, group: int) -> None:
    actor, seen = central(spec, group), states(spec)
    few = torch.cat(actor(seen, active_only=True).log_probabilities, -1)
    torch.testing.assert_close(few, logits(actor, seen)[seen.groups[group].active])


def test_rows_that_are_agents_may_be_choices_too() -> None:
    """Devices that choose a gateway read what the state says of it."""
    spec = two_kinds_spec()
    block = dataclasses.replace(spec.state[1], choices_of=(ChoiceRows(0, 0, (0, 1)),))
    spec = dataclasses.replace(spec, state=(spec.state[0], block, spec.state[2]))
    actor = central(spec)
    assert set(actor.network.by_rows) == {"0-1", "0-2"}
    assert logits(actor, states(spec)).shape == (3, 3, 2)


def test_the_joint_ratio_is_the_product_over_devices() -> None:
    change = torch.tensor([0.1, 0.2, -0.5, 0.05, 0.3])
    sample = torch.tensor([0, 0, 2, 4, 4])  # samples 1 and 3 without decisions
    advantages = torch.tensor([1.0, 1.0, -2.0, 0.5, 0.5])
    got = joint_surrogate(change, advantages, sample, clip=0.2, max_log_ratio=10)
    ratios = np.exp([0.3, -0.5, 0.35])
    wanted = [min(ratios[0], 1.2) * 1, min(ratios[1] * -2, 0.8 * -2), min(ratios[2], 1.2) * 0.5]
    assert float(got) == pytest.approx(np.mean(wanted))
    tame = joint_surrogate(change * 1e6, -advantages.abs(), sample, clip=0.2, max_log_ratio=2)
    assert bool(torch.isfinite(tame))


def test_with_one_device_the_joint_ratio_is_the_devices() -> None:
    heads = Heads(SPEC.groups[0])
    actor, seen = CentralActor(SPEC, 0, heads, 16), states(SPEC)
    seen.groups[0].active[:] = torch.tensor([True, False, False, False])
    policy = actor(seen, active_only=True)
    discrete, raw = torch.tensor([[1, 0], [0, 1], [1, 1]]), torch.full((3, 1), 0.4)
    old = policy.log_prob(discrete, raw).detach() + torch.tensor([[0.1], [-0.4], [0.6]])
    advantages = torch.tensor([1.0, -1.0, 2.0])
    ours = joint_surrogate(
        (policy.log_prob(discrete, raw) - old).sum(-1),
        advantages,
        torch.arange(3),
        clip=0.2,
        max_log_ratio=10,
    )
    theirs = clipped_objective(
        policy,
        discrete,
        raw,
        old,
        advantages,
        clip=0.2,
        max_log_ratio=10,
        entropy_discrete=0,
        entropy_continuous=0,
    )
    torch.testing.assert_close(ours, theirs.surrogate)


def test_ippo_acts_and_values_on_own_observations_alone() -> None:
    learner = Ippo(SPEC, 0, IppoOptions(), 1)
    mine = states(SPEC).groups[0]
    observations, masks = mine.observations, mine.masks
    logits_before = torch.cat(learner.actor(observations, masks).log_probabilities, -1)
    values_before = learner.critic(observations)
    observations[:, 0] = 1 - observations[:, 0]
    logits_after = torch.cat(learner.actor(observations, masks).log_probabilities, -1)
    assert logits_after[:, 1:].equal(logits_before[:, 1:])
    assert learner.critic(observations)[:, 1:].equal(values_before[:, 1:])
    assert not learner.critic(observations)[:, 0].equal(values_before[:, 0])


@pytest.mark.parametrize("kind", ["ppo", "ippo", "imappo", "imappo, actors per agent"])
def test_actions_are_evaluated_under_the_policy_that_took_them(kind: str) -> None:
    once: dict[str, Any] = {"epochs": 1, "minibatches": 1}
    made: dict[str, Any] = {
        "ppo": lambda: Ppo(SPEC, 0, PpoOptions(**once), 1),
        "ippo": lambda: Ippo(SPEC, 0, IppoOptions(**once), 1),
        "imappo": lambda: Imappo(SPEC, 0, ImappoOptions(**once), 1),
        "imappo, actors per agent": lambda: Imappo(SPEC, 0, ImappoOptions(**once, actors="per-agent"), 1),
    }
    learner = made[kind]()
    pool, rollout = ToyPool(num_envs=2), Rollout(SPEC, 0, 600, 2)
    batch, noted = pool.reset(), []
    while not rollout.full:  # N = 1200 samples, more than are looked at in one go
        decision, seen = learner.decide(batch, action_generators(batch)), batch.groups[0]
        with torch.no_grad():
            if kind == "ppo":
                policy = learner.actor(seen_in(batch))
            else:
                policy = learner.actor(torch.tensor(seen.observations), torch.tensor(seen.masks))
            log_prob = policy.log_prob(
                torch.tensor(decision.actions.discrete), torch.tensor(decision.continuous)
            )
        noted.append(log_prob * torch.tensor(seen.active)[..., None])
        outcome = pool.step([decision.actions])
        rollout.add(batch, decision, [decision.actions], outcome)
        batch = outcome
    rollout.own.active[7] = False  # nobody was asked
    noted[7] = torch.zeros_like(noted[7])
    evaluated = evaluate_actions(Samples(rollout), learner._policy, log_probs_of, learner.heads.total)
    torch.testing.assert_close(evaluated.view(600, 2, 4, -1), torch.stack(noted))
    assert (evaluated[rollout.own.active.flatten()].abs().sum(-1) > 0).all()
    metrics = learner.update(rollout, batch)  # one step, by a policy that has not moved yet
    assert metrics["actor_steps"] == 1
    assert metrics["kl"] < 1e-6
    assert metrics["clipped"] == 0


@pytest.mark.parametrize("kind", ["ppo", "ippo", "imappo"])
def test_a_rollout_in_which_nobody_was_asked_moves_no_actor(kind: str) -> None:
    made: dict[str, Any] = {
        "ppo": lambda: Ppo(SPEC, 0, PpoOptions(rollout_ticks=5), 1),
        "ippo": lambda: Ippo(SPEC, 0, IppoOptions(rollout_ticks=5), 1),
        "imappo": lambda: Imappo(SPEC, 0, ImappoOptions(rollout_ticks=5), 1),
    }
    learner = made[kind]()
    before = [parameter.clone() for parameter in learner.actor.parameters()]
    play(learner, ToyPool(num_envs=2), 4)
    learner.memory.rollout.own.active[:] = False
    batch = ToyPool(num_envs=2).reset()
    batch.groups[0].active[:] = False
    joint = [learner.explore(batch, action_generators(batch))]
    metrics = learner.learn(joint, batch)
    assert metrics["actor_steps"] == 0
    assert np.isfinite(metrics["value_loss"])
    assert all(map(torch.equal, before, learner.actor.parameters()))


class _OwnRewards(ToyPool):
    """Agent 0 is paid 1 a tick, the others nothing."""

    def step(self, actions: Any) -> Any:
        batch = super().step(actions)
        batch.groups[0].rewards[:] = [1.0, 0.0, 0.0, 0.0]
        return batch


@pytest.mark.parametrize(("reward", "spread"), [("agent", True), ("team", False)])
def test_ippo_learns_from_the_agents_reward_or_the_teams(
    monkeypatch: pytest.MonkeyPatch, reward: Any, spread: bool
) -> None:
    learner = Ippo(SPEC, 0, IppoOptions(reward=reward, rollout_ticks=5, epochs=1), 1)
    seen: list[torch.Tensor] = []
    monkeypatch.setattr(learner.normaliser, "update", seen.append)  # the returns come by here
    play(learner, _OwnRewards(num_envs=2), 5)
    (returns,) = seen
    means = returns.mean(0)
    assert bool(means[0] > means[1:].max() + 1) == spread


def play(learner: Learner, pool: ToyPool | GymnasiumPool, ticks: int) -> None:
    batch = pool.reset()
    for _ in range(ticks):
        joint = [learner.explore(batch, action_generators(batch))]
        batch = pool.step(joint)
        learner.learn(joint, batch)


@pytest.mark.parametrize("kind", ["ppo", "ippo", "a3c"])
def test_only_the_task_ends_the_return_time_does_not(kind: str) -> None:
    """V(s_{t+1}) is 0 after a fall and the critic's view of the last observation after a cut."""
    made: dict[str, Any] = {
        "ppo": lambda s: Ppo(s, 0, PpoOptions(rollout_ticks=40), 1),
        "ippo": lambda s: Ippo(s, 0, IppoOptions(rollout_ticks=40), 1),
        "a3c": lambda s: A3c(s, 0, A3cOptions(rollout_ticks=40), 1),
    }
    for pool, cut in (
        (GymnasiumPool("CartPole-v1", CARTPOLE, num_envs=2), False),
        (ToyPool(num_envs=2), True),
    ):
        learner = made[kind](pool.spec)
        batch, last = pool.reset(), None
        for tick in range(39):
            joint = [learner.explore(batch, action_generators(batch))]
            outcome = pool.step(joint)
            learner.learn(joint, outcome)
            if last is None and outcome.final[0] is not None:
                last = (tick, batch, outcome.final[0])
            batch = outcome
        assert last is not None
        tick, before, final = last
        rollout = learner.memory.rollout
        shape = rollout.own.rewards.shape if kind == "ippo" else rollout.ends.shape
        following = rollout.next_values(np.full(shape, 7.0), batch, learner._values)
        assert (following[0] == 7).all()
        if not cut:
            assert (following[tick, 0] == 0).all()
            continue
        there = seen_in(before).rows(torch.tensor([0]))
        there.groups[0].observations[:] = torch.tensor(final.groups[0].observations)
        for block, now in zip(there.state, final.state, strict=True):
            block[:] = torch.tensor(now)
        np.testing.assert_allclose(following[tick, 0], learner._values(there).numpy()[0], rtol=1e-5)


def test_a3c_steps_as_rmsprop_does() -> None:
    options = A3cOptions(rollout_ticks=10, learning_rate=1e-2, rms_decay=0.9, rms_epsilon=1e-3)
    learner = A3c(SPEC, 0, options, 1)
    before = [p.detach().clone() for p in learner.parameters]
    play(learner, ToyPool(num_envs=2), 10)
    for old, new, square in zip(before, learner.parameters, learner.squares, strict=True):
        assert new.grad is not None
        torch.testing.assert_close(square, 0.1 * new.grad**2)
        torch.testing.assert_close(new.detach(), old - 1e-2 * new.grad / (0.1 * new.grad**2 + 1e-3).sqrt())


def test_a_workers_gradient_moves_the_shared_parameters_and_it_copies_them_back() -> None:
    options = A3cOptions(rollout_ticks=10)
    shared, one, other = (A3c(SPEC, 0, options, seed) for seed in (1, 2, 3))
    for worker in (one, other):
        worker.work_for(shared.tensors(), nullcontext())
        assert all(own.equal(theirs) for own, theirs in zip(worker.tensors(), shared.tensors(), strict=True))
    before = [tensor.clone() for tensor in shared.tensors()]
    play(one, ToyPool(num_envs=1), 10)
    assert any(not old.equal(new) for old, new in zip(before, shared.tensors(), strict=True))
    assert all(own.equal(theirs) for own, theirs in zip(one.tensors(), shared.tensors(), strict=True))
    stale = other.tensors()
    assert all(own.equal(old) for own, old in zip(stale, before, strict=True))
    play(other, ToyPool(num_envs=1, seed=9), 10)
    assert all(own.equal(theirs) for own, theirs in zip(other.tensors(), shared.tensors(), strict=True))


def test_a3cs_gradient_is_that_of_the_published_loss() -> None:
    """The entropy and value terms switched off: d/dtheta of mean log pi(a|s) (R - V) / deviation, by hand."""
    options = A3cOptions(
        rollout_ticks=10,
        discount=0.5,
        value_weight=1e-12,
        entropy_discrete=0,
        entropy_continuous=0,
        max_grad_norm=1e9,
    )
    learner = A3c(SPEC, 0, options, 1)
    kept: list[Any] = []
    gradients = learner._gradients

    def watch(rollout: Any, last: Any) -> Any:
        kept.append((rollout, last))
        result = gradients(rollout, last)
        kept.append(
            [None if p.grad is None else p.grad.clone() for p in learner.networks["actor"].parameters()]
        )
        return result

    learner._gradients = watch  # type: ignore[method-assign] # to look at what passes
    pool = ToyPool(num_envs=1, ticks=50)
    batch, rewards = pool.reset(), []
    for _ in range(9):
        joint = [learner.explore(batch, action_generators(batch))]
        batch = pool.step(joint)
        learner.learn(joint, batch)
        rewards.append(float(batch.groups[0].rewards.mean()))
    twin = A3c(SPEC, 0, options, 1)
    joint = [learner.explore(batch, action_generators(batch))]
    batch = pool.step(joint)
    rewards.append(float(batch.groups[0].rewards.mean()))
    learner.learn(joint, batch)
    (rollout, last), got = kept
    actor, critic = twin.networks["actor"], twin.networks["critic"]
    R = critic(seen_in(last)).item()
    gain, decisions, returns = torch.zeros(()), 0, []
    for t in reversed(range(10)):
        R = rewards[t] + 0.5 * R
        returns.append(R)
        seen, own = rollout.record.seen(t), rollout.own
        active = torch.from_numpy(own.active[t])
        log_prob = (
            actor(seen)
            .log_prob(torch.from_numpy(own.discrete[t]), torch.from_numpy(own.continuous[t]))
            .sum(-1)
        )
        gain = gain + (log_prob[active] * (R - critic(seen).item())).sum()
        decisions += int(active.sum())
    (-gain / decisions / float(np.std(returns))).backward()  # type: ignore[no-untyped-call] # torch's own
    for grad, parameter in zip(got, actor.parameters(), strict=True):
        torch.testing.assert_close(grad, parameter.grad, rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize(
    ("kind", "options"), [(Ppo, PpoOptions()), (Ippo, IppoOptions()), (A3c, A3cOptions())]
)
def test_policies_run_for_another_number_of_agents_and_refuse_what_they_cannot_control(
    kind: Any, options: Any
) -> None:
    group = SPEC.groups[0]
    fewer = dataclasses.replace(
        SPEC,
        groups=(dataclasses.replace(group, agents=group.agents[:2]),),
        state=(dataclasses.replace(SPEC.state[0], rows=group.agents[:2]), SPEC.state[1]),
    )
    learner = kind(fewer, 0, options, 1)
    learner.load_policy(kind(SPEC, 0, options, 2).learned.state_dict())
    batch = ToyPool(num_envs=2).reset()
    two = dataclasses.replace(
        batch, groups=(fewer_agents(batch.groups[0], 2),), state=(batch.state[0][:, :2], batch.state[1])
    )
    assert learner.act(two, action_generators(two)).discrete.shape == (2, 2, 2)
    bare = dataclasses.replace(group, discrete_heads=(), continuous_heads=())
    with pytest.raises(ConfigError, match="group 'players' of scenario 'toy' declares no action heads"):
        kind(dataclasses.replace(SPEC, groups=(bare,)), 0, options, 1)
