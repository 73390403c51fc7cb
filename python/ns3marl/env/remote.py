# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Workers that connected, and the simulators that they launched: what the learner knows about processes on other hosts."""

from __future__ import annotations

from dataclasses import dataclass, field

from ns3marl.clock import Clock
from ns3marl.protocol import codec
from ns3marl.transport import Router
from ns3marl.types import Hello

#: A worker that sends nothing for this long is lost; it sends a message every half second.
LOST_S = 2.0


@dataclass(eq=False)
class RemoteWorker:
    """A worker, as known from its messages."""

    identity: bytes
    clock: Clock
    deadline_s: float = 0.0  #: on the clock: if it is silent until then, it is lost
    remote: dict[bytes, RemoteSimulator] = field(default_factory=dict)  #: until it reports their ends

    @property
    def name(self) -> str:
        """Its name in messages."""
        return self.identity.decode(errors="replace")

    def is_lost(self) -> bool:
        """Whether it has been silent for too long."""
        return self.clock.now_s() > self.deadline_s


class RemoteSimulator:
    """A simulator process that a worker launched; the counterpart of ``ns3marl.simulator.Simulator``.

    Args:
        identity: of the simulator's own connection.
        pid: its process id on the host where it runs.
        worker: the worker that launched it.
        router: the socket for messages to the worker.
    """

    def __init__(self, identity: bytes, pid: int, worker: RemoteWorker, router: Router) -> None:
        self.pid = pid
        self.worker = worker
        self.how: str | None = None  #: how it ended, once its worker reported it
        self._identity = identity
        self._router = router
        self._last_lines = ""

    def end(self, ending: codec.Ending) -> None:
        """Records that its worker reported its end."""
        self.how, self._last_lines = ending.how, ending.last_lines

    def is_alive(self) -> bool:
        """Whether its worker is alive and has not reported its end."""
        return self.how is None and not self.worker.is_lost()

    def ending(self) -> str:
        """How it ended, or why that is unknown."""
        return self.how or f"worker {self.worker.name} has been silent for {LOST_S:g} s"

    def stderr_tail(self) -> str:
        """The last lines that it printed, or "(nothing)"."""
        return self._last_lines or "(nothing)"

    def kill(self) -> None:
        """Asks its worker to end it, which may take a while."""
        if self.how is None:
            self._router.send(self.worker.identity, codec.encode_stop(self._identity.decode()))
            self.how = "being given up"

    def stop(self, grace_s: float = 0.0) -> None:
        """As ``kill``; it does not wait for the end."""
        del grace_s
        self.kill()


class RemoteSimulators:
    """All workers that connected.

    Args:
        scenario: the scenario that they must serve.
        router: the socket for messages to them.
        clock: of the pool.
    """

    def __init__(self, scenario: str, router: Router, clock: Clock) -> None:
        self._complaint = ""
        self._clock = clock
        self._scenario = scenario
        self._router = router
        self._like: Hello | None = None  # the first simulator of the pool
        self._workers: dict[bytes, RemoteWorker] = {}

    def __len__(self) -> int:
        return sum([not worker.is_lost() for worker in self._workers.values()])

    @property
    def complaint(self) -> str:
        """Why the last worker was refused, for messages."""
        return self._complaint or self._router.refusal

    def hear(self, identity: bytes, message: codec.Worker) -> None:
        """Records a sign of life of a worker."""
        worker = self._workers.get(identity)
        if (
            worker is None or worker.is_lost()
        ):  # a lost one begins anew, for its simulators have been given up
            why = self._objection(message)
            if why:
                self._send_away(identity, why)
                return
            self._workers = {name: other for name, other in self._workers.items() if not other.is_lost()}
            worker = self._workers[identity] = RemoteWorker(identity, self._clock)
            self._router.send(identity, codec.encode_welcome())
        worker.deadline_s = self._clock.now_s() + LOST_S
        for ending in message.endings:
            remote_simulator = worker.remote.pop(ending.identity.encode(), None)
            if remote_simulator is not None:
                remote_simulator.end(ending)

    def admit(self, identity: bytes, hello: Hello) -> RemoteSimulator | None:
        """Takes a simulator's Hello; None if its worker is not accepted, or if it differs from the pool's other simulators."""
        name = identity.rpartition(b".")[0]
        worker = self._workers.get(name)
        if worker is None or identity in worker.remote:
            return None
        like = self._like or hello
        ours, theirs = (
            (h.scenario, h.ns3_version, h.ns3_build_profile, h.protocol_minor) for h in (like, hello)
        )
        if ours != theirs:
            self._workers.pop(name)
            self._send_away(name, f"this pool's simulators are {ours}, yours are {theirs}: build them alike")
            return None
        self._like = like
        remote_simulator = worker.remote[identity] = RemoteSimulator(
            identity, hello.pid, worker, self._router
        )
        return remote_simulator

    def resemble(self, hello: Hello) -> None:
        """Requires that all further simulators are built like this one; otherwise the same seed would not give the same episode."""
        self._like = hello

    def _objection(self, message: codec.Worker) -> str:
        if message.protocol_major != codec.PROTOCOL_MAJOR:
            return (
                f"the worker speaks protocol version {message.protocol_major}, this learner speaks {codec.PROTOCOL_MAJOR}; "
                "install the same version of ns3marl on both"
            )
        if message.scenario != self._scenario:
            return (
                f"this learner trains on scenario {self._scenario!r}, the worker serves {message.scenario!r}"
            )
        return ""

    def _send_away(self, identity: bytes, why: str) -> None:
        self._complaint = f"; the last one was sent away: {why}"
        self._router.send(identity, codec.encode_end(why))
