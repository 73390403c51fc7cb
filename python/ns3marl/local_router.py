# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The learner's end of the wire on this host: a ROUTER over Unix-domain sockets without an I/O thread.

It speaks ZMTP 3.0 with the NULL mechanism (https://rfc.zeromq.org/spec/23), so any ZeroMQ DEALER may dial in. A frame that
arrives wakes the learner itself, not a thread that wakes the learner (docs/decisions/0005).
"""

from __future__ import annotations

import contextlib
import errno
import os
import select
import socket
import struct
import tempfile
import time
from collections import deque
from pathlib import Path

from ns3marl import resources
from ns3marl.errors import LaunchError

# Flags of a frame.
_MORE, _LONG, _COMMAND = 1, 2, 4

_GREETING = b"\xff" + bytes(8) + b"\x7f\x03\x00" + b"NULL".ljust(20, b"\0") + bytes(32)
_READY = b"\x05READY" + b"\x0bSocket-Type" + b"\x00\x00\x00\x06ROUTER" + b"\x08Identity" + bytes(4)
_BUFFER_BYTES = 64 * 1024
#: The longest frame of a peer that nothing has been sent to: a Hello has some 100 bytes.
_STRANGER_BYTES = 64 * 1024
#: The longest path of a Unix-domain socket, less its final zero (unix(7)).
MAX_SOCKET_PATH = 107
_SOCKET = "pool"
_SEND_TIMEOUT = struct.pack("ll", 1, 0)  # a struct timeval of 1 s
_LENGTH = struct.Struct(">Q")


class LocalRouter:
    """A listening Unix-domain socket and the peers that dialled in.

    Args:
        path: Of the socket file, which its owner alone may use (mode 0600). One that nobody listens to any more is replaced.
            None: a file in a private folder (mode 0700) that goes away with the router.
        max_frame_bytes: A peer that announces a longer frame is disconnected. So is one that nothing has been sent to yet, and
            that announces more than 64 KiB: anybody may dial in, and nobody knows it yet.

    Raises:
        OSError: The path cannot be bound.
    """

    refusal = ""  #: a socket file lets in whoever may open it

    def __init__(self, path: str | None, max_frame_bytes: int) -> None:
        self._folder = _private_folder() if path is None else None
        self._path = f"{self._folder}/{_SOCKET}" if path is None else path
        self.endpoint = f"ipc://{self._path}"  #: where simulators connect to
        self.private_path = (
            self._path if path is None else None
        )  #: the file, if its folder is this router's own
        self._max_frame_bytes = max_frame_bytes
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._bind()
            self._listener.listen(128)
        except OSError:
            self._listener.close()
            self._remove_folder()
            raise
        self._listener.setblocking(False)
        self._epoll = select.epoll()
        self._epoll.register(self._listener, select.EPOLLIN)
        self._connections: dict[int, _Connection] = {}  # by file descriptor
        self._peers: dict[bytes, _Connection] = {}  # by identity, once hands are shaken
        self._frames: deque[tuple[bytes, bytes]] = deque()  # received, not yet asked for

    def _bind(self) -> None:
        try:
            self._listener.bind(self._path)
        except OSError as error:
            if error.errno != errno.EADDRINUSE or self._is_in_use():
                raise
            Path(self._path).unlink(missing_ok=True)
            self._listener.bind(self._path)
        Path(self._path).chmod(0o600)

    def _is_in_use(self) -> bool:
        """Whether somebody listens at the path, or it is no socket at all."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as caller:
            try:
                caller.connect(self._path)
            except ConnectionRefusedError:
                return not Path(self._path).is_socket()
            except OSError:
                return True
        return True

    def send(self, peer: bytes, frame: bytes) -> bool:
        """Sends a frame; False when the peer is not (or no longer) connected, or took nothing for a second."""
        connection = self._peers.get(peer)
        if connection is None:
            return False
        connection.max_frame_bytes = self._max_frame_bytes
        try:
            connection.socket.sendall(_header(0, len(frame)) + frame)
        except BlockingIOError:  # half a frame may be gone: nothing more can be said on this connection
            self._drop(connection)
            return False
        except OSError:  # what the peer said before it left may still be read
            return False
        return True

    def recv(self, timeout_ms: int) -> tuple[bytes, bytes] | None:
        """The next frame and its sender; None when none came in time. Of a message in parts the first is the frame."""
        frames = self._frames
        if not frames:
            deadline_s = time.monotonic() + timeout_ms / 1000
            while self._poll(timeout_ms) and not frames and time.monotonic() < deadline_s:
                pass  # a part of a frame
        return frames.popleft() if frames else None

    def has_frame(self) -> bool:
        """Whether a frame has arrived with those received already; what has not been read yet may wait for its turn."""
        return bool(self._frames)

    def close(self) -> None:
        """Closes all sockets and removes the socket file. May be called twice."""
        for connection in list(self._connections.values()):
            self._drop(connection)
        self._epoll.close()
        self._listener.close()
        with contextlib.suppress(OSError):
            Path(self._path).unlink()
        self._remove_folder()

    def _remove_folder(self) -> None:
        if self._folder is not None:
            with contextlib.suppress(OSError):
                Path(self._folder).rmdir()

    def _poll(self, timeout_ms: int) -> bool:
        """Takes in whatever has arrived, and waits if nothing has; False when nothing came in time."""
        events = self._epoll.poll(timeout_ms / 1000)
        for descriptor, _ in events:
            connection = self._connections.get(descriptor)
            if connection is None:
                self._accept()
                continue
            try:
                frames = connection.read()
                if not connection.ready and connection.identity is not None:
                    self._welcome(connection)
                self._frames.extend(frames)
            except (OSError, _NoPeer):
                self._drop(connection)
        return bool(events)

    def _accept(self) -> None:
        try:
            accepted, _ = self._listener.accept()
        except OSError as error:
            why = resources.shortage(error)
            if why is not None:  # it would be tried again at once, and for ever
                raise LaunchError(
                    f"a peer that dialled in at {self.endpoint} cannot be let in: {why}"
                ) from error
            return  # gone again
        accepted.setblocking(True)
        accepted.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, _SEND_TIMEOUT)
        connection = _Connection(accepted, min(_STRANGER_BYTES, self._max_frame_bytes))
        self._connections[accepted.fileno()] = connection
        self._epoll.register(accepted, select.EPOLLIN)
        try:
            accepted.sendall(_GREETING)
        except OSError:
            self._drop(connection)

    def _welcome(self, connection: _Connection) -> None:
        """A peer has named itself; a name that is taken is refused."""
        identity = connection.identity
        if not identity or identity in self._peers:
            raise _NoPeer
        connection.socket.sendall(_header(_COMMAND, len(_READY)) + _READY)
        connection.ready = True
        self._peers[identity] = connection

    def _drop(self, connection: _Connection) -> None:
        self._connections.pop(connection.socket.fileno(), None)
        if connection.ready and connection.identity is not None:
            self._peers.pop(connection.identity, None)
        self._epoll.unregister(connection.socket)  # a forked process may hold it, then closing alone does not
        connection.socket.close()


class _NoPeer(Exception):  # noqa: N818 - ends a connection, never leaves this module
    """What came is no ZMTP, or not from a DEALER that may be here."""


class _Connection:
    """One peer: what has been read and not yet understood."""

    def __init__(self, connected: socket.socket, max_frame_bytes: int) -> None:
        self.socket = connected
        self.identity: bytes | None = None  #: once its READY came
        self.ready = False  #: whether ours was sent
        self.max_frame_bytes = max_frame_bytes
        self._greeted = False
        self._buffer = bytearray(_BUFFER_BYTES)
        self._view = memoryview(self._buffer)
        self._end = 0
        self._within_message = False  # the next frame is a further part of a message

    def read(self) -> list[tuple[bytes, bytes]]:
        """Reads what has arrived.

        Returns:
            The frames that are complete, with this peer's identity; of messages in several parts, the first ones.

        Raises:
            OSError, _NoPeer: The connection is of no more use.
        """
        count = self.socket.recv_into(self._view[self._end :], 0, socket.MSG_DONTWAIT)
        if count == 0:
            raise _NoPeer
        self._end += count
        begin = 0
        if not self._greeted:
            if self._buffer[0] != 0xFF:
                raise _NoPeer
            if self._end < len(_GREETING):
                return []
            if (
                self._buffer[9] != 0x7F
                or self._buffer[10] < 3
                or self._buffer[12:32].rstrip(b"\0") != b"NULL"
            ):
                raise _NoPeer
            self._greeted, begin = True, len(_GREETING)
        frames: list[tuple[bytes, bytes]] = []
        while (head := self._head(begin)) is not None:
            flags, start, stop = head
            if stop > self._end:
                self._make_room(begin, stop - begin)
                return frames
            self._take(flags, bytes(self._view[start:stop]), frames)
            begin = stop
        self._make_room(begin, 0)
        return frames

    def _head(self, begin: int) -> tuple[int, int, int] | None:
        """Flags, start and end of the frame that begins here; None while its head is incomplete."""
        buffer, left = self._buffer, self._end - begin
        if left < 2:
            return None
        flags = buffer[begin]
        if flags > (_MORE | _LONG | _COMMAND):
            raise _NoPeer
        if flags & _LONG:
            if left < 9:
                return None
            start, size = begin + 9, _LENGTH.unpack_from(buffer, begin + 1)[0]
        else:
            start, size = begin + 2, buffer[begin + 1]
        if size > self.max_frame_bytes:
            raise _NoPeer
        return flags, start, start + size

    def _make_room(self, begin: int, needed: int) -> None:
        """Moves what is left to the front of a buffer that holds ``needed`` bytes."""
        left = self._end - begin
        if needed > len(self._buffer):
            larger = bytearray(needed)
            larger[:left] = self._view[begin : self._end]
            self._buffer, self._view = larger, memoryview(larger)
        elif begin and left:
            self._buffer[:left] = self._buffer[begin : self._end]
        self._end = left

    def _take(self, flags: int, body: bytes, frames: list[tuple[bytes, bytes]]) -> None:
        if flags & _COMMAND:
            if self.identity is None:
                self.identity = _identity(body)
            return  # others are for later versions of ZMTP
        if self.identity is None:
            raise _NoPeer
        if not self._within_message:
            frames.append((self.identity, body))
        self._within_message = bool(flags & _MORE)


def _private_folder() -> str:
    """A new folder for a socket file, in ``TMPDIR`` unless that makes the file's path too long."""
    folder = tempfile.mkdtemp(prefix="ns3marl-")
    if len(os.fsencode(f"{folder}/{_SOCKET}")) <= MAX_SOCKET_PATH:
        return folder
    Path(folder).rmdir()
    return tempfile.mkdtemp(prefix="ns3marl-", dir="/tmp")


def _header(flags: int, size: int) -> bytes:
    if size < 256:
        return bytes((flags, size))
    return bytes((flags | _LONG,)) + _LENGTH.pack(size)


def _identity(ready: bytes) -> bytes:
    """The property Identity of a READY command."""
    if not ready.startswith(b"\x05READY"):
        raise _NoPeer
    properties: dict[bytes, bytes] = {}
    at = 6
    while at < len(ready):
        name_end = at + 1 + ready[at]
        value_at = name_end + 4
        value_end = value_at + int.from_bytes(ready[name_end:value_at], "big")
        if value_end > len(ready):
            raise _NoPeer
        properties[ready[at + 1 : name_end].lower()] = ready[value_at:value_end]
        at = value_end
    return properties.get(b"identity", b"")
