# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""What environments in this process check as the bridge does for simulators. Axes as in ``ns3marl.types``."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from pathlib import Path
from typing import SupportsIndex

import numpy as np

from ns3marl.errors import ConfigError, SpecViolation
from ns3marl.types import Actions, Bool, Group

#: The largest RngSeed: each seed of MRG32k3a lies below its modulus m2 (L'Ecuyer 1999), 4294944443.
MAX_SEED = 4294944442
#: Limits of waiting that make sense [s]: from a hundredth of a second to thirty days.
MIN_TIMEOUT_S, MAX_TIMEOUT_S = 0.01, 2_592_000.0


def checked_seed(owner: str, seed: SupportsIndex) -> int:
    """A seed as a Python integer.

    Args:
        owner: Who was given it, for the message.
        seed: ns-3's RngSeed, of any integer type.

    Raises:
        ConfigError: It is no integer, or not one from 1 to ``MAX_SEED``.
    """
    try:
        number = operator.index(seed)
    except TypeError:
        raise ConfigError(
            f"{owner}: seed is {seed!r}, expected ns-3's RngSeed, an integer from 1 to {MAX_SEED}"
        ) from None
    if not 1 <= number <= MAX_SEED:
        raise ConfigError(f"{owner}: seed is {number}, expected ns-3's RngSeed, from 1 to {MAX_SEED}")
    return number


def checked_whole(owner: str, name: str, value: SupportsIndex, low: int, high: int | None = None) -> int:
    """A whole number as a Python integer.

    Args:
        owner: Who was given it, for the message.
        name: Of the setting.
        value: Of any integer type.
        low: The least that is taken.
        high: The most that is taken; None: any.

    Raises:
        ConfigError: It is no integer, or out of range.
    """
    expected = f"{low} or above" if high is None else f"{low} to {high}"
    try:
        number = operator.index(value)
    except TypeError:
        raise ConfigError(f"{owner}: {name} is {value!r}, expected an integer, {expected}") from None
    if number < low or (high is not None and number > high):
        raise ConfigError(f"{owner}: {name} is {number}, expected {expected}")
    return number


def checked_seconds(owner: str, name: str, value: float) -> float:
    """A time that somebody waits at most.

    Args:
        owner: Who was given it, for the message.
        name: Of the setting.
        value: The time [s].

    Raises:
        ConfigError: It is no number from ``MIN_TIMEOUT_S`` to ``MAX_TIMEOUT_S``.
    """
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        seconds = math.nan
    if not MIN_TIMEOUT_S <= seconds <= MAX_TIMEOUT_S:
        raise ConfigError(
            f"{owner}: {name} is {value!r}, expected a time from {MIN_TIMEOUT_S:g} to {MAX_TIMEOUT_S:.0f} s"
        )
    return seconds


def check_current_folder(owner: str) -> None:
    """Refuses to go on where the current folder is gone, which simulators and libraries need.

    Raises:
        ConfigError: It has been deleted.
    """
    try:
        Path.cwd()
    except FileNotFoundError:
        raise ConfigError(
            f"{owner}: the current folder has been deleted; change to one that exists"
        ) from None


def checked_actions(
    owner: str,
    groups: Sequence[Group],
    actions: Sequence[Actions],
    masks: Sequence[Bool],
    active: Sequence[Bool],
    *,
    tolerance: float = 0.0,
) -> None:
    """Checks the joint actions of all groups.

    Args:
        owner: Who was given them, for the message.
        groups: Of the spec.
        actions: As handed to ``step``, one ``Actions`` [B,A,...] per group.
        masks: Allowed choices, per group [B,A,sum n].
        active: Who was asked to act, per group [B,A]; a masked choice of others is no fault.
        tolerance: How far beyond its range a real-valued action may lie, in its unit.

    Raises:
        SpecViolation: Actions of another number of groups or another shape, not finite, out of range, or masked.
    """
    expected = tuple(
        ((*asked.shape, len(group.discrete_heads)), (*asked.shape, len(group.continuous_heads)))
        for group, asked in zip(groups, active, strict=True)
    )
    got = tuple((joint.discrete.shape, joint.continuous.shape) for joint in actions)
    if got != expected:
        raise SpecViolation(
            f"{owner}: the actions have shapes {got}, expected {expected}, one Actions per group"
        )
    for group, joint, allowed, asked in zip(groups, actions, masks, active, strict=True):
        _check_group(owner, group, joint, allowed, asked, tolerance)


def _check_group(
    owner: str, group: Group, joint: Actions, masks: Bool, active: Bool, tolerance: float
) -> None:
    for d, head in enumerate(group.discrete_heads):
        choice, start = joint.discrete[..., d], group.mask_offsets[d]
        inside = (choice >= 0) & (choice < len(head.choices))
        allowed = np.take_along_axis(masks, (start + choice.clip(0, len(head.choices) - 1))[..., None], 2)
        if not (inside & (allowed[..., 0] | ~active)).all():
            raise SpecViolation(
                f"{owner}: head {head.name!r} got a choice that is masked or not one of its {len(head.choices)} choices"
            )
    for r, real in enumerate(group.continuous_heads):
        value = joint.continuous[..., r]
        # NaN is refused too
        if not ((value >= real.low - tolerance) & (value <= real.high + tolerance)).all():
            raise SpecViolation(
                f"{owner}: head {real.name!r} got {value.min()} to {value.max()}, expected {real.low} to {real.high} "
                f"{real.unit}"
            )
