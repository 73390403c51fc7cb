# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Gymnasium spaces derived from a spec, and functions that the adapters share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from gymnasium import spaces

from ns3marl.errors import ConfigError, SpecViolation
from ns3marl.types import Actions, Batch, Bool, Float32, Group, Int32, Spec

#: What adapters do with a masked choice: replace it by an allowed one, or refuse it.
MASKED_CHOICES = ("remap", "refuse")


class MaskableMultiDiscrete(spaces.MultiDiscrete):  # type: ignore[type-arg, unused-ignore] # generic from Gymnasium 1.3 on
    """A ``MultiDiscrete`` whose ``sample`` also takes the mask as one array, choice after choice, [sum n].

    This is the form in which libraries take masks (``MaskablePPO``, TorchRL, RLlib). Gymnasium's tuple of arrays works too.
    """

    def sample(self, mask: Any = None, probability: Any = None) -> Any:
        """A random element; each choice is one that ``mask`` allows (1), or the first one if the mask allows none."""
        if isinstance(mask, np.ndarray):
            ends = np.cumsum(self.nvec)
            if mask.size != ends[-1]:
                raise SpecViolation(
                    f"sample(): the mask has {mask.size} values, expected {ends[-1]}, one for each choice of {self}"
                )
            numbers = np.where(mask.ravel() > 0, self.np_random.random(mask.size), -1.0)
            highest = [part.argmax() for part in np.split(numbers, ends[:-1])]  # of equally likely ones
            return np.array(highest, self.dtype).reshape(self.shape) + self.start
        if probability is None:
            return super().sample(mask)
        return super().sample(mask, probability)


def observation_space(group: Group, agents: int | None = None) -> spaces.Box:
    """One agent's observation, [F] in the features' units, or that of several agents, [A,F]."""
    low, high = (bound if agents is None else np.tile(bound, (agents, 1)) for bound in group.bounds)
    return spaces.Box(low.copy(), high.copy(), dtype=np.float32)


def by_group(groups: Sequence[Group], of_groups: Sequence[Any]) -> Any:
    """The value for a central controller: that of the only group, or a dictionary by group name; spaces become a ``Dict``."""
    if len(groups) == 1:
        return of_groups[0]
    named = dict(zip([group.name for group in groups], of_groups, strict=True))
    return spaces.Dict(named) if isinstance(of_groups[0], spaces.Space) else named


def action_space(group: Group) -> spaces.Dict:
    """One agent's action by head: ``Discrete`` choices, and ``Box`` [1] levels from -1 (the head's low) to 1 (its high)."""
    heads: dict[str, spaces.Space[Any]] = {
        h.name: spaces.Discrete(len(h.choices)) for h in group.discrete_heads
    }
    heads |= {h.name: spaces.Box(-1.0, 1.0, (1,), np.float32) for h in group.continuous_heads}
    return spaces.Dict(heads)


def default_action(group: Group) -> dict[str, Any]:
    """The default action of the spec as an element of ``action_space``."""
    low = np.array([head.low for head in group.continuous_heads], np.float32)
    high = np.array([head.high for head in group.continuous_heads], np.float32)
    levels = (group.default_continuous - low) / (high - low) * np.float32(2) - np.float32(1)
    action: dict[str, Any] = {h.name: np.int64(h.default_choice) for h in group.discrete_heads}
    return action | {h.name: levels[i : i + 1] for i, h in enumerate(group.continuous_heads)}


def default_actions(group: Group) -> Actions:
    """The default action of every agent of a group in one environment, [1,A,D] and [1,A,R] in the heads' units."""
    agents = len(group.agents)
    return Actions(
        np.tile(group.default_discrete, (1, agents, 1)), np.tile(group.default_continuous, (1, agents, 1))
    )


def bounded(group: Group, observations: Float32) -> Float32:
    """A copy of observations [...,F], clipped to the features' bounds: those of absent agents are 0, which may lie outside."""
    return observations.clip(*group.bounds)


def state_space(spec: Spec) -> spaces.Box:
    """The space of the global state: all state blocks flattened and joined, or all observations if the spec has no state."""
    blocks = [(block.bounds, len(block.rows)) for block in spec.state]
    blocks = blocks or [(group.bounds, len(group.agents)) for group in spec.groups]
    low = np.concatenate([np.tile(bounds[0], rows) for bounds, rows in blocks])
    high = np.concatenate([np.tile(bounds[1], rows) for bounds, rows in blocks])
    return spaces.Box(low, high, dtype=np.float32)


def global_state(spec: Spec, state: Sequence[Float32], observations: Sequence[Float32]) -> Float32:
    """The element of ``state_space`` for the state blocks [S,F] and observations [A,F] of one environment.

    Rows of absent agents, which are 0, are clipped to the bounds.
    """
    bounds = [rows.bounds for rows in spec.state or spec.groups]
    blocks = zip(state if spec.state else observations, bounds, strict=True)
    return np.concatenate([block.clip(*within).ravel() for block, within in blocks])


def check_masked_choices(masked_choices: str) -> None:
    """Refuses values that are not in ``MASKED_CHOICES``."""
    if masked_choices not in MASKED_CHOICES:
        raise ConfigError(
            f"masked_choices is {masked_choices!r}, expected one of {', '.join(MASKED_CHOICES)}"
        )


def remap(group: Group, discrete: Int32, masks: Bool) -> Int32:
    """Replaces masked choices: choice c of n becomes the (c modulo m)-th of the m that are allowed.

    Args:
        group: whose heads.
        discrete: choices [A,D].
        masks: [A, sum n].
    """
    if masks.all():
        return discrete
    mapped: Int32 = discrete.copy()
    for head, (first, last) in enumerate(zip(group.mask_offsets[:-1], group.mask_offsets[1:], strict=True)):
        allowed = masks[:, first:last]
        counts = allowed.sum(axis=1)
        rank = discrete[:, head] % np.maximum(counts, 1)
        nth = np.argmax(np.cumsum(allowed, axis=1) > rank[:, None], axis=1)
        chosen = discrete[:, head, None].clip(0, last - first - 1)
        taken = np.take_along_axis(allowed, chosen, axis=1)[:, 0]
        mapped[:, head] = np.where(taken, discrete[:, head], nth)
    return mapped


def to_physical(group: Group, levels: Float32) -> Float32:
    """Levels in [-1, 1] of the continuous heads [...,R] in the heads' units."""
    low = np.array([head.low for head in group.continuous_heads], np.float32)
    high = np.array([head.high for head in group.continuous_heads], np.float32)
    physical: Float32 = low + (levels + np.float32(1)) * np.float32(0.5) * (high - low)
    return physical


def action_mask(group: Group, masks: Bool) -> dict[str, Any]:
    """The masks [...,sum n] by discrete head, [...,n] each, and None by continuous head, as ``Dict.sample`` takes them.

    If a head allows no choice, as for absent agents, whose actions are ignored, the mask allows all, because samplers need one.
    """
    by_head: dict[str, Any] = {}
    for head, first, last in zip(
        group.discrete_heads, group.mask_offsets[:-1], group.mask_offsets[1:], strict=True
    ):
        allowed = masks[..., first:last]
        by_head[head.name] = (allowed | ~allowed.any(-1, keepdims=True)).astype(np.int8)
    return by_head | dict.fromkeys([head.name for head in group.continuous_heads])


def metrics(spec: Spec, batch: Batch) -> dict[str, float]:
    """The metrics of the first row that have been measured, by name."""
    values = {metric.name: float(value) for metric, value in zip(spec.metrics, batch.metrics[0], strict=True)}
    return {name: value for name, value in values.items() if not np.isnan(value)}
