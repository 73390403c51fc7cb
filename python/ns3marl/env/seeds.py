# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Converts seeds of Gymnasium and PettingZoo to those of ns-3."""

from __future__ import annotations

import operator
import secrets
from typing import SupportsIndex

from ns3marl.checks import MAX_SEED
from ns3marl.errors import ConfigError


def rng_seed(seed: SupportsIndex | None) -> int:
    """ns-3's RngSeed for the seed of an environment of Gymnasium or PettingZoo.

    Seeds from 1 to 4294944442 are the RngSeed itself. These APIs also accept 0 and larger seeds, which wrap around: 0 becomes
    4294944442, 4294944443 becomes 1.

    Args:
        seed: A whole number of 0 or above, of any integer type; None draws one from the operating system, so that
            environments without a seed differ.

    Raises:
        ConfigError: The seed is not an integer, or below 0.
    """
    if seed is None:
        return 1 + secrets.randbelow(MAX_SEED)
    try:
        number = operator.index(seed)
    except TypeError:
        number = -1
    if number < 0:
        raise ConfigError(f"seed is {seed!r}, expected an integer of 0 or above, or None for one by chance")
    return (number - 1) % MAX_SEED + 1
