# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Files of results: written whole or not at all, and what the operating system refuses is said with its remedy."""

from __future__ import annotations

import errno
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

from ns3marl.errors import ConfigError, OutputError

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_CLOSED = {errno.EACCES, errno.EPERM, errno.EROFS}


@contextmanager
def writing(path: Path, remedy: str = "choose another place with --out", kept: str = "") -> Iterator[None]:
    """A stretch of code that writes a file or a folder.

    Args:
        path: What is written, for the message.
        remedy: What to do where the place itself is no good.
        kept: What is left all the same, and how to go on: the end of the message.

    Raises:
        OutputError: In place of the ``OSError`` that the operating system gave.
    """
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            advice = "make room"
        elif error.errno in _CLOSED:
            advice = f"make it writable, or {remedy}"
        else:
            advice = remedy
        raise OutputError(
            f"{path} cannot be written: {error.strerror or error}; {advice}{kept and f'. {kept}'}"
        ) from error


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file that takes its place when all of it is on the disk: a reader sees the old one or the new one, never half of it.

    Folders on the way to it are made.

    Raises:
        OSError: It cannot be written; the file before it stays.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with unfinished.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    finally:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)


def make_folder(folder: Path, remedy: str = "choose another place with --out") -> None:
    """Makes a folder if there is none, and finds out whether files can be written there before work is done for them.

    Args:
        folder: The folder.
        remedy: See ``writing``.

    Raises:
        OutputError: They cannot.
    """
    with writing(folder, remedy):
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"?")


def write(path: Path, content: str | bytes, kept: str = "") -> None:
    """Writes a file whole, in the place of an earlier one.

    Args:
        path: The file; folders on the way to it are made.
        content: Bytes, or a text in UTF-8.
        kept: See ``writing``.

    Raises:
        OutputError: It cannot be written; the file before it stays.
    """
    data = content.encode() if isinstance(content, str) else content
    with writing(path, kept=kept), replacing(path) as file:
        file.write(data)


def read_text(path: Path) -> str:
    """A text in UTF-8.

    Raises:
        ConfigError: The file cannot be read, or holds something else.
    """
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"{path} cannot be read: it is no text in UTF-8 (byte {error.start}); save it as UTF-8, or make it again"
        ) from error
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be read: {error.strerror}; make it again, or restore a copy"
        ) from error


def read_json(path: Path) -> dict[str, Any] | None:
    """The object in a JSON file, or None if there is no such file.

    Raises:
        ConfigError: The file is damaged, or holds something else.
    """
    if not path.exists():
        return None
    try:
        content = json.loads(read_text(path))
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{path} cannot be read: {error}; make it again, or restore a copy") from error
    if not isinstance(content, dict):
        raise ConfigError(
            f"{path} cannot be read: expected an object, got {type(content).__name__}; make it again"
        )
    return content
