# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Guards a pool: only the process that created it may use it, one thread at a time."""

from __future__ import annotations

import os
import threading

from ns3marl.errors import OutOfStep


class Turn:
    """Entered by every method that talks to simulators.

    Raises:
        OutOfStep: on entering, in a process forked from the pool's, or while another thread is inside.
    """

    def __init__(self) -> None:
        self._pid = os.getpid()
        self._lock = threading.RLock()

    @property
    def is_own_process(self) -> bool:
        """Whether this is the process that created it, not a forked one."""
        return os.getpid() == self._pid

    def __enter__(self) -> None:
        if os.getpid() != self._pid:
            raise OutOfStep(
                f"the pool belongs to process {self._pid}, and this is process {os.getpid()}, which was forked from it: both would "
                "talk to the same simulators; make a pool of its own here"
            )
        if not self._lock.acquire(blocking=False):
            raise OutOfStep(
                "another thread is in a method of the pool, which takes one thread at a time; make a pool for each thread"
            )

    def __exit__(self, *_: object) -> None:
        self._lock.release()
