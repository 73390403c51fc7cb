# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Whatever comes, the learner's side of the wire answers with a value or a typed error, in bounded time and memory."""

from __future__ import annotations

import socket
import tracemalloc
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from conformance import golden
from fuzz.mutations import mutate, seeds
from fuzz.taking import take_in

from ns3marl.errors import Ns3MarlError, ProtocolError
from ns3marl.local_router import LocalRouter
from ns3marl.protocol import codec
from ns3marl.types import Spec

ROUNDS = 4000
GREETING = b"\xff" + bytes(8) + b"\x7f\x03\x00" + b"NULL".ljust(20, b"\0") + bytes(32)
READY = b"\x04\x2a\x05READY\x0bSocket-Type\x00\x00\x00\x06DEALER\x08Identity\x00\x00\x00\x01"
MAX_FRAME = 1 << 16


def refuses(decode: Callable[[bytes], object], frame: bytes) -> bool:
    """Whether a frame is refused with a typed error; any other error fails the test."""
    try:
        decode(frame)
    except ProtocolError:
        return True
    return False


@pytest.mark.parametrize(
    ("decode", "seed"),
    [(take_in, 1), (take_in, 2), (codec.decode, 3), (codec.decode_for_worker, 4)],
    ids=["arrays-1", "arrays-2", "before-the-spec", "worker"],
)
def test_any_bytes_are_a_message_or_a_typed_error(decode: Callable[[bytes], object], seed: int) -> None:
    begun, rng = seeds(), np.random.default_rng(seed)
    frames = begun + [mutate(begun[i % len(begun)], begun, rng) for i in range(ROUNDS)]
    refused = sum(refuses(decode, frame) for frame in frames)
    assert refused > ROUNDS / 10  # the mutations reach what is to be refused
    assert refused < ROUNDS + len(begun)  # and what is not


def test_a_spec_that_was_taken_can_be_used() -> None:
    frame, rng = (golden.FOLDER / "spec.bin").read_bytes(), np.random.default_rng(5)
    taken = 0
    for _ in range(ROUNDS):
        with suppress(Ns3MarlError):
            spec = codec.decode(mutate(frame, [frame], rng))
            if isinstance(spec, Spec):
                taken += 1
                codec.Block(spec, 1).fill([bytes(spec.layout.itemsize)])
    assert taken > ROUNDS / 100


def test_memory_stays_in_proportion_to_the_frame() -> None:
    begun, rng = seeds(), np.random.default_rng(6)
    tracemalloc.start()
    for i in range(500):
        frame = mutate(begun[i % len(begun)], begun, rng)
        tracemalloc.reset_peak()
        with suppress(ProtocolError):
            take_in(frame)
        assert tracemalloc.get_traced_memory()[1] < 4_000_000 + 100 * len(frame)
    tracemalloc.stop()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_any_bytes_on_the_socket_harm_nobody_else(tmp_path: Path, seed: int) -> None:
    rng = np.random.default_rng(seed)
    frames = [b"\x00" + bytes([len(frame)]) + frame for frame in seeds() if len(frame) < 256]
    conversation = GREETING + READY + b"x" + b"".join(frames[:4])
    path = str(tmp_path / "s")
    router = LocalRouter(path, MAX_FRAME)
    with socket.socket(socket.AF_UNIX) as good:
        good.connect(path)
        good.sendall(GREETING + READY + b"g")
        for _ in range(150):
            with socket.socket(socket.AF_UNIX) as bad, suppress(BrokenPipeError, ConnectionResetError):
                bad.connect(path)
                said = mutate(conversation, frames, rng)
                cut = int(rng.integers(len(said) + 1))
                bad.sendall(said[:cut])
                router.recv(1)
                bad.sendall(said[cut:])
                router.recv(1)
        while router.recv(1) is not None:
            pass
        good.sendall(b"\x00\x05hello")
        assert router.recv(1000) == (b"g", b"hello")
        assert router.send(b"g", b"yes")
    router.close()
