# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Markov games as tables, and their exact solution.

A Markov game (Shapley 1953; Littman 1994) is a set of states, an action set per player, rewards and transition
probabilities that depend on the state and on the actions of all players. Here every joint action leads to one of K
outcomes.

Axes: **S** states, **P** players, **A1** ... **AP** their actions (written ``*A``), **K** outcomes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike

from ns3marl.errors import ConfigError
from ns3marl.games.equilibria import minimax
from ns3marl.types import Float64, Int64

#: In place of a successor: the episode is over, nothing is earned any more.
END = -1

#: What may follow a joint action: probability, successor (None: the episode is over), reward of each player.
Outcome = tuple[float, object, Sequence[float]]

Label = TypeVar("Label")


@dataclass(frozen=True)
class MarkovGame:
    """A finite Markov game of P players.

    Raises:
        ConfigError: The tables' shapes do not fit each other, or probabilities do not sum to 1.
    """

    name: str
    labels: tuple[object, ...]  #: length S, what each state stands for
    probabilities: Float64  #: [S,*A,K]
    successors: Int64  #: [S,*A,K] indices of states, or ``END``
    rewards: Float64  #: [S,*A,K,P]
    start: Float64  #: [S] probabilities of the first state

    def __post_init__(self) -> None:
        shape, states = self.probabilities.shape, len(self.labels)
        expected = ((states, *shape[1:]), shape, (*shape, self.players), (states,))
        got = (shape, self.successors.shape, self.rewards.shape, self.start.shape)
        if got != expected:
            raise ConfigError(
                f"game {self.name!r}: probabilities, successors, rewards and start have shapes {got}, expected {expected}"
            )
        if not (np.allclose(self.probabilities.sum(-1), 1) and np.isclose(self.start.sum(), 1)):
            raise ConfigError(
                f"game {self.name!r}: the probabilities of the outcomes of a joint action, and those of the first state, "
                "must each sum to 1"
            )

    @property
    def states(self) -> int:
        """S."""
        return len(self.labels)

    @property
    def actions(self) -> tuple[int, ...]:
        """Number of actions of each player, length P."""
        return self.probabilities.shape[1:-1]

    @property
    def players(self) -> int:
        """P."""
        return len(self.actions)

    def state(self, label: object) -> int:
        """Index of the state that ``label`` stands for."""
        return self.labels.index(label)

    def first(self, rng: np.random.Generator) -> int:
        """Draws the first state of an episode."""
        return int(rng.choice(self.states, p=self.start))

    def step(self, state: int, joint: Sequence[int], rng: np.random.Generator) -> tuple[int, Float64]:
        """Draws what follows a joint action.

        Returns:
            The successor, or ``END``, and the rewards, [P].
        """
        entry = (state, *joint)
        outcome = int((self.probabilities[entry].cumsum() <= rng.random()).sum())
        outcome = min(outcome, self.probabilities.shape[-1] - 1)
        return int(self.successors[entry][outcome]), self.rewards[entry][outcome]

    def action_values(self, values: Float64, discount: float) -> Float64:
        """Q(s, a) = sum_k p_k (r_k + discount V(s_k)) of every player, with V = 0 behind the end.

        Args:
            values: V, [S,P] in units of reward.
            discount: Per step.

        Returns:
            [S,*A,P].
        """
        following = np.concatenate([values, np.zeros((1, self.players))])[
            self.successors
        ]  # END is the last row
        returns = self.rewards + discount * following
        expected: Float64 = (self.probabilities[..., None] * returns).sum(-2)
        return expected


def tabulate(
    name: str,
    labels: Iterable[Label],
    actions: Sequence[int],
    rule: Callable[[Label, tuple[int, ...]], Sequence[Outcome]],
    start: Iterable[Label],
) -> MarkovGame:
    """Makes the tables of a game from its rule.

    Args:
        name: For messages.
        labels: The states.
        actions: Number of actions of each player.
        rule: Outcomes of a joint action in a state.
        start: First states, all equally likely.
    """
    states = tuple(labels)
    index: dict[object, int] = {label: number for number, label in enumerate(states)}
    rows = [
        [rule(label, joint) for joint in product(*(range(count) for count in actions))] for label in states
    ]
    width = max(len(outcomes) for row in rows for outcomes in row)
    shape = (len(states), int(np.prod(actions)), width)
    probabilities, successors = np.zeros(shape), np.full(shape, END)
    rewards = np.zeros((*shape, len(actions)))
    for s, row in enumerate(rows):
        for j, outcomes in enumerate(row):
            for k, (probability, successor, reward) in enumerate(outcomes):
                probabilities[s, j, k] = probability
                successors[s, j, k] = END if successor is None else index[successor]
                rewards[s, j, k] = reward
    lead = (len(states), *actions, width)
    first = np.bincount([index[label] for label in start], minlength=len(states)).astype(np.float64)
    return MarkovGame(
        name,
        states,
        probabilities.reshape(lead),
        successors.reshape(lead),
        rewards.reshape(*lead, len(actions)),
        first / first.sum(),
    )


def matrix_game(name: str, *payoffs: ArrayLike) -> MarkovGame:
    """A game of one state and one step.

    Args:
        name: For messages.
        payoffs: Of each player, each ``[*A]`` in units of reward.

    Raises:
        ConfigError: There are not as many payoff tables as players, or they differ in shape.
    """
    tables = [np.asarray(payoff, dtype=np.float64) for payoff in payoffs]
    if any(table.shape != tables[0].shape for table in tables) or tables[0].ndim != len(tables):
        raise ConfigError(
            f"game {name!r}: the payoffs have shapes {[list(table.shape) for table in tables]}, expected one table per "
            "player, all of the same shape, with one axis per player"
        )
    lead = (1, *tables[0].shape, 1)
    return MarkovGame(
        name,
        ("only",),
        np.ones(lead),
        np.full(lead, END),
        np.stack(tables, axis=-1).reshape(*lead, len(tables)),
        np.ones(1),
    )


@dataclass(frozen=True, slots=True)
class Solution:
    """The solution of a zero-sum Markov game."""

    values: Float64  #: [S] to player 0
    policies: tuple[Float64, Float64]  #: probabilities of each player, [S,A1] and [S,A2]


def shapley(game: MarkovGame, discount: float, tolerance: float = 1e-6) -> Solution:
    """Value iteration of zero-sum games: V(s) <- minimax of Q(s, ., .), which contracts by ``discount`` (Shapley 1953).

    Args:
        game: Of two players whose rewards sum to 0.
        discount: Per step, below 1.
        tolerance: Greatest error of the values.

    Raises:
        ConfigError: The game is not of that kind, or the discount is not within [0, 1).
    """
    _check_discount(discount)
    if game.players != 2 or np.abs(game.rewards.sum(-1)).max() > 0:
        raise ConfigError(
            f"shapley: game {game.name!r} has {game.players} players, expected two whose rewards sum to 0 everywhere"
        )
    values, change = np.zeros(game.states), np.inf
    while change * discount > tolerance * (1 - discount):
        saddle = minimax(game.action_values(np.stack([values, -values], -1), discount)[..., 0])
        change, values = float(np.abs(saddle.value - values).max()), saddle.value
    return Solution(values, (saddle.row, saddle.column))


def best_reply(
    game: MarkovGame, player: int, other: Float64, discount: float, tolerance: float = 1e-6
) -> Float64:
    """What the best of all policies earns against a fixed one: no opponent does better.

    With the other's policy fixed the game is a Markov decision process, solved by value iteration (Bellman 1957).

    Args:
        game: Of two players.
        player: Who replies, 0 or 1.
        other: Policy of the other player, [S,A].
        discount: Per step, below 1.
        tolerance: Greatest error of the values.

    Returns:
        Values to ``player``, [S].

    Raises:
        ConfigError: The game has not two players, ``other`` has not the shape of a policy, or the discount is out of range.
    """
    _check_discount(discount)
    if game.players != 2 or other.shape != (game.states, game.actions[1 - player]):
        raise ConfigError(
            f"best_reply: game {game.name!r} has {game.players} players and the policy the shape {list(other.shape)}, "
            f"expected 2 players and [states,actions of the other] = {[game.states, game.actions[1 - player]]}"
        )
    values, change = np.zeros((game.states, 2)), np.inf
    while change * discount > tolerance * (1 - discount):
        own = np.moveaxis(game.action_values(values, discount)[..., player], 1 + player, 1)  # [S,own,other]
        best = (own @ other[..., None])[..., 0].max(1)
        change = float(np.abs(best - values[:, player]).max())
        values[:, player] = best
    return values[:, player]


def _check_discount(discount: float) -> None:
    if not 0 <= discount < 1:
        raise ConfigError(f"the discount is {discount}, expected 0 or above and below 1")
