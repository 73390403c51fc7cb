# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Claims about training, which hold for most seeds and on every processor, and how often such a claim fails by chance.

A training that is the same but for the last bit of one number ends elsewhere, and processors round differently. So a test of
learning claims that some of several seeds reach a score (``reach``). Its bounds come from measured distributions: ``--spread``,
see docs/decisions/0012.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import exp, lgamma
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from ns3marl.launch.environments import Environments
from ns3marl.rl.policy import action_generators
from ns3marl.rl.team import Team

Scores = Mapping[str, float]
INSTRUCTIONS = ("ATEN_CPU_CAPABILITY", "ONEDNN_MAX_CPU_ISA")


@dataclass(frozen=True)
class Claim:
    """``times`` of ``of`` seeds score within all bounds."""

    times: int
    of: int
    at_least: Scores = field(default_factory=dict)
    at_most: Scores = field(default_factory=dict)

    def met(self, scores: Scores) -> bool:
        """Whether the scores of one seed lie within all bounds.

        Raises:
            KeyError: There is no such score.
        """
        return all(scores[name] >= bound for name, bound in self.at_least.items()) and all(
            scores[name] <= bound for name, bound in self.at_most.items()
        )

    def failure_probability(self, met: int, missed: int) -> float:
        """How probable it is that the claim fails, after this many measured seeds met the bounds and missed them.

        Seeds are independent and miss with a probability that is unknown; with Jeffreys' prior Beta(1/2, 1/2) the number that
        miss is beta-binomial (Gelman et al., "Bayesian data analysis", 3rd edition, section 2.4).
        """
        a, b = missed + 0.5, met + 0.5
        too_many = range(self.of - self.times + 1, self.of + 1)
        return sum(
            exp(_log_choose(self.of, k) + _log_beta(a + k, b + self.of - k) - _log_beta(a, b))
            for k in too_many
        )


def _log_choose(n: int, k: int) -> float:
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)


def _log_beta(a: float, b: float) -> float:
    return lgamma(a) + lgamma(b) - lgamma(a + b)


def reach(
    score: Callable[[int], Scores],
    *,
    times: int,
    of: int,
    at_least: Scores | None = None,
    at_most: Scores | None = None,
) -> None:
    """Asserts that at least ``times`` of the seeds 1 to ``of`` score within all bounds; stops when that is certain.

    With ``--spread`` it measures instead, see ``Spread``. One call a test.

    Args:
        score: Trains with a seed; scores by name.
        times: Seeds that must score within the bounds.
        of: Seeds that are tried.
        at_least: Lower bounds by name of the score.
        at_most: Upper bounds.
    """
    claim = Claim(times, of, at_least or {}, at_most or {})
    if spread is not None:
        spread.measure(os.environ["PYTEST_CURRENT_TEST"].partition(" (")[0], score, claim)
        return
    seen: list[Scores] = []
    met = 0
    while met < times and len(seen) - met <= of - times:
        seen.append(score(len(seen) + 1))
        met += claim.met(seen[-1])
    assert met >= times, (claim, seen)


# --------------------------------------------------------------------------------------------------------------- training


def train(learner: Team, pool: Environments, seed: int, ticks: int) -> list[dict[str, float]]:
    """Plays and learns for a number of ticks, summed over environments; what the learner says of its updates."""
    if spread is not None:
        spread.perturb(learner, seed)
    batch = pool.reset()
    updates = []
    for _ in range(ticks // pool.num_envs):
        batch = pool.step(learner.explore(batch, action_generators(batch)))
        updates.append(learner.learn(batch))
    return [update for update in updates if update is not None]


# ------------------------------------------------------------------------------------------------------------ measurement


class Spread:
    """Scores of many seeds, kept in a file as one line of JSON for each training; what stands there is not measured again.

    Args:
        seeds: Numbers 1 to ``seeds`` are tried; 0: none, for the summary of what is in the file.
        perturbation: Standard deviation of the relative change of every initial weight.
        path: The file.
    """

    def __init__(self, seeds: int, perturbation: float, path: Path) -> None:
        self.seeds, self.perturbation, self.path = seeds, perturbation, path
        self.claims: dict[str, Claim] = {}
        self.capability = torch.backends.cpu.get_cpu_capability()
        limits = (f"{name}={os.environ[name]}" for name in INSTRUCTIONS if name in os.environ)
        self.rounding = " ".join([self.capability, *limits, f"noise={perturbation:g}"])

    def measure(self, test: str, score: Callable[[int], Scores], claim: Claim) -> None:
        """Scores of all seeds that the file does not have for this test, rounding and perturbation."""
        self.claims[test] = claim
        known = {(row["test"], row["rounding"], row["seed"]) for row in self.rows()}
        for seed in range(1, self.seeds + 1):
            if (test, self.rounding, seed) not in known:
                row = {"test": test, "rounding": self.rounding, "seed": seed, "scores": dict(score(seed))}
                with self.path.open("a") as file:
                    file.write(json.dumps(row) + "\n")

    def perturb(self, team: Team, seed: int) -> None:
        """Changes every weight of all learners a little."""
        if not self.perturbation:
            return
        generator = torch.Generator().manual_seed(seed)
        members = [member for learner in team.learners.values() for member in vars(learner).values()]
        for module in members:
            if isinstance(module, nn.Module):
                with torch.no_grad():
                    for weights in module.parameters():
                        noise = torch.randn(weights.shape, generator=generator)
                        weights.mul_(1 + self.perturbation * noise)

    def rows(self) -> list[dict[str, Any]]:
        """All trainings in the file."""
        if not self.path.exists():
            return []
        return [json.loads(line) for line in self.path.read_text().splitlines()]

    def summary(self) -> list[str]:
        """Of each test that was run: its claim, the probability that it fails, and the distribution of every score.

        Trainings with one seed that end with the same scores, because rounding did not change an action, count once.
        """
        lines: list[str] = []
        rows = self.rows()
        for test, claim in self.claims.items():
            different = {(row["seed"], *row["scores"].values()): row for row in rows if row["test"] == test}
            mine = list(different.values())
            if not mine:
                lines.append(f"{test}: not measured")
                continue
            met = sum(claim.met(row["scores"]) for row in mine)
            probability = claim.failure_probability(met, len(mine) - met)
            lines.append(
                f"{test}: {claim.times} of {claim.of}; {met} of {len(mine)} trainings meet the bounds; "
                f"fails with probability {probability:.1e}"
            )
            for rounding in ["", *sorted({row["rounding"] for row in mine})]:
                for name in mine[0]["scores"]:
                    of = [
                        row["scores"][name]
                        for row in mine
                        if row["rounding"] == (rounding or row["rounding"])
                    ]
                    lines.append(f"    {name:<12} {_quantiles(of)}  {rounding or 'all'}")
        return lines


def _quantiles(values: Sequence[float]) -> str:
    low, tenth, median, ninth, high = np.quantile(values, [0, 0.1, 0.5, 0.9, 1])
    return f"n {len(values)}, min {low:.3f}, 10% {tenth:.3f}, median {median:.3f}, 90% {ninth:.3f}, max {high:.3f}"


spread: Spread | None = None  #: set by ``--spread``
