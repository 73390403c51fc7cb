# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""One ROUTER socket that simulators dial in to. It moves frames and knows nothing of what they hold."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Container
from pathlib import Path
from urllib.parse import urlsplit

import zmq

from ns3marl.errors import ConfigError

LOOPBACK = ("127.0.0.1", "localhost", "::1")
MAX_FRAME_BYTES = 256 * 1024 * 1024
#: The longest path of a Unix-domain socket, less its final zero (unix(7)).
MAX_SOCKET_PATH = 107


class Router:
    """The learner's end of the wire.

    Args:
        endpoint: ``ipc://PATH`` or ``tcp://127.0.0.1:PORT`` (port 0 takes a free one); by default an ipc socket in a
            private folder that goes away with the router.

    Raises:
        ConfigError: the endpoint is not of that form, is not loopback, or cannot be bound.
    """

    def __init__(self, endpoint: str | None = None) -> None:
        self._folder: Path | None = None
        if endpoint is None:
            self._folder = Path(tempfile.mkdtemp(prefix="ns3marl-"))  # mode 0700
            endpoint = f"ipc://{self._folder}/pool"
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.ROUTER)
        self._socket.setsockopt(zmq.LINGER, 0)
        self._socket.setsockopt(zmq.ROUTER_MANDATORY, 1)
        self._socket.setsockopt(zmq.MAXMSGSIZE, MAX_FRAME_BYTES)
        self._socket.setsockopt(zmq.SNDTIMEO, 1000)
        self._receive_timeout_ms = -1
        try:
            _check(endpoint)
            self._socket.bind(endpoint)
        except zmq.ZMQError as error:
            self.close()
            raise ConfigError(
                f"endpoint {endpoint!r} cannot be bound: {error}; is another learner using it? Port 0 takes a free one"
            ) from error
        except ConfigError:
            self.close()
            raise
        #: where simulators connect to
        self.endpoint: str = self._socket.getsockopt_string(zmq.LAST_ENDPOINT)

    def send(self, peer: bytes, frame: bytes) -> bool:
        """Sends a frame; False when the peer is not (or no longer) connected."""
        try:
            self._socket.send(peer, zmq.SNDMORE)
            self._socket.send(frame)
        except (zmq.Again, zmq.ZMQError) as error:
            if error.errno in (zmq.EHOSTUNREACH, zmq.EAGAIN):
                return False
            raise
        return True

    def recv(self, timeout_ms: int, known: Container[bytes]) -> tuple[bytes, bytes] | None:
        """The next frame and its sender; None when none came in time. What others than the known send is dropped."""
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
        """Whether a frame waits to be received."""
        return bool(zmq.zmq_poll([(self._socket, zmq.POLLIN)], 0))

    def close(self) -> None:
        """Closes the socket and removes what it left in the file system. May be called twice."""
        self._socket.close()
        self._context.term()
        if self._folder is not None:
            with contextlib.suppress(OSError):
                shutil.rmtree(self._folder)


def _check(endpoint: str) -> None:
    if endpoint.startswith("ipc://"):
        path = endpoint.removeprefix("ipc://")
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
