# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The frames of one episode, which a thread may add to while others read."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from ns3marl import files
from ns3marl.view import frames, recorder


class Episode:
    """Frames in their order; the first describes the episode.

    Args:
        packed: Frames that are there already, as ``frames.read`` gives them.
    """

    def __init__(self, packed: list[bytes] | None = None) -> None:
        self._lock = threading.Lock()
        self._frames = list(packed or [])

    def __len__(self) -> int:
        return len(self._frames)

    @property
    def head(self) -> dict[str, Any]:
        """What the first frame tells; empty before it is there."""
        return frames.unpack(self._frames[0]).head if self._frames else {}

    def add(self, frame: bytes) -> None:
        """Appends a frame."""
        with self._lock:
            self._frames.append(frame)

    def since(self, first: int) -> bytes:
        """All frames from number ``first`` on, one after the other."""
        with self._lock:
            return b"".join(self._frames[first:])

    def save(self, path: Path) -> None:
        """Writes a recording.

        Raises:
            OutputError: The file cannot be written.
        """
        files.write(path, frames.MAGIC + self.since(0))


def load(path: Path) -> Episode:
    """Reads a recording.

    Raises:
        TraceError: See ``frames.read``.
    """
    packed = frames.read(path)
    try:
        ended = frames.unpack(packed[-1]).head.get("kind") == "end"
    except ValueError:
        packed, ended = packed[:-1], False
    if not ended:
        packed.append(recorder.end(f"{path.name} ends here: whoever recorded it was stopped"))
    return Episode(packed)
