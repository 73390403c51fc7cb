# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Random numbers for all environments at once, on any device, determined by (seed, run, tick) and their position.

SplitMix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014) by counter: whole numbers modulo 2^64, so
uniform numbers are the same on every device.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

_GOLDEN, _FIRST, _SECOND = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB
#: Proposals for a gamma number; the probability that all are rejected is below 1e-7.
_PROPOSALS = 6


class Counters:
    """The numbers of one tick.

    Args:
        seed: ns-3's RngSeed.
        run: RngRun of each environment, int64 [B], on the device where numbers are drawn.
        tick: Of the episode.
    """

    def __init__(self, seed: int, run: Tensor, tick: int) -> None:
        self._state = _mixed(
            _mixed(run * _signed(_GOLDEN) + _signed(seed * _SECOND)) + _signed(tick * _GOLDEN)
        )
        self._used = 0

    def uniform(self, *shape: int) -> Tensor:
        """Numbers in [0, 1), multiples of 2^-24, float32 [B, ...]."""
        count = math.prod(shape)
        place = torch.arange(self._used + 1, self._used + count + 1, device=self._state.device)
        self._used += count
        bits = _mixed(self._state[:, None] + place * _signed(_GOLDEN))
        return (_shifted(bits, 40).float() * 2.0**-24).view(-1, *shape)

    def normal(self, *shape: int) -> Tensor:
        """Numbers of zero mean and unit variance (Box and Muller 1958), float32 [B, ...]."""
        radius, angle = (-2 * torch.log1p(-self.uniform(*shape))).sqrt(), 2 * math.pi * self.uniform(*shape)
        return radius * angle.cos()

    def gamma(self, shape: Tensor) -> Tensor:
        """Gamma numbers of unit scale (Marsaglia and Tsang, ACM TOMS 26, 2000), [B, ...].

        Args:
            shape: Shape parameters, above 1, [B, ...].
        """
        each = (_PROPOSALS, *shape.shape[1:])
        d = shape[:, None] - 1 / 3
        x = self.normal(*each)
        v = (1 + x / (9 * d).sqrt()) ** 3
        bound = 0.5 * x**2 + d - d * v + d * v.clamp(min=1e-30).log()
        accepted = (v > 0) & (torch.log1p(-self.uniform(*each)) < bound)
        first = accepted.long().argmax(1, keepdim=True)  # the first proposal of all where none is accepted
        return (d * v.clamp(min=1e-30)).gather(1, first).squeeze(1)


def _signed(value: int) -> int:
    """A whole number modulo 2^64 as int64 holds it."""
    value &= 2**64 - 1
    return value - 2**64 if value >> 63 else value


def _shifted(bits: Tensor, by: int) -> Tensor:
    """Bits moved to the right, zeros from the left."""
    return (bits >> by) & ((1 << (64 - by)) - 1)


def _mixed(bits: Tensor) -> Tensor:
    """SplitMix64's output function."""
    bits = (bits ^ _shifted(bits, 30)) * _signed(_FIRST)
    bits = (bits ^ _shifted(bits, 27)) * _signed(_SECOND)
    return bits ^ _shifted(bits, 31)
