# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""A worker serves a learner that runs elsewhere: it dials in, and launches simulators where it runs, one process per episode.

It stands between a learner and processes that the learner cannot see. Twice a second it says that it lives, whatever its simulators
do; it tells of their ends, and ends those that the learner has given up. When the connection goes, its simulators go too, and it
dials again. Observations and actions do not pass through it: every simulator has a connection of its own.
"""

from __future__ import annotations

import math
import os
import secrets
import socket
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import zmq
from zmq.utils.monitor import recv_monitor_message

from ns3marl import cores, keys, resources, toolchain, transport
from ns3marl.clock import Clock
from ns3marl.errors import ConfigError, Lost, SimulatorError
from ns3marl.protocol import codec
from ns3marl.simulator import LifeLine, Simulator

BEAT_S = 0.5
#: Over TCP the libraries on both ends ask each other for signs of life, also while learner and simulators are busy.
_PING_MS, _SILENCE_MS = 500, 2000
#: A simulator that fails so soon after its launch is followed by the next one after a pause only, which grows.
_SOON_S = 1.0
_PAUSE_S, _MAX_PAUSE_S = 0.1, 5.0
#: File descriptors: of a simulator, and of a worker for itself and while it launches one.
_OF_SLOT, _OF_WORKER = 3, 24
#: So many such failures in a row end the worker.
MAX_FAILURES = 6


def serve(
    scenario: str | Path,
    endpoint: str,
    *,
    slots: int | None = None,
    key_folder: Path | None = None,
    wait_s: float = 3600.0,
    stop: threading.Event | None = None,
    pulse: Path | None = None,
    say: Callable[[str], None] = lambda line: print(line, file=sys.stderr, flush=True),
) -> None:
    """Serves learners at an endpoint until there is none for ``wait_s``, or ``stop`` is set.

    Args:
        scenario: name of a built scenario, or the path of its executable.
        endpoint: where the learner listens: ``ipc://PATH``, ``tcp://HOST:PORT``.
        slots: simulators that run at a time; by default one more than cores, which hides the start of processes.
        key_folder: CURVE keys of this host (``ns3marl keys``); needed for learners on other hosts.
        wait_s: how long to wait for a learner, the first one and after each, which may sleep with its machine [s]; 0: forever.
        stop: ends the worker, and its simulators with it.
        pulse: a file whose time of change is set twice a second, for health checks.
        say: told of joining, leaving and failures, a line each.

    Raises:
        ConfigError: the learner wants another scenario, speaks another version or does not let this host in, or an argument is
            refused.
        Lost: no learner has come at all.
        LaunchError: the scenario is not built, or does not start time and again.
        SimulatorError: simulators fail time and again, as soon as they are launched.
    """
    slots = cores.usable() + 1 if slots is None else slots
    if slots < 1:
        raise ConfigError(f"slots is {slots}, expected 1 or above")
    if not 0 <= wait_s < math.inf:
        raise ConfigError(f"wait_s is {wait_s}, expected 0 (for ever) or more seconds")
    transport.check(endpoint, encrypted=key_folder is not None, dial=True)
    if key_folder is not None and endpoint.startswith("ipc:"):
        raise ConfigError(
            f"endpoint {endpoint!r}: keys are for tcp; an ipc socket is guarded by its file's mode"
        )
    resources.check_descriptors(
        "worker", f"{slots} simulators", _OF_SLOT * slots + _OF_WORKER, "lower the number of slots (--slots)"
    )
    executable = toolchain.provide(scenario)
    own = None if key_folder is None else keys.read_simulator(key_folder)
    stop = stop or threading.Event()
    failures, clock, served = _Failures(), Clock(), False
    deadline_s = clock.now_s() + wait_s
    while not stop.is_set() and (wait_s == 0 or clock.now_s() < deadline_s):
        visit = _Visit(executable, endpoint, slots, key_folder, own, failures, pulse, say, clock)
        with visit:
            came = visit.run(stop, deadline_s if wait_s else math.inf)
        if came:
            served, deadline_s = True, clock.now_s() + wait_s
        stop.wait(max(0.0, failures.not_before_s - time.monotonic()))
    if not served and not stop.is_set():
        raise Lost(
            f"no learner came to {endpoint} within {wait_s:g} s{visit.trouble}; start it with pool.endpoint={endpoint}, or wait "
            "longer (--wait, 0: for ever)"
        )


@dataclass
class _Failures:
    """Simulators that failed soon after their launch, in a row."""

    count: int = 0
    not_before_s: float = 0.0  #: on the monotonic clock: no launch until then

    def note(self, *, failed: bool, why: str) -> None:
        """Something ended, well or not.

        Raises:
            SimulatorError: It was the last failure that is taken.
        """
        self.count = self.count + 1 if failed else 0
        if self.count >= MAX_FAILURES:
            raise SimulatorError(f"{self.count} failures in a row, the last one: {why}")
        pause_s = min(_PAUSE_S * 2**self.count, _MAX_PAUSE_S)
        self.not_before_s = time.monotonic() + pause_s if failed else 0.0


@dataclass
class _Slot:
    """A simulator that runs."""

    simulator: Simulator
    fd: int  #: readable once it has ended
    launched_s: float
    given_up: bool = False  #: the learner wants no more of it


@dataclass
class _Visit:
    """One connection to one learner; a new one gets a new name, so nothing old can be taken for new."""

    executable: Path
    endpoint: str
    slots: int
    key_folder: Path | None
    own: keys.SimulatorKeys | None
    failures: _Failures
    pulse: Path | None
    say: Callable[[str], None]
    clock: Clock
    trouble: str = ""  #: what went wrong with whoever answered, for messages
    name: str = field(default_factory=lambda: f"{socket.gethostname()[:200]}-{secrets.token_hex(4)}")

    def __enter__(self) -> _Visit:
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        try:
            self._dial()
        except zmq.ZMQError as error:
            self._context.destroy(linger=0)
            raise transport.refused(self.endpoint, "dialled", OSError(error.errno, error.strerror)) from error
        self._life_line = LifeLine()
        self._running: dict[str, _Slot] = {}
        self._endings: list[codec.Ending] = []
        self._launched = 0
        self._welcome: bool = False
        return self

    def _dial(self) -> None:
        self._socket = self._context.socket(zmq.DEALER)
        self._socket.setsockopt_string(zmq.IDENTITY, self.name)
        self._socket.setsockopt(zmq.LINGER, 500)  # for the last words
        self._socket.setsockopt(zmq.IMMEDIATE, 1)  # nothing is said to learners that are not there
        self._socket.setsockopt(zmq.RECONNECT_IVL_MAX, 1000)
        self._socket.setsockopt(zmq.MAXMSGSIZE, transport.MAX_FRAME_BYTES)
        self._socket.setsockopt(zmq.IPV6, 1)
        if self.endpoint.startswith("tcp:"):
            self._socket.setsockopt(zmq.HEARTBEAT_IVL, _PING_MS)
            self._socket.setsockopt(zmq.HEARTBEAT_TIMEOUT, _SILENCE_MS)
            self._socket.setsockopt(zmq.HEARTBEAT_TTL, _SILENCE_MS)
        if self.own is not None:
            self._socket.curve_serverkey = self.own.learner
            self._socket.curve_publickey, self._socket.curve_secretkey = self.own.public, self.own.secret
        self._monitor = self._socket.get_monitor_socket(
            zmq.EVENT_DISCONNECTED
            | zmq.EVENT_HANDSHAKE_FAILED_AUTH
            | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL
            | zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL
        )
        self._socket.connect(self.endpoint)

    def __exit__(self, *_: object) -> None:
        for slot in self._running.values():
            slot.given_up = True
            slot.simulator.kill()
        for identity in list(self._running):
            self._bury(identity)
        with suppress(zmq.ZMQError):
            self._speak()
        self._socket.disable_monitor()
        self._monitor.close()
        self._socket.close()
        self._context.term()
        self._life_line.close()

    def run(self, stop: threading.Event, deadline_s: float) -> bool:
        """Serves until the connection goes, ``stop`` is set, or no learner has answered by the deadline.

        Returns:
            Whether a learner was there.
        """
        poller, spoke_s = zmq.Poller(), 0.0
        for end in (self._socket, self._monitor):
            poller.register(end, zmq.POLLIN)
        while not stop.is_set():
            now_s = self.clock.now_s()
            if not self._welcome and now_s > deadline_s:
                self.say(f"worker {self.name}: no learner came to {self.endpoint}")
                break
            if now_s >= spoke_s + BEAT_S or self._endings:
                self._speak()
                spoke_s = now_s
                self._show_pulse()
            self._launch(poller)
            events = dict(poller.poll(100))
            if self._socket in events and not self._listen():
                break
            for identity in [i for i, slot in self._running.items() if slot.fd in events]:
                poller.unregister(self._running[identity].fd)
                self._bury(identity)
            if self._monitor in events:
                event = recv_monitor_message(self._monitor)["event"]
                if self._welcome and event == zmq.EVENT_DISCONNECTED:
                    self.say(f"worker {self.name}: the learner at {self.endpoint} is gone")
                    break
                if event != zmq.EVENT_DISCONNECTED:
                    self._refused(event)
        return self._welcome

    def _refused(self, event: int) -> None:
        """Hands could not be shaken with whoever listens at the endpoint.

        Raises:
            ConfigError: it is the learner that this host knows, which does not know this host.
        """
        if event == zmq.EVENT_HANDSHAKE_FAILED_AUTH:
            assert self.own is not None
            raise ConfigError(
                f"the learner at {self.endpoint} does not let this host in: the key {self.own.public.decode()} of "
                f"{self.key_folder} is not in its folder learner/simulators; put it there and start the learner again"
            )
        if not self.trouble:
            what = "wants no keys, or others" if self.own else "wants keys (--keys FOLDER)"
            self.trouble = f"; what listens there is no learner, or one that {what}"
            self.say(f"worker {self.name}: no handshake with {self.endpoint}{self.trouble}; tries again")

    def _show_pulse(self) -> None:
        """Touches the file that says that this worker lives.

        Raises:
            ConfigError: it cannot be touched.
        """
        if self.pulse is not None:
            try:
                self.pulse.touch()
            except OSError as error:
                raise ConfigError(
                    f"--pulse {self.pulse} cannot be touched: {error.strerror}; name a file in a folder where this user may write"
                ) from None

    def _speak(self) -> None:
        """Says that this worker lives, and who of its simulators does not any more."""
        frame = codec.encode_worker(codec.Worker(self.executable.name, tuple(self._endings)))
        try:
            self._socket.send(frame, zmq.NOBLOCK)
        except zmq.Again:
            return  # nobody is there, or somebody who does not listen: said again next time
        self._endings.clear()

    def _listen(self) -> bool:
        """Hears the learner out; False when the visit is over."""
        while True:
            try:
                frame = self._socket.recv(zmq.NOBLOCK)
            except zmq.Again:
                return True
            message = codec.decode_for_worker(frame)
            if isinstance(message, codec.End):
                if not self._welcome:
                    raise ConfigError(
                        f"the learner at {self.endpoint} sent this worker away: {message.reason}"
                    )
                self.say(f"worker {self.name}: sent away: {message.reason}")
                self.failures.note(failed=True, why=message.reason)
                return False
            if isinstance(message, codec.Welcome):
                if self._welcome:  # the learner had given this worker up
                    return False
                self.say(f"worker {self.name}: serves {self.executable.name} at {self.endpoint}")
                self._welcome = True
            elif message.identity in self._running:
                slot = self._running[message.identity]
                slot.given_up = True
                slot.simulator.kill()

    def _launch(self, poller: zmq.Poller) -> None:
        """Keeps every slot busy."""
        while (
            self._welcome
            and len(self._running) < self.slots
            and time.monotonic() >= self.failures.not_before_s
        ):
            identity = f"{self.name}.{self._launched}"
            self._launched += 1
            simulator = Simulator(
                self.executable, self.endpoint, identity, self._life_line, key_folder=self.key_folder
            )
            slot = _Slot(simulator, simulator.open_fd(), time.monotonic())
            self._running[identity] = slot
            poller.register(slot.fd, zmq.POLLIN)

    def _bury(self, identity: str) -> None:
        """A simulator has ended."""
        slot = self._running.pop(identity)
        os.close(slot.fd)
        how = slot.simulator.ending()
        slot.simulator.stop()
        tail = slot.simulator.stderr_tail()
        well = how == "exit status 0"
        self._endings.append(codec.Ending(identity, how, "" if well else tail))
        if well:
            self.failures.note(failed=False, why="")
        if well or slot.given_up:
            return
        self.say(
            f"worker {self.name}: simulator {identity} ended with {how}; its last lines of output:\n{tail}"
        )
        self.failures.note(failed=time.monotonic() < slot.launched_s + _SOON_S, why=f"{how}\n{tail}")
