# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Options of IMAPPO, and what its agents may know."""

from __future__ import annotations

import copy
import dataclasses
from typing import Any

import numpy as np
import pytest
import torch
from epoch_inputs import seen_by_the_epochs
from torch import Tensor
from toy_game import ToyPool, toy_spec
from two_kinds_game import two_kinds_spec

from ns3marl.algorithms.imappo import Imappo, ImappoOptions
from ns3marl.errors import ConfigError
from ns3marl.rl.choices import choice_features
from ns3marl.rl.hybrid import Heads
from ns3marl.rl.networks import Actor
from ns3marl.rl.policy import action_generators
from ns3marl.rl.rollout import Rollout
from ns3marl.rl.seen import GroupSeen, Seen, seen_in
from ns3marl.rl.split import SplitCritic
from ns3marl.types import Batch, Bool, Describes, Float64, Group, Spec

SPEC = toy_spec()


def play(ticks: int = 12, **options: Any) -> tuple[Imappo, Rollout, Batch]:
    """A rollout of 2 environments with episodes of 5 ticks, in which each agent earns something else."""
    pool = ToyPool(num_envs=2, seed=1, ticks=5)
    learner = Imappo(pool.spec, 0, ImappoOptions(**options), seed=1)
    learner.normaliser.update(torch.tensor([3.0, 7.0]))
    rollout, batch = Rollout(SPEC, 0, ticks, 2), pool.reset()
    rng = np.random.default_rng(3)
    while not rollout.full:
        decision = learner.decide(batch, action_generators(batch))
        outcome = pool.step([decision.actions])
        outcome.groups[0].rewards[:] = rng.normal(size=(2, 4))
        rollout.add(batch, decision, [decision.actions], outcome)
        batch = outcome
    return learner, rollout, batch


def marginals_of(learner: Imappo, batch: Batch) -> Tensor:
    """What every agent would do, see ``HybridDistribution.moments``."""
    seen = batch.groups[0]
    with torch.no_grad():
        moments: Tensor = learner.actor(torch.tensor(seen.observations), torch.tensor(seen.masks)).moments()
    return moments


def test_baselines_are_of_the_marginals_of_the_policy_that_acted() -> None:
    pool = ToyPool(num_envs=2, seed=1, ticks=5)
    learner = Imappo(pool.spec, 0, ImappoOptions(), seed=1)
    rollout, batch = Rollout(SPEC, 0, 12, 2), pool.reset()
    noted = []
    while not rollout.full:
        noted.append(marginals_of(learner, batch) * torch.tensor(batch.groups[0].active)[..., None])
        decision = learner.decide(batch, action_generators(batch))
        outcome = pool.step([decision.actions])
        rollout.add(batch, decision, [decision.actions], outcome)
        batch = outcome
    data, _, _ = seen_by_the_epochs(learner, rollout, batch)
    torch.testing.assert_close(data.moments.view(12, 2, 4, -1), torch.stack(noted))
    rows = torch.arange(data.size)
    asked = data.active.flatten()
    assert torch.equal(data.critic_inputs(rows)[2], data.moments[asked])
    assert (data.moments[asked].abs().sum(-1) > 0).all()


def lambda_return(rewards: Float64, following: Float64, ends: Bool) -> Float64:
    """G_t = r_t + gamma ((1 - lambda) V(s_t+1) + lambda G_t+1) of one environment, with gamma 0.9 and lambda 0.8."""
    returns, later = np.empty(len(rewards)), following[-1]
    for t in reversed(range(len(rewards))):
        mixed = following[t] if ends[t] else 0.2 * following[t] + 0.8 * later
        returns[t] = later = rewards[t] + 0.9 * mixed
    return returns


# ---------------------------------------------------------------------------------------------------- what is learned


@pytest.mark.parametrize(
    ("reward", "advantage"),
    [
        *((reward, advantage) for reward in ("team", "agent") for advantage in ("literal", "coma", "gae")),
        ("split", "literal"),
        ("split", "coma"),
    ],
)
def test_advantages_are_those_of_the_formulas(reward: str, advantage: str) -> None:
    split = reward == "split"
    options: dict[str, Any] = {"credit": "split"} if split else {"reward": reward}
    learner, rollout, last = play(advantage=advantage, normalise_values=False, **options)
    before = copy.deepcopy(learner)
    data, advantages, targets = seen_by_the_epochs(learner, rollout, last)
    scale, shift = float(before.normaliser.std), float(before.normaliser.mean)
    with torch.no_grad():
        values = before.critic.evaluate(*data.critic_inputs(torch.arange(24)))
        tail = before.critic.state_value(seen_in(last))
        lost = np.zeros((12, 2, 4))
        if split:
            assert isinstance(before.critic, SplitCritic)
            lost = (
                before.critic.effects(*data.critic_inputs(torch.arange(24)))
                .reshape(12, 2, 4)
                .double()
                .numpy()
            )
    wanted = np.empty((12, 2, 4))
    returns = np.empty((12, 2, 4))
    for i in range(4):
        own = reward != "team"
        paid = rollout.own.rewards.astype(np.float64)
        rewards = paid[..., i] if own else paid.mean(-1)
        v = (values.state[:, i] if own else values.state).reshape(12, 2).double().numpy() * scale + shift
        q = (values.joint[:, i] if own else values.joint).reshape(12, 2).double().numpy() * scale + shift
        baseline = values.baselines[:, i].reshape(12, 2).double().numpy() * scale + shift
        end = (tail[:, i] if own else tail).double().numpy() * scale + shift
        following = np.vstack([v[1:], end])
        for cut in rollout.truncated:
            shown = cut.groups[0]
            mine = GroupSeen(
                *(
                    torch.tensor(a[None])
                    for a in (shown.observations, shown.present, shown.active, shown.masks)
                )
            )
            with torch.no_grad():
                there = before.critic.state_value(Seen((mine,), [torch.tensor(b[None]) for b in cut.state]))
            following[cut.tick, cut.env] = float(there[0, i] if own else there[0]) * scale + shift
        for e in range(2):
            returns[:, e, i] = lambda_return(rewards[:, e], following[:, e], rollout.ends[:, e])
        wanted[..., i] = {
            "literal": returns[..., i] - baseline,
            "coma": q - baseline,
            "gae": returns[..., i] - v,
        }[advantage] + lost[..., i] * scale
    asked = rollout.own.active
    wanted = (wanted - wanted[asked].mean()) / wanted[asked].std(ddof=1)
    np.testing.assert_allclose(advantages.reshape(12, 2, 4), wanted, atol=2e-4)
    np.testing.assert_allclose(
        targets.numpy() * scale + shift,
        returns.reshape(24, 4) if reward != "team" else returns.reshape(24, 4)[:, :1],
        atol=1e-4,
    )


def test_the_luck_of_others_is_removed_from_the_credit_of_an_agent() -> None:
    """Rewards of noise: with the return of all an agent's advantage has the noise of all, with shares its own."""
    shared = play(ticks=60)
    split = play(ticks=60, credit="split")
    share = {}
    for name, (learner, rollout, last) in (("shared", shared), ("split", split)):
        found = learner.update(rollout, last)
        share[name] = found["variance_removed"]
    assert abs(share["shared"]) < 0.25
    assert share["split"] > 0.5  # of four agents with independent rewards, three quarters


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"credit": "split", "reward": "agent"}, 'set it to "team"'),
        ({"credit": "split", "advantage": "gae"}, 'set imappo.advantage to "literal" or "coma"'),
    ],
)
def test_credit_that_other_options_exclude_is_refused(options: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        Imappo(SPEC, 0, ImappoOptions(**options), 1)


def test_a_reward_that_several_groups_share_is_not_split() -> None:
    with pytest.raises(ConfigError, match=r'set imappo\.reward = "group"'):
        Imappo(two_kinds_spec(), 0, ImappoOptions(credit="split"), 1)
    Imappo(two_kinds_spec(), 0, ImappoOptions(credit="split", reward="group"), 1)


def test_pay_that_is_the_same_for_all_agents_is_not_split() -> None:
    learner, rollout, last = play(credit="split")
    rollout.own.rewards[:] = rollout.own.rewards[..., :1]
    with pytest.raises(ConfigError, match="pays all agents alike"):
        learner.update(rollout, last)
    rollout.own.rewards[:] = 0  # nobody was paid yet
    learner.update(rollout, last)


def test_learning_rates_fall_while_the_budget_is_spent() -> None:
    moved = {}
    for schedule in ("constant", "linear"):
        for spent in (0.0, 0.5, 1.0):
            learner, rollout, last = play(schedule=schedule, epochs=1, minibatches=1, max_grad_norm=1e-3)
            before = [weight.detach().clone() for weight in learner.actor.parameters()]
            rollout.spent = spent
            learner.update(rollout, last)
            after = learner.actor.parameters()
            moved[schedule, spent] = max(
                float((b - a.detach()).abs().max()) for a, b in zip(after, before, strict=True)
            )
    assert moved["constant", 1.0] == moved["constant", 0.0] == moved["linear", 0.0]
    assert moved["linear", 0.5] == pytest.approx(0.5 * moved["linear", 0.0], rel=1e-3)
    assert moved["linear", 1.0] == 0


def test_each_agent_is_valued_by_its_own_return() -> None:
    learner, rollout, last = play(
        ticks=20, reward="agent", discount=0.0, epochs=60, critic_lr=1e-2, target_kl=1e-9
    )
    rollout.own.rewards[:] = (
        10 * rollout.own.observations[..., 2]
    )  # an agent's level is its reward, and no one else's
    learner.update(rollout, last)
    data, _, _ = seen_by_the_epochs(learner, rollout, last)
    values = learner._values(data)
    for predicted in (values.joint, values.baselines, values.state):
        got = learner.normaliser.denormalise(predicted).reshape(20, 2, 4).numpy()
        assert np.corrcoef(got.ravel(), rollout.own.rewards.ravel())[0, 1] > 0.97


def test_values_are_normalised_only_if_wanted() -> None:
    for wanted in (True, False):
        learner, rollout, last = play(normalise_values=wanted)
        before = copy.deepcopy(learner.normaliser.state_dict())
        metrics = learner.update(rollout, last)
        moved = not all(
            tensor.equal(before[name]) for name, tensor in learner.normaliser.state_dict().items()
        )
        assert moved == wanted
        assert np.isfinite(list(metrics.values())).all()
    bare = Imappo(SPEC, 0, ImappoOptions(normalise_values=False), 1)
    returns = torch.tensor([500.0, -2.0])
    assert bare.normaliser.normalise(returns).equal(returns)


def test_entropy_of_one_head_can_be_weighed_by_itself() -> None:
    options = ImappoOptions(
        entropy_discrete=0.5, entropy_continuous=0.25, entropy_heads=("lane=0.02", "power = 0")
    )
    assert Imappo(SPEC, 0, options, 1).entropy_weights.tolist() == pytest.approx([0.5, 0.02, 0])
    rises = {}
    for head in ("mode", "lane"):
        learner, rollout, last = play(
            entropy_discrete=0.0, entropy_continuous=0.0, entropy_heads=(f"{head}=1",), target_kl=0.0
        )
        with torch.no_grad():
            learner.actor.get_parameter("outputs.linear.bias")[:5] += torch.tensor([1.0, 0, 0, 1, 0])
        data, advantages, targets = seen_by_the_epochs(copy.deepcopy(learner), rollout, last)
        before = learner.actor(data.observations, data.masks).entropy().mean((0, 1))
        learner._learn(data, torch.zeros_like(advantages), targets)  # the bonus alone moves the actor
        rises[head] = (learner.actor(data.observations, data.masks).entropy().mean((0, 1)) - before).tolist()
    assert rises["mode"][0] > max(0.002, 5 * abs(rises["mode"][1]))
    assert rises["lane"][1] > max(0.002, 5 * abs(rises["lane"][0]))


@pytest.mark.parametrize(
    ("entry", "complaint"),
    [
        ("servr=0.1", "no head 'servr'; the scenario's heads are mode, lane, power"),
        ("lane", "expected head=weight, weight 0 or more, got 'lane'"),
        ("lane=much", "expected head=weight"),
        ("lane=-1", "expected head=weight"),
        ("lane=nan", "expected head=weight"),
        ("lane=inf", "expected head=weight"),
    ],
)
def test_wrong_entropy_weights_are_refused(entry: str, complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        Imappo(SPEC, 0, ImappoOptions(entropy_heads=(entry,)), 1)


def test_bfloat16_changes_the_update_slightly_and_nothing_else() -> None:
    weights: dict[bool, Tensor] = {}
    first: dict[bool, list[Any]] = {}
    for half in (False, True):
        learner, rollout, last = play(bfloat16=half, target_kl=0.0, epochs=1, minibatches=1)
        data, advantages, _ = seen_by_the_epochs(copy.deepcopy(learner), rollout, last)
        assert data.log_probs.dtype == torch.float32
        first[half] = [data.log_probs, data.moments, advantages, learner._values(data).baselines]
        metrics = learner.update(rollout, last)
        assert np.isfinite(list(metrics.values())).all()
        assert metrics["kl"] < 1e-3  # the policy has not moved yet: what is left is rounding
        tensors = {**learner.actor.state_dict(), **learner.critic.state_dict()}.values()
        assert all(tensor.dtype in (torch.float32, torch.int64) for tensor in tensors)
        weights[half] = torch.cat([p.detach().flatten() for p in learner.critic.parameters()])
    for one, other in zip(first[False], first[True], strict=True):
        assert torch.equal(one, other)
    assert not torch.equal(weights[False], weights[True])
    torch.testing.assert_close(
        weights[False], weights[True], rtol=0, atol=3e-3
    )  # one step of Adam, 1e-3, either way


# --------------------------------------------------------------------------------------------------- actors per agent


def described(group: Group) -> Group:
    """Level and noise tell the gain of the lanes left and right."""
    features = tuple(
        dataclasses.replace(feature, describes=Describes(1, f - 2, "gain")) if f >= 2 else feature
        for f, feature in enumerate(group.features)
    )
    return dataclasses.replace(group, features=features)


def test_actors_side_by_side_equal_one_actor_after_another() -> None:
    group = described(SPEC.groups[0])
    heads = Heads(group)
    torch.manual_seed(0)
    together = Actor(group, heads, 16, 2, per_agent=True)
    assert set(together.outputs.scorers) == {
        "1"
    }  # lanes are described by features, so every kind of layer takes part
    observations, masks = torch.rand(5, 4, 4), torch.rand(5, 4, heads.choices) < 0.8
    whole = together(observations, masks)
    for i in range(4):
        one = Actor(group, heads, 16, 2)
        one.load_state_dict(
            {
                name: tensor if name.startswith("scaler") or name.endswith("index")
                else tensor[i].T if name.endswith("weight") else tensor[i, 0]
                for name, tensor in together.state_dict().items()
            }
        )  # fmt: skip
        alone = one(observations[:, i], masks[:, i])
        torch.testing.assert_close(alone.moments(), whole.moments()[:, i])
    asked = torch.rand(5, 4) < 0.5
    number = asked.flatten().nonzero().squeeze(-1)
    torch.testing.assert_close(together(observations, masks, number).moments(), whole.moments()[asked])
    torch.testing.assert_close(
        one(observations, masks, number).moments(), one(observations, masks).moments()[asked]
    )


def test_each_agent_moves_its_own_actor() -> None:
    learner, rollout, last = play(actors="per-agent")
    rollout.own.active[..., 2] = False  # agent 2 is never asked
    before = copy.deepcopy(learner.actor)
    learner.update(rollout, last)
    for old, new in zip(before.trunk.parameters(), learner.actor.trunk.parameters(), strict=True):
        still = (old == new).flatten(1).all(1)
        assert still.tolist() == [False, False, True, False]


def other_size(agents: int) -> Spec:
    names = tuple(f"b{i}" for i in range(agents))
    group = dataclasses.replace(SPEC.groups[0], agents=names)
    return dataclasses.replace(
        SPEC, groups=(group,), state=(dataclasses.replace(SPEC.state[0], rows=names), SPEC.state[1])
    )


def test_policies_of_one_s_own_are_bound_to_the_number_of_agents() -> None:
    shared, own = (Imappo(SPEC, 0, ImappoOptions(actors=kind), 1) for kind in ("shared", "per-agent"))
    Imappo(other_size(7), 0, shared.options, 2).load_policy(shared.learned.state_dict())
    with pytest.raises(ValueError, match=r"an actor for each of 4 agents, the scenario has 7; .*\"shared\""):
        Imappo(other_size(7), 0, own.options, 2).load_policy(own.learned.state_dict())
    same = Imappo(other_size(4), 0, own.options, 2)
    same.load_policy(own.learned.state_dict())
    assert all(tensor.equal(own.actor.state_dict()[name]) for name, tensor in same.actor.state_dict().items())


# ------------------------------------------------------------------------------------------------ what an agent knows


@pytest.mark.parametrize("actors", ["shared", "per-agent"])
@pytest.mark.parametrize("real_valued", ["beta", "tanh-normal", "clipped-gaussian"])
@pytest.mark.parametrize("greedy", [True, False])
@pytest.mark.parametrize("lanes_described", [False, True])
def test_an_agent_acts_on_its_own_observation_and_mask_alone(
    actors: Any, real_valued: Any, greedy: bool, lanes_described: bool
) -> None:
    """Whatever else changes, not one bit of its policy does, nor of what it chooses."""
    pool = ToyPool(num_envs=3, seed=5)
    group = described(pool.spec.groups[0]) if lanes_described else pool.spec.groups[0]
    assert bool(choice_features(group)) == lanes_described
    learner = Imappo(
        dataclasses.replace(pool.spec, groups=(group,)),
        0,
        ImappoOptions(actors=actors, real_valued=real_valued),
        seed=2,
    )
    learner.greedy = greedy
    with torch.no_grad():  # far from uniform, so that any leak shows
        for parameter in learner.actor.parameters():
            parameter.mul_(3)
    batch = pool.reset()
    before = learner.decide(batch, [np.random.default_rng(e) for e in range(3)])
    marginals = marginals_of(learner, batch)
    rng = np.random.default_rng(9)
    for i in range(4):
        seen = copy.deepcopy(batch.groups[0])
        others = np.arange(4) != i
        seen.observations[:, others] = rng.random((3, 3, 4)).astype(np.float32)
        seen.masks[:, others] = [1, 0, 1, 0, 1]
        seen.active[:, others] ^= True
        seen.rewards[:] = 77
        changed = dataclasses.replace(
            batch,
            groups=(seen,),
            state=tuple(rng.random(b.shape).astype(np.float32) for b in batch.state),
            metrics=batch.metrics + 1,
            tick=batch.tick + 3,
        )
        after = learner.decide(changed, [np.random.default_rng(e) for e in range(3)])
        now = marginals_of(learner, changed)
        assert torch.equal(now[:, i], marginals[:, i])
        assert (now[:, others] != marginals[:, others]).any()
        np.testing.assert_array_equal(after.actions.discrete[:, i], before.actions.discrete[:, i])
        if (
            greedy or real_valued != "beta"
        ):  # how many random numbers a draw of Beta takes depends on the draws before
            np.testing.assert_array_equal(after.continuous[:, i], before.continuous[:, i])
            np.testing.assert_array_equal(after.actions.continuous[:, i], before.actions.continuous[:, i])
        own = copy.deepcopy(batch.groups[0])  # and its own observation and mask do matter
        own.observations[:, i] += 0.3
        moved = marginals_of(learner, dataclasses.replace(batch, groups=(own,)))
        assert (moved[:, i] != marginals[:, i]).any()
