# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Names that are bytes and no text. Files may have them; messages of the wire, TOML and some libraries cannot hold them."""

from __future__ import annotations

import os
from pathlib import Path

from ns3marl.errors import ConfigError


def checked(text: str | Path, what: str, remedy: str = "rename it") -> str:
    """What can be written in UTF-8.

    Args:
        text: From the command line or the file system, where Python keeps other bytes as lone surrogates.
        what: Who needs it so, for the message.
        remedy: What to do about it.

    Raises:
        ConfigError: It cannot.
    """
    try:
        str(text).encode()
    except UnicodeEncodeError:
        raise ConfigError(f"{what}: {os.fsencode(text)!r} is no text in UTF-8; {remedy}") from None
    return str(text)
