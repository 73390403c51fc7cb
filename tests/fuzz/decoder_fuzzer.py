# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Atheris' way into the learner's side of the wire: ``make fuzz``. Anything but a typed error ends it and keeps the input."""

from __future__ import annotations

import sys
from contextlib import suppress

import atheris

with atheris.instrument_imports(include=["ns3marl.protocol"]):
    from conformance import golden

    from ns3marl.errors import ProtocolError
    from ns3marl.protocol import codec


def decode_anything(data: bytes) -> None:
    """Every decoder of the learner and of its workers."""
    for decode in (take_in, codec.decode, codec.decode_for_worker):
        with suppress(ProtocolError):
            decode(data)


def take_in(frame: bytes) -> None:
    """Decodes as a pool does, arrays included."""
    message = codec.decode(frame, golden.SPEC)
    observation = message.observation if isinstance(message, codec.Ready) else message
    if isinstance(observation, codec.Observation):
        codec.Block(golden.SPEC, 1).fill([observation.arrays])


atheris.Setup(sys.argv, decode_anything)
atheris.Fuzz()
