# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Both ends of ns3-gym's wire, written from its description and knowing nothing of the package.

As a program it is a simulation: it connects, and misbehaves as ``--behaviour`` says. ``Client`` is the other end.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from typing import Any

import zmq
from google.protobuf import any_pb2, descriptor_pb2, descriptor_pool, message_factory

_FIELDS = """
SpaceDescription type=1:int32 space=2:Any name=3:string
DiscreteSpace n=1:int32
BoxSpace low=1:float high=2:float dtype=3:int32 shape=4:uint32[]
TupleSpace element=1:SpaceDescription[]
DictSpace element=1:SpaceDescription[]
DataContainer type=1:int32 data=2:Any name=3:string
DiscreteDataContainer data=1:int32
BoxDataContainer dtype=1:int32 shape=2:uint32[] intData=3:int32[] uintData=4:uint32[] floatData=5:float[] doubleData=6:double[]
TupleDataContainer element=1:DataContainer[]
DictDataContainer element=1:DataContainer[]
SimInitMsg simProcessId=1:uint64 wafShellProcessId=2:uint64 obsSpace=3:SpaceDescription actSpace=4:SpaceDescription
SimInitAck done=1:bool stopSimReq=2:bool
EnvStateMsg obsData=1:DataContainer reward=2:float isGameOver=3:bool reason=4:int32 info=5:string
EnvActMsg actData=1:DataContainer stopSimReq=2:bool
"""
DISCRETE, BOX, TUPLE, DICT = 1, 2, 3, 4
KINDS = {DISCRETE: "Discrete", BOX: "Box", TUPLE: "Tuple", DICT: "Dict"}
INT, UINT, FLOAT, DOUBLE = 1, 2, 3, 4
ARRAYS = {INT: "intData", UINT: "uintData", FLOAT: "floatData", DOUBLE: "doubleData"}
URL = "type.googleapis.com/ns3opengym."


def _messages() -> dict[str, Any]:
    file = descriptor_pb2.FileDescriptorProto(name="messages.proto", package="ns3opengym", syntax="proto3")
    file.dependency.append("google/protobuf/any.proto")
    names = []
    for line in _FIELDS.strip().splitlines():
        name, *fields = line.split()
        names.append(name)
        message = file.message_type.add(name=name)
        for text in fields:
            field_name, rest = text.split("=")
            number, kind = rest.split(":")
            field = message.field.add(
                name=field_name, number=int(number), label=3 if kind.endswith("[]") else 1
            )
            kind = kind.removesuffix("[]")
            if kind[0].isupper():
                field.type = field.TYPE_MESSAGE
                field.type_name = ".google.protobuf.Any" if kind == "Any" else f".ns3opengym.{kind}"
            else:
                field.type = getattr(field, f"TYPE_{kind.upper()}")
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(any_pb2.DESCRIPTOR.serialized_pb)
    pool.AddSerializedFile(file.SerializeToString())
    return {n: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"ns3opengym.{n}")) for n in names}


M = _messages()

# ------------------------------------------------------------------------------------ what is written "box:FLOAT:0:1:3"
# A space is a tuple: ("discrete", n), ("box", dtype, low, high, shape), ("tuple", [spaces]) or ("dict", {key: space}).


def describe(space: Any, name: str = "") -> Any:
    kind = {"discrete": DISCRETE, "box": BOX, "tuple": TUPLE, "dict": DICT}[space[0]]
    message = M[f"{KINDS[kind]}Space"]()
    if kind == DISCRETE:
        message.n = space[1]
    elif kind == BOX:
        message.dtype, message.low, message.high = space[1:4]
        message.shape.extend(space[4])
    elif kind == TUPLE:
        message.element.extend([describe(part) for part in space[1]])
    else:
        message.element.extend([describe(part, key) for key, part in space[1].items()])
    description = M["SpaceDescription"](type=kind, name=name)
    description.space.type_url = f"{URL}{KINDS[kind]}Space"
    description.space.value = message.SerializeToString()
    return description


def understand(description: Any) -> Any:
    """The reverse of ``describe``."""
    kind = KINDS[description.type]
    assert description.space.type_url == f"{URL}{kind}Space"
    message = M[f"{kind}Space"].FromString(description.space.value)
    if kind == "Discrete":
        return ("discrete", message.n)
    if kind == "Box":
        return ("box", message.dtype, message.low, message.high, list(message.shape))
    if kind == "Tuple":
        return ("tuple", [understand(part) for part in message.element])
    return ("dict", {part.name: understand(part) for part in message.element})


def wrap(data: Any, space: Any, name: str = "") -> Any:
    kind = {"discrete": DISCRETE, "box": BOX, "tuple": TUPLE, "dict": DICT}[space[0]]
    message = M[f"{KINDS[kind]}DataContainer"]()
    if kind == DISCRETE:
        message.data = data
    elif kind == BOX:
        message.dtype = space[1]
        message.shape.append(len(data))
        getattr(message, ARRAYS[space[1]]).extend(data)
    elif kind == TUPLE:
        message.element.extend([wrap(part, sub) for part, sub in zip(data, space[1], strict=True)])
    else:
        message.element.extend([wrap(data[key], sub, key) for key, sub in space[1].items()])
    container = M["DataContainer"](type=kind, name=name)
    container.data.type_url = f"{URL}{KINDS[kind]}DataContainer"
    container.data.value = message.SerializeToString()
    return container


def unwrap(container: Any) -> Any:
    kind = KINDS[container.type]
    assert container.data.type_url == f"{URL}{kind}DataContainer"
    message = M[f"{kind}DataContainer"].FromString(container.data.value)
    if kind == "Discrete":
        return message.data
    if kind == "Box":
        values = list(getattr(message, ARRAYS[message.dtype]))
        assert list(message.shape) == [len(values)]
        return values
    if kind == "Tuple":
        return tuple(unwrap(part) for part in message.element)
    return {part.name: unwrap(part) for part in message.element}


class Client:
    """ns3-gym's Python side: binds, waits, answers."""

    def __init__(self) -> None:
        self.socket: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.REP)
        self.socket.setsockopt(zmq.RCVTIMEO, 60_000)
        self.port: int = self.socket.bind_to_random_port("tcp://127.0.0.1")

    def start(self, *, stop: bool = False) -> tuple[Any, Any]:
        """Answers the first message. Returns the observation and action spaces."""
        init = M["SimInitMsg"].FromString(self.socket.recv())
        assert init.simProcessId > 0
        self.socket.send(M["SimInitAck"](done=True, stopSimReq=stop).SerializeToString())
        return understand(init.obsSpace), understand(init.actSpace)

    def state(self) -> Any:
        return M["EnvStateMsg"].FromString(self.socket.recv())

    def act(self, data: Any, space: Any) -> None:
        self.socket.send(M["EnvActMsg"](actData=wrap(data, space)).SerializeToString())

    def stop(self) -> None:
        self.socket.send(M["EnvActMsg"](stopSimReq=True).SerializeToString())

    def close(self) -> None:
        self.socket.close(linger=1000)


# -------------------------------------------------------------------------------------------------------- a simulation

STEPS = 5
OBSERVED = ("box", FLOAT, -1e10, 1e10, [2, 2])  # steps so far, the seed, sum of the last action, pid
SPACES: dict[str, tuple[Any, Any]] = {
    "box": (OBSERVED, ("box", FLOAT, -1.0, 1.0, [3])),
    "double": (("box", DOUBLE, -1e10, 1e10, [4]), ("box", DOUBLE, -1.0, 1.0, [3])),
    "int": (("box", INT, -5.0, 1e12, [4]), ("box", INT, -5.0, 5.0, [3])),
    "uint": (("box", UINT, -5.0, 1e12, [4]), ("box", UINT, 0.0, 5.0, [3])),
    "discrete": (OBSERVED, ("discrete", 4)),
    "tuple": (
        ("tuple", [OBSERVED, ("discrete", 9)]),
        ("tuple", [("discrete", 4), ("box", UINT, 0.0, 3.0, [2])]),
    ),
    "dict": (
        ("dict", {"all": OBSERVED, "steps": ("discrete", 9)}),
        ("dict", {"power": ("box", FLOAT, 0.0, 20.0, [2]), "channel": ("discrete", 4)}),
    ),
}


def _total(action: Any) -> float:
    if isinstance(action, dict):
        action = list(action.values())
    if isinstance(action, (list, tuple)):
        return sum(_total(part) for part in action)
    return float(action)


def _misbehave(behaviour: str, socket: Any) -> None:
    if behaviour == "crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    elif behaviour == "exit":
        sys.exit(0)
    elif behaviour == "hang":
        time.sleep(60)
    elif behaviour == "garbage":
        socket.send(b"\xff\xff")
        socket.recv()


def simulate(words: list[str]) -> None:
    options = dict(word.removeprefix("--").split("=") for word in words)
    behaviour = options.get("behaviour", "none")
    if behaviour == "exit-at-once":
        print("there is no such module", file=sys.stderr)
        sys.exit(3)
    if behaviour == "never-connect":
        time.sleep(60)
    socket = zmq.Context().socket(zmq.REQ)
    socket.connect(f"tcp://localhost:{options['openGymPort']}")
    spaces = SPACES[options.get("spaces", "box")]

    def ask(message: Any) -> bytes:
        socket.send(message.SerializeToString())
        return bytes(socket.recv())

    init = M["SimInitMsg"](
        simProcessId=os.getpid(), obsSpace=describe(spaces[0]), actSpace=describe(spaces[1])
    )
    if M["SimInitAck"].FromString(ask(init)).stopSimReq:
        sys.exit(0)
    sum_of_action = 0.0
    for step in range(STEPS + 1):
        if step == 2:
            _misbehave(behaviour, socket)
        numbers: list[Any] = [
            step,
            int(options["simSeed"]),
            sum_of_action,
            0 if "pid" in options else os.getpid(),
        ]
        if spaces[0][0] == "box" and spaces[0][1] in {INT, UINT}:
            numbers = [int(number) for number in numbers]
        if step == 2 and behaviour == "nan":
            numbers[2] = float("nan")
        if step == 2 and behaviour == "size":
            numbers.append(0)
        observation: Any = numbers
        if spaces[0][0] == "tuple":
            observation = (numbers, step)
        elif spaces[0][0] == "dict":
            observation = {"all": numbers, "steps": step}
        over = step == STEPS or (behaviour == "game-over" and step == 3)
        state = M["EnvStateMsg"](
            obsData=wrap(observation, spaces[0]), reward=0.5 * step, isGameOver=over, info=f"step {step}"
        )
        if over and step < STEPS:
            state.reason = 1
        reply = M["EnvActMsg"].FromString(ask(state))
        if over or reply.stopSimReq:
            if behaviour == "linger":
                signal.signal(signal.SIGTERM, signal.SIG_IGN)
                time.sleep(60)
            sys.exit(0)
        sum_of_action = _total(unwrap(reply.actData))


if __name__ == "__main__":
    simulate(sys.argv[1:])
