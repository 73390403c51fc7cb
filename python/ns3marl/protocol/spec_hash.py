# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The hash of a spec as the scenarios take it: ns-3's ``Hash64`` over the message without its hash.

``Hash64`` is the first half of MurmurHash3_x86_128 (Appleby, public domain), with ns-3's seed.
"""

from __future__ import annotations

import dataclasses

from ns3marl.protocol import spec_codec
from ns3marl.types import Spec

_SEED = 0x8BADF00D
_MASK = 0xFFFFFFFF
_FACTORS = (0x239B961B, 0xAB0E9789, 0x38B34AE5, 0xA1E38B93)
_ROTATIONS = ((15, 19, 0x561CCD1B), (16, 17, 0x0BCAA747), (17, 15, 0x96CD1C35), (18, 13, 0x32AC3B17))


def spec_hash(spec: Spec) -> str:
    """What the scenario that declares this spec would say, whatever ``spec.hash`` is; 16 hexadecimal digits."""
    message = spec_codec.to_message(dataclasses.replace(spec, hash=""))
    first, second, *_ = murmur3(message.SerializeToString(deterministic=True), _SEED)
    return f"{second:08x}{first:08x}"


def murmur3(data: bytes, seed: int) -> list[int]:
    """MurmurHash3_x86_128: four words of 32 bits."""
    words = [seed] * 4
    whole = len(data) - len(data) % 16
    for start in range(0, whole, 16):
        for j, (_, turn, add) in enumerate(_ROTATIONS):
            part = int.from_bytes(data[start + 4 * j : start + 4 * j + 4], "little")
            words[j] = _rotate(words[j] ^ _mixed(part, j), turn)
            words[j] = ((words[j] + words[(j + 1) % 4]) * 5 + add) & _MASK
    for j in range(4):
        words[j] ^= _mixed(int.from_bytes(data[whole + 4 * j : whole + 4 * j + 4], "little"), j)
    return _sums([_final(word) for word in _sums([word ^ len(data) for word in words])])


def _rotate(word: int, bits: int) -> int:
    return ((word << bits) | (word >> (32 - bits))) & _MASK


def _mixed(part: int, j: int) -> int:
    return _rotate(part * _FACTORS[j] & _MASK, _ROTATIONS[j][0]) * _FACTORS[(j + 1) % 4] & _MASK


def _final(word: int) -> int:
    word = (word ^ word >> 16) * 0x85EBCA6B & _MASK
    word = (word ^ word >> 13) * 0xC2B2AE35 & _MASK
    return word ^ word >> 16


def _sums(words: list[int]) -> list[int]:
    first = sum(words) & _MASK
    return [first, *((word + first) & _MASK for word in words[1:])]
