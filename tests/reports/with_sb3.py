# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Stable-Baselines3, sb3-contrib and SuperSuit on simulators; ``test_other_libraries.py`` runs this file where they are installed.

Simulators refuse masked choices, so whatever plays has kept to the masks.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import supersuit
from sb3_contrib import MaskablePPO
from sb3_contrib.common.maskable.utils import get_action_masks, is_masking_supported
from stable_baselines3 import PPO
from stable_baselines3.common.monitor import Monitor

from ns3marl.env.gymnasium import Ns3Env
from ns3marl.env.pettingzoo import Ns3ParallelEnv
from ns3marl.env.wrappers import discrete_actions, flat_actions, multi_discrete_actions
from ns3marl.errors import ConfigError
from ns3marl.libraries.stable_baselines3 import agents

ECHO = ("--agents=3", "--choices=3", "--ticks=5", "--masked=true")


@pytest.fixture(autouse=True)
def logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keeps the folders that Stable-Baselines3 makes for its logs out of /tmp."""
    monkeypatch.setenv("SB3_LOGDIR", str(tmp_path))


@pytest.fixture
def echo() -> Ns3ParallelEnv:
    return Ns3ParallelEnv("echo", ECHO, masked_choices="refuse")


def test_supersuit_makes_vectors_for_stable_baselines3() -> None:
    environment = Ns3ParallelEnv("echo", ECHO)
    rows = supersuit.pettingzoo_env_to_vec_env_v1(multi_discrete_actions(environment))
    vector = supersuit.concat_vec_envs_v1(rows, 2, base_class="stable_baselines3")
    assert vector.num_envs == 6
    PPO("MlpPolicy", vector, n_steps=8, batch_size=16, n_epochs=1).learn(48)
    vector.close()
    environment.close()


@pytest.mark.parametrize("view", [multi_discrete_actions, discrete_actions])
def test_maskable_ppo_keeps_to_the_masks(echo: Ns3ParallelEnv, view: Callable[..., object]) -> None:
    rows = agents(view(echo), copies=2)
    assert is_masking_supported(rows)
    MaskablePPO("MlpPolicy", rows, n_steps=8, batch_size=16, n_epochs=1, seed=3).learn(96)
    rows.close()
    echo.close()


def test_seeds_masks_and_ends(echo: Ns3ParallelEnv) -> None:
    rows = agents(multi_discrete_actions(echo, levels=2), copies=2)

    def first(seed: int) -> list[bytes]:
        rows.seed(seed)
        observations: Any = rows.reset()
        return [observations[:3].tobytes(), observations[3:].tobytes()]

    assert first(5) == first(5)
    assert len({*first(5), *first(6)}) == 3  # copy c plays the episodes of seed + c
    masks = []
    for _ in range(5):
        masks.append(get_action_masks(rows))
        seen: Any = rows.step(np.zeros((6, 2), np.int64))
    observations, _, dones, infos = seen
    assert np.stack(masks).sum(axis=(1, 2)).tolist() == [30, 24, 30, 24, 30]
    assert dones.all()
    assert all(info["TimeLimit.truncated"] for info in infos)
    assert (infos[0]["terminal_observation"] != observations[0]).any()
    rows.close()
    echo.close()


def test_rows_without_masks_and_of_several_kinds(echo: Ns3ParallelEnv) -> None:
    rows = agents(flat_actions(echo))
    rows.reset()
    assert not is_masking_supported(rows)
    rows.close()
    echo.close()
    two_kinds = Ns3ParallelEnv("edge-cloud", spares=0)
    with pytest.raises(ConfigError, match="the agents have different spaces, expected one kind of agents"):
        agents(multi_discrete_actions(two_kinds))
    two_kinds.close()


def test_a_central_controller_keeps_to_the_masks() -> None:
    central = multi_discrete_actions(Ns3Env("echo", ECHO, masked_choices="refuse"))
    MaskablePPO("MlpPolicy", Monitor(central), n_steps=8, batch_size=8, n_epochs=1, seed=3).learn(24)
    central.close()
