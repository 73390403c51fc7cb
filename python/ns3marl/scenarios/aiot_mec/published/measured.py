# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""What finished cells of the published tables measured: their scores, means with intervals, and figures of the learning curve."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from ns3marl.evaluation import statistics
from ns3marl.scenarios.aiot_mec.published import study
from ns3marl.studies.cells import REWARD, Content
from ns3marl.types import Float64

RESAMPLES = 10_000


@dataclass(frozen=True)
class Shown:
    """A column of the tables."""

    metric: str
    heading: str
    factor: float
    digits: int
    more_is_better: bool


COMPLETION = Shown("completion_ratio", "completion [%]", 100.0, 2, True)
LATENCY = Shown("latency_mean_s", "latency [ms]", 1000.0, 1, False)
ENERGY = Shown("energy_efficiency_tasks_per_j", "tasks/J", 1.0, 2, True)
AGE = Shown("aoi_mean_ticks", "age [ticks]", 1.0, 2, False)
REWARDS = Shown(REWARD, "reward of 1000 ticks", 1000.0, 0, True)
FIVE = (COMPLETION, LATENCY, ENERGY, AGE, REWARDS)
PREMIUM = Shown("completion_ratio_premium", "completion, premium [%]", 100.0, 1, True)
STANDARD = Shown("completion_ratio_standard", "completion, standard [%]", 100.0, 1, True)
JAIN = Shown("jain_devices", "Jain, devices", 1.0, 3, True)
MIN_MAX = Shown("min_max_devices_ratio", "min/max, devices", 1.0, 3, True)


@dataclass(frozen=True)
class Cells:
    """Finished cells by policy and setting."""

    contents: Sequence[Content]

    def of(self, policy: str, setting: str, trained: str = "") -> list[Content]:
        """Runs of a policy in a setting, in the order of their seeds."""
        found = [
            content
            for content in self.contents
            if (content["cell"]["policy"], content["cell"]["setting"]) == (policy, setting)
            and content["cell"].get("trained", "") == trained
        ]
        return sorted(found, key=lambda content: int(content["cell"]["seed"]))


def scores(contents: Iterable[Content], metric: str) -> Float64:
    """Of runs, [R,M]."""
    return np.array([[np.nan if x is None else x for x in content["values"][metric]] for content in contents])


def mean(contents: Sequence[Content], shown: Shown) -> statistics.Interval:
    """Of a metric in its unit, with its interval."""
    values = shown.factor * scores(contents, shown.metric)
    return statistics.stratified_bootstrap([values], statistics.mean, RESAMPLES)


def throughput(contents: Sequence[Content]) -> statistics.Interval:
    """Completed tasks of all devices per second, with its interval."""
    scenario = contents[0]["manifest"]["scenario"]
    seconds = scenario["ticks"] * scenario["tick_ns"] / 1e9
    return statistics.stratified_bootstrap(
        [scores(contents, "tasks_completed") / seconds], statistics.mean, RESAMPLES
    )


def convergence_episode(content: Content) -> float:
    """First training episode from which the average over 100 episodes stays within 5 % of the mean of the last tenth; NaN if never."""
    if not content["curve"]:
        return float("nan")
    ticks, rewards = np.array(content["curve"]).T
    episodes = ticks * 1.0 / study.TRAINING_EPISODE
    final = rewards[-max(1, len(rewards) // 10) :].mean()
    window = max(1, int(np.searchsorted(episodes, episodes[0] + 100)))
    smooth = np.convolve(rewards, np.ones(window) / window, "valid")
    inside = np.abs(smooth - final) <= 0.05 * abs(final)
    outside = np.flatnonzero(~inside)
    first = 0 if len(outside) == 0 else outside[-1] + 1
    return float(episodes[first + window - 1]) if first < len(smooth) else float("nan")


def tail_deviation(contents: Sequence[Content]) -> float:
    """Standard deviation of the reward of 1000 ticks over the last tenth of the training, mean over runs; NaN if one has no curve."""
    if not all(content["curve"] for content in contents):
        return float("nan")
    curves = [np.array(content["curve"])[:, 1] for content in contents]
    return float(np.mean([1000 * rewards[-max(2, len(rewards) // 10) :].std() for rewards in curves]))
