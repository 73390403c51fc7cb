# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""One training at a time in a run folder: a lock that the operating system releases when its process ends for any reason."""

from __future__ import annotations

import errno
import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ns3marl.errors import ConfigError
from ns3marl.files import writing

FILE = ".lock"
#: What file systems say that have no locks; a training goes on there without one.
_NO_LOCKS = {errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS}


@contextmanager
def claimed(folder: Path) -> Iterator[None]:
    """Locks a folder for one training; creates the folder if necessary, and removes the lock's file afterwards.

    Raises:
        ConfigError: Another training uses it.
        OutputError: Nothing can be written there.
    """
    path = folder / FILE
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    descriptor = _locked(path)
    with suppress(OSError):  # it only names the process; the files that follow say that the disk is full
        os.truncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()} on {socket.gethostname()}\n".encode())
    try:
        yield
    finally:
        with suppress(OSError):
            path.unlink()
        os.close(descriptor)


def is_claimed(folder: Path) -> bool:
    """Whether a training uses a folder, without touching its lock. The file of one that was killed on this host does not count."""
    try:
        holder = (folder / FILE).read_text(errors="replace").strip()
    except OSError:
        return False
    process, _, host = holder.partition(" on ")
    if host != socket.gethostname() or not process.isdecimal():
        return True  # of another host, or being written
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return False
    except OSError:  # somebody else's process
        return True
    return True


def _locked(path: Path) -> int:
    """The descriptor of a file that only this process has locked."""
    while True:
        with writing(path):
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in _NO_LOCKS:
                return descriptor
            holder = os.read(descriptor, 300).decode(errors="replace").strip() or "another process"
            os.close(descriptor)
            raise ConfigError(
                f"{path.parent} is being trained by process {holder}: two trainings would mix their checkpoints and metrics; "
                "wait until it ends or stop it, or choose another folder with --out"
            ) from None
        if _is(path, descriptor):
            return descriptor
        os.close(descriptor)  # whoever had it has ended in between, and removed it


def _is(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False
