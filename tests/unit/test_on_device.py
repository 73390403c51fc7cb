# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Training whose environments, decisions, rollouts and updates stay on one device; here the CPU, and a GPU where there is one."""

from __future__ import annotations

import io
import math
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from rich.console import Console
from torch.utils._python_dispatch import TorchDispatchMode
from toy_game import ToyPool

from ns3marl.algorithms import registry
from ns3marl.config import Config, load
from ns3marl.errors import ConfigError
from ns3marl.rl.bounded import BOUNDED
from ns3marl.rl.counters import Counters
from ns3marl.rl.hybrid import HybridDistribution
from ns3marl.rl.on_device import DeviceLearner, OnDevice, ShiftingLearner, Shown
from ns3marl.rl.shifts import MIN_ENVS
from ns3marl.rl.team import Team
from ns3marl.scenarios.aiot_mec.twin.device_pool import DevicePool
from ns3marl.scenarios.aiot_mec.twin.pool import FastPool
from ns3marl.training import checkpoint, metrics
from ns3marl.training.run import train
from ns3marl.types import Actions, Batch

DEVICES = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]
LEARNERS = ["imappo", "ippo", "ppo"]
ARGUMENTS = ("--devices=4", "--servers=2", "--ticks=7")
ENVS, TICKS = 3, 10


def made(name: str, device: str, envs: int = ENVS, **options: Any) -> tuple[Team, OnDevice, DevicePool]:
    pool = FastPool(arguments=ARGUMENTS, num_envs=envs, seed=5, device=device).on_device()
    own = registry.find(name).Options(rollout_ticks=TICKS, **options)
    team = registry.make(name, pool.spec, own, 1)
    learner = team.learners[0]
    assert isinstance(learner, DeviceLearner)
    return team, OnDevice(pool.spec, learner, envs, pool.device), pool


def play(player: OnDevice, pool: DevicePool, updates: int) -> list[dict[str, float]]:
    shown = pool.reset()
    rows: list[dict[str, float]] = []
    while len(rows) < updates:
        shown = pool.step(*player.explore(shown))
        row = player.learn(shown)
        rows += [] if row is None else [row]
    return rows


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize(
    ("name", "more"), [*((name, {}) for name in LEARNERS), ("imappo", {"shifts": 0.1})], ids=str
)
def test_an_update_on_a_device_is_that_of_the_host(name: str, more: dict[str, Any], device: str) -> None:
    """From the same rollout, with ends of episodes in it, both come to the same weights up to rounding."""
    envs = MIN_ENVS if more else ENVS
    team, player, pool = made(name, device, envs, **more)
    own = registry.find(name).Options(rollout_ticks=TICKS, **more)
    host = registry.make(name, pool.spec, own, 1).learners[0]
    assert isinstance(host, DeviceLearner)
    shown = pool.reset()
    for _ in range(TICKS - 1):
        shown = pool.step(*player.explore(shown))
        assert player.learn(shown) is None
    last = pool.step(*player.explore(shown))
    assert player._pending is not None
    player.rollout.fill(*player._pending, last)
    assert player.rollout.full
    assert player.rollout.ends[6].all()
    rollout = player.rollout.on_host()
    assert len(rollout.truncated) == envs
    found, wanted = player.learner.update(player.rollout, last), host.update(rollout, batch_of(last))
    assert found.keys() == wanted.keys()
    for key, value in wanted.items():
        assert found[key] == pytest.approx(value, rel=1e-3, abs=1e-4), key
    for one, other in zip(team.learners[0].actor.parameters(), host.actor.parameters(), strict=True):  # type: ignore[attr-defined] # a DeviceLearner
        torch.testing.assert_close(one.cpu(), other, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("device", DEVICES)
def test_a_device_explores_under_the_shifts_of_the_running_episodes(device: str) -> None:
    _, player, pool = made("imappo", device, MIN_ENVS, shifts=0.1)
    learner = player.learner
    assert isinstance(learner, ShiftingLearner)
    assert learner.shifts is not None
    shown = pool.reset()
    for _ in range(TICKS - 1):  # episodes end after 7
        runs = shown.run.cpu().numpy()
        shift = learner.shifts.of(np.stack([np.full_like(runs, shown.seed), runs], -1)).to(pool.device)
        with torch.no_grad():
            policy = learner.policy(shown.seen, shift[:, None])
            _, raw = policy.sample_counted(Counters(shown.seed, shown.run, shown.tick))
        actions = player.explore(shown)
        assert player._pending is not None
        torch.testing.assert_close(player._pending[2], raw)
        shown = pool.step(*actions)
        player.learn(shown)


def batch_of(shown: Shown) -> Batch:
    """For what an update reads of the batch that follows a rollout."""
    pool = ToyPool(num_envs=1)
    batch = pool.reset()[[0] * len(shown.run)]
    batch.groups = tuple(
        type(batch.groups[0])(
            g.observations.cpu().numpy(),
            np.zeros(g.active.shape, np.float32),
            g.present.cpu().numpy(),
            g.active.cpu().numpy(),
            g.masks.cpu().numpy(),
        )
        for g in shown.seen.groups
    )
    batch.state = tuple(block.cpu().numpy() for block in shown.seen.state)
    return batch


class _NoCopies(TorchDispatchMode):  # type: ignore[no-untyped-call] # torch's own
    """Refuses what brings numbers to the host or to another device."""

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        del types
        refused = {"aten._local_scalar_dense.default", "aten.nonzero.default", "aten.masked_select.default"}
        assert str(func) not in refused, f"{func} waits for the device"
        where = (kwargs or {}).get("device")
        assert where is None or str(func) != "aten._to_copy.default", f"a copy to {where}"
        return func(*args, **(kwargs or {}))


@contextmanager
def no_copies(patch: pytest.MonkeyPatch) -> Iterator[None]:
    def refuse(*_: Any, **__: Any) -> Any:
        raise AssertionError("an array was made of a tensor")

    with patch.context() as inside:
        for name in ("cpu", "numpy", "item", "tolist", "__array__", "__float__", "__int__", "__bool__"):
            inside.setattr(torch.Tensor, name, refuse)
        with _NoCopies():  # type: ignore[no-untyped-call] # torch's own
            yield


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("name", ["imappo", "ippo"])
def test_a_tick_brings_nothing_to_the_host(name: str, device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a decision nor what is kept of it; the twin alone asks its device how many tasks there are."""
    _, player, pool = made(name, device)
    shown = pool.reset()
    for _ in range(TICKS - 1):
        with no_copies(monkeypatch):
            actions = player.explore(shown)
        shown = pool.step(*actions)
        with no_copies(monkeypatch):
            player.learn(shown)
    with pytest.raises(AssertionError, match="an array was made"), no_copies(monkeypatch):
        shown.tick, shown.run.tolist()


def test_the_refusal_refuses() -> None:
    with (
        _NoCopies(),  # type: ignore[no-untyped-call] # torch's own
        pytest.raises(AssertionError, match="waits for the device"),
    ):
        torch.ones(3).nonzero()


@pytest.mark.parametrize("device", DEVICES)
def test_the_device_pool_plays_what_the_pool_plays(device: str) -> None:
    """The same actions lead to the same observations, rewards, ends and metrics."""
    _, player, pool = made("imappo", device)
    other = FastPool(arguments=ARGUMENTS, num_envs=ENVS, seed=5, device=device)
    shown, batch = pool.reset(), other.reset()
    for _ in range(16):
        compare(shown, batch)
        discrete, continuous = player.explore(shown)
        shown = pool.step(discrete, continuous)
        batch = other.step([Actions(discrete.cpu().numpy().astype(np.int32), continuous.cpu().numpy())])
        np.testing.assert_array_equal(shown.rewards[0].cpu().numpy(), batch.groups[0].rewards)
        assert (shown.last is not None) == (batch.final[0] is not None)
        if shown.last is not None:
            for env, final in enumerate(batch.final):
                assert final is not None
                np.testing.assert_array_equal(
                    shown.last.groups[0].observations[env].cpu().numpy(), final.groups[0].observations
                )
                assert shown.metrics is not None
                np.testing.assert_array_equal(shown.metrics[env].cpu().numpy(), final.metrics)


def compare(shown: Shown, batch: Batch) -> None:
    group = shown.seen.groups[0]
    np.testing.assert_array_equal(group.observations.cpu().numpy(), batch.groups[0].observations)
    np.testing.assert_array_equal(group.masks.cpu().numpy(), batch.groups[0].masks)
    np.testing.assert_array_equal(group.active.cpu().numpy(), batch.groups[0].active)
    for block, wanted in zip(shown.seen.state, batch.state, strict=True):
        np.testing.assert_array_equal(block.cpu().numpy(), wanted)
    assert (shown.run.tolist(), [shown.tick] * ENVS) == (batch.run.tolist(), batch.tick.tolist())


def config(*settings: str, device: str = "cpu") -> Config:
    return load(
        None,
        [
            "scenario.name=aiot-mec",
            f"scenario.arguments={list(ARGUMENTS)}",
            "scenario.backend=fastsim",
            f"pool.num_envs={ENVS}",
            "training.ticks=120",  # 4 updates
            "training.tensorboard=false",
            f"imappo.rollout_ticks={TICKS}",
            f"training.device={device}",
            *settings,
        ],
    )


def run(options: Config, folder: Path, *, resume: bool = False) -> dict[str, Any]:
    train(options, folder, resume=resume, console=Console(file=io.StringIO()))
    return checkpoint.load(folder).team


def weights(team: dict[str, Any]) -> torch.Tensor:
    (group,) = team["groups"].values()
    return torch.cat([tensor.flatten() for tensor in group["learned"]["actor"].values()])


@pytest.mark.parametrize("device", DEVICES)
def test_a_training_on_a_device_goes_on_where_it_stood(
    tmp_path: Path, device: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = run(config(device=device), tmp_path / "whole")
    rows = metrics.read(tmp_path / "whole")
    assert [row["ticks"] for row in rows] == [30, 60, 90, 120]
    assert all(
        np.isfinite(row["episode/reward_per_tick"]) for row in rows if "episode/reward_per_tick" in row
    )
    steps, step = [0], DevicePool.step

    def stopping(pool: DevicePool, *actions: Any) -> Shown:
        steps[0] += 1
        if steps[0] == 25:
            os.kill(os.getpid(), signal.SIGINT)
        return step(pool, *actions)

    monkeypatch.setattr(DevicePool, "step", stopping)
    run(config(device=device), tmp_path / "stopped")
    assert checkpoint.load(tmp_path / "stopped").progress.ticks == 75
    assert weights(run(config(device=device), tmp_path / "stopped", resume=True)).equal(weights(whole))


@pytest.mark.parametrize("to", DEVICES)
@pytest.mark.parametrize("overlap", ["none", "updates"])
def test_checkpoints_go_from_the_host_to_a_device_and_back(tmp_path: Path, to: str, overlap: str) -> None:
    """In the middle of a rollout and of an episode."""
    host = f"training.overlap={overlap}"
    run(config("training.ticks=75", host, device=""), tmp_path)
    run(config("training.ticks=96", device=to), tmp_path, resume=True)
    run(config("training.ticks=120", host, device=""), tmp_path, resume=True)
    assert checkpoint.load(tmp_path).progress.ticks >= 120
    assert [row["update"] for row in metrics.read(tmp_path)] == [1, 2, 3, 4]


def test_what_cannot_stay_on_a_device_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="takes one group of agents with imappo, ippo or ppo"):
        run(config("training.algorithm=iql"), tmp_path / "iql")
    options = config("scenario.backend=toy_runs:make")
    with pytest.raises(ConfigError, match=r"ToyPool does not; set scenario\.backend"):
        run(options, tmp_path / "toy")
    if not torch.cuda.is_available():
        with pytest.raises(
            ConfigError, match=r"training.device is 'cuda', but PyTorch .* finds no CUDA device"
        ):
            run(config(device="cuda"), tmp_path / "gpu")


# Random numbers -------------------------------------------------------------------------------------------------------


def counters(runs: list[int], seed: int = 7, tick: int = 3) -> Counters:
    return Counters(seed, torch.tensor(runs), tick)


def test_numbers_follow_from_seed_run_and_tick_alone() -> None:
    together, alone = counters([4, 9]), counters([9])
    assert together.uniform(3, 2)[1].equal(alone.uniform(3, 2)[0])
    assert together.normal(5)[1].equal(alone.normal(5)[0])  # later ones too
    for other in (counters([5]), counters([4], seed=8), counters([4], tick=4)):
        assert not other.uniform(8).equal(counters([4]).uniform(8))


def test_uniform_numbers_are_splitmix64() -> None:
    """Against the generator in whole numbers of Python."""
    mask = 2**64 - 1

    def mixed(bits: int) -> int:
        bits = ((bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9) & mask
        bits = ((bits ^ (bits >> 27)) * 0x94D049BB133111EB) & mask
        return bits ^ (bits >> 31)

    golden = 0x9E3779B97F4A7C15
    state = mixed((4 * golden + 7 * 0x94D049BB133111EB) & mask)
    state = mixed((state + 3 * golden) & mask)
    wanted = [(mixed((state + place * golden) & mask) >> 40) / 2**24 for place in (1, 2, 3)]
    assert counters([4]).uniform(3)[0].tolist() == wanted


def distance(cumulative: torch.Tensor) -> float:
    """Of Kolmogorov and Smirnov, from uniform, times the root of the number of values; above 2 once in 1500 times."""
    ordered = cumulative.double().flatten().sort().values
    gaps = (ordered - (torch.arange(len(ordered)) + 0.5) / len(ordered)).abs()
    return float(gaps.max()) * math.sqrt(len(ordered))


def test_numbers_have_their_distributions() -> None:
    numbers = counters(list(range(200)))
    assert distance(numbers.uniform(100)) < 2
    assert distance(torch.special.ndtr(numbers.normal(100))) < 2
    for shape in (1.001, 1.5, 30.0):
        parameters = torch.full((200, 100), shape)
        assert distance(torch.special.gammainc(parameters, numbers.gamma(parameters))) < 2


@pytest.mark.parametrize("name", list(BOUNDED))
def test_counted_draws_are_those_of_the_distribution(name: str) -> None:
    """Mean and mean square on the unit interval within five standard errors."""
    outputs = torch.tensor([0.3, -0.4]).expand(400, 50, 2)
    policy = BOUNDED[name](outputs)
    drawn = policy.unit(policy.sample_counted(counters(list(range(400)))))
    for power, moment in zip((1, 2), policy.moments(), strict=True):
        values = drawn.double() ** power
        assert abs(values.mean() - moment.double().mean()) < 5 * values.std() / np.sqrt(values.numel())


def test_counted_choices_have_their_probabilities() -> None:
    _, player, pool = made("imappo", "cpu")
    shown = pool.reset()
    policy = player.learner.policy(shown.seen)
    assert isinstance(policy, HybridDistribution)
    drawn = [policy.sample_counted(Counters(1, shown.run, tick))[0][..., 0] for tick in range(3000)]
    share = torch.stack([(torch.stack(drawn) == choice).double().mean(0) for choice in range(3)], -1)
    assert (share - policy.probabilities[0].detach()).abs().max() < 0.05
