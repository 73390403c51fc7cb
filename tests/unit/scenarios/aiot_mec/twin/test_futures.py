# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Copies of environments, and the futures that are drawn for them."""

from __future__ import annotations

import dataclasses

import numpy as np
import torch

from ns3marl import policies
from ns3marl.rl.policy import action_generators
from ns3marl.scenarios.aiot_mec.twin import tick
from ns3marl.scenarios.aiot_mec.twin.futures import Futures
from ns3marl.scenarios.aiot_mec.twin.pool import FastPool
from ns3marl.scenarios.aiot_mec.twin.state import rows

ARGUMENTS = ("--preset=stress", "--devices=12", "--servers=3", "--ticks=40")


def played(ticks: int = 6) -> FastPool:
    """A pool in the middle of its episodes, with tasks under way."""
    pool = FastPool(arguments=ARGUMENTS, num_envs=3, seed=3)
    policy, batch = policies.make("random", pool.spec), pool.reset()
    for _ in range(ticks):
        batch = pool.step(policy.act(batch, action_generators(batch)))
    return pool


def random_actions(envs: int) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    discrete = torch.stack([torch.randint(0, n, (1, 12), generator=generator) for n in (3, 3, 4)], 2)
    continuous = torch.rand(1, 12, 2, generator=generator) * torch.tensor([30.0, 0.9]) + torch.tensor(
        [0.0, 0.05]
    )
    return discrete.expand(envs, -1, -1).clone(), continuous.expand(envs, -1, -1).clone()


def test_copies_go_on_as_the_environment_itself() -> None:
    sim = played().sim
    copies = rows(sim.state, torch.tensor([2, 0, 2]))
    draws = [sim.world.next() for _ in range(4)]
    actions = random_actions(3)
    state = sim.state
    for brought in draws:
        index = torch.tensor([2, 0, 2])
        state, _, rewards = tick.step(sim.model, state, *actions, brought)
        copies, _, copied = tick.step(sim.model, copies, *actions, rows(brought, index))
        np.testing.assert_array_equal(copied, rewards[index])
        np.testing.assert_array_equal(copies.shown.observations, state.shown.observations[index])
        np.testing.assert_array_equal(copies.shown.masks, state.shown.masks[index])


def test_futures_leave_the_state_and_the_world_as_they_are() -> None:
    sim, other = played().sim, played().sim
    futures = Futures.draw(sim.model, sim.state, 1, 4, 3, seed=5)
    actions = random_actions(4)
    state = futures.present
    for draws in futures.draws:
        state, _, _ = tick.step(sim.model, state, *actions, draws)
    one, two = (of.step(*random_actions(3)) for of in (sim, other))
    np.testing.assert_array_equal(one.observations, two.observations)
    np.testing.assert_array_equal(one.rewards, two.rewards)


def test_futures_share_the_present_and_differ_in_what_nobody_knows() -> None:
    sim = played().sim
    futures = Futures.draw(sim.model, sim.state, 1, 4, 3, seed=5)
    here, there = futures.present, sim.state
    for name in ("arrives", "size_bytes", "density", "deadline_us", "premium", "fading_db"):
        shown = getattr(here.boundary.draws, name)
        np.testing.assert_array_equal(shown, getattr(there.boundary.draws, name)[1].expand(shown.shape))
    for name in ("jitter_us", "mac_seed"):
        shown = getattr(here.boundary.draws, name)
        assert len(torch.unique(shown)) > 12
        assert not (shown == getattr(there.boundary.draws, name)[1]).all(1).any()
    assert not (futures.draws[0].arrives[0] == futures.draws[0].arrives[1]).all()
    again = Futures.draw(sim.model, sim.state, 1, 4, 3, seed=5)
    for mine, same in zip(futures.draws, again.draws, strict=True):
        for field in dataclasses.fields(mine):
            np.testing.assert_array_equal(getattr(mine, field.name), getattr(same, field.name))


def test_the_fading_of_futures_goes_on_from_the_present() -> None:
    """E[|h'|^2] = rho^2 |h|^2 + 1 - rho^2."""
    sim = played().sim
    futures = Futures.draw(sim.model, sim.state, 1, 2000, 1, seed=5)
    now = 10 ** (sim.state.boundary.draws.fading_db[1] / 10)
    later = (10 ** (futures.draws[0].fading_db / 10)).mean(0)
    np.testing.assert_allclose(later, 0.81 * now + 0.19, rtol=0.08)
