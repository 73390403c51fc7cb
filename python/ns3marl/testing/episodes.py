# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Whole episodes as they were seen through a pool, to be compared."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from ns3marl.testing.batches import Arrays, arrays, difference, final_arrays, rows
from ns3marl.types import Actions, Batch, Final, Spec

Act = Callable[[Batch], Sequence[Actions]]
"""Chooses the joint action for a batch."""


@dataclass
class Episode:
    """One episode, from tick 0 to its end."""

    shown: list[Batch] = field(default_factory=list)
    """Batches of one row each, of every tick but the last."""
    after: list[Batch] = field(default_factory=list)
    """What each action led to, as ``step`` returned it; in the last one all but ``final``, rewards and metrics is the next episode's."""
    final: Final | None = None

    def numbers(self, spec: Spec) -> list[Arrays]:
        """Everything that was shown of it, tick after tick.

        At tick 0 without rewards, metrics and ends: after an autoreset they tell of the episode before.
        """
        told = [arrays(spec, batch) for batch in self.shown]
        told[0] = {name: array for name, array in told[0].items() if not tells_of_ended(name)}
        assert self.final is not None
        last = {name: array for name, array in arrays(spec, self.after[-1]).items() if tells_of_ended(name)}
        return [*told, {**last, **final_arrays(spec, self.final)}]


def tells_of_ended(name: str) -> bool:
    """Whether an array of a row in which an episode ended tells of that episode, see ``ns3marl.types.Batch``."""
    return name.startswith("rewards") or name in {"metrics", "terminated", "truncated"}


def episode_difference(spec: Spec, one: Episode, other: Episode) -> str | None:
    """What tells two episodes apart, in words; None where they are equal bit for bit."""
    first, second = one.numbers(spec), other.numbers(spec)
    for tick, (a, b) in enumerate(zip(first, second, strict=False)):
        if found := difference(a, b):
            return f"observation {tick}, {found}"
    if len(first) != len(second):
        return f"{len(first)} and {len(second)} observations"
    return None


def play(
    step: Callable[[Sequence[Actions]], Batch],
    first: Batch,
    act: Act,
    until: Callable[[int], bool],
    most: int,
) -> list[list[Episode]]:
    """Plays a pool and takes its episodes apart.

    Args:
        step: Of the pool.
        first: The batch to begin with, at tick 0 everywhere.
        act: The policy.
        until: Called with the least number of complete episodes over all rows; True ends.
        most: Greatest number of steps.

    Returns:
        [E] the complete episodes of each row, in order.
    """
    batch, envs = first, range(len(first.env_id))
    running, ended = [Episode() for _ in envs], [list[Episode]() for _ in envs]
    for _ in range(most):
        if until(min(map(len, ended))):
            break
        following = step(act(batch))
        for env in envs:
            running[env].shown.append(rows(batch, [env]))
            running[env].after.append(rows(following, [env]))
            running[env].final = following.final[env]
            if running[env].final is not None:
                ended[env].append(running[env])
                running[env] = Episode()
        batch = following
    return ended


def clock_problems(episode: Episode) -> list[str]:
    """Ticks that do not count up by one, and times that do not grow."""
    assert episode.final is not None
    told = [(int(batch.tick[0]), int(batch.sim_time_ns[0])) for batch in episode.shown]
    told.append((episode.final.tick, episode.final.sim_time_ns))
    problems = [] if told[0][0] == 0 else [f"the first tick is {told[0][0]}, expected 0"]
    for (tick, time_ns), (next_tick, next_ns) in pairwise(told):
        if next_tick != tick + 1:
            problems.append(f"tick {next_tick} follows tick {tick}")
        if next_ns <= time_ns:
            problems.append(f"tick {next_tick} is at {next_ns} ns, tick {tick} at {time_ns} ns")
    return problems
