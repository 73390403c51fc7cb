# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Converts actions of other libraries to those of the pool. A value that does not fit is an error, never rounded, clipped or wrapped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ns3marl.env import spaces
from ns3marl.errors import SpecViolation
from ns3marl.types import Actions, Bool, ContinuousHead, DiscreteHead, Float32, Group, GroupArrays, Int32

#: How far beyond [-1, 1] a level may lie, for the rounding of float32; the bridge clips it.
LEVEL_TOLERANCE = 2e-5


def joint_actions(
    group: Group, by_head: Mapping[str, Any], given: NDArray[np.intp], arrays: GroupArrays, *, remap: bool
) -> Actions:
    """The actions of a group in one environment; agents that are not given take the default action.

    Args:
        group: whose actions.
        by_head: for each head the values of some agents, [given]: whole numbers for choices, numbers from -1 to 1 for levels, each of
            any integer or floating-point type, alone or as an array of one element. For inactive agents, any number is accepted.
        given: indices of these agents, which include all active agents.
        arrays: the group's last observation, in one environment.
        remap: whether an allowed choice replaces a masked one.

    Returns:
        [1,A,D] and [1,A,R] in the heads' units.

    Raises:
        SpecViolation: a head is missing or unknown, or a value has another form or is out of range.
    """
    _check_heads(group, by_head)
    asked = arrays.active[0, given]
    names = [group.agents[index] for index in given.tolist()]
    discrete = [_choices(head, by_head[head.name], names, asked) for head in group.discrete_heads]
    continuous = [_levels(head, by_head[head.name], names, asked) for head in group.continuous_heads]
    joint = spaces.default_actions(group)
    if discrete:
        choices: Int32 = np.stack(discrete, axis=-1)
        masks = arrays.masks[0, given]
        joint.discrete[0, given] = spaces.remap(group, choices, masks) if remap else choices
    if continuous:
        joint.continuous[0, given] = spaces.to_physical(group, np.stack(continuous, axis=-1))
    return joint


def _check_heads(group: Group, by_head: Mapping[str, Any]) -> None:
    names = [h.name for h in group.discrete_heads] + [h.name for h in group.continuous_heads]
    for missing in [name for name in names if name not in by_head]:
        raise SpecViolation(f"step(): an action lacks head {missing!r}; expected {', '.join(names)}")
    for unknown in [name for name in by_head if name not in names]:
        raise SpecViolation(f"step(): an action has head {unknown!r}; expected {', '.join(names)}")


def _choices(head: DiscreteHead, values: Any, names: Sequence[str], asked: Bool) -> Int32:
    """Whole numbers from 0 to below the number of choices, [given]."""
    expected = f"one of the choices 0 to {len(head.choices) - 1}"
    array = _numbers(head.name, values, names, expected)
    right = (array >= 0) & (array < len(head.choices)) & (np.floor(array) == array)  # NaN is not
    _refuse(head.name, asked & ~right, array, names, expected)
    return np.where(right, array, head.default_choice).astype(np.int32)


def _levels(head: ContinuousHead, values: Any, names: Sequence[str], asked: Bool) -> Float32:
    """Numbers from -1 to 1, [given]."""
    expected = f"one number from -1 to 1, which stand for {head.low:g} to {head.high:g} [{head.unit}]"
    array = _numbers(head.name, values, names, expected)
    right = np.abs(array) <= 1 + LEVEL_TOLERANCE
    _refuse(head.name, asked & ~right, array, names, expected)
    return np.where(right, array, 0).astype(np.float32)


def _numbers(head: str, values: Any, names: Sequence[str], expected: str) -> NDArray[Any]:
    """One number for each agent, [given], of any of NumPy's types of numbers."""
    array = _array(values)
    if array is not None and array.shape in ((len(names),), (len(names), 1)):
        return array.reshape(len(names))
    try:
        each = list(values)
    except TypeError:
        each = []
    if len(each) != len(names):
        came = repr(values) if array is None else f"shape {list(array.shape)}"
        raise SpecViolation(
            f"step(): head {head!r} got {came}, expected [{len(names)}]: a number for each agent"
        )
    numbers = []
    for name, value in zip(names, each, strict=True):
        number = _array(value)
        if number is None or number.size != 1:
            raise SpecViolation(
                f"step(): action of agent {name!r}, head {head!r}: {value!r} is not {expected}"
            )
        numbers.append(number.reshape(()))
    return np.array(numbers)


def _array(values: Any) -> NDArray[Any] | None:
    """An array of numbers, if they are such."""
    try:
        array = np.asarray(values)
    except (TypeError, ValueError, RuntimeError, OverflowError):  # uneven rows; arrays of other libraries
        return None
    return array if array.dtype.kind in "biuf" else None


def _refuse(head: str, wrong: Bool, array: NDArray[Any], names: Sequence[str], expected: str) -> None:
    for index in np.flatnonzero(wrong)[:1]:
        raise SpecViolation(
            f"step(): action of agent {names[index]!r}, head {head!r}: {array[index]} is not {expected}"
        )
