# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Small games that show a learner or a policy everything that scenarios do: masks, inactive agents, several kinds of agents.

At every tick each agent sees which choice and which value of each of its heads are wanted, and scores for giving them, from 0 to 1.
The reward of a group is the mean score of its active agents. They are for ``ns3marl.games.team.TeamPool``.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ns3marl.testing.batches import head_ranges
from ns3marl.types import (
    Actions,
    Bool,
    Condition,
    ContinuousHead,
    DiscreteHead,
    Feature,
    Float32,
    Float64,
    Group,
    Metric,
    Spec,
    StateBlock,
)


def group(
    name: str,
    agents: Sequence[str],
    discrete: Sequence[DiscreteHead] = (),
    continuous: Sequence[ContinuousHead] = (),
) -> Group:
    """Agents that see what is wanted of each head, and their index."""
    wanted = [Feature(f"wanted_{head.name}", "1", 0, len(head.choices) - 1) for head in discrete]
    wanted += [Feature(f"wanted_{head.name}", head.unit, head.low, head.high) for head in continuous]
    features = (*wanted, Feature("index", "1", 0, max(1, len(agents) - 1)))
    return Group(name, tuple(agents), features, tuple(discrete), tuple(continuous))


class WantedGame:
    """The game of some groups.

    At odd ticks the last choice of every head with three choices or more is forbidden. Agent i is inactive at every fourth tick, from
    tick 3 - i on. The last agent of every group is absent at ticks 4 and 5.

    Args:
        name: Of the spec.
        groups: Made by ``group``.
        ticks: Of an episode.
    """

    def __init__(self, name: str, groups: Sequence[Group], ticks: int = 8) -> None:
        self.spec = Spec(
            scenario=name,
            tick_ns=1_000_000,
            ticks=ticks,
            groups=tuple(groups),
            state=tuple(
                StateBlock(f"{kind.name}_state", kind.agents, kind.features, agents_of=number)
                for number, kind in enumerate(groups)
            ),
            metrics=(Metric("score", "1", "mean reward of a group and tick"),),
            hash=name.replace(" ", "-"),
        )

    def begin(self, rng: np.random.Generator) -> _World:
        """A new episode."""
        return _World(self.spec, rng)


class _World:
    """One episode."""

    def __init__(self, spec: Spec, rng: np.random.Generator) -> None:
        self._spec, self._rng, self._tick, self._scores = spec, rng, 0, list[float]()
        self._draw()

    def _draw(self) -> None:
        self.observations = list[Float32]()
        self.present, self.active, self.masks = list[Bool](), list[Bool](), list[Bool]()
        for kind in self._spec.groups:
            agents = np.arange(len(kind.agents))
            present = (agents < len(agents) - 1) | (self._tick not in {4, 5})
            mask = np.ones((len(agents), kind.mask_offsets[-1]), np.bool_)
            seen = np.zeros((len(agents), len(kind.features)), np.float32)
            for d, (start, stop) in enumerate(head_ranges(kind)):
                closed = self._tick % 2 == 1 and stop - start > 2
                mask[:, stop - 1] = not closed
                seen[:, d] = self._rng.integers(stop - start - closed, size=len(agents))
            for r, head in enumerate(kind.continuous_heads, len(kind.discrete_heads)):
                seen[:, r] = self._rng.uniform(head.low, head.high, len(agents))
            seen[:, -1] = agents
            self.observations.append(seen * present[:, None])
            self.present.append(present)
            self.active.append(present & ((self._tick + agents) % 4 != 3))
            self.masks.append(mask)

    @property
    def state(self) -> tuple[Float32, ...]:
        """What every agent sees."""
        return tuple(self.observations)

    @property
    def metrics(self) -> Float64:
        """The mean score so far."""
        return np.array([np.mean(self._scores) if self._scores else np.nan])

    def play(self, actions: Sequence[Actions]) -> list[float]:
        """One tick."""
        rewards = []
        for kind, seen, active, given in zip(
            self._spec.groups, self.observations, self.active, actions, strict=True
        ):
            choices = len(kind.discrete_heads)
            span = np.array([head.high - head.low for head in kind.continuous_heads])
            right = given.discrete == seen[:, :choices]
            near = 1 - np.abs(given.continuous - seen[:, choices:-1]) / span
            score = np.concatenate([right, near], 1)[active]
            rewards.append(float(score.mean()) if score.size else 0.0)
        self._scores.append(float(np.mean(rewards)))
        self._tick += 1
        self._draw()
        return rewards


_MODE = DiscreteHead("mode", ("off", "slow", "fast"))
_SPEED = ContinuousHead("speed", "m/s", 0, 20, default_value=5, active_if=Condition(0, (1, 2)))


def one_kind() -> WantedGame:
    """Three agents with two discrete heads, and a real-valued one that is active if the first is not off."""
    lane = DiscreteHead("lane", ("left", "middle", "right", "verge"), default_choice=1)
    return WantedGame("one kind", [group("cars", ("c0", "c1", "c2"), (_MODE, lane), (_SPEED,))])


def two_kinds() -> WantedGame:
    """Three agents that choose, and two that also give a value."""
    route = DiscreteHead("route", ("near", "far"), default_choice=1)
    return WantedGame(
        "two kinds",
        [
            group("devices", ("d0", "d1", "d2"), (route,)),
            group("gateways", ("g0", "g1"), (_MODE,), (_SPEED,)),
        ],
    )
