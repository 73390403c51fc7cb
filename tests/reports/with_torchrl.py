# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""TorchRL on simulators; ``test_other_libraries.py`` runs this file where it is installed.

Simulators refuse masked choices, so whatever plays has kept to the masks.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from torchrl.envs import PettingZooWrapper, SerialEnv

from ns3marl.env.pettingzoo import Ns3ParallelEnv
from ns3marl.env.wrappers import discrete_actions, flat_actions, multi_discrete_actions

ECHO = ("--agents=3", "--choices=3", "--ticks=5", "--masked=true")


def test_random_actions_keep_to_the_masks() -> None:
    parallel = Ns3ParallelEnv("echo", ECHO, masked_choices="refuse")
    environment = PettingZooWrapper(discrete_actions(parallel, levels=2), use_mask=True)
    played = environment.rollout(5)["agent"]
    assert played["action_mask"].sum(dim=(1, 2)).tolist() == [18, 12, 18, 12, 18]
    assert played["mask"].all()
    environment.close()


@pytest.mark.parametrize(("view", "width"), [(multi_discrete_actions, 8), (flat_actions, None)])
def test_infos_become_tensors(view: Callable[..., object], width: int | None) -> None:
    environment = PettingZooWrapper(view(Ns3ParallelEnv("echo", ECHO)), use_mask=True)
    played = environment.rollout(5)
    if width is None:
        assert "action_mask" not in played["agent"].keys()  # noqa: SIM118 - no dictionary
    else:
        assert played["agent", "action_mask"].shape == (5, 3, width)
    infos = played["next", "agent", "info"]
    names = [metric.name for metric in environment.spec_of_scenario.metrics]
    assert infos["metrics"].shape == infos["measured"].shape == (5, 3, len(names))
    assert infos["measured"].bool().all()
    assert infos["present"].bool().all()
    environment.close()


def test_copies_play_different_episodes() -> None:
    copies = SerialEnv(2, lambda: PettingZooWrapper(discrete_actions(Ns3ParallelEnv("echo", ECHO))))
    first = copies.reset()["agent", "observation"]
    assert (first[0] != first[1]).any()
    copies.close()
