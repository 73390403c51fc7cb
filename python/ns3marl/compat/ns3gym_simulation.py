# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Processes and sockets of simulations that speak ns3-gym's wire: one simulation after the other, each an episode."""

from __future__ import annotations

import contextlib
import errno
import os
import subprocess
import sys
import time
import weakref
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import gymnasium
import zmq
from zmq.utils.monitor import recv_monitor_message

from ns3marl.compat import ns3gym_wire as wire
from ns3marl.errors import ConfigError, Crashed, Hung, LaunchError, Ns3MarlError, OutOfStep, SpecViolation
from ns3marl.simulator import Process

#: How often a wait looks at the life of the simulation it waits for.
_WATCH_MS = 50
#: Time for a simulation that was asked to stop before it is made to.
_GRACE_S = 1.0
#: Time until the socket of the last episode has left its port.
_REBIND_S = 2.0

#: Runs a command with a descriptor as its stdout and stderr.
_SHOWN = "import os, sys; fd = int(sys.argv[1]); os.dup2(fd, 1); os.dup2(fd, 2); os.execvp(sys.argv[2], sys.argv[2:])"

Command = Callable[[int], Sequence[str]]
"""Makes the words that start a simulation from the port that it is to connect to."""


class Simulations:
    """The simulation that runs, if any, and what ends it when its owner does not. May be used again after ``close``.

    Every method that exchanges messages ends the simulation before it raises. A child that was forked off may not use it.

    Args:
        complain: is told what states break of the spaces that were declared.
    """

    def __init__(self, complain: wire.Complain) -> None:
        self._complain = complain
        self._observation_space: gymnasium.Space[Any] | None = None
        self._runs: list[_Run] = []  # one at most
        self._guards: list[_Guard] = []  # one at most
        self._owner = os.getpid()
        self._finalizer = weakref.finalize(self, _release, self._runs, self._guards, self._owner)

    def begin(
        self,
        name: str,
        command: Command | None,
        port: int,
        timeout_s: float,
        *,
        about: str = "",
        directory: str | Path | None = None,
        shows_output: bool = False,
    ) -> tuple[gymnasium.Space[Any] | None, gymnasium.Space[Any] | None]:
        """Ends what runs, launches a simulation and waits for its first message; with no command it waits for one to connect.

        Args:
            name: in error messages.
            command: that launches it; None waits for a simulation that is started elsewhere.
            port: on which it is awaited, on this host only; 0 takes a free one.
            timeout_s: longest time until its first message [s]; infinite is allowed.
            about: what else error messages say of it where it is launched here.
            directory: of the simulation.
            shows_output: its output goes to this process's stderr.

        Returns:
            The observation and action spaces that it declares, None where it declares none.

        Raises:
            LaunchError: the port is taken, the command cannot be run, or the simulation ended or took too long before it connected.
            OutOfStep: the bytes are no message, or this is a forked child.
            SpecViolation: the spaces it declares make no sense.
        """
        self.stop()
        run = _Run(name, about, command, port, directory, shows_output)
        self._runs.append(run)
        if run.process is not None:
            if not self._guards:
                self._guards.append(_Guard())
            self._guards[0].watch(run.process.pid)
        with self._ending_on_errors():
            return wire.decode_init(run.receive(timeout_s))

    def first_state(self, observation_space: gymnasium.Space[Any] | None, timeout_s: float) -> wire.State:
        """Lets the simulation go on to its first state; its states are held against ``observation_space``."""
        self._observation_space = observation_space
        state = self._exchange(wire.encode_ack(), timeout_s)
        if state.over:
            name = self.name
            self.stop()
            raise OutOfStep(
                f"{name} was over at its first state, before any action; is its simulated time above 0?"
            )
        return state

    def step(self, frame: bytes, timeout_s: float) -> wire.State:
        """Sends an action and waits for the state that follows. A simulation that is over is ended.

        Raises:
            Crashed: it ended before its episode did.
            Hung: it sent nothing for ``timeout_s``.
            OutOfStep: the bytes are no message, the last wait was interrupted, or this is a forked child.
            SpecViolation: the state is no sensible one, or ``complain`` raised it.
        """
        state = self._exchange(frame, timeout_s)
        if state.over:
            self.stop()
        return state

    @property
    def running(self) -> bool:
        """Whether a simulation runs, or waits for the answer to its last message."""
        return bool(self._runs)

    @property
    def name(self) -> str:
        """That of the running simulation, with its pid where it was launched here."""
        return self._runs[0].name

    def stop(self) -> None:
        """Ends the running simulation, if any."""
        if os.getpid() != self._owner:
            raise OutOfStep(
                f"process {os.getpid()} was forked off process {self._owner}, whose simulation this is; make another environment in it"
            )
        while self._runs:
            self._runs.pop().end()
            if self._guards:
                self._guards[0].forget()

    def close(self) -> None:
        """Ends the running simulation and what watches over it. May be called twice."""
        _release(self._runs, self._guards, self._owner)

    def _exchange(self, frame: bytes, timeout_s: float) -> wire.State:
        (run,) = self._runs
        if os.getpid() != self._owner or not run.owes_answer:
            self.stop()
            raise OutOfStep("the last step was interrupted before its state came; call reset()")
        with self._ending_on_errors():
            run.answer(frame)
            return wire.decode_state(run.receive(timeout_s), self._observation_space, self._complain)

    @contextlib.contextmanager
    def _ending_on_errors(self) -> Iterator[None]:
        try:
            yield
        except Ns3MarlError as error:
            name = self.name
            self.stop()
            if isinstance(error, (OutOfStep, SpecViolation)):
                raise type(error)(f"{name}: {error}") from error
            raise


class _Run:
    """A simulation and the REP socket that it connects to."""

    def __init__(
        self,
        name: str,
        about: str,
        command: Command | None,
        port: int,
        directory: str | Path | None,
        shows_output: bool,
    ) -> None:
        self.name = name
        self._about = about
        self.owes_answer = False  #: a message came that was not answered yet
        self.process: Process | None = None
        self._greeted = False  #: its first message came
        self._acknowledged = False  #: and was answered
        self._socket: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.REP)
        self._socket.setsockopt(zmq.RCVTIMEO, _WATCH_MS)
        self._connections = 0
        self._monitor: zmq.Socket[bytes] = self._socket.get_monitor_socket(
            zmq.EVENT_ACCEPTED | zmq.EVENT_DISCONNECTED
        )
        try:
            port = _bind(self._socket, port)
            if command is not None:
                self._launch(list(command(port)), directory, shows_output)
        except BaseException:
            self._close()
            raise

    def receive(self, timeout_s: float) -> bytes:
        """The simulation's next message."""
        deadline_s = time.monotonic() + timeout_s
        while True:
            gone = self._gone()  # looked at first: what a simulation sent before its end still comes in
            try:
                frame: bytes = self._socket.recv()
            except zmq.Again:
                if gone is not None:
                    raise self._ended(gone) from None
                if time.monotonic() > deadline_s:
                    raise self._late(timeout_s) from None
            else:
                self.owes_answer = self._greeted = True
                return frame

    def answer(self, frame: bytes) -> None:
        """Answers the message that came last."""
        self._socket.send(frame)
        self.owes_answer = False
        self._acknowledged = True

    def end(self) -> None:
        """Asks the simulation to stop where it waits for an answer, or soon will, and sees to it if it was launched here."""
        if self._greeted and not self.owes_answer and self.process is None:
            with contextlib.suppress(Ns3MarlError):
                self.receive(_GRACE_S)
        asked = self.owes_answer and (self.process is None or self.process.is_alive())
        if asked:
            self.answer(wire.encode_stop() if self._acknowledged else wire.encode_ack(stop=True))
        if self.process is not None:
            self.process.stop(grace_s=_GRACE_S if asked else 0)
        self._close()

    def _close(self) -> None:
        self._socket.disable_monitor()
        self._monitor.close(linger=0)
        self._socket.close(linger=1000)  # the answer may be on its way; nobody waits for it here

    def _launch(self, command: list[str], directory: str | Path | None, shows_output: bool) -> None:
        remedy = "give the path of a simulation's executable, or a command that runs it"
        if not shows_output:
            self.process = Process(command, remedy, directory=directory)
        else:
            output = os.dup(2)
            shown = [sys.executable, "-ISc", _SHOWN, str(output), *command]
            try:
                self.process = Process(shown, remedy, pass_fds=[output], directory=directory)
            finally:
                os.close(output)
        self.name += f" (pid {self.process.pid}, {self._about})"

    def _gone(self) -> str | None:
        """How the simulation went, if it did."""
        if self.process is not None:
            return None if self.process.is_alive() else f"ended with {self.process.ending()}"
        while self._monitor.poll(0):
            event = recv_monitor_message(self._monitor)["event"]
            self._connections += 1 if event == zmq.EVENT_ACCEPTED else -1
        return "closed the connection" if self._greeted and self._connections <= 0 else None

    def _tail(self) -> str:
        return "" if self.process is None else f"; its last lines of output:\n{self.process.stderr_tail()}"

    def _ended(self, how: str) -> Ns3MarlError:
        if self._greeted:
            return Crashed(f"{self.name} {how} before its episode did{self._tail()}")
        return LaunchError(
            f"{self.name} {how} before it connected; is it an ns3-gym simulation that takes --openGymPort and --simSeed, "
            f"and does it reach its first step?{self._tail()}"
        )

    def _late(self, timeout_s: float) -> Ns3MarlError:
        if self._greeted:
            return Hung(
                f"{self.name} lives but sent nothing for {timeout_s} s; if its steps take that long, raise tick_timeout_s{self._tail()}"
            )
        return LaunchError(
            f"{self.name} did not connect within {timeout_s} s; is it an ns3-gym simulation?{self._tail()}"
        )


def _bind(socket: zmq.Socket[bytes], port: int) -> int:
    """Binds to a port of this host, 0 for a free one. The socket of the episode before may take a moment to leave it."""
    if port == 0:
        return socket.bind_to_random_port("tcp://127.0.0.1")
    deadline_s = time.monotonic() + _REBIND_S
    while not _binds(socket, port, last=time.monotonic() > deadline_s):
        time.sleep(0.01)
    return port


def _binds(socket: zmq.Socket[bytes], port: int, *, last: bool) -> bool:
    try:
        socket.bind(f"tcp://127.0.0.1:{port}")
    except zmq.ZMQError as error:
        if error.errno == errno.EADDRINUSE and not last:
            return False
        raise LaunchError(
            f"port {port} cannot be bound on this host: {error.strerror}; give another one, or 0 for a free one"
        ) from error
    return True


def checked_port(port: Any) -> int:
    """A port, or 0.

    Raises:
        ConfigError: it is no integer from 0 to 65535.
    """
    if not isinstance(port, int) or not 0 <= port <= 65535:
        raise ConfigError(f"port is {port!r}, expected an integer from 0, which takes a free one, to 65535")
    return port


# ---------------------------------------------------------------------------------------- when the learner is gone first


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
        assert self._process.stdin is not None
        self._pipe = self._process.stdin
        _GUARDS.add(self)

    def watch(self, pid: int) -> None:
        """From now on this process and its children depend on this one."""
        self._tell(str(pid))

    def forget(self) -> None:
        """The process has ended."""
        self._tell("")

    def close(self) -> None:
        """Ends the simulation if it still runs, and the guard."""
        self.let_go()
        self._process.wait()

    def let_go(self) -> None:
        """Closes this process's end of the pipe: a forked child's, so that the pipe ends with the learner."""
        self._pipe.close()

    def _tell(self, line: str) -> None:
        self._pipe.write(f"{line}\n".encode())
        self._pipe.flush()


_GUARDS: weakref.WeakSet[_Guard] = weakref.WeakSet()


def _let_go_of_all() -> None:
    for guard in list(_GUARDS):
        guard.let_go()


os.register_at_fork(after_in_child=_let_go_of_all)


def _release(runs: list[_Run], guards: list[_Guard], owner: int) -> None:
    if os.getpid() != owner:  # a forked child ends nothing of its parent's
        return
    while runs:
        runs.pop().end()
    while guards:
        guards.pop().close()
