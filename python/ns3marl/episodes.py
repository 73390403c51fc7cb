# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Which episode each environment of a pool is in: the only place that counts episodes. Axes as in ``ns3marl.types``.

The seed (ns-3's RngSeed) and the run (RngRun) name an episode. Episode j of environment e of a pool has the run ``first_run + j *
num_envs + e``. An environment cannot be put into a file, but the same episode under the same actions comes to the same tick: so
the state of a pool is its running episodes and the actions that were taken in them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ns3marl.checks import checked_seed, checked_whole
from ns3marl.errors import ConfigError, OutOfStep
from ns3marl.types import Actions, Int64

#: Environments of one pool; memory and file descriptors end long before.
MAX_ENVS = 1_000_000
#: Runs fit into 64 bits with a sign, also those of the last of very many episodes.
MAX_FIRST_RUN = 2**62


@dataclass(frozen=True, slots=True)
class Numbering:
    """The runs of the episodes of a pool.

    Args:
        owner: Whose episodes, for messages.
        num_envs: E, from 1 to ``MAX_ENVS``.
        first_run: Run of the first episode, from 0 to ``MAX_FIRST_RUN``.

    Raises:
        ConfigError: A number is out of range.
    """

    owner: str
    num_envs: int
    first_run: int

    def __post_init__(self) -> None:
        for name, low, high in (("num_envs", 1, MAX_ENVS), ("first_run", 0, MAX_FIRST_RUN)):
            object.__setattr__(self, name, checked_whole(self.owner, name, getattr(self, name), low, high))

    def run(self, env: int, episode: int) -> int:
        """Run of an environment's episode number ``episode``, from 0."""
        return self.first_run + episode * self.num_envs + env

    def check_state(self, state: dict[str, Any]) -> None:
        """Refuses the state of a pool with another number of environments.

        Raises:
            ConfigError: It is one.
        """
        of = len(state["episodes"])
        if of != self.num_envs:
            raise ConfigError(
                f"{self.owner}: the state is that of {of} environments, this pool has {self.num_envs}; load it into a pool "
                f"with num_envs={of} (--set pool.num_envs={of})"
            )

    def check_recorded(self, begun: bool, recorded: bool) -> None:
        """Refuses to give the state of a pool that has none to give.

        Args:
            begun: Whether an episode runs in every environment.
            recorded: Whether the actions of the running episodes are recorded.

        Raises:
            OutOfStep: No episode runs.
            ConfigError: Actions are not recorded.
        """
        if not begun:
            raise OutOfStep(f"{self.owner}: state_dict() came before reset(), when no episode runs")
        if not recorded:
            raise ConfigError(
                f"{self.owner}: state_dict() needs the actions of the running episodes, which are not recorded; make the pool "
                "with resumable=True"
            )


class Episodes:
    """The running episodes of a pool whose environments live in this process and take every tick together.

    Args:
        owner: Whose episodes, for messages.
        num_envs: E.
        seed: ns-3's RngSeed, or what stands for it.
        first_run: Run of the first episode.
        resumable: Whether the actions of running episodes are recorded, for ``state_dict``.

    Raises:
        ConfigError: A number is out of range.
    """

    def __init__(
        self, owner: str, *, num_envs: int, seed: int, first_run: int, resumable: bool = False
    ) -> None:
        self._numbering = Numbering(owner, num_envs, first_run)
        self.seed = checked_seed(owner, seed)
        self._resumable = resumable
        self.episode: Int64 = np.full(num_envs, -1)  #: [E] number of the running episode, from 0
        self.run: Int64 = np.zeros(num_envs, np.int64)  #: [E] its run
        self.tick: Int64 = np.zeros(num_envs, np.int64)  #: [E] ticks that were played in it
        self._history: list[list[Actions]] = []  # [ticks][group], the latest last; [E,A,...] each

    def begin(self, env: int) -> int:
        """An environment's next episode begins.

        Returns:
            Its run.
        """
        self.episode[env] += 1
        self.tick[env] = 0
        self.run[env] = run = self._numbering.run(env, int(self.episode[env]))
        return run

    def begin_all(self) -> list[int]:
        """The next episode begins in every environment; the runs [E]."""
        return [self.begin(env) for env in range(len(self.episode))]

    def play(self, actions: Sequence[Actions]) -> None:
        """Every environment takes a tick under these joint actions, one ``Actions`` [E,A,...] per group."""
        self._history = self.history
        if self._resumable:
            self._history.append(
                [Actions(group.discrete.copy(), group.continuous.copy()) for group in actions]
            )
        self.tick += 1

    @property
    def history(self) -> list[list[Actions]]:
        """[ticks][group] the actions since the beginning of the longest running episode, [E,A,...] each, as far as recorded."""
        return self._history[max(0, len(self._history) - int(self.tick.max())) :]

    def recorded(self, env: int) -> list[list[Actions]]:
        """[ticks][group] the actions of an environment since the beginning of its episode, [A,D] and [A,R], as far as recorded."""
        history = self._history[max(0, len(self._history) - int(self.tick[env])) :]
        return [[Actions(group.discrete[env], group.continuous[env]) for group in joint] for joint in history]

    def state_dict(self) -> dict[str, Any]:
        """Where the environments stand, in arrays, numbers, lists and dictionaries.

        These are the seed; the number and the ticks of each episode, [E]; and of each group the actions of the last H ticks,
        [H,E,A,D] and [H,E,A,R]. Environment e took the last ``ticks[e]`` of them.

        Raises:
            OutOfStep: No episode runs.
            ConfigError: Actions are not recorded.
        """
        self._numbering.check_recorded(bool((self.episode >= 0).all()), self._resumable)
        return {
            "seed": self.seed,
            "episodes": self.episode.tolist(),
            "ticks": self.tick.tolist(),
            "actions": [
                {
                    "discrete": np.stack([joint.discrete for joint in of_group]),
                    "continuous": np.stack([joint.continuous for joint in of_group]),
                }
                for of_group in zip(*self.history, strict=True)
            ],
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Takes up the running episodes of a state; ``history`` and ``recorded`` give what leads to where they stood.

        Raises:
            ConfigError: The state is that of another number of environments.
        """
        self._numbering.check_state(state)
        self.seed = checked_seed(self._numbering.owner, state["seed"])
        self.episode[:], self.tick[:] = state["episodes"], state["ticks"]
        self.run[:] = [self._numbering.run(env, episode) for env, episode in enumerate(state["episodes"])]
        by_group = [zip(group["discrete"], group["continuous"], strict=True) for group in state["actions"]]
        self._history = [[Actions(*arrays) for arrays in joint] for joint in zip(*by_group, strict=True)]
