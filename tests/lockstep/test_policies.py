# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""A trained policy on the packet-level scenario with another number of devices, servers and channels."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from ns3marl.algorithms import registry
from ns3marl.algorithms.imappo import Imappo, ImappoOptions
from ns3marl.config import Config
from ns3marl.env.pool import Pool
from ns3marl.errors import CheckpointError
from ns3marl.rl.policy import action_generators
from ns3marl.rl.team import Team
from ns3marl.training import checkpoint


def size(devices: int, servers: int, channels: int) -> list[str]:
    return [f"--devices={devices}", f"--servers={servers}", f"--channels={channels}", "--ticks=12"]


def trained(executable: Path, path: Path, options: ImappoOptions) -> Imappo:
    """The checkpoint of a policy that has learned for one rollout with 4 devices and 2 servers."""
    with Pool(executable, arguments=size(4, 2, 2), seed=1, spares=0) as pool:
        team, batch = registry.make("imappo", pool.spec, options, 1), pool.reset()
        metrics = None
        while metrics is None:
            batch = pool.step(team.explore(batch, action_generators(batch)))
            metrics = team.learn(batch)
    config = Config(learners={"imappo": options})
    checkpoint.save(path, team, config, checkpoint.Progress(updates=1), {})
    return only(team)


def only(team: Team) -> Imappo:
    (learner,) = team.learners.values()
    assert isinstance(learner, Imappo)
    return learner


def test_a_policy_acts_unchanged_for_other_numbers(
    scenario_path: Callable[[str], Path], tmp_path: Path
) -> None:
    executable = scenario_path("aiot-mec")
    learner = trained(executable, tmp_path / "one.pt", ImappoOptions(rollout_ticks=10, actor_lr=1e-2))
    saved = checkpoint.load(tmp_path / "one.pt")
    for devices, servers, channels in ((1, 1, 1), (7, 3, 4), (9, 18, 8)):
        with Pool(executable, arguments=size(devices, servers, channels), seed=2, spares=0) as pool:
            team = saved.policy(pool.spec)
            policy = only(team)
            assert all(
                tensor.equal(learner.actor.state_dict()[name])
                for name, tensor in policy.actor.state_dict().items()
            )
            batch = pool.reset()
            for _ in range(12):  # the bridge refuses whatever a mask or a bound forbids
                seen = batch.groups[0]
                with torch.no_grad():
                    whole = policy.actor(torch.tensor(seen.observations), torch.tensor(seen.masks)).moments()
                    alone = [
                        learner.actor(torch.tensor(o[None, None]), torch.tensor(m[None, None])).moments()
                        for o, m in zip(seen.observations[0], seen.masks[0], strict=True)
                    ]
                np.testing.assert_allclose(whole[0], torch.cat(alone)[:, 0], atol=1e-6)
                batch = pool.step(team.act(batch, action_generators(batch)))
            assert batch.final[0] is not None


def test_policies_of_one_s_own_refuse_other_numbers(
    scenario_path: Callable[[str], Path], tmp_path: Path
) -> None:
    executable = scenario_path("aiot-mec")
    trained(executable, tmp_path / "one.pt", ImappoOptions(rollout_ticks=10, actors="per-agent"))
    saved = checkpoint.load(tmp_path / "one.pt")
    with Pool(executable, arguments=size(4, 3, 2), seed=3, spares=0) as pool:
        policy, batch = saved.policy(pool.spec), pool.reset()
        pool.step(policy.act(batch, action_generators(batch)))
    with (
        Pool(executable, arguments=size(5, 2, 2), seed=3, spares=0) as pool,
        pytest.raises(CheckpointError, match="an actor for each of 4 agents, the scenario has 5"),
    ):
        saved.policy(pool.spec)
