# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The agents of parallel environments as rows of a vector environment of Stable-Baselines3, with masks, through SuperSuit."""

from __future__ import annotations

from typing import Any

import numpy as np
import supersuit
from gymnasium import spaces
from numpy.typing import NDArray
from stable_baselines3.common.vec_env import VecEnv

from ns3marl.errors import ConfigError


def agents(environment: Any, copies: int = 1) -> VecEnv:
    """Every agent of every copy as an environment of its own, so that one policy acts for all of them.

    ``MaskablePPO`` finds the masks of views that have them. With a seed (``PPO(..., seed=1)``), copy c plays the episodes of seed + c.

    Args:
        environment: a parallel environment whose agents are of one kind and present all the time, with ``multi_discrete_actions``,
            ``discrete_actions`` or ``flat_actions``. It serves as the pattern: copies are new ones, and this one may be closed.
        copies: simulators that run side by side.

    Raises:
        ConfigError: the agents have different spaces.
    """
    kinds = [
        (environment.observation_space(a), environment.action_space(a)) for a in environment.possible_agents
    ]
    if any(kind != kinds[0] for kind in kinds):
        raise ConfigError(
            "the agents have different spaces, expected one kind of agents; choose a scenario with one group"
        )
    rows = supersuit.pettingzoo_env_to_vec_env_v1(environment)
    return AgentRows(supersuit.concat_vec_envs_v1(rows, copies, base_class="gymnasium"))


class AgentRows(VecEnv):
    """SuperSuit's vector of agents for Stable-Baselines3; SuperSuit's own takes neither seeds nor masks."""

    def __init__(self, vector: Any) -> None:
        self._vector = vector
        self._infos: list[dict[str, Any]] = [{} for _ in range(vector.num_envs)]
        super().__init__(vector.num_envs, vector.observation_space, vector.action_space)

    def reset(self) -> Any:
        """Begins new episodes, under the seed that was given last, if any."""
        observations, infos = self._vector.reset(seed=self._seeds[0])
        self._reset_seeds()
        self._infos = self.reset_infos = infos
        return observations

    def step_async(self, actions: NDArray[Any]) -> None:
        """Hands the actions in."""
        self._vector.step_async(actions)

    def step_wait(self) -> Any:
        """One tick; ended episodes are followed by others at once."""
        observations, rewards, terminated, truncated, infos = self._vector.step_wait()
        terminated, truncated = np.asarray(terminated, bool), np.asarray(truncated, bool)
        for info, cut in zip(infos, truncated & ~terminated, strict=True):
            info["TimeLimit.truncated"] = bool(cut)
        self._infos = infos
        return observations, rewards, terminated | truncated, infos

    def close(self) -> None:
        """Ends the simulators."""
        self._vector.close()

    def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
        """``render_mode`` and, where the actions have masks, ``action_masks``."""
        rows = self._get_indices(indices)
        if attr_name == "render_mode":
            return [None for _ in rows]
        if attr_name == "action_masks" and not isinstance(self.action_space, spaces.Box):
            return [self._infos[row].get("action_mask") for row in rows]  # None before the first reset
        raise AttributeError(f"rows of agents have no attribute {attr_name!r}")

    def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
        """Nothing can be set."""
        del value, indices
        raise AttributeError(f"rows of agents have no attribute {attr_name!r} that may be set")

    def env_method(self, method_name: str, *_: Any, indices: Any = None, **__: Any) -> list[Any]:
        """``action_masks``."""
        return self.get_attr(method_name, indices)

    def env_is_wrapped(self, wrapper_class: type, indices: Any = None) -> list[bool]:
        """No row is."""
        del wrapper_class
        return [False for _ in self._get_indices(indices)]
