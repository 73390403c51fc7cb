# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Forms of actions that libraries accept instead of a ``Dict`` by head; ``wrappers`` uses them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from gymnasium import spaces as gymnasium_spaces
from numpy.typing import NDArray

from ns3marl.env.actions import LEVEL_TOLERANCE
from ns3marl.env.spaces import MaskableMultiDiscrete
from ns3marl.errors import SpecViolation
from ns3marl.types import Group

Mask = NDArray[np.int8]


class View(Protocol):
    """Another form of the action of A agents of a group."""

    def space(self, agents: int) -> gymnasium_spaces.Space[Any]:
        """The space of all their actions, one after the other."""

    def to_heads(self, action: Any, agents: int) -> dict[str, NDArray[Any]]:
        """Converts an element to actions by head, [A] each."""

    def mask(self, by_head: dict[str, Any], agents: int) -> Mask | None:
        """The mask in the order of ``space``, from the masks by head ([A,n] each); None if everything is allowed."""


@dataclass(frozen=True)
class Flat:
    """Numbers in [-1, 1], [A (D + R)]: a discrete head's n choices divide the range into equal parts; continuous heads are unchanged."""

    group: Group

    def space(self, agents: int) -> gymnasium_spaces.Box:
        """A ``Box`` [A (D + R)]."""
        heads = len(self.group.discrete_heads) + len(self.group.continuous_heads)
        return gymnasium_spaces.Box(-1.0, 1.0, (agents * heads,), np.float32)

    def to_heads(self, action: Any, agents: int) -> dict[str, NDArray[Any]]:
        """By head, [A] each."""
        values = _rows(self.group, action, agents).astype(np.float32)
        for _, column in np.argwhere(~(np.abs(values) <= 1 + LEVEL_TOLERANCE))[:1]:  # NaN, too
            raise SpecViolation(
                f"step(): head {_names(self.group)[column]!r} got {values[:, column].tolist()}, expected numbers from -1 to 1"
            )
        counts = np.array(self.group.choice_counts)
        discrete = len(counts)
        choices = np.floor((values[:, :discrete] + 1) * 0.5 * counts).clip(0, counts - 1).astype(np.int32)
        return dict(zip(_names(self.group), [*choices.T, *values[:, discrete:].T], strict=True))

    def mask(self, by_head: dict[str, Any], agents: int) -> None:
        """Every number is allowed; masked choices are remapped."""


@dataclass(frozen=True)
class MultiDiscrete:
    """Choices, [A (D + R)]: of a continuous head, ``levels`` evenly spaced ones from its low to its high."""

    group: Group
    levels: int

    def _counts(self) -> list[int]:
        return [*self.group.choice_counts, *[self.levels] * len(self.group.continuous_heads)]

    def space(self, agents: int) -> MaskableMultiDiscrete:
        """A ``MultiDiscrete`` [A (D + R)]."""
        return MaskableMultiDiscrete(self._counts() * agents)

    def to_heads(self, action: Any, agents: int) -> dict[str, NDArray[Any]]:
        """By head, [A] each."""
        values = _rows(self.group, action, agents)
        discrete = len(self.group.discrete_heads)
        numbers = (values[:, discrete:] * (2.0 / (self.levels - 1)) - 1).astype(np.float32)
        return dict(zip(_names(self.group), [*values[:, :discrete].T, *numbers.T], strict=True))

    def mask(self, by_head: dict[str, Any], agents: int) -> Mask:
        """[A sum n]; every level is allowed."""
        rows = [np.reshape(by_head[head.name], (agents, -1)) for head in self.group.discrete_heads]
        rows += [np.ones((agents, self.levels), np.int8)] * len(self.group.continuous_heads)
        return np.concatenate(rows, axis=1).ravel()


def _names(group: Group) -> list[str]:
    """Of the heads, discrete ones first."""
    return [head.name for head in group.discrete_heads] + [head.name for head in group.continuous_heads]


def _rows(group: Group, action: Any, agents: int) -> NDArray[Any]:
    """A vector of numbers by agent and head, [A,D+R].

    Raises:
        SpecViolation: it is none of that size.
    """
    heads = len(_names(group))
    values = np.asarray(action)
    if values.dtype.kind not in "biuf" or values.size != agents * heads:
        raise SpecViolation(
            f"step(): {values.dtype} {list(values.shape)} came for {agents} agents of group {group.name!r}, expected "
            f"[{agents * heads}]: a number for each agent and each head of {', '.join(_names(group))}"
        )
    return values.reshape(agents, heads)
