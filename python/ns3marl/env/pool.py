# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""E simulators in lockstep with one learner: the environment that everything else builds on.

Each process serves one episode. When one ends, a warm spare takes its place in the same step, so a batch always holds
something to act on; the last observation of the ended episode stands in ``Batch.final``.
"""

from __future__ import annotations

import time
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from types import TracebackType

import numpy as np

from ns3marl import toolchain
from ns3marl.env.batching import Row, assemble
from ns3marl.errors import (
    ConfigError,
    Crashed,
    Hung,
    LaunchError,
    Ns3MarlError,
    OutOfStep,
    ProtocolError,
    SimulatorError,
    SpecViolation,
    VersionMismatch,
)
from ns3marl.protocol import codec
from ns3marl.simulator import LifeLine, Simulator
from ns3marl.transport import Router
from ns3marl.types import Actions, Batch, Final, Hello, Int64, Observation, Spec

#: How often a wait looks at the life of the processes it waits for.
_WATCH_MS = 50
#: ns-3's RngSeed lies below m1 of MRG32k3a (L'Ecuyer 1999).
_MAX_RNG_SEED = 4294944442

_FAULTS: dict[str, type[Ns3MarlError]] = {
    "CONFIG": ConfigError,
    "SPEC_VIOLATION": SpecViolation,
    "OUT_OF_STEP": OutOfStep,
    "SIMULATION": SimulatorError,
    "VERSION": VersionMismatch,
}


@dataclass(slots=True)
class Timing:
    """Where the time of ``step`` and ``recv`` went since the pool was made."""

    ticks: int = 0  #: actions answered, over all environments
    simulator_s: float = 0.0  #: waiting while a simulator simulated or built its network
    wire_s: float = 0.0  #: the rest of ``step`` and ``recv``: encoding, ZeroMQ, decoding, checks


@dataclass(slots=True)
class _Peer:
    """A simulator process and what is expected of it."""

    simulator: Simulator
    deadline_s: float  #: on the monotonic clock, for the next message
    hello: Hello | None = None
    env: _Env | None = None


@dataclass(slots=True)
class _Env:
    """One environment: the episode it is in and what it last showed."""

    index: int
    episode: int = -1
    run: int = 0
    identity: bytes = b""
    tick: int = 0  #: of the last observation
    waiting: bool = False  #: an observation is on its way
    row: Row | None = None  #: the ended episode's last row, until the next one begins


class Pool:
    """Simulators of one scenario under one set of arguments.

    Args:
        scenario: name of a built scenario, or the path of its executable.
        num_envs: E, the number of simulators that run at once.
        arguments: the scenario's arguments, such as ``"--devices=10"``.
        seed: of all randomness inside the simulators (ns-3's RngSeed follows from it).
        first_run: RngRun of the first episode. Episode j of environment e runs with RngRun
            ``first_run + j * num_envs + e``, whatever the policy does.
        spares: processes kept ready for the next episodes.
        tick_timeout_s: longest time a simulator may take for a tick or for building its network.
        start_timeout_s: longest time a process may take to say Hello.
        endpoint: where to listen; by default a private ipc socket.
        on_frame: called with (environment, RngRun, frame) for every frame of an episode that a simulator sent.

    Raises:
        LaunchError: the scenario is not built or does not start.
        ConfigError: the scenario refused the arguments, or ``num_envs``, ``spares`` or ``seed`` is out of range.

    After any error of ``reset``, ``step``, ``recv`` or ``send`` the pool may be reset. Actions that ``step`` or ``send``
    refuses have reached no simulator and may be mended and sent again.
    """

    def __init__(
        self,
        scenario: str | Path,
        *,
        num_envs: int = 1,
        arguments: Sequence[str] = (),
        seed: int = 0,
        first_run: int = 1,
        spares: int = 1,
        tick_timeout_s: float = 60.0,
        start_timeout_s: float = 30.0,
        endpoint: str | None = None,
        on_frame: Callable[[int, int, bytes], None] | None = None,
    ) -> None:
        for name, value, low in (("num_envs", num_envs, 1), ("spares", spares, 0), ("seed", seed, 0)):
            if value < low:
                raise ConfigError(f"Pool: {name} is {value}, expected {low} or above")
        self.num_envs = num_envs
        self.timing = Timing()
        self._executable = toolchain.find_scenario(scenario)
        self._arguments = tuple(arguments)
        self._rng_seed = seed % _MAX_RNG_SEED + 1
        self._first_run = first_run
        self._spares = spares
        self._tick_timeout_s = tick_timeout_s
        self._start_timeout_s = start_timeout_s
        self._on_frame = on_frame
        self._identities = count()
        self._envs = [_Env(index) for index in range(num_envs)]
        self._peers: dict[bytes, _Peer] = {}
        self._leaving: list[Simulator] = []
        self._unbegun: list[_Env] = []
        self._ready: dict[int, Row] = {}
        self._last: Batch | None = None
        self._router = Router(endpoint)
        self._life_line = LifeLine()
        self._finalizer = weakref.finalize(self, _release, self._router, self._life_line, self._peers, self._leaving)
        try:
            self.hello, self.spec = self._describe()
        except BaseException:
            self.close()
            raise

    # ------------------------------------------------------------------------------------------------ the environment

    def reset(self) -> Batch:
        """Begins a new episode in every environment; running ones are cut off.

        Returns:
            E rows in order of environment, each at tick 0.
        """
        started_s = time.perf_counter()
        self._ready.clear()
        for env in self._envs:
            self._retire(env, grace_s=0.0)
            env.waiting, env.row = True, None
        self._unbegun[:] = self._envs
        self._begin()
        return self._collect(self.num_envs, started_s)

    def step(self, actions: Sequence[Actions]) -> Batch:
        """Sends the joint actions of all E environments, one ``Actions`` per group, and waits for all of them.

        Returns:
            E rows in order of environment.
        """
        started_s = time.perf_counter()
        self._send(self._answered(None), actions)
        return self._collect(self.num_envs, started_s)

    def recv(self, min_envs: int = 1) -> Batch:
        """Waits for at least ``min_envs`` environments, first come.

        Returns:
            B rows, ``min_envs`` <= B <= E, in order of environment; ``env_id`` tells whose they are.
        """
        return self._collect(min_envs, time.perf_counter())

    def send(self, env_id: Int64, actions: Sequence[Actions]) -> None:
        """Sends the joint actions of the environments of the last ``recv``; ``env_id`` is that of its batch."""
        self._send(self._answered(env_id), actions)

    def close(self) -> None:
        """Ends every process and removes the socket. May be called twice."""
        self._finalizer()

    def __enter__(self) -> Pool:
        """The pool itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Closes the pool."""
        self.close()

    # ------------------------------------------------------------------------------------------------------- actions

    def _answered(self, env_id: Int64 | None) -> Batch:
        """The batch that actions answer."""
        if self._last is None:
            raise OutOfStep("actions came, but no observation waits for any; call reset() or recv() first")
        if env_id is not None and not np.array_equal(env_id, self._last.env_id):
            raise OutOfStep(f"actions came for environments {env_id}, expected {self._last.env_id}, as recv() gave them")
        return self._last

    def _send(self, batch: Batch, actions: Sequence[Actions]) -> None:
        checked = codec.check_actions(self.spec, actions, batch)
        self._last = None
        deadline_s = time.monotonic() + self._tick_timeout_s
        for row, index in enumerate(batch.env_id):
            env = self._envs[index]
            peer = self._peers[env.identity]
            peer.deadline_s = deadline_s
            env.waiting = True
            if not self._router.send(env.identity, codec.encode_action(env.tick, checked, row)):
                self._await_end(peer)

    # -------------------------------------------------------------------------------------------------- observations

    def _collect(self, min_envs: int, started_s: float) -> Batch:
        """Waits for rows and makes a batch of them."""
        waiting = sum(env.waiting for env in self._envs)
        if not 1 <= min_envs <= waiting + len(self._ready):
            raise OutOfStep(
                f"{min_envs} environments were asked for, {waiting + len(self._ready)} have an observation coming; "
                "call reset() or send() first"
            )
        try:
            while len(self._ready) < min_envs:
                self._receive()
        except BaseException:
            self._abandon()
            raise
        rows = [self._ready[index] for index in sorted(self._ready)]
        self._ready.clear()
        self._last = batch = assemble(rows)
        spent_s = time.perf_counter() - started_s
        simulator_s = min(spent_s, max(row.simulator_wall_ns for row in rows) * 1e-9)
        self.timing.ticks += sum(row.answers_action for row in rows)
        self.timing.simulator_s += simulator_s
        self.timing.wire_s += spent_s - simulator_s
        return batch

    def _receive(self) -> None:
        """Handles one message, or looks at the life of the processes when none comes."""
        received = self._router.recv(_WATCH_MS)
        if received is None:
            self._watch()
            return
        identity, frame = received
        peer = self._peers.get(identity)
        if peer is None:
            return  # of a simulator that was stopped meanwhile
        if peer.env is None:
            self._greet(peer, frame)
        else:
            self._observe(peer, peer.env, frame)

    def _observe(self, peer: _Peer, env: _Env, frame: bytes) -> None:
        message = self._decode(peer, frame)
        if isinstance(message, codec.Fault):
            raise self._fault(peer, message)
        if self._on_frame is not None:
            self._on_frame(env.index, env.run, codec.without_diagnostics(frame))
        if isinstance(message, codec.Ready):
            if message.spec_hash != self.spec.hash:
                raise SpecViolation(
                    f"{self._name(peer)}: the episode's spec has hash {message.spec_hash}, that of the pool "
                    f"{self.spec.hash}; was the scenario rebuilt meanwhile? Make a new pool"
                )
            observation, expected = message.observation, 0
        elif isinstance(message, Observation):
            observation, expected = message, env.tick + 1
        else:
            raise OutOfStep(f"{self._name(peer)}: a {type(message).__name__} came where an observation was expected")
        if observation.tick != expected or not env.waiting:
            raise OutOfStep(
                f"{self._name(peer)}: the observation of tick {observation.tick} came, expected that of tick {expected}"
            )
        env.tick = observation.tick
        row = Row(env.index, observation)
        if observation.terminated or observation.truncated:
            row.final = self._final(env, observation)
            env.row = row
            self._retire(env, grace_s=None)
            self._unbegun.append(env)
            self._begin()
            return
        if env.row is not None:
            row, env.row = env.row.followed_by(observation), None
        env.waiting = False
        self._ready[env.index] = row

    def _final(self, env: _Env, observation: Observation) -> Final:
        return Final(
            observation.tick,
            observation.sim_time_ns,
            observation.terminated,
            observation.truncated,
            tuple(group.observations for group in observation.groups),
            observation.state,
            observation.metrics,
            self._rng_seed,
            env.run,
        )

    # ----------------------------------------------------------------------------------------------------- processes

    def _top_up(self) -> None:
        """Keeps E + spares processes: those that run an episode and those ready for the next."""
        while len(self._peers) < self.num_envs + self._spares:
            identity = f"sim-{next(self._identities)}"
            simulator = Simulator(self._executable, self._router.endpoint, identity, self._life_line)
            self._peers[identity.encode()] = _Peer(simulator, time.monotonic() + self._start_timeout_s)

    def _greet(self, peer: _Peer, frame: bytes) -> None:
        message = self._decode(peer, frame)
        if isinstance(message, codec.Fault):
            raise self._fault(peer, message)
        if not isinstance(message, Hello) or peer.hello is not None:
            raise OutOfStep(f"{self._name(peer)}: a {type(message).__name__} came where Hello was expected")
        peer.hello = message
        self._begin()

    def _begin(self) -> None:
        """Gives processes that have said Hello to environments that wait for one, then replaces them."""
        for identity, peer in list(self._peers.items()):
            if not self._unbegun:
                break
            if peer.env is not None or peer.hello is None:
                continue
            if not peer.simulator.is_alive():
                self._peers.pop(identity).simulator.stop()
                continue
            env = self._unbegun.pop(0)
            peer.env = env
            peer.deadline_s = time.monotonic() + self._tick_timeout_s
            env.identity = identity
            env.episode += 1
            env.run = self._first_run + env.episode * self.num_envs + env.index
            env.tick = 0
            if not self._router.send(identity, codec.encode_begin(self._arguments, self._rng_seed, env.run)):
                self._await_end(peer)
        self._top_up()
        for simulator in [s for s in self._leaving if not s.is_alive()]:
            simulator.stop()
            self._leaving.remove(simulator)

    def _describe(self) -> tuple[Hello, Spec]:
        self._top_up()
        identity, peer = next(iter(self._peers.items()))
        while peer.hello is None:
            self._receive()
        self._router.send(identity, codec.encode_describe(self._arguments))
        peer.deadline_s = time.monotonic() + self._start_timeout_s
        while (received := self._router.recv(_WATCH_MS)) is None or received[0] != identity:
            if received is None:
                self._watch(peer)
            elif (other := self._peers.get(received[0])) is not None:
                self._greet(other, received[1])
        message = self._decode(peer, received[1])
        if isinstance(message, codec.Fault):
            raise self._fault(peer, message)
        if not isinstance(message, Spec):
            raise OutOfStep(f"{self._name(peer)}: a {type(message).__name__} came where the spec was expected")
        return peer.hello, message

    def _retire(self, env: _Env, grace_s: float | None) -> None:
        """Lets go of an environment's process; ``grace_s`` None: it ends by itself and is reaped later."""
        peer = self._peers.pop(env.identity, None)
        env.identity = b""
        if peer is None:
            return
        if grace_s is None:
            self._leaving.append(peer.simulator)
        else:
            peer.simulator.stop(grace_s)

    def _abandon(self) -> None:
        """After an error: stops every running episode, so that the pool can be reset."""
        self._last = None
        self._ready.clear()
        self._unbegun.clear()
        for env in self._envs:
            self._retire(env, grace_s=0.0)
            env.waiting, env.row = False, None
        for identity in [i for i, peer in self._peers.items() if not peer.simulator.is_alive()]:
            self._peers.pop(identity).simulator.stop()

    # -------------------------------------------------------------------------------------------------------- errors

    def _watch(self, also: _Peer | None = None) -> None:
        """Raises for a process that ended or took too long."""
        now_s = time.monotonic()
        for peer in list(self._peers.values()):
            expected = peer is also or peer.hello is None or (peer.env is not None and peer.env.waiting)
            if not peer.simulator.is_alive() and expected:
                self._await_end(peer)
            if expected and now_s > peer.deadline_s:
                raise self._late(peer)

    def _await_end(self, peer: _Peer) -> None:
        """Raises for a process whose connection is gone or that ended: its Fault, if one is still under way, else Crashed."""
        while (received := self._router.recv(_WATCH_MS)) is not None:
            if self._peers.get(received[0]) is not peer:
                continue
            message = self._decode(peer, received[1])
            if isinstance(message, codec.Fault):
                raise self._fault(peer, message)
        peer.simulator.stop(grace_s=1.0)
        text = f"{self._name(peer)} ended with {peer.simulator.ending()}"
        tail = f"its last lines of output:\n{peer.simulator.stderr_tail()}"
        if peer.hello is None:
            raise LaunchError(f"{text} before it said Hello; is it a ns3marl scenario? {tail}")
        raise Crashed(f"{text} before its episode did; {tail}")

    def _late(self, peer: _Peer) -> Ns3MarlError:
        tail = f"its last lines of output:\n{peer.simulator.stderr_tail()}"
        if peer.hello is None:
            return LaunchError(
                f"{self._name(peer)} did not say Hello within {self._start_timeout_s} s; is it a ns3marl scenario? {tail}"
            )
        return Hung(
            f"{self._name(peer)} lives but sent nothing for {self._tick_timeout_s} s; "
            f"if its ticks take that long, raise tick_timeout_s; {tail}"
        )

    def _fault(self, peer: _Peer, fault: codec.Fault) -> Ns3MarlError:
        return _FAULTS.get(fault.kind, SimulatorError)(f"{self._name(peer)}: {fault.message}")

    def _decode(self, peer: _Peer, frame: bytes) -> codec.ToLearner:
        try:
            return codec.decode(frame, None if peer.env is None else self.spec)
        except ProtocolError as error:
            raise type(error)(f"{self._name(peer)}: {error}") from error

    def _name(self, peer: _Peer) -> str:
        where = f"scenario {self._executable.name!r} (pid {peer.simulator.pid})"
        if peer.env is None:
            return where
        return f"{where}, environment {peer.env.index}, RngRun {peer.env.run}, tick {peer.env.tick}"


def _release(
    router: Router, life_line: LifeLine, peers: dict[bytes, _Peer], leaving: list[Simulator]
) -> None:
    for peer in peers.values():
        peer.simulator.stop()
    for simulator in leaving:
        simulator.stop(grace_s=1.0)
    peers.clear()
    leaving.clear()
    router.close()
    life_line.close()
