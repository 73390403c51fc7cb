# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The numbers that the published text gives, as far as they are known, beside what the cells measured, and why they differ."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ns3marl.evaluation.statistics import Interval
from ns3marl.scenarios.aiot_mec.published import sweep, tables
from ns3marl.scenarios.aiot_mec.published.measured import (
    COMPLETION,
    LATENCY,
    Cells,
    Shown,
    mean,
    tail_deviation,
)

SIX = tables.LEARNERS[:6]
#: Published standard deviations of the reward of 1000 ticks in the tail of the training: the least of them.
LEAST_DEVIATION = 1240.0
#: Published fall of the completion ratio from the smallest to the largest network [points].
DROP = 1.2


@dataclass(frozen=True)
class Measured:
    """Ours, and the policy that it is of."""

    interval: Interval
    policy: str


@dataclass(frozen=True)
class Claim:
    """One published number."""

    what: str
    published: float
    digits: int
    ours: Callable[[Cells], Measured | None]
    """None while cells that it needs are missing."""
    why: str
    """The reason of a difference, as far as it is known."""


def _imappo(shown: Shown) -> Callable[[Cells], Measured | None]:
    def ours(cells: Cells) -> Measured | None:
        of = cells.of("imappo", tables.HOME)
        return Measured(mean(of, shown), "imappo") if of else None

    return ours


def _extreme(shown: Shown, pick: Callable[[list[float]], np.intp]) -> Callable[[Cells], Measured | None]:
    """The learner of the six that is least or largest in a metric."""

    def ours(cells: Cells) -> Measured | None:
        of = [cells.of(name, tables.HOME) for name in SIX]
        if not all(of):
            return None
        found = [mean(contents, shown) for contents in of]
        number = pick([one.value for one in found])
        return Measured(found[number], SIX[number])

    return ours


def _least_deviation(cells: Cells) -> Measured | None:
    of = [cells.of(name, tables.HOME) for name in SIX]
    if not all(of):
        return None
    found = [tail_deviation(contents) for contents in of]
    number = int(np.nanargmin(found))
    return Measured(Interval(found[number], np.nan, np.nan), SIX[number])


def drop_to_100(cells: Cells) -> Measured | None:
    """Fall of IMAPPO's completion ratio from the smallest to the largest network [points]; None while cells are missing."""
    small, large = (cells.of("imappo", f"{n}_{k}") for n, k in (tables.SIZES[0], tables.SIZES[-1]))
    if not (small and large):
        return None
    fall = mean(small, COMPLETION).value - mean(large, COMPLETION).value
    return Measured(Interval(fall, np.nan, np.nan), "imappo")


CLAIMS = (
    Claim(
        "completion of IMAPPO [%]",
        sweep.COMPLETION_PERCENT[1],
        2,
        _imappo(COMPLETION),
        "the reward pays for energy too: `coordinated-greedy` completes more at full power, and earns less",
    ),
    Claim(
        "latency of IMAPPO [ms]",
        sweep.LATENCY_MS[0],
        1,
        _imappo(LATENCY),
        "the reward has no term for latency; frames wait for a shared channel and are sent again after collisions",
    ),
    Claim(
        "least completion among the six [%]",
        sweep.COMPLETION_PERCENT[0],
        2,
        _extreme(COMPLETION, np.argmin),
        "every learner is tuned with as many candidates; how the published ones were is not known to us",
    ),
    Claim(
        "largest latency among the six [ms]", sweep.LATENCY_MS[1], 1, _extreme(LATENCY, np.argmax), "as above"
    ),
    Claim(
        "least deviation of the reward in the tail",
        LEAST_DEVIATION,
        0,
        _least_deviation,
        "points of our curves are means over several short episodes with different placements",
    ),
    Claim(
        "fall of IMAPPO's completion from 10 to 100 devices [points]",
        DROP,
        2,
        drop_to_100,
        "ten times as many devices share the same channels in the same area: they hear each other, wait and collide",
    ),
)
