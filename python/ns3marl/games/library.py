# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Games of the literature: matrix games, soccer (Littman 1994), two grid games (Hu and Wellman 2003)."""

from __future__ import annotations

from itertools import product

import numpy as np

from ns3marl.errors import ConfigError
from ns3marl.games.markov import MarkovGame, Outcome, matrix_game, tabulate
from ns3marl.types import Float64

Cell = tuple[int, int]  #: row from the bottom, column from the left

#: Team payoff of the climbing game (Claus and Boutilier 1998); optimum 11 at (0, 0), which either agent leaving ruins.
CLIMBING: Float64 = np.array([[11.0, -30, 0], [-30, 7, 6], [0, 0, 5]])


def prisoners_dilemma() -> MarkovGame:
    """Payoffs 5 > 3 > 1 > 0 (Axelrod 1984); 0 cooperates, 1 defects. The one equilibrium is (1, 1), worth 1 to each."""
    row = np.array([[3.0, 0], [5, 1]])
    return matrix_game("prisoner's dilemma", row, row.T)


def matching_pennies() -> MarkovGame:
    """Player 0 wins 1 if the coins match, else player 1 does. Value 0, both play uniformly."""
    row = np.array([[1.0, -1], [-1, 1]])
    return matrix_game("matching pennies", row, -row)


def rock_paper_scissors() -> MarkovGame:
    """Rock, paper, scissors; each beats the one before it and wins 1. Value 0, both play uniformly."""
    row = np.array([[0.0, -1, 1], [1, 0, -1], [-1, 1, 0]])
    return matrix_game("rock, paper, scissors", row, -row)


def stag_hunt() -> MarkovGame:
    """0 hunts stag, worth 4 if both do and else 0; 1 hunts hare, worth 3. Equilibria (0, 0), (1, 1), and 3/4 stag."""
    row = np.array([[4.0, 0], [3, 3]])
    return matrix_game("stag hunt", row, row.T)


def battle_of_the_sexes() -> MarkovGame:
    """Together is worth 2 to the one whose choice it is and 1 to the other (Luce and Raiffa 1957); apart is worth 0.

    Equilibria (0, 0), (1, 1), and each playing its own favourite with 2/3, worth 2/3 to each.
    """
    row = np.array([[2.0, 0], [0, 1]])
    return matrix_game("battle of the sexes", row, row[::-1, ::-1])


def penalty(k: float) -> Float64:
    """Team payoff of the penalty game (Claus and Boutilier 1998), [3,3]; optimum 10 at (0, 0) and at (2, 2).

    Args:
        k: What choosing different optima costs, 0 or below.

    Raises:
        ConfigError: ``k`` is above 0.
    """
    if k > 0:
        raise ConfigError(f"penalty game: k is {k}, expected 0 or below")
    return np.array([[10.0, 0, k], [0, 2, 0], [k, 0, 10]])


#: Soccer: up, down, left, right, stand. The grid games: the first four.
MOVES: tuple[Cell, ...] = ((1, 0), (-1, 0), (0, -1), (0, 1), (0, 0))


def soccer(rows: int = 4, columns: int = 5) -> MarkovGame:
    """Two players and a ball on a grid; a goal is worth 1 to the scorer and -1 to the other (Littman 1994).

    Both choose a move; the moves are carried out in random order. A move into the other's cell does not take place, and
    the ball goes to the one who stood there. Player 0 starts on the right and scores on the left, player 1 the other way
    round, each through the one or two middle rows. The ball is given to either at random.

    The episode ends with a goal. In the paper the board is then set up anew; as the game looks the same to both players,
    and the ball is drawn, that is worth 0 to both, so values and policies are the same. States are (cell of player 0,
    cell of player 1, who has the ball).

    Raises:
        ConfigError: The field has fewer than 2 rows or 3 columns.
    """
    if rows < 2 or columns < 3:
        raise ConfigError(f"soccer: the field has {rows} x {columns} cells, expected 2 x 3 at least")
    goal_rows, goal_columns = range((rows - 1) // 2, rows // 2 + 1), (-1, columns)
    cells = list(product(range(rows), range(columns)))
    states = [(a, b, ball) for a in cells for b in cells if a != b for ball in (0, 1)]

    def rule(state: tuple[Cell, Cell, int], joint: tuple[int, ...]) -> list[Outcome]:
        outcomes: list[Outcome] = []
        for order in ((0, 1), (1, 0)):
            at, ball, scorer = [state[0], state[1]], state[2], None
            for player in order:
                move = MOVES[joint[player]]
                row, column = at[player][0] + move[0], at[player][1] + move[1]
                if ball == player and row in goal_rows and column == goal_columns[player]:
                    scorer = player
                    break
                if (row, column) == at[1 - player]:
                    ball = 1 - player
                elif 0 <= row < rows and 0 <= column < columns:
                    at[player] = (row, column)
            if scorer is None:
                outcomes.append((0.5, (at[0], at[1], ball), (0.0, 0.0)))
            else:
                outcomes.append((0.5, None, (1.0, -1.0) if scorer == 0 else (-1.0, 1.0)))
        return outcomes

    places = ((rows // 2, columns - 2), ((rows - 1) // 2, 1))
    if rows % 2:
        places = ((rows // 2, columns - 1), (rows // 2, 0))
    return tabulate("soccer", states, (5, 5), rule, [(*places, 0), (*places, 1)])


def grid_game_1() -> MarkovGame:
    """3 x 3 cells; each player wants to reach the upper corner opposite to its own lower one (Hu and Wellman 2003).

    Both move at once. Reaching one's goal is worth 100 and ends the game for both. Who would be in the same cell, other
    than a goal, stays where it was and pays 1; changing places is allowed, and a move off the grid is none. States are the
    cells of both.

    Where both walk four steps without meeting, neither can do better: at discount 0.99 this equilibrium is worth
    100 x 0.99^3 = 97.03 to each. There are worse ones, worth 0 and 97.03: one insists on the lane left (or right), up, up,
    left (right), which meets every four steps of the other, who waits.
    """
    return _grid_game("grid game 1", goals=((2, 2), (2, 0)), barriers=False)


def grid_game_2() -> MarkovGame:
    """As grid game 1, but both want the upper middle cell, and moving up from a lower corner fails half of the time.

    Only one can take the free middle lane: at discount 0.99 the pure equilibria are worth 98.01 to that one and 49.005 to the
    other, who arrives in time if the barrier opens at once (Hu and Wellman 2003).
    """
    return _grid_game("grid game 2", goals=((2, 1), (2, 1)), barriers=True)


def _grid_game(name: str, goals: tuple[Cell, Cell], *, barriers: bool) -> MarkovGame:
    cells = list(product(range(3), range(3)))
    corners = ((0, 0), (0, 2))
    states = [(a, b) for a in cells for b in cells if a != b and a != goals[0] and b != goals[1]]

    def landing(cell: Cell, move: int) -> list[tuple[float, Cell]]:
        row, column = cell[0] + MOVES[move][0], cell[1] + MOVES[move][1]
        if not (0 <= row < 3 and 0 <= column < 3):
            return [(1.0, cell)]
        if barriers and cell in corners and row > 0:
            return [(0.5, (row, column)), (0.5, cell)]
        return [(1.0, (row, column))]

    def rule(state: tuple[Cell, Cell], joint: tuple[int, ...]) -> list[Outcome]:
        a, b = state
        outcomes: list[Outcome] = []
        for (p, to_a), (q, to_b) in product(landing(a, joint[0]), landing(b, joint[1])):
            arrived = (to_a == goals[0], to_b == goals[1])
            if to_a == to_b and to_a not in goals:
                outcomes.append((p * q, state, (-1.0, -1.0)))
            elif any(arrived):
                outcomes.append((p * q, None, (100.0 * arrived[0], 100.0 * arrived[1])))
            else:
                outcomes.append((p * q, (to_a, to_b), (0.0, 0.0)))
        return outcomes

    return tabulate(name, states, (4, 4), rule, [corners])
