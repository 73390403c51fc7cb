# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Equilibria of one-shot games between two players: minimax by linear programming, Nash by vertex enumeration.

Axes: **M** actions of the row player, **N** actions of the column player, ``...`` games side by side. Payoffs and values
are in the unit of the reward.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike

from ns3marl.errors import ConfigError
from ns3marl.types import Bool, Float64, Int64

#: Of payoffs scaled to [1, 2]: below this, a difference is rounding.
_TOLERANCE = 1e-9
#: The same of reduced costs and pivots.
_ROUNDING = 1e-12
#: Of right-hand sides of 1.
_PERTURBATION = 1e-8
#: M + N of the largest game whose equilibria are enumerated: 12 870 candidate vertices per player.
MAX_ACTIONS = 16


@dataclass(frozen=True, slots=True)
class Saddle:
    """The solution of zero-sum games: neither player can do better against the other's strategy."""

    value: Float64  #: [...] to the row player
    row: Float64  #: [...,M] probabilities
    column: Float64  #: [...,N] probabilities


@dataclass(frozen=True, slots=True)
class Equilibrium:
    """A Nash equilibrium of a bimatrix game."""

    row: Float64  #: [M] probabilities
    column: Float64  #: [N] probabilities
    values: Float64  #: [2] expected payoffs of the row and the column player


def minimax(payoffs: ArrayLike) -> Saddle:
    """Solves zero-sum games exactly, all at once.

    max_x min_j sum_i x_i A_ij = min_y max_i sum_j A_ij y_j (von Neumann 1928). Where the best pure strategies of both
    players meet, they are the solution. Elsewhere a linear program is: with the payoffs scaled to [1, 2], maximise sum(y)
    under A y <= 1, y >= 0; the value is 1 / sum(y), and the dual solution is the row player's (Dantzig 1951). The simplex
    method solves it for every game of the stack in step; perturbed right-hand sides choose its pivots, so that it cannot
    cycle (Charnes 1952).

    Args:
        payoffs: A to the row player, who maximises, [...,M,N].

    Raises:
        ConfigError: The payoffs are no matrix, or not finite.
    """
    stack = _payoffs("minimax", payoffs)
    lead, (rows, columns) = stack.shape[:-2], stack.shape[-2:]
    games = stack.reshape(-1, rows, columns)
    worst, best = games.min(2), games.max(1)  # of each row, of each column
    value = worst.max(1)
    row, column = _pure(worst.argmax(1), rows), _pure(best.argmin(1), columns)
    mixed = value < best.min(1)
    if mixed.any():
        value[mixed], row[mixed], column[mixed] = _simplex(games[mixed])
    return Saddle(value.reshape(lead), row.reshape(*lead, rows), column.reshape(*lead, columns))


def nash(row_payoffs: ArrayLike, column_payoffs: ArrayLike) -> tuple[Equilibrium, ...]:
    """All extreme equilibria of a bimatrix game; every other one is a mixture of these.

    With payoffs A, B scaled to [1, 2], the vertices x of {x >= 0, B'x <= 1} and y of {y >= 0, A y <= 1} carry labels: the
    actions not played, and those of the other player that are best replies. A pair other than (0, 0) that has all
    labels is, scaled to probabilities, an equilibrium (Mangasarian 1964; von Stengel 2002). Degenerate games need no
    special care, as labels are read off the vertices.

    Args:
        row_payoffs: A to the row player, [M,N].
        column_payoffs: B to the column player, [M,N].

    Returns:
        At least one (Nash 1951), those with fewest actions played first, then in order of the actions played.

    Raises:
        ConfigError: The payoffs are no two matrices of one shape, not finite, or of more than ``MAX_ACTIONS`` actions.
    """
    a, b = _payoffs("nash", row_payoffs), _payoffs("nash", column_payoffs)
    if a.ndim != 2 or a.shape != b.shape:
        raise ConfigError(
            f"nash: the payoffs have shapes {list(a.shape)} and {list(b.shape)}, expected the same [M,N] for both players"
        )
    if sum(a.shape) > MAX_ACTIONS:
        raise ConfigError(
            f"nash: the game has {a.shape[0]} + {a.shape[1]} actions, expected {MAX_ACTIONS} at most, as the effort grows "
            "exponentially; leave out actions that are dominated"
        )
    x, x_labels = _vertices(_scaled(b).T)
    y, y_labels = _vertices(_scaled(a))
    # Labels are ordered: rows, columns. Those of x come as (not played, best replies), those of y the other way round.
    y_labels = np.roll(y_labels, a.shape[0], axis=1)
    pairs = np.argwhere((x_labels[:, None] | y_labels[None]).all(2))
    found = [
        Equilibrium(row, column, np.array([row @ a @ column, row @ b @ column]))
        for row, column in ((x[i] / x[i].sum(), y[j] / y[j].sum()) for i, j in pairs)
    ]
    return tuple(sorted(found, key=_order))


def _order(equilibrium: Equilibrium) -> tuple[int, list[bool], list[bool]]:
    row, column = equilibrium.row == 0, equilibrium.column == 0
    return -int(row.sum() + column.sum()), row.tolist(), column.tolist()


def _payoffs(name: str, payoffs: ArrayLike) -> Float64:
    array = np.asarray(payoffs, dtype=np.float64)
    if array.ndim < 2 or 0 in array.shape:
        raise ConfigError(
            f"{name}: the payoffs have shape {list(array.shape)}, expected [...,M,N] with M and N above 0"
        )
    if not np.isfinite(array).all():
        raise ConfigError(f"{name}: a payoff is not finite; expected finite numbers")
    return array


def _scaled(games: Float64) -> Float64:
    """Payoffs of each game scaled to [1, 2]."""
    low = games.min((-2, -1), keepdims=True)
    span = games.max((-2, -1), keepdims=True) - low
    scaled: Float64 = 1 + (games - low) / np.where(span > 0, span, 1.0)
    return scaled


def _pure(choices: Int64, count: int) -> Float64:
    """Probability 1 for each choice, [B,count]."""
    return np.eye(count)[choices]


def _simplex(games: Float64) -> tuple[Float64, Float64, Float64]:
    """Values [B], row strategies [B,M] and column strategies [B,N] of ``games`` [B,M,N]."""
    count, rows, columns = games.shape
    scaled = _scaled(games)
    # Columns: y, slacks, right-hand side. Rows: the constraints, then the reduced costs.
    tableau = np.zeros((count, rows + 1, columns + rows + 1))
    tableau[:, :rows, :columns] = scaled
    tableau[:, :rows, columns:-1] = np.eye(rows)
    tableau[:, :rows, -1] = 1 + _PERTURBATION * np.sqrt(np.arange(1, rows + 1))
    tableau[:, rows, :columns] = -1
    basis = np.tile(np.arange(columns, columns + rows), (count, 1))
    live = np.arange(count)
    while True:
        costs = tableau[live, rows, :-1]
        unfinished = costs.min(1) < -_ROUNDING
        if not unfinished.any():
            break
        live, entering = live[unfinished], costs[unfinished].argmin(1)
        pivots = tableau[live, :rows, entering]
        ratios = np.full_like(pivots, np.inf)
        np.divide(tableau[live, :rows, -1], pivots, out=ratios, where=pivots > _ROUNDING)
        leaving = ratios.argmin(1)
        pivot_row = tableau[live, leaving] / tableau[live, leaving, entering][:, None]
        tableau[live] -= tableau[live, :, entering][:, :, None] * pivot_row[:, None]
        tableau[live, leaving] = pivot_row
        basis[live, leaving] = entering
    solution = np.zeros((count, columns + rows))
    np.put_along_axis(solution, basis, tableau[:, :rows, -1], axis=1)
    row = _normalised(tableau[:, rows, columns:-1])
    return (row[:, None] @ games).min((1, 2)), row, _normalised(solution[:, :columns])


def _normalised(weights: Float64) -> Float64:
    """Weights as probabilities; rounding below 0 is cut."""
    weights = weights.clip(min=0)
    probabilities: Float64 = weights / weights.sum(-1, keepdims=True)
    return probabilities


@lru_cache
def _bases(constraints: int, dimensions: int) -> Int64:
    """Every way to make as many of the constraints tight as there are dimensions."""
    return np.array(list(combinations(range(constraints), dimensions)))


def _vertices(payoffs: Float64) -> tuple[Float64, Bool]:
    """Vertices other than 0 of {z >= 0, payoffs z <= 1}, and which constraints are tight there.

    Args:
        payoffs: [R,C], above 0.

    Returns:
        vertices: [V,C].
        tight: [V,C + R], z_c = 0 for all c, then (payoffs z)_r = 1 for all r.
    """
    count = payoffs.shape[1]
    left = np.concatenate([np.eye(count), payoffs])
    right = np.concatenate([np.zeros(count), np.ones(len(payoffs))])
    bases = _bases(len(left), count)
    bases = bases[np.abs(np.linalg.det(left[bases])) > _TOLERANCE]
    points = np.linalg.solve(left[bases], right[bases][..., None])[..., 0]
    slack = points @ left.T - right
    inside = (slack[:, :count] >= -_TOLERANCE).all(1) & (slack[:, count:] <= _TOLERANCE).all(1)
    inside &= points.sum(1) > _TOLERANCE
    points = np.where(points[inside] > _TOLERANCE, points[inside], 0.0)
    points = points[np.unique(points.round(8), axis=0, return_index=True)[1]]
    return points, np.abs(points @ left.T - right) <= 10 * _TOLERANCE
