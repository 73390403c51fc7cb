# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from rich.console import Console

from ns3marl import policies
from ns3marl.config import Config, load
from ns3marl.errors import ConfigError, OutOfStep
from ns3marl.rl.policy import action_generators
from ns3marl.scenarios.aiot_mec.twin import tasks as task
from ns3marl.scenarios.aiot_mec.twin.aiot_mec import AiotMec
from ns3marl.scenarios.aiot_mec.twin.pool import FastPool
from ns3marl.scenarios.aiot_mec.twin.settings import Settings
from ns3marl.training import checkpoint
from ns3marl.training.run import train
from ns3marl.types import Batch, Float64

LOCAL, PARTIAL, FULL = range(3)
SMALL = ("--devices=12", "--servers=3", "--ticks=40")


def play(pool: FastPool, policy: str, ticks: int) -> Iterator[Batch]:
    chosen = policies.make(policy, pool.spec)
    batch = pool.reset()
    for _ in range(ticks):
        batch = pool.step(chosen.act(batch, action_generators(batch)))
        yield batch


def metrics(pool: FastPool, batch: Batch) -> dict[str, Float64]:
    return {m.name: batch.metrics[:, i] for i, m in enumerate(pool.spec.metrics)}


@pytest.mark.parametrize(
    "policy", ["random", "random-offload", "best-snr", "local-only", "coordinated-greedy"]
)
@pytest.mark.parametrize("preset", ["default", "stress"])
def test_every_task_ends_in_exactly_one_state_and_every_fragment_too(policy: str, preset: str) -> None:
    pool = FastPool(arguments=(*SMALL, f"--preset={preset}"), num_envs=3, seed=2)
    for batch in play(pool, policy, 39):
        of = metrics(pool, batch)
        ended = of["tasks_completed"] + of["tasks_failed"]
        np.testing.assert_array_equal(of["tasks_arrived"], ended + of["tasks_unresolved"])
        causes = ("local_late", "uplink_late", "queue_expired", "compute_late", "result_late")
        np.testing.assert_array_equal(of["tasks_failed"], sum(of[f"failed_{cause}"] for cause in causes))
        np.testing.assert_array_equal(
            of["failed_uplink_late"], of["failed_uplink_lost"] + of["failed_uplink_expired"]
        )
        parts = ("received", "lost", "expired", "on_the_way")
        np.testing.assert_array_equal(of["fragments_sent"], sum(of[f"fragments_{part}"] for part in parts))
        assert (of["fragments_lost"] >= 0).all()


@pytest.mark.parametrize("preset", ["default", "stress", "balanced", "mixed"])
def test_all_that_is_seen_lies_within_the_specs_bounds(preset: str) -> None:
    pool = FastPool(arguments=(*SMALL, f"--preset={preset}"), num_envs=4, seed=3)
    group = pool.spec.groups[0]
    for batch in play(pool, "random", 20):
        for values, (low, high) in (
            (batch.groups[0].observations, group.bounds),
            *zip(batch.state, (block.bounds for block in pool.spec.state), strict=True),
        ):
            assert np.isfinite(values).all()
            assert (values >= low - 1e-4).all()
            assert (values <= high * (1 + 1e-5) + 1e-6).all()


def test_in_mixed_light_work_pays_locally_and_heavy_work_at_servers() -> None:
    done = {}
    for policy in ("local-only", "best-snr"):
        pool = FastPool(arguments=("--preset=mixed", "--ticks=31"), num_envs=2, seed=3)
        density = [feature.name for feature in pool.spec.groups[0].features].index(
            "task_density_cycles_per_bit"
        )
        before, outcomes = pool.reset().groups[0], []
        for batch in play(pool, policy, 30):
            cycles_per_bit = before.observations[before.active][:, density]
            outcomes.append((cycles_per_bit, pool.sim.outcome.numpy()[before.active][:, 0] == 1))
            before = batch.groups[0]
        work, completed = (np.concatenate(values) for values in zip(*outcomes, strict=True))
        done[policy] = [completed[work < 100].mean(), completed[work > 400].mean()]
    assert done["local-only"][0] > done["best-snr"][0] + 0.05
    assert done["best-snr"][1] > done["local-only"][1] + 0.05


def test_energy_is_that_of_the_whole_time_of_every_modem() -> None:
    pool = FastPool(arguments=SMALL, num_envs=2, seed=4)
    *_, batch = play(pool, "best-snr", 39)
    of = metrics(pool, batch)
    # Each modem draws at least idle power all the time; receiving costs 0.12 W more, transmitting the amplifier's.
    floor = 12 * 39 * 0.1 * 0.819
    total = of["energy_transmit_j"] + of["energy_receive_j"] + of["energy_idle_j"]
    assert (total >= floor).all()
    assert (total <= 1.5 * floor).all()
    np.testing.assert_array_equal(of["energy_compute_j"], 0)


@pytest.mark.parametrize("preset", ["default", "stress"])
def test_an_environment_does_not_depend_on_those_beside_it(preset: str) -> None:
    arguments = (*SMALL, f"--preset={preset}")
    alone = list(play(FastPool(arguments=arguments, num_envs=1, seed=7), "best-snr", 25))
    beside = list(play(FastPool(arguments=arguments, num_envs=5, seed=7), "best-snr", 25))
    for one, five in zip(alone, beside, strict=True):
        np.testing.assert_array_equal(one.groups[0].observations[0], five.groups[0].observations[0])
        np.testing.assert_allclose(one.metrics[0], five.metrics[0], rtol=1e-6)


def test_tasks_and_fading_do_not_depend_on_what_is_done() -> None:
    pools = [FastPool(arguments=SMALL, num_envs=2, seed=8) for _ in range(2)]
    runs = [
        play(pool, policy, 20) for pool, policy in zip(pools, ("local-only", "random-offload"), strict=True)
    ]
    for local, offload in zip(*runs, strict=True):
        np.testing.assert_array_equal(
            local.groups[0].observations[..., :7], offload.groups[0].observations[..., :7]
        )
        np.testing.assert_array_equal(local.state[0][..., :3], offload.state[0][..., :3])


def decide(sim: AiotMec, mode: int, ratio: float = 0.5, server: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    shape = (sim.num_envs, sim.settings.devices)
    discrete = torch.zeros(*shape, 3, dtype=torch.int64)
    discrete[..., 0], discrete[..., 1] = mode, server
    real = torch.full((*shape, 2), 30.0)
    real[..., 1] = ratio
    return discrete, real


def test_a_local_task_takes_its_cycles_over_the_rate_and_fails_at_its_deadline() -> None:
    sim = AiotMec(Settings(devices=40, servers=2, ticks=5), 2, seed=1)
    view = sim.reset()
    expected_us = sim.state.boundary.cycles / sim.state.scene.device_hz * 1e6
    meets = view.active & (expected_us <= sim.state.boundary.draws.deadline_us)
    sim.step(*decide(sim, LOCAL))
    outcomes = sim.metrics()
    assert outcomes["tasks_completed"].tolist() == meets.sum(1).tolist()
    assert outcomes["failed_local_late"].tolist() == (view.active.sum(1) - meets.sum(1)).tolist()
    assert meets.any()
    latency_s = torch.where(meets, expected_us, 0.0).sum(1) / meets.sum(1) * 1e-6  # NaN where none completed
    torch.testing.assert_close(
        outcomes["latency_mean_s"].float(), latency_s, rtol=1e-4, atol=0.0, equal_nan=True
    )


def test_a_partial_task_needs_both_parts() -> None:
    settings = Settings(devices=20, servers=3, ticks=5, densityMin=100, densityMax=600)
    sim = AiotMec(settings, 4, seed=1)
    sim.reset()
    sim.step(*decide(sim, PARTIAL, 0.5))
    tasks = sim.state.tasks
    done = torch.maximum(tasks.cpu_end + settings.tick, tasks.changing[..., task.RESULT])[..., 0]
    arrived = tasks.offloaded[..., 0]
    late = arrived & (done > tasks.deadline[..., 0])
    of = sim.metrics()
    assert of["tasks_completed"].sum().item() == (arrived & ~late).sum().item()
    assert of["tasks_failed"].sum().item() == late.sum().item()
    assert 0 < late.sum().item() < arrived.sum().item()


def test_the_age_grows_by_one_a_tick_and_falls_when_a_task_completes() -> None:
    sim = AiotMec(Settings(devices=30, servers=9, ticks=20, arrivalProbability=1.0), 1, seed=2)
    sim.reset()
    for tick in range(1, 4):
        view = sim.step(*decide(sim, LOCAL))
        completed = sim.state.devices.last_outcome == 1
        assert view.observations[..., 14].max().item() == tick or bool(completed.all())
        # A task of tick t - 1 that completed leaves an age of one tick at boundary t.
        assert view.observations[..., 14][completed].eq(1).all()


def test_the_team_reward_is_its_three_terms() -> None:
    settings = Settings(devices=30, servers=9, ticks=20)
    sim = AiotMec(settings, 2, seed=2)
    sim.reset()
    view = sim.step(*decide(sim, FULL))
    of = sim.metrics()
    ended = of["tasks_completed"] + of["tasks_failed"]
    joules = sim.state.devices.active_j.sum(1)
    age = view.observations[..., 14].mean(1)
    expected = 100 * (
        0.4 * of["tasks_completed"] / ended + 0.3 * 0.02 / (0.02 + joules / ended) + 0.3 * (1 - age / 10)
    )
    torch.testing.assert_close(view.rewards[:, 0].double(), expected.double(), rtol=1e-4, atol=0.0)
    assert (view.rewards == view.rewards[:, :1]).all()


def test_latency_and_utilisation_are_paid_where_they_have_a_weight() -> None:
    words = ["--rewardCompletion=0", "--rewardEnergy=0", "--rewardAge=0", "--rewardLatency=0.7"]
    words += ["--rewardUtilisation=0.3", "--devices=30", "--ticks=20"]
    for paid in ("team", "agent"):
        sim = AiotMec(Settings.parse([*words, f"--reward={paid}"]), 2, seed=2)
        sim.reset()
        deadline_us = sim.state.boundary.draws.deadline_us[..., None]
        view = sim.step(*decide(sim, FULL))
        of = sim.metrics()
        ended, completed = (sim.outcome > 0).sum(2), sim.outcome == 1
        left = torch.where(completed, 1 - sim.latency_us / deadline_us, 0.0).sum(2)
        assert completed.any()
        assert 0 < of["server_utilisation"].min() < 1
        torch.testing.assert_close(of["reward_utilisation_term"], of["server_utilisation"])
        term, busy = left.sum(1) / ended.sum(1), 30 * of["server_utilisation"].float()
        torch.testing.assert_close(of["reward_latency_term"].float(), term)
        if paid == "team":
            torch.testing.assert_close(view.rewards[:, 0], 70 * term + busy)
        else:  # to first order around what the ratio is
            share = term[:, None] + 30 / ended.sum(1)[:, None] * (left - term[:, None] * ended)
            torch.testing.assert_close(view.rewards, 70 * share + busy[:, None], rtol=1e-4, atol=1e-3)


def test_shares_have_the_reward_of_the_team_as_their_mean() -> None:
    words = [
        "--preset=stress",
        "--devices=30",
        "--ticks=20",
        "--rewardLatency=0.2",
        "--rewardUtilisation=0.1",
    ]
    sims = [AiotMec(Settings.parse([*words, f"--reward={paid}"]), 3, seed=2) for paid in ("team", "agent")]
    for sim in sims:
        sim.reset()
    for mode in (LOCAL, FULL) * 6:
        team, agent = (sim.step(*decide(sim, mode)).rewards for sim in sims)
        torch.testing.assert_close(agent.mean(1), team[:, 0], rtol=1e-4, atol=1e-3)
        assert (agent.std(1) > 1).all()
    torch.testing.assert_close(sims[0].metrics()["reward_mean"], sims[1].metrics()["reward_mean"])


def test_a_share_says_what_a_device_added() -> None:
    sim = AiotMec(Settings(devices=30, servers=9, ticks=20, reward="agent"), 1, seed=2)
    sim.reset()
    view = sim.step(*decide(sim, LOCAL))
    outcome = sim.state.devices.last_outcome
    idle, failed = view.rewards[outcome == 0], view.rewards[outcome == -1]
    torch.testing.assert_close(idle, idle[:1].expand_as(idle))  # nothing but ages, which are alike
    assert (failed < idle.min()).all()
    assert (view.rewards[outcome == 1] > idle.max()).all()


def test_while_a_task_is_under_way_only_its_channel_may_be_used() -> None:
    pool = FastPool(arguments=(*SMALL, "--preset=stress"), num_envs=2, seed=9)
    masked = 0
    for batch in play(pool, "random-offload", 30):
        channels = batch.groups[0].masks[..., 21:]
        under_way = batch.state[0][..., 28] == 1
        is_tuned = batch.groups[0].observations[..., 113::2]
        tuned = batch.state[0][..., 27].astype(int)
        np.testing.assert_array_equal(is_tuned, np.eye(8)[tuned])
        allowed = np.take_along_axis(channels, tuned[..., None], 2)[..., 0]
        assert allowed.all()
        np.testing.assert_array_equal(channels.sum(-1), np.where(under_way, 1, 4))
        masked += under_way.sum()
    assert masked > 0


def test_what_devices_know_is_what_they_heard() -> None:
    pool = FastPool(arguments=("--devices=30", "--servers=9", "--ticks=40", "--area=700"), num_envs=2, seed=1)
    seen = False
    for batch in play(pool, "local-only", 10):
        slots = batch.groups[0].observations[..., 22:112].reshape(2, 30, 18, 5)[..., :9, :]
        truth = batch.state[0][..., :9]
        fresh = slots[..., 4] == 0
        np.testing.assert_allclose(slots[..., 0][fresh], truth[fresh], atol=1e-3)
        assert (truth[~fresh] < 4).all()
        never = slots[..., 4] == 100
        assert (slots[..., 0][never] == -20).all()
        assert (slots[..., 1:4][never] == 0).all()
        np.testing.assert_array_equal(batch.groups[0].observations[..., 12], slots[..., 4].min(-1))
        seen |= bool(never.any() and (~fresh & ~never).any())
    assert seen


def test_with_genie_csi_devices_know_everything() -> None:
    pool = FastPool(
        arguments=("--devices=30", "--servers=9", "--ticks=40", "--area=700", "--csi=genie"),
        num_envs=2,
        seed=1,
    )
    for batch in play(pool, "random-offload", 10):
        slots = batch.groups[0].observations[..., 22:112].reshape(2, 30, 18, 5)[..., :9, :]
        np.testing.assert_allclose(slots[..., 0], batch.state[0][..., :9], atol=1e-3)
        assert (slots[..., 4] == 0).all()


def test_above_18_servers_the_slots_hold_the_strongest_in_order_of_id() -> None:
    pool = FastPool(arguments=("--devices=6", "--servers=25", "--ticks=10"), num_envs=2, seed=1)
    batch = pool.reset()
    ids = batch.state[0][..., 32:50]
    assert ids.shape[-1] == 18
    assert (np.diff(ids, axis=-1) > 0).all()
    assert ids.max() <= 24
    *_, batch = play(pool, "best-snr", 5)
    assert (metrics(pool, batch)["tasks_completed"] > 0).any()


def test_recorded_actions_lead_back_to_where_they_were_taken() -> None:
    def make(num_envs: int = 2, seed: int = 3) -> FastPool:
        return FastPool(arguments=SMALL, num_envs=num_envs, seed=seed, resumable=True)

    pool = make()
    policy, batch = policies.make("random", pool.spec), pool.reset()
    for _ in range(6):
        batch = pool.step(policy.act(batch, action_generators(batch)))
    again = make().load_state_dict(pool.state_dict())
    np.testing.assert_array_equal(again.seed, batch.seed)
    np.testing.assert_array_equal(again.run, batch.run)
    np.testing.assert_array_equal(again.groups[0].rewards, batch.groups[0].rewards)
    np.testing.assert_array_equal(again.metrics, batch.metrics)
    with pytest.raises(ConfigError, match="the state is that of 2 environments, this pool has 3"):
        make(num_envs=3).load_state_dict(pool.state_dict())
    with pytest.raises(ConfigError, match="the state is that of seed 3, this pool has seed 4"):
        make(seed=4).load_state_dict(pool.state_dict())
    apart = pool.state_dict() | {"ticks": [6, 5]}
    with pytest.raises(OutOfStep, match="those of one pool always stand together"):
        make().load_state_dict(apart)
    np.testing.assert_array_equal(again.groups[0].observations, batch.groups[0].observations)
    np.testing.assert_array_equal(again.tick, batch.tick)


def test_numbers_of_environments_below_one_are_refused() -> None:
    with pytest.raises(ConfigError, match="num_envs"):
        FastPool(num_envs=0)


def test_a_learner_trains_on_it_as_on_simulators(tmp_path: Path) -> None:
    options = load(
        None,
        [
            "training.algorithm=imappo",
            "training.ticks=80",
            "training.tensorboard=false",
            "pool.num_envs=2",
            "imappo.rollout_ticks=20",
        ],
    )

    def twin(options: Config, seed: int, num_envs: int, first_run: int) -> FastPool:
        del options
        return FastPool(arguments=SMALL, num_envs=num_envs, seed=seed, first_run=first_run, resumable=True)

    train(options, tmp_path / "run", console=Console(file=io.StringIO()), make_pool=twin)
    saved = checkpoint.load(tmp_path / "run")
    assert saved.progress.ticks == 80
    assert saved.progress.updates == 2
