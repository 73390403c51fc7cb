# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The wire of ns3-gym: bytes to spaces, observations and states, actions to bytes. Pure functions.

The messages are those of ``proto/ns3gym/messages.proto``. They live in a descriptor pool of their own, so that ns3-gym's own
package, whose messages have the same names, can be imported beside this one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from google.protobuf import any_pb2, descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError
from gymnasium import spaces

from ns3marl.errors import OutOfStep, SpecViolation

_PACKAGE = "ns3opengym"
_URL = f"type.googleapis.com/{_PACKAGE}."
_DISCRETE, _BOX, _TUPLE, _DICT = 1, 2, 3, 4
_INT, _UINT, _FLOAT, _DOUBLE = 1, 2, 3, 4
_DTYPES: dict[int, type[np.generic]] = {
    _INT: np.int32,
    _UINT: np.uint32,
    _FLOAT: np.float32,
    _DOUBLE: np.float64,
}

#: Per message its fields: number, name, type; "*" marks a repeated one. Packed floats are read as bytes: the same wire.
_MESSAGES = {
    "SpaceDescription": "1 type int32, 2 space Any, 3 name string",
    "DiscreteSpace": "1 n int32",
    "BoxSpace": "1 low float, 2 high float, 3 dtype int32, 4 shape uint32*",
    "ElementSpace": "1 element SpaceDescription*",
    "DataContainer": "1 type int32, 2 data Any, 3 name string",
    "DiscreteDataContainer": "1 data int32",
    "BoxDataContainer": "1 dtype int32, 2 shape uint32*, 3 intData int32*, 4 uintData uint32*, 5 floatData bytes, 6 doubleData bytes",
    "ElementDataContainer": "1 element DataContainer*",
    "SimInitMsg": "1 simProcessId uint64, 2 wafShellProcessId uint64, 3 obsSpace SpaceDescription, 4 actSpace SpaceDescription",
    "SimInitAck": "1 done bool, 2 stopSimReq bool",
    "EnvStateMsg": "1 obsData DataContainer, 2 reward float, 3 isGameOver bool, 4 reason int32, 5 info string",
    "EnvActMsg": "1 actData DataContainer, 2 stopSimReq bool",
}


def _message_classes() -> dict[str, Any]:
    file = descriptor_pb2.FileDescriptorProto(
        name="ns3gym/messages.proto",
        package=_PACKAGE,
        syntax="proto3",
        dependency=["google/protobuf/any.proto"],
    )
    types = descriptor_pb2.FieldDescriptorProto
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for text in fields.split(", "):
            number, field_name, kind = text.split()
            field = message.field.add(name=field_name, number=int(number))
            field.label = types.LABEL_REPEATED if kind.endswith("*") else types.LABEL_OPTIONAL
            kind = kind.rstrip("*")
            if kind == "Any":
                field.type, field.type_name = types.TYPE_MESSAGE, ".google.protobuf.Any"
            elif kind in _MESSAGES:
                field.type, field.type_name = types.TYPE_MESSAGE, f".{_PACKAGE}.{kind}"
            else:
                field.type = getattr(types, f"TYPE_{kind.upper()}")
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(any_pb2.DESCRIPTOR.serialized_pb)
    pool.AddSerializedFile(file.SerializeToString())
    descriptors = {name: pool.FindMessageTypeByName(f"{_PACKAGE}.{name}") for name in _MESSAGES}
    if hasattr(message_factory, "GetMessageClass"):
        return {name: message_factory.GetMessageClass(d) for name, d in descriptors.items()}
    factory: Any = message_factory.MessageFactory(pool)  # protobuf before 4.22
    return {name: factory.GetPrototype(d) for name, d in descriptors.items()}


_CLASSES = _message_classes()


@dataclass(slots=True)
class State:
    """What a simulation tells at a step."""

    observation: Any  #: an element of the observation space
    reward: float
    over: bool  #: no action follows
    game_over: bool  #: over because the task ended, not because the simulated time did
    info: str


# ---------------------------------------------------------------------------------------------------------- to learner


def decode_init(frame: bytes) -> tuple[spaces.Space[Any], spaces.Space[Any]]:
    """The observation and action spaces that a simulation's first message declares.

    Raises:
        OutOfStep: the bytes are no such message.
        SpecViolation: a space is of no known type, or has no elements.
    """
    message = _parse("SimInitMsg", frame)
    return _space(message.obsSpace, "the observation space"), _space(message.actSpace, "the action space")


def decode_state(frame: bytes, space: spaces.Space[Any]) -> State:
    """A state whose observation is an element of ``space``, up to its bounds.

    Raises:
        OutOfStep: the bytes are no such message.
        SpecViolation: the observation is of another make than the space, or it or the reward is not finite.
    """
    message = _parse("EnvStateMsg", frame)
    if not np.isfinite(message.reward):
        raise SpecViolation(f"the reward is {message.reward}, expected a finite number")
    over = message.isGameOver
    observation = _data(message.obsData, space, "the observation")
    return State(observation, message.reward, over, over and message.reason == 1, message.info)


def _parse(name: str, data: bytes) -> Any:
    try:
        return _CLASSES[name].FromString(data)
    except DecodeError as error:
        raise OutOfStep(f"{len(data)} bytes came that are no {name} of ns3-gym's wire: {error}") from error


def _unpack(packed: Any, name: str, parsed_as: str, where: str) -> Any:
    if packed.type_url != _URL + name:
        raise SpecViolation(f"{where} is a {packed.type_url!r}, expected {_URL + name!r}")
    return _parse(parsed_as, packed.value)


def _space(description: Any, where: str) -> spaces.Space[Any]:
    packed = description.space
    if description.type == _DISCRETE:
        n = _unpack(packed, "DiscreteSpace", "DiscreteSpace", where).n
        if n < 1:
            raise SpecViolation(f"{where} is Discrete({n}), expected at least one choice")
        return spaces.Discrete(n)
    if description.type == _BOX:
        box = _unpack(packed, "BoxSpace", "BoxSpace", where)
        dtype: Any = _DTYPES.get(box.dtype, np.float32)
        low, high = box.low, box.high
        if np.issubdtype(dtype, np.integer):
            limits = np.iinfo(dtype)
            low, high = max(low, limits.min), min(high, limits.max)
        return spaces.Box(dtype(low), dtype(high), tuple(box.shape), dtype)
    if description.type == _TUPLE:
        elements = _unpack(packed, "TupleSpace", "ElementSpace", where).element
        return spaces.Tuple([_space(element, f"{where}[{i}]") for i, element in enumerate(elements)])
    if description.type == _DICT:
        elements = _unpack(packed, "DictSpace", "ElementSpace", where).element
        return spaces.Dict(
            {element.name: _space(element, f"{where}[{element.name!r}]") for element in elements}
        )
    raise SpecViolation(
        f"{where} is of type {description.type}, expected Discrete, Box, Tuple or Dict (1 to 4)"
    )


def _data(container: Any, space: spaces.Space[Any], where: str) -> Any:
    packed = container.data
    if isinstance(space, spaces.Discrete):
        return np.int64(_unpack(packed, "DiscreteDataContainer", "DiscreteDataContainer", where).data)
    if isinstance(space, spaces.Box):
        box = _unpack(packed, "BoxDataContainer", "BoxDataContainer", where)
        values: np.ndarray[Any, Any]
        if box.dtype == _INT:
            values = np.array(box.intData, np.int32)
        elif box.dtype == _UINT:
            values = np.array(box.uintData, np.uint32)
        else:
            text = box.doubleData if box.dtype == _DOUBLE else box.floatData
            values = np.frombuffer(text, np.float64 if box.dtype == _DOUBLE else np.float32)
            if not np.isfinite(values).all():
                raise SpecViolation(
                    f"{where} has a value that is not finite, at index {np.flatnonzero(~np.isfinite(values))[0]}"
                )
        expected = int(np.prod(space.shape))
        if values.size != expected:
            raise SpecViolation(
                f"{where} came with {values.size} values, expected {expected}, as the space {space} has"
            )
        return values.astype(space.dtype).reshape(space.shape)
    if isinstance(space, spaces.Tuple):
        elements = _unpack(packed, "TupleDataContainer", "ElementDataContainer", where).element
        if len(elements) != len(space.spaces):
            raise SpecViolation(f"{where} came with {len(elements)} elements, expected {len(space.spaces)}")
        return tuple(
            _data(e, s, f"{where}[{i}]") for i, (e, s) in enumerate(zip(elements, space.spaces, strict=True))
        )
    assert isinstance(space, spaces.Dict)
    elements = _unpack(packed, "DictDataContainer", "ElementDataContainer", where).element
    by_name = {element.name: element for element in elements}
    if by_name.keys() != space.spaces.keys():
        raise SpecViolation(f"{where} came with the keys {sorted(by_name)}, expected {sorted(space.spaces)}")
    return {name: _data(by_name[name], sub, f"{where}[{name!r}]") for name, sub in space.spaces.items()}


# -------------------------------------------------------------------------------------------------------- to simulator


def encode_ack() -> bytes:
    """The answer to a simulation's first message: go on."""
    encoded: bytes = _CLASSES["SimInitAck"](done=True).SerializeToString()
    return encoded


def encode_stop() -> bytes:
    """The answer to a state that ends the simulation."""
    encoded: bytes = _CLASSES["EnvActMsg"](stopSimReq=True).SerializeToString()
    return encoded


def encode_action(action: Any, space: spaces.Space[Any]) -> bytes:
    """The answer to a state that lets the simulation go on.

    Whole numbers travel as INT or UINT as the space has them, all others as FLOAT, whatever their precision: that is what
    simulations expect.

    Raises:
        SpecViolation: the action is no element of the space; says what is wrong with it, and where.
    """
    message = _CLASSES["EnvActMsg"]()
    _fill(message.actData, action, space, "the action")
    encoded: bytes = message.SerializeToString()
    return encoded


def _pack(container: Any, kind: int, name: str, message: Any) -> None:
    container.type = kind
    container.data.type_url = _URL + name
    container.data.value = message.SerializeToString()


def _fill(container: Any, action: Any, space: spaces.Space[Any], where: str) -> None:
    if isinstance(space, spaces.Discrete):
        value = np.asarray(action)
        if (
            value.size != 1
            or not np.issubdtype(value.dtype, np.integer)
            or not 0 <= int(value.flat[0]) < space.n
        ):
            raise SpecViolation(f"{where} is {action!r}, expected a whole number from 0 to {space.n - 1}")
        _pack(
            container,
            _DISCRETE,
            "DiscreteDataContainer",
            _CLASSES["DiscreteDataContainer"](data=int(value.flat[0])),
        )
    elif isinstance(space, spaces.Box):
        _pack(container, _BOX, "BoxDataContainer", _box(action, space, where))
    elif isinstance(space, spaces.Tuple):
        if not isinstance(action, (tuple, list)) or len(action) != len(space.spaces):
            raise SpecViolation(f"{where} is {action!r}, expected a tuple of {len(space.spaces)}")
        message = _CLASSES["ElementDataContainer"]()
        for i, (part, sub) in enumerate(zip(action, space.spaces, strict=True)):
            _fill(message.element.add(), part, sub, f"{where}[{i}]")
        _pack(container, _TUPLE, "TupleDataContainer", message)
    else:
        assert isinstance(space, spaces.Dict)
        if not isinstance(action, dict) or action.keys() != space.spaces.keys():
            raise SpecViolation(
                f"{where} is {action!r}, expected a dict with the keys {sorted(space.spaces)}"
            )
        message = _CLASSES["ElementDataContainer"]()
        for name, sub in space.spaces.items():
            element = message.element.add(name=name)
            _fill(element, action[name], sub, f"{where}[{name!r}]")
        _pack(container, _DICT, "DictDataContainer", message)


def _box(action: Any, space: spaces.Box, where: str) -> Any:
    values = np.asarray(action)
    if values.size != space.low.size or values.dtype.kind not in "iufb":
        raise SpecViolation(f"{where} has the shape {values.shape} and type {values.dtype}, expected {space}")
    if values.shape != space.shape:
        values = values.reshape(space.shape)
    kind = space.dtype.kind
    whole = kind in "iu"
    inside = (values >= space.low) & (values <= space.high)  # NaN is on neither side of a bound
    if whole and values.dtype.kind == "f":
        inside &= values == np.floor(values)
    if not inside.all():
        at = tuple(int(i) for i in np.argwhere(~inside)[0])
        number = "a whole number" if whole else "a number"
        raise SpecViolation(
            f"{where} has {values[at]} at {list(at)}, expected {number} in [{space.low[at]}, {space.high[at]}]"
        )
    message = _CLASSES["BoxDataContainer"](shape=[values.size])
    if not whole:
        message.dtype, message.floatData = _FLOAT, values.astype(np.float32).tobytes()
    elif kind == "i":
        message.dtype = _INT
        message.intData.extend(values.astype(np.int64).ravel().tolist())
    else:
        message.dtype = _UINT
        message.uintData.extend(values.ravel().astype(np.int64).tolist())
    return message
