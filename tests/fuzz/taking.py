# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""What a pool does with a frame."""

from __future__ import annotations

from conformance import golden

from ns3marl.protocol import codec


def take_in(frame: bytes) -> None:
    """Decodes as a pool does, arrays included."""
    message = codec.decode(frame, golden.SPEC)
    observation = message.observation if isinstance(message, codec.Ready) else message
    if isinstance(observation, codec.Observation):
        codec.Block(golden.SPEC, 1).fill([observation.arrays])
