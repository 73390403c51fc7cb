# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Simulations that were written for ns3-gym, unmodified, as Gymnasium environments."""

from __future__ import annotations

import operator
import secrets
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, SupportsIndex

import gymnasium
import numpy as np
from gymnasium.utils import EzPickle

from ns3marl.compat import ns3gym_wire as wire
from ns3marl.compat.ns3gym_simulation import Simulations, checked_port
from ns3marl.errors import ConfigError, OutOfStep, SpecViolation


class Ns3GymWarning(UserWarning):
    """What a simulation or an action does against the declared spaces, and is borne as ns3-gym's own client bears it."""


class Warner:
    """Warns of what is borne: of each kind once for each place, as the numbers in the sentence change from step to step."""

    def __init__(self) -> None:
        self._told: set[tuple[str, str]] = set()

    def __call__(self, where: str, kind: str, text: str) -> None:
        """A ``wire.Complain`` that never raises."""
        if (where, kind) not in self._told:
            self._told.add((where, kind))
            warnings.warn(f"{text} (further ones of this kind are not told)", Ns3GymWarning, stacklevel=2)


class Ns3GymEnv(gymnasium.Env[Any, Any], EzPickle):
    """One simulation at a time, each an episode in a process of its own, with the spaces that it declares.

    An episode that ended by ns3-gym's GameOver is ``terminated``, one that ended with the simulated time ``truncated``. ``info`` holds
    ``info``, the text that the simulation gave, and ``sim_seed``, its ``--simSeed``. Copies may run side by side: each listens
    on a port of its own, on this host only. When this process ends, however it ends, so does the simulation.

    Args:
        command: the simulation: the path of its executable, or the words of a command such as
            ``["./ns3", "run", "my-sim", "--"]``. The port, the seed and the arguments are added to it. None waits for a simulation
            that is started elsewhere, at every episode; ``port`` is needed then, and there is no ``sim_seed``.
        arguments: the simulation's own, such as ``"--simTime=20"``.
        port: on which the simulation is awaited; 0 takes a free one. Some simulations connect to a port of their own choice.
        lenient: what breaks the declared spaces, on either side, and ns3-gym's own client bears, is borne, with an ``Ns3GymWarning``
            that names it: an observation or reward that is not finite; an observation of another kind or length, which is handed on as
            it came; no observation or action space, which is None then; an action out of bounds or of another length.
        observation_space: in place of the declared one, of which it may differ in bounds alone.
        action_space: the same for actions. A simulation that has a vector of bounds cannot tell them: ns3-gym's wire has no room.
        seed: of the episodes until ``reset`` is given another one. Episode j of a seed always gets the same ``--simSeed``, and
            every episode another one. None: another one in every environment.
        working_directory: of the simulation; this process's by default.
        tick_timeout_s: longest time the simulation may take from an action to the next state [s]; infinite is allowed.
        start_timeout_s: longest time it may take to connect, and from there to its first state [s]; infinite is allowed.

    Raises:
        LaunchError: the command cannot be run, ended or took too long before it connected, or the port is taken.
        ConfigError: an argument is refused.
        SpecViolation: the spaces it declares make no sense.

    ``reset`` and ``step`` raise ``Crashed`` when the simulation ended before its episode did, ``Hung`` when a timeout passed,
    ``OutOfStep`` for bytes that are no message, after ``close`` and in a forked child, ``SpecViolation`` for an action that is no element
    of the action space (nothing was sent then, and it may be mended) or an observation that is none of the observation space. After
    each but those of a closed environment and a forked child the environment may be reset.
    """

    metadata: dict[str, Any] = {"render_modes": []}  # noqa: RUF012 - Gymnasium's own declaration

    def __init__(
        self,
        command: str | Path | Sequence[str | Path] | None = None,
        arguments: Sequence[str] = (),
        *,
        port: int = 0,
        lenient: bool = False,
        observation_space: gymnasium.Space[Any] | None = None,
        action_space: gymnasium.Space[Any] | None = None,
        seed: int | None = None,
        working_directory: str | Path | None = None,
        tick_timeout_s: float = 60.0,
        start_timeout_s: float = 30.0,
        render_mode: None = None,
    ) -> None:
        EzPickle.__init__(
            self,
            command,
            arguments,
            port=port,
            lenient=lenient,
            observation_space=observation_space,
            action_space=action_space,
            seed=seed,
            working_directory=working_directory,
            tick_timeout_s=tick_timeout_s,
            start_timeout_s=start_timeout_s,
        )
        if command is not None:
            words = [command] if isinstance(command, (str, Path)) else list(command)
            if not words:
                raise ConfigError(
                    "Ns3GymEnv: the command is empty; give the path of a simulation's executable"
                )
            self._command: list[str] | None = [str(word) for word in words]
        elif port == 0 or arguments:
            raise ConfigError(
                "Ns3GymEnv: without a command a simulation that is started elsewhere is awaited; give the port that it connects to, "
                "and no arguments"
            )
        else:
            self._command = None
        for name, limit_s in (("tick_timeout_s", tick_timeout_s), ("start_timeout_s", start_timeout_s)):
            if not limit_s > 0:
                raise ConfigError(f"Ns3GymEnv: {name} is {limit_s}, expected a time above 0 s")
        self.render_mode = render_mode
        self._arguments = tuple(arguments)
        self._port = checked_port(port)
        self._lenient = lenient
        self._given = (observation_space, action_space)
        self._seed = _checked(seed)
        self._episode = 0
        self._directory = working_directory
        self._tick_timeout_s = tick_timeout_s
        self._start_timeout_s = start_timeout_s
        self._warn = Warner()
        self._complain: wire.Complain = self._warn if lenient else wire.refuse
        self._simulations = Simulations(self._complain)
        self._sim_seed = 0  # of the running simulation
        self._first: tuple[Any, dict[str, Any]] | None = None  # of a simulation that waits for its reset
        self._closed = False
        try:
            self._first = self._begin(self._next_sim_seed())
        except BaseException:
            self.close()
            raise

    def __setstate__(self, made_with: dict[str, Any]) -> None:
        """Makes this copy anew; EzPickle would make another one, which takes its simulation with it when it goes."""
        Ns3GymEnv.__init__(self, *made_with["_ezpickle_args"], **made_with["_ezpickle_kwargs"])

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Begins the next episode, or the first one of ``seed``; ``options={"sim_seed": n}`` chooses the ``--simSeed`` itself."""
        self._check_open()
        if seed is not None:
            self._seed, self._episode = _checked(seed), 0
        super().reset(seed=None if seed is None else self._seed)
        sim_seed = (options or {}).get("sim_seed")
        if sim_seed is not None and self._command is None:
            raise ConfigError("Ns3GymEnv: sim_seed is the choice of whoever starts the simulation")
        sim_seed = self._next_sim_seed() if sim_seed is None else int(sim_seed)
        first, self._first = self._first, None
        if first is None or (self._command is not None and self._sim_seed != sim_seed):
            first = self._begin(sim_seed)
        self._episode += 1
        return first

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """One exchange. When the episode ends, the simulation does."""
        self._check_open()
        if not self._simulations.running or self._first is not None:
            raise SpecViolation("step() came before reset(), or after the end of the episode; call reset()")
        frame = wire.encode_action(action, self.action_space, self._complain)
        state = self._simulations.step(frame, self._tick_timeout_s)
        truncated = state.over and not state.game_over
        return state.observation, state.reward, state.game_over, truncated, self._info(state)

    def close(self) -> None:
        """Ends the simulation. May be called twice; the environment cannot be used afterwards."""
        self._closed = True
        self._simulations.close()

    def _check_open(self) -> None:
        if self._closed:
            raise OutOfStep("this Ns3GymEnv is closed; make another one")

    def _next_sim_seed(self) -> int:
        """A seed from 1 to 2^31 - 1 that follows from the seed and the number of the episode."""
        (word,) = np.random.SeedSequence([self._seed, self._episode]).generate_state(1)
        return int(word) % (2**31 - 1) + 1

    def _begin(self, sim_seed: int) -> tuple[Any, dict[str, Any]]:
        """Launches or awaits a simulation, up to its first state."""
        words = self._command
        name = (
            f"the simulation on port {self._port}" if words is None else f"simulation {Path(words[0]).name!r}"
        )
        added = [f"--simSeed={sim_seed}", *self._arguments]
        declared = self._simulations.begin(
            name,
            None if words is None else lambda port: [*words, f"--openGymPort={port}", *added],
            self._port,
            self._start_timeout_s,
            about=f"--simSeed={sim_seed}",
            directory=self._directory,
        )
        self._sim_seed = sim_seed
        try:
            self.observation_space, self.action_space = (
                self._space(*each)
                for each in zip(
                    declared, self._given, ("the observation space", "the action space"), strict=True
                )
            )
        except (ConfigError, SpecViolation):
            self._simulations.stop()
            raise
        state = self._simulations.first_state(self.observation_space, self._start_timeout_s)
        return state.observation, self._info(state)

    def _space(
        self, declared: gymnasium.Space[Any] | None, given: gymnasium.Space[Any] | None, where: str
    ) -> Any:
        """The given space, or else the declared one."""
        name = where.removeprefix("the ").replace(" ", "_")
        if given is not None:
            if declared is not None and not wire.alike(declared, given):
                raise ConfigError(
                    f"Ns3GymEnv: {name}={given}, but the simulation declares {declared}; they may differ in bounds alone"
                )
            return given
        if declared is None:
            self._complain(where, "none", f"{where} is not declared by the simulation; give {name}=")
        return wire.open_bounds(declared, where, self._unbounded)

    def _unbounded(self, where: str, kind: str, text: str) -> None:
        self._warn(where, kind, f"{text}; give observation_space= or action_space=")

    def _info(self, state: wire.State) -> dict[str, Any]:
        return {"info": state.info} | ({} if self._command is None else {"sim_seed": self._sim_seed})


def _checked(seed: SupportsIndex | None) -> int:
    """A seed of 0 or above; None draws one from the operating system, so that environments without a seed differ."""
    if seed is None:
        return secrets.randbits(32)
    try:
        number = operator.index(seed)
    except TypeError:
        number = -1
    if number < 0:
        raise ConfigError(f"Ns3GymEnv: seed is {seed!r}, expected an integer of 0 or above")
    return number
