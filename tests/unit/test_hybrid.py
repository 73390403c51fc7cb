# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, distributions

from ns3marl.rl import bounded
from ns3marl.rl.bounded import BOUNDED
from ns3marl.rl.hybrid import Heads, HybridDistribution
from ns3marl.types import Condition, ContinuousHead, DiscreteHead, Feature, Group

# mode always counts; server under send or both; channel when server 1 was chosen (a chain); ratio under both.
GROUP = Group(
    "devices",
    ("a", "b"),
    (Feature("x", "1", 0, 1),),
    (
        DiscreteHead("mode", ("idle", "send", "both")),
        DiscreteHead("server", ("s0", "s1"), active_if=Condition(0, (1, 2))),
        DiscreteHead("channel", ("c0", "c1"), active_if=Condition(1, (1,))),
    ),
    (
        ContinuousHead("power", "dBm", -10, 30),
        ContinuousHead("ratio", "1", 0.05, 0.95, active_if=Condition(0, (2,))),
    ),
)
HEADS = Heads(GROUP)


# torch.distributions ships no annotations.
Beta: Any = distributions.Beta
Categorical: Any = distributions.Categorical


def distribution(
    masks: list[int] | None = None, leading: tuple[int, ...] = (), seed: int = 0, kind: str = "beta"
) -> HybridDistribution:
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn((*leading, HEADS.choices), generator=generator)
    outputs = torch.randn((*leading, 2 * HEADS.continuous), generator=generator)
    allowed = torch.tensor(masks or [1] * HEADS.choices, dtype=torch.bool).expand(logits.shape)
    return HybridDistribution(HEADS, logits, BOUNDED[kind](outputs), allowed)


def joint_actions() -> Iterator[Tensor]:
    for choice in product(*(range(n) for n in HEADS.choice_counts)):
        yield torch.tensor(choice)


def test_heads_agree_with_torch_distributions() -> None:
    policy = distribution(leading=(5, 2))
    discrete, unit = policy.sample([np.random.default_rng(i) for i in range(5)])
    got = policy.log_prob(discrete, unit)
    counts = HEADS.counts(discrete)
    for d in range(3):
        wanted = Categorical(logits=policy.log_probabilities[d]).log_prob(discrete[..., d])
        torch.testing.assert_close(got[..., d], wanted * counts[..., d])
    assert isinstance(policy.bounded, bounded.Beta)
    beta = Beta(policy.bounded.alpha, policy.bounded.beta)
    torch.testing.assert_close(got[..., 3:], beta.log_prob(unit) * counts[..., 3:])
    torch.testing.assert_close(policy.entropy()[..., 3:], beta.entropy())
    for d in range(3):
        wanted = Categorical(logits=policy.log_probabilities[d]).entropy()
        torch.testing.assert_close(policy.entropy()[..., d], wanted)


def test_heads_count_as_their_conditions_say() -> None:
    actions = torch.tensor([[0, 1, 0], [1, 0, 0], [1, 1, 0], [2, 1, 1]])
    wanted = [[1, 0, 0, 1, 0], [1, 1, 0, 1, 0], [1, 1, 1, 1, 0], [1, 1, 1, 1, 1]]
    assert HEADS.counts(actions).tolist() == wanted


def test_heads_that_do_not_count_have_neither_probability_nor_gradient() -> None:
    logits = torch.randn(HEADS.choices, requires_grad=True)
    outputs = torch.rand(2 * HEADS.continuous).requires_grad_()
    policy = HybridDistribution(
        HEADS, logits, BOUNDED["beta"](outputs), torch.ones(HEADS.choices, dtype=torch.bool)
    )
    policy.log_prob(torch.tensor([0, 1, 1]), torch.tensor([0.3, 0.4])).sum().backward()  # type: ignore[no-untyped-call] # torch's own
    assert logits.grad is not None
    assert outputs.grad is not None
    assert logits.grad[:3].abs().min() > 0
    assert (logits.grad[3:] == 0).all()
    assert outputs.grad[[0, 2]].abs().min() > 0
    assert (outputs.grad[[1, 3]] == 0).all()


def expanded(policy: HybridDistribution, rows: int, kind: str) -> HybridDistribution:
    """The same distribution ``rows`` times."""
    generator = torch.Generator().manual_seed(0)
    torch.randn(HEADS.choices, generator=generator)
    outputs = torch.randn(2 * HEADS.continuous, generator=generator)
    return HybridDistribution(
        HEADS,
        torch.cat([part.reshape(-1) for part in policy.log_probabilities]).expand(1, rows, -1),
        BOUNDED[kind](outputs.expand(1, rows, -1)),
        torch.ones(1, rows, HEADS.choices, dtype=torch.bool),
    )


@pytest.mark.parametrize("kind", BOUNDED)
def test_probability_and_entropy_agree_with_numerical_integration(kind: str) -> None:
    policy = distribution(kind=kind)
    # Draws of an even grid on the unit interval (for clipped Gaussians: on what practically all of them fall in).
    cells, low, width = (1000, -3.0, 7.0) if kind == "clipped-gaussian" else (400, 0.0, 1.0)
    grid = low + width * (torch.arange(cells, dtype=torch.float64) + 0.5) / cells
    if kind == "tanh-normal":
        grid = torch.atanh(2 * grid - 1)
    total, entropy = 0.0, 0.0
    seen: set[tuple[int, ...]] = set()
    for choice in joint_actions():
        counts = HEADS.counts(choice)
        # Choices of heads that do not count are the same action: take each once.
        key = tuple(int(c) if n else -1 for c, n in zip(choice, counts, strict=False))
        if key in seen:
            continue
        seen.add(key)
        power, ratio = torch.meshgrid(grid, grid if counts[4] else grid[:1], indexing="ij")
        raw = torch.stack([power, ratio], -1).reshape(1, -1, 2).float()
        rows = raw.shape[1]
        log_p = expanded(policy, rows, kind).log_prob(choice.expand(1, rows, -1), raw).sum(-1).double()
        cell = (width / cells) ** (2 if counts[4] else 1)
        total += float(log_p.exp().sum() * cell)
        entropy -= float((log_p.exp() * log_p).sum() * cell)
    assert total == pytest.approx(1, abs=3e-3)
    assert entropy == pytest.approx(float((policy.count_probability() * policy.entropy()).sum()), abs=1e-2)


def test_masked_choices_have_no_probability_and_are_never_drawn() -> None:
    policy = distribution(masks=[1, 0, 1, 0, 1, 1, 1], leading=(200, 2))
    assert (policy.probabilities[0][..., 1] == 0).all()
    assert (policy.probabilities[1][..., 0] == 0).all()
    assert torch.isfinite(policy.entropy()).all()
    assert torch.isfinite(policy.moments()).all()
    discrete, _ = policy.sample([np.random.default_rng(i) for i in range(200)])
    assert (discrete[..., 0] != 1).all()
    assert (discrete[..., 1] == 1).all()
    assert (policy.greedy()[0][..., 1] == 1).all()


def test_choices_too_unlikely_to_be_told_from_never_still_have_a_likelihood() -> None:
    logits = torch.tensor([0.0, -200.0, -70.0, 0.0, 0.0, 0.0, 0.0], requires_grad=True)
    outputs = torch.zeros(2 * HEADS.continuous)
    policy = HybridDistribution(HEADS, logits, BOUNDED["beta"](outputs), torch.ones(HEADS.choices).bool())
    assert policy.probabilities[0].tolist() == pytest.approx([1.0, 0.0, np.exp(-70.0)], rel=1e-5, abs=0)
    chosen = policy.log_prob(torch.tensor([1, 0, 0]), torch.full((2,), 0.5))[0]
    assert chosen.item() == pytest.approx(-200)
    (gradient,) = torch.autograd.grad(chosen + policy.entropy()[0], logits)
    assert gradient[:3].tolist() == pytest.approx([-1.0, 1.0, 0.0])


def test_a_head_without_any_allowed_choice_stays_finite() -> None:
    policy = distribution(masks=[0] * HEADS.choices, leading=(3, 2))
    discrete, unit = policy.sample([np.random.default_rng(i) for i in range(3)])
    assert torch.isfinite(policy.log_prob(discrete, unit)).all()
    assert torch.isfinite(policy.entropy()).all()


@pytest.mark.parametrize("kind", BOUNDED)
def test_moments_are_the_expectation_of_the_encoding(kind: str) -> None:
    policy = distribution(kind=kind)
    many = expanded(policy, 40_000, kind)
    discrete, raw = many.sample([np.random.default_rng(7)])
    mean = HEADS.encode(discrete, many.bounded.unit(raw)).mean(1)[0]
    torch.testing.assert_close(mean, policy.moments(), atol=0.01, rtol=0)  # 4 standard errors of a 0/1 entry


@pytest.mark.parametrize("kind", BOUNDED)
def test_actions_stay_within_their_bounds_and_gradients_finite(kind: str) -> None:
    outputs = (60 * torch.randn(1, 500, 4, generator=torch.Generator().manual_seed(3))).requires_grad_()
    spread = BOUNDED[kind](outputs)
    with torch.no_grad():
        raw = spread.sample([np.random.default_rng(1)])
    for values in (spread.unit(raw), spread.unit(spread.mode())):
        assert ((values >= 0) & (values <= 1)).all()
    mean, square = spread.moments()
    torch.autograd.backward((spread.log_prob(raw) + spread.entropy() + mean + square).sum())
    assert outputs.grad is not None
    assert torch.isfinite(outputs.grad).all()


def test_sampling_follows_the_distribution_and_only_its_own_generator() -> None:
    policy = distribution(leading=(2, 3))
    together = policy.sample([np.random.default_rng(1), np.random.default_rng(2)])
    again = policy.sample([np.random.default_rng(9), np.random.default_rng(2)])
    assert torch.equal(together[0][1], again[0][1])
    assert torch.equal(together[1][1], again[1][1])
    assert not torch.equal(together[1][0], again[1][0])


def test_physical_values_stay_within_bounds() -> None:
    edges = torch.tensor([[0.0, 0.0], [1.0, 1.0], [0.5, 0.5]])
    physical = HEADS.physical(edges)
    torch.testing.assert_close(physical, torch.tensor([[-10, 0.05], [30, 0.95], [10, 0.5]]))
    assert (physical >= HEADS.low).all()
    assert (physical <= HEADS.high).all()


def test_greedy_is_the_joint_mode() -> None:
    policy = distribution(leading=(1, 4))
    discrete, unit = policy.greedy()
    for d in range(3):
        assert torch.equal(discrete[..., d], policy.probabilities[d].argmax(-1))
    at_mode = policy.bounded.log_prob(unit)
    for neighbour in (unit + 1e-2, unit - 1e-2):
        assert (policy.bounded.log_prob(neighbour.clamp(1e-6, 1 - 1e-6)) < at_mode).all()


def test_groups_with_one_kind_of_head_work() -> None:
    for group in (
        Group("d", ("a",), GROUP.features, GROUP.discrete_heads[:1]),
        Group("c", ("a",), GROUP.features, (), GROUP.continuous_heads[:1]),
    ):
        heads = Heads(group)
        policy = HybridDistribution(
            heads,
            torch.zeros(2, 1, heads.choices),
            BOUNDED["beta"](torch.zeros(2, 1, 2 * heads.continuous)),
            torch.ones(2, 1, heads.choices, dtype=torch.bool),
        )
        discrete, unit = policy.sample([np.random.default_rng(0), np.random.default_rng(1)])
        assert policy.log_prob(discrete, unit).shape == (2, 1, 1)
        assert policy.entropy().shape == policy.count_probability().shape == (2, 1, 1)
        assert policy.moments().shape == heads.encode(discrete, unit).shape == (2, 1, heads.encoded)
        assert policy.greedy()[0].shape == discrete.shape
