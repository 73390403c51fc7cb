# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""One ROUTER socket that simulators dial in to. It moves frames and knows nothing of what they hold.

On this host (``ipc://``) the learner speaks ZMTP itself (``local_router``), over TCP the ZeroMQ library does.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import zmq
from zmq.auth.thread import ThreadAuthenticator

from ns3marl import keys
from ns3marl.errors import ConfigError
from ns3marl.local_router import MAX_SOCKET_PATH, LocalRouter

LOOPBACK = ("127.0.0.1", "localhost", "::1")
MAX_FRAME_BYTES = 256 * 1024 * 1024
_IPC = "ipc://"
#: A connection that has not proved itself after so long is closed.
_HANDSHAKE_MS = 5000


class Router(Protocol):
    """The learner's end of the wire."""

    endpoint: str  #: where simulators connect to
    private_path: str | None  #: a socket file in a folder of its own, which nobody else would remove

    def send(self, peer: bytes, frame: bytes) -> bool:
        """Sends a frame; False when the peer is not (or no longer) connected, or took nothing for a second."""
        ...

    def recv(self, timeout_ms: int) -> tuple[bytes, bytes] | None:
        """The next frame and its sender; None when none came in time. Of a message in parts the first is the frame."""
        ...

    def has_frame(self) -> bool:
        """Whether a frame waits to be received."""
        ...

    def close(self) -> None:
        """Closes the socket and removes what it left in the file system. May be called twice."""
        ...


def listen(endpoint: str | None = None, key_folder: Path | None = None) -> Router:
    """Binds the learner's end of the wire.

    Args:
        endpoint: ``ipc://PATH`` or ``tcp://ADDRESS:PORT`` (port 0 takes a free one); by default an ipc socket in a
            private folder that goes away with the router. A socket file that a killed learner left is replaced.
        key_folder: Of a learner's CURVE keys, see ``keys``: only simulators whose keys lie there are let in. Addresses that
            other hosts can reach are not bound without.

    Raises:
        ConfigError: The endpoint is not of that form, needs keys or takes none, or cannot be bound.
    """
    if endpoint is not None:
        check(endpoint, encrypted=key_folder is not None)
    if key_folder is not None and (endpoint is None or endpoint.startswith(_IPC)):
        raise ConfigError(
            f"endpoint {endpoint!r}: keys are for tcp; an ipc socket is guarded by its file's mode"
        )
    own = None if key_folder is None else keys.read_learner(key_folder)
    try:
        if endpoint is None or endpoint.startswith(_IPC):
            return LocalRouter(endpoint and endpoint.removeprefix(_IPC), MAX_FRAME_BYTES)
        return RemoteRouter(endpoint, own)
    except OSError as error:
        raise ConfigError(
            f"endpoint {endpoint!r} cannot be bound: {os.strerror(error.errno or 0)}; is another learner using it? Port 0 "
            "takes a free one"
        ) from error


class RemoteRouter:
    """A ROUTER of the ZeroMQ library, with its I/O thread; see ``Router``.

    Args:
        endpoint: Where to bind.
        own: The learner's keys; None: neither encryption nor authentication.

    Raises:
        OSError: It cannot be bound.
    """

    def __init__(self, endpoint: str, own: keys.LearnerKeys | None = None) -> None:
        self.private_path: str | None = None
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._gate: ThreadAuthenticator | None = None
        self._socket = self._context.socket(zmq.ROUTER)
        self._socket.setsockopt(zmq.LINGER, 0)
        self._socket.setsockopt(zmq.ROUTER_MANDATORY, 1)
        self._socket.setsockopt(zmq.MAXMSGSIZE, MAX_FRAME_BYTES)
        self._socket.setsockopt(zmq.SNDTIMEO, 1000)
        self._socket.setsockopt(zmq.HANDSHAKE_IVL, _HANDSHAKE_MS)
        self._socket.setsockopt(zmq.TCP_KEEPALIVE, 1)
        self._socket.setsockopt(zmq.TCP_KEEPALIVE_IDLE, 30)
        self._socket.setsockopt(zmq.IPV6, 1)
        self._receive_timeout_ms = -1
        if own is not None:
            self._gate = ThreadAuthenticator(self._context)  # answers ZAP: who may come in
            self._gate.start()
            self._gate.configure_curve(domain="*", location=str(own.simulators))
            self._socket.curve_server = True
            self._socket.curve_publickey, self._socket.curve_secretkey = own.public, own.secret
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

    def recv(self, timeout_ms: int) -> tuple[bytes, bytes] | None:
        """See ``Router``."""
        if timeout_ms != self._receive_timeout_ms:
            self._socket.setsockopt(zmq.RCVTIMEO, timeout_ms)
            self._receive_timeout_ms = timeout_ms
        try:
            peer = self._socket.recv()
            frame = self._socket.recv() if self._socket.rcvmore else b""
            while self._socket.rcvmore:
                self._socket.recv()
        except zmq.Again:
            return None
        return peer, frame

    def has_frame(self) -> bool:
        """See ``Router``."""
        return bool(zmq.zmq_poll([(self._socket, zmq.POLLIN)], 0))

    def close(self) -> None:
        """See ``Router``."""
        self._socket.close()
        if self._gate is not None:
            self._gate.stop()
            self._gate = None
        self._context.term()


def check(endpoint: str, *, encrypted: bool) -> None:
    """Refuses endpoints that cannot work or should not.

    Args:
        endpoint: To bind or to dial.
        encrypted: Whether CURVE keys are given.

    Raises:
        ConfigError: It is neither ``ipc://PATH`` nor ``tcp://ADDRESS:PORT``, or leads to other hosts without keys.
    """
    if endpoint.startswith(_IPC):
        path = endpoint.removeprefix(_IPC)
        if not path or len(os.fsencode(path)) > MAX_SOCKET_PATH:
            raise ConfigError(
                f"endpoint {endpoint!r}: a socket's path has 1 to {MAX_SOCKET_PATH} bytes; "
                "give a shorter one, or set TMPDIR to a short folder"
            )
        if path.startswith("@"):
            raise ConfigError(
                f"endpoint {endpoint!r}: abstract sockets have no file whose mode guards them; give the path of a file"
            )
        return
    parts = urlsplit(endpoint)
    if parts.scheme != "tcp":
        raise ConfigError(f"endpoint {endpoint!r}: expected ipc://PATH or tcp://127.0.0.1:PORT")
    if parts.hostname not in LOOPBACK and not encrypted:
        raise ConfigError(
            f"endpoint {endpoint!r} is reachable from other hosts, which needs CURVE keys: make them with `ns3marl keys FOLDER` "
            "and name the folder of this host, or use tcp://127.0.0.1:PORT or ipc://PATH"
        )
