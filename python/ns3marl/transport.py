# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""One ROUTER socket that simulators dial in to. It moves frames and knows nothing of what they hold.

On this host (``ipc://``) the learner speaks ZMTP itself (``local_router``), over TCP the ZeroMQ library does.
"""

from __future__ import annotations

import os
from collections.abc import Container
from typing import Protocol
from urllib.parse import urlsplit

import zmq

from ns3marl.errors import ConfigError
from ns3marl.local_router import LocalRouter

LOOPBACK = ("127.0.0.1", "localhost", "::1")
MAX_FRAME_BYTES = 256 * 1024 * 1024
#: The longest path of a Unix-domain socket, less its final zero (unix(7)).
MAX_SOCKET_PATH = 107
_IPC = "ipc://"


class Router(Protocol):
    """The learner's end of the wire."""

    endpoint: str  #: where simulators connect to

    def send(self, peer: bytes, frame: bytes) -> bool:
        """Sends a frame; False when the peer is not (or no longer) connected, or took nothing for a second."""
        ...

    def recv(self, timeout_ms: int, known: Container[bytes]) -> tuple[bytes, bytes] | None:
        """The next frame and its sender; None when none came in time. What others than the known send is dropped."""
        ...

    def has_frame(self) -> bool:
        """Whether a frame waits to be received."""
        ...

    def close(self) -> None:
        """Closes the socket and removes what it left in the file system. May be called twice."""
        ...


def listen(endpoint: str | None = None) -> Router:
    """Binds the learner's end of the wire.

    Args:
        endpoint: ``ipc://PATH`` or ``tcp://127.0.0.1:PORT`` (port 0 takes a free one); by default an ipc socket in a
            private folder that goes away with the router.

    Raises:
        ConfigError: The endpoint is not of that form, is not loopback, or cannot be bound.
    """
    if endpoint is not None:
        _check(endpoint)
    try:
        if endpoint is None or endpoint.startswith(_IPC):
            return LocalRouter(endpoint and endpoint.removeprefix(_IPC), MAX_FRAME_BYTES)
        return RemoteRouter(endpoint)
    except OSError as error:
        raise ConfigError(
            f"endpoint {endpoint!r} cannot be bound: {os.strerror(error.errno or 0)}; is another learner using it? Port 0 "
            "takes a free one"
        ) from error


class RemoteRouter:
    """A ROUTER of the ZeroMQ library, with its I/O thread; see ``Router``.

    Args:
        endpoint: Where to bind.

    Raises:
        OSError: It cannot be bound.
    """

    def __init__(self, endpoint: str) -> None:
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.ROUTER)
        self._socket.setsockopt(zmq.LINGER, 0)
        self._socket.setsockopt(zmq.ROUTER_MANDATORY, 1)
        self._socket.setsockopt(zmq.MAXMSGSIZE, MAX_FRAME_BYTES)
        self._socket.setsockopt(zmq.SNDTIMEO, 1000)
        self._receive_timeout_ms = -1
        try:
            self._socket.bind(endpoint)
        except zmq.ZMQError as error:
            self.close()
            raise OSError(error.errno, str(error)) from error
        self.endpoint: str = self._socket.getsockopt_string(zmq.LAST_ENDPOINT)

    def send(self, peer: bytes, frame: bytes) -> bool:
        """See ``Router``."""
        try:
            self._socket.send(peer, zmq.SNDMORE)
            self._socket.send(frame)
        except (zmq.Again, zmq.ZMQError) as error:
            if error.errno in (zmq.EHOSTUNREACH, zmq.EAGAIN):
                return False
            raise
        return True

    def recv(self, timeout_ms: int, known: Container[bytes]) -> tuple[bytes, bytes] | None:
        """See ``Router``."""
        if timeout_ms != self._receive_timeout_ms:
            self._socket.setsockopt(zmq.RCVTIMEO, timeout_ms)
            self._receive_timeout_ms = timeout_ms
        try:
            peer = self._socket.recv()
            if peer not in known:  # a stranger, or a further part of a message that should have had one
                while self._socket.rcvmore:
                    self._socket.recv()
                return None
            return peer, self._socket.recv()
        except zmq.Again:
            return None

    def has_frame(self) -> bool:
        """See ``Router``."""
        return bool(zmq.zmq_poll([(self._socket, zmq.POLLIN)], 0))

    def close(self) -> None:
        """See ``Router``."""
        self._socket.close()
        self._context.term()


def _check(endpoint: str) -> None:
    if endpoint.startswith(_IPC):
        path = endpoint.removeprefix(_IPC)
        if not path or len(os.fsencode(path)) > MAX_SOCKET_PATH:
            raise ConfigError(
                f"endpoint {endpoint!r}: a socket's path has 1 to {MAX_SOCKET_PATH} bytes; "
                "give a shorter one, or set TMPDIR to a short folder"
            )
        return
    parts = urlsplit(endpoint)
    if parts.scheme != "tcp":
        raise ConfigError(f"endpoint {endpoint!r}: expected ipc://PATH or tcp://127.0.0.1:PORT")
    if parts.hostname not in LOOPBACK:
        raise ConfigError(
            f"endpoint {endpoint!r} is reachable from other hosts, which needs CURVE keys, and this version has none; "
            "use tcp://127.0.0.1:PORT or ipc://PATH"
        )
