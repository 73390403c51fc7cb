# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""One simulator process: launch, watch, stop. It leaves nothing behind."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

from ns3marl import resources
from ns3marl.errors import LaunchError
from ns3marl.output import Output


class LifeLine:
    """By which simulators know that their learner is gone, however it went.

    It is a pipe whose read end they inherit. They end at its end of file, or when the owner of the read end has ended: a process
    that the learner forked holds the write end open for longer.
    """

    def __init__(self) -> None:
        self.read_fd, self._write_fd = os.pipe()  # both close on exec; simulators inherit only the read end
        fcntl.fcntl(self.read_fd, fcntl.F_SETOWN, os.getpid())

    def close(self) -> None:
        """Tells every simulator that holds the read end to end. May be called once."""
        os.close(self._write_fd)
        os.close(self.read_fd)


class Program:
    """An executable as it is when this is made: kept open, it can be run though a build has put another in its place.

    Args:
        path: of the executable.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._fd: int | None = None
        with contextlib.suppress(OSError):  # some may be run but not read
            self._fd = os.open(path, os.O_RDONLY)

    @property
    def replaced(self) -> bool:
        """Whether something else stands at its path now, or nothing."""
        if self._fd is None:
            return False
        try:
            return not os.path.samestat(self.path.stat(), os.fstat(self._fd))
        except OSError:
            return True

    @property
    def fd(self) -> int | None:
        """The descriptor by which a process can run it where it was replaced; None where its path will do."""
        return self._fd if self.replaced else None

    def close(self) -> None:
        """Gives the executable up. May be called twice."""
        fd, self._fd = self._fd, None
        if fd is not None:
            os.close(fd)


class Process:
    """A running simulator, in a session of its own.

    Only the process that launched it can end it: in a forked child, ``kill`` and ``stop`` do nothing.

    Args:
        command: the words that start it.
        remedy: what to do where the command cannot be run; the end of the error's sentence.
        pass_fds: file descriptors that it inherits.
        directory: where it runs; this process's current folder by default.
        executable: what is run in the place of the command's first word, which it gets as its name all the same.

    Raises:
        LaunchError: the command cannot be run, or there are too few file descriptors or processes.
    """

    def __init__(
        self,
        command: Sequence[str],
        remedy: str,
        *,
        pass_fds: Sequence[int] = (),
        directory: str | Path | None = None,
        executable: str | None = None,
    ) -> None:
        self._launcher = os.getpid()
        self._ended = False
        try:
            self._output = Output()
        except OSError as error:
            raise _launch_error(command, error, remedy) from error
        try:
            self._process = subprocess.Popen(
                command,
                executable=executable,
                stdin=subprocess.DEVNULL,
                stdout=self._output.write_fd,
                stderr=self._output.write_fd,
                pass_fds=pass_fds,
                cwd=directory,
                start_new_session=True,  # Ctrl-C is the learner's to handle
            )
        except OSError as error:
            self._output.close()
            raise _launch_error(command, error, remedy) from error
        finally:
            os.close(self._output.write_fd)
        self.pid = self._process.pid

    def is_alive(self) -> bool:
        """Whether the process still runs."""
        return self._process.poll() is None

    def ending(self) -> str:
        """How the process ended: exit status or decoded signal."""
        status = self._process.wait()
        if status >= 0:
            return f"exit status {status}"
        with contextlib.suppress(ValueError):
            return f"signal {signal.Signals(-status).name}"
        return f"signal {-status}"

    def stderr_tail(self) -> str:
        """The last 25 lines that the process printed, or "(nothing)"."""
        return self._output.tail()

    def open_fd(self) -> int:
        """A descriptor that can be read from once the process has ended (pidfd_open(2)); it is the caller's to close."""
        return os.pidfd_open(self.pid)

    def kill(self) -> None:
        """Ends the process at once, without waiting for it."""
        if os.getpid() == self._launcher:
            self._process.kill()

    def stop(self, grace_s: float = 0.0) -> None:
        """Ends the process: waits ``grace_s`` for it to end by itself, then terminates, then kills it.

        May be called twice.
        """
        if self._ended or os.getpid() != self._launcher:
            return
        for number, wait_s in ((None, grace_s), (signal.SIGTERM, 1.0), (signal.SIGKILL, None)):
            if number is not None:
                self._signal(number)
            try:
                self._process.wait(wait_s)
                break
            except subprocess.TimeoutExpired:
                continue
        self._ended = True
        self._output.close()

    def _signal(self, number: signal.Signals) -> None:
        """To the process and its children."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, number)


def _launch_error(command: Sequence[str], error: OSError, remedy: str) -> LaunchError:
    why = resources.shortage(error) or f"{error.strerror}; {remedy}"
    return LaunchError(f"scenario executable {command[0]!r} cannot be run: {why}")


class Simulator(Process):
    """A running scenario executable.

    Args:
        executable: path of the scenario.
        endpoint: where it connects to.
        identity: by which the learner's socket tells it from others.
        life_line: whose end tells it that the one who launched it is gone.
        orphaned_socket: a socket file that it removes then, with its folder.
        key_folder: of its CURVE keys.
        program: the executable as it was when the pool was made; None: as it is now.

    Raises:
        LaunchError: the executable cannot be run.
    """

    def __init__(
        self,
        executable: Path,
        endpoint: str,
        identity: str,
        life_line: LifeLine,
        *,
        orphaned_socket: str | None = None,
        key_folder: Path | None = None,
        program: Program | None = None,
    ) -> None:
        self.executable = executable
        command = [
            str(executable),
            f"--connect={endpoint}",
            f"--identity={identity}",
            f"--life-fd={life_line.read_fd}",
        ]
        if orphaned_socket is not None:
            command.append(f"--orphaned-socket={orphaned_socket}")
        if key_folder is not None:
            command.append(f"--keys={key_folder}")
        kept = None if program is None else program.fd
        super().__init__(
            command,
            "build it with `ns3marl build`, or give the path of an executable",
            pass_fds=(life_line.read_fd, *([] if kept is None else [kept])),
            executable=None if kept is None else f"/proc/self/fd/{kept}",
        )
