# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Several kinds of agents with a learner each: every algorithm, mixed ones, absent agents, runs and files."""

from __future__ import annotations

import copy
import dataclasses
import io
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from rich.console import Console
from toy_game import ToyPool
from two_kinds_game import TwoKindsPool, learn, two_kinds_environments, two_kinds_spec

from ns3marl.algorithms import registry
from ns3marl.algorithms.imappo import Imappo, ImappoOptions
from ns3marl.algorithms.ippo import Ippo
from ns3marl.algorithms.maddpg import Maddpg, MaddpgOptions
from ns3marl.config import load
from ns3marl.errors import CheckpointError, ConfigError
from ns3marl.evaluation.evaluate import evaluate
from ns3marl.rl.policy import action_generators
from ns3marl.rl.rollout import Rollout
from ns3marl.rl.team import Team
from ns3marl.training import checkpoint, metrics
from ns3marl.training.run import train

SPEC = two_kinds_spec()
QUICK: dict[str, Any] = {"rollout_ticks": 8, "epochs": 2, "minibatches": 2}
EARLY: dict[str, Any] = {"warmup_ticks": 16, "report_ticks": 8, "batch_size": 8}


def quick(name: str, **more: Any) -> Any:
    kind = registry.find(name).Options
    known = {field.name for field in dataclasses.fields(kind)}
    wanted = QUICK | EARLY | more
    return kind(**{option: value for option, value in wanted.items() if option in known})


def weights(team: Team) -> dict[str, torch.Tensor]:
    """All parameters, by group and name."""
    return {
        f"{g}/{part}/{name}": parameter.detach().clone()
        for g, learner in team.learners.items()
        for part, module in vars(learner).items()
        if isinstance(module, torch.nn.Module) and "target" not in part
        for name, parameter in module.named_parameters()
    }


# ---------------------------------------------------------------------------------------------------------- all learners


@pytest.mark.parametrize("name", list(registry.BUNDLED))
def test_every_learner_trains_every_kind(name: str) -> None:
    pool = TwoKindsPool(num_envs=2, seed=1, leaving=True, observer=True)
    team = registry.make(name, pool.spec, quick(name), 1)
    assert list(team.learners) == [0, 1]  # the observer has nothing to learn
    before = weights(team)
    rows = learn(team, pool, 96)
    after = weights(team)
    for group in "01":
        mine = [key for key in after if key.startswith(group)]
        assert any(not before[key].equal(after[key]) for key in mine)
    assert all(torch.isfinite(tensor).all() for tensor in after.values())
    for row in rows:
        assert {"reward_per_tick", "devices/reward_per_tick", "gateways/reward_per_tick"} <= row.keys()
        assert all(np.isfinite(value) for value in row.values())


def test_learners_of_any_kinds_go_together() -> None:
    """Off-policy beside on-policy, central beside decentralised; a learner that could have workers is its own."""
    for first, second in (("imappo", "iql"), ("maddpg", "ippo"), ("a3c", "maddpg"), ("dqn", "ppo")):
        pool = TwoKindsPool(num_envs=2, seed=1)
        names = {"devices": first, "gateways": second}
        team = registry.team(pool.spec, lambda group, n=names: (n[group], quick(n[group])), 1)  # type: ignore[misc]
        assert not team.asynchronous
        before = weights(team)
        learn(team, pool, 96)
        assert any(not before[key].equal(now) for key, now in weights(team).items())
    assert registry.make("a3c", SPEC, quick("a3c"), 1).asynchronous


def test_what_one_learner_draws_does_not_change_what_another_does() -> None:
    batch = TwoKindsPool(num_envs=3, seed=1).reset()

    def rngs() -> list[np.random.Generator]:
        return [np.random.default_rng(e) for e in range(3)]

    alike = registry.make("ippo", SPEC, quick("ippo"), 1)
    mixed = registry.team(
        SPEC,
        lambda group: (
            "ippo" if group == "gateways" else "maddpg",
            quick("ippo" if group == "gateways" else "maddpg"),
        ),
        1,
    )
    one, other = alike.act(batch, rngs())[1], mixed.act(batch, rngs())[1]
    np.testing.assert_array_equal(one.discrete, other.discrete)
    np.testing.assert_array_equal(one.continuous, other.continuous)


def test_a_single_group_needs_no_prefix() -> None:
    team = registry.make("ippo", ToyPool().spec, quick("ippo"), 1)
    pool = ToyPool(num_envs=2)
    batch, rows = pool.reset(), []
    for _ in range(8):
        batch = pool.step(team.explore(batch, action_generators(batch)))
        rows.append(team.learn(batch))
    assert rows[:-1] == [None] * 7
    assert rows[-1] is not None
    assert "kl/mode" in rows[-1]
    assert not any(name.startswith("players") for name in rows[-1])


def test_groups_without_actions_only_observe() -> None:
    nobody = tuple(
        dataclasses.replace(group, discrete_heads=(), continuous_heads=()) for group in SPEC.groups
    )
    with pytest.raises(ConfigError, match="declares no action heads in any group"):
        registry.make("ippo", dataclasses.replace(SPEC, groups=nobody), quick("ippo"), 1)


# --------------------------------------------------------------------------------------------------------- mathematics


def test_the_counterfactuals_of_two_kinds_are_those_of_the_joint_action() -> None:
    """In a whole update: A_i = G - V(s^-i), with the other kind's actions as they were taken."""
    pool = TwoKindsPool(num_envs=2, seed=1)
    team = registry.make("imappo", pool.spec, ImappoOptions(rollout_ticks=12, normalise_values=False), 1)
    seen: list[Any] = []
    for learner in team.learners.values():
        assert isinstance(learner, Imappo)
        before = copy.deepcopy(learner)

        def spy(data: Any, advantages: Any, targets: Any, before: Imappo = before) -> dict[str, float]:
            seen.append((before, data, advantages, targets))
            return {}

        learner._learn = spy  # type: ignore[method-assign]
    batch = pool.reset()
    for _ in range(12):
        batch = pool.step(team.explore(batch, action_generators(batch)))
        team.learn(batch)
    assert [learner.number for learner, *_ in seen] == [0, 1]
    for learner, data, advantages, targets in seen:
        encoded = [block.view(24, -1, block.shape[-1]) for block in data.encoded]
        marginal = data.moments.view(24, len(learner.group.agents), -1)
        wanted = torch.empty(advantages.shape, dtype=torch.float64)
        with torch.no_grad():
            for i in range(wanted.shape[1]):
                instead = [one.clone() for one in encoded]
                instead[learner.number][:, i] = marginal[:, i]
                wanted[:, i] = targets[:, 0] - learner.critic(data.seen, instead, marginal).joint
        chosen = wanted[data.active]
        wanted = (wanted - chosen.mean()) / chosen.std()
        torch.testing.assert_close(advantages[data.active].double(), wanted[data.active], rtol=0, atol=1e-4)
        # What other kinds did is read as it was taken, real-valued heads on the unit interval.
        others = [g for g in (0, 1) if g != learner.number]
        for g in others:
            discrete, unit = data.taken[g]
            assert ((unit >= 0) & (unit <= 1)).all()
            assert encoded[g].equal(learner.all_heads[g].encode(discrete, unit))


def test_rewards_are_shared_by_all_by_the_group_or_by_nobody() -> None:
    pool = TwoKindsPool(num_envs=1, seed=1)
    rollout = Rollout(pool.spec, 1, 4, 1)
    devices, gateways = rollout.record.groups
    devices.present[:] = gateways.present[:] = True
    devices.rewards[:] = [1.0, 2.0, 6.0]
    gateways.rewards[:] = [10.0, 31.0]
    assert rollout.rewards("team").tolist() == [[[10.0]]] * 4
    assert rollout.rewards("group").tolist() == [[[20.5]]] * 4
    assert rollout.rewards("agent").tolist() == [[[10.0, 31.0]]] * 4
    devices.present[:, :, 2] = False
    devices.rewards[:, :, 2] = 0.0
    assert rollout.rewards("team").tolist() == [[[11.0]]] * 4


@pytest.mark.parametrize("name", ["imappo", "ippo", "iql", "maddpg"])
def test_what_an_absent_agent_seems_to_see_changes_nothing(name: str) -> None:
    """Rewards, values, gradients: two trainings that differ in the rows of absent agents alone stay equal."""

    class Spoiled(TwoKindsPool):
        noise = 0.0

        def _batch(self, *arguments: Any) -> Any:
            batch = super()._batch(*arguments)
            group = batch.groups[0]
            group.observations[~group.present] = self.noise
            return batch

    trained = []
    for noise in (0.0, 1.0):
        pool = Spoiled(num_envs=2, seed=1, leaving=True)
        pool.noise = noise
        more = {"reward": "agent"} if name in ("imappo", "ippo") else {}
        team = registry.make(name, pool.spec, quick(name, **more), 1)
        learn(team, pool, 120)
        trained.append(weights(team))
    for key, tensor in trained[0].items():
        torch.testing.assert_close(tensor, trained[1][key], rtol=0, atol=1e-6, msg=key)


def test_maddpgs_targets_are_of_what_the_other_kind_would_do_now() -> None:
    pool = TwoKindsPool(num_envs=2, seed=1)
    names = {"devices": "maddpg", "gateways": "ippo"}
    team = registry.team(pool.spec, lambda group: (names[group], quick(names[group])), 1)
    learn(team, pool, 12)
    learner, other = team.learners[0], team.learners[1]
    assert isinstance(learner, Maddpg)
    assert isinstance(other, Ippo)
    assert learner.memory.replay is not None
    after = learner.memory.replay.sample(2000, np.random.default_rng(0)).after
    with torch.no_grad():
        other.actor.get_parameter("outputs.linear.bias")[:3] += torch.tensor(
            [0.0, 9.0, 0.0]
        )  # it changes its mind
        encoded = learner._others_now(after)[1].encoded
        seen = after.groups[1]
        policy = other.actor(seen.observations, seen.masks)
    assert encoded.shape == (int(seen.active.sum()), learner.all_heads[1].encoded)
    np.testing.assert_allclose(encoded.mean(0), policy.moments()[seen.active].mean(0), atol=0.03)
    assert encoded[:, 1].mean() > 0.99


# ------------------------------------------------------------------------------------------------------- runs and files

SETTINGS = [
    "pool.num_envs=2",
    "training.ticks=120",
    "training.tensorboard=false",
    "training.checkpoint_every=1",
    "evaluation.episodes=2",
    "evaluation.bootstrap=100",
    "imappo.rollout_ticks=10",
    "iql.warmup_ticks=20",
    "iql.report_ticks=15",
    "iql.batch_size=8",
    "groups.gateways.algorithm=iql",
    "groups.gateways.levels=3",
]


def run(
    settings: list[str], folder: Path, *, resume: bool = False, make_pool: Any = two_kinds_environments
) -> Any:
    quiet = Console(file=io.StringIO())
    train(load(None, settings), folder, resume=resume, console=quiet, make_pool=make_pool)
    return checkpoint.load(folder)


def same(one: Any, other: Any) -> bool:
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, torch.Tensor):
        return one.equal(other)
    return bool(one == other)


def test_mixed_teams_are_trained_resumed_and_evaluated(tmp_path: Path) -> None:
    whole = run(SETTINGS, tmp_path / "whole")
    run([*SETTINGS, "training.ticks=50"], tmp_path / "parts")
    parts = run(SETTINGS, tmp_path / "parts", resume=True)
    assert same(whole.team, parts.team)
    assert whole.algorithm == "imappo+iql"
    assert whole.learners["gateways"].options["levels"] == 3
    rows = metrics.read(tmp_path / "whole")
    assert {"reward_per_tick", "episode/score"} <= rows[-1].keys()
    assert any("devices/kl/lane" in row for row in rows)
    assert any("gateways/td_loss" in row for row in rows)
    path = evaluate(
        load(None, SETTINGS),
        [str(tmp_path / "whole")],
        tmp_path / "evaluation",
        console=Console(file=io.StringIO()),
        make_pool=two_kinds_environments,
    )
    (played,) = json.loads(path.read_text())["policies"]
    assert played["name"] == "imappo+iql"
    assert played["notes"] == "gateways: tilt 3 levels"
    with pytest.raises(CheckpointError, match="groups devices, gateways became players"):
        whole.policy(ToyPool().spec)


def test_a_new_training_starts_from_what_each_group_has_learned(tmp_path: Path) -> None:
    source = run(SETTINGS, tmp_path / "source")
    started = [*SETTINGS, f"training.start_from={tmp_path / 'source'}", "training.seed=2"]
    team = registry.team(two_kinds_spec(10), load(None, started).learner_of, 2)
    source.begin(team, load(None, started))
    assert same(
        team.state_dict()["groups"]["devices"]["learned"], source.team["groups"]["devices"]["learned"]
    )
    assert team.state_dict()["groups"]["gateways"]["running"]["memory"]["replay"] is None
    assert run(started, tmp_path / "started").progress.ticks == 120
    other = [setting for setting in started if not setting.startswith("groups.")]
    with pytest.raises(
        CheckpointError, match="group 'gateways' was trained by iql, this training uses imappo"
    ):
        run(other, tmp_path / "other")


OWN = '''
"""Learns how often each choice paid: a learner of a few lines, in one file."""

from dataclasses import dataclass

import numpy as np

from ns3marl.options import Fraction
from ns3marl.rl.learner import acting_group
from ns3marl.rl.policy import fill_inactive
from ns3marl.rl.state import GeneratorState, Parts


@dataclass(frozen=True)
class Options:
    """A bandit that forgets."""

    epsilon: Fraction = 0.2
    """Probability of a random choice."""


class Table:
    def __init__(self, choices):
        self.values, self.ticks = [0.0] * choices, 0

    def state_dict(self):
        return {"values": list(self.values), "ticks": self.ticks}

    def load_state_dict(self, state):
        self.values, self.ticks = list(state["values"]), state["ticks"]


class Bandit:
    Options = Options
    central_execution = False

    def __init__(self, spec, group, options, seed):
        self.options, self.number, self.group = options, group, acting_group(spec, group)
        self.table, self.rng, self.greedy = Table(self.group.choice_counts[0]), np.random.default_rng(seed), False
        self.learned, self.running = Parts(table=self.table), Parts(rng=GeneratorState(self.rng))

    def act(self, batch, rngs, epsilon=0.0):
        active = batch.groups[self.number].active
        best = int(np.argmax(self.table.values))
        explores = np.stack([rng.random(active.shape[1]) for rng in rngs]) < epsilon
        random = np.stack([rng.integers(len(self.table.values), size=active.shape[1]) for rng in rngs])
        discrete = np.zeros((*active.shape, len(self.group.discrete_heads)), np.int32)
        discrete[..., 0] = np.where(explores, random, best)
        continuous = np.broadcast_to(self.group.default_continuous, (*active.shape, len(self.group.continuous_heads)))
        return fill_inactive(self.group, active, discrete, continuous)

    def explore(self, batch, rngs):
        return self.act(batch, rngs, self.options.epsilon)

    def learn(self, joint, outcome):
        reward = float(outcome.groups[self.number].rewards.mean())
        for choice in joint[self.number].discrete[..., 0].ravel():
            self.table.values[choice] += 0.05 * (reward - self.table.values[choice])
        self.table.ticks += 1
        return {"reward_per_tick": reward} if self.table.ticks % 10 == 0 else None

    def load_policy(self, learned):
        self.learned.load_state_dict(learned)
'''


def test_a_learner_of_another_package_is_one_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files touched: one. It is configured, trained, checkpointed, resumed, evaluated, and mixed with bundled ones."""
    (tmp_path / "bandits.py").write_text(OWN)
    monkeypatch.syspath_prepend(tmp_path)
    name = "bandits:Bandit"
    common = [
        "pool.num_envs=2",
        "training.tensorboard=false",
        "training.checkpoint_every=1",
        "evaluation.episodes=2",
        "evaluation.bootstrap=100",
        f"training.algorithm={name}",
        f"{name}.epsilon=0.3",
    ]
    with pytest.raises(ConfigError, match=r"unknown option bandits:Bandit.epsilo \(did you mean epsilon\?\)"):
        load(None, [*common, f"{name}.epsilo=0.3"])
    with pytest.raises(ConfigError, match=r"bandits:Bandit\.epsilon: expected a number from 0 to 1, got 3"):
        load(None, [*common, f"{name}.epsilon=3"])
    whole = run([*common, "training.ticks=80"], tmp_path / "whole")
    run([*common, "training.ticks=30"], tmp_path / "parts")
    parts = run([*common, "training.ticks=80"], tmp_path / "parts", resume=True)
    assert same(whole.team, parts.team)
    assert whole.learners["devices"].options == {"epsilon": 0.3}
    assert load(tmp_path / "whole" / "config.toml").options(name).epsilon == 0.3
    path = evaluate(
        load(None, common),
        [str(tmp_path / "whole")],
        tmp_path / "evaluation",
        console=Console(file=io.StringIO()),
        make_pool=two_kinds_environments,
    )
    assert json.loads(path.read_text())["policies"][0]["name"] == name
    mixed = ["training.algorithm=ippo", f"groups.gateways.algorithm={name}", "groups.gateways.epsilon=0.5"]
    settings = [*common[:5], *mixed, "ippo.rollout_ticks=10", "training.ticks=60"]
    assert run(settings, tmp_path / "mixed").algorithm == f"ippo+{name}"
    sys.modules.pop("bandits")
    monkeypatch.setattr(sys, "path", [entry for entry in sys.path if entry != str(tmp_path)])
    with pytest.raises(ConfigError, match="learner 'bandits:Bandit' cannot be imported"):
        whole.policy(SPEC)


def test_packages_offer_learners_by_entry_points(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bandits.py").write_text(OWN)
    folder = tmp_path / "bandits-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: bandits\nVersion: 1.0\n")
    (folder / "entry_points.txt").write_text("[ns3marl.learners]\nbandit = bandits:Bandit\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert registry.names()[-1] == "bandit"
    config = load(None, ["training.algorithm=bandit", "bandit.epsilon=0.1"])
    assert config.options("bandit").epsilon == 0.1
    assert type(registry.team(ToyPool().spec, config.learner_of, 1).learners[0]).__name__ == "Bandit"
    sys.modules.pop("bandits")


def test_options_of_a_group_are_its_own() -> None:
    config = load(None, ["training.algorithm=maddpg", "groups.gateways.actor_width=16"])
    team = registry.team(SPEC, config.learner_of, 1)
    assert [learner.options for learner in team.learners.values()] == [  # type: ignore[attr-defined]
        MaddpgOptions(),
        MaddpgOptions(actor_width=16),
    ]
