# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Frames: one JSON object and named arrays, compressed. A recording is a sequence of them; the page reads the same bytes.

    recording   MAGIC frame frame …
    frame       length of the rest [uint32], gzip of a block
    block       length of the head [uint32], head (JSON in UTF-8), padding, array bytes, each array from a multiple of 8 on

All numbers are little-endian. The head's ``arrays`` gives for each name the type, the shape and the offset behind the padding.
"""

from __future__ import annotations

import gzip
import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ns3marl.errors import TraceError

MAGIC = b"ns3marl-view-1\n"
SUFFIX = ".ns3view"
_LENGTH = struct.Struct("<I")
_TYPES = {"u1", "u2", "i4", "f4", "f8"}

Arrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class Frame:
    """An unpacked frame."""

    head: dict[str, Any]
    arrays: dict[str, NDArray[Any]]


def pack(head: Mapping[str, Any], arrays: Arrays) -> bytes:
    """A frame with its length in front.

    Args:
        head: Plain values for JSON; NaN and infinity are not among them.
        arrays: By name; their types are unsigned integers of 1 or 2 bytes, int32, float32 or float64.
    """
    index, parts, offset = {}, [], 0
    for name, array in arrays.items():
        values = np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<"), copy=False)
        kind = values.dtype.str[1:]
        if kind not in _TYPES:
            raise TypeError(f"array {name!r} is of {values.dtype}, expected one of {sorted(_TYPES)}")
        data = values.tobytes()
        index[name] = [kind, list(values.shape), offset]
        parts.append(data + bytes(-len(data) % 8))
        offset += len(parts[-1])
    text = json.dumps({**head, "arrays": index}, allow_nan=False, separators=(",", ":")).encode()
    text += b" " * (-(len(text) + _LENGTH.size) % 8)
    block = gzip.compress(_LENGTH.pack(len(text)) + text + b"".join(parts), compresslevel=6, mtime=0)
    return _LENGTH.pack(len(block)) + block


def unpack(frame: bytes) -> Frame:
    """The inverse of ``pack``.

    Raises:
        ValueError: It is no frame.
    """
    try:
        block = gzip.decompress(frame[_LENGTH.size :])
        (length,) = _LENGTH.unpack_from(block)
        start = _LENGTH.size + length
        head = json.loads(block[_LENGTH.size : start])
        arrays = {}
        for name, (kind, shape, offset) in head.pop("arrays").items():
            count = int(np.prod(shape))
            arrays[name] = np.frombuffer(block, f"<{kind}", count, start + offset).reshape(shape)
    except (OSError, EOFError, struct.error, AttributeError, KeyError, TypeError) as error:
        raise ValueError(str(error) or type(error).__name__) from error
    return Frame(head, arrays)


def read(path: Path) -> list[bytes]:
    """The frames of a recording, each with its length in front.

    Raises:
        TraceError: The file cannot be read, is no recording, or ends within its first frame. Where it ends later, as that of a
            process that was killed, the whole frames before the end count.
    """
    remedy = f"record it again with `ns3marl view SCENARIO --policy NAME --out FILE{SUFFIX}`"
    try:
        data = path.read_bytes()
    except OSError as error:
        raise TraceError(f"{path} cannot be read: {error.strerror}; {remedy}") from error
    if not data.startswith(MAGIC):
        raise TraceError(
            f"{path} is no recording of this version: it begins with {data[: len(MAGIC)]!r}, expected {MAGIC!r}; {remedy}"
        )
    frames, at = [], len(MAGIC)
    while at + _LENGTH.size <= len(data):
        (length,) = _LENGTH.unpack_from(data, at)
        end = at + _LENGTH.size + length
        if end > len(data):
            break
        frames.append(data[at:end])
        at = end
    try:
        head = unpack(frames[0]).head if frames else {}
    except ValueError as error:
        raise TraceError(f"{path} is damaged in its first frame: {error}; {remedy}") from error
    if head.get("kind") != "episode":
        raise TraceError(f"{path} does not begin with the description of an episode; {remedy}")
    return frames
