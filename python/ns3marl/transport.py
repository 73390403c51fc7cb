# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""One ROUTER socket that simulators dial in to. It moves frames and knows nothing of what they hold.

On this host (``ipc://``) the learner speaks ZMTP itself (``local_router``), over TCP the ZeroMQ library does.
"""

from __future__ import annotations

import errno
import os
import re
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import zmq
from zmq.auth.thread import ThreadAuthenticator
from zmq.utils.monitor import recv_monitor_message

from ns3marl import keys, resources
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

    @property
    def refusal(self) -> str:
        """Who was not let in last, for the end of a message; or nothing."""
        ...

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
        raise refused(endpoint, "bound", error) from error


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
        self._gate: _Gate | None = None
        self._authenticator: ThreadAuthenticator | None = None
        self._receive_timeout_ms = -1
        try:
            self._bind(endpoint, own)
        except zmq.ZMQError as error:
            self._stop_gate()
            self._context.destroy(linger=0)
            raise OSError(error.errno, str(error)) from error
        self.endpoint: str = _plain(self._socket.getsockopt_string(zmq.LAST_ENDPOINT))

    def _bind(self, endpoint: str, own: keys.LearnerKeys | None) -> None:
        self._socket = self._context.socket(zmq.ROUTER)
        self._monitor = self._socket.get_monitor_socket(
            zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL
        )
        self._socket.setsockopt(zmq.LINGER, 0)
        self._socket.setsockopt(zmq.ROUTER_MANDATORY, 1)
        self._socket.setsockopt(zmq.MAXMSGSIZE, MAX_FRAME_BYTES)
        self._socket.setsockopt(zmq.SNDTIMEO, 1000)
        self._socket.setsockopt(zmq.HANDSHAKE_IVL, _HANDSHAKE_MS)
        self._socket.setsockopt(zmq.TCP_KEEPALIVE, 1)
        self._socket.setsockopt(zmq.TCP_KEEPALIVE_IDLE, 30)
        self._socket.setsockopt(zmq.IPV6, 1)
        if own is not None:
            self._gate = _Gate(own)
            self._authenticator = ThreadAuthenticator(self._context)
            self._authenticator.start()
            self._authenticator.configure_curve_callback("*", self._gate)
            self._socket.curve_server = True
            self._socket.curve_publickey, self._socket.curve_secretkey = own.public, own.secret
        self._socket.bind(endpoint)

    @property
    def refusal(self) -> str:
        """See ``Router``."""
        if self._gate is not None and self._gate.refusal:
            return self._gate.refusal
        try:
            recv_monitor_message(self._monitor, zmq.NOBLOCK)
        except zmq.Again:
            return ""
        wants = (
            "keys that it knows and that know its own"
            if self._gate is not None
            else "no keys (pool.keys is not set)"
        )
        return f"; somebody's handshake failed: the learner expects {wants}"

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
        if not self._socket.closed:
            self._socket.disable_monitor()
        self._monitor.close()
        self._socket.close()
        self._stop_gate()
        self._context.term()

    def _stop_gate(self) -> None:
        if self._authenticator is not None:
            self._authenticator.stop()
            self._authenticator = None


class _Gate:
    """Says for ZAP who may come in (``zmq.auth``), and remembers whom it refused."""

    def __init__(self, own: keys.LearnerKeys) -> None:
        self.refusal = ""
        self._own = own

    def callback(self, domain: str, key: bytes) -> bool:
        """Whether a public key is let in."""
        del domain
        if key in self._own.allowed:
            return True
        self.refusal = f"; a host with the key {key.decode()} was not let in: none of the files in {self._own.simulators} holds it"
        return False


def _plain(endpoint: str) -> str:
    """An IPv4 address as people write it, and not within one of IPv6."""
    return re.sub(r"\[::ffff:([0-9.]+)\]", r"\1", endpoint)


def to_dial(endpoint: str) -> str:
    """What to dial where ``endpoint`` is bound; an address that stands for all of a host is HOST."""
    return re.sub(r"^tcp://(0\.0\.0\.0|\*|\[::\]):", "tcp://HOST:", endpoint)


def check(endpoint: str, *, encrypted: bool, dial: bool = False) -> None:
    """Refuses endpoints that cannot work or should not.

    Args:
        endpoint: To bind or to dial.
        encrypted: Whether CURVE keys are given.
        dial: Whether it is to be dialled.

    Raises:
        ConfigError: It is neither ``ipc://PATH`` nor ``tcp://ADDRESS:PORT``, or leads to other hosts without keys.
    """
    if endpoint.startswith(_IPC):
        _check_path(endpoint, dial=dial)
        return
    if not endpoint.startswith("tcp://"):
        raise ConfigError(f"endpoint {endpoint!r}: expected ipc://PATH or tcp://127.0.0.1:PORT")
    try:
        parts = urlsplit(endpoint)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise _no_address(endpoint, str(error)) from None
    if not host or endpoint != f"tcp://{parts.netloc}" or "@" in parts.netloc:
        raise _no_address(endpoint, "it is no address and port alone")
    if port is None or (dial and port == 0):
        raise _no_address(endpoint, "it names no port" if port is None else "port 0 cannot be dialled")
    if host not in LOOPBACK and not encrypted:
        raise ConfigError(
            f"endpoint {endpoint!r} is reachable from other hosts, which needs CURVE keys: make them with `ns3marl keys FOLDER` "
            "and name the folder of this host, or use tcp://127.0.0.1:PORT or ipc://PATH"
        )


def _no_address(endpoint: str, why: str) -> ConfigError:
    return ConfigError(
        f"endpoint {endpoint!r}: {why}; expected tcp://ADDRESS:PORT, such as tcp://127.0.0.1:5555 or tcp://[::1]:5555, with a "
        "port up to 65535"
    )


def _check_path(endpoint: str, *, dial: bool) -> None:
    """Refuses what can be no socket's path."""
    name = endpoint.removeprefix(_IPC)
    if not name or len(os.fsencode(name)) > MAX_SOCKET_PATH:
        raise ConfigError(
            f"endpoint {endpoint!r}: a socket's path has 1 to {MAX_SOCKET_PATH} bytes; "
            "give a shorter one, or set TMPDIR to a short folder"
        )
    if name.startswith("@") or "\0" in name:
        raise ConfigError(
            f"endpoint {endpoint!r}: abstract sockets have no owner who could guard them; give the path of a file: ipc://PATH"
        )
    path = Path(name)
    try:
        there, is_socket, is_folder = path.exists(), path.is_socket(), path.is_dir()
        if not dial and not path.absolute().parent.is_dir():
            raise ConfigError(
                f"endpoint {endpoint!r}: there is no folder {path.parent}; make it, or name another path"
            )
    except PermissionError:
        raise ConfigError(
            f"endpoint {endpoint!r}: {path.parent} may not be looked into; name a folder where you may"
        ) from None
    if there and not is_socket:
        what = "a folder: name a file in it" if is_folder else "no socket: remove it, or name another path"
        raise ConfigError(f"endpoint {endpoint!r}: {path} is {what}")


def refused(endpoint: str | None, what: str, error: OSError) -> ConfigError:
    """What to do about an endpoint that cannot be bound or dialled."""
    tcp = endpoint is not None and endpoint.startswith("tcp:")
    in_use = "take port 0, which is a free one" if tcp else "name another path"
    remedies = {
        errno.EADDRINUSE: f"another learner uses it: stop that one, or {in_use}",
        errno.EADDRNOTAVAIL: "this host has no such address; `ip address` lists those that it has",
        errno.EACCES: "ports below 1024 are the system's: take a higher one"
        if tcp
        else "name a folder where you may write",
    }
    why = resources.shortage(error) or (os.strerror(error.errno) if error.errno else str(error))
    if endpoint is None:
        return ConfigError(
            f"no private socket can be made: {why}; set TMPDIR to a folder that this process may write to"
        )
    remedy = remedies.get(error.errno or 0)
    return ConfigError(f"endpoint {endpoint!r} cannot be {what}: {why}{f'; {remedy}' if remedy else ''}")
