# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Equilibria and tabular learners against games whose solutions are known; the pool of cooperative games."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ns3marl.errors import ConfigError, OutOfStep, SpecViolation
from ns3marl.games import library
from ns3marl.games.cooperative import ChannelGame, SignalGame, TeamMatrixGame
from ns3marl.games.equilibria import minimax, nash
from ns3marl.games.learners import FriendOrFoeQ, Learner, MinimaxQ, NashQ, Options, learn
from ns3marl.games.markov import END, MarkovGame, best_reply, matrix_game, shapley, tabulate
from ns3marl.games.team import TeamPool
from ns3marl.types import Actions, Float64

# ---------------------------------------------------------------------------------------------------------- equilibria


@pytest.mark.parametrize(
    ("payoffs", "value", "row", "column"),
    [
        (library.rock_paper_scissors().rewards[0, ..., 0, 0], 0, [1 / 3] * 3, [1 / 3] * 3),
        (library.matching_pennies().rewards[0, ..., 0, 0], 0, [1 / 2] * 2, [1 / 2] * 2),
        (
            [[3, -1], [-2, 1]],
            1 / 7,
            [3 / 7, 4 / 7],
            [2 / 7, 5 / 7],
        ),  # (ad - bc)/(a + d - b - c), no saddle point
        ([[4, 2, 3], [1, 0, 5]], 2, [1, 0], [0, 1, 0]),  # a saddle point
        ([[1, 2]], 1, [1], [1, 0]),
    ],
)
def test_minimax_of_known_games(
    payoffs: Float64, value: float, row: list[float], column: list[float]
) -> None:
    saddle = minimax(payoffs)
    assert saddle.value == pytest.approx(value, abs=1e-9)
    assert saddle.row == pytest.approx(row, abs=1e-7)
    assert saddle.column == pytest.approx(column, abs=1e-7)


def _matrices(count: int) -> st.SearchStrategy[Float64]:
    shapes = st.tuples(st.just(count), st.integers(1, 5), st.integers(1, 5))
    few = st.integers(-2, 2).map(float)  # ties make games degenerate
    return shapes.flatmap(lambda shape: arrays(np.float64, shape, elements=few | st.floats(-1e6, 1e6)))


@given(_matrices(3))
@settings(deadline=None, max_examples=80)
def test_each_strategy_guarantees_the_value(games: Float64) -> None:
    saddle = minimax(games)
    error = 1e-6 * np.ptp(games)
    assert np.all((saddle.row[:, None] @ games)[:, 0].min(1) >= saddle.value - error)
    assert np.all((games @ saddle.column[..., None])[..., 0].max(1) <= saddle.value + error)
    for strategy in (saddle.row, saddle.column):
        assert np.all(strategy >= 0)
        assert strategy.sum(-1) == pytest.approx(1)


@given(_matrices(2))
@settings(deadline=None, max_examples=80)
def test_no_one_gains_by_leaving_an_equilibrium(games: Float64) -> None:
    a, b = games
    found = nash(a, b)
    assert found
    for equilibrium in found:
        error = 1e-6 * max(np.ptp(a), np.ptp(b))
        assert (a @ equilibrium.column).max() <= equilibrium.values[0] + error
        assert (equilibrium.row @ b).max() <= equilibrium.values[1] + error


@pytest.mark.parametrize(
    ("game", "expected"),
    [
        (library.prisoners_dilemma(), [((0, 1), (0, 1), (1, 1))]),
        (library.matching_pennies(), [((1 / 2, 1 / 2), (1 / 2, 1 / 2), (0, 0))]),
        (
            library.stag_hunt(),
            [((1, 0), (1, 0), (4, 4)), ((0, 1), (0, 1), (3, 3)), ((3 / 4, 1 / 4), (3 / 4, 1 / 4), (3, 3))],
        ),
        (
            library.battle_of_the_sexes(),
            [
                ((1, 0), (1, 0), (2, 1)),
                ((0, 1), (0, 1), (1, 2)),
                ((2 / 3, 1 / 3), (1 / 3, 2 / 3), (2 / 3, 2 / 3)),
            ],
        ),
    ],
    ids=lambda value: value.name if isinstance(value, MarkovGame) else "",
)
def test_all_equilibria_of_known_games(
    game: MarkovGame, expected: list[tuple[tuple[float, ...], ...]]
) -> None:
    found = nash(game.rewards[0, ..., 0, 0], game.rewards[0, ..., 0, 1])
    assert len(found) == len(expected)
    for equilibrium, (row, column, values) in zip(found, expected, strict=True):
        assert equilibrium.row == pytest.approx(row)
        assert equilibrium.column == pytest.approx(column)
        assert equilibrium.values == pytest.approx(values, abs=1e-9)


# --------------------------------------------------------------------------------------------------------- Markov games


def test_soccer_is_fair_and_its_solution_cannot_be_beaten() -> None:
    game = library.soccer()
    assert game.states == 20 * 19 * 2
    solution = shapley(game, 0.9)
    with_ball, without = solution.values[np.flatnonzero(game.start)]
    assert with_ball == pytest.approx(-without)
    assert with_ball == pytest.approx(0.218, abs=1e-3)
    # Both policies at once are best replies to each other only if they are the solution.
    assert best_reply(game, 1, solution.policies[0], 0.9) == pytest.approx(-solution.values, abs=1e-5)
    assert best_reply(game, 0, solution.policies[1], 0.9) == pytest.approx(solution.values, abs=1e-5)


def test_soccer_moves_pass_the_ball_and_score() -> None:
    game = library.soccer()
    up, left, right, stand = 0, 2, 3, 4

    def after(state: tuple[object, ...], joint: tuple[int, int]) -> list[tuple[object, float]]:
        entry = (game.state(state), *joint)
        return [
            (END if s == END else game.labels[s], float(r[0]))
            for s, r in zip(game.successors[entry], game.rewards[entry], strict=True)
        ]

    assert (
        after(((2, 3), (2, 2), 0), (left, stand)) == [(((2, 3), (2, 2), 1), 0.0)] * 2
    )  # runs into the other
    assert after(((2, 0), (0, 0), 0), (left, stand)) == [(END, 1.0)] * 2
    assert after(((0, 0), (2, 2), 0), (left, stand)) == [(((0, 0), (2, 2), 0), 0.0)] * 2  # beside the goal
    assert after(((0, 0), (2, 4), 1), (stand, right)) == [(END, -1.0)] * 2
    # Who is first decides: into the free cell, or onto the other.
    first, second = after(((2, 3), (2, 2), 0), (left, up))
    assert first == (((2, 3), (3, 2), 1), 0.0)
    assert second == (((2, 2), (3, 2), 0), 0.0)


def test_grid_games_follow_their_rules() -> None:
    one, two = library.grid_game_1(), library.grid_game_2()
    up, left, right = 0, 2, 3
    start = one.state(((0, 0), (0, 2)))
    assert one.successors[start, right, left, 0] == start  # both bounce back
    assert one.rewards[start, right, left, 0].tolist() == [-1, -1]
    assert one.rewards[one.state(((1, 2), (1, 0))), up, up, 0].tolist() == [100, 100]
    assert one.rewards[one.state(((1, 2), (1, 1))), up, up, 0].tolist() == [100, 0]
    outcomes = two.successors[two.state(((0, 0), (0, 2))), up, up]
    assert {two.labels[s] for s in outcomes} == {
        (a, b) for a in ((0, 0), (1, 0)) for b in ((0, 2), (1, 2))
    }  # each with probability 1/4


# ------------------------------------------------------------------------------------------------------------- learners


def test_minimax_q_learns_soccer() -> None:
    """On 2 x 4 cells, from random play; off-policy, and episodes begin anywhere, so that all states are seen."""
    game, discount, steps = library.soccer(2, 4), 0.8, 80_000
    solution = shapley(game, discount)
    learner = MinimaxQ(game.states, game.actions, 0, Options(discount=discount, epsilon=1.0, rate_power=0.6))
    rng = np.random.default_rng(1)
    state = 0
    for _ in range(steps):
        joint = (learner.act(state, rng), int(rng.integers(5)))
        successor, rewards = game.step(state, joint, rng)
        learner.update(state, joint, rewards.tolist(), successor)
        state = int(rng.integers(game.states)) if successor == END or rng.random() < 0.1 else successor
    values = np.array([learner.values(s)[0] for s in range(game.states)])
    assert np.sqrt(np.mean((values - solution.values) ** 2)) < 0.1  # goals are worth 1
    # Against the best of all fixed opponents.
    loss = solution.values + best_reply(game, 1, learner.policies(), discount)
    assert loss[np.flatnonzero(game.start)].max() < 0.05
    assert loss.max() < 0.15


def test_nash_q_finds_the_common_optimum_of_grid_game_1() -> None:
    game, discount = library.grid_game_1(), 0.99
    options = Options(discount=discount, epsilon=0.5, rate_power=0.6)
    learners = [NashQ(game.states, game.actions, player, options) for player in (0, 1)]
    learn(game, learners, 6000, np.random.default_rng(1))
    start = int(game.start.argmax())
    for learner in learners:
        assert learner.values(start) == pytest.approx(100 * discount**3, abs=0.1)
    for player in (0, 1):  # neither gains by leaving
        reply = best_reply(game, player, learners[1 - player].policies(), discount)[start]
        assert reply == pytest.approx(100 * discount**3, abs=0.1)


def test_nash_q_meets_an_equilibrium_of_grid_game_2() -> None:
    """One takes the middle lane, the other its own and waits; against what each learned, no reply earns more than that."""
    game, discount = library.grid_game_2(), 0.99
    options = Options(discount=discount, epsilon=0.5, rate_power=0.6, choice="first")
    learners = [NashQ(game.states, game.actions, player, options) for player in (0, 1)]
    learn(game, learners, 12_000, np.random.default_rng(1))
    start = int(game.start.argmax())
    replies = [
        best_reply(game, player, learners[1 - player].policies(), discount)[start] for player in (0, 1)
    ]
    assert replies == pytest.approx([100 * discount**2 / 2, 100 * discount**2])
    for learner in learners:
        assert learner.values(start) == pytest.approx(replies, abs=5)


@pytest.mark.parametrize(("foes", "value"), [(False, 100 * 0.99**3), (True, 0.0)], ids=["friend", "foe"])
def test_friends_cross_grid_game_1_and_foes_do_not_count_on_it(foes: bool, value: float) -> None:
    game = library.grid_game_1()
    options = Options(discount=0.99, epsilon=0.5, rate_power=0.6)
    learners: list[Learner] = [
        FriendOrFoeQ(game.states, game.actions, player, [1 - player] if foes else [], options)
        for player in (0, 1)
    ]
    learn(game, learners, 6000, np.random.default_rng(1))
    for learner in learners:
        assert learner.values(int(game.start.argmax())) == pytest.approx([value], abs=0.1)


def test_who_insists_on_the_middle_lane_wins_grid_game_1() -> None:
    game = library.grid_game_1()
    lane = {(0, 2): 2, (0, 1): 0, (1, 1): 0, (2, 1): 2}
    policy = np.eye(4)[[lane.get(cells[1], 0) for cells in game.labels]]  # type: ignore[index] # the cells of both
    assert best_reply(game, 0, policy, 0.99)[int(game.start.argmax())] == 0


def test_the_middle_lane_of_grid_game_2_is_worth_twice_the_other() -> None:
    game, up, left, right = library.grid_game_2(), 0, 2, 3
    middle, side = {(0, 0): right, (0, 1): up, (1, 1): up}, {(0, 2): up, (1, 2): up, (2, 2): left}
    zero = np.eye(4)[[middle.get(cells[0], up) for cells in game.labels]]  # type: ignore[index] # the cells of both
    one = np.eye(4)[[side.get(cells[1], up) for cells in game.labels]]  # type: ignore[index] # the cells of both
    start = int(game.start.argmax())
    # No reply earns more than walking as the other of the two does, so they are an equilibrium.
    assert best_reply(game, 0, one, 0.99)[start] == pytest.approx(100 * 0.99**2)
    assert best_reply(game, 1, zero, 0.99)[start] == pytest.approx(100 * 0.99**2 / 2)


def test_nash_q_meets_an_equilibrium_of_matrix_games() -> None:
    for game, expected in ((library.prisoners_dilemma(), (1, 1)), (library.stag_hunt(), (4, 4))):
        learners = [NashQ(1, game.actions, player) for player in (0, 1)]
        learn(game, learners, 300, np.random.default_rng(1))
        assert learners[0].values(0) == pytest.approx(expected)
    first = Options(choice="first")
    sexes = [NashQ(1, (2, 2), player, first) for player in (0, 1)]
    learn(library.battle_of_the_sexes(), sexes, 300, np.random.default_rng(1))
    assert [learner.act(0, np.random.default_rng(0), explore=False) for learner in sexes] == [0, 0]


@pytest.mark.parametrize(
    ("payoffs", "optimum"), [(library.CLIMBING, 11), (library.penalty(-100), 10)], ids=["climbing", "penalty"]
)
def test_friends_find_the_optimum_that_foes_avoid(payoffs: Float64, optimum: float) -> None:
    game = matrix_game("team", payoffs, payoffs)
    friends: list[Learner] = [FriendOrFoeQ(1, game.actions, player, foes=()) for player in (0, 1)]
    learn(game, friends, 500, np.random.default_rng(1))
    joint = tuple(friend.act(0, np.random.default_rng(0), explore=False) for friend in friends)
    assert payoffs[joint] == optimum
    assert friends[0].values(0)[0] == pytest.approx(optimum)
    foes = [MinimaxQ(1, game.actions, player, Options(epsilon=1.0)) for player in (0, 1)]
    learn(game, foes, 500, np.random.default_rng(1))
    assert foes[0].values(0)[0] == pytest.approx(float(minimax(payoffs).value))


def test_friends_of_three_gang_up_on_a_foe() -> None:
    """Players 0 and 1 win if their bits together differ from the bit of player 2, who guesses their sum."""
    payoff = np.array([[[float((a + b) % 2 != c) for c in (0, 1)] for b in (0, 1)] for a in (0, 1)])
    game = matrix_game("guess", payoff, payoff, 1 - payoff)
    learners = [
        FriendOrFoeQ(1, game.actions, player, foes, Options(epsilon=1.0))
        for player, foes in ((0, [2]), (1, [2]), (2, [0, 1]))
    ]
    learn(game, learners, 400, np.random.default_rng(1))
    assert [learner.values(0)[0] for learner in learners] == pytest.approx([0.5, 0.5, 0.5])
    assert learners[2].policy(0) == pytest.approx([0.5, 0.5], abs=1e-6)


def test_exploration_and_rates() -> None:
    learner = MinimaxQ(1, (2, 2), 0, Options(epsilon=0.5, rate_power=1.0))
    for reward in (4.0, 2.0, 0.0):
        learner.update(0, (1, 0), (reward, -reward), END)
    assert learner.q[0, 1, 0, 0] == pytest.approx(2.0)  # rates of 1/n give the mean
    learner.update(0, (1, 1), (2.0, -2.0), END)
    rng = np.random.default_rng(0)
    assert learner.policy(0) == pytest.approx([0, 1])
    assert np.mean([learner.act(0, rng) for _ in range(2000)]) == pytest.approx(0.75, abs=0.03)
    assert {learner.act(0, rng, explore=False) for _ in range(50)} == {1}


# -------------------------------------------------------------------------------------------------- cooperative games


def test_the_enumerated_optimum_of_the_channel_game_is_one() -> None:
    game = ChannelGame([4.0, 8.0, 2.0, 16.0], channels=2)
    best, actions = game.optimum()
    assert actions.discrete[0, :, 0].tolist() == [0, 1, 0, 1]  # those with the best gains
    # Alone at full power: mean of log2(1 + g) - 1 over all four, as 1/ln 2 - 1/8 is above 1 W.
    assert best == pytest.approx((np.log2(9) + np.log2(17) - 2) / 4)
    rng = np.random.default_rng(0)
    for _ in range(3000):
        discrete = np.stack([rng.integers(0, 2, 4), rng.integers(0, 2, 4)], axis=1).astype(np.int32)
        assert game.payoff(discrete, rng.random((4, 1)).astype(np.float32)) <= best
    costly = ChannelGame([1.0], channels=1, power_cost=1.0)
    power = costly.optimum()[1].continuous[0, 0, 0]
    assert power == pytest.approx(1 / np.log(2) - 1)


@pytest.mark.parametrize(
    "game", [TeamMatrixGame("climbing", library.CLIMBING), ChannelGame([4.0, 8.0, 2.0], 2)]
)
def test_the_pool_of_games_keeps_the_contract(game: TeamMatrixGame | ChannelGame) -> None:
    best, actions = game.optimum()
    both = [Actions(actions.discrete.repeat(2, 0), actions.continuous.repeat(2, 0))]
    with TeamPool(game, num_envs=2, first_run=5) as pool:
        batch = pool.reset()
        assert batch.tick.tolist() == [0, 0]
        for _ in range(pool.spec.ticks):
            assert not batch.truncated.any()
            batch = pool.step(both)
            assert batch.groups[0].rewards == pytest.approx(np.full(batch.groups[0].rewards.shape, best))
        assert batch.truncated.all()
        assert not batch.terminated.any()
        assert batch.tick.tolist() == [0, 0]
        assert [final.run for final in batch.final if final is not None] == [5, 6]
        assert batch.metrics[:, 0] == pytest.approx(best)
        assert np.isnan(pool.reset().metrics).all()
        assert pool.timing.ticks == 2 * pool.spec.ticks


def test_the_team_hears_what_share_of_the_signals_was_answered() -> None:
    game = SignalGame(agents=6, signals=3)
    with TeamPool(game, num_envs=2, seed=4) as pool:
        batch, shown = pool.reset(), []
        for wrong in range(7):
            seen = batch.groups[0].observations
            assert seen[..., 1:].sum(-1).tolist() == [[1.0] * 6] * 2
            answers = seen[..., 1:].argmax(-1)
            shown.append(answers)
            answers[:, :wrong] = (answers[:, :wrong] + 1) % 3
            batch = pool.step([Actions(answers[..., None].astype(np.int32), np.zeros((2, 6, 0), np.float32))])
            assert batch.groups[0].rewards == pytest.approx(np.full((2, 6), (6 - wrong) / 6))
        assert game.optimum() == 1
        assert (
            len({tuple(row) for tick in shown for row in tick}) > 10
        )  # new at every tick, and in every copy
        assert pool.reset().groups[0].observations[0, :, 0].tolist() == pytest.approx(
            [1 / 12, 3 / 12, 5 / 12, 7 / 12, 9 / 12, 11 / 12]
        )


def test_luck_is_paid_for_the_answer_that_was_given_and_shown_in_the_state_alone() -> None:
    game = SignalGame(agents=5, signals=3, luck=2.0)
    plain = SignalGame(agents=5, signals=3)
    assert game.spec.groups == plain.spec.groups
    assert [block.name for block in game.spec.state] == ["agents", "luck"]
    lucks = []
    with TeamPool(game, num_envs=3, seed=4) as pool:
        batch, rng = pool.reset(), np.random.default_rng(0)
        for _ in range(200):
            signals, luck = batch.groups[0].observations[..., 1:].argmax(-1), batch.state[1]
            answers = rng.integers(3, size=(3, 5))
            earned = (answers == signals) + np.take_along_axis(luck, answers[..., None], -1)[..., 0]
            lucks.append(luck)
            batch = pool.step([Actions(answers[..., None].astype(np.int32), np.zeros((3, 5, 0), np.float32))])
            assert batch.groups[0].rewards == pytest.approx(
                earned.mean(-1, keepdims=True).repeat(5, 1), abs=1e-5
            )
    assert np.std(lucks) == pytest.approx(2, rel=0.05)
    assert np.mean(lucks) == pytest.approx(0, abs=0.1)
    assert np.abs(lucks).max() <= 8
    assert game.optimum() == 1


# ----------------------------------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("refused", "message"),
    [
        (lambda: minimax([1.0, 2.0]), r"shape \[2\], expected \[...,M,N\]"),
        (lambda: minimax([[np.nan]]), "not finite"),
        (lambda: nash(np.ones((2, 3)), np.ones((3, 2))), r"\[2, 3\] and \[3, 2\], expected the same"),
        (lambda: nash(np.ones((9, 9)), np.ones((9, 9))), "9 \\+ 9 actions, expected 16 at most"),
        (lambda: matrix_game("odd", np.ones((2, 2))), "one table per player"),
        (
            lambda: tabulate("half", ["s"], (1,), lambda _s, _a: [(0.5, None, [0.0])], ["s"]),
            "must each sum to 1",
        ),
        (
            lambda: dataclasses.replace(library.stag_hunt(), start=np.ones(2)),
            "probabilities, successors, rewards and start have shapes",
        ),
        (lambda: library.soccer(1, 5), "expected 2 x 3 at least"),
        (lambda: library.penalty(1), "k is 1, expected 0 or below"),
        (lambda: shapley(library.stag_hunt(), 0.9), "two whose rewards sum to 0"),
        (lambda: shapley(library.soccer(2, 3), 1.0), "discount is 1.0, expected 0 or above and below 1"),
        (lambda: best_reply(library.stag_hunt(), 0, np.ones((1, 3)), 0.9), "expected 2 players and"),
        (lambda: Options(rate_power=0.5), "rate_power is 0.5, expected above 1/2"),
        (lambda: Options(epsilon=2), "epsilon is 2, expected from 0 to 1"),
        (lambda: Options(choice="last"), 'choice is last, expected "first" or "total"'),  # type: ignore[arg-type] # on purpose
        (lambda: NashQ(1, (2, 2, 2), 0), "NashQ: the game has 3 players, expected 2"),
        (lambda: MinimaxQ(1, (2,), 0), "MinimaxQ: the game has 1 players, expected 2"),
        (lambda: MinimaxQ(1, (2, 2), 2), "player is 2, expected 0 to 1"),
        (lambda: FriendOrFoeQ(1, (2, 2), 0, [0]), r"the foes are \[0\], expected some of \[1\]"),
        (lambda: NashQ(1, (2, 2), 0).update(0, (0, -1), (0, 0), END), r"actions below \[2, 2\]"),
        (lambda: NashQ(1, (2, 2), 0).update(0, (0, 0), (0,), END), "1 rewards, expected one of each"),
        (
            lambda: learn(library.stag_hunt(), [NashQ(1, (2, 2), 1)] * 2, 1, np.random.default_rng()),
            r"play \[1, 1\], expected one for each of the 2 players",
        ),
        (lambda: TeamMatrixGame("odd", np.ones((2, 3))), r"\[2, 3\], expected a square matrix"),
        (lambda: ChannelGame([], 2), "one or more numbers above 0"),
        (lambda: ChannelGame([1.0], 0), "0 channels and a power cost of 1.0, expected 1 or more"),
        (lambda: ChannelGame([1.0] * 20, 2), "expected 10\\^5 at most"),
        (lambda: SignalGame(0), "0 agents and 4 signals, expected 1 or more and 2 or more"),
        (lambda: SignalGame(2, 1), "2 agents and 1 signals"),
        (lambda: SignalGame(2, 2, luck=-1), "the luck is -1, expected a number of 0 or more"),
        (lambda: TeamPool(ChannelGame([1.0], 1), num_envs=0), "num_envs is 0, expected 1 to 1000000"),
    ],
)
def test_what_is_out_of_range_is_refused(refused: Callable[[], object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        refused()


def test_the_pool_of_games_refuses_what_breaks_the_spec() -> None:
    pool = TeamPool(ChannelGame([1.0, 2.0], channels=1), num_envs=1)
    actions = Actions(np.zeros((1, 2, 2), np.int32), np.zeros((1, 2, 1), np.float32))
    with pytest.raises(OutOfStep, match=r"call reset\(\) first"):
        pool.step([actions])
    pool.reset()
    with pytest.raises(SpecViolation, match="the actions have shapes"):
        pool.step([actions, actions])
    with pytest.raises(SpecViolation, match="head 'channel' got a choice that is masked or not one of its 1"):
        pool.step([Actions(actions.discrete + 1, actions.continuous)])
    with pytest.raises(SpecViolation, match=r"head 'power' got 2\.0 to 2\.0, expected 0 to 1 W"):
        pool.step([Actions(actions.discrete, actions.continuous + 2)])
    pool.step([actions])
