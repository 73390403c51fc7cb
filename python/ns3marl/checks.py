# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""What environments in this process check as the bridge does for simulators. Axes as in ``ns3marl.types``."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ns3marl.errors import ConfigError, SpecViolation
from ns3marl.types import Actions, Bool, Group


def check_episodes(owner: str, *, num_envs: int, seed: int, first_run: int) -> None:
    """Refuses numbers that no pool takes.

    Args:
        owner: Who was given them, for the message.
        num_envs: Expected to be 1 or above.
        seed: Expected to be 0 or above.
        first_run: Likewise.

    Raises:
        ConfigError: One is out of range.
    """
    for name, value, low in (("num_envs", num_envs, 1), ("seed", seed, 0), ("first_run", first_run, 0)):
        if value < low:
            raise ConfigError(f"{owner}: {name} is {value}, expected {low} or above")


def checked_actions(
    owner: str,
    group: Group,
    actions: Sequence[Actions],
    masks: Bool,
    active: Bool,
    *,
    tolerance: float = 0.0,
) -> Actions:
    """The joint action of the only group.

    Args:
        owner: Who was given it, for the message.
        group: The agents.
        actions: As handed to ``step``.
        masks: Allowed choices, [B,A,sum n].
        active: Who was asked to act, [B,A]; a masked choice of others is no fault.
        tolerance: How far beyond its range a real-valued action may lie, in its unit.

    Raises:
        SpecViolation: Actions of another shape, not finite, out of range, or masked.
    """
    lead = active.shape
    expected = ((*lead, len(group.discrete_heads)), (*lead, len(group.continuous_heads)))
    got = tuple((joint.discrete.shape, joint.continuous.shape) for joint in actions)
    if got != (expected,):
        raise SpecViolation(f"{owner}: the actions have shapes {got}, expected {(expected,)}")
    (joint,) = actions
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
    return joint
