# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Peers that do what no simulator does: strangers with noise, and a worker whose simulator spoils a frame."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import suppress

import numpy as np
import zmq

from ns3marl.protocol import codec
from ns3marl.types import Hello, Spec

GREETING = b"\xff" + bytes(8) + b"\x7f\x03\x00" + b"NULL".ljust(20, b"\0") + bytes(32)
READY = b"\x04\x2a\x05READY\x0bSocket-Type\x00\x00\x00\x06DEALER\x08Identity\x00\x00\x00\x01"


def stray_bytes(path: str, rng: np.random.Generator) -> None:
    """Somebody who connects and speaks no ZMTP, or stops in the middle of it."""
    noise = rng.bytes(int(rng.integers(1, 400)))
    begun = GREETING + READY + bytes(rng.integers(97, 123, 1).astype(np.uint8))
    said = [
        noise,
        GREETING + noise,
        begun + noise,
        begun[: int(rng.integers(1, len(begun)))],
        begun + b"\x02\x7f\xff\xff\xff\xff\xff\xff\xff",  # a frame of 2^63 bytes
    ][int(rng.integers(5))]
    with socket.socket(socket.AF_UNIX) as caller, suppress(OSError):
        caller.settimeout(1.0)
        caller.connect(path)
        caller.sendall(said)


def stray_frames(endpoint: str, rng: np.random.Generator) -> None:
    """A ZeroMQ peer of which nobody knows: random frames, Hello without a worker, workers of other versions or scenarios."""
    frames = [
        rng.bytes(int(rng.integers(0, 300))),
        codec.encode_hello(Hello("echo", "3.44", "none", 1, 1, 1)),
        codec.encode_hello(Hello("echo", "3.44", "none", 1, 9, 0)),
        codec.encode_worker(codec.Worker("echo", protocol_major=7)),
        codec.encode_worker(codec.Worker("another")),
        codec.encode_fault(codec.Fault("SIMULATION", 3, "nothing")),
    ]
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    caller = context.socket(zmq.DEALER)
    caller.setsockopt(zmq.IDENTITY, rng.bytes(8).replace(b"\0", b"x"))
    caller.setsockopt(zmq.LINGER, 200)
    caller.connect(endpoint)
    for number in rng.permutation(len(frames))[:3]:
        caller.send(frames[number])
    caller.close()
    context.term()


class SpoilingWorker(threading.Thread):
    """A worker with one simulator at a time, in this process, that spoils the answer to the first action.

    Args:
        endpoint: of the learner.
        spec: of the scenario.
        right: makes the right frame of a tick.
        spoil: makes a wrong one of it.
    """

    def __init__(
        self,
        endpoint: str,
        spec: Spec,
        hello: Hello,
        right: Callable[[int], bytes],
        spoil: Callable[[bytes], list[bytes]],
    ) -> None:
        super().__init__(daemon=True)
        self._endpoint, self._spec, self._hello = endpoint, spec, hello
        self._right, self._spoil = right, spoil
        self._done = threading.Event()
        self.start()

    def run(self) -> None:
        """Serves until told to leave."""
        context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        beat = codec.encode_worker(codec.Worker(self._hello.scenario))
        worker = self._connect(context, "rogue")
        worker.send(beat)
        worker.recv()  # Welcome
        number = 0
        while not self._done.is_set():
            simulator = self._connect(context, f"rogue.{number}")
            number += 1
            simulator.send(codec.encode_hello(self._hello))
            self._serve(worker, simulator, beat)
            simulator.close()
        worker.close()
        context.term()

    def leave(self) -> None:
        """Ends it."""
        self._done.set()
        self.join(10)

    def _connect(self, context: zmq.Context[zmq.Socket[bytes]], name: str) -> zmq.Socket[bytes]:
        made = context.socket(zmq.DEALER)
        made.setsockopt_string(zmq.IDENTITY, name)
        made.setsockopt(zmq.LINGER, 0)
        made.connect(self._endpoint)
        return made

    def _serve(self, worker: zmq.Socket[bytes], simulator: zmq.Socket[bytes], beat: bytes) -> None:
        """One episode, until the learner gives it up."""
        ticks = 0
        while not self._done.is_set():
            if worker.poll(0) and isinstance(codec.decode_for_worker(worker.recv()), codec.Stop):
                return
            if not simulator.poll(50):
                worker.send(beat)
                continue
            request = simulator.recv()
            if request.startswith(b"\x0a"):  # Describe
                simulator.send(codec.encode_spec(self._spec))
                continue
            frame = self._right(ticks)
            for sent in [frame] if ticks == 0 else self._spoil(frame):
                simulator.send(sent)
            ticks += 1
