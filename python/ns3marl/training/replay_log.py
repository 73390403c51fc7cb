# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Where the environments of a training stand, so that it can go on from there.

A simulator cannot be put into a file. It is deterministic, though: the same episode under the same actions comes to the same
tick. So a position is the running episode of each environment and the actions it has seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from ns3marl.types import Actions, Batch


class ReplayLog:
    """Running episodes and their actions.

    Args:
        num_envs: E.
        groups: Number of groups of agents.
    """

    def __init__(self, num_envs: int, groups: int) -> None:
        self.groups = groups
        self.episodes: list[int] = [0] * num_envs  #: [E] index of the running episode
        self.actions: list[list[list[Actions]]] = [
            [] for _ in range(num_envs)
        ]  #: [E][tick][group], [A,...] each

    def note(self, joint: Sequence[Actions], outcome: Batch) -> None:
        """Takes one tick of all environments into account."""
        for env, final in enumerate(outcome.final):
            if final is None:
                row = [Actions(group.discrete[env].copy(), group.continuous[env].copy()) for group in joint]
                self.actions[env].append(row)
            else:
                self.episodes[env] += 1
                self.actions[env].clear()

    def state_dict(self) -> dict[str, Any]:
        """Tensors and plain values."""
        return {
            "episodes": list(self.episodes),
            "actions": [
                [
                    {
                        "discrete": torch.from_numpy(np.stack([row[g].discrete for row in rows])),
                        "continuous": torch.from_numpy(np.stack([row[g].continuous for row in rows])),
                    }
                    for g in range(self.groups if rows else 0)
                ]
                for rows in self.actions
            ],
        }

    @classmethod
    def from_state_dict(cls, state: dict[str, Any], num_envs: int, groups: int) -> ReplayLog:
        """Undoes ``state_dict``.

        Raises:
            KeyError, TypeError, ValueError: The state is that of another number of environments or groups, or damaged.
        """
        if len(state["episodes"]) != num_envs:
            raise ValueError(
                f"the training ran {len(state['episodes'])} environments; resume it with "
                f"--set pool.num_envs={len(state['episodes'])}"
            )
        position = cls(num_envs, groups)
        position.episodes = [int(episode) for episode in state["episodes"]]
        position.actions = [
            [
                [Actions(discrete, continuous) for discrete, continuous in tick]
                for tick in zip(
                    *(
                        list(zip(group["discrete"].numpy(), group["continuous"].numpy(), strict=True))
                        for group in rows
                    ),
                    strict=True,
                )
            ]
            for rows in state["actions"]
        ]
        return position
