# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The wire of ns3-gym: bytes to spaces, observations and states, actions to bytes. Pure functions.

The messages are those of ``proto/ns3gym/messages.proto``. They live in a descriptor pool of their own, so that ns3-gym's own
package, whose messages have the same names, can be imported beside this one.
"""

from __future__ import annotations

from collections.abc import Callable
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


Complain = Callable[[str, str, str], None]
"""Is told what breaks a declared space although a message can carry it: where, of which kind, and a sentence. It may raise."""

Data = Any
"""What a container holds: an int, an array [n] of the type it was sent with, a tuple, a dict, or None where nothing was sent."""


def refuse(_where: str, _kind: str, text: str) -> None:
    """Raises SpecViolation, for those who bear nothing."""
    raise SpecViolation(f"{text}; lenient=True goes on, as ns3-gym's own client does")


@dataclass(slots=True)
class State:
    """What a simulation tells at a step."""

    observation: (
        Any  #: an element of the observation space up to its bounds, or as it came where it fits none
    )
    came: Data  #: the observation as it came
    reward: float
    over: bool  #: no action follows
    game_over: bool  #: over because the task ended, not because the simulated time did
    info: str


# ---------------------------------------------------------------------------------------------------------- to learner


def decode_init(frame: bytes) -> tuple[spaces.Space[Any] | None, spaces.Space[Any] | None]:
    """The observation and action spaces that a simulation's first message declares; None where it declares none.

    Raises:
        OutOfStep: the bytes are no such message.
        SpecViolation: a space is of no known type, or has no elements.
    """
    message = _parse("SimInitMsg", frame)
    declared = [(message.obsSpace, "the observation space"), (message.actSpace, "the action space")]
    observed, acted = (_space(space, where) if space.type else None for space, where in declared)
    return observed, acted


def decode_state(frame: bytes, space: spaces.Space[Any] | None, complain: Complain = refuse) -> State:
    """A state, whose observation is held against ``space``; None holds it against nothing.

    Raises:
        OutOfStep: the bytes are no such message.
        SpecViolation: the observation is of no known type; ``complain`` may raise it for one of another make than the space, and for
            numbers that are not finite.
    """
    message = _parse("EnvStateMsg", frame)
    if not np.isfinite(message.reward):
        complain("the reward", "finite", f"the reward is {message.reward}, expected a finite number")
    over = message.isGameOver
    came = _data(message.obsData, "the observation")
    observation = _fit(came, space, "the observation", complain)
    return State(observation, came, message.reward, over, over and message.reason == 1, message.info)


def _fit(data: Data, space: spaces.Space[Any] | None, where: str, complain: Complain) -> Any:
    """``data`` in the shape and type of ``space``, up to its bounds; what does not fit it stays as it came, after a complaint."""
    if space is None:
        return data
    if isinstance(space, spaces.Box) and isinstance(data, np.ndarray):
        return _fit_box(data, space, where, complain)
    if isinstance(space, spaces.Discrete) and isinstance(data, int):
        return np.int64(data)
    if isinstance(space, spaces.Tuple) and isinstance(data, tuple):
        if len(data) == len(space.spaces):
            parts = zip(data, space.spaces, strict=True)
            return tuple(_fit(part, sub, f"{where}[{i}]", complain) for i, (part, sub) in enumerate(parts))
        complain(where, "length", f"{where} came with {len(data)} elements, expected {len(space.spaces)}")
    elif isinstance(space, spaces.Dict) and isinstance(data, dict):
        if data.keys() == space.spaces.keys():
            return {
                key: _fit(data[key], sub, f"{where}[{key!r}]", complain) for key, sub in space.spaces.items()
            }
        complain(where, "keys", f"{where} came with the keys {sorted(data)}, expected {sorted(space.spaces)}")
    else:
        complain(where, "kind", f"{where} came as {_kind(data)}, expected {type(space).__name__}")
    return data


def _fit_box(values: np.ndarray[Any, Any], space: spaces.Box, where: str, complain: Complain) -> Any:
    finite = np.isfinite(values)
    if not finite.all():
        complain(
            where,
            "finite",
            f"{where} has a value that is not finite, at index {np.flatnonzero(~finite)[0]}",
        )
    expected = int(np.prod(space.shape))
    if values.size != expected:
        complain(
            where,
            "length",
            f"{where} came with {values.size} values, expected {expected}, as the space {space} has",
        )
        return values
    with np.errstate(invalid="ignore"):  # of numbers that the type cannot hold, which come next
        fitted = values.astype(space.dtype)
    if fitted.dtype != values.dtype and fitted.dtype.kind in "iu" and not np.array_equal(fitted, values):
        complain(where, "type", f"{where} came as {values.dtype} with values that {space.dtype} cannot hold")
        return values
    return fitted.reshape(space.shape)


def _kind(data: Data) -> str:
    kinds = {int: "Discrete", np.ndarray: "Box", tuple: "Tuple", dict: "Dict"}
    return kinds.get(type(data), "nothing")


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
        if not box.low <= box.high:
            raise SpecViolation(f"{where} is a Box from {box.low} to {box.high}, expected low <= high")
        if np.issubdtype(dtype, np.integer):
            low, high = _whole_bounds(box.low, box.high, dtype)
        else:
            low, high = box.low, box.high
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


def _whole_bounds(low: float, high: float, dtype: Any) -> tuple[float, float]:
    """Bounds within those of an integer type."""
    limits = np.iinfo(dtype)
    return tuple(min(max(bound, limits.min), limits.max) for bound in (low, high))  # type: ignore[return-value]


def _data(container: Any, where: str) -> Data:
    packed = container.data
    if container.type == 0:
        return None
    if container.type == _DISCRETE:
        return int(_unpack(packed, "DiscreteDataContainer", "DiscreteDataContainer", where).data)
    if container.type == _BOX:
        box = _unpack(packed, "BoxDataContainer", "BoxDataContainer", where)
        if box.dtype == _INT:
            return np.array(box.intData, np.int32)
        if box.dtype == _UINT:
            return np.array(box.uintData, np.uint32)
        dtype, text = (np.float64, box.doubleData) if box.dtype == _DOUBLE else (np.float32, box.floatData)
        if len(text) % np.dtype(dtype).itemsize:
            raise OutOfStep(f"{where} has {len(text)} bytes of {dtype.__name__}, which end within a number")
        return np.frombuffer(text, dtype)
    if container.type == _TUPLE:
        elements = _unpack(packed, "TupleDataContainer", "ElementDataContainer", where).element
        return tuple(_data(element, f"{where}[{i}]") for i, element in enumerate(elements))
    if container.type == _DICT:
        elements = _unpack(packed, "DictDataContainer", "ElementDataContainer", where).element
        return {element.name: _data(element, f"{where}[{element.name!r}]") for element in elements}
    raise SpecViolation(
        f"{where} is of type {container.type}, expected Discrete, Box, Tuple or Dict (1 to 4)"
    )


# ---------------------------------------------------------------------------------------- spaces that the wire cuts short


def open_bounds(space: spaces.Space[Any] | None, where: str, tell: Complain) -> spaces.Space[Any] | None:
    """``space`` without the bounds that the wire lost.

    A simulation that declares a vector of bounds, one for each value, sends low = high = 0: the wire has room for one number. Such a Box
    becomes one without bounds, or with those of its integer type, and ``tell`` is told.
    """
    if isinstance(space, spaces.Box) and space.low.size and not (space.low.any() or space.high.any()):
        tell(
            where,
            "bounds",
            f"{where} came as a Box from 0 to 0, as ns3-gym sends it when each value has bounds of its own; bounds are unknown now",
        )
        if space.dtype.kind in "iu":
            limits = np.iinfo(space.dtype)
            return spaces.Box(limits.min, limits.max, space.shape, space.dtype.type)
        return spaces.Box(-np.inf, np.inf, space.shape, space.dtype.type)
    if isinstance(space, spaces.Tuple):
        parts = (open_bounds(sub, f"{where}[{i}]", tell) for i, sub in enumerate(space.spaces))
        return spaces.Tuple([part for part in parts if part is not None])
    if isinstance(space, spaces.Dict):
        opened = {key: open_bounds(sub, f"{where}[{key!r}]", tell) for key, sub in space.spaces.items()}
        return spaces.Dict({key: sub for key, sub in opened.items() if sub is not None})
    return space


def alike(one: spaces.Space[Any], other: spaces.Space[Any]) -> bool:
    """Whether two spaces differ in bounds alone."""
    if isinstance(one, spaces.Box) and isinstance(other, spaces.Box):
        return one.shape == other.shape and one.dtype == other.dtype
    if isinstance(one, spaces.Tuple) and isinstance(other, spaces.Tuple):
        return len(one.spaces) == len(other.spaces) and all(map(alike, one.spaces, other.spaces))
    if isinstance(one, spaces.Dict) and isinstance(other, spaces.Dict):
        return one.spaces.keys() == other.spaces.keys() and all(
            alike(sub, other.spaces[key]) for key, sub in one.spaces.items()
        )
    return one == other


# -------------------------------------------------------------------------------------------------------- to simulator


def encode_ack(*, stop: bool = False) -> bytes:
    """The answer to a simulation's first message: go on, or end."""
    encoded: bytes = _CLASSES["SimInitAck"](done=True, stopSimReq=stop).SerializeToString()
    return encoded


def encode_stop() -> bytes:
    """The answer to a state that ends the simulation."""
    encoded: bytes = _CLASSES["EnvActMsg"](stopSimReq=True).SerializeToString()
    return encoded


def encode_action(action: Any, space: spaces.Space[Any] | None, complain: Complain = refuse) -> bytes:
    """The answer to a state that lets the simulation go on.

    Whole numbers travel as INT or UINT as the space has them, all others as FLOAT, whatever their precision: that is what
    simulations expect. After a complaint the action is sent as it is; without a space nothing is sent in its place.

    Raises:
        SpecViolation: the action cannot be sent; ``complain`` may raise it for what is no element of the space. Says what is wrong, and where.
    """
    message = _CLASSES["EnvActMsg"]()
    if space is not None:
        _fill(message.actData, action, space, "the action", complain)
    encoded: bytes = message.SerializeToString()
    return encoded


def _pack(container: Any, kind: int, name: str, message: Any) -> None:
    container.type = kind
    container.data.type_url = _URL + name
    container.data.value = message.SerializeToString()


def _fill(container: Any, action: Any, space: spaces.Space[Any], where: str, complain: Complain) -> None:
    if isinstance(space, spaces.Discrete):
        choice = _choice(action, space, where, complain)
        _pack(container, _DISCRETE, "DiscreteDataContainer", _CLASSES["DiscreteDataContainer"](data=choice))
    elif isinstance(space, spaces.Box):
        _pack(container, _BOX, "BoxDataContainer", _box(action, space, where, complain))
    elif isinstance(space, spaces.Tuple):
        expected = f"{where} is {action!r}, expected a tuple of {len(space.spaces)}"
        if not isinstance(action, (tuple, list)):
            raise SpecViolation(expected)
        if len(action) != len(space.spaces):
            complain(where, "length", expected)
        message = _CLASSES["ElementDataContainer"]()
        for i, (part, sub) in enumerate(zip(action, space.spaces, strict=False)):
            _fill(message.element.add(), part, sub, f"{where}[{i}]", complain)
        _pack(container, _TUPLE, "TupleDataContainer", message)
    else:
        assert isinstance(space, spaces.Dict)
        expected = f"{where} is {action!r}, expected a dict with the keys {sorted(space.spaces)}"
        if not isinstance(action, dict) or not action.keys() <= space.spaces.keys():
            raise SpecViolation(expected)
        if action.keys() != space.spaces.keys():
            complain(where, "keys", expected)
        message = _CLASSES["ElementDataContainer"]()
        for name, sub in space.spaces.items():
            if name in action:
                _fill(message.element.add(name=name), action[name], sub, f"{where}[{name!r}]", complain)
        _pack(container, _DICT, "DictDataContainer", message)


def _choice(action: Any, space: spaces.Discrete, where: str, complain: Complain) -> int:
    value = np.asarray(action)
    expected = f"{where} is {action!r}, expected a whole number from 0 to {space.n - 1}"
    if value.size != 1 or not np.issubdtype(value.dtype, np.integer):
        raise SpecViolation(expected)
    choice = int(value.flat[0])
    if abs(choice) > np.iinfo(np.int32).max:
        raise SpecViolation(expected)
    if not 0 <= choice < space.n:
        complain(where, "bounds", expected)
    return choice


def _box(action: Any, space: spaces.Box, where: str, complain: Complain) -> Any:
    values = np.asarray(action)
    expected = f"{where} has the shape {values.shape} and type {values.dtype}, expected {space}"
    if values.dtype.kind not in "iufb":
        raise SpecViolation(expected)
    if values.size == space.low.size:
        values = values.reshape(space.shape)
        low, high = space.low, space.high
    else:
        complain(where, "length", expected)
        low, high = space.low.min(initial=0), space.high.max(initial=0)
    kind = space.dtype.kind
    if kind in "iu":
        limits: Any = np.iinfo(_DTYPES[_INT if kind == "i" else _UINT])  # of the wire
        sent = (values >= limits.min) & (values <= limits.max)
        if values.dtype.kind == "f":
            sent &= values == np.floor(values)
        _check_each(sent, values, low, high, "a whole number", where, _reject)
    inside = (values >= low) & (values <= high)  # NaN is on neither side of a bound
    _check_each(inside, values, low, high, "a whole number" if kind in "iu" else "a number", where, complain)
    message = _CLASSES["BoxDataContainer"](shape=[values.size])
    if kind == "i":
        message.dtype = _INT
        message.intData.extend(values.astype(np.int64).ravel().tolist())
    elif kind == "u":
        message.dtype = _UINT
        message.uintData.extend(values.astype(np.int64).ravel().tolist())
    else:
        with np.errstate(over="ignore"):  # beyond the bounds, which was said
            message.dtype, message.floatData = _FLOAT, values.astype(np.float32).tobytes()
    return message


def _reject(_where: str, _kind: str, text: str) -> None:
    raise SpecViolation(text)


def _check_each(
    right: Any, values: Any, low: Any, high: Any, number: str, where: str, complain: Complain
) -> None:
    if right.all():
        return
    at = tuple(int(i) for i in np.argwhere(~right)[0])
    low, high = (np.broadcast_to(bound, values.shape)[at] for bound in (low, high))
    complain(where, "bounds", f"{where} has {values[at]} at {list(at)}, expected {number} in [{low}, {high}]")
