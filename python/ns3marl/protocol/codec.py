# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Bytes to types and back, with every check on what crosses the wire. Pure functions.

The learner decodes what simulators send and encodes what they get. The other direction (``encode_hello`` ...) serves
peers that play a simulator, as tests do.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

import numpy as np
from google.protobuf.message import DecodeError

from ns3marl.errors import OutOfStep, SpecViolation, VersionMismatch
from ns3marl.protocol import lockstep_pb2 as pb
from ns3marl.protocol import spec_codec
from ns3marl.types import (
    Actions,
    Batch,
    Bool,
    Diagnostics,
    Feature,
    Float32,
    Float64,
    Group,
    GroupObservation,
    Hello,
    Int32,
    Int64,
    Observation,
    Spec,
)

PROTOCOL_MAJOR: int = pb.PROTOCOL_VERSION_MAJOR
PROTOCOL_MINOR: int = pb.PROTOCOL_VERSION_MINOR


@dataclass(frozen=True, slots=True)
class Ready:
    """The first observation of an episode; ``observation`` is decoded against the spec."""

    spec_hash: str
    observation: Observation


@dataclass(frozen=True, slots=True)
class Fault:
    """The last words of a simulator; ``kind`` is CONFIG, SPEC_VIOLATION, OUT_OF_STEP, SIMULATION or VERSION."""

    kind: str
    tick: int
    message: str


ToLearner: TypeAlias = "Hello | Spec | Ready | Observation | Fault"


def decode(frame: bytes, spec: Spec | None = None) -> ToLearner:
    """Decodes one frame of a simulator.

    Args:
        frame: the bytes.
        spec: what observations are checked against; without it, observations are out of step.

    Raises:
        OutOfStep: the bytes are no message of the wire, or an observation came before the spec was known.
        VersionMismatch: a Hello of another major version.
        SpecViolation: an array has another size than the spec says, or holds a value outside its bounds.
    """
    try:
        message = pb.ToLearner.FromString(frame)
    except DecodeError as error:
        raise OutOfStep(
            f"{len(frame)} bytes came that are no message of the lockstep wire; is the peer a ns3marl scenario?"
        ) from error
    body = message.WhichOneof("body")
    if body == "observation":
        return _observation(message.observation, _known(spec))
    if body == "ready":
        return Ready(message.ready.spec_hash, _observation(message.ready.observation, _known(spec)))
    if body == "hello":
        return _hello(message.hello)
    if body == "spec":
        return spec_codec.from_message(message.spec)
    if body == "fault":
        kind = pb.Fault.Kind.Name(message.fault.kind).removeprefix("KIND_")
        return Fault(kind, message.fault.tick, message.fault.message)
    raise OutOfStep("a message came that holds none of Hello, Spec, Ready, Observation and Fault")


def _known(spec: Spec | None) -> Spec:
    if spec is None:
        raise OutOfStep("an observation came before the spec was asked for")
    return spec


def _hello(message: pb.Hello) -> Hello:
    if message.protocol_major != PROTOCOL_MAJOR:
        raise VersionMismatch(
            f"the simulator of scenario {message.scenario!r} (pid {message.pid}) speaks protocol version "
            f"{message.protocol_major}, this learner speaks {PROTOCOL_MAJOR}; rebuild it with `ns3marl build`"
        )
    return Hello(
        message.scenario,
        message.ns3_version,
        message.ns3_build_profile,
        message.pid,
        message.protocol_major,
        message.protocol_minor,
    )


def _array(data: bytes, dtype: type[np.generic], shape: tuple[int, ...], what: str) -> Any:
    size = math.prod(shape) * np.dtype(dtype).itemsize
    if len(data) != size:
        raise SpecViolation(
            f"{what}: {len(data)} bytes came, expected {size} ({np.dtype(dtype).name} {list(shape)})"
        )
    return np.frombuffer(data, dtype).reshape(shape)


def _flags(data: bytes, shape: tuple[int, ...], what: str) -> Bool:
    flags = _array(data, np.uint8, shape, what)
    if flags.size and flags.max() > 1:
        raise SpecViolation(f"{what}: {flags.max()} came where only 0 and 1 are allowed")
    return cast(Bool, flags.view(np.bool_))


def _rows(
    data: bytes, bounds: tuple[Float32, Float32], names: Sequence[str], features: Sequence[Feature], what: str
) -> Float32:
    rows: Float32 = _array(data, np.float32, (len(names), len(features)), what)
    low, high = bounds
    inside = (rows >= low) & (rows <= high)
    if not inside.all():
        row, column = np.argwhere(~inside)[0]
        feature = features[column]
        raise SpecViolation(
            f"{what}, row {names[row]!r}, feature {feature.name!r} [{feature.unit}]: {rows[row, column]} "
            f"is outside [{low[column]}, {high[column]}]"
        )
    return rows


def _group(message: pb.GroupObservation, group: Group, where: str) -> GroupObservation:
    agents = len(group.agents)
    what = f"{where}, group {group.name!r}"
    rewards = _array(message.rewards, np.float32, (agents,), f"{what}, rewards")
    if not np.isfinite(rewards).all():
        agent = group.agents[int(np.argmin(np.isfinite(rewards)))]
        raise SpecViolation(f"{what}: the reward of agent {agent!r} is not finite")
    return GroupObservation(
        _rows(message.observations, group.bounds, group.agents, group.features, f"{what}, observations"),
        rewards,
        _flags(message.decides, (agents,), f"{what}, decides"),
        _flags(message.masks, (agents, group.mask_offsets[-1]), f"{what}, masks"),
    )


def _observation(message: pb.Observation, spec: Spec) -> Observation:
    where = f"scenario {spec.scenario!r}, tick {message.tick}"
    if len(message.groups) != len(spec.groups) or len(message.state) != len(spec.state):
        raise SpecViolation(
            f"{where}: {len(message.groups)} groups and {len(message.state)} state blocks came, "
            f"expected {len(spec.groups)} and {len(spec.state)}"
        )
    diagnostics = message.diagnostics
    return Observation(
        message.tick,
        message.sim_time_ns,
        message.terminated,
        message.truncated,
        tuple(_group(m, group, where) for m, group in zip(message.groups, spec.groups, strict=True)),
        tuple(
            _rows(data, block.bounds, block.rows, block.features, f"{where}, state {block.name!r}")
            for data, block in zip(message.state, spec.state, strict=True)
        ),
        _array(message.metrics, np.float64, (len(spec.metrics),), f"{where}, metrics"),
        _tables(message, spec, where),
        message.saturated,
        Diagnostics(diagnostics.build_wall_ns, diagnostics.tick_wall_ns, diagnostics.tick_cpu_ns),
    )


def _tables(message: pb.Observation, spec: Spec, where: str) -> dict[str, dict[str, Float64 | Int64]]:
    if not message.tables:
        return {}
    if len(message.tables) != len(spec.tables):
        raise SpecViolation(f"{where}: {len(message.tables)} tables came, expected {len(spec.tables)}")
    tables: dict[str, dict[str, Float64 | Int64]] = {}
    for rows, table in zip(message.tables, spec.tables, strict=True):
        if len(rows.columns) != len(table.columns):
            raise SpecViolation(
                f"{where}, table {table.name!r}: {len(rows.columns)} columns came, expected {len(table.columns)}"
            )
        tables[table.name] = {
            column.name: _array(
                data,
                np.int64 if column.type == "int64" else np.float64,
                (rows.rows,),
                f"{where}, table {table.name!r}, column {column.name!r}",
            )
            for data, column in zip(rows.columns, table.columns, strict=True)
        }
    return tables


# ------------------------------------------------------------------------------------------------- learner to simulator


def encode_describe(arguments: Sequence[str]) -> bytes:
    """Asks for the spec under these scenario arguments."""
    message = pb.ToSimulator(describe=pb.Describe(arguments=arguments, protocol_major=PROTOCOL_MAJOR))
    return message.SerializeToString()


def encode_begin(arguments: Sequence[str], seed: int, run: int) -> bytes:
    """Begins an episode with ns-3's RngSeed ``seed`` (> 0) and RngRun ``run``."""
    begin = pb.Begin(arguments=arguments, seed=seed, run=run, protocol_major=PROTOCOL_MAJOR)
    return pb.ToSimulator(begin=begin).SerializeToString()


def encode_end(reason: str) -> bytes:
    """Tells a simulator that no more actions will come."""
    return pb.ToSimulator(end=pb.End(reason=reason)).SerializeToString()


def encode_action(tick: int, actions: Sequence[Actions], row: int) -> bytes:
    """Encodes row ``row`` (an environment) of checked actions, one ``Actions`` per group."""
    message = pb.ToSimulator()
    message.action.tick = tick
    for group in actions:
        message.action.groups.add(
            discrete=group.discrete[row].tobytes(), continuous=group.continuous[row].tobytes()
        )
    return message.SerializeToString()


def check_actions(spec: Spec, actions: Sequence[Actions], batch: Batch) -> tuple[Actions, ...]:
    """Checks joint actions against the spec and the batch they answer, for all B environments at once.

    Actions of agents that are not asked to act are replaced by the spec's defaults.

    Raises:
        SpecViolation: wrong shape, a choice that does not exist or is masked, a value that is not finite or is outside
            its bounds by more than ``CLIP_TOLERANCE`` of the range; it names agent and head.
    """
    if len(actions) != len(spec.groups):
        raise SpecViolation(f"{len(actions)} groups of actions came, the spec has {len(spec.groups)}: one Actions each")
    return tuple(
        _check_group(group, action, observed.decides, observed.masks)
        for group, action, observed in zip(spec.groups, actions, batch.groups, strict=True)
    )


def _check_group(group: Group, action: Actions, decides: Bool, masks: Bool) -> Actions:
    envs, agents = decides.shape
    discrete = _shaped(action.discrete, np.int32, (envs, agents, len(group.discrete_heads)), group, "discrete")
    continuous = _shaped(action.continuous, np.float32, (envs, agents, len(group.continuous_heads)), group, "continuous")
    if not decides.all():
        asked = decides[..., None]
        discrete = np.where(asked, discrete, group.default_discrete)
        continuous = np.where(asked, continuous, group.default_continuous)

    low, high, slack = group.continuous_bounds
    clipped = np.minimum(np.maximum(continuous, low), high)
    if not (np.abs(clipped - continuous) <= slack).all():  # NaN is not <= anything
        env, agent, head = np.argwhere(~(np.abs(clipped - continuous) <= slack))[0]
        bounds = group.continuous_heads[head]
        raise SpecViolation(
            f"action of agent {group.agents[agent]!r} in row {env}, head {bounds.name!r} [{bounds.unit}]: "
            f"{continuous[env, agent, head]} is outside [{bounds.low}, {bounds.high}]; clip or rescale it before step()"
        )
    if (discrete.view(np.uint32) >= group.choice_limits).any():
        env, agent, head = np.argwhere(discrete.view(np.uint32) >= group.choice_limits)[0]
        raise SpecViolation(
            f"action of agent {group.agents[agent]!r} in row {env}, head {group.discrete_heads[head].name!r}: "
            f"{discrete[env, agent, head]} is not one of the choices 0 to {group.choice_counts[head] - 1}"
        )
    if not masks.all():
        _check_masks(group, discrete, decides, masks)
    return Actions(np.ascontiguousarray(discrete), np.ascontiguousarray(clipped))


def _check_masks(group: Group, discrete: Int32, decides: Bool, masks: Bool) -> None:
    for index, head in enumerate(group.discrete_heads):
        choice = discrete[..., index]
        allowed = np.take_along_axis(masks, (choice + group.mask_offsets[index])[..., None], axis=-1)[..., 0]
        refused = ~allowed & decides
        if head.counts_when is not None:
            refused &= np.isin(discrete[..., head.counts_when.head], head.counts_when.choices)
        if refused.any():
            env, agent = np.argwhere(refused)[0]
            raise SpecViolation(
                f"action of agent {group.agents[agent]!r} in row {env}, head {head.name!r}: choice {choice[env, agent]} "
                f"({head.choices[choice[env, agent]]!r}) is masked at this tick; choose where the mask is 1"
            )


def _shaped(array: Any, dtype: type[np.generic], shape: tuple[int, ...], group: Group, kind: str) -> Any:
    array = np.asarray(array)
    if array.shape != shape or array.dtype.kind not in ("iu" if dtype is np.int32 else "f"):
        raise SpecViolation(
            f"{kind} actions of group {group.name!r} came as {array.dtype} {list(array.shape)}, "
            f"expected {np.dtype(dtype).name} {list(shape)} (environments, agents, {kind} heads)"
        )
    return array.astype(dtype, copy=False)


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
    kind = pb.Fault.Kind.Value(f"KIND_{fault.kind}")
    return pb.ToLearner(fault=pb.Fault(kind=kind, tick=fault.tick, message=fault.message)).SerializeToString()


def encode_ready(ready: Ready) -> bytes:
    """Encodes a Ready with its observation."""
    message = pb.Ready(spec_hash=ready.spec_hash, observation=_observation_message(ready.observation))
    return pb.ToLearner(ready=message).SerializeToString()


def encode_observation(observation: Observation) -> bytes:
    """Encodes an Observation; nothing is checked, so that tests can send what is wrong."""
    return pb.ToLearner(observation=_observation_message(observation)).SerializeToString()


def _observation_message(observation: Observation) -> pb.Observation:
    message = pb.Observation(
        tick=observation.tick,
        sim_time_ns=observation.sim_time_ns,
        terminated=observation.terminated,
        truncated=observation.truncated,
        state=[block.tobytes() for block in observation.state],
        metrics=observation.metrics.tobytes(),
        saturated=observation.saturated,
        diagnostics=pb.Diagnostics(
            build_wall_ns=observation.diagnostics.build_wall_ns,
            tick_wall_ns=observation.diagnostics.tick_wall_ns,
            tick_cpu_ns=observation.diagnostics.tick_cpu_ns,
        ),
    )
    for group in observation.groups:
        message.groups.add(
            observations=group.observations.tobytes(),
            rewards=group.rewards.tobytes(),
            decides=group.decides.tobytes(),
            masks=group.masks.tobytes(),
        )
    for columns in observation.tables.values():
        message.tables.add(
            rows=len(next(iter(columns.values()))), columns=[column.tobytes() for column in columns.values()]
        )
    return message


def without_diagnostics(frame: bytes) -> bytes:
    """The frame as transcripts keep it: without wall-clock and process figures, which differ from run to run."""
    message = pb.ToLearner.FromString(frame)
    body = message.WhichOneof("body")
    if body == "observation":
        message.observation.ClearField("diagnostics")
    elif body == "ready":
        message.ready.observation.ClearField("diagnostics")
    elif body == "hello":
        message.hello.ClearField("pid")
    return message.SerializeToString()
