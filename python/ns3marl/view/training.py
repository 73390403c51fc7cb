# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Watches a run in training by the files that it writes anyway: the training itself does not know of it."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from ns3marl.training import metrics
from ns3marl.training.claim import is_claimed

_NICE = 19


class TrainingLog:
    """The metrics of a run folder, as they grow.

    Args:
        folder: The run.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = folder / metrics.FILE
        self._offset = 0
        self._identity: tuple[int, int] | None = None
        self.version = 1  #: raised where the log was written anew, as by ``--resume``: rows begin again
        self.rows: list[dict[str, float]] = []

    def update(self) -> None:
        """Reads what was added since the last call. A line that is still being written is left for the next one."""
        try:
            status = self._file.stat()
        except OSError:
            return
        identity = (status.st_dev, status.st_ino)
        if identity != self._identity or status.st_size < self._offset:
            self.version += self._identity is not None
            self._identity, self._offset, self.rows = identity, 0, []
        if status.st_size == self._offset:
            return
        with suppress(OSError), self._file.open("rb") as file:
            file.seek(self._offset)
            whole, newline, _ = file.read().rpartition(b"\n")
            self._offset += len(whole) + len(newline)
            self.rows += [row for line in whole.splitlines() if (row := _row(line)) is not None]

    @property
    def is_running(self) -> bool:
        """Whether somebody trains in the folder."""
        return is_claimed(self._folder)

    @property
    def has_checkpoint(self) -> bool:
        """Whether there is a policy to play."""
        return (self._folder / "checkpoints" / "last.pt").exists()


def _row(line: bytes) -> dict[str, Any] | None:
    try:
        row = json.loads(line)
    except ValueError:
        return None
    return row if isinstance(row, dict) and "ticks" in row else None


def give_way() -> None:
    """Lets this process and the simulators that it starts compute only when a training on the same cores does not."""
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, _NICE)
