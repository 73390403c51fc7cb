# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Branching DQN, independent Q-learning and MADDPG: targets by hand, masks, who learns from what, resuming."""

from __future__ import annotations

import dataclasses
import io
import json
import os
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from joint_inputs import fewer_agents
from rich.console import Console
from slot_game import slot_spec
from torch import Tensor
from toy_game import ToyPool, toy_environments, toy_spec
from two_kinds_game import two_kinds_spec

from ns3marl.algorithms import registry
from ns3marl.algorithms.dqn import Dqn, DqnOptions
from ns3marl.algorithms.iql import IndependentNetworks, Iql, IqlOptions
from ns3marl.algorithms.maddpg import Actors, Maddpg, MaddpgOptions, gumbel_softmax
from ns3marl.config import Config, load
from ns3marl.errors import ConfigError
from ns3marl.evaluation.evaluate import evaluate
from ns3marl.reporting.report import label
from ns3marl.rl.hybrid import Heads
from ns3marl.rl.pooled import Acts, Read
from ns3marl.rl.replay import Transitions
from ns3marl.rl.seen import GroupSeen, Seen
from ns3marl.training import checkpoint, metrics
from ns3marl.training.run import train
from ns3marl.types import Actions, Batch, DiscreteHead, Feature, Group, Spec

OPTIONS = {"dqn": DqnOptions(), "iql": IqlOptions(), "maddpg": MaddpgOptions()}
ALGORITHMS = tuple(OPTIONS)
PAIR = Spec(
    "pair",
    1,
    4,
    groups=(Group("g", ("a", "b"), (Feature("x", "1", 0, 1),), (DiscreteHead("d", ("0", "1", "2")),)),),
)


def transitions(
    *,
    active: Sequence[bool] = (True, True),
    forbidden: Sequence[tuple[int, int]] = (),
    terminated: bool = False,
    rewards: Sequence[float] = (2.0, 4.0),
) -> Transitions:
    """One transition of the pair."""
    masks = torch.ones(1, 2, 3, dtype=torch.bool)
    for agent, choice in forbidden:
        masks[0, agent, choice] = False
    everyone = torch.ones(1, 2, dtype=torch.bool)
    free = torch.ones(1, 2, 3, dtype=torch.bool)
    after = Seen((GroupSeen(torch.zeros(1, 2, 1), everyone, torch.tensor([active]), masks),), [])
    before = Seen((GroupSeen(torch.zeros(1, 2, 1), everyone, everyone.clone(), free),), [])
    return Transitions(
        before=before,
        discrete=(torch.zeros(1, 2, 1, dtype=torch.int64),),
        unit=(torch.zeros(1, 2, 0),),
        rewards=(torch.tensor([rewards]),),
        elapsed=torch.ones(1),
        terminated=torch.tensor([terminated]),
        after=after,
    )


PLAIN = {"mean": 0.0, "std": 1.0}  # rewards as they are
CHOSEN = torch.tensor([[[5.0, 1, 0], [0, 9, 0]]])  # says which choices are best: 0 and 1
VALUED = torch.tensor([[[0.0, 2, 4], [0, 0, 6]]])  # says what they are worth


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        ({}, 3 + 0.5 * (-1 - 1) / 2),  # Q^- is 1 + (-2, 0, 2) and 1 + (-2, -2, 4)
        ({"forbidden": [(0, 0)]}, 3 + 0.5 * (0 - 1) / 2),  # agent a: choice 1, and 1 + (-1, 1)
        ({"active": (False, True)}, 3 + 0.5 * -1),
        ({"active": (False, False)}, 3 + 0.5 * 1),  # V^-
        ({"terminated": True}, 3),
    ],
)
def test_targets_of_branching_dqn(
    change: dict[str, Any], wanted: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    learner = Dqn(PAIR, 0, DqnOptions(discount=0.5), 1)
    learner.scale.load_state_dict(PLAIN)
    for network, value, advantages in ((learner.network, 77.0, CHOSEN), (learner.target, 1.0, VALUED)):

        def forward(
            seen: Seen, *, active_only: bool, value: float = value, advantages: Tensor = advantages
        ) -> tuple[Tensor, Tensor]:
            assert active_only
            return torch.tensor([value]), advantages[seen.groups[0].active]

        monkeypatch.setattr(network, "forward", forward)
    assert learner.targets(transitions(**change)).tolist() == [pytest.approx(wanted)]


@pytest.mark.parametrize(
    ("change", "reward", "wanted"),
    [
        ({}, "team", [3 + 0.5 * -1, 3 + 0.5 * 8]),  # Q^- is 1 + (-2, 0, 2) and 10 + (-2, -2, 4)
        ({}, "agent", [2 + 0.5 * -1, 4 + 0.5 * 8]),
        ({"forbidden": [(0, 0)]}, "team", [3 + 0.5 * 0, 3 + 0.5 * 8]),
        ({"active": (False, True)}, "team", [3 + 0.5 * 1, 3 + 0.5 * 8]),
        ({"terminated": True}, "agent", [2, 4]),
    ],
)
def test_targets_of_independent_learners(
    change: dict[str, Any], reward: Any, wanted: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    learner = Iql(PAIR, 0, IqlOptions(discount=0.5, reward=reward), 1)
    for scale in learner.scales:
        scale.load_state_dict(PLAIN)
    monkeypatch.setattr(learner.networks, "forward", lambda *_: (torch.tensor([[77.0, 78.0]]), CHOSEN))
    monkeypatch.setattr(learner.target, "forward", lambda *_: (torch.tensor([[1.0, 10.0]]), VALUED))
    assert learner.targets(transitions(**change))[0].tolist() == pytest.approx(wanted)


@pytest.mark.parametrize(("terminated", "wanted"), [(False, 3 + 0.5 * 21), (True, 3)])
def test_targets_of_maddpg(terminated: bool, wanted: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """The target critic is asked for the actions of the target actors, and its Q of the joint action is taken."""
    learner = Maddpg(PAIR, 0, MaddpgOptions(discount=0.5), 1)
    learner.scale.load_state_dict(PLAIN)
    sure = torch.tensor([[0.0, 99, 0], [0, 0, 99]])
    monkeypatch.setattr(learner.target_actors, "forward", lambda *_: (sure, torch.zeros(2, 0)))

    def critic(_read: Read, acts: list[Acts]) -> Tensor:
        assert acts[0].acting.tolist() == [0, 1]
        code = (acts[0].encoded * torch.arange(3)).sum(-1)  # the choices: 1 and 2
        return (code @ torch.tensor([1.0, 10.0]))[None]

    monkeypatch.setattr(learner.target_critic, "joint", critic)
    assert learner.targets(transitions(terminated=terminated)).tolist() == [pytest.approx(wanted)]


def test_only_what_was_chosen_by_those_asked_is_regressed() -> None:
    """The advantage layer's gradient reaches the rows of chosen choices through their own branch alone."""
    learner = Dqn(PAIR, 0, DqnOptions(discount=0.5), 1)
    learner.scale.load_state_dict(PLAIN)
    data = transitions()
    data.before.groups[0].active[:] = False
    weight = learner.network.get_parameter("advantages.outputs.linear.weight")
    before = weight.clone()
    learner.update(data)
    assert weight.equal(before)  # nobody was asked: only V learns
    data.before.groups[0].active[0, 0] = True
    learner.update(data)
    assert not weight.equal(before)


# ---------------------------------------------------------------------------------------------------------- independence


def toy_transitions(seed: int, count: int = 32) -> Transitions:
    pool, rng = ToyPool(seed=seed, num_envs=4), np.random.default_rng(seed)
    learner = Iql(pool.spec, 0, IqlOptions(report_ticks=10**6), 1)
    batch = pool.reset()
    for _ in range(40):
        joint = [learner.explore(batch, [np.random.default_rng(rng.integers(2**32)) for _ in range(4)])]
        batch = pool.step(joint)
        learner.learn(joint, batch)
    assert learner.memory.replay is not None
    return learner.memory.replay.sample(count, rng)


def test_an_independent_learner_learns_from_its_own_experience_alone() -> None:
    data = toy_transitions(1)
    changed = toy_transitions(1)
    for seen in (changed.before, changed.after):
        seen.groups[0].observations[:, 1:] = 1 - seen.groups[0].observations[:, 1:]
    changed.rewards[0][:, 1:] += 50  # so much that a common gradient norm would be clipped
    changed.discrete[0][:, 1:, 1] = 1 - changed.discrete[0][:, 1:, 1]
    learners = [Iql(toy_spec(), 0, IqlOptions(reward="agent", target_steps=2), 7) for _ in range(2)]
    for learner, own in zip(learners, (data, changed), strict=True):
        learner.measure_rewards(own.rewards[0].numpy())
        for _ in range(3):
            learner.update(own)
    one, other = (learner.networks.state_dict() for learner in learners)
    weights = [name for name in one if not name.startswith("scaler")]
    assert len(weights) == 8
    for name in weights:
        assert one[name][0].equal(other[name][0]), name
        assert not one[name][1].equal(other[name][1]), name


def test_each_agent_scores_choices_with_weights_of_its_own() -> None:
    group = slot_spec().groups[0]
    networks = IndependentNetworks(group, 8, 16)
    observations, active = torch.rand(3, 2, 9), torch.ones(3, 2, dtype=torch.bool)
    masks = torch.rand(3, 2, 8) < 0.5
    _, advantages = networks(observations, active, masks)
    weight = networks.get_parameter("advantages.scorers.0.weigh.weight")
    (gradient,) = torch.autograd.grad(advantages[:, 1].square().sum(), weight)
    assert gradient[0].abs().sum() == 0
    assert gradient[1].abs().sum() > 0
    changed = observations.clone()
    changed[:, 0] = 1 - changed[:, 0]
    _, after = networks(changed, active, masks)
    assert after[:, 1].equal(advantages[:, 1])
    assert not after[:, 0].equal(advantages[:, 0])


def test_maddpg_credits_an_agent_for_its_own_action_alone() -> None:
    learner = Maddpg(toy_spec(), 0, MaddpgOptions(), 1)
    data = toy_transitions(2, 8)
    seen = data.before
    encoded = learner.heads.encode(data.discrete[0][..., :2], torch.rand(8, 4, 1)).flatten(0, 1)
    own = torch.rand(32, learner.heads.encoded, requires_grad=True)
    q = learner.critic.replaced(learner.critic.read(seen), [Acts(torch.arange(32), encoded)], own)
    (gradient,) = torch.autograd.grad(q.view(8, 4)[:, 2].sum(), own)
    gradient = gradient.view(8, 4, -1)
    assert gradient[:, 2].abs().sum() > 0
    assert gradient[:, [0, 1, 3]].abs().sum() == 0


@pytest.mark.parametrize("copies", [1, 4])
def test_actors_of_some_agents_say_what_they_say_among_all(copies: int) -> None:
    group = toy_spec().groups[0]
    actors = Actors(group, Heads(group), copies, 16)
    observations, masks = torch.rand(3, 4, len(group.features)), torch.ones(3, 4, 5, dtype=torch.bool)
    acting = torch.tensor([0, 3, 5, 10])
    everybody, some = actors(observations, masks), actors(observations, masks, acting)
    for all_outputs, outputs in zip(everybody, some, strict=True):
        torch.testing.assert_close(outputs, all_outputs.flatten(0, 1)[acting])


def test_the_actors_step_leaves_the_critic_as_it_is() -> None:
    learner, data = Maddpg(toy_spec(), 0, MaddpgOptions(), 1), toy_transitions(2, 8)
    data = dataclasses.replace(data, discrete=(data.discrete[0][..., :2],), unit=(torch.rand(8, 4, 1),))
    acts = [learner._acts(0, data.before, data.discrete[0], data.unit[0])]
    before = [parameter.clone() for parameter in learner.actors.parameters()]
    learner._actor_step(data.before.groups[0], learner.critic.read(data.before), acts)
    assert all(parameter.grad is None for parameter in learner.critic.parameters())
    assert not all(map(torch.equal, before, learner.actors.parameters()))


@pytest.mark.parametrize(("agents", "batch"), [(2, 64), (10, 64), (50, 12), (1000, 1)])
def test_a_step_takes_fewer_transitions_where_there_are_many_agents(agents: int, batch: int) -> None:
    group = dataclasses.replace(PAIR.groups[0], agents=tuple(map(str, range(agents))))
    learner = Dqn(dataclasses.replace(PAIR, groups=(group,)), 0, DqnOptions(), 1)
    assert learner.memory.batch == batch


# ----------------------------------------------------------------------------------------------------------------- masks


@pytest.mark.parametrize("name", ALGORITHMS)
@pytest.mark.parametrize("progress", ["random", "trained"])
def test_nothing_forbidden_is_done(name: str, progress: str) -> None:
    rng = np.random.default_rng(3)
    team: Any = registry.make(name, toy_spec(), OPTIONS[name], 1)
    learner = team.learners[0]
    learner.memory.progress.ticks = 0 if progress == "random" else 10**6
    batch = ToyPool(seed=1, num_envs=64).reset()
    group = batch.groups[0]
    for _ in range(10):
        masks = rng.random(group.masks.shape) < 0.5
        masks[..., 0] |= ~masks[..., :3].any(-1)
        masks[..., 3] |= ~masks[..., 3:].any(-1)
        masks[~group.active] = False
        group.masks = masks
        rngs = [np.random.default_rng(rng.integers(2**32)) for _ in range(64)]
        for actions in (learner.explore(batch, rngs), learner.act(batch, rngs)):
            asked = group.active
            for d, offset in enumerate((0, 3)):
                index = offset + actions.discrete[..., d]
                assert np.take_along_axis(masks, index[..., None], -1)[..., 0][asked].all()
            assert (actions.discrete[~asked] == 0).all()
            assert (actions.continuous[~asked] == 10).all()
            assert ((actions.continuous >= 0) & (actions.continuous <= 30)).all()


def test_gumbel_softmax_samples_the_softmax_and_pulls_on_the_allowed() -> None:
    heads = Heads(toy_spec().groups[0])
    mask = torch.tensor([1, 1, 0, 0, 1], dtype=torch.bool).expand(20_000, 5)
    logits = torch.tensor([0.0, 1.0, 5.0, 3.0, 0.0]).repeat(20_000, 1).requires_grad_()
    noise = torch.from_numpy(np.random.default_rng(0).gumbel(size=(20_000, 5)).astype(np.float32))
    sample = gumbel_softmax(heads, logits, mask, noise, 0.7)
    assert sample.detach().sum(0)[[2, 3]].abs().max() < 1e-3
    assert torch.allclose(sample.detach().round(), sample.detach(), atol=1e-6)
    assert float(sample[:, 1].detach().mean()) == pytest.approx(np.e / (1 + np.e), abs=0.01)
    (gradient,) = torch.autograd.grad((sample * torch.tensor([1.0, 2, 3, 4, 5])).sum(), logits)
    assert gradient[:, :2].abs().mean() > 0.01
    assert gradient[:, 2].abs().max() == 0
    assert gradient[:, 3:].abs().max() == 0  # one choice left: nothing to pull
    relaxed = torch.softmax((logits + noise)[:, :2] / 0.7, -1)  # the gradient is that of the relaxation
    (wanted,) = torch.autograd.grad((relaxed * torch.tensor([1.0, 2])).sum(), logits)
    assert torch.allclose(gradient[:, :2], wanted[:, :2], atol=1e-6)


# -------------------------------------------------------------------------------------------------------- runs and files

SETTINGS = [
    "pool.num_envs=4",
    "training.ticks=320",
    "training.tensorboard=false",
    "training.checkpoint_every=1",
]


def config(name: str, *settings: str) -> Config:
    changes = {"warmup_ticks": 60, "report_ticks": 20, "replay_ticks": 200, "batch_size": 16}
    if name != "maddpg":
        changes |= {"target_steps": 7}
    own = [f"{name}.{option}={value}" for option, value in changes.items()]
    return load(None, [f"training.algorithm={name}", *SETTINGS, *own, *settings])


class StoppingPool(ToyPool):
    """Sends this process an interrupt in the middle of its 35th step."""

    steps = 0

    def step(self, actions: Sequence[Actions]) -> Batch:
        self.steps += 1
        if self.steps == 35:
            os.kill(os.getpid(), signal.SIGINT)
        return super().step(actions)


def run(
    options: Config, folder: Path, pool: type[ToyPool] = ToyPool, *, resume: bool = False
) -> dict[str, Any]:
    def make(_: Config, seed: int, num_envs: int, first_run: int) -> ToyPool:
        return pool(num_envs=num_envs, seed=seed, first_run=first_run, ticks=10)

    train(options, folder, resume=resume, console=Console(file=io.StringIO()), make_pool=make)
    return checkpoint.load(folder).team


def same(one: Any, other: Any) -> bool:
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, Tensor):
        return one.equal(other)
    return bool(one == other)


@pytest.mark.parametrize("name", ALGORITHMS)
def test_an_interrupted_run_goes_on_bit_for_bit(name: str, tmp_path: Path) -> None:
    whole = run(config(name), tmp_path / "whole")
    run(config(name), tmp_path / "parts", StoppingPool)
    assert checkpoint.load(tmp_path / "parts").progress.ticks == 140  # between two reports
    assert same(whole, run(config(name), tmp_path / "parts", resume=True))
    curves = [metrics.read(tmp_path / folder) for folder in ("whole", "parts")]
    timed = ("wall_s", "ticks_per_s")
    bare = [
        [
            {k: v for k, v in row.items() if k not in timed and not k.startswith(("time/", "cores/"))}
            for row in rows
        ]
        for rows in curves
    ]
    assert bare[0] == bare[1]
    assert [row["ticks"] for row in bare[0]] == [80, 160, 240, 320]
    assert bare[0][-1]["td_loss"] > 0
    assert not same(whole, run(config(name, "training.seed=2"), tmp_path / "other"))


def for_agents(count: int) -> Spec:
    """The toy with some of its agents."""
    spec = toy_spec()
    group = dataclasses.replace(spec.groups[0], agents=spec.groups[0].agents[:count])
    own = dataclasses.replace(spec.state[0], rows=group.agents)
    return dataclasses.replace(spec, groups=(group,), state=(own, spec.state[1]))


@pytest.mark.parametrize("name", ALGORITHMS)
def test_policies_for_another_number_of_agents(name: str) -> None:
    source = registry.make(name, toy_spec(), OPTIONS[name], 1)
    target = registry.make(name, for_agents(2), OPTIONS[name], 2)
    if name == "iql":
        with pytest.raises(ValueError, match="trained for 4 agents and cannot act for 2"):
            target.load_policy(source.state_dict())
        return
    target.load_policy(source.state_dict())
    batch = ToyPool(num_envs=1, seed=1).reset()
    group = batch.groups[0]
    fewer = dataclasses.replace(
        batch,
        groups=(fewer_agents(group, 2),),
        state=(batch.state[0][:, :2], batch.state[1]),
    )
    assert target.act(fewer, [np.random.default_rng(0)])[0].discrete.shape == (1, 2, 2)


def test_own_actors_do_not_act_for_others() -> None:
    options = MaddpgOptions(actors="per-agent")
    source, target = Maddpg(toy_spec(), 0, options, 1), Maddpg(for_agents(2), 0, options, 1)
    with pytest.raises(ValueError, match="4 actors were trained and 2 are needed"):
        target.load_policy(source.learned.state_dict())


@pytest.mark.parametrize("name", ALGORITHMS)
def test_what_cannot_be_learned_is_refused(name: str) -> None:
    spec = toy_spec()
    group = spec.groups[0]
    idle = dataclasses.replace(group, discrete_heads=(), continuous_heads=())
    with pytest.raises(ConfigError, match="nothing to learn"):
        registry.make(name, dataclasses.replace(spec, groups=(idle,)), OPTIONS[name], 1)
    with pytest.raises(RuntimeError, match="without explore"):
        registry.make(name, spec, OPTIONS[name], 1).learn(ToyPool(seed=1).reset())
    with pytest.raises(RuntimeError, match="without explore"):
        registry.find(name)(spec, 0, OPTIONS[name], 1).learn([], ToyPool(seed=1).reset())


@pytest.mark.parametrize(
    ("name", "said"), [("dqn", "dqn (power 7 levels)"), ("iql", "iql (power 7 levels)"), ("maddpg", "maddpg")]
)
def test_results_say_how_actions_were_cut(name: str, said: str, tmp_path: Path) -> None:
    options = config(name, *([] if name == "maddpg" else [f"{name}.levels=7"]), "evaluation.episodes=2")
    run(options, tmp_path / "run")
    path = evaluate(
        options,
        [str(tmp_path / "run")],
        tmp_path / "evaluation",
        console=Console(file=io.StringIO()),
        make_pool=toy_environments,
    )
    (played,) = json.loads(path.read_text())["policies"]
    assert label({**played, "name": name}) == said


def test_levels_are_said() -> None:
    assert Dqn(toy_spec(), 0, DqnOptions(levels=7), 1).notes == "power 7 levels"
    assert Iql(toy_spec(), 0, IqlOptions(), 1).notes == "power 5 levels"
    assert registry.make("maddpg", toy_spec(), MaddpgOptions(), 1).notes == ""
    assert registry.make("iql", two_kinds_spec(), IqlOptions(), 1).notes == "gateways: tilt 5 levels"
