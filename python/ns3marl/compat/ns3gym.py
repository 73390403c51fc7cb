# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Simulations that were written for ns3-gym, unmodified, as Gymnasium environments."""

from __future__ import annotations

import operator
import secrets
import subprocess
import time
import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import Any, SupportsIndex

import gymnasium
import numpy as np
import zmq
from gymnasium.utils import EzPickle

from ns3marl.compat import ns3gym_wire as wire
from ns3marl.errors import ConfigError, Crashed, Hung, LaunchError, Ns3MarlError, OutOfStep, SpecViolation
from ns3marl.simulator import Process

#: How often a wait looks at the life of the simulation it waits for.
_WATCH_MS = 50
#: Time for a simulation that was asked to stop before it is made to.
_GRACE_S = 1.0


class Ns3GymEnv(gymnasium.Env[Any, Any], EzPickle):
    """One simulation at a time, each an episode in a process of its own, with the spaces that it declares.

    An episode that ended by ns3-gym's GameOver is ``terminated``, one that ended with the simulated time ``truncated``. ``info`` holds
    ``info``, the text that the simulation gave, and ``sim_seed``, its ``--simSeed``. Copies may run side by side: each listens
    on a port of its own, on this host only. When this process ends, however it ends, so does the simulation.

    Args:
        command: the simulation: the path of its executable, or the words of a command such as
            ``["./ns3", "run", "my-sim", "--"]``. The port, the seed and the arguments are added to it.
        arguments: the simulation's own, such as ``"--simTime=20"``.
        seed: of the episodes until ``reset`` is given another one. Episode j of a seed always gets the same ``--simSeed``, and
            every episode another one. None: another one in every environment.
        working_directory: of the simulation; this process's by default.
        tick_timeout_s: longest time the simulation may take from an action to the next state.
        start_timeout_s: longest time it may take to connect, and from there to its first state.

    Raises:
        LaunchError: the command cannot be run, or ended or took too long before it connected.
        ConfigError: ``command`` is empty or ``seed`` is no integer of 0 or above.
        SpecViolation: the spaces it declares make no sense.

    ``reset`` and ``step`` raise ``Crashed`` when the simulation ended before its episode did, ``Hung`` when a timeout passed,
    ``OutOfStep`` for bytes that are no message, ``SpecViolation`` for an action that is no element of the action space (nothing was
    sent then) or an observation that is none of the observation space. After each but the last but one the environment may be reset.
    """

    metadata: dict[str, Any] = {"render_modes": []}  # noqa: RUF012 - Gymnasium's own declaration

    def __init__(
        self,
        command: str | Path | Sequence[str | Path],
        arguments: Sequence[str] = (),
        *,
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
            seed=seed,
            working_directory=working_directory,
            tick_timeout_s=tick_timeout_s,
            start_timeout_s=start_timeout_s,
        )
        words = [command] if isinstance(command, (str, Path)) else list(command)
        if not words:
            raise ConfigError("Ns3GymEnv: the command is empty; give the path of a simulation's executable")
        self.render_mode = render_mode
        self._command = [str(word) for word in words]
        self._arguments = tuple(arguments)
        self._seed = _checked(seed)
        self._episode = 0
        self._directory = working_directory
        self._tick_timeout_s = tick_timeout_s
        self._start_timeout_s = start_timeout_s
        self._runs: list[_Run] = []  # the running simulation, if any
        self._state: wire.State | None = None  # the last one of the running episode, to be answered
        self._unused = False  # whether the running simulation waits at the first state, for a reset
        self._guard = _Guard()
        self._finalizer = weakref.finalize(self, _release, self._runs, self._guard)
        try:
            self._begin(self._next_sim_seed())
        except BaseException:
            self.close()
            raise
        self._unused = True

    def __setstate__(self, made_with: dict[str, Any]) -> None:
        """Makes this copy anew; EzPickle would make another one, which takes its simulation with it when it goes."""
        Ns3GymEnv.__init__(self, *made_with["_ezpickle_args"], **made_with["_ezpickle_kwargs"])

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Begins the next episode, or the first one of ``seed``; ``options={"sim_seed": n}`` chooses the ``--simSeed`` itself."""
        if seed is not None:
            self._seed, self._episode = _checked(seed), 0
        super().reset(seed=None if seed is None else self._seed)
        sim_seed = int((options or {}).get("sim_seed", self._next_sim_seed()))
        if not self._unused or not self._runs or self._runs[0].sim_seed != sim_seed:
            self._stop()
            self._begin(sim_seed)
        self._unused = False
        self._episode += 1
        assert self._state is not None
        if self._state.over:
            raise OutOfStep(
                f"{self._name()} was over at its first state, before any action; is its simulated time above 0?"
            )
        return self._state.observation, self._info(self._state)

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """One exchange. When the episode ends, the simulation does."""
        if not self._runs or self._state is None or self._unused:
            raise SpecViolation("step() came before reset(), or after the end of the episode; call reset()")
        frame = wire.encode_action(action, self.action_space)
        state = self._state = self._exchange(frame, self._tick_timeout_s)
        info = self._info(state)
        if state.over:
            self._stop()
        return state.observation, state.reward, state.game_over, state.over and not state.game_over, info

    def close(self) -> None:
        """Ends the simulation. May be called twice."""
        self._stop()
        self._finalizer()

    # ------------------------------------------------------------------------------------------------------ simulation

    def _next_sim_seed(self) -> int:
        """A seed from 1 to 2^31 - 1 that follows from the seed and the number of the episode."""
        (word,) = np.random.SeedSequence([self._seed, self._episode]).generate_state(1)
        return int(word) % (2**31 - 1) + 1

    def _begin(self, sim_seed: int) -> None:
        """Launches a simulation and waits for its first state."""
        run = _Run(self._command, self._arguments, sim_seed, self._directory)
        self._runs.append(run)
        self._guard.watch(run.process.pid)
        try:
            spaces = wire.decode_init(self._receive(run, self._start_timeout_s, greeting=True))
        except Ns3MarlError:
            self._stop()
            raise
        self.observation_space, self.action_space = spaces
        run.greeted = True
        self._state = self._exchange(wire.encode_ack(), self._start_timeout_s)

    def _exchange(self, frame: bytes, timeout_s: float) -> wire.State:
        (run,) = self._runs
        try:
            run.socket.send(frame)
            run.owes_answer = False
            return wire.decode_state(self._receive(run, timeout_s), self.observation_space)
        except Ns3MarlError as error:
            name = self._name()
            self._stop()
            if isinstance(error, (OutOfStep, SpecViolation)):
                raise type(error)(f"{name}: {error}") from error
            raise

    def _receive(self, run: _Run, timeout_s: float, *, greeting: bool = False) -> bytes:
        deadline_s = time.monotonic() + timeout_s
        while True:
            alive = (
                run.process.is_alive()
            )  # looked at first: what a process sent before its end still comes in
            try:
                frame: bytes = run.socket.recv()
            except zmq.Again:
                tail = f"its last lines of output:\n{run.process.stderr_tail()}"
                if not alive:
                    text = f"{self._name()} ended with {run.process.ending()}"
                    if greeting:
                        raise LaunchError(
                            f"{text} before it connected; is it an ns3-gym simulation that takes --openGymPort and --simSeed? {tail}"
                        ) from None
                    raise Crashed(f"{text} before its episode did; {tail}") from None
                if time.monotonic() > deadline_s:
                    if greeting:
                        raise LaunchError(
                            f"{self._name()} did not connect within {timeout_s} s; is it an ns3-gym simulation? {tail}"
                        ) from None
                    raise Hung(
                        f"{self._name()} lives but sent nothing for {timeout_s} s; if its steps take that long, raise "
                        f"tick_timeout_s; {tail}"
                    ) from None
            else:
                run.owes_answer = True
                return frame

    def _stop(self) -> None:
        self._state, self._unused = None, False
        while self._runs:
            self._runs.pop().end()
            self._guard.forget()

    def _info(self, state: wire.State) -> dict[str, Any]:
        return {"info": state.info, "sim_seed": self._runs[0].sim_seed}

    def _name(self) -> str:
        (run,) = self._runs
        return f"simulation {Path(self._command[0]).name!r} (pid {run.process.pid}, --simSeed={run.sim_seed})"


class _Run:
    """A simulation's process and the REP socket that it connects to."""

    def __init__(
        self, command: Sequence[str], arguments: Sequence[str], sim_seed: int, directory: str | Path | None
    ) -> None:
        self.sim_seed = sim_seed
        self.greeted = False
        self.owes_answer = False  #: a message came that was not answered yet
        self.socket: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.REP)
        self.socket.setsockopt(zmq.RCVTIMEO, _WATCH_MS)
        port: int = self.socket.bind_to_random_port("tcp://127.0.0.1")
        try:
            self.process = Process(
                [*command, f"--openGymPort={port}", f"--simSeed={sim_seed}", *arguments],
                "give the path of a simulation's executable, or a command that runs it",
                directory=directory,
            )
        except LaunchError:
            self.socket.close(linger=0)
            raise

    def end(self) -> None:
        """Asks the simulation to stop where it waits for an answer, and sees to it."""
        if self.owes_answer and self.greeted and self.process.is_alive():
            self.socket.send(wire.encode_stop())
            self.process.stop(grace_s=_GRACE_S)
        else:
            self.process.stop()
        self.socket.close(linger=0)


class _Guard:
    """A process that ends the simulation when this one has ended without doing so: it waits for the end of a pipe."""

    _SCRIPT = 'while read -r line; do pid=$line; done; [ -z "$pid" ] || kill -s KILL -- "-$pid"'

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            ["/bin/sh", "-c", self._SCRIPT],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is the learner's to handle
        )

    def watch(self, pid: int) -> None:
        """From now on this process and its children depend on this one."""
        self._tell(str(pid))

    def forget(self) -> None:
        """The process has ended."""
        self._tell("")

    def close(self) -> None:
        """Ends the simulation if it still runs, and the guard."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()

    def _tell(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n".encode())
        self._process.stdin.flush()


def _release(runs: list[_Run], guard: _Guard) -> None:
    while runs:
        runs.pop().end()
    guard.close()


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
