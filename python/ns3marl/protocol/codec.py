# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Bytes to types and back. Pure functions.

The learner decodes what simulators send and encodes what they get. The other direction (``encode_hello`` ...) serves
peers that play a simulator, as tests do.

Who checks what: the bridge in each simulator checks every observation and every action against the spec, so both arrive
checked however they came. This side checks sizes and types before it looks into bytes, and that no number is NaN or
infinite, so that a foreign or broken peer cannot poison a learner.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from google.protobuf.message import DecodeError

from ns3marl import text
from ns3marl.errors import OutOfStep, SpecViolation, VersionMismatch
from ns3marl.protocol import lockstep_pb2 as pb
from ns3marl.protocol import spec_codec
from ns3marl.types import Actions, Float32, Float64, Group, GroupArrays, Hello, Int64, Spec

PROTOCOL_MAJOR: int = pb.PROTOCOL_VERSION_MAJOR
PROTOCOL_MINOR: int = pb.PROTOCOL_VERSION_MINOR

_FAULT_KINDS = {number: name.removeprefix("KIND_") for name, number in pb.Fault.Kind.items()}
_INT32, _FLOAT32 = np.dtype(np.int32), np.dtype(np.float32)


@dataclass(slots=True)
class Observation:
    """One environment at one exchange; a ``Block`` makes arrays of its bytes."""

    tick: int  #: number of the exchange: 0, 1, 2, …
    sim_time_ns: int
    terminated: bool
    truncated: bool
    arrays: bytes  #: as ``Spec.layout`` says
    tables: dict[str, dict[str, Float64 | Int64]]  #: rows since the exchange before, by table and column
    saturated: int
    build_wall_ns: int
    tick_wall_ns: int
    tick_cpu_ns: int
    builtin: tuple[Actions, ...] | None = (
        None  #: per group [1,A,D] and [1,A,R], what the scenario's own policy chooses
    )


@dataclass(slots=True)
class Ready:
    """The first observation of an episode."""

    spec_hash: str
    observation: Observation


@dataclass(slots=True)
class Fault:
    """The last words of a simulator; ``kind`` is CONFIG, SPEC_VIOLATION, OUT_OF_STEP, SIMULATION or VERSION."""

    kind: str
    tick: int
    message: str


@dataclass(frozen=True, slots=True)
class Ending:
    """The end of a simulator process, as its worker saw it."""

    identity: str  #: of the simulator's connection
    how: str  #: such as "exit status 1" or "signal SIGSEGV"
    last_lines: str  #: of its output


@dataclass(frozen=True, slots=True)
class Worker:
    """A worker lives."""

    scenario: str
    endings: tuple[Ending, ...] = ()  #: since its last message
    protocol_major: int = PROTOCOL_MAJOR
    protocol_minor: int = PROTOCOL_MINOR


@dataclass(frozen=True, slots=True)
class Welcome:
    """A worker may serve here."""


@dataclass(frozen=True, slots=True)
class Stop:
    """A worker ends one of its simulators."""

    identity: str


@dataclass(frozen=True, slots=True)
class End:
    """No more will come."""

    reason: str


ToLearner: TypeAlias = "Hello | Spec | Ready | Observation | Fault | Worker"
ToWorker: TypeAlias = "Welcome | Stop | End"


def decode(frame: bytes, spec: Spec | None = None) -> ToLearner:
    """Decodes one frame of a simulator.

    Args:
        frame: the bytes.
        spec: what observations are checked against; without it, observations are out of step.

    Raises:
        OutOfStep: the bytes are no message of the wire, or an observation came before the spec was known.
        VersionMismatch: a Hello of another major version.
        SpecViolation: the spec breaks a rule, an array has another size than it says, or a flag is neither 0 nor 1.
    """
    try:
        message = pb.ToLearner.FromString(frame)
    except DecodeError as error:
        raise OutOfStep(
            f"{len(frame)} bytes came that are no message of the lockstep wire; is the peer a ns3marl scenario?"
        ) from error
    body = message.WhichOneof("body")
    if body == "observation":
        return _observation(message.observation, spec)
    if body == "ready":
        return Ready(message.ready.spec_hash, _observation(message.ready.observation, spec))
    if body == "hello":
        return _hello(message.hello)
    if body == "spec":
        return spec_codec.from_message(message.spec)
    if body == "fault":
        kind = _FAULT_KINDS.get(message.fault.kind, "UNSPECIFIED")  # a later version may know more
        return Fault(kind, message.fault.tick, message.fault.message)
    if body == "worker":
        worker = message.worker
        endings = tuple([Ending(e.identity, e.how, e.last_lines) for e in worker.endings])
        return Worker(worker.scenario, endings, worker.protocol_major, worker.protocol_minor)
    raise OutOfStep("a message came that holds none of Hello, Spec, Ready, Observation, Fault and Worker")


def _hello(message: pb.Hello) -> Hello:
    if message.protocol_major != PROTOCOL_MAJOR:
        raise VersionMismatch(
            f"the simulator of scenario {message.scenario!r} (pid {message.pid}) speaks protocol version "
            f"{message.protocol_major}, this learner speaks {PROTOCOL_MAJOR}; use one release of ns3marl on both sides and "
            "rebuild the scenario with `ns3marl build`"
        )
    return Hello(
        message.scenario,
        message.ns3_version,
        message.ns3_build_profile,
        message.pid,
        message.protocol_major,
        message.protocol_minor,
    )


def _observation(message: pb.Observation, spec: Spec | None) -> Observation:
    if spec is None:
        raise OutOfStep("an observation came where none was asked for")
    arrays, diagnostics = message.arrays, message.diagnostics
    if len(arrays) != spec.layout.itemsize:
        raise SpecViolation(
            f"tick {message.tick}: arrays of {len(arrays)} bytes came, expected {spec.layout.itemsize} "
            f"as the spec of scenario {spec.scenario!r} lays them out; is the peer built from the same scenario?"
        )
    if arrays[spec.flags_offset :].translate(None, b"\0\1"):
        raise SpecViolation(f"tick {message.tick}: a flag (present, active or mask) is neither 0 nor 1")
    return Observation(
        message.tick,
        message.sim_time_ns,
        message.terminated,
        message.truncated,
        arrays,
        _tables(message, spec) if spec.tables else {},
        message.saturated,
        diagnostics.build_wall_ns,
        diagnostics.tick_wall_ns,
        diagnostics.tick_cpu_ns,
        _builtin(message, spec) if message.builtin else None,
    )


def _builtin(message: pb.Observation, spec: Spec) -> tuple[Actions, ...]:
    where = f"scenario {spec.scenario!r}, tick {message.tick}: the built-in policy's action"
    if len(message.builtin) != len(spec.groups):
        raise SpecViolation(f"{where} has {len(message.builtin)} groups, expected {len(spec.groups)}")
    return tuple(
        [
            Actions(
                _numbers(numbers.discrete, _INT32, len(group.agents), len(group.discrete_heads), where),
                _numbers(numbers.continuous, _FLOAT32, len(group.agents), len(group.continuous_heads), where),
            )
            for numbers, group in zip(message.builtin, spec.groups, strict=True)
        ]
    )


def _numbers(data: bytes, dtype: np.dtype[Any], agents: int, heads: int, where: str) -> Any:
    if len(data) != agents * heads * dtype.itemsize:
        raise SpecViolation(
            f"{where} holds {len(data)} bytes of {dtype.name}, expected {agents * heads * dtype.itemsize} "
            f"({agents} agents, {heads} heads)"
        )
    return np.frombuffer(data, dtype).reshape(1, agents, heads)


def _tables(message: pb.Observation, spec: Spec) -> dict[str, dict[str, Float64 | Int64]]:
    where = f"scenario {spec.scenario!r}, tick {message.tick}"
    if len(message.tables) != len(spec.tables):
        raise SpecViolation(f"{where}: {len(message.tables)} tables came, expected {len(spec.tables)}")
    tables: dict[str, dict[str, Float64 | Int64]] = {}
    for rows, table in zip(message.tables, spec.tables, strict=True):
        if len(rows.columns) != len(table.columns) or any(
            len(data) != 8 * rows.rows for data in rows.columns
        ):
            raise SpecViolation(
                f"{where}, table {table.name!r}: columns of {[len(data) for data in rows.columns]} bytes came, "
                f"expected {len(table.columns)} of {8 * rows.rows} ({rows.rows} rows)"
            )
        tables[table.name] = {
            column.name: np.frombuffer(data, column.type)
            for data, column in zip(rows.columns, table.columns, strict=True)
        }
    return tables


class Block:
    """Memory for the arrays of B observations, with the arrays that lie in it.

    Making it takes longer than filling it, so a learner that waits for observations makes it meanwhile.

    Attributes:
        groups: per group its arrays [B,A,...].
        state: per state block [B,S,F].
        metrics: [B,M].
    """

    __slots__ = ("_floats", "_memory", "_record", "_spec", "groups", "metrics", "state")

    def __init__(self, spec: Spec, rows: int) -> None:
        self._spec = spec
        self._memory = bytearray(rows * spec.layout.itemsize)
        self._record = record = np.frombuffer(self._memory, spec.layout)
        self._floats = record["floats"]
        group_names, state_names = spec.layout_names
        self.groups = tuple(
            [
                GroupArrays(record[o], record[r], record[p], record[a], record[m])
                for o, r, p, a, m in group_names
            ]
        )
        self.state: tuple[Float32, ...] = tuple([record[name] for name in state_names])
        self.metrics: Float64 = record["metrics"]

    def fill(self, blocks: Sequence[bytes]) -> None:
        """Copies the ``arrays`` of B observations in.

        Raises:
            SpecViolation: a value is NaN or infinite.
        """
        size, memory = self._spec.layout.itemsize, memoryview(self._memory)
        for row, arrays in enumerate(blocks):
            memory[row * size : (row + 1) * size] = arrays
        # One sum finds NaN and infinity in half the time; it may overflow, so what it finds is looked at again. Of NumPy's sums
        # einsum is the fastest, and the only one that gives no warning then.
        if not math.isfinite(np.einsum("ij->", self._floats)) and not np.isfinite(self._floats).all():
            raise _not_finite(self._spec, self._record)


def _not_finite(spec: Spec, record: Any) -> SpecViolation:
    """Finds the value that is not finite."""
    for g, group in enumerate(spec.groups):
        for env, agent, column in np.argwhere(~np.isfinite(record[f"observations_{g}"])):
            feature, value = group.features[column], record[f"observations_{g}"][env, agent, column]
            return SpecViolation(
                f"agent {group.agents[agent]!r}, feature {feature.name!r} [{feature.unit}]: {value} came, expected "
                f"a value in [{feature.low}, {feature.high}]"
            )
        for env, agent in np.argwhere(~np.isfinite(record[f"rewards_{g}"])):
            value = record[f"rewards_{g}"][env, agent]
            return SpecViolation(
                f"agent {group.agents[agent]!r}: the reward {value} came, expected a finite one"
            )
    return SpecViolation("the global state holds a value that is not finite")


# ------------------------------------------------------------------------------------------------- learner to simulator


def encode_describe(arguments: Sequence[str]) -> bytes:
    """Asks for the spec under these scenario arguments.

    Raises:
        ConfigError: one of them is no text in UTF-8.
    """
    for argument in arguments:
        text.checked(argument, "scenario argument", "rename the file that it names")
    message = pb.ToSimulator(describe=pb.Describe(arguments=arguments, protocol_major=PROTOCOL_MAJOR))
    return message.SerializeToString()


def encode_begin(arguments: Sequence[str], seed: int, run: int, *, builtin: bool = False) -> bytes:
    """Begins an episode with ns-3's RngSeed ``seed`` (> 0) and RngRun ``run``.

    With ``builtin`` every observation carries what the scenario's own policy chooses.
    """
    begin = pb.Begin(arguments=arguments, seed=seed, run=run, protocol_major=PROTOCOL_MAJOR, builtin=builtin)
    return pb.ToSimulator(begin=begin).SerializeToString()


def encode_end(reason: str) -> bytes:
    """Tells a simulator that no more actions will come."""
    return pb.ToSimulator(end=pb.End(reason=reason)).SerializeToString()


def encode_welcome() -> bytes:
    """Tells a worker that it may serve."""
    return pb.ToSimulator(welcome=pb.Welcome(protocol_minor=PROTOCOL_MINOR)).SerializeToString()


def encode_stop(identity: str) -> bytes:
    """Tells a worker to end one of its simulators."""
    return pb.ToSimulator(stop=pb.Stop(identity=identity)).SerializeToString()


def encode_action(tick: int, actions: Sequence[Actions], row: int) -> bytes:
    """Encodes row ``row`` (an environment) of shaped actions, one ``Actions`` per group."""
    message = pb.ToSimulator()
    message.action.tick = tick
    for group in actions:
        message.action.groups.add(
            discrete=group.discrete[row].tobytes(), continuous=group.continuous[row].tobytes()
        )
    return message.SerializeToString()


def shape_actions(spec: Spec, actions: Sequence[Actions], envs: int) -> list[Actions]:
    """Brings the joint actions of ``envs`` environments to the wire's types; the bridge checks their values.

    Raises:
        SpecViolation: there is not one ``Actions`` per group, an array has the wrong shape or kind, or a choice is beyond 32 bits.
    """
    if len(actions) != len(spec.groups):
        raise SpecViolation(
            f"{len(actions)} groups of actions came, expected {len(spec.groups)}: one Actions per group"
        )
    return [
        Actions(
            _shaped(
                action.discrete,
                _INT32,
                "iu",
                (envs, len(group.agents), len(group.discrete_heads)),
                group,
            ),
            _shaped(
                action.continuous,
                _FLOAT32,
                "f",
                (envs, len(group.agents), len(group.continuous_heads)),
                group,
            ),
        )
        for group, action in zip(spec.groups, actions, strict=True)
    ]


def _shaped(array: Any, dtype: np.dtype[Any], kinds: str, shape: tuple[int, ...], group: Group) -> Any:
    array = np.asarray(array)
    if array.shape == shape and array.dtype == dtype:
        return array
    if array.shape != shape or array.dtype.kind not in kinds:
        raise SpecViolation(
            f"actions of group {group.name!r} came as {array.dtype} {list(array.shape)}, "
            f"expected {dtype.name} {list(shape)} (environments, agents, heads)"
        )
    with np.errstate(over="ignore"):  # what becomes infinite is refused by the bridge
        cast = array.astype(dtype)
    if dtype == _INT32 and (wrapped := np.argwhere(cast != array)).size:
        env, agent, head = wrapped[0]
        declared = group.discrete_heads[head]
        raise SpecViolation(
            f"environment {env}: action of agent {group.agents[agent]!r}, head {declared.name!r}: {array[env, agent, head]} is not "
            f"one of the choices 0 to {len(declared.choices) - 1}"
        )
    return cast


# --------------------------------------------------------------------------------------------------- the worker's side


def encode_worker(worker: Worker) -> bytes:
    """Tells the learner that a worker lives, and which of its simulators have ended."""
    message = pb.Worker(
        protocol_major=worker.protocol_major,
        protocol_minor=worker.protocol_minor,
        scenario=worker.scenario,
        endings=[
            pb.Ending(identity=ending.identity, how=ending.how, last_lines=ending.last_lines)
            for ending in worker.endings
        ],
    )
    return pb.ToLearner(worker=message).SerializeToString()


def decode_for_worker(frame: bytes) -> ToWorker:
    """Decodes one frame of a learner that is meant for a worker.

    Raises:
        OutOfStep: the bytes are no message of the wire, or one for simulators.
    """
    try:
        message = pb.ToSimulator.FromString(frame)
    except DecodeError as error:
        raise OutOfStep(f"{len(frame)} bytes came that are no message of the lockstep wire") from error
    body = message.WhichOneof("body")
    if body == "welcome":
        return Welcome()
    if body == "stop":
        return Stop(message.stop.identity)
    if body == "end":
        return End(message.end.reason)
    raise OutOfStep(f"a worker got {body or 'nothing'}, expected one of Welcome, Stop and End")


# ------------------------------------------------------------------------------- the simulator's side, for scripted peers


def encode_hello(hello: Hello) -> bytes:
    """Encodes a Hello."""
    return pb.ToLearner(
        hello=pb.Hello(
            protocol_major=hello.protocol_major,
            protocol_minor=hello.protocol_minor,
            scenario=hello.scenario,
            ns3_version=hello.ns3_version,
            ns3_build_profile=hello.ns3_build_profile,
            pid=hello.pid,
        )
    ).SerializeToString()


def encode_spec(spec: Spec) -> bytes:
    """Encodes a Spec, with the hash it carries."""
    return pb.ToLearner(spec=spec_codec.to_message(spec)).SerializeToString()


def encode_fault(fault: Fault) -> bytes:
    """Encodes a Fault."""
    kind = f"KIND_{fault.kind}"
    return pb.ToLearner(fault=pb.Fault(kind=kind, tick=fault.tick, message=fault.message)).SerializeToString()


def encode_ready(ready: Ready) -> bytes:
    """Encodes a Ready with its observation."""
    message = pb.Ready(spec_hash=ready.spec_hash, observation=_observation_message(ready.observation))
    return pb.ToLearner(ready=message).SerializeToString()


def encode_observation(observation: Observation) -> bytes:
    """Encodes an Observation; nothing is checked, so that tests can send what is wrong."""
    return pb.ToLearner(observation=_observation_message(observation)).SerializeToString()


def _observation_message(observation: Observation) -> pb.Observation:
    return pb.Observation(
        tick=observation.tick,
        sim_time_ns=observation.sim_time_ns,
        terminated=observation.terminated,
        truncated=observation.truncated,
        arrays=observation.arrays,
        tables=[
            pb.TableRows(
                rows=len(next(iter(columns.values()))),
                columns=[column.tobytes() for column in columns.values()],
            )
            for columns in observation.tables.values()
        ],
        saturated=observation.saturated,
        builtin=[
            pb.GroupAction(discrete=group.discrete.tobytes(), continuous=group.continuous.tobytes())
            for group in observation.builtin or ()
        ],
        diagnostics=pb.Diagnostics(
            build_wall_ns=observation.build_wall_ns,
            tick_wall_ns=observation.tick_wall_ns,
            tick_cpu_ns=observation.tick_cpu_ns,
        ),
    )


def without_diagnostics(frame: bytes) -> bytes:
    """The frame as transcripts keep it: without wall-clock and process figures, which differ from run to run."""
    message = pb.ToLearner.FromString(frame)
    body = message.WhichOneof("body")
    if body == "observation":
        message.observation.ClearField("diagnostics")
    elif body == "ready":
        message.ready.observation.ClearField("diagnostics")
    return message.SerializeToString()
