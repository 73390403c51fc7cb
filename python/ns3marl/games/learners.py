# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Tabular learners of Markov games: minimax-Q, friend-or-foe Q, Nash-Q.

All keep action values of joint actions and, after each step (s, a1 ... aP, rewards, s'), move the entry of what happened:

    Q(s, a) <- (1 - rate) Q(s, a) + rate (reward + discount V(s'))

They differ in V(s), the value of the one-shot game whose payoffs are Q(s, .): what the player may expect of the others.
The rate of an entry's n-th visit is n^-rate_power; Q converges for powers above 1/2 and up to 1 (Even-Dar and Mansour
2003) if every joint action is tried for ever in every state, which epsilon-greedy exploration ensures.

Axes: **S** states, **P** players, **A1** ... **AP** their actions (written ``*A``), **Q** tables of a learner.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ns3marl.errors import ConfigError
from ns3marl.games.equilibria import Equilibrium, minimax, nash
from ns3marl.games.markov import END, MarkovGame
from ns3marl.types import Float64


@dataclass(frozen=True, slots=True)
class Options:
    """How a learner learns.

    Raises:
        ConfigError: A value is out of range.
    """

    discount: float = 0.9  #: per step, within [0, 1)
    epsilon: float = 0.2  #: probability of an action drawn uniformly, within [0, 1]
    rate_power: float = 0.7  #: the learning rate is 1/n^rate_power at the n-th visit, within (1/2, 1]
    choice: Literal["first", "total"] = "total"  #: Nash-Q: which equilibrium, see ``NashQ``

    def __post_init__(self) -> None:
        for name, value, fits, expected in (
            ("discount", self.discount, 0 <= self.discount < 1, "0 or above and below 1"),
            ("epsilon", self.epsilon, 0 <= self.epsilon <= 1, "from 0 to 1"),
            ("rate_power", self.rate_power, 0.5 < self.rate_power <= 1, "above 1/2 and up to 1"),
            ("choice", self.choice, self.choice in {"first", "total"}, '"first" or "total"'),
        ):
            if not fits:
                raise ConfigError(f"Options: {name} is {value}, expected {expected}")


class Learner(ABC):
    """What the learners share: the tables, exploration and the update.

    Args:
        states: S.
        actions: Number of actions of each player, length P.
        player: Whom it plays.
        options: See ``Options``.
        tables: Whose action values it keeps.

    Raises:
        ConfigError: There is no such player.
    """

    def __init__(
        self, states: int, actions: Sequence[int], player: int, options: Options, tables: Sequence[int]
    ) -> None:
        if not 0 <= player < len(actions):
            raise ConfigError(
                f"{type(self).__name__}: player is {player}, expected 0 to {len(actions) - 1}, as the game has "
                f"{len(actions)} players"
            )
        self.player, self.options, self.actions = player, options, tuple(actions)
        self.tables = list(tables)
        self.q: Float64 = np.zeros((states, *actions, len(tables)))  #: [S,*A,Q] in units of reward
        self.visits = np.zeros((states, *actions), dtype=np.int64)  #: [S,*A]
        # The solutions of the one-shot games, kept until an entry of the state changes.
        self._values: Float64 = np.zeros((states, len(tables)))
        self._policy: Float64 = np.zeros((states, self.actions[player]))
        self._fresh = np.zeros(states, dtype=np.bool_)

    @abstractmethod
    def _solve(self, payoffs: Float64) -> tuple[Float64, Float64]:
        """The one-shot game with payoffs [*A,Q]: its values [Q] and the own policy [A_player]."""

    def values(self, state: int) -> Float64:
        """V(s) in each of the learner's tables, [Q]."""
        self._renew(state)
        values: Float64 = self._values[state]
        return values

    def policy(self, state: int) -> Float64:
        """Probabilities of the own actions without exploration, [A_player]."""
        self._renew(state)
        policy: Float64 = self._policy[state]
        return policy

    def policies(self) -> Float64:
        """``policy`` of all states, [S,A_player]."""
        return np.stack([self.policy(state) for state in range(len(self.q))])

    def act(self, state: int, rng: np.random.Generator, *, explore: bool = True) -> int:
        """Draws an action: with probability epsilon any, else one of the policy."""
        if explore and rng.random() < self.options.epsilon:
            return int(rng.integers(self.actions[self.player]))
        return int(
            (self.policy(state).cumsum() <= rng.random()).sum().clip(max=self.actions[self.player] - 1)
        )

    def update(self, state: int, joint: Sequence[int], rewards: Sequence[float], successor: int) -> None:
        """Learns from one step.

        Args:
            state: s.
            joint: Actions of all players, length P.
            rewards: Of all players, length P.
            successor: s', or ``END``.

        Raises:
            ConfigError: Actions or rewards are not those of P players.
        """
        players = len(self.actions)
        if (
            len(joint) != players
            or len(rewards) != players
            or not all(0 <= action < count for action, count in zip(joint, self.actions, strict=True))
        ):
            raise ConfigError(
                f"{type(self).__name__}.update: got actions {list(joint)} and {len(rewards)} rewards, expected one of each "
                f"per player, with actions below {list(self.actions)}"
            )
        entry = (state, *joint)
        self.visits[entry] += 1
        rate = float(self.visits[entry]) ** -self.options.rate_power
        target = np.array([rewards[table] for table in self.tables])
        if successor != END:
            target += self.options.discount * self.values(successor)
        self.q[entry] += rate * (target - self.q[entry])
        self._fresh[state] = False

    def _renew(self, state: int) -> None:
        if not self._fresh[state]:
            self._values[state], self._policy[state] = self._solve(self.q[state])
            self._fresh[state] = True


class FriendOrFoeQ(Learner):
    """Friends are expected to help and foes to harm (Littman 2001).

        V(s) = max_x min_f sum_g x(g) Q(s, g, f)

    over distributions x of the joint actions g of the player and its friends, and joint actions f of the foes. Without foes
    this is the greatest Q of all joint actions, without friends the minimax value. Q is of the own reward alone.

    Args:
        states: S.
        actions: Number of actions of each player, length P.
        player: Whom it plays.
        foes: Players that are foes; all others are friends.
        options: See ``Options``.

    Raises:
        ConfigError: There is no such player or foe, or the player is its own foe.
    """

    def __init__(
        self,
        states: int,
        actions: Sequence[int],
        player: int,
        foes: Collection[int],
        options: Options | None = None,
    ) -> None:
        super().__init__(states, actions, player, options or Options(), [player])
        others = set(range(len(actions))) - {player}
        if not set(foes) <= others:
            raise ConfigError(
                f"{type(self).__name__}: the foes are {sorted(foes)}, expected some of {sorted(others)}, the other players"
            )
        friends = sorted(others - set(foes))
        self._axes = (player, *friends, *sorted(foes))
        self._friendly = tuple(self.actions[other] for other in (player, *friends))

    def _solve(self, payoffs: Float64) -> tuple[Float64, Float64]:
        matrix = payoffs[..., 0].transpose(self._axes).reshape(int(np.prod(self._friendly)), -1)
        saddle = minimax(matrix)
        return saddle.value.reshape(1), saddle.row.reshape(self._friendly[0], -1).sum(1)


class MinimaxQ(FriendOrFoeQ):
    """The other player does its worst (Littman 1994): V(s) = max_x min_b sum_a x(a) Q(s, a, b).

    In zero-sum games Q converges to Shapley's values.

    Args:
        states: S.
        actions: Number of actions of both players.
        player: Whom it plays.
        options: See ``Options``.

    Raises:
        ConfigError: The game has not two players, or there is no such player.
    """

    def __init__(
        self, states: int, actions: Sequence[int], player: int, options: Options | None = None
    ) -> None:
        _check_two(type(self).__name__, actions)
        super().__init__(states, actions, player, [1 - player], options)


class NashQ(Learner):
    """Both play an equilibrium of the one-shot game with payoffs Q(s, .) of both (Hu and Wellman 2003).

        V_i(s) = sum_ab x(a) y(b) Q_i(s, a, b), (x, y) an equilibrium

    It observes the actions and rewards of both players and keeps both tables. Of several equilibria, ``Options.choice``
    takes the one of greatest ``total`` of both values, which is the global optimum where there is one, or the ``first``
    (fewest actions played, then lowest actions). Players that saw the same steps choose the same. Convergence is proven
    only where every one-shot game that comes up has a global optimum, or every one a saddle point, that is chosen;
    elsewhere it may fail.

    Args:
        states: S.
        actions: Number of actions of both players.
        player: Whom it plays.
        options: See ``Options``.

    Raises:
        ConfigError: The game has not two players, or there is no such player.
    """

    def __init__(
        self, states: int, actions: Sequence[int], player: int, options: Options | None = None
    ) -> None:
        _check_two(type(self).__name__, actions)
        super().__init__(states, actions, player, options or Options(), [0, 1])

    def _solve(self, payoffs: Float64) -> tuple[Float64, Float64]:
        equilibria = nash(payoffs[..., 0], payoffs[..., 1])
        chosen = equilibria[0] if self.options.choice == "first" else max(equilibria, key=_total)
        return chosen.values, (chosen.row, chosen.column)[self.player]


def _total(equilibrium: Equilibrium) -> float:
    return float(equilibrium.values.sum())


def _check_two(name: str, actions: Sequence[int]) -> None:
    if len(actions) != 2:
        raise ConfigError(f"{name}: the game has {len(actions)} players, expected 2; FriendOrFoeQ takes more")


def learn(game: MarkovGame, learners: Sequence[Learner], steps: int, rng: np.random.Generator) -> Float64:
    """Lets learners play each other and learn from every step.

    Args:
        game: What they play.
        learners: One per player, in order.
        steps: How many; a new episode begins where one ends.
        rng: Of the game and of all actions.

    Returns:
        Rewards, [steps,P].

    Raises:
        ConfigError: The learners are not those of the players, in order.
    """
    if [learner.player for learner in learners] != list(range(game.players)):
        raise ConfigError(
            f"learn: the learners play {[learner.player for learner in learners]}, expected one for each of the "
            f"{game.players} players of {game.name!r}, in order"
        )
    rewards = np.zeros((steps, game.players))
    state = game.first(rng)
    for step in range(steps):
        joint = [learner.act(state, rng) for learner in learners]
        successor, earned = game.step(state, joint, rng)
        for learner in learners:
            learner.update(state, joint, earned.tolist(), successor)
        rewards[step] = earned
        state = game.first(rng) if successor == END else successor
    return rewards
