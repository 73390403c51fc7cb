# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""``Ns3Env`` with ns3-gym's arguments, attributes and return values."""

from __future__ import annotations

import importlib
import math
import os
import shlex
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
from gymnasium.utils import seeding

from ns3marl.compat import ns3gym_wire as wire
from ns3marl.compat.ns3gym import Warner
from ns3marl.compat.ns3gym_simulation import Command, Simulations, checked_port
from ns3marl.errors import ConfigError, LaunchError, SpecViolation

COMMAND = "NS3MARL_NS3GYM_COMMAND"
"""Name of an environment variable: the command that starts the simulation in place of ``ns3 run``."""

try:
    _gym: Any = importlib.import_module("gym")  # what programs for ns3-gym compare spaces with
except ImportError:
    _gym = gymnasium

_WIDE = {"i": np.int64, "u": np.uint64, "f": np.float64}


class Ns3Env(_gym.Env):  # type: ignore[misc]
    """One simulation at a time, as ns3-gym drives it.

    ``reset()`` returns the observation, ``step(action)`` observation, reward, done and info. What ns3-gym's client bears is borne, with
    an ``ns3marl.compat.ns3gym.Ns3GymWarning`` that names it. Observations come as the simulation sends them: int, tuple, dict, or an
    array [n] of int64 or float64. Waiting has no time limit, as a simulation may be waiting for a person or be compiled first; but the
    simulation is watched, and ends with this process.

    Args:
        stepTime: ignored, as by ns3-gym.
        port: on which the simulation is awaited, on this host only; 0 takes a free one.
        startSim: launches the simulation: the one that has the name of the current folder, by the ``ns3`` program of the first folder
            above it that has one, or the command in the environment variable ``NS3MARL_NS3GYM_COMMAND``. False waits for one that is
            started by hand, at every episode.
        simSeed: its ``--simSeed`` in every episode; 0 draws one for each from NumPy's global generator.
        simArgs: its further arguments, such as ``{"--simTime": 20}``.
        debug: shows the simulation's output.

    Raises:
        LaunchError: no simulation is found, or it ended before it connected, or the port is taken.
        ConfigError: the port is no port, or none where the simulation is not launched here.

    ``step`` and ``reset`` raise as those of ``ns3marl.compat.ns3gym.Ns3GymEnv`` do.
    """

    metadata: dict[str, Any] = {"render_modes": []}  # noqa: RUF012 - Gym's own declaration

    def __init__(
        self,
        stepTime: float = 0,
        port: int = 0,
        startSim: bool = True,
        simSeed: int = 0,
        simArgs: dict[str, Any] | None = None,
        debug: bool = False,
    ) -> None:
        self.stepTime = stepTime
        self.port = port
        self.startSim = startSim
        self.simSeed = simSeed
        self.simArgs = simArgs or {}
        self.debug = debug
        self.envDirty = False
        self._complain = Warner()
        self._simulations = Simulations(self._complain)
        self._state: wire.State | None = None
        try:
            self._begin()
        except BaseException:
            self._simulations.close()
            raise
        self.seed()

    def seed(self, seed: int | None = None) -> list[int | None]:
        """Seeds ``np_random``, which the simulation knows nothing of."""
        self.np_random, seed = seeding.np_random(seed)
        return [seed]

    def reset(self) -> Any:
        """The first observation of the next episode; of the one that has begun, while no step was made."""
        if self.envDirty or self._state is None:
            self._begin()
        return self.get_state()[0]

    def step(self, action: Any) -> tuple[Any, float, bool, Any]:
        """One exchange: observation, reward, done, and the simulation's text, or {} without one."""
        if not self._simulations.running:
            raise SpecViolation("step() came after the end of the episode; call reset()")
        frame = wire.encode_action(action, self._acted, self._complain)
        self.envDirty = True
        self._state = self._simulations.step(frame, math.inf)
        return self.get_state()

    def get_state(self) -> tuple[Any, float, bool, Any]:
        """The last observation, reward, done and info."""
        if self._state is None:
            raise SpecViolation("there is no state before reset()")
        state = self._state
        return _widened(state.came), state.reward, state.over, state.info or {}

    def get_random_action(self) -> Any:
        """A random element of the action space."""
        return self.action_space.sample()

    def render(self, mode: str = "human") -> None:
        """Nothing."""

    def close(self) -> None:
        """Ends the simulation. May be called twice; ``reset`` begins anew."""
        self._state = None
        self._simulations.close()

    def _begin(self) -> None:
        """Launches or awaits a simulation, up to its first state."""
        port = checked_port(self.port)
        if not self.startSim and port == 0:
            raise ConfigError(
                "port is 0, expected the one that the simulation connects to, as startSim is False"
            )
        self.envDirty = False
        self._state = None
        self._simulations.stop()
        if self.startSim:
            sim_seed = self.simSeed or int(np.random.randint(1, 2**32, dtype=np.uint32))  # noqa: NPY002 - as ns3-gym does
            about = f"--simSeed={sim_seed}"
            arguments = [about, *(f"{key}={value}" for key, value in self.simArgs.items())]
            name, command, directory = _launch(arguments)
        else:
            name, command, directory, about = f"the simulation on port {port}", None, None, ""
            print(f"Waiting for the simulation to connect to tcp://localhost:{port}", flush=True)
        observed, self._acted = self._simulations.begin(
            name, command, port, math.inf, about=about, directory=directory, shows_output=self.debug
        )
        self.observation_space, self.action_space = _as_gym(observed), _as_gym(self._acted)
        for space, where in ((observed, "the observation space"), (self._acted, "the action space")):
            if space is None:
                self._complain(where, "none", f"{where} is not declared by the simulation; it is None")
        self._state = self._simulations.first_state(observed, math.inf)


def _launch(arguments: list[str]) -> tuple[str, Command | None, Path | None]:
    """The name of the simulation, what makes the command that starts it, and the folder to do so in."""
    told = os.environ.get(COMMAND)
    if told:
        words = shlex.split(told)
        name = f"simulation {Path(words[0]).name!r}"
        return name, lambda port: [*words, f"--openGymPort={port}", *arguments], None
    here = Path.cwd()
    program = next((found for folder in (here, *here.parents) if (found := folder / "ns3").is_file()), None)
    if program is None:
        raise LaunchError(
            f"there is no program 'ns3' in {here} or a folder above it, by which ns3-gym starts the simulation {here.name!r}; start "
            f"it by hand, with startSim=False, or set {COMMAND} to the command that starts it"
        )
    words = [str(program), "run"]  # which takes the simulation and its arguments as one word
    return (
        f"simulation {here.name!r}",
        lambda port: [*words, " ".join([here.name, f"--openGymPort={port}", *arguments])],
        program.parent,
    )


def _as_gym(space: gymnasium.Space[Any] | None) -> Any:
    """A space of gym, where that is installed, with the wide types of ns3-gym."""
    if isinstance(space, gymnasium.spaces.Discrete):
        return _gym.spaces.Discrete(int(space.n))
    if isinstance(space, gymnasium.spaces.Box):
        dtype = _WIDE[space.dtype.kind]
        return _gym.spaces.Box(low=space.low.astype(dtype), high=space.high.astype(dtype), dtype=dtype)
    if isinstance(space, gymnasium.spaces.Tuple):
        return _gym.spaces.Tuple(tuple(_as_gym(sub) for sub in space.spaces))
    if isinstance(space, gymnasium.spaces.Dict):
        return _gym.spaces.Dict({key: _as_gym(sub) for key, sub in space.spaces.items()})
    return None


def _widened(came: wire.Data) -> Any:
    """Observations with the types of ns3-gym, so that a difference of two counts may be below 0."""
    if isinstance(came, np.ndarray):
        return came.astype(np.float64 if came.dtype.kind == "f" else np.int64)
    if isinstance(came, tuple):
        return tuple(_widened(part) for part in came)
    if isinstance(came, dict):
        return {key: _widened(part) for key, part in came.items()}
    return came
