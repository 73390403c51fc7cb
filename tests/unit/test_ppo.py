# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

from math import exp, log
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from ns3marl.rl.bounded import BOUNDED
from ns3marl.rl.hybrid import Heads, HybridDistribution
from ns3marl.rl.ppo import ClippedObjective, clipped_objective
from ns3marl.types import Condition, ContinuousHead, DiscreteHead, Feature, Group

COIN = Heads(Group("g", ("a",), (Feature("x", "1", 0, 1),), (DiscreteHead("coin", ("heads", "tails")),)))
MIXED = Heads(
    Group(
        "g",
        ("a",),
        (Feature("x", "1", 0, 1),),
        (
            DiscreteHead("mode", ("stay", "send")),
            DiscreteHead("lane", ("l", "m", "r"), active_if=Condition(0, (1,))),
        ),
        (
            ContinuousHead("power", "dBm", 0, 30),
            ContinuousHead("ratio", "1", 0, 1, active_if=Condition(0, (1,))),
        ),
    )
)


def objective(policy: HybridDistribution, *data: Tensor, **options: Any) -> ClippedObjective:
    settings: dict[str, Any] = {
        "clip": 0.2,
        "max_log_ratio": 10.0,
        "entropy_discrete": 0.0,
        "entropy_continuous": 0.0,
    }
    return clipped_objective(policy, *data, **(settings | options))


def coins(probability: list[float]) -> HybridDistribution:
    p = torch.tensor(probability)
    logits = torch.stack([p.log(), (1 - p).log()], -1)
    empty = BOUNDED["beta"](torch.zeros(len(p), 0))
    return HybridDistribution(COIN, logits, empty, torch.ones(len(p), 2, dtype=torch.bool))


def test_an_example_by_hand() -> None:
    # Heads had probability 1/2 and was taken every time; now 0.75, 0.75, 0.3, 0.3: ratios 1.5, 1.5, 0.6, 0.6.
    got = objective(
        coins([0.75, 0.75, 0.3, 0.3]),
        torch.zeros(4, 1, dtype=torch.int64),
        torch.zeros(4, 0),
        torch.full((4, 1), log(0.5)),
        torch.tensor([1.0, -1.0, 1.0, -1.0]),
        entropy_discrete=0.1,
    )
    # min(1.5, 1.2), min(-1.5, -1.2), min(0.6, 0.8), min(-0.6, -0.8)
    assert float(got.surrogate) == pytest.approx((1.2 - 1.5 + 0.6 - 0.8) / 4)
    assert got.kl == pytest.approx((1.5 - 1 - log(1.5) + 0.6 - 1 - log(0.6)) / 2, abs=1e-6)
    assert got.metrics["kl/coin"] == pytest.approx(got.kl, abs=1e-6)
    assert got.metrics["clipped"] == 1
    entropy = -(0.75 * log(0.75) + 0.25 * log(0.25) + 0.3 * log(0.3) + 0.7 * log(0.7)) / 2
    assert float(got.entropy_bonus) == pytest.approx(0.1 * entropy)
    assert got.metrics["entropy/coin"] == pytest.approx(entropy)


@pytest.mark.parametrize(
    ("now", "advantage", "moves"),
    [(0.75, 1.0, False), (0.75, -1.0, True), (0.3, 1.0, True), (0.3, -1.0, False), (0.55, 1.0, True)],
)
def test_only_steps_that_go_too_far_already_have_no_gradient(
    now: float, advantage: float, moves: bool
) -> None:
    p = torch.tensor([now], requires_grad=True)
    policy = coins([now])
    policy.log_probabilities = [torch.stack([p.log(), (1 - p).log()], -1)]
    data = torch.zeros(1, 1, dtype=torch.int64), torch.zeros(1, 0), torch.full((1, 1), log(0.5))
    surrogate = objective(policy, *data, torch.tensor([advantage])).surrogate
    (gradient,) = torch.autograd.grad(surrogate, p)
    assert float(gradient) == pytest.approx(advantage / 0.5 if moves else 0)  # d/dp (p / 0.5) A


def test_one_ratio_for_all_heads_of_a_decision() -> None:
    """Against a loop over decisions and heads, in which heads that do not count are left out by hand."""
    n, generator = 60, torch.Generator().manual_seed(2)
    logits = torch.randn(n, MIXED.choices, generator=generator)
    masks = torch.ones(n, MIXED.choices, dtype=torch.bool)
    masks[::3, 2] = False  # lane l
    policy = HybridDistribution(MIXED, logits, BOUNDED["beta"](torch.randn(n, 4, generator=generator)), masks)
    discrete = torch.stack([torch.arange(n) % 2, 1 + torch.arange(n) % 2], -1)
    raw = torch.rand(n, 2, generator=generator)
    old = (policy.log_prob(discrete, raw) + 0.3 * torch.randn(n, 4, generator=generator)).detach()
    old *= MIXED.counts(discrete)
    advantages = torch.randn(n, generator=generator)
    weights = torch.tensor([0.1, 0.2]), torch.tensor([0.3, 0.4])
    got = objective(
        policy, discrete, raw, old, advantages, entropy_discrete=weights[0], entropy_continuous=weights[1]
    )
    surrogate, bonus, kl = 0.0, 0.0, 0.0
    new, entropies = policy.log_prob(discrete, raw), policy.entropy()
    for i in range(n):
        sends = int(discrete[i, 0]) == 1
        heads = [0, 1, 2, 3] if sends else [0, 2]
        log_ratio = sum(float(new[i, h] - old[i, h]) for h in heads)
        ratio, advantage = exp(log_ratio), float(advantages[i])
        surrogate += min(ratio * advantage, min(max(ratio, 0.8), 1.2) * advantage) / n
        kl += (ratio - 1 - log_ratio) / n
        allowed = masks[i, :2]
        send = float(torch.softmax(logits[i, :2][allowed], 0)[-1])
        for h, (weight, often) in enumerate(
            zip(torch.cat(weights).tolist(), (1, send, 1, send), strict=True)
        ):
            bonus += weight * often * float(entropies[i, h]) / n
    assert float(got.surrogate) == pytest.approx(surrogate, abs=1e-6)
    assert float(got.entropy_bonus) == pytest.approx(bonus, abs=1e-6)
    assert got.kl == pytest.approx(kl, abs=1e-6)
    assert {name.partition("/")[2] for name in got.metrics if name.startswith("entropy/")} == set(MIXED.names)


def test_the_bonus_does_not_push_towards_the_choice_with_more_heads_behind_it() -> None:
    logits = torch.zeros(1, MIXED.choices, requires_grad=True)
    policy = HybridDistribution(
        MIXED, logits, BOUNDED["beta"](torch.zeros(1, 4)), torch.ones(1, MIXED.choices, dtype=torch.bool)
    )
    data = torch.zeros(1, 2, dtype=torch.int64), torch.full((1, 2), 0.5), torch.zeros(1, 4), torch.zeros(1)
    bonus = objective(policy, *data, entropy_discrete=1.0, entropy_continuous=1.0).entropy_bonus
    (gradient,) = torch.autograd.grad(bonus, logits)
    np.testing.assert_allclose(
        gradient, 0, atol=1e-7
    )  # all heads are uniform, and mode has no reason to move


def test_ratios_stay_finite() -> None:
    data = torch.zeros(2, 1, dtype=torch.int64), torch.zeros(2, 0), torch.tensor([[-200.0], [200.0]])
    got = objective(coins([0.5, 0.5]), *data, torch.tensor([-1.0, -1.0]), max_log_ratio=3.0)
    assert float(got.surrogate) == pytest.approx(-(exp(3) + 0.8) / 2)
    assert np.isfinite(list(got.metrics.values())).all()
