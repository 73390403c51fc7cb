# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""What the seven examples of ns3-gym say on the wire, written from a description of their behaviour: no networks, the same messages.

As a program it is the simulation of the example that its first argument names: spaces, order and numbers of states, rewards, texts and
ends are theirs, what they measure is made up. An action of a type that an example's C++ would dereference wrongly ends it with SIGABRT.
"""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import zmq
from ns3gym_peer import BOX, DISCRETE, FLOAT, INT, UINT, M, describe, unwrap, wrap

#: A state: observation container, reward, whether it is over, and info. What is sent in is the action.
States = Iterator[tuple[Any, float, bool, str]]
NODES = 5
CHANNELS = 4


class Example(NamedTuple):
    observed: Any
    acted: Any
    states: Callable[
        [dict[str, str]], Any
    ]  #: a generator of states until the task is over or the simulated time is
    last: Callable[[], tuple[Any, float, str]]  #: what it says when the simulated time is over


def steps(options: dict[str, str], sim_time_s: float, step_s: float) -> int:
    return round(float(options.get("simTime", sim_time_s)) / step_s)


def uints(values: list[int], size: int | None = None) -> Any:
    """A container of whole numbers, cut to 32 bits as the wire has them; its shape may claim another size."""
    container = wrap([value & 0xFFFFFFFF for value in values], ("box", UINT, 0, 0, []))
    if size is not None:
        message = M["BoxDataContainer"].FromString(container.data.value)
        message.shape[:] = [size]
        container.data.value = message.SerializeToString()
    return container


def expect(right: bool) -> None:
    if not right:
        os.abort()


def is_uint_box(container: Any, least: int = 0) -> bool:
    if container.type != BOX:
        return False
    message = M["BoxDataContainer"].FromString(container.data.value)
    return message.dtype == UINT and len(message.uintData) >= least


def parts(container: Any) -> dict[str, Any]:
    expect(container.type == 4)
    return {part.name: part for part in M["DictDataContainer"].FromString(container.data.value).element}


# ------------------------------------------------------------------------------------------------------------- examples


def opengym(options: dict[str, str]) -> Any:
    draw = random.Random(options["simSeed"])
    for step in range(steps(options, 1, 0.1)):
        action = yield uints([draw.randint(0, 10) for _ in range(NODES)]), step + 1, False, "testInfo|123"
        expect(action.type == DISCRETE)


def _both(draw: random.Random) -> tuple[list[int], int]:
    return [draw.randint(0, 10) for _ in range(NODES)], draw.randint(0, 10)


VECTOR = ("box", UINT, 0, 10, [NODES])
OPENGYM_2 = ("dict", {"myValue": ("discrete", NODES), "myVector": VECTOR})


def opengym_2(options: dict[str, str]) -> Any:
    draw = random.Random(options["simSeed"])
    for step in range(steps(options, 1, float(options.get("stepTime", 0.1)))):
        vector, value = _both(draw)
        observation = wrap({"myValue": value, "myVector": vector}, OPENGYM_2)
        action = yield observation, step + 1, False, "testInfo|123"
        expect(is_uint_box(parts(action)["myActionVector"]))
        expect(parts(action)["myActionValue"].type == DISCRETE)


QUEUES = ("box", UINT, 0, 100, [NODES])


def linear_mesh(options: dict[str, str]) -> Any:
    """Queues grow beyond the bound of the space; no action is checked against its bound."""
    for step in range(steps(options, 10, 0.1)):
        action = yield uints([3 * step, step, 1, 0, 0]), step % 3, False, "linear-wireless-mesh|123"
        expect(is_uint_box(action, NODES))


def linear_mesh_2(options: dict[str, str]) -> Any:
    """A step at every packet that arrives."""
    draw = random.Random(options["simSeed"])
    for _ in range(steps(options, 10, draw.uniform(0.1, 0.2))):
        action = yield (
            uints([draw.randint(0, 500) for _ in range(NODES)]),
            1,
            False,
            f"currentNodeId={NODES - 1}",
        )
        expect(is_uint_box(action, NODES))


def interference_pattern(options: dict[str, str]) -> Any:
    collisions, channel = 0, 0
    for step in range(steps(options, 10, 0.1)):
        busy = [int(step % CHANNELS == i) for i in range(CHANNELS)]
        collisions += busy[channel]
        over = collisions >= 3
        action = yield uints(busy), -1 if busy[channel] else 1, over, "info"
        expect(action.type == DISCRETE)
        channel = unwrap(action)
        expect(channel < CHANNELS)


MULTI_AGENT = ("dict", {"box": VECTOR, "discrete": ("discrete", NODES)})


def multi_agent(options: dict[str, str]) -> Any:
    """The space is a Dict, what is observed a Tuple."""
    draw = random.Random(options["simSeed"])
    for step in range(steps(options, 1, 0.1)):
        vector, value = _both(draw)
        observation = wrap((vector, value), ("tuple", [VECTOR, ("discrete", NODES)]))
        action = yield observation, step + 1, False, "testInfo|123"
        expect(is_uint_box(parts(action)["box"]))
        expect(parts(action)["discrete"].type == DISCRETE)


def _tcp(options: dict[str, str]) -> Any:
    """Numbers of 64 bits, cut to 32; the least round-trip time is that of no packet at first, beyond the bound of the space."""
    by_time = options.get("transport_prot") == "TcpRlTimeBased"
    window, threshold, segment = 340, 2**31 - 1, 340
    for step in range(round(10 * float(options.get("duration", 2)))):
        least_us = 9223372036854775 if step == 0 else 40_000
        values = [0, int(by_time), 100_000 * step, 4, threshold, window, segment]
        values += (
            [window, window, 1, 1, 42_000, least_us, 10, 10, 3400]
            if by_time
            else [1, window, 42_000, least_us, 1, 0, 0, 0]
        )
        action = yield uints(values), 1, False, "" if by_time else "IncreaseWindow"
        expect(is_uint_box(action, 2))
        threshold, window = unwrap(action)[:2]


def _floats(values: list[float]) -> Any:
    return wrap(values, ("box", FLOAT, 0, 0, []))


def _odd(observations: list[list[float]]) -> Callable[[dict[str, str]], Any]:
    def states(_options: dict[str, str]) -> Any:
        for values in observations:
            yield _floats(values), 1, False, ""

    return states


TIMES = ("box", UINT, 0, 1e9, [16])
EXAMPLES = {
    "opengym": Example(
        VECTOR, ("discrete", NODES), opengym, lambda: (uints([0] * NODES), 11, "testInfo|123")
    ),
    "opengym-2": Example(
        OPENGYM_2,
        ("dict", {"myActionValue": ("discrete", NODES), "myActionVector": VECTOR}),
        opengym_2,
        lambda: (wrap({"myValue": 9, "myVector": [0] * NODES}, OPENGYM_2), 11, "testInfo|123"),
    ),
    "linear-mesh": Example(
        QUEUES, QUEUES, linear_mesh, lambda: (uints([0] * NODES), 0, "linear-wireless-mesh|123")
    ),
    "linear-mesh-2": Example(
        QUEUES, QUEUES, linear_mesh_2, lambda: (uints([0] * NODES), 0, f"currentNodeId={NODES - 1}")
    ),
    # When the simulated time is over the channels have been cleared: a box that claims four values and has none.
    "interference-pattern": Example(
        ("box", UINT, 0, 1, [CHANNELS]),
        ("discrete", CHANNELS),
        interference_pattern,
        lambda: (uints([], CHANNELS), 0, "info"),
    ),
    "multi-agent": Example(
        MULTI_AGENT,
        MULTI_AGENT,
        multi_agent,
        lambda: (wrap(([0] * NODES, 0), ("tuple", [VECTOR, ("discrete", NODES)])), 11, "testInfo|123"),
    ),
    "rl-tcp": Example(
        ("box", UINT, 0, 1e9, [15]), ("box", UINT, 0, 65535, [2]), _tcp, lambda: (uints([0] * 15), 1, "")
    ),
    "rl-tcp-time": Example(TIMES, ("box", UINT, 0, 65535, [2]), _tcp, lambda: (uints([0] * 16), 1, "")),
    # Not one of the seven: what else ns3-gym's client goes on with.
    "vector-bounds": Example(
        ("box", FLOAT, 0, 0, [2]),  # OpenGymBoxSpace(vector low, vector high, ...) leaves both at 0
        ("dict", {"power": ("box", FLOAT, 0, 0, [2]), "slots": ("box", INT, 0, 0, [1])}),
        _odd([[0.5, 2.0]] * 4),
        lambda: (_floats([1.0, 2.0]), 0, ""),
    ),
    "odd-values": Example(
        ("box", FLOAT, 0, 1, [2]),
        ("box", FLOAT, 0, 1, [2]),
        _odd([[0, 0], [float("inf"), 0], [float("nan"), 0], [1, 2, 3]]),
        lambda: (_floats([]), float("nan"), ""),
    ),
    "no-spaces": Example(None, None, _odd([[1.0], [1.0, 2.0]]), lambda: (None, 0, "")),
}


# --------------------------------------------------------------------------------------------------------------- program


class Interface:
    """One connection to one agent."""

    def __init__(self, example: Example, options: dict[str, str], port: str) -> None:
        self.example, self.options, self.port = example, options, port
        self.states = example.states(options)
        self.state: Any = None
        self.socket: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.REQ)

    def ask(self, message: Any) -> bytes:
        self.socket.send(message.SerializeToString())
        return bytes(self.socket.recv())

    def notify(self) -> bool:
        """One exchange. Returns whether the simulated time has come to its end."""
        if self.state is None:
            self.socket.connect(f"tcp://localhost:{self.port}")
            init = M["SimInitMsg"](simProcessId=os.getpid(), wafShellProcessId=os.getppid())
            if self.example.observed:
                init.obsSpace.CopyFrom(describe(self.example.observed))
            if self.example.acted:
                init.actSpace.CopyFrom(describe(self.example.acted))
            if M["SimInitAck"].FromString(self.ask(init)).stopSimReq:
                sys.exit(0)
            self.state = next(self.states)
        observation, reward, over, info = self.state
        message = M["EnvStateMsg"](reward=reward, isGameOver=over, reason=int(over), info=info)
        message.obsData.CopyFrom(observation)
        reply = M["EnvActMsg"].FromString(self.ask(message))
        if reply.stopSimReq:
            sys.exit(0)
        try:
            self.state = self.states.send(reply.actData)
        except StopIteration:
            return True
        return False

    def end(self) -> None:
        """The simulated time is over: one more state, and whatever is answered ends it."""
        observation, reward, info = self.example.last()
        message = M["EnvStateMsg"](reward=reward, isGameOver=True, info=info)
        if observation is not None:
            message.obsData.CopyFrom(observation)
        self.ask(message)


def simulate(name: str, words: list[str]) -> None:
    options = {"simSeed": "1"} | dict(word.removeprefix("--").split("=", 1) for word in words)
    # The example of two agents has their ports in its source; a test needs free ones.
    ports = options["ports"].split(",") if name == "multi-agent" else [options["openGymPort"]]
    interfaces = [Interface(EXAMPLES[name], options, port) for port in ports]
    ended = False
    while not ended:
        for interface in interfaces:
            ended |= interface.notify()
    for interface in interfaces:
        interface.end()


if __name__ == "__main__":
    simulate(sys.argv[1], sys.argv[2:])
