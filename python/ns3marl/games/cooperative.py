# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Cooperative games with a known optimum, for ``ns3marl.games.team.TeamPool``.

Axes as in ``ns3marl.types``; **N** agents, **M** channels.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike

from ns3marl.errors import ConfigError
from ns3marl.games.team import World
from ns3marl.types import (
    Actions,
    Bool,
    Condition,
    ContinuousHead,
    Describes,
    DiscreteHead,
    Feature,
    Float32,
    Float64,
    Group,
    Int32,
    Metric,
    Spec,
    StateBlock,
)

LUCK_BOUND = 4.0  # in standard deviations; what lies beyond is cut off


class _Payoff(Protocol):
    def payoff(self, discrete: Int32, continuous: Float32) -> float: ...


@dataclass
class _Repeated:
    """An episode of a game that is the same at every tick; all act, everything is allowed."""

    game: _Payoff
    observations: tuple[Float32]
    masks: tuple[Bool]
    active: tuple[Bool]
    rewards: list[float] = field(default_factory=list)

    @property
    def present(self) -> tuple[Bool]:
        return self.active

    @property
    def state(self) -> tuple[Float32, ...]:
        return self.observations

    @property
    def metrics(self) -> Float64:
        return np.array([np.mean(self.rewards) if self.rewards else np.nan])

    def play(self, actions: Sequence[Actions]) -> tuple[float]:
        (joint,) = actions
        self.rewards.append(self.game.payoff(joint.discrete, joint.continuous))
        return (self.rewards[-1],)


def _spec(name: str, ticks: int, group: Group, unit: str) -> Spec:
    return Spec(
        scenario=name,
        tick_ns=1_000_000,
        ticks=ticks,
        groups=(group,),
        state=(StateBlock("agents", group.agents, group.features, agents_of=0),),
        metrics=(Metric("team_reward", unit, "mean per tick"),),
    )


def _begin(game: _Payoff, spec: Spec, observations: ArrayLike) -> World:
    group = spec.groups[0]
    agents = len(group.agents)
    masks = np.ones((agents, group.mask_offsets[-1]), bool)
    return _Repeated(game, (np.array(observations, np.float32),), (masks,), (np.ones(agents, bool),))


class TeamMatrixGame:
    """A matrix game in which both agents get the same payoff, again at every tick.

    An agent sees which of the two it is. Climbing and penalty game (Claus and Boutilier 1998) reward caution: the joint action
    that is best while the other agent still explores is not the optimum.

    Args:
        name: For the spec and messages.
        payoffs: [A1,A2] in units of reward, see ``ns3marl.games.library`` for ``CLIMBING`` and ``penalty``.
        ticks: Of an episode.

    Raises:
        ConfigError: The payoffs are no square matrix of finite numbers.
    """

    def __init__(self, name: str, payoffs: ArrayLike, ticks: int = 8) -> None:
        self.payoffs = np.asarray(payoffs, dtype=np.float64)
        shape = self.payoffs.shape
        if len(shape) != 2 or shape[0] != shape[1] or not np.isfinite(self.payoffs).all():
            raise ConfigError(
                f"game {name!r}: the payoffs have shape {list(shape)}, expected a square matrix of finite numbers, as both "
                "agents share one set of choices"
            )
        group = Group(
            "players",
            ("row", "column"),
            features=(Feature("is_column", "1", 0, 1),),
            discrete_heads=(DiscreteHead("action", tuple(str(a) for a in range(shape[0]))),),
        )
        self.spec = _spec(name, ticks, group, "1")

    def optimum(self) -> tuple[float, Actions]:
        """The greatest team reward per tick, and a joint action that earns it (one row of a batch)."""
        row, column = np.unravel_index(self.payoffs.argmax(), self.payoffs.shape)
        discrete = np.array([[[row], [column]]], dtype=np.int32)
        return float(self.payoffs.max()), Actions(discrete, np.zeros((1, 2, 0), np.float32))

    def begin(self, rng: np.random.Generator) -> World:
        """A new episode; nothing in it is random."""
        del rng
        return _begin(self, self.spec, [[0.0], [1.0]])

    def payoff(self, discrete: Int32, continuous: Float32) -> float:
        """Team reward of a joint action, [2,1] and [2,0]."""
        del continuous
        return float(self.payoffs[discrete[0, 0], discrete[1, 0]])


class ChannelGame:
    """N agents share M channels: who sends, on which channel, at what power?

    Agent i with gain g_i that is alone on its channel and spends power p_i in [0, 1] W achieves log2(1 + g_i p_i) bit/s/Hz
    (Shannon 1948); two or more on a channel achieve nothing. Power costs c per W whether it helps or not. The team's reward
    is the mean over agents,

        r = 1/N sum_i sends_i (alone_i log2(1 + g_i p_i) - c p_i).

    With more agents than channels some must stay silent, so agents have to tell themselves apart: each sees its index and
    its gain. The optimum is found by enumerating all (M + 1)^N assignments; given one, r is concave in each power on its own.

    Args:
        gains: g_1 ... g_N, 1/W, above 0.
        channels: M.
        power_cost: c, bit/s/Hz per W, above 0.
        ticks: Of an episode.

    Raises:
        ConfigError: An argument is out of range, or there are too many assignments to enumerate.
    """

    def __init__(
        self, gains: Sequence[float], channels: int, power_cost: float = 1.0, ticks: int = 8
    ) -> None:
        self.gains = np.asarray(gains, dtype=np.float64)
        if (
            self.gains.ndim != 1
            or len(self.gains) == 0
            or not (np.isfinite(self.gains) & (self.gains > 0)).all()
        ):
            raise ConfigError(f"channel game: the gains are {gains}, expected one or more numbers above 0")
        if channels < 1 or not power_cost > 0:
            raise ConfigError(
                f"channel game: {channels} channels and a power cost of {power_cost}, expected 1 or more and above 0"
            )
        agents = len(self.gains)
        if (channels + 1) ** agents > 10**5:
            raise ConfigError(
                f"channel game: {agents} agents on {channels} channels have {(channels + 1) ** agents} assignments, expected "
                "10^5 at most, as the optimum is enumerated"
            )
        self.channels, self.power_cost = channels, power_cost
        sends = Condition(0, (1,))
        group = Group(
            "agents",
            tuple(f"agent_{i}" for i in range(agents)),
            features=(
                Feature("index_share", "1", 0, 1),
                Feature("gain", "1/W", 0, float(self.gains.max())),
            ),
            discrete_heads=(
                DiscreteHead("mode", ("silent", "send")),
                DiscreteHead("channel", tuple(str(m) for m in range(channels)), active_if=sends),
            ),
            continuous_heads=(ContinuousHead("power", "W", 0, 1, active_if=sends),),
        )
        self.spec = _spec("channel game", ticks, group, "bit/s/Hz")

    def begin(self, rng: np.random.Generator) -> World:
        """A new episode; nothing in it is random."""
        del rng
        index = (np.arange(len(self.gains)) + 0.5) / len(self.gains)
        return _begin(self, self.spec, np.stack([index, self.gains], axis=1))

    def payoff(self, discrete: Int32, continuous: Float32) -> float:
        """Team reward of a joint action, [N,2] and [N,1]."""
        sends, channel, power = discrete[:, 0] == 1, discrete[:, 1], continuous[:, 0].astype(np.float64)
        load = np.bincount(channel[sends], minlength=self.channels)
        rate = np.where(load[channel] == 1, np.log2(1 + self.gains * power), 0.0)
        return float(np.where(sends, rate - self.power_cost * power, 0.0).mean())

    def optimum(self) -> tuple[float, Actions]:
        """The greatest team reward per tick, and a joint action that earns it (one row of a batch).

        An agent alone on its channel does best with p = 1/(c ln 2) - 1/g, within [0, 1] W, one that is not with 0 W.
        """
        power = (1 / (self.power_cost * np.log(2)) - 1 / self.gains).clip(0, 1)
        agents = len(self.gains)
        best, chosen = (
            -np.inf,
            Actions(np.zeros((1, agents, 2), np.int32), np.zeros((1, agents, 1), np.float32)),
        )
        for assignment in product(range(-1, self.channels), repeat=agents):
            channel = np.array(assignment)
            load = np.bincount(channel[channel >= 0], minlength=self.channels)
            sends = channel >= 0
            discrete = np.stack([sends, np.where(sends, channel, 0)], axis=1).astype(np.int32)
            alone = sends & (load[channel] == 1)
            continuous = np.where(alone, power, 0.0)[:, None].astype(np.float32)
            reward = self.payoff(discrete, continuous)
            if reward > best:
                best, chosen = reward, Actions(discrete[None], continuous[None])
        return best, chosen


class SignalGame:
    """N agents each get one of M signals and should answer with its number; the team hears what share of them did.

    Who was right is not told, so an agent's own part in the reward, 1/N at most, drowns in what the others do: a game of nothing
    but credit assignment. Signals are new at every tick, and independent.

    With luck, an answer c of agent i pays z_ic more, as a channel's fading makes it better or worse than it is on average: normal,
    of mean 0, new at every tick, for each answer of each agent. The team's reward is then the mean over agents

        r = 1/N sum_i ([a_i = signal_i] + z_i(a_i)).

    Only the global state shows luck, so no agent can act on it, the optimum stays 1, and the mean luck of all is noise of variance
    luck^2 / N in everybody's reward, which never fades. A critic of state and joint action can account for it: in
    Q(s, a) - V(s^-i) the luck of the other agents cancels, and luck^2 / N^2 is left.

    Args:
        agents: N.
        signals: M.
        luck: Standard deviation of z, 0: none.
        ticks: Of an episode.

    Raises:
        ConfigError: There is no agent, fewer than 2 signals, or the luck is below 0 or not finite.
    """

    def __init__(self, agents: int, signals: int = 4, luck: float = 0.0, ticks: int = 20) -> None:
        if agents < 1 or signals < 2:
            raise ConfigError(
                f"signal game: {agents} agents and {signals} signals, expected 1 or more and 2 or more"
            )
        if not 0 <= luck < np.inf:
            raise ConfigError(f"signal game: the luck is {luck}, expected a number of 0 or more")
        self.agents, self.signals, self.luck = agents, signals, luck
        group = Group(
            "agents",
            tuple(f"agent_{i}" for i in range(agents)),
            features=(
                Feature("index_share", "1", 0, 1),
                *(
                    Feature(f"signal_is_{m}", "1", 0, 1, describes=Describes(0, m, "signal"))
                    for m in range(signals)
                ),
            ),
            discrete_heads=(DiscreteHead("answer", tuple(str(m) for m in range(signals))),),
        )
        self.spec = _spec("signal game", ticks, group, "1")
        if luck:
            bound = LUCK_BOUND * luck
            columns = tuple(Feature(f"luck_of_{m}", "1", -bound, bound) for m in range(signals))
            fate = StateBlock("luck", group.agents, columns, agents_of=0)
            self.spec = dataclasses.replace(self.spec, state=(*self.spec.state, fate))

    def begin(self, rng: np.random.Generator) -> World:
        """A new episode; the signals of all its ticks come from ``rng``."""
        return _Signals(self, rng)

    def optimum(self) -> float:
        """The greatest team reward per tick; what earns it depends on the signals."""
        return 1.0


class _Signals:
    """An episode of the signal game; all act, everything is allowed."""

    def __init__(self, game: SignalGame, rng: np.random.Generator) -> None:
        self.game, self.rng = game, rng
        self.rewards: list[float] = []
        self.active = (np.ones(game.agents, bool),)
        self.masks = (np.ones((game.agents, game.signals), bool),)
        self._draw()

    def _draw(self) -> None:
        self.drawn = self.rng.integers(self.game.signals, size=self.game.agents)
        index = (np.arange(self.game.agents) + 0.5) / self.game.agents
        shown = np.eye(self.game.signals)[self.drawn]
        self.observations = (np.concatenate([index[:, None], shown], axis=1).astype(np.float32),)
        if self.game.luck:
            drawn = self.rng.standard_normal(shown.shape).clip(-LUCK_BOUND, LUCK_BOUND)
            self.luck = (self.game.luck * drawn).astype(np.float32)

    @property
    def present(self) -> tuple[Bool]:
        return self.active

    @property
    def state(self) -> tuple[Float32, ...]:
        return (*self.observations, self.luck) if self.game.luck else self.observations

    @property
    def metrics(self) -> Float64:
        return np.array([np.mean(self.rewards) if self.rewards else np.nan])

    def play(self, actions: Sequence[Actions]) -> tuple[float]:
        answers = actions[0].discrete[:, 0]
        earned = (answers == self.drawn).astype(np.float64)
        if self.game.luck:
            earned += self.luck[np.arange(len(answers)), answers]
        self.rewards.append(float(earned.mean()))
        self._draw()
        return (self.rewards[-1],)
