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
from toy_game import ToyPool, toy_spec

from ns3marl.algorithms.a3c import A3c
from ns3marl.algorithms.imappo import Imappo
from ns3marl.algorithms.ippo import Ippo
from ns3marl.algorithms.ppo import Ppo, joint_surrogate
from ns3marl.config import A3cOptions, ImappoOptions, IppoOptions, PpoOptions
from ns3marl.errors import ConfigError
from ns3marl.rl.central import CentralActor, CentralCritic
from ns3marl.rl.hybrid import Heads, HybridDistribution
from ns3marl.rl.learner import Learner
from ns3marl.rl.policy import action_generators
from ns3marl.rl.ppo import clipped_objective, evaluate_actions
from ns3marl.rl.rollout import Rollout, Samples
from ns3marl.types import DiscreteHead, Feature, Spec, StateBlock

SPEC = toy_spec()


def spec_with_servers() -> Spec:
    """A head whose choices s0 and s2 are rows of a block; s1 has no row."""
    group = SPEC.groups[0]
    lane = DiscreteHead("server", ("s0", "s1", "s2"))
    block = StateBlock("servers", ("s2", "s0"), (Feature("load", "1", 0, 1),))
    changed = dataclasses.replace(group, discrete_heads=(lane,), continuous_heads=())
    return dataclasses.replace(SPEC, groups=(changed,), state=(*SPEC.state, block))


def inputs(spec: Spec, seed: int = 0) -> tuple[torch.Tensor, list[torch.Tensor], torch.Tensor, torch.Tensor]:
    """Three random global states: observations, blocks, decides, masks."""
    rng, group = torch.Generator().manual_seed(seed), spec.groups[0]
    observations = torch.rand(3, 4, len(group.features), generator=rng)
    state = [torch.rand(3, len(b.rows), len(b.features), generator=rng) for b in spec.state]
    active = torch.rand(3, 4, generator=rng) < 0.7
    return observations, state, active, torch.ones(3, 4, group.mask_offsets[-1], dtype=torch.bool)


def louder(actor: CentralActor) -> CentralActor:
    """The same with output layers large enough to see what reaches them."""
    with torch.no_grad():
        for parameter in actor.parameters():
            parameter.mul_(3)
    return actor


def logits(actor: CentralActor, *seen: Any) -> torch.Tensor:
    return torch.cat(actor(*seen).log_probabilities, -1)


def test_the_controller_treats_agents_alike_in_any_order() -> None:
    actor, critic = louder(CentralActor(SPEC, Heads(SPEC.groups[0]), 16)), CentralCritic(SPEC, 16)
    observations, (own, world), active, masks = inputs(SPEC)
    order = torch.tensor([2, 0, 3, 1])
    straight = logits(actor, observations, [own, world], active, masks)
    permuted = logits(actor, observations[:, order], [own[:, order], world], active[:, order], masks)
    torch.testing.assert_close(permuted, straight[:, order])
    values = critic(observations, [own, world])
    torch.testing.assert_close(critic(observations[:, order], [own[:, order], world]), values)


@pytest.mark.parametrize("what", ["observation", "own block", "other block", "active"])
def test_every_agents_heads_see_the_whole_system(what: str) -> None:
    actor = louder(CentralActor(SPEC, Heads(SPEC.groups[0]), 16))
    observations, (own, world), active, masks = inputs(SPEC)
    before = logits(actor, observations, [own, world], active, masks)
    if what == "observation":
        observations[:, 0] = 1 - observations[:, 0]
    elif what == "own block":
        own[:, 0] -= 0.5
    elif what == "other block":
        world += 5
    else:
        active[:, 0] = ~active[:, 0]
    after = logits(actor, observations, [own, world], active, masks)
    assert (after[:, 3] != before[:, 3]).any(-1).all()  # agent 3, though agent 0 or the world changed


def test_choices_that_are_rows_of_a_block_are_scored_by_their_rows() -> None:
    spec = spec_with_servers()
    actor = CentralActor(spec, Heads(spec.groups[0]), 16)
    scorer: Any
    (scorer,) = actor.network.by_rows.values()
    torch.manual_seed(0)
    hidden, rows = torch.randn(2, 4, 16), scorer.from_row(torch.randn(2, 2, 16))[:, None]
    scores = scorer(hidden, rows)
    assert (scores[..., 1] == 0).all()
    torch.testing.assert_close(scorer(hidden, rows.flip(-2))[..., [2, 0]], scores[..., [0, 2]])
    assert (scores[..., 0] != scores[..., 2]).all()


@pytest.mark.parametrize("spec", [SPEC, spec_with_servers()], ids=["", "servers"])
def test_those_not_asked_are_left_out_of_the_loss(spec: Spec) -> None:
    actor = louder(CentralActor(spec, Heads(spec.groups[0]), 16))
    observations, state, active, masks = inputs(spec)
    everyone = logits(actor, observations, state, active, masks)
    few = torch.cat(actor(observations, state, active, masks, active_only=True).log_probabilities, -1)
    torch.testing.assert_close(few, everyone[active])


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
    actor = CentralActor(SPEC, heads, 16)
    policy = actor(
        *inputs(SPEC)[:2], torch.tensor([[True, False, False, False]] * 3), inputs(SPEC)[3], active_only=True
    )
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
    learner = Ippo(SPEC, IppoOptions(), 1)
    observations, _, _, masks = inputs(SPEC)
    logits_before = torch.cat(learner.actor(observations, masks).log_probabilities, -1)
    values_before = learner.critic(observations)
    observations[:, 0] = 1 - observations[:, 0]
    logits_after = torch.cat(learner.actor(observations, masks).log_probabilities, -1)
    assert logits_after[:, 1:].equal(logits_before[:, 1:])
    assert learner.critic(observations)[:, 1:].equal(values_before[:, 1:])
    assert not learner.critic(observations)[:, 0].equal(values_before[:, 0])


@pytest.mark.parametrize("kind", ["ppo", "ippo", "imappo", "imappo, actors per agent"])
def test_what_the_policy_said_of_each_decision_is_recalled(kind: str) -> None:
    once: dict[str, Any] = {"epochs": 1, "minibatches": 1}
    made: dict[str, Any] = {
        "ppo": lambda: Ppo(SPEC, PpoOptions(**once), 1),
        "ippo": lambda: Ippo(SPEC, IppoOptions(**once), 1),
        "imappo": lambda: Imappo(SPEC, ImappoOptions(**once), 1),
        "imappo, actors per agent": lambda: Imappo(SPEC, ImappoOptions(**once, actors="per-agent"), 1),
    }
    learner = made[kind]()
    pool, rollout = ToyPool(num_envs=2), Rollout(SPEC, 600, 2)
    batch, noted = pool.reset(), []
    while not rollout.full:  # N = 1200 samples, more than are looked at in one go
        decision, seen = learner.decide(batch, action_generators(batch)), batch.groups[0]
        state = ([torch.tensor(b) for b in batch.state], torch.tensor(seen.active)) if kind == "ppo" else ()
        with torch.no_grad():
            policy = learner.actor(torch.tensor(seen.observations), *state, torch.tensor(seen.masks))
            said = policy.log_prob(torch.tensor(decision.actions.discrete), torch.tensor(decision.raw))
        noted.append(said * torch.tensor(seen.active)[..., None])
        outcome = pool.step([decision.actions])
        rollout.add(batch, decision, outcome)
        batch = outcome
    rollout.active[7] = False  # nobody was asked
    noted[7] = torch.zeros_like(noted[7])
    recalled = evaluate_actions(
        Samples(rollout), learner._policy, HybridDistribution.log_prob, learner.heads.total
    )
    torch.testing.assert_close(recalled.view(600, 2, 4, -1), torch.stack(noted))
    assert (recalled[rollout.active.flatten()].abs().sum(-1) > 0).all()
    figures = learner.update(rollout, batch)  # one step, by a policy that has not moved yet
    assert figures["actor_steps"] == 1
    assert figures["kl"] < 1e-6
    assert figures["clipped"] == 0


@pytest.mark.parametrize("kind", ["ppo", "ippo", "imappo"])
def test_a_rollout_in_which_nobody_was_asked_moves_no_actor(kind: str) -> None:
    made: dict[str, Any] = {
        "ppo": lambda: Ppo(SPEC, PpoOptions(rollout_ticks=5), 1),
        "ippo": lambda: Ippo(SPEC, IppoOptions(rollout_ticks=5), 1),
        "imappo": lambda: Imappo(SPEC, ImappoOptions(rollout_ticks=5), 1),
    }
    learner = made[kind]()
    before = [parameter.clone() for parameter in learner.actor.parameters()]
    play(learner, ToyPool(num_envs=2), 4)
    learner._rollout.active[:] = False
    batch = ToyPool(num_envs=2).reset()
    batch.groups[0].active[:] = False
    learner.explore(batch, action_generators(batch))
    figures = learner.learn(batch)
    assert figures["actor_steps"] == 0
    assert np.isfinite(figures["value_loss"])
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
    learner = Ippo(SPEC, IppoOptions(reward=reward, rollout_ticks=5, epochs=1), 1)
    seen: list[torch.Tensor] = []
    monkeypatch.setattr(learner.normaliser, "update", seen.append)  # the returns come by here
    play(learner, _OwnRewards(num_envs=2), 5)
    (returns,) = seen
    means = returns.mean(0)
    assert bool(means[0] > means[1:].max() + 1) == spread


def play(learner: Learner, pool: ToyPool | GymnasiumPool, ticks: int) -> None:
    batch = pool.reset()
    for _ in range(ticks):
        batch = pool.step(learner.explore(batch, action_generators(batch)))
        learner.learn(batch)


@pytest.mark.parametrize("kind", ["ppo", "ippo", "a3c"])
def test_only_the_task_ends_the_return_time_does_not(kind: str) -> None:
    """V(s_{t+1}) is 0 after a fall and the critic's view of the last observation after a cut."""
    made: dict[str, Any] = {
        "ppo": lambda s: Ppo(s, PpoOptions(rollout_ticks=40), 1),
        "ippo": lambda s: Ippo(s, IppoOptions(rollout_ticks=40), 1),
        "a3c": lambda s: A3c(s, A3cOptions(rollout_ticks=40), 1),
    }
    for pool, cut in (
        (GymnasiumPool("CartPole-v1", CARTPOLE, num_envs=2), False),
        (ToyPool(num_envs=2), True),
    ):
        learner = made[kind](pool.spec)
        batch, last = pool.reset(), None
        for tick in range(39):
            outcome = pool.step(learner.explore(batch, action_generators(batch)))
            learner.learn(outcome)
            if last is None and outcome.final[0] is not None:
                last = (tick, outcome.final[0])
            batch = outcome
        assert last is not None
        tick, final = last
        rollout = learner._rollout
        shape = rollout.rewards.shape if kind == "ippo" else rollout.ends.shape
        following = learner._next_values(rollout, batch, np.full(shape, 7.0))
        assert (following[0] == 7).all()
        if not cut:
            assert (following[tick, 0] == 0).all()
            continue
        observations, state = (
            torch.tensor(final.observations[0][None]),
            [torch.tensor(b[None]) for b in final.state],
        )
        critic = learner.networks["critic"] if kind == "a3c" else learner.critic
        wanted = critic(observations) if kind == "ippo" else critic(observations, state)
        np.testing.assert_allclose(following[tick, 0], wanted.detach().numpy()[0], rtol=1e-5)


def test_a3c_steps_as_rmsprop_does() -> None:
    options = A3cOptions(rollout_ticks=10, learning_rate=1e-2, rms_decay=0.9, rms_epsilon=1e-3)
    learner = A3c(SPEC, options, 1)
    before = [p.detach().clone() for p in learner.parameters]
    play(learner, ToyPool(num_envs=2), 10)
    for old, new, square in zip(before, learner.parameters, learner.squares, strict=True):
        assert new.grad is not None
        torch.testing.assert_close(square, 0.1 * new.grad**2)
        torch.testing.assert_close(new.detach(), old - 1e-2 * new.grad / (0.1 * new.grad**2 + 1e-3).sqrt())


def test_a_workers_gradient_moves_the_shared_parameters_and_it_copies_them_back() -> None:
    options = A3cOptions(rollout_ticks=10)
    shared, one, other = (A3c(SPEC, options, seed) for seed in (1, 2, 3))
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
    learner = A3c(SPEC, options, 1)
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
        batch = pool.step(learner.explore(batch, action_generators(batch)))
        learner.learn(batch)
        rewards.append(float(batch.groups[0].rewards.mean()))
    twin = A3c(SPEC, options, 1)
    batch = pool.step(learner.explore(batch, action_generators(batch)))
    rewards.append(float(batch.groups[0].rewards.mean()))
    learner.learn(batch)
    (rollout, last), got = kept
    actor, critic = twin.networks["actor"], twin.networks["critic"]
    R = critic(torch.tensor(last.groups[0].observations), [torch.tensor(b) for b in last.state]).item()
    gain, decisions, returns = torch.zeros(()), 0, []
    for t in reversed(range(10)):
        R = rewards[t] + 0.5 * R
        returns.append(R)
        seen = (
            torch.from_numpy(rollout.observations[t]),
            [torch.from_numpy(block[t]) for block in rollout.state],
        )
        active, masks = torch.from_numpy(rollout.active[t]), torch.from_numpy(rollout.masks[t])
        value = critic(*seen).item()
        policy = actor(*seen, active, masks)
        log_prob = policy.log_prob(
            torch.from_numpy(rollout.discrete[t]), torch.from_numpy(rollout.raw[t])
        ).sum(-1)
        gain = gain + (log_prob[active] * (R - value)).sum()
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
    learner = kind(fewer, options, 1)
    learner.load_policy(kind(SPEC, options, 2).state_dict())
    batch = ToyPool(num_envs=2).reset()
    seen = batch.groups[0]
    seen.observations, seen.active, seen.masks = (
        seen.observations[:, :2],
        seen.active[:, :2],
        seen.masks[:, :2],
    )
    two = dataclasses.replace(batch, state=(batch.state[0][:, :2], batch.state[1]))
    assert learner.act(two, action_generators(two))[0].discrete.shape == (2, 2, 2)
    with pytest.raises(ConfigError, match="has 2 groups: players, others"):
        kind(dataclasses.replace(SPEC, groups=(group, dataclasses.replace(group, name="others"))), options, 1)
    bare = dataclasses.replace(group, discrete_heads=(), continuous_heads=())
    with pytest.raises(ConfigError, match="declares no action heads"):
        kind(dataclasses.replace(SPEC, groups=(bare,)), options, 1)
