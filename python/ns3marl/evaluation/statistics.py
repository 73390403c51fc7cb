# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Statistics of evaluations: interquartile mean, stratified bootstrap, probability of improvement.

Axes: **R** training runs (seeds) of one policy, **M** evaluation episodes, **B** resamples. The scores of a policy in one
setting are ``[R,M]``: every run plays the same M episodes, so the runs are crossed with the episodes. A *stratum* is a
setting with its own runs, such as a preset of the scenario. Resampling follows the design: within a stratum, runs and
episodes are each drawn with replacement, as whole rows and whole columns (Owen 2007, "The pigeonhole bootstrap"), and
strata are never mixed. With one episode per stratum this is the stratified bootstrap of Agarwal et al. (NeurIPS 2021,
"Deep reinforcement learning at the edge of the statistical precipice"); with one run it is the bootstrap over episodes.
Drawing each score separately would treat a run's episodes as independent runs and give intervals that are too narrow.

Draws are counts: how often each run or episode occurs in a resample.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ns3marl.types import Float64, Int64

#: A statistic of several strata of scores: values [n], and how often each counts [B,n]; gives [B].
Statistic = Callable[[Float64, Int64], Float64]


@dataclass(frozen=True)
class Interval:
    """A value with its 95 % interval; NaN if there is nothing to measure, NaN ends if nothing varies."""

    value: float
    low: float
    high: float


def mean(values: Float64, counts: Int64) -> Float64:
    """Means [B] of values [n] that occur ``counts`` [B,n] times; NaNs are left out."""
    known = np.isfinite(values)
    total = counts[:, known].sum(-1)
    sums = counts[:, known] @ values[known]
    result: Float64 = np.divide(sums, total, out=np.full(len(counts), np.nan), where=total > 0)
    return result


def iqm(values: Float64, counts: Int64) -> Float64:
    """Interquartile means [B]: the mean of the middle half.

    Of n sorted scores, floor(n/4) are left out at either end, as in Agarwal et al. (2021).

    Args:
        values: [n]; NaNs are left out.
        counts: How often each value occurs, [B,n].
    """
    known = np.isfinite(values)
    order = np.argsort(values[known], kind="stable")
    ordered, weights = values[known][order], counts[:, known][:, order]
    upto = weights.cumsum(-1)
    total = weights.sum(-1, keepdims=True)
    cut = total // 4
    kept = (np.minimum(upto, total - cut) - np.maximum(upto - weights, cut)).clip(0)
    size = kept.sum(-1)
    result: Float64 = np.divide(kept @ ordered, size, out=np.full(len(counts), np.nan), where=size > 0)
    return result


def draw(size: int, resamples: int, rng: np.random.Generator) -> Int64:
    """How often each of ``size`` items occurs in each resample, [B,size]."""
    return rng.multinomial(size, np.full(size, 1 / size), size=resamples)


def stratified_bootstrap(
    strata: Sequence[Float64], statistic: Statistic, resamples: int, seed: int = 0
) -> Interval:
    """A statistic of all scores with its 95 % percentile-bootstrap interval.

    Args:
        strata: Scores [R,M] of one policy in each setting; R and M may differ between settings.
        statistic: ``mean`` or ``iqm``.
        resamples: B.
        seed: Of the resampling. Equal seeds draw equal episodes for policies with as many of them.
    """
    rng = np.random.default_rng(seed)
    counts = []
    for scores in strata:
        episodes = draw(scores.shape[1], resamples, rng)  # first, so that they do not depend on R
        runs = draw(scores.shape[0], resamples, rng)
        counts.append((runs[:, :, None] * episodes[:, None, :]).reshape(resamples, -1))
    values = np.concatenate([scores.reshape(-1) for scores in strata])
    point = statistic(values, np.ones((1, len(values)), np.int64))[0]
    return _interval(float(point), statistic(values, np.concatenate(counts, -1)), np.isfinite(values).sum())


def bootstrap(values: Sequence[float] | Float64, resamples: int, seed: int = 0) -> Interval:
    """Mean and 95 % percentile-bootstrap interval of independent values; NaNs are left out.

    Args:
        values: One per episode.
        resamples: B.
        seed: Of the resampling.
    """
    array = np.asarray(values, dtype=np.float64)
    known = array[np.isfinite(array)]
    if len(known) == 0:
        return Interval(np.nan, np.nan, np.nan)
    return stratified_bootstrap([known[None]], mean, resamples, seed)


def difference(ours: Float64, theirs: Float64, resamples: int, seed: int = 0) -> Interval:
    """Mean of our scores minus mean of theirs on the same episodes, with its 95 % interval.

    Both sides share each draw of episodes; their runs are drawn independently.

    Args:
        ours: [R,M].
        theirs: [R',M].
        resamples: B.
        seed: Of the resampling.
    """
    rng = np.random.default_rng(seed)
    episodes = draw(ours.shape[1], resamples, rng)
    sides = [
        (scores, draw(len(scores), resamples, rng))
        for scores in (_where_both(ours, theirs), _where_both(theirs, ours))
    ]
    gaps = []
    for everything in (True, False):
        means = []
        for scores, runs in sides:
            counts = runs[:, :, None] * episodes[:, None, :]
            used = np.ones((1, scores.size), np.int64) if everything else counts.reshape(resamples, -1)
            means.append(mean(scores.reshape(-1), used))
        gaps.append(means[0] - means[1])
    return _interval(float(gaps[0][0]), gaps[1], min(np.isfinite(scores).sum() for scores, _ in sides))


def way_to_planner(
    learner: Float64, rules: Sequence[Float64], planner: Float64, resamples: int, seed: int = 0
) -> Interval:
    """Share of the gap between the best rule and a planner that a learner closes on the same episodes, with its 95 % interval.

    (learner - rule) / (planner - rule) of mean scores: 0 is as good as the best rule, 1 as good as the planner. The best rule is the
    one with the highest mean. All share each draw of episodes; the learner's runs are drawn too.

    Args:
        learner: [R,M].
        rules: [1,M] or [M] each.
        planner: [1,M] or [M].
        resamples: B.
        seed: Of the resampling.

    Returns:
        NaN if no rule is given or the planner is not better than the best one; the interval excludes such resamples.

    Raises:
        ValueError: The numbers of episodes differ, or scores are not finite.
    """
    fixed = [np.asarray(scores, np.float64).reshape(-1) for scores in (*rules, planner)]
    episodes = learner.shape[1]
    if any(len(scores) != episodes for scores in fixed):
        raise ValueError(
            f"scores of {[len(scores) for scores in fixed]} episodes beside a learner's {episodes}; play the same episodes"
        )
    if not all(np.isfinite(scores).all() for scores in (learner, *fixed)):
        raise ValueError("scores that are NaN or infinite; leave these episodes out of all policies")
    if not rules:
        return Interval(np.nan, np.nan, np.nan)
    best, goal = max(fixed[:-1], key=lambda scores: float(scores.mean())), fixed[-1]
    rng = np.random.default_rng(seed)
    drawn = draw(episodes, resamples, rng) / episodes
    runs = draw(len(learner), resamples, rng) / len(learner)

    def share(of_episodes: Float64, of_runs: Float64) -> Float64:
        gained = np.einsum("br,rm,bm->b", of_runs, learner - best, of_episodes)
        whole = of_episodes @ (goal - best)
        result: Float64 = np.divide(gained, whole, out=np.full(len(whole), np.nan), where=whole > 0)
        return result

    point = share(np.full((1, episodes), 1 / episodes), np.full((1, len(learner)), 1 / len(learner)))
    return _interval(float(point[0]), share(drawn, runs), learner.size)


def improvement(
    ours: Float64, theirs: Float64, resamples: int, seed: int = 0, *, higher_is_better: bool = True
) -> Interval:
    """Probability that a run of ours beats a run of theirs on the same episode, with its 95 % interval.

    P = 1/(R R' M) sum_{r,s,m} [x_rm better than y_sm] + 1/2 [x_rm = y_sm]: the Mann-Whitney statistic of every episode,
    averaged over episodes (Agarwal et al. 2021, with episodes as tasks). 1/2 says that neither is better.

    Args:
        ours: x, [R,M].
        theirs: y, [R',M].
        resamples: B.
        seed: Of the resampling.
        higher_is_better: Of the metric.
    """
    sign = 1.0 if higher_is_better else -1.0
    gap = sign * (ours[:, None] - theirs[None])  # [R,R',M]
    known = np.isfinite(gap)
    wins = np.where(known, (np.sign(np.where(known, gap, 0.0)) + 1) / 2, 0.0)
    rng = np.random.default_rng(seed)
    episodes = draw(ours.shape[1], resamples, rng)
    pairs = (
        draw(len(ours), resamples, rng)[:, :, None] * draw(len(theirs), resamples, rng)[:, None, :]
    )  # [B,R,R']
    won = np.einsum("brs,brs->b", pairs, np.einsum("bm,rsm->brs", episodes, wins))
    met = np.einsum("brs,brs->b", pairs, np.einsum("bm,rsm->brs", episodes, known.astype(float)))
    share = np.divide(won, met, out=np.full(resamples, np.nan), where=met > 0)
    point = wins.sum() / known.sum() if known.any() else np.nan
    return _interval(float(point), share, known.sum())


def _where_both(scores: Float64, others: Float64) -> Float64:
    """The scores, NaN at episodes without a value on the other side, so that only complete pairs count."""
    return np.where(np.isfinite(others).any(0), scores, np.nan)


def _interval(point: float, resampled: Float64, known: int) -> Interval:
    """Percentiles of the resamples; none for a single value, which has no spread."""
    resampled = resampled[np.isfinite(resampled)]
    if known < 2 or len(resampled) == 0:
        return Interval(point, np.nan, np.nan)
    low, high = np.quantile(resampled, [0.025, 0.975])
    return Interval(point, float(low), float(high))
