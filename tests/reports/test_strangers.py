# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Anybody of the same user may dial in at a learner's socket: it grows by little until it knows who it is."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from ns3marl.local_router import LocalRouter

_HELLO = b"\xff" + bytes(8) + b"\x7f\x03\x00" + b"NULL".ljust(20, b"\0") + bytes(32)
_READY = b"\x04\x14\x05READY\x08Identity\x00\x00\x00\x01"
_ANNOUNCED = 200 * 1024 * 1024


@pytest.mark.report("M30")
def test_stranger_that_announces_much_is_shown_out_before_memory_is_taken(tmp_path: Path) -> None:
    router = LocalRouter(str(tmp_path / "s"), 256 * 1024 * 1024)
    long = b"\x02" + _ANNOUNCED.to_bytes(8, "big")
    with socket.socket(socket.AF_UNIX) as stranger, socket.socket(socket.AF_UNIX) as known:
        for name, peer in ((b"a", stranger), (b"b", known)):
            peer.connect(str(tmp_path / "s"))
            peer.sendall(_HELLO + _READY + name + b"\x00\x02hi")
            while router.recv(50) != (name, b"hi"):
                pass
        assert router.send(b"b", b"welcome")
        held = {connection.identity: connection for connection in router._connections.values()}
        stranger.sendall(long)
        known.sendall(long)
        while len(router._peers) > 1 or len(held[b"b"]._buffer) < _ANNOUNCED:
            router.recv(50)
        assert len(held[b"a"]._buffer) <= 64 * 1024
    router.close()
