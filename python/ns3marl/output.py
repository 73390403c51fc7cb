# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""What processes print: the end of it is kept, whatever the amount.

Each process writes into a pipe. One thread reads all pipes, so that no process waits for a learner that is busy; it sleeps while
nobody prints.
"""

from __future__ import annotations

import errno
import os
import select
import threading
import time
from contextlib import suppress

#: What is kept of a process's output.
TAIL_LINES = 25
TAIL_BYTES = 16 * 1024
_CHUNK_BYTES = 64 * 1024
#: Chunks that are read of one process before it is another's turn.
_CHUNKS = 16
#: After little was read, more is collected for so long [s]: a process may flush every word.
_REST_S = 0.02


class Output:
    """The last lines of one process's output, which it writes to ``write_fd``.

    Close ``write_fd`` as soon as the process has it.

    Raises:
        OSError: there are too few file descriptors or threads.
    """

    def __init__(self) -> None:
        self._read_fd, self.write_fd = os.pipe()  # both close on exec
        os.set_blocking(self._read_fd, False)
        self._kept = b""
        self._lock = threading.Lock()
        self._open = True
        try:
            _reader().add(self._read_fd, self)
        except OSError:
            os.close(self._read_fd)
            os.close(self.write_fd)
            raise

    def tail(self) -> str:
        """The last 25 lines, or "(nothing)"."""
        self.take_in()
        return "\n".join(self._kept.decode(errors="replace").splitlines()[-TAIL_LINES:]) or "(nothing)"

    def take_in(self) -> bool:
        """Reads what has arrived; whether there may be more."""
        with self._lock:
            for _ in range(_CHUNKS if self._open else 0):
                try:
                    chunk = os.read(self._read_fd, _CHUNK_BYTES)
                except BlockingIOError:
                    return False
                if not chunk:  # nobody writes any more
                    _reader().remove(self._read_fd)
                    return False
                self._kept = (self._kept + chunk)[-TAIL_BYTES:]
                if len(chunk) < _CHUNK_BYTES:
                    return False
            return self._open

    def close(self) -> None:
        """Ends reading; ``tail`` still gives what was read. May be called twice."""
        self.take_in()
        with self._lock:
            if self._open:
                self._open = False
                _reader().remove(self._read_fd)
                os.close(self._read_fd)


class _Reader:
    """The thread that reads all outputs of this process."""

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._outputs: dict[int, Output] = {}
        try:
            threading.Thread(target=self._read, name="ns3marl-output", daemon=True).start()
        except RuntimeError as error:  # the kernel starts none
            self._epoll.close()
            raise OSError(errno.EAGAIN, str(error)) from error

    def add(self, descriptor: int, output: Output) -> None:
        """From now on this output is read."""
        self._outputs[descriptor] = output
        self._epoll.register(descriptor, select.EPOLLIN)

    def remove(self, descriptor: int) -> None:
        """This output is read no longer."""
        if self._outputs.pop(descriptor, None) is not None:
            with suppress(OSError):
                self._epoll.unregister(descriptor)

    def _read(self) -> None:
        while True:
            more = [
                output.take_in()
                for output in [self._outputs.get(descriptor) for descriptor, _ in self._epoll.poll()]
                if output is not None
            ]
            if not any(more):
                time.sleep(_REST_S)


_readers: list[_Reader] = []


def _reader() -> _Reader:
    if not _readers:
        _readers.append(_Reader())
    return _readers[0]


os.register_at_fork(after_in_child=_readers.clear)  # the thread is its parent's
