# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The learner's own ROUTER against DEALERs of the ZeroMQ library, and against peers that are none."""

from __future__ import annotations

import socket
import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest
import zmq

from ns3marl.local_router import LocalRouter

MAX = 1 << 20
Dealer: TypeAlias = "Callable[..., zmq.Socket[bytes]]"
GREETING = b"\xff" + bytes(8) + b"\x7f\x03\x00" + b"NULL".ljust(20, b"\0") + bytes(32)


@pytest.fixture
def router(tmp_path: Path) -> Iterator[LocalRouter]:
    made = LocalRouter(str(tmp_path / "s"), MAX)
    yield made
    made.close()
    assert not (tmp_path / "s").exists()


@pytest.fixture
def dealer(router: LocalRouter) -> Iterator[Dealer]:
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    made = []

    def make(identity: bytes = b"") -> zmq.Socket[bytes]:
        peer = context.socket(zmq.DEALER)
        made.append(peer)
        if identity:
            peer.setsockopt(zmq.IDENTITY, identity)
        peer.setsockopt(zmq.RCVTIMEO, 5000)
        peer.connect(router.endpoint)
        return peer

    yield make
    for peer in made:
        peer.close(linger=0)
    context.term()


def receive(router: LocalRouter, seconds: float = 5.0) -> tuple[bytes, bytes] | None:
    """The next frame, also while hands are being shaken."""
    deadline_s = time.monotonic() + seconds
    while time.monotonic() < deadline_s:
        if (received := router.recv(50)) is not None:
            return received
    return None


def plain(router: LocalRouter) -> socket.socket:
    """A connection that says nothing of its own."""
    connected = socket.socket(socket.AF_UNIX)
    connected.settimeout(5)
    connected.connect(router.endpoint.removeprefix("ipc://"))
    return connected


def closed_by(router: LocalRouter, connected: socket.socket) -> bool:
    """Whether the router ends the connection, whatever it says before."""
    deadline_s = time.monotonic() + 5
    connected.settimeout(0.01)
    while time.monotonic() < deadline_s:
        router.recv(10)
        try:
            if connected.recv(4096) == b"":
                return True
        except TimeoutError:
            continue
        except ConnectionResetError:
            return True
    return False


@pytest.mark.parametrize("size", [0, 1, 255, 256, 70_000, MAX])
def test_frames_of_any_size_both_ways(router: LocalRouter, dealer: Dealer, size: int) -> None:
    peer, frame = dealer(b"a"), bytes(range(256)) * (size // 256) + bytes(size % 256)
    peer.send(b"hello")
    assert receive(router) == (b"a", b"hello")
    assert router.send(b"a", b"welcome")  # only then it may send much
    assert peer.recv() == b"welcome"
    peer.send(frame)
    assert receive(router) == (b"a", frame)
    assert router.send(b"a", frame)
    assert peer.recv() == frame


def test_peers_are_told_apart_and_keep_their_order(router: LocalRouter, dealer: Dealer) -> None:
    peers = {name: dealer(name) for name in (b"a", b"b")}
    for number in range(100):
        for name, peer in peers.items():
            peer.send(name + str(number).encode())
    got: dict[bytes, list[bytes]] = {b"a": [], b"b": []}
    for _ in range(200):
        received = receive(router)
        assert received is not None
        got[received[0]].append(received[1])
    assert got == {name: [name + str(n).encode() for n in range(100)] for name in got}
    for name in peers:
        assert router.send(name, b"to " + name)
    assert [peer.recv() for peer in peers.values()] == [b"to a", b"to b"]


def test_nameless_peers_are_not_heard(router: LocalRouter, dealer: Dealer) -> None:
    dealer().send(b"hello")
    assert receive(router, 0.5) is None
    dealer(b"a").send(b"named")
    assert receive(router) == (b"a", b"named")


def test_socket_file_of_a_killed_learner_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "left"
    with socket.socket(socket.AF_UNIX) as killed:
        killed.bind(str(path))
    router = LocalRouter(str(path), MAX)
    try:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        with pytest.raises(OSError, match="Address already in use"):
            LocalRouter(str(path), MAX)  # this one lives
        with socket.socket(socket.AF_UNIX) as caller:
            caller.connect(str(path))  # and was left alone
    finally:
        router.close()
    path.write_text("not a socket")
    with pytest.raises(OSError, match="Address already in use"):
        LocalRouter(str(path), MAX)
    assert path.read_text() == "not a socket"


def test_a_name_is_given_once(router: LocalRouter, dealer: Dealer) -> None:
    first = dealer(b"a")
    first.send(b"first")
    assert receive(router) == (b"a", b"first")
    with plain(router) as second:
        second.sendall(GREETING + b"\x04\x14\x05READY\x08Identity\x00\x00\x00\x01a")
        assert closed_by(router, second)
    assert router.send(b"a", b"yours")
    assert first.recv() == b"yours"


def test_only_the_first_part_of_a_message_counts(router: LocalRouter, dealer: Dealer) -> None:
    peer = dealer(b"a")
    peer.send_multipart([b"one", b"more", b"parts"])
    peer.send(b"two")
    assert receive(router) == (b"a", b"one")
    assert receive(router) == (b"a", b"two")


def test_last_words_are_heard_and_then_the_peer_is_gone(router: LocalRouter, dealer: Dealer) -> None:
    peer = dealer(b"a")
    peer.send(b"first")
    assert receive(router) == (b"a", b"first")
    peer.send(b"last")
    peer.close(linger=1000)
    time.sleep(0.1)
    router.send(b"a", b"into the void")
    assert receive(router) == (b"a", b"last")
    assert receive(router, 0.2) is None
    assert not router.send(b"a", b"too late")


def test_a_peer_that_reads_nothing_does_not_block(router: LocalRouter) -> None:
    with plain(router) as deaf:
        deaf.sendall(GREETING + b"\x04\x14\x05READY\x08Identity\x00\x00\x00\x01a" + b"\x00\x01!")
        assert receive(router) == (b"a", b"!")
        started_s = time.monotonic()
        assert not router.send(b"a", bytes(MAX * 8))
        assert time.monotonic() - started_s < 10
        assert not router.send(b"a", b"again")


@pytest.mark.parametrize(
    "words",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"\xff" * 64,
        GREETING.replace(b"NULL", b"CURV"),
        GREETING[:10] + b"\x02" + GREETING[11:],
        GREETING + b"\x00\x01x",  # a message before READY
        GREETING + b"\x04\x03\x02HI",  # another command
        GREETING + b"\x04\x0b\x05READY\x09long",  # a property that ends before it should
        GREETING + b"\x04\x06\x05READY" + b"\x00\x01x",  # no name
        GREETING + b"\x08\x01x",  # unknown flags
        GREETING + b"\x02" + (MAX + 1).to_bytes(8, "big"),
        GREETING + b"\x02" + b"\xff" * 8,
    ],
)
def test_who_speaks_another_language_is_shown_out(router: LocalRouter, words: bytes) -> None:
    with plain(router) as stranger:
        stranger.sendall(words)
        assert closed_by(router, stranger)


def test_frames_arrive_byte_by_byte(router: LocalRouter) -> None:
    with plain(router) as slow:
        for byte in GREETING + b"\x04\x14\x05READY\x08Identity\x00\x00\x00\x01b" + b"\x00\x05hello\x00\x02ho":
            slow.sendall(bytes([byte]))
            assert router.recv(5) in (None, (b"b", b"hello"), (b"b", b"ho"))
        slow.sendall(b"\x00\x03end")
        assert receive(router) == (b"b", b"end")


def test_private_folder_goes_with_the_router() -> None:
    router = LocalRouter(None, MAX)
    folder = Path(router.endpoint.removeprefix("ipc://")).parent
    assert folder.stat().st_mode & 0o777 == 0o700
    router.close()
    router.close()
    assert not folder.exists()
