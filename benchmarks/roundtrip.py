# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""One tick over the wire, against bare ZeroMQ and against the `repeated float` encoding; resets; several simulators.

50 agents x 128 observation floats and 50 x 5 actions. All contenders run in the same process and take turns, block by block,
so that a machine whose speed drifts treats them alike; ratios are medians over the blocks.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import zmq
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from peers import Peer

from ns3marl.env.pool import Pool
from ns3marl.types import Actions, Batch

AGENTS, FEATURES = 50, 128
ARGUMENTS = (
    f"--agents={AGENTS}",
    f"--features={FEATURES}",
    "--choices=3",
    "--discreteHeads=3",
    "--continuousHeads=2",
    "--ticks=1000000",
)
BLOCKS, TICKS_PER_BLOCK = 15, 1000
EPISODES, EPISODE_TICKS, BUILD_MS = 30, 50, 100


def repeated_float_message() -> Any:
    """A message with one `repeated float data = 1`, as ns3-gym's box container has."""
    file = descriptor_pb2.FileDescriptorProto(
        name="repeated_float.proto", package="benchmark", syntax="proto3"
    )
    field = file.message_type.add(name="Box").field.add(name="data", number=1)
    field.type, field.label = field.TYPE_FLOAT, field.LABEL_REPEATED
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("benchmark.Box"))


def timed(work: Callable[[], None], ticks: int) -> float:
    """Microseconds per tick of `work`, which does `ticks` ticks."""
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1e6 / ticks


class Lockstep:
    """E `echo` simulators stepped by a pool."""

    def __init__(self, simulators: int) -> None:
        self.pool = Pool("echo", num_envs=simulators, arguments=ARGUMENTS, spares=0)
        self.batch: Batch = self.pool.reset()
        #: by number of rows; a policy's work is no part of the wire's
        self.actions = [
            [
                Actions(
                    np.ones((rows, AGENTS, 3), dtype=np.int32),
                    np.full((rows, AGENTS, 2), 0.5, dtype=np.float32),
                )
            ]
            for rows in range(simulators + 1)
        ]

    def block(self) -> None:
        for _ in range(TICKS_PER_BLOCK):
            self.batch = self.pool.step(self.actions[-1])

    def first_come_block(self) -> None:
        """As many ticks in all, answering whichever simulator is ready."""
        ticks = 0
        while ticks < TICKS_PER_BLOCK:
            self.pool.send(self.batch.env_id, self.actions[len(self.batch.env_id)])
            self.batch = self.pool.recv(1)
            ticks += len(self.batch.env_id)


class RawPair:
    """A bare PAIR ping-pong of the same bytes; the array is a view of the frame."""

    def __init__(self, folder: Path, observation_bytes: int, action_bytes: int) -> None:
        self.peer = Peer("pair", folder, bytes(observation_bytes))
        self.action = bytes(action_bytes)

    def block(self) -> None:
        socket, action = self.peer.socket, self.action
        for _ in range(TICKS_PER_BLOCK):
            socket.send(action)
            np.frombuffer(socket.recv(), np.float32, AGENTS * FEATURES).reshape(AGENTS, FEATURES)


class RepeatedFloat:
    """REQ/REP peers whose observations and actions are `repeated float`, as ns3-gym has them."""

    def __init__(self, folder: Path, peers: int) -> None:
        self.message = repeated_float_message()
        floats = np.random.default_rng(0).random(AGENTS * FEATURES, dtype=np.float32)
        frame = self.message(data=floats.tolist()).SerializeToString()
        self.peers = [Peer("req", folder, frame) for _ in range(peers)]
        self.action = np.full(AGENTS * 5, 0.5, dtype=np.float32)
        self.poller = zmq.Poller()
        for peer in self.peers:
            self.poller.register(peer.socket, zmq.POLLIN)
        self.asking = [peer.socket for peer in self.peers]

    def block(self) -> None:
        ticks = 0
        while ticks < TICKS_PER_BLOCK:
            for socket in self.asking:
                socket.send(self.message(data=self.action.tolist()).SerializeToString())
            if len(self.peers) > 1:
                self.asking = [socket for socket, _ in self.poller.poll()]
            for socket in self.asking:
                message = self.message.FromString(socket.recv())
                np.array(message.data, dtype=np.float32).reshape(AGENTS, FEATURES)
            ticks += len(self.asking)


def measure_ticks(folder: Path) -> None:
    """One simulator: microseconds per tick against both."""
    lockstep = Lockstep(1)
    frame_sizes: list[int] = []
    with Pool(
        "echo", arguments=ARGUMENTS, spares=0, on_frame=lambda _, __, frame: frame_sizes.append(len(frame))
    ) as pool:
        pool.reset()
    raw = RawPair(folder, frame_sizes[0], AGENTS * 5 * 4 + 20)
    repeated = RepeatedFloat(folder, 1)
    contenders = {"lockstep": lockstep.block, "raw": raw.block, "repeated": repeated.block}
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for block in range(BLOCKS + 1):
        for name, work in contenders.items():
            spent_us = timed(work, TICKS_PER_BLOCK)
            if block:  # the first is warm-up
                times[name].append(spent_us)
    for name, values in times.items():
        print(f"tick_{name}_us: {statistics.median(values):.1f} us")
    print(f"tick_vs_raw_zmq: {ratio(times['lockstep'], times['raw']):.3f} x")
    print(f"tick_vs_repeated_float: {ratio(times['lockstep'], times['repeated']):.3f} x")
    lockstep.pool.close()
    raw.peer.close()
    repeated.peers[0].close()


def measure_resets() -> None:
    """From the last action of an episode to the first observation of the next, less what the scenario's build took."""
    extra_ms = []
    arguments = (*ARGUMENTS[:-1], f"--ticks={EPISODE_TICKS}", f"--buildTime={BUILD_MS}ms")
    with Pool("echo", arguments=arguments, spares=1) as pool:
        builds: list[int] = []
        batch = pool.reset()
        action = [
            Actions(np.ones((1, AGENTS, 3), dtype=np.int32), np.full((1, AGENTS, 2), 0.5, dtype=np.float32))
        ]
        for _ in range(EPISODES):
            while True:
                if int(batch.tick[0]) > 0:
                    time.sleep(0.002)  # an episode of at least 100 ms
                before_s, simulator_s = time.perf_counter(), pool.timing.simulator_s
                batch = pool.step(action)
                spent_s = time.perf_counter() - before_s
                if batch.final[0] is not None:
                    extra_ms.append((spent_s - (pool.timing.simulator_s - simulator_s)) * 1e3)
                    break
        del builds
    print(f"reset_extra_ms: {statistics.median(extra_ms):.2f} ms")
    print(f"reset_extra_ms_max: {max(extra_ms):.2f} ms")


def measure_many(folder: Path) -> None:
    """Aggregate ticks/s of several simulators in one pool, first come."""
    pools = {n: Lockstep(n) for n in (1, 2, 4, 8)}
    repeated = RepeatedFloat(folder, 4)
    rates: dict[str, list[float]] = {**{str(n): [] for n in pools}, "repeated": []}
    for block in range(BLOCKS + 1):
        for n, lockstep in pools.items():
            rate = 1e6 / timed(lockstep.first_come_block, TICKS_PER_BLOCK)
            if block:
                rates[str(n)].append(rate)
        rate = 1e6 / timed(repeated.block, TICKS_PER_BLOCK)
        if block:
            rates["repeated"].append(rate)
    for n in pools:
        print(f"echo_ticks_per_s_{n}: {statistics.median(rates[str(n)]):.0f} ticks/s")
    print(f"repeated_float_ticks_per_s_4: {statistics.median(rates['repeated']):.0f} ticks/s")
    print(f"echo_vs_repeated_float_4: {ratio(rates['4'], rates['repeated']):.2f} x")
    for lockstep in pools.values():
        lockstep.pool.close()
    for peer in repeated.peers:
        peer.socket.recv() if peer.socket not in repeated.asking else None
        peer.close()


def ratio(values: list[float], others: list[float]) -> float:
    """Median of the ratios block by block."""
    return statistics.median(a / b for a, b in zip(values, others, strict=True))


def main() -> None:
    """Runs all three."""
    with tempfile.TemporaryDirectory() as folder:
        measure_ticks(Path(folder))
        measure_resets()
        measure_many(Path(folder))


if __name__ == "__main__":
    main()
