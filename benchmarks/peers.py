# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Bare ZeroMQ peers that stand in for other wires. They answer with bytes made beforehand, so they cost next to nothing.

A peer is its own process: ``python peers.py KIND ENDPOINT FRAME_FILE``.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import zmq

DONE = b"done"


def main() -> None:
    """Answers every message with the frame until DONE comes."""
    kind, endpoint, frame_file = sys.argv[1:]
    frame = Path(frame_file).read_bytes()
    socket = zmq.Context().socket({"pair": zmq.PAIR, "req": zmq.REQ}[kind])
    socket.connect(endpoint)
    socket.send(frame)
    while socket.recv() != DONE:
        socket.send(frame)


class Peer:
    """A peer process and the learner's end of its socket."""

    def __init__(self, kind: str, folder: Path, frame: bytes) -> None:
        name = f"{kind}-{id(self)}"
        frame_file = folder / f"{name}.frame"
        frame_file.write_bytes(frame)
        endpoint = f"ipc://{folder}/{name}"
        self.socket: zmq.Socket[bytes] = zmq.Context.instance().socket(
            {"pair": zmq.PAIR, "req": zmq.REP}[kind]
        )
        self.socket.setsockopt(zmq.LINGER, 1000)
        self.socket.bind(endpoint)
        self._process = subprocess.Popen([sys.executable, __file__, kind, endpoint, str(frame_file)])
        self.socket.recv()  # the first frame: the peer stands

    def close(self) -> None:
        """Ends the peer."""
        self.socket.send(DONE)
        self._process.wait(10)
        self.socket.close()


if __name__ == "__main__":
    main()
