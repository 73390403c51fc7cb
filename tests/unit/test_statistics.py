# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Statistics against values by hand, and against loops that resample indices one by one."""

from __future__ import annotations

import numpy as np
import pytest

from ns3marl.evaluation import statistics
from ns3marl.evaluation.statistics import Interval
from ns3marl.types import Float64, Int64


def once(values: list[float]) -> tuple[Float64, Int64]:
    return np.array(values), np.ones((1, len(values)), np.int64)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1, 2, 3, 4], 2.5),  # 1 and 4 fall away
        ([100, 2, 3, -50], 2.5),
        ([1, 2, 3], 2),  # floor(3/4) = 0: nothing falls away
        ([0, 1, 2, 3, 4, 5, 6, 70], 3.5),
        ([7], 7),
        ([np.nan, 1, 2, 3, 4, np.nan], 2.5),
    ],
)
def test_the_interquartile_mean_by_hand(values: list[float], expected: float) -> None:
    assert statistics.iqm(*once(values))[0] == pytest.approx(expected)


def test_counts_stand_for_repeated_values() -> None:
    values, counts = np.array([5.0, 1.0, 3.0]), np.array([[1, 4, 3], [8, 0, 0], [0, 0, 0]])
    assert statistics.iqm(values, counts)[:2] == pytest.approx([2.0, 5.0])  # 1 1 [1 1 3 3] 3 5
    assert statistics.mean(values, counts)[:2] == pytest.approx([18 / 8, 5.0])
    assert np.isnan(statistics.iqm(values, counts)[2])
    assert np.isnan(statistics.mean(values, counts)[2])


def naive_iqm(values: list[float]) -> float:
    kept = sorted(value for value in values if not np.isnan(value))
    cut = len(kept) // 4
    return float(np.mean(kept[cut : len(kept) - cut]))


def naive(strata: list[Float64], resamples: int, seed: int) -> list[float]:
    """The same draws, one resample, run and episode at a time."""
    rng = np.random.default_rng(seed)
    drawn = []
    for scores in strata:
        episodes = statistics.draw(scores.shape[1], resamples, rng)
        drawn.append((episodes, statistics.draw(scores.shape[0], resamples, rng)))
    results = []
    for b in range(resamples):
        sample = []
        for scores, (episodes, runs) in zip(strata, drawn, strict=True):
            for run, of_run in enumerate(runs[b]):
                for _ in range(of_run):
                    for episode, of_episode in enumerate(episodes[b]):
                        sample += [float(scores[run, episode])] * of_episode
        results.append(naive_iqm(sample))
    return results


def test_the_stratified_bootstrap_equals_a_loop() -> None:
    rng = np.random.default_rng(3)
    strata = [rng.normal(size=(3, 5)), rng.normal(4, 2, size=(4, 2))]
    strata[0][1, 2] = np.nan
    interval = statistics.stratified_bootstrap(strata, statistics.iqm, 60, seed=5)
    low, high = np.quantile(naive(strata, 60, 5), [0.025, 0.975])
    assert interval.value == pytest.approx(naive_iqm([v for s in strata for v in s.flat]))
    assert [interval.low, interval.high] == pytest.approx([low, high])


def test_strata_are_never_mixed_and_draws_are_fair() -> None:
    apart = [np.zeros((3, 1)), np.full((3, 1), 8.0)]
    assert statistics.stratified_bootstrap(apart, statistics.mean, 500) == Interval(4.0, 4.0, 4.0)
    counts = statistics.draw(4, 4000, np.random.default_rng(1))
    assert (counts.sum(-1) == 4).all()
    assert counts.mean(0) == pytest.approx(np.ones(4), abs=0.06)
    assert counts.var(0) == pytest.approx(np.full(4, 0.75), abs=0.08)  # binomial: 4 x 1/4 x 3/4


def test_episodes_of_one_run_are_no_further_runs() -> None:
    """Three runs that differ, each the same on all episodes: the interval is that of three values, not of thirty."""
    scores = np.repeat([[0.0], [1.0], [2.0]], 10, axis=1)
    crossed = statistics.stratified_bootstrap([scores], statistics.mean, 4000)
    assert crossed.low == pytest.approx(0, abs=1e-9)  # all three draws the worst: 1/27 of resamples
    assert crossed.high == pytest.approx(2)


def test_intervals_cover_the_mean_about_as_often_as_they_say() -> None:
    """Runs and episodes both vary, so do those that are not seen: the crossed bootstrap errs on the safe side."""
    rng, covered = np.random.default_rng(0), 0
    for _ in range(300):
        scores = rng.normal(size=(8, 1)) + rng.normal(size=(1, 12)) + rng.normal(size=(8, 12))
        interval = statistics.stratified_bootstrap([scores], statistics.mean, 400)
        covered += interval.low <= 0 <= interval.high
    assert 0.90 <= covered / 300 <= 0.995


def test_probability_of_improvement_by_hand() -> None:
    ours, theirs = np.array([[1.0, 5.0], [3.0, 5.0]]), np.array([[2.0, 5.0]])
    # episode 0: 1 < 2, 3 > 2: 1/2. Episode 1: two ties: 1/2.
    assert statistics.improvement(ours, theirs, 50).value == pytest.approx(0.5)
    assert statistics.improvement(ours + 1, theirs, 50).value == pytest.approx((0.75 + 1) / 2)
    worse = statistics.improvement(ours + 1, theirs, 50, higher_is_better=False)
    assert worse.value == pytest.approx(1 - (0.75 + 1) / 2)
    sure = statistics.improvement(ours + 10, theirs, 50)
    assert sure == Interval(1.0, 1.0, 1.0)
    lost = np.array([[np.nan, 1.0]])
    assert statistics.improvement(lost, theirs, 50).value == 0  # the unknown episode does not count
    assert np.isnan(statistics.improvement(np.full((1, 2), np.nan), theirs, 50).value)


def test_the_interval_of_improvement_equals_a_loop() -> None:
    rng, resamples = np.random.default_rng(2), 40
    ours, theirs = rng.normal(0.3, 1, size=(3, 4)).round(1), rng.normal(size=(2, 4)).round(1)
    draws = np.random.default_rng(9)
    episodes, mine, other = (statistics.draw(n, resamples, draws) for n in (4, 3, 2))
    shares = []
    for b in range(resamples):
        won, met = 0.0, 0
        for r in range(3):
            for s in range(2):
                for m in range(4):
                    times = int(mine[b, r] * other[b, s] * episodes[b, m])
                    won += times * ((ours[r, m] > theirs[s, m]) + 0.5 * (ours[r, m] == theirs[s, m]))
                    met += times
        shares.append(won / met)
    interval = statistics.improvement(ours, theirs, resamples, seed=9)
    assert [interval.low, interval.high] == pytest.approx(np.quantile(shares, [0.025, 0.975]))


def test_differences_are_paired_by_episode() -> None:
    hard = np.array([[0.0, 10.0, 20.0, 30.0]])
    gap = statistics.difference(hard + 1, hard, 300)
    assert (gap.value, gap.low, gap.high) == pytest.approx((1, 1, 1))
    runs = statistics.difference(np.concatenate([hard, hard + 2]), hard, 300)
    assert (runs.value, runs.low, runs.high) == pytest.approx((1, 0, 2))
    missing = hard.copy()
    missing[0, 3] = np.nan
    assert statistics.difference(hard + 1, missing, 300).value == pytest.approx(1)


def test_a_single_value_has_no_interval() -> None:
    assert np.isnan(statistics.bootstrap([np.nan], 10).value)
    assert statistics.bootstrap([np.nan, 3.0], 10).value == 3
    assert np.isnan(statistics.bootstrap([3.0], 10).low)


def test_the_way_to_the_planner_by_hand() -> None:
    learner = np.array([[76.0, 84.0, 80.0], [78.0, 86.0, 82.0]])
    best, other, planner = (
        np.array([70.0, 80.0, 75.0]),
        np.array([60.0, 70.0, 65.0]),
        np.array([85.0, 95.0, 90.0]),
    )
    way = statistics.way_to_planner(learner, [other, best], planner, 300)
    assert way.value == pytest.approx((81 - 75) / (90 - 75))
    assert 0.25 < way.low < way.value < way.high < 0.55
    assert statistics.way_to_planner(best[None], [best[None]], planner[None], 50).value == 0
    assert statistics.way_to_planner(planner[None], [best], planner, 50).value == 1
    assert statistics.way_to_planner(other[None], [best], planner, 50).value == pytest.approx(-10 / 15)


def test_there_is_no_way_to_a_planner_that_is_no_better_than_a_rule() -> None:
    scores = np.array([[1.0, 2.0]])
    assert np.isnan(statistics.way_to_planner(scores, [np.array([3.0, 4.0])], np.array([3.0, 4.0]), 50).value)
    assert np.isnan(statistics.way_to_planner(scores, [], np.array([3.0, 4.0]), 50).value)
    with pytest.raises(ValueError, match="play the same episodes"):
        statistics.way_to_planner(scores, [np.array([3.0])], np.array([3.0, 4.0]), 50)
    with pytest.raises(ValueError, match="NaN or infinite"):
        statistics.way_to_planner(scores, [np.array([3.0, np.nan])], np.array([3.0, 4.0]), 50)
