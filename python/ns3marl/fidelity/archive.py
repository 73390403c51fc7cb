# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Files of arrays with a JSON header: compressed ``.npz`` that any numpy reads, without pickles, with deterministic bytes."""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ns3marl.errors import TraceError

_HEADER = "header"


def digest(content: Any) -> str:
    """16 hexadecimal digits of the SHA-256 of plain values, as JSON with sorted keys; or of bytes."""
    data = content if isinstance(content, bytes) else json.dumps(content, sort_keys=True).encode()
    return hashlib.sha256(data).hexdigest()[:16]


def save(path: Path, header: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
    """Writes a file; a reader sees the old one or the new one, never half of it.

    Args:
        path: The file; its folder is created if necessary.
        header: Plain values, including ``format`` and ``version``.
        arrays: Arrays by name.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    text = np.frombuffer(json.dumps(header, allow_nan=True).encode(), np.uint8)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.npz")
    try:
        np.savez_compressed(unfinished, allow_pickle=False, **{_HEADER: text}, **arrays)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def header(path: Path, kind: str, version: int) -> dict[str, Any]:
    """The header alone; see ``load``."""
    return load(path, kind, version, only_header=True)[0]


def load(
    path: Path, kind: str, version: int, *, only_header: bool = False
) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Reads a file.

    Args:
        path: A file that ``save`` wrote.
        kind: The ``format`` that its header must have.
        version: The ``version`` that its header must have.
        only_header: Do not read the arrays.

    Returns:
        Header and arrays.

    Raises:
        TraceError: It is missing, damaged, or of another format or version.
    """
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
            head = json.loads(bytes(file[_HEADER]))
            arrays = {} if only_header else {name: file[name] for name in file.files if name != _HEADER}
    except FileNotFoundError:
        raise TraceError(f"there is no file {path}; record it first") from None
    except (
        OSError,
        ValueError,
        KeyError,
        EOFError,
        TypeError,
        AttributeError,
        zipfile.BadZipFile,
        zlib.error,
    ) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise TraceError(
            f"{path} is damaged or no {kind}: {reason}; delete it and record it again"
        ) from error
    found = (head.get("format"), head.get("version")) if isinstance(head, dict) else None
    if found != (kind, version):
        raise TraceError(
            f"{path}: expected format and version {(kind, version)}, found {found}; record it again"
        )
    return head, arrays
