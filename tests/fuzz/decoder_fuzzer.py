# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Atheris' way into the learner's side of the wire: ``make fuzz``. Anything but a typed error ends it and keeps the input."""

from __future__ import annotations

import sys
from contextlib import suppress

import atheris

with atheris.instrument_imports(include=["ns3marl.protocol"]):
    from fuzz.taking import take_in

    from ns3marl.errors import ProtocolError
    from ns3marl.protocol import codec


def decode_anything(data: bytes) -> None:
    """Every decoder of the learner and of its workers."""
    for decode in (take_in, codec.decode, codec.decode_for_worker):
        with suppress(ProtocolError):
            decode(data)


atheris.Setup(sys.argv, decode_anything)
atheris.Fuzz()
