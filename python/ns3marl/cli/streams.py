# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Handles standard streams that are closed, full, without a reader, or of an encoding that lacks a letter."""

from __future__ import annotations

import codecs
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout, suppress
from pathlib import Path
from typing import TextIO


def _any_letter(error: UnicodeError) -> tuple[str | bytes, int]:
    """Writes bytes of file names that are not text unchanged; letters that the encoding lacks become ``?``."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    out = bytearray()
    for letter in error.object[error.start : error.end]:
        out += bytes((ord(letter) - 0xDC00,)) if "\udc80" <= letter <= "\udcff" else b"?"
    return bytes(out), error.end


codecs.register_error("ns3marl-any-letter", _any_letter)


@contextmanager
def safe_output() -> Iterator[None]:
    """Context in which printing fails neither because of a letter nor because the program has no output."""
    _open_closed()
    sys.stdout = sys.stdout or _nowhere()
    sys.stderr = sys.stderr or _nowhere()
    streams = [stream for stream in (sys.stdout, sys.stderr) if isinstance(stream, io.TextIOWrapper)]
    errors = [stream.errors or "strict" for stream in streams]
    for stream in streams:
        stream.reconfigure(errors="ns3marl-any-letter")
    try:
        yield
    finally:
        for stream, before in zip(streams, errors, strict=True):
            with suppress(OSError, ValueError):  # what is left in it cannot be written, or it is closed
                stream.reconfigure(errors=before)


@contextmanager
def apart() -> Iterator[TextIO]:
    """Gives the standard output, for a document alone: what is printed meanwhile goes to the standard error."""
    out = sys.stdout
    with redirect_stdout(sys.stderr):
        yield out


def write_no_more(stream: TextIO) -> None:
    """If printed text cannot be written, discards the rest, so that the end of the program does not fail."""
    try:
        stream.flush()
    except OSError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def _nowhere() -> TextIO:
    return Path(os.devnull).open("w", encoding="utf-8")


def _open_closed() -> None:
    """Prevents files, sockets and simulators' pipes from using the numbers of closed standard streams."""
    while (number := os.open(os.devnull, os.O_RDWR)) <= 2:  # the lowest number that is free
        pass
    os.close(number)
