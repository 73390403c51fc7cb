# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""E simulators in lockstep with one learner. All other environments build on it.

Each process serves one episode. When an episode ends, a warm spare takes over in the same step, so a batch always has an observation
to act on; ``Batch.final`` has the last observation of the ended episode. If a simulator is lost, its episode is restarted with the
same seed on another one, which repeats the actions taken so far. This costs only time.
"""

from __future__ import annotations

import itertools
import time
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from operator import attrgetter
from pathlib import Path
from types import TracebackType
from typing import Any

from ns3marl import toolchain
from ns3marl.checks import check_current_folder, checked_seconds, checked_seed, checked_whole
from ns3marl.clock import Clock
from ns3marl.env.batching import Batching, cpu_ns, wall_ns
from ns3marl.env.episode import Environment
from ns3marl.env.simulator_pool import Limits, Peer, SimulatorPool, check_resources
from ns3marl.env.turns import Turn
from ns3marl.episodes import Numbering
from ns3marl.errors import (
    ConfigError,
    Crashed,
    Hung,
    Ns3MarlError,
    OutOfStep,
    SimulatorError,
    SpecViolation,
    VersionMismatch,
)
from ns3marl.protocol import codec
from ns3marl.types import Actions, Batch, Hello, Int64, Spec, Timing

#: Messages that a process sent before it ended arrive within this time after its end [s].
_LAST_WORDS_S = 0.2

_index = attrgetter("index")

_FAULTS: dict[str, type[Ns3MarlError]] = {
    "CONFIG": ConfigError,
    "SPEC_VIOLATION": SpecViolation,
    "OUT_OF_STEP": OutOfStep,
    "SIMULATION": SimulatorError,
    "VERSION": VersionMismatch,
}


class Pool:
    """Simulators of one scenario under one set of arguments.

    Args:
        scenario: name of a built scenario, or the path of its executable. With ``spawn=False`` the name is enough.
        num_envs: E, the number of simulators that run at once.
        arguments: the scenario's arguments, such as ``"--devices=10"``.
        seed: ns-3's RngSeed, from 1 to 4294944442, of any integer type.
        first_run: RngRun of the first episode. Episode j of environment e runs with RngRun
            ``first_run + j * num_envs + e``, whatever the policy does.
        spares: processes kept ready for the next episodes.
        tick_timeout_s: longest time a simulator may take for a tick or for building its network.
        start_timeout_s: longest time a process may take to send Hello, and an environment may wait for a simulator to connect.
        endpoint: where to listen; by default a private ipc socket. Simulators elsewhere may connect to it (``ns3marl serve``).
        key_folder: the learner's CURVE keys (``ns3marl keys``), for tcp.
        spawn: launch simulators on this host. False: use only simulators that connect from workers.
        restarts: how many simulators an episode may lose (crashed, hung, vanished) before that is an error. Each time it is
            restarted on another simulator, which repeats the actions taken so far, so only time is lost. For every process
            of the pool, the same number may fail to start in a row.
        builtin: ``Batch.builtin`` holds what the scenario's own policy (C++ ``Decide``) chooses at each observation.
        resumable: record the actions of the running episodes, for ``state_dict``; with ``restarts`` they are recorded anyway.
        on_frame: called with (environment, RngRun, frame) for every frame of an episode that a simulator sent.

    Raises:
        LaunchError: the scenario is not built or does not start.
        Lost: no simulator connected.
        ConfigError: the scenario refused the arguments, the endpoint cannot be bound, a number or time is out of range, or this
            process may open too few file descriptors for so many environments.

    After any error of ``reset``, ``step``, ``recv`` or ``send`` the pool may be reset, unless it is closed. Actions that ``step`` or
    ``send`` refuses were not sent to a simulator; you may correct them and send them again.

    Only the process that created a pool may use it, one thread at a time: a call from another thread, or from a forked process, raises
    ``OutOfStep``. A forked process cannot end anything of its parent's, whatever it does and however it ends.
    """

    def __init__(
        self,
        scenario: str | Path,
        *,
        num_envs: int = 1,
        arguments: Sequence[str] = (),
        seed: int = 1,
        first_run: int = 1,
        spares: int = 1,
        tick_timeout_s: float = 60.0,
        start_timeout_s: float = 30.0,
        endpoint: str | None = None,
        key_folder: Path | None = None,
        spawn: bool = True,
        restarts: int = 0,
        builtin: bool = False,
        resumable: bool = False,
        on_frame: Callable[[int, int, bytes], None] | None = None,
    ) -> None:
        self._numbering = Numbering("Pool", num_envs, first_run)
        self._seed = checked_seed("Pool", seed)
        spares = checked_whole("Pool", "spares", spares, 0)
        restarts = checked_whole("Pool", "restarts", restarts, 0)
        _check_arguments(arguments)
        if spawn and key_folder is not None:
            raise ConfigError("Pool: simulators launched here need no keys; set spawn=False with key_folder")
        if endpoint is None and not spawn:
            raise ConfigError("Pool: spawn is False, so simulators dial in: give an endpoint where they can")
        self.num_envs = num_envs = self._numbering.num_envs
        limits = Limits(
            checked_seconds("Pool", "start_timeout_s", start_timeout_s),
            checked_seconds("Pool", "tick_timeout_s", tick_timeout_s),
        )
        check_current_folder("Pool")
        executable = toolchain.provide(scenario) if spawn else None
        check_resources(num_envs, spares, spawn)
        self._turn = Turn()
        self.timing = Timing()
        self._arguments = tuple(arguments)
        self._restarts = restarts
        self._builtin = builtin
        self._recording = resumable or restarts > 0
        self._limits = limits
        self._on_frame = on_frame
        self._clock = Clock()
        self._envs = [Environment(index, self._clock) for index in range(num_envs)]
        self._unbegun: list[Environment] = []
        self._ready: list[Environment] = []
        self._asked: dict[int, Environment] = {}  # by number: those whose observations wait for actions
        self._ended = False  # whether an episode has ended since the last batch
        self._watch_s = 0.0
        self._simulators = SimulatorPool(
            Path(scenario).name,
            executable,
            num_envs + spares,
            self._limits,
            endpoint,
            key_folder,
            self._clock,
        )
        self._finalizer = weakref.finalize(self, _release, self._simulators, self._turn)
        try:
            self.hello, self.spec = self._described()
        except BaseException:
            self.close()
            raise
        self._batching = Batching(self.spec, num_envs, builtin=builtin)

    # ------------------------------------------------------------------------------------------------ the environment

    def reset(self, seed: int | None = None) -> Batch:
        """Begins a new episode in every environment; running ones are discarded.

        Args:
            seed: restarts the sequence of episodes under this RngSeed; None continues with the next ones.

        Returns:
            E rows in order of environment, each at tick 0.
        """
        started_s = time.perf_counter()
        given = None if seed is None else checked_seed("Pool", seed)
        with self._turn:
            self._check_open()
            self._abandon()
            if given is not None:
                self._seed = given
                for env in self._envs:
                    env.episode = -1
            for env in self._envs:
                env.move_on(self._numbering)
            return self._start(started_s)

    def state_dict(self) -> dict[str, Any]:
        """The state of the environments: the seed, and the number and the actions of each environment's episode.

        The values are arrays, numbers, lists and dictionaries.

        Raises:
            OutOfStep: no episode is running.
            ConfigError: actions are not recorded, see ``resumable``.
        """
        begun = all(env.waiting or env.observation is not None for env in self._envs)
        self._numbering.check_recorded(begun, self._recording)
        return {
            "seed": self._seed,
            "episodes": [env.episode for env in self._envs],
            "actions": [env.recorded() for env in self._envs],
        }

    def load_state_dict(self, state: dict[str, Any]) -> Batch:
        """Continues the episodes of another pool under the same arguments, by replaying their actions.

        Args:
            state: what ``state_dict`` of the other pool returned; this pool takes over its seed.

        Returns:
            E rows in order of environment, as after the last actions, except for ``final``.

        Raises:
            ConfigError: the state is that of another number of environments.
            OutOfStep: an episode ended before all its actions were replayed, so the actions belong to another episode.
        """
        started_s = time.perf_counter()
        self._numbering.check_state(state)
        seed = checked_seed("Pool", state["seed"])
        with self._turn:
            self._check_open()
            self._abandon()
            self._seed = seed
            for env, episode, recorded in zip(self._envs, state["episodes"], state["actions"], strict=True):
                env.replay(self._numbering, int(episode), recorded)
            return self._start(started_s)

    def _start(self, started_s: float) -> Batch:
        self._unbegun[:] = self._envs
        for env in self._envs:
            env.queue()
        return self._collect(self.num_envs, started_s)

    def step(self, actions: Sequence[Actions]) -> Batch:
        """Sends the joint actions of all E environments, one ``Actions`` per group, and waits for all of them.

        Returns:
            E rows in order of environment.
        """
        started_s = time.perf_counter()
        with self._turn:
            self._send(self._answering(None), actions)
            return self._collect(self.num_envs, started_s)

    def recv(self, min_envs: int = 1) -> Batch:
        """Waits for the first ``min_envs`` environments that are ready.

        Returns:
            B rows, ``min_envs`` <= B <= E, in order of environment; ``env_id`` names the environments.
        """
        with self._turn:
            return self._collect(min_envs, time.perf_counter())

    def recv_part(self, parts: Sequence[Int64]) -> Batch:
        """Waits until all environments of one part are ready; if several parts are ready, it returns the first.

        So each environment always appears in a batch with the same others, whichever is faster.

        Args:
            parts: Numbers of environments in ascending order; no environment is in two parts.

        Returns:
            The rows of that part.

        Raises:
            OutOfStep: every part has an environment from which no observation is expected.
        """
        with self._turn:
            return self._collect_part(parts, time.perf_counter())

    def send(self, env_id: Int64, actions: Sequence[Actions]) -> None:
        """Sends joint actions to some environments that wait for actions, one row each.

        Args:
            env_id: Their numbers in ascending order, as in the batches of ``reset``, ``recv`` or ``recv_part``.
            actions: One ``Actions`` per group.
        """
        with self._turn:
            self._send(self._answering(env_id), actions)

    @property
    def pids(self) -> list[int]:
        """Process id of each environment's episode, -1 if none runs. For simulators elsewhere, it is the id on their own host."""
        return [-1 if env.peer is None else env.peer.process.pid for env in self._envs]

    @property
    def endpoint(self) -> str:
        """The address to which simulators elsewhere may connect."""
        return self._simulators.router.endpoint

    def close(self) -> None:
        """Ends every process and removes the socket. It may be called twice; in a forked process it does nothing.

        Raises:
            OutOfStep: another thread is in a method of the pool.
        """
        if self._turn.is_own_process:
            with self._turn:
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

    def _answering(self, env_id: Int64 | None) -> list[Environment]:
        """The environments that actions answer; None: all whose observations wait for some."""
        self._check_open()
        asked = self._asked
        if not asked:
            raise OutOfStep("actions came, but no observation waits for any; call reset() or recv() first")
        numbers = sorted(asked) if env_id is None else env_id.tolist()
        envs = [asked[number] for number in numbers if number in asked]
        if len(envs) < len(numbers) or any(a >= b for a, b in itertools.pairwise(numbers)):
            raise OutOfStep(
                f"actions came for environments {env_id}, expected some of {sorted(asked)} in this order, as recv() gave them"
            )
        return envs

    def _send(self, envs: list[Environment], actions: Sequence[Actions]) -> None:
        shaped = codec.shape_actions(self.spec, actions, len(envs))
        self.timing.ticks += len(envs)
        for row, env in enumerate(envs):
            del self._asked[env.index]
            assert env.peer is not None
            assert env.observation is not None
            frame = codec.encode_action(env.observation.tick, shaped, row)
            if self._recording:
                env.actions.append(frame)
            env.waiting = True
            self._give(env.peer, frame)
        # What can be done while the simulators simulate: memory for their answers, processes for the next episodes.
        self._batching.prepare(len(envs))
        if self._simulators.is_leaving:
            self._simulators.top_up()

    def _give(self, peer: Peer, frame: bytes) -> None:
        """Sends what the simulator answers with an observation."""
        if not self._simulators.send(peer, frame, self._limits.tick_s):
            self._await_end(peer)

    # -------------------------------------------------------------------------------------------------- observations

    def _collect(self, min_envs: int, started_s: float) -> Batch:
        """Waits for environments and makes a batch of those that are ready."""
        self._check_open()
        coming = sum([env.waiting for env in self._envs])
        if not 1 <= min_envs <= coming + len(self._ready):
            raise OutOfStep(
                f"{min_envs} environments were asked for, {coming + len(self._ready)} have an observation coming; "
                "call reset() or send() first"
            )
        with self._abandoning():
            if self._unbegun:
                self._begin()
            while len(self._ready) < min_envs or (
                len(self._ready) < self.num_envs and self._simulators.router.has_frame()
            ):
                self._receive()
            return self._assemble(sorted(self._ready, key=_index), started_s)

    def _collect_part(self, parts: Sequence[Int64], started_s: float) -> Batch:
        """Waits for one of several parts, and makes a batch of it."""
        self._check_open()
        wanted = [[self._envs[number] for number in part.tolist()] for part in parts]
        if not any(part and all(env.waiting or env in self._ready for env in part) for part in wanted):
            raise OutOfStep(
                f"one of the parts {[part.tolist() for part in parts]} was asked for, but none has an observation coming for each "
                "of its environments; call reset() or send() first"
            )
        with self._abandoning():
            if self._unbegun:
                self._begin()
            while True:
                for part in wanted:
                    if part and all(env in self._ready for env in part):
                        return self._assemble(part, started_s)
                self._receive()

    @contextmanager
    def _abandoning(self) -> Iterator[None]:
        """After an error no episode goes on."""
        try:
            yield
        except BaseException:
            self._abandon()
            raise

    def _receive(self) -> bool:
        """Handles one message, or looks at the life of the processes when none comes; whether one came."""
        received = self._simulators.recv()
        if received is not None:  # before the watch: it may be the last word of a process that has ended
            self._handle(*received)
        if received is None or time.monotonic() > self._watch_s:
            self._watch()
        return received is not None

    def _handle(self, peer: Peer | None, frame: bytes) -> None:
        if peer is None:
            self._begin()
        elif peer.env is not None:
            self._observe(peer, self._envs[peer.env], frame)
        else:
            message = self._simulators.decode(peer, frame, None)
            if isinstance(message, codec.Fault):
                raise self._fault(peer, message)
            raise OutOfStep(
                f"{self._simulators.name(peer)}: a {type(message).__name__} came where nothing was expected"
            )

    def _observe(self, peer: Peer, env: Environment, frame: bytes) -> None:
        message = self._simulators.decode(peer, frame, self.spec)
        if isinstance(message, codec.Fault):
            raise self._fault(peer, message)
        if isinstance(message, codec.Ready):
            if message.spec_hash != self.spec.hash:
                raise SpecViolation(
                    f"{self._simulators.name(peer)}: the episode's spec has hash {message.spec_hash}, that of the pool "
                    f"{self.spec.hash}; was the scenario rebuilt meanwhile? Make a new pool"
                )
            message = message.observation
        elif not isinstance(message, codec.Observation):
            raise OutOfStep(
                f"{self._simulators.name(peer)}: a {type(message).__name__} came where an observation was expected"
            )
        if message.tick != env.next_tick or not env.waiting:
            raise OutOfStep(
                f"{self._simulators.name(peer)}: the observation of tick {message.tick} came, expected that of tick {env.next_tick}"
            )
        if self._on_frame is not None and not env.is_known(message.tick):
            self._on_frame(env.index, env.run, codec.without_diagnostics(frame))
        peer.due = False
        if not env.show(message):
            raise OutOfStep(
                f"{self._simulators.name(peer)}: the episode was begun anew, and its tick {message.tick} differs from what the lost "
                "simulator sent; are all simulators built alike?"
            )
        if message.terminated or message.truncated:
            if message.tick < len(env.actions):
                raise OutOfStep(
                    f"{self._simulators.name(peer)}: the episode ended {len(env.actions) - message.tick} actions before the one to be resumed; "
                    "was the scenario rebuilt meanwhile?"
                )
            self._ended = True
            self._simulators.retire(peer)
            env.end(message)
            env.move_on(self._numbering)
            env.queue()
            self._unbegun.append(env)
            self._begin()
        elif message.tick < len(env.actions):
            self._give(peer, env.actions[message.tick])
        else:
            env.waiting = False
            self._ready.append(env)

    def _assemble(self, envs: list[Environment], started_s: float) -> Batch:
        """Makes a batch of environments that are ready, and accounts for the time since ``started_s``."""
        for env in envs:
            self._ready.remove(env)
            self._asked[env.index] = env
        batch = self._batching.assemble(envs, self._seed)
        spent_s = time.perf_counter() - started_s
        simulator_s = min(spent_s, wall_ns(envs) * 1e-9)
        self.timing.cpu_s += cpu_ns(envs) * 1e-9
        if self._ended:
            self._batching.tell_of_ends(batch, envs, self._seed)
            self._ended = any(env.ended is not None for env in self._envs)
        self.timing.simulator_s += simulator_s
        self.timing.wire_s += spent_s - simulator_s
        return batch

    # ----------------------------------------------------------------------------------------------------- processes

    def _begin(self) -> None:
        """Gives free simulators to environments that wait for one."""
        now_s = self._clock.now_s()
        for env in [env for env in self._unbegun if env.since_s <= now_s]:
            peer = self._simulators.take()
            if peer is None:
                break
            self._unbegun.remove(env)
            env.begin(peer)
            self._give(peer, codec.encode_begin(self._arguments, self._seed, env.run, builtin=self._builtin))
        if self._unbegun:
            self._simulators.top_up(len(self._unbegun))

    def _described(self) -> tuple[Hello, Spec]:
        """Asks for the spec, anew where the simulator that was asked is lost."""
        for _ in range(self._restarts):
            with suppress(Crashed, Hung):
                return self._describe()
        return self._describe()

    def _describe(self) -> tuple[Hello, Spec]:
        """Asks the first simulator for the spec."""
        self._simulators.top_up()
        started_s = self._clock.now_s()
        while (peer := self._simulators.take()) is None:
            if self._simulators.recv() is None:
                self._watch()
                self._simulators.top_up()
                self._check_visits(started_s)
        assert peer.hello is not None
        self._simulators.remote.resemble(peer.hello)
        self._simulators.send(peer, codec.encode_describe(self._arguments), self._limits.start_s)
        while (received := self._simulators.recv()) is None or received[0] is not peer:
            if received is None:
                self._watch()
        message = self._simulators.decode(peer, received[1], None)
        if isinstance(message, codec.Fault):
            raise self._fault(peer, message)
        if not isinstance(message, Spec):
            raise OutOfStep(
                f"{self._simulators.name(peer)}: a {type(message).__name__} came where the spec was expected"
            )
        peer.due = False
        return peer.hello, message

    def _abandon(self) -> None:
        """Stops every running episode and forgets what was on its way."""
        self._asked.clear()
        self._ready.clear()
        self._unbegun.clear()
        for env in self._envs:
            env.forget()
            env.ended = None
        for peer in self._simulators:
            if peer.env is not None or not peer.process.is_alive():
                self._simulators.discard(peer)

    # -------------------------------------------------------------------------------------------------------- errors

    def _check_open(self) -> None:
        if not self._finalizer.alive:
            raise OutOfStep("the pool is closed and its simulators have ended; make a new one")

    def _watch(self) -> None:
        """Deals with processes that ended or took too long, and with environments that wait for one."""
        self._watch_s = time.monotonic() + 1.0
        for peer in self._simulators.failed():
            if self._simulators.is_late(peer):
                self._lose(peer)
            else:
                self._await_end(peer)
        if self._unbegun:
            self._begin()
            self._check_visits(min(env.since_s for env in self._unbegun) if self._unbegun else None)

    def _check_visits(self, since_s: float | None) -> None:
        """Raises when a simulator should have dialled in by now."""
        if since_s is None or self._simulators.spawns or self._clock.now_s() < since_s + self._limits.start_s:
            return
        raise self._simulators.too_few(self.num_envs)

    def _await_end(self, peer: Peer) -> None:
        """For a process that ended or closed its connection: it is lost, unless its last message was still under way."""
        deadline_s = self._clock.now_s() + _LAST_WORDS_S  # others may talk without end
        while (received := self._simulators.recv()) is not None and self._clock.now_s() < deadline_s:
            self._handle(*received)
            if not self._simulators.owes(peer):
                return
        if received is not None:
            self._handle(*received)
        if self._simulators.owes(peer):
            self._lose(peer)

    def _lose(self, peer: Peer) -> None:
        """A simulator is lost: its episode is begun anew on another, or that is an error."""
        late = self._simulators.is_late(peer)
        failure = self._simulators.failure(peer)
        if peer.hello is None and self._simulators.may_launch_again(late, self._restarts):
            return
        env = None if peer.env is None else self._envs[peer.env]
        if env is None or env.losses >= self._restarts:
            raise failure
        self.timing.losses += 1
        env.lose()
        self._unbegun.append(env)

    def _fault(self, peer: Peer, fault: codec.Fault) -> Ns3MarlError:
        return _FAULTS.get(fault.kind, SimulatorError)(f"{self._simulators.name(peer)}: {fault.message}")


def _release(simulators: SimulatorPool, turn: Turn) -> None:
    """When the pool is closed or forgotten, or this process ends: a forked one cleans up nothing of its parent's."""
    if turn.is_own_process:
        simulators.close()


def _check_arguments(arguments: Sequence[str]) -> None:
    if isinstance(arguments, str) or not all(isinstance(argument, str) for argument in arguments):
        raise ConfigError(
            f'Pool: arguments is {arguments!r}, expected a sequence of texts, such as ("--devices=10", "--servers=2")'
        )
