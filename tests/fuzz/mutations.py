# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Frames that were right once: what a fault on the way, or somebody with ideas, would make of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

#: Golden frames are where it begins; inputs that once found something stand in ``corpus``, and are tried every time.
GOLDEN = Path(__file__).parents[1] / "conformance"
CORPUS = Path(__file__).parent / "corpus"

#: Varints and lengths at their limits.
_EDGES = (b"\xff" * 9 + b"\x01", b"\xff\xff\xff\xff\x0f", b"\x80" * 10, b"\x00", b"\x7f", b"\xff\xff\xff\x7f")


def seeds() -> list[bytes]:
    """All frames to begin with."""
    return [path.read_bytes() for path in sorted([*GOLDEN.glob("*.bin"), *CORPUS.glob("*")])]


def mutate(frame: bytes, others: list[bytes], rng: np.random.Generator) -> bytes:
    """One to four changes: bits, bytes, lengths, cuts, repetitions, and parts of other frames."""
    data = bytearray(frame)
    for _ in range(rng.integers(1, 5)):
        at = int(rng.integers(len(data) + 1))
        end = min(len(data), at + int(rng.geometric(0.1)))
        how = rng.integers(7)
        if how == 0 and at < len(data):
            data[at] ^= 1 << int(rng.integers(8))
        elif how == 1 and at < len(data):
            data[at] = int(rng.integers(256))
        elif how == 2:
            data[at:at] = _EDGES[int(rng.integers(len(_EDGES)))]
        elif how == 3:
            del data[at:end]
        elif how == 4:
            data[at:at] = data[at:end] * int(rng.integers(1, 20))
        elif how == 5:
            other = others[int(rng.integers(len(others)))]
            begin = int(rng.integers(len(other) + 1))
            data[at:end] = other[begin : begin + int(rng.geometric(0.05))]
        else:
            data[at:end] = rng.bytes(end - at)
    return bytes(data)
