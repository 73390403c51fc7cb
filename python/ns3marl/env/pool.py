# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""E simulators in lockstep with one learner: the environment that everything else builds on.

Each process serves one episode. When one ends, a warm spare takes its place in the same step, so a batch always holds
something to act on; the last observation of the ended episode stands in ``Batch.final``.
"""

from __future__ import annotations

import time
import weakref
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import count
from operator import attrgetter
from pathlib import Path
from types import TracebackType

import numpy as np

from ns3marl import toolchain
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
from ns3marl.transport import Router, listen
from ns3marl.types import Actions, Batch, Final, Hello, Int64, Spec, Timing

#: How often a wait looks at the life of the processes it waits for.
_WATCH_MS = 50
#: ns-3's RngSeed lies below m1 of MRG32k3a (L'Ecuyer 1999).
_MAX_RNG_SEED = 4294944442

_index = attrgetter("index")

_FAULTS: dict[str, type[Ns3MarlError]] = {
    "CONFIG": ConfigError,
    "SPEC_VIOLATION": SpecViolation,
    "OUT_OF_STEP": OutOfStep,
    "SIMULATION": SimulatorError,
    "VERSION": VersionMismatch,
}


@dataclass(slots=True)
class _Peer:
    """A simulator process and what is expected of it."""

    identity: bytes
    simulator: Simulator
    deadline_s: float  #: on the monotonic clock, for the next message
    hello: Hello | None = None
    env: _Env | None = None


@dataclass(slots=True)
class _Env:
    """One environment: the episode it is in and what it last showed."""

    index: int
    peer: _Peer | None = None
    episode: int = -1
    run: int = 0
    waiting: bool = False  #: an observation is on its way
    replay: deque[Sequence[Actions]] = field(
        default_factory=deque
    )  #: actions to repeat before asking for any
    observation: codec.Observation | None = None  #: the last one
    ended: codec.Observation | None = (
        None  #: the last one of the episode before, until the batch that tells of it
    )
    ended_run: int = 0


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
        ConfigError: the scenario refused the arguments, or ``num_envs``, ``spares``, ``seed`` or ``first_run`` is out of range.

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
        for name, value, low in (
            ("num_envs", num_envs, 1),
            ("spares", spares, 0),
            ("first_run", first_run, 0),
        ):
            if value < low:
                raise ConfigError(f"Pool: {name} is {value}, expected {low} or above")
        self.num_envs = num_envs
        self.timing = Timing()
        self._executable = toolchain.find_scenario(scenario)
        self._arguments = tuple(arguments)
        self._rng_seed = _rng_seed(seed)
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
        self._ready: list[_Env] = []
        self._asked: list[_Env] = []  # of the last batch
        self._blocks: dict[int, codec.Block] = {}  # made ahead, by number of rows
        self._ended = False  # whether an episode has ended since the last batch
        self._all_ids = np.arange(num_envs)
        self._all_false = np.zeros(num_envs, np.bool_)
        self._all_ids.flags.writeable = self._all_false.flags.writeable = False
        self._watch_s = 0.0
        self._last: Batch | None = None
        self._router = listen(endpoint)
        self._life_line = LifeLine()
        self._finalizer = weakref.finalize(
            self, _release, self._router, self._life_line, self._peers, self._leaving
        )
        try:
            self.hello, self.spec = self._describe()
        except BaseException:
            self.close()
            raise

    # ------------------------------------------------------------------------------------------------ the environment

    def reset(self, seed: int | None = None) -> Batch:
        """Begins a new episode in every environment; running ones are cut off.

        Args:
            seed: starts the sequence of episodes anew under this seed; None goes on with the next ones.

        Returns:
            E rows in order of environment, each at tick 0.
        """
        started_s = time.perf_counter()
        self._abandon()
        if seed is not None:
            self._rng_seed = _rng_seed(seed)
            for env in self._envs:
                env.episode = -1
        return self._start(started_s)

    def resume(self, episodes: Sequence[int], actions: Sequence[Sequence[Sequence[Actions]]]) -> Batch:
        """Takes up episodes where another pool with this seed and these arguments left them, by playing them again.

        Args:
            episodes: [E] index of each environment's episode, 0 for its first.
            actions: [E][ticks] the actions of the episode so far, one ``Actions`` [A,...] per group.

        Returns:
            E rows in order of environment, as they were after the last of these actions.

        Raises:
            OutOfStep: an episode ended before its actions did, so it is not the one they were taken in.
        """
        started_s = time.perf_counter()
        self._abandon()
        for env, episode, rows in zip(self._envs, episodes, actions, strict=True):
            env.episode = episode - 1
            env.replay.extend([Actions(g.discrete[None], g.continuous[None]) for g in row] for row in rows)
        return self._start(started_s)

    def _start(self, started_s: float) -> Batch:
        self._unbegun[:] = self._envs
        for env in self._envs:
            env.waiting = True
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

    @property
    def pids(self) -> list[int]:
        """Process of each environment's running episode, -1 where none runs."""
        return [-1 if env.peer is None else env.peer.simulator.pid for env in self._envs]

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
        if (
            env_id is not None
            and env_id is not self._last.env_id
            and not np.array_equal(env_id, self._last.env_id)
        ):
            raise OutOfStep(
                f"actions came for environments {env_id}, expected {self._last.env_id}, as recv() gave them"
            )
        return self._last

    def _send(self, batch: Batch, actions: Sequence[Actions]) -> None:
        shaped = codec.shape_actions(self.spec, actions, len(batch.env_id))
        self._last = None
        self.timing.ticks += len(self._asked)
        deadline_s = time.monotonic() + self._tick_timeout_s
        for row, env in enumerate(self._asked):
            peer = env.peer
            assert peer is not None
            assert env.observation is not None
            peer.deadline_s = deadline_s
            env.waiting = True
            if not self._router.send(peer.identity, codec.encode_action(env.observation.tick, shaped, row)):
                self._await_end(peer)
        # What can be done while the simulators simulate: memory for their answers, processes for the next episodes.
        if len(self._asked) not in self._blocks:
            self._blocks[len(self._asked)] = codec.Block(self.spec, len(self._asked))
        if self._leaving:
            self._tend()

    # -------------------------------------------------------------------------------------------------- observations

    def _collect(self, min_envs: int, started_s: float) -> Batch:
        """Waits for environments and makes a batch of those that are ready."""
        coming = sum([env.waiting for env in self._envs])
        if not 1 <= min_envs <= coming + len(self._ready):
            raise OutOfStep(
                f"{min_envs} environments were asked for, {coming + len(self._ready)} have an observation coming; "
                "call reset() or send() first"
            )
        try:
            while len(self._ready) < min_envs or (
                len(self._ready) < self.num_envs and self._router.has_frame()
            ):
                self._receive()
            batch = self._last = self._assemble(started_s)
        except BaseException:
            self._abandon()
            raise
        return batch

    def _receive(self) -> None:
        """Handles one message, or looks at the life of the processes when none comes."""
        received = self._router.recv(_WATCH_MS, self._peers)
        if received is None or time.monotonic() > self._watch_s:
            self._watch()
        if received is None:
            return
        self._handle(*received)

    def _handle(self, identity: bytes, frame: bytes) -> None:
        peer = self._peers[identity]
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
        expected = 0 if env.observation is None else env.observation.tick + 1
        if isinstance(message, codec.Ready):
            if message.spec_hash != self.spec.hash:
                raise SpecViolation(
                    f"{self._name(peer)}: the episode's spec has hash {message.spec_hash}, that of the pool "
                    f"{self.spec.hash}; was the scenario rebuilt meanwhile? Make a new pool"
                )
            message = message.observation
        elif not isinstance(message, codec.Observation):
            raise OutOfStep(
                f"{self._name(peer)}: a {type(message).__name__} came where an observation was expected"
            )
        if message.tick != expected or not env.waiting:
            raise OutOfStep(
                f"{self._name(peer)}: the observation of tick {message.tick} came, expected that of tick {expected}"
            )
        if message.terminated or message.truncated:
            if env.replay:
                raise OutOfStep(
                    f"{self._name(peer)}: the episode ended {len(env.replay)} actions before the one to be resumed; was "
                    "the scenario rebuilt meanwhile?"
                )
            env.ended, env.ended_run, env.observation = message, env.run, None
            self._ended = True
            self._retire(env)
            self._unbegun.append(env)
            self._begin()
            return
        env.observation = message
        if env.replay:
            self._replay(peer, env, message.tick)
            return
        env.waiting = False
        self._ready.append(env)

    def _replay(self, peer: _Peer, env: _Env, tick: int) -> None:
        """Answers with the next recorded actions."""
        shaped = codec.shape_actions(self.spec, env.replay.popleft(), 1)
        peer.deadline_s = time.monotonic() + self._tick_timeout_s
        if not self._router.send(peer.identity, codec.encode_action(tick, shaped, 0)):
            self._await_end(peer)

    def _assemble(self, started_s: float) -> Batch:
        """Makes a batch of what is ready, and accounts for the time since ``started_s``."""
        envs = self._asked = sorted(self._ready, key=_index)
        self._ready.clear()
        seen = [env.observation for env in envs if env.observation is not None]
        block = self._blocks.pop(len(envs), None) or codec.Block(self.spec, len(envs))
        block.fill([observation.arrays for observation in seen])
        batch = Batch(
            self._all_ids if len(envs) == self.num_envs else np.array([env.index for env in envs]),
            np.array([observation.tick for observation in seen]),
            np.array([observation.sim_time_ns for observation in seen]),
            block.groups,
            block.state,
            block.metrics,
            self._all_false[: len(envs)],
            self._all_false[: len(envs)],
            [None] * len(envs),
            [observation.tables for observation in seen],
        )
        wall_ns = max([observation.tick_wall_ns for observation in seen])
        if self._ended:
            wall_ns = self._tell_of_ends(batch, envs)
        spent_s = time.perf_counter() - started_s
        simulator_s = min(spent_s, wall_ns * 1e-9)
        self.timing.simulator_s += simulator_s
        self.timing.wire_s += spent_s - simulator_s
        return batch

    def _tell_of_ends(self, batch: Batch, envs: Sequence[_Env]) -> int:
        """Puts what belongs to ended episodes into the rows of their environments.

        Returns:
            the longest wall-clock time that a simulator spent for this batch, ended and begun episodes together [ns].
        """
        batch.terminated, batch.truncated = batch.terminated.copy(), batch.truncated.copy()
        longest_ns = 0
        for row, env in enumerate(envs):
            assert env.observation is not None
            wall_ns = env.observation.tick_wall_ns
            if env.ended is not None:
                wall_ns += env.ended.tick_wall_ns
                self._tell_of_end(batch, row, env, env.ended)
                env.ended = None
            longest_ns = max(longest_ns, wall_ns)
        self._ended = any(env.ended is not None for env in self._envs)
        return longest_ns

    def _tell_of_end(self, batch: Batch, row: int, env: _Env, ended: codec.Observation) -> None:
        block = codec.Block(self.spec, 1)
        block.fill([ended.arrays])
        for now, then in zip(batch.groups, block.groups, strict=True):
            now.rewards[row] = then.rewards[0]
        batch.metrics[row] = block.metrics[0]
        batch.terminated[row] = ended.terminated
        batch.truncated[row] = ended.truncated
        batch.tables[row] = ended.tables
        batch.final[row] = Final(
            ended.tick,
            ended.sim_time_ns,
            ended.terminated,
            ended.truncated,
            tuple([group.observations[0] for group in block.groups]),
            tuple([rows[0] for rows in block.state]),
            block.metrics[0],
            self._rng_seed,
            env.ended_run,
        )

    # ----------------------------------------------------------------------------------------------------- processes

    def _launch(self) -> None:
        identity = f"sim-{next(self._identities)}"
        simulator = Simulator(self._executable, self._router.endpoint, identity, self._life_line)
        peer = _Peer(identity.encode(), simulator, time.monotonic() + self._start_timeout_s)
        self._peers[peer.identity] = peer

    def _tend(self) -> None:
        """Keeps E + spares processes, and buries those that have served their episode."""
        while len(self._peers) < self.num_envs + self._spares:
            self._launch()
        for simulator in [s for s in self._leaving if not s.is_alive()]:
            simulator.stop()
            self._leaving.remove(simulator)

    def _greet(self, peer: _Peer, frame: bytes) -> None:
        message = self._decode(peer, frame)
        if isinstance(message, codec.Fault):
            raise self._fault(peer, message)
        if not isinstance(message, Hello) or peer.hello is not None:
            raise OutOfStep(f"{self._name(peer)}: a {type(message).__name__} came where Hello was expected")
        peer.hello = message
        self._begin()

    def _begin(self) -> None:
        """Gives processes that have said Hello to environments that wait for one."""
        for peer in list(self._peers.values()):
            if not self._unbegun:
                break
            if peer.env is not None or peer.hello is None:
                continue
            if not peer.simulator.is_alive():
                self._peers.pop(peer.identity).simulator.stop()
                continue
            env = self._unbegun.pop(0)
            env.peer, peer.env = peer, env
            env.episode += 1
            env.run = self._first_run + env.episode * self.num_envs + env.index
            peer.deadline_s = time.monotonic() + self._tick_timeout_s
            if not self._router.send(
                peer.identity, codec.encode_begin(self._arguments, self._rng_seed, env.run)
            ):
                self._await_end(peer)
        starting = sum([peer.env is None for peer in self._peers.values()])
        for _ in range(len(self._unbegun) - starting):
            self._launch()

    def _describe(self) -> tuple[Hello, Spec]:
        self._tend()
        peer = next(iter(self._peers.values()))
        while peer.hello is None:
            self._receive()
        self._router.send(peer.identity, codec.encode_describe(self._arguments))
        peer.deadline_s = time.monotonic() + self._start_timeout_s
        while (received := self._router.recv(_WATCH_MS, self._peers)) is None or received[0] != peer.identity:
            if received is None:
                self._watch(peer)
            else:
                self._greet(self._peers[received[0]], received[1])
        message = self._decode(peer, received[1])
        if isinstance(message, codec.Fault):
            raise self._fault(peer, message)
        if not isinstance(message, Spec):
            raise OutOfStep(
                f"{self._name(peer)}: a {type(message).__name__} came where the spec was expected"
            )
        return peer.hello, message

    def _retire(self, env: _Env) -> None:
        """Lets go of the process whose episode has ended; it exits by itself and is reaped later."""
        if env.peer is not None:
            self._leaving.append(self._peers.pop(env.peer.identity).simulator)
            env.peer = None

    def _abandon(self) -> None:
        """Stops every running episode and forgets what was on its way."""
        self._last = None
        self._ready.clear()
        self._unbegun.clear()
        for env in self._envs:
            env.waiting, env.observation, env.ended = False, None, None
            env.replay.clear()
            env.peer = None
        for peer in list(self._peers.values()):
            if peer.env is not None or not peer.simulator.is_alive():
                self._peers.pop(peer.identity).simulator.stop()

    # -------------------------------------------------------------------------------------------------------- errors

    def _watch(self, also: _Peer | None = None) -> None:
        """Raises for a process that ended or took too long."""
        now_s = time.monotonic()
        self._watch_s = now_s + 1.0
        for peer in list(self._peers.values()):
            expected = peer is also or peer.hello is None or (peer.env is not None and peer.env.waiting)
            if not peer.simulator.is_alive() and expected:
                self._await_end(peer)
            if expected and now_s > peer.deadline_s:
                raise self._late(peer)

    def _await_end(self, peer: _Peer) -> None:
        """For a process that ended or closed its connection: raises, unless its last message was still under way."""
        while (received := self._router.recv(_WATCH_MS, self._peers)) is not None:
            self._handle(*received)
            if received[0] == peer.identity:
                return
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
        return f"{where}, environment {peer.env.index}, RngRun {peer.env.run}"


def _rng_seed(seed: int) -> int:
    """ns-3's RngSeed for a seed of 0 or above."""
    if seed < 0:
        raise ConfigError(f"Pool: seed is {seed}, expected 0 or above")
    return seed % _MAX_RNG_SEED + 1


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
