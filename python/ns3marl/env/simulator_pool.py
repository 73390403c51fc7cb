# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Simulator processes of one learner, wherever they run: which exist, which are idle, which have failed.

The learner launches some itself. A worker (``ns3marl.worker``) launches others in a container or on another host. After their Hello,
both are peers, and no other module distinguishes them.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Protocol

from ns3marl import resources, transport
from ns3marl.clock import Clock
from ns3marl.env.remote import RemoteSimulator, RemoteSimulators
from ns3marl.errors import Crashed, Hung, LaunchError, Lost, OutOfStep, ProtocolError, SimulatorError
from ns3marl.protocol import codec
from ns3marl.simulator import LifeLine, Program, Simulator
from ns3marl.types import Hello, Spec

#: How often a wait checks the processes it waits for.
WATCH_MS = 50
#: Pause after a process that ended before its Hello [s]; doubled each further time.
_PAUSE_S, _MAX_DOUBLINGS = 0.1, 6


#: File descriptors that a simulator costs: its connection and, if launched here, its output.
_CONNECTION, _OUTPUT = 1, 1
#: Those that a pool needs for itself and while it launches a process.
_OF_POOL = 16


def check_resources(num_envs: int, spares: int, spawn: bool) -> None:
    """Refuses more environments than this process has resources for.

    Raises:
        ConfigError: it may open too few file descriptors.
    """
    simulators = num_envs
    if spawn:  # when all episodes end at once, as many new ones begin before the old processes are buried
        simulators += num_envs + spares
    each = _CONNECTION + _OUTPUT * spawn
    resources.check_descriptors(
        "Pool", f"{num_envs} environments", each * simulators + _OF_POOL, "lower num_envs"
    )


class Process(Protocol):
    """A process that can be queried and ended: ``Simulator`` on this host, ``RemoteSimulator`` elsewhere."""

    pid: int

    def is_alive(self) -> bool:
        """Whether it still runs, as far as one can know."""
        ...

    def ending(self) -> str:
        """How it ended."""
        ...

    def stderr_tail(self) -> str:
        """Its last lines of output."""
        ...

    def kill(self) -> None:
        """Ends it at once; ``stop`` is still to be called."""
        ...

    def stop(self, grace_s: float = 0.0) -> None:
        """Ends it."""
        ...


@dataclass(slots=True, eq=False)
class Peer:
    """A simulator process and the message that is expected from it."""

    identity: bytes
    process: Process
    deadline_s: float  #: on the pool's clock, for the next message
    hello: Hello | None = None
    due: bool = True  #: whether a message is expected
    env: int | None = None  #: the environment whose episode it serves
    run: int = 0  #: RngRun of that episode


@dataclass(frozen=True)
class Limits:
    """Time limits [s]."""

    start_s: float  #: for a process until its Hello; for an environment until a simulator connects
    tick_s: float  #: for a tick, or for building the network


class SimulatorPool:
    """The simulators of a pool.

    Args:
        scenario: name of the scenario; simulators of workers must serve it.
        executable: what to launch; None: use only simulators of workers.
        size: processes to keep, spares included.
        limits: time limits.
        endpoint, key_folder: where to listen, see ``transport.listen``.
        clock: the clock for all limits.
    """

    def __init__(
        self,
        scenario: str,
        executable: Path | None,
        size: int,
        limits: Limits,
        endpoint: str | None,
        key_folder: Path | None,
        clock: Clock,
    ) -> None:
        self.scenario = scenario
        self._clock = clock
        self._encrypted = key_folder is not None
        self.router = transport.listen(endpoint, key_folder)
        self.remote = RemoteSimulators(scenario, self.router, clock)
        self._executable = executable
        self._program = None if executable is None else Program(executable)
        self._size = size
        self._limits = limits
        self._life_line = LifeLine()
        self._identities = count()
        self._peers: dict[bytes, Peer] = {}
        self._leaving: list[Process] = []
        self._false_starts = 0  # processes that said no Hello, in a row
        self._greeted = False  # whether any has said Hello
        self._launch_after_s = 0.0  # on the monotonic clock

    def __iter__(self) -> Iterator[Peer]:
        return iter(list(self._peers.values()))

    # ------------------------------------------------------------------------------------------------------- messages

    def send(self, peer: Peer, frame: bytes, limit_s: float) -> bool:
        """Sends a frame whose answer is due within ``limit_s``; False when the peer is no longer connected."""
        peer.due, peer.deadline_s = True, self._clock.now_s() + limit_s
        return self.router.send(peer.identity, frame)

    def recv(self) -> tuple[Peer | None, bytes] | None:
        """The next frame and its sender.

        Returns:
            None if nothing came for 50 ms; no peer if the frame has been handled already: Hello, workers, unknown senders.
        """
        received = self.router.recv(WATCH_MS)
        self._clock.now_s()  # what came late because this process was not there is not late
        if received is None:
            return None
        identity, frame = received
        peer = self._peers.get(identity)
        if peer is not None and peer.hello is not None:
            return peer, frame
        if peer is not None:
            self._greet(peer, frame)
        else:
            self._meet(identity, frame)
        return None, frame

    def decode(self, peer: Peer, frame: bytes, spec: Spec | None) -> codec.ToLearner:
        """Decodes a peer's frame; errors name the peer."""
        try:
            return codec.decode(frame, spec)
        except ProtocolError as error:
            raise type(error)(f"{self.name(peer)}: {error}") from error

    def _greet(self, peer: Peer, frame: bytes) -> None:
        message = self.decode(peer, frame, None)
        if not isinstance(message, Hello):
            detail = f": {message.message}" if isinstance(message, codec.Fault) else ""
            raise OutOfStep(
                f"{self.name(peer)}: a {type(message).__name__} came where Hello was expected{detail}"
            )
        peer.hello, peer.due = message, False
        self._false_starts, self._greeted = 0, True

    def _meet(self, identity: bytes, frame: bytes) -> None:
        """Somebody who was not launched here: a worker, one of its simulators, or noise."""
        try:
            message = codec.decode(frame)
        except ProtocolError:
            return  # noise, or what a simulator said that has been given up
        if isinstance(message, codec.Worker):
            self.remote.hear(identity, message)
        elif isinstance(message, Hello):
            remote_simulator = self.remote.admit(identity, message)
            if remote_simulator is not None:
                self._peers[identity] = Peer(identity, remote_simulator, 0.0, message, due=False)

    # ------------------------------------------------------------------------------------------------------ processes

    def take(self) -> Peer | None:
        """An idle peer that has sent Hello; of several, one whose worker has the fewest episodes."""
        free: list[Peer] = []
        for peer in self:
            if peer.env is not None or peer.hello is None or peer.due:
                continue
            if peer.process.is_alive():
                free.append(peer)
            else:
                self.discard(peer)
        return min(free, key=self._load, default=None)

    def _load(self, peer: Peer) -> int:
        """How many episodes are served where this peer runs, as far as it matters."""
        if not isinstance(peer.process, RemoteSimulator):
            return 0
        return sum(
            [
                other in self._peers and self._peers[other].env is not None
                for other in peer.process.worker.remote
            ]
        )

    def top_up(self, wanted: int = 0) -> None:
        """Launches processes until the pool has its size and ``wanted`` idle ones, and reaps processes that have served."""
        if self._executable is not None and time.monotonic() >= self._launch_after_s:
            free = sum([peer.env is None for peer in self._peers.values()])
            for _ in range(max(self._size - len(self._peers), wanted - free)):
                self._launch(self._executable)
        for process in [p for p in self._leaving if not p.is_alive()]:
            process.stop()
            self._leaving.remove(process)

    def _launch(self, executable: Path) -> None:
        identity = f"sim-{next(self._identities)}"
        simulator = Simulator(
            executable,
            self.router.endpoint,
            identity,
            self._life_line,
            orphaned_socket=self.router.private_path,
            program=self._program,
        )
        deadline_s = self._clock.now_s() + self._limits.start_s
        self._peers[identity.encode()] = Peer(identity.encode(), simulator, deadline_s)

    def retire(self, peer: Peer) -> None:
        """Releases a process whose episode has ended; it exits by itself and is reaped later."""
        self._leaving.append(self._peers.pop(peer.identity).process)

    def discard(self, peer: Peer, grace_s: float = 0.0) -> None:
        """Ends a process."""
        self._peers.pop(peer.identity, None)
        peer.process.stop(grace_s)

    def close(self) -> None:
        """Ends every process and removes the socket."""
        for peer in self:
            self.discard(peer)
        for process in self._leaving:
            process.stop(grace_s=1.0)
        self._leaving.clear()
        self.router.close()
        self._life_line.close()
        if self._program is not None:
            self._program.close()

    @property
    def spawns(self) -> bool:
        """Whether simulators are launched on this host."""
        return self._executable is not None

    @property
    def is_leaving(self) -> bool:
        """Whether processes that have served are still to be reaped."""
        return bool(self._leaving)

    # --------------------------------------------------------------------------------------------------------- failures

    def may_launch_again(self, late: bool, restarts: int) -> bool:
        """Whether to launch again after a process sent no Hello.

        Args:
            late: The process is alive but late; if no process has ever sent Hello, another would be late as well.
            restarts: Simulators that an episode may lose, and failed starts in a row for each process of the pool.
        """
        if not self._greeted:
            return not late and self._false_starts <= restarts
        return self._false_starts <= restarts * self._size

    def failed(self) -> Iterator[Peer]:
        """The peers that owe a message and have ended, vanished, or exceeded their time limit."""
        for peer in self:
            if self.owes(peer) and (not peer.process.is_alive() or self._clock.now_s() > peer.deadline_s):
                yield peer

    def owes(self, peer: Peer) -> bool:
        """Whether a peer is still here and owes a message."""
        return peer.due and self._peers.get(peer.identity) is peer

    def is_late(self, peer: Peer) -> bool:
        """Whether a peer is alive and has exceeded its time limit."""
        return peer.process.is_alive() and self._clock.now_s() > peer.deadline_s

    def failure(self, peer: Peer) -> SimulatorError:
        """Ends a peer that has failed.

        Returns:
            What happened to it.
        """
        name, late = self.name(peer), self.is_late(peer)
        silent = isinstance(peer.process, RemoteSimulator) and peer.process.how is None
        ending = peer.process.ending() if silent else ""
        if late:
            peer.process.kill()  # it may not even be able to end
        self.discard(peer, grace_s=1.0)
        tail = f"its last lines of output:\n{peer.process.stderr_tail()}"
        if peer.hello is None:
            self._launch_after_s = time.monotonic() + _PAUSE_S * 2 ** min(self._false_starts, _MAX_DOUBLINGS)
            self._false_starts += 1
        if late and peer.hello is None:
            return LaunchError(
                f"{name} did not say Hello within {self._limits.start_s} s; is it a ns3marl scenario? {tail}"
            )
        if late:
            return Hung(
                f"{name} lives but sent nothing for {self._limits.tick_s} s; if its ticks take that long, raise "
                f"tick_timeout_s; {tail}"
            )
        if silent:
            return Lost(f"{name} is gone: {ending}; look at the worker's own output")
        text = f"{name} ended with {peer.process.ending()}"
        if peer.hello is None:
            return LaunchError(f"{text} before it said Hello; is it a ns3marl scenario? {tail}")
        return Crashed(f"{text} before its episode did; {tail}")

    def too_few(self, wanted: int) -> Lost:
        """The message if an environment has waited too long for a simulator to connect.

        Args:
            wanted: Simulators that are needed at once.
        """
        remote = [
            peer for peer in self if isinstance(peer.process, RemoteSimulator) and peer.process.is_alive()
        ]
        command = f"ns3marl serve {self.scenario} --connect {transport.to_dial(self.router.endpoint)}"
        keys = " --keys FOLDER" * self._encrypted
        return Lost(
            f"an environment has waited {self._limits.start_s:g} s for a simulator of scenario {self.scenario!r} at "
            f"{self.router.endpoint}, where {len(self.remote)} workers serve {len(remote)} simulators and {wanted} are needed; "
            f"start more with `{command}{keys} --slots {max(1, wanted - len(remote))}`, or raise "
            f"start_timeout_s{self.remote.complaint}"
        )

    def name(self, peer: Peer) -> str:
        """A peer's name in messages."""
        where = f"scenario {self.scenario!r} (pid {peer.process.pid}"
        if isinstance(peer.process, RemoteSimulator):
            where += f" of worker {peer.process.worker.name}"
        where += ")"
        return where if peer.env is None else f"{where}, environment {peer.env}, RngRun {peer.run}"
