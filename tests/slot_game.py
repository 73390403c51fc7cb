# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""A cooperative game whose choices are described by features, as the servers of a scenario are.

Two agents choose among slots. What each slot is worth to each agent, from 0 to 1, is drawn anew at every tick and shown. The
team's reward is the mean worth of what was chosen: with M slots open M / (M + 1) at best, and 1/2 by chance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from ns3marl.types import (
    Actions,
    Bool,
    Describes,
    DiscreteHead,
    Feature,
    Float32,
    Float64,
    Group,
    Metric,
    Spec,
    StateBlock,
)

SLOTS = 8
AGENTS = ("a0", "a1")


def slot_spec() -> Spec:
    slots = DiscreteHead("slot", tuple(f"slot-{k}" for k in range(SLOTS)))
    worths = tuple(
        Feature(f"slot_{k}_worth", "1", 0, 1, describes=Describes(0, k, "worth")) for k in range(SLOTS)
    )
    return Spec(
        scenario="slots",
        tick_ns=1_000_000,
        ticks=20,
        groups=(Group("players", AGENTS, (Feature("noise", "1", 0, 1), *worths), (slots,)),),
        state=(StateBlock("clock", ("all",), (Feature("tick", "1", 0, 20),)),),
        metrics=(Metric("worth", "1", "mean worth of what was chosen"),),
        hash="slots",
    )


@dataclass
class _World:
    rng: np.random.Generator
    masks: tuple[Bool]
    active: tuple[Bool] = field(default_factory=lambda: (np.ones(len(AGENTS), bool),))
    rewards: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.draw()

    def draw(self) -> None:
        self.observations = (self.rng.random((len(AGENTS), 1 + SLOTS), dtype=np.float32),)

    @property
    def present(self) -> tuple[Bool]:
        return self.active

    @property
    def state(self) -> tuple[Float32, ...]:
        return (np.full((1, 1), len(self.rewards), np.float32),)

    @property
    def metrics(self) -> Float64:
        return np.array([np.mean(self.rewards) if self.rewards else np.nan])

    def play(self, actions: Sequence[Actions]) -> tuple[float]:
        worth = self.observations[0][np.arange(len(AGENTS)), 1 + actions[0].discrete[:, 0]]
        self.rewards.append(float(worth.mean()))
        self.draw()
        return (self.rewards[-1],)


class SlotGame:
    """The game with some of its slots open; the others are forbidden."""

    def __init__(self, slots: Sequence[int] = range(SLOTS)) -> None:
        self.spec = slot_spec()
        self.masks = np.tile(np.isin(np.arange(SLOTS), slots), (len(AGENTS), 1))

    def begin(self, rng: np.random.Generator) -> _World:
        return _World(rng, (self.masks,))
