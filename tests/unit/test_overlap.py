# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Training in which simulators and learner do not wait for each other: the same weights whoever is quicker."""

from __future__ import annotations

import io
import itertools
import math
import os
import signal
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import pytest
import torch
from rich.console import Console
from toy_game import ToyPool
from two_kinds_game import TwoKindsPool

from ns3marl.algorithms import registry
from ns3marl.algorithms.imappo import Imappo
from ns3marl.algorithms.ippo import Ippo
from ns3marl.config import Config, load
from ns3marl.games.team import TeamPool
from ns3marl.rl.on_policy import OnPolicyMemory
from ns3marl.rl.policy import action_generators
from ns3marl.rl.ppo import MAX_IMPORTANCE, importance
from ns3marl.rl.rollout import Rollout
from ns3marl.training import checkpoint, metrics
from ns3marl.training.run import train
from ns3marl.types import Actions, Batch, Int64, Timing, joined

ENVS, EPISODE = 4, 10
OVERLAPPING = [name for name in registry.BUNDLED if getattr(registry.find(name), "overlapping", False)]


class Uneven:
    """Games that are ready when chance says so; each environment is a pool of its own."""

    def __init__(self, chance: int, games: Sequence[TeamPool]) -> None:
        self.games, self.spec, self.hello = games, games[0].spec, games[0].hello
        self.num_envs, self.timing = len(games), Timing()
        self._chance = np.random.default_rng(chance)
        self._coming: dict[int, Batch] = {}
        self.order: list[int] = []  #: the first environment of each part, as they became ready

    def _together(self, batches: list[Batch]) -> Batch:
        batch = joined(batches)
        batch.env_id = np.arange(self.num_envs)
        return batch

    def reset(self) -> Batch:
        return self._together([game.reset() for game in self.games])

    def step(self, actions: Sequence[Actions]) -> Batch:
        self.send(np.arange(self.num_envs), actions)
        return self.recv_part([np.arange(self.num_envs)])

    def send(self, env_id: Int64, actions: Sequence[Actions]) -> None:
        self.timing.ticks += len(env_id)
        for row, env in enumerate(env_id.tolist()):
            assert env not in self._coming, "an environment was answered twice"
            own = [
                Actions(group.discrete[row : row + 1], group.continuous[row : row + 1]) for group in actions
            ]
            self._coming[env] = self.games[env].step(own)

    def recv_part(self, parts: Sequence[Int64]) -> Batch:
        ready = [part.tolist() for part in parts if all(env in self._coming for env in part.tolist())]
        part = ready[self._chance.integers(len(ready))]
        self.order.append(part[0])
        time.sleep(0.001 * self._chance.random())
        batch = joined([self._coming.pop(env) for env in part])
        batch.env_id = np.array(part)
        return batch

    def state_dict(self) -> dict[str, Any]:
        assert not self._coming, "a state was taken while an environment was on its way"
        return {str(env): game.state_dict() for env, game in enumerate(self.games)}

    def load_state_dict(self, state: dict[str, Any]) -> Batch:
        return self._together([game.load_state_dict(state[str(env)]) for env, game in enumerate(self.games)])

    def close(self) -> None:
        pass

    def __enter__(self) -> Uneven:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass


def toys(seed: int, first_run: int) -> list[TeamPool]:
    return [
        ToyPool(num_envs=1, seed=seed, first_run=first_run + 100 * env, ticks=EPISODE) for env in range(ENVS)
    ]


def two_kinds(seed: int, first_run: int) -> list[TeamPool]:
    return [TwoKindsPool(num_envs=1, seed=seed, first_run=first_run + 100 * env) for env in range(ENVS)]


def config(*settings: str, algorithm: str = "ippo", overlap: str = "updates") -> Config:
    own = [
        f"training.algorithm={algorithm}",
        f"{algorithm}.rollout_ticks={EPISODE}",
        f"training.overlap={overlap}",
    ]
    general = [
        f"pool.num_envs={ENVS}",
        "training.ticks=160",
        "training.tensorboard=false",
        "training.checkpoint_every=1000",
    ]
    return load(None, [*general, *own, *settings])


def run(
    options: Config, folder: Path, chance: int = 0, *, resume: bool = False, games: Any = toys
) -> tuple[dict[str, Any], list[dict[str, float]]]:
    """What was learned, and what was logged but times."""
    pools: list[Uneven] = []

    def make(options: Config, seed: int, num_envs: int, first_run: int) -> Uneven:
        del options, num_envs
        pools.append(Uneven(chance, games(seed, first_run)))
        return pools[-1]

    train(options, folder, resume=resume, console=Console(file=io.StringIO()), make_pool=make)
    timed = ("wall_s", "ticks_per_s")
    rows = [
        {k: v for k, v in row.items() if k not in timed and not k.startswith(("time/", "cores/"))}
        for row in metrics.read(folder)
    ]
    return checkpoint.load(folder).team, rows


def same(one: Any, other: Any) -> bool:
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return one.equal(other) if isinstance(one, torch.Tensor) else bool(one == other)


@pytest.mark.parametrize("overlap", ["decisions", "updates"])
@pytest.mark.parametrize("algorithm", OVERLAPPING)
def test_who_is_quicker_changes_no_bit(
    tmp_path: Path, algorithm: str, overlap: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = config(algorithm=algorithm, overlap=overlap)
    once = run(options, tmp_path / "0", 0)
    kind = registry.find(algorithm)
    update = kind.update  # type: ignore[attr-defined] # of all that are overlapping

    def slow(*arguments: Any) -> dict[str, float]:
        time.sleep(0.05)
        found: dict[str, float] = update(*arguments)
        return found

    monkeypatch.setattr(kind, "update", slow)
    again = run(options, tmp_path / "1", 1)
    assert same(once[0], again[0])
    assert once[1] == again[1]
    assert [row["ticks"] for row in once[1]] == [40, 80, 120, 160]


def test_who_is_quicker_changes_no_bit_of_two_kinds_of_agents(tmp_path: Path) -> None:
    options = config("training.ticks=400", algorithm="imappo")
    once, again = (run(options, tmp_path / str(chance), chance, games=two_kinds) for chance in (0, 1))
    assert same(once[0], again[0])
    assert once[1] == again[1]
    assert all(math.isfinite(row["reward_per_tick"]) for row in once[1])
    assert len(once[1]) == 10


def test_parts_play_what_all_environments_play_together(tmp_path: Path) -> None:
    """Decisions of one update are on-policy whatever goes on meanwhile; layers may round by the number of rows."""
    lockstep = run(config(overlap="none"), tmp_path / "none")[1]
    apart = run(config(overlap="decisions"), tmp_path / "decisions")[1]
    assert [row.keys() for row in lockstep] == [row.keys() for row in apart]
    assert apart[0]["reward_per_tick"] == pytest.approx(lockstep[0]["reward_per_tick"], abs=1e-5)


def test_a_part_goes_on_while_the_other_does_not(tmp_path: Path) -> None:
    pools: list[Uneven] = []

    def make(options: Config, seed: int, num_envs: int, first_run: int) -> Uneven:
        del options, num_envs
        pools.append(Uneven(3, toys(seed, first_run)))
        return pools[-1]

    train(config(), tmp_path, console=Console(file=io.StringIO()), make_pool=make)
    order = pools[0].order
    assert any(a == b for a, b in itertools.pairwise(order))
    for rollout in range(4):  # nobody plays beyond the end of a rollout
        assert sorted(order[20 * rollout : 20 * rollout + 20]) == [0] * 10 + [2] * 10


def test_a_rollout_is_played_by_the_policy_of_one_update_ago(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun_with: list[torch.Tensor] = []
    played_by: list[torch.Tensor] = []
    learner_update, threads = Ippo.update, set[int]()

    def weights(network: torch.nn.Module) -> torch.Tensor:
        return torch.cat([parameter.detach().flatten() for parameter in network.parameters()])

    def update(learner: Ippo, rollout: Rollout, last: Batch) -> dict[str, float]:
        threads.add(threading.get_ident())
        begun_with.append(weights(learner.actor))
        played_by.append(weights(rollout.acted or learner.actor))
        return learner_update(learner, rollout, last)

    monkeypatch.setattr(Ippo, "update", update)
    run(config(), tmp_path)
    assert len(threads) == 1
    assert threading.get_ident() not in threads
    assert not begun_with[1].equal(begun_with[0])
    for number, wanted in enumerate([0, 0, 1, 2]):  # the first update begins when two rollouts know nothing
        assert played_by[number].equal(begun_with[wanted])


@pytest.mark.parametrize("overlap", ["none", "decisions", "updates"])
@pytest.mark.parametrize("algorithm", OVERLAPPING)
def test_a_stopped_run_goes_on_as_if_nothing_had_happened(
    tmp_path: Path, algorithm: str, overlap: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = config(algorithm=algorithm, overlap=overlap)
    whole = run(options, tmp_path / "whole")
    received, play = [0], Uneven.recv_part
    third = 23 if overlap == "none" else 47  # in the third rollout, while the second is learned from

    def recv_part(pool: Uneven, parts: Sequence[Int64]) -> Batch:
        received[0] += 1
        if received[0] == third:
            os.kill(os.getpid(), signal.SIGINT)
        return play(pool, parts)

    monkeypatch.setattr(Uneven, "recv_part", recv_part)
    folder = tmp_path / "stopped"
    run(options, folder, 5)
    assert 80 < checkpoint.load(folder).progress.ticks < 120
    again = run(options, folder, 6, resume=True)
    assert same(whole[0], again[0])
    assert whole[1] == again[1]


def test_a_budget_may_grow_and_the_kind_of_overlap_may_change(tmp_path: Path) -> None:
    whole = run(config(), tmp_path / "whole")
    run(config("training.ticks=80"), tmp_path / "more")
    assert same(whole[0], run(config(), tmp_path / "more", resume=True)[0])
    run(config("training.ticks=100"), tmp_path / "other")
    _, rows = run(config(overlap="none"), tmp_path / "other", resume=True)
    assert [row["ticks"] for row in rows] == [40, 80, 120, 160]


def test_an_update_that_fails_is_told_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def update(*_: Any) -> dict[str, float]:
        raise ArithmeticError("lost the sign")

    monkeypatch.setattr(Ippo, "update", update)
    with pytest.raises(ArithmeticError, match="lost the sign"):
        run(config(), tmp_path)
    assert checkpoint.load(tmp_path).progress.ticks == 0


def test_checkpoints_along_the_way_hold_the_update_that_runs(tmp_path: Path) -> None:
    options = config("training.checkpoint_every=2", "training.keep_checkpoints=true")
    whole = run(options, tmp_path / "whole")
    killed = tmp_path / "killed"
    run(options, killed, 7)
    (killed / "checkpoints" / "update-000002.pt").rename(killed / "checkpoints" / "last.pt")
    assert (
        checkpoint.load(killed).progress.ticks == 120
    )  # the third rollout is full when the second update is told of
    again = run(options, killed, 8, resume=True)
    assert same(whole[0], again[0])
    assert whole[1] == again[1]


def test_weights_of_old_decisions_are_likelihood_ratios() -> None:
    change = torch.tensor([[0.1, 0.2], [-0.5, 0.0], [2.0, 1.0], [0.0, 0.0]])  # [N x A, H], A = 2
    wanted = torch.tensor([math.exp(0.3), math.exp(-0.5), MAX_IMPORTANCE, 1.0])
    torch.testing.assert_close(importance(change), wanted)
    together = torch.tensor([math.exp(-0.2), math.exp(-0.2), MAX_IMPORTANCE, MAX_IMPORTANCE])
    torch.testing.assert_close(importance(change, 2), together)


def test_old_decisions_weigh_as_much_as_they_are_likely_now() -> None:
    """The first step on decisions of an older actor follows the gradient of E[pi/pi_old A], as on-policy steps that of E[A]."""
    pool = ToyPool(num_envs=2, seed=1, ticks=EPISODE)
    options = registry.find("imappo").Options(
        rollout_ticks=EPISODE,
        epochs=1,
        minibatches=1,
        max_grad_norm=1e9,
        entropy_discrete=0.0,
        entropy_continuous=0.0,
    )
    learner = Imappo(pool.spec, 0, options, 1)
    older = Imappo(pool.spec, 0, options, 1).actor
    with torch.no_grad():
        for parameter in learner.actor.parameters():
            parameter.add_(0.02 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(1)))
    rollout, batch = Rollout(pool.spec, 0, EPISODE, 2), pool.reset()
    rollout.acted = older
    while not rollout.full:
        decision = learner.decide(batch, action_generators(batch), older)
        outcome = pool.step([decision.actions])
        rollout.add(batch, decision, [decision.actions], outcome)
        batch = outcome
    gradients: list[torch.Tensor] = []
    credit: list[torch.Tensor] = []
    run_epochs = learner.epochs.run

    def spy(data: Any, policy_of: Any, log_probs: Any, advantages: Any, *others: Any) -> dict[str, float]:
        policy, acting = policy_of(data, torch.arange(data.size))
        taken = (block.flatten(0, 1)[acting] for block in (data.discrete, data.raw))
        log_ratio = (policy.log_prob(*taken) - log_probs[acting]).sum(-1)
        assert log_ratio.detach().abs().max() > 0.01
        wanted = (log_ratio.exp() * advantages.flatten()[acting]).mean()
        credit.append(log_ratio.detach())
        gradients.extend(torch.autograd.grad(-wanted, list(learner.actor.parameters())))
        return run_epochs(data, policy_of, log_probs, advantages, *others)

    learner.epochs.run = spy  # type: ignore[method-assign, assignment]
    learner.update(rollout, batch)
    assert float(credit[0].max()) < math.log(MAX_IMPORTANCE)  # nothing is truncated here
    for parameter, wanted in zip(learner.actor.parameters(), gradients, strict=True):
        assert parameter.grad is not None
        torch.testing.assert_close(parameter.grad, wanted, rtol=1e-4, atol=1e-6)


def test_a_rollout_may_be_filled_in_parts() -> None:
    """Whatever the order, it holds the same as one that is filled tick by tick."""
    pool = ToyPool(num_envs=2, seed=1, ticks=5)
    learner = Imappo(pool.spec, 0, registry.find("imappo").Options(), 1)
    whole, parts = Rollout(pool.spec, 0, 7, 2), Rollout(pool.spec, 0, 7, 2)
    steps: list[tuple[Batch, Any, Batch]] = []
    batch = pool.reset()
    for _ in range(7):
        decision = learner.decide(batch, action_generators(batch))
        outcome = pool.step([decision.actions])
        steps.append((batch, decision, outcome))
        whole.add(batch, decision, [decision.actions], outcome)
        batch = outcome
    for env in (1, 0):
        for before, decision, outcome in steps:
            own = type(decision)(
                Actions(decision.actions.discrete[env : env + 1], decision.actions.continuous[env : env + 1]),
                decision.discrete[env : env + 1],
                decision.continuous[env : env + 1],
            )
            parts.add(before[[env]], own, [own.actions], outcome[[env]])
            assert parts.full == (env == 0 and outcome is steps[-1][2])
    values = np.arange(14, dtype=np.float64).reshape(7, 2)
    for one, other in zip(whole.state_dict()["arrays"], parts.state_dict()["arrays"], strict=True):
        assert one.equal(other)
    np.testing.assert_array_equal(
        whole.next_values(values, batch, learner._next_values),
        parts.next_values(values, batch, learner._next_values),
    )
    with pytest.raises(IndexError, match="holds 7 ticks already"):
        parts.add(batch, learner.decide(batch, action_generators(batch)), [], batch)


def test_environments_of_a_batch_stand_at_one_tick() -> None:
    pool = ToyPool(num_envs=2, seed=1)
    learner = Imappo(pool.spec, 0, registry.find("imappo").Options(), 1)
    memory = OnPolicyMemory(pool.spec, 0, 5)
    memory.overlap(None, 2)
    batch = pool.reset()
    first = batch[[0]]
    joint = [memory.decided(first, learner.decide(first, action_generators(first)))]
    assert memory.learn(joint, first, lambda *_: {}) is None
    with pytest.raises(RuntimeError, match="without explore"):
        memory.learn(joint, first, lambda *_: {})
    joint = [memory.decided(batch, learner.decide(batch, action_generators(batch)))]
    with pytest.raises(ValueError, match=r"the same number of ticks, got \[0 1\] with \[1 0\]"):
        memory.learn(joint, batch, lambda *_: {})


def test_rows_of_a_batch_joined_again_are_the_batch() -> None:
    pool = ToyPool(num_envs=3, seed=1, ticks=1)
    learner = Imappo(pool.spec, 0, registry.find("imappo").Options(), 1)
    batch = pool.reset()
    batch = pool.step([learner.act(batch, action_generators(batch))])  # with the ends of episodes
    again = joined([batch[[0]], batch[[1, 2]]])
    assert again.final == batch.final
    assert again.tables == batch.tables
    assert again.builtin is None
    for name in ("env_id", "seed", "run", "tick", "sim_time_ns", "metrics", "terminated", "truncated"):
        np.testing.assert_array_equal(getattr(again, name), getattr(batch, name))
    np.testing.assert_array_equal(again.groups[0].observations, batch.groups[0].observations)
    np.testing.assert_array_equal(again.groups[0].rewards, batch.groups[0].rewards)
    np.testing.assert_array_equal(again.state[0], batch.state[0])
