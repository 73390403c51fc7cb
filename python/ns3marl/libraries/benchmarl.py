# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Any scenario as a task of BenchMARL, with masks and the global state."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarl.environments.common import TaskClass
from torchrl.envs import PettingZooWrapper

from ns3marl.env.pettingzoo import Ns3ParallelEnv
from ns3marl.env.wrappers import discrete_actions, flat_actions, scaled_observations


def task(scenario: str | Path, arguments: Sequence[str] = (), *, levels: int = 2, **options: Any) -> Ns3Task:
    """A task for ``benchmarl.experiment.Experiment``; each group of agents is one of BenchMARL's groups.

    With discrete actions, a choice is a combination of all heads (``discrete_actions``), and the masks are known to the algorithms; with
    continuous ones, masked choices are replaced (``flat_actions``). Features are scaled to [-1, 1].

    Args:
        scenario: name of a built scenario, or the path of its executable. All its agents must be present all the time.
        arguments: the scenario's arguments, such as ``"--devices=10"``.
        levels: choices that stand for a continuous head, where actions are discrete.
        options: further options of ``Ns3ParallelEnv``.
    """
    return Ns3Task(
        Path(scenario).name,
        {"scenario": scenario, "arguments": tuple(arguments), "levels": levels, "options": options},
    )


class Ns3Task(TaskClass):  # type: ignore[misc]
    """The task that ``task`` gives."""

    def __init__(self, name: str, config: dict[str, Any]) -> None:
        super().__init__(name, config)
        self._made = 0  # environments so far

    def get_env_fun(
        self, num_envs: int, continuous_actions: bool, seed: int | None, device: Any
    ) -> Callable[[], PettingZooWrapper]:
        """Makes environments, each of one simulator with a seed of its own: ``seed``, ``seed`` + 1 and so on in the order in which they are made.

        Those of other processes (``parallel_collection``) draw their seeds from the operating system.
        """
        del num_envs

        def make() -> PettingZooWrapper:
            given = None if seed is None or multiprocessing.parent_process() else seed + self._made
            self._made += 1
            parallel = scaled_observations(
                Ns3ParallelEnv(self.config["scenario"], self.config["arguments"], **self.config["options"])
            )
            groups = {group.name: list(group.agents) for group in parallel.unwrapped.spec_of_scenario.groups}
            acted = (
                flat_actions(parallel)
                if continuous_actions
                else discrete_actions(parallel, self.config["levels"])
            )
            return PettingZooWrapper(
                acted, group_map=groups, return_state=True, use_mask=True, seed=given, device=device
            )

        return make

    def supports_continuous_actions(self) -> bool:
        """They do."""
        return True

    def supports_discrete_actions(self) -> bool:
        """They do."""
        return True

    def has_render(self, env: Any) -> bool:
        """There is nothing to show."""
        del env
        return False

    def max_steps(self, env: Any) -> int:
        """Ticks of an episode."""
        return int(env.spec_of_scenario.ticks)

    def group_map(self, env: Any) -> dict[str, list[str]]:
        """The scenario's groups of agents."""
        groups: dict[str, list[str]] = env.group_map
        return groups

    def observation_spec(self, env: Any) -> Any:
        """Of the observations alone."""
        return _only(env, "observation")

    def action_mask_spec(self, env: Any) -> Any:
        """Of the masks, where there are any."""
        return _only(env, "action_mask")

    def info_spec(self, env: Any) -> Any:
        """Of the infos."""
        return _only(env, "info")

    def state_spec(self, env: Any) -> Any:
        """Of the global state."""
        spec = env.observation_spec.clone()
        for key in list(spec.keys()):
            if key != "state":
                del spec[key]
        return spec

    def action_spec(self, env: Any) -> Any:
        """Of all actions."""
        return env.full_action_spec

    @staticmethod
    def env_name() -> str:
        """The name of all these tasks' environment."""
        return "ns3marl"


def _only(env: Any, name: str) -> Any:
    """What the specs of all groups say of ``name``, or None if they do not."""
    spec = env.observation_spec.clone()
    for group in list(spec.keys()):
        if group not in env.group_map or name not in spec[group].keys():  # noqa: SIM118 - a spec is no dictionary
            del spec[group]
            continue
        for key in list(spec[group].keys()):
            if key != name:
                del spec[group][key]
    return None if spec.is_empty() else spec
