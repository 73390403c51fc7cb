# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import numpy as np
import pytest
import torch

from ns3marl.rl.normalise import BoundsScaler, ValueNormaliser


def test_bounds_become_minus_one_and_one() -> None:
    scale = BoundsScaler((np.array([0, -20], np.float32), np.array([10, 60], np.float32)))
    got = scale(torch.tensor([[0.0, -20.0], [10.0, 60.0], [5.0, 20.0]]))
    torch.testing.assert_close(got, torch.tensor([[-1.0, -1.0], [1.0, 1.0], [0.0, 0.0]]))


def test_the_first_update_gives_the_batch_its_own_moments() -> None:
    normaliser = ValueNormaliser()
    returns = torch.tensor([10.0, 14.0, 18.0])
    normaliser.update(returns)
    assert float(normaliser.mean) == pytest.approx(14)
    assert float(normaliser.std) == pytest.approx(float(returns.std(unbiased=False)))
    assert float(normaliser.normalise(returns).mean()) == pytest.approx(0, abs=1e-6)


def test_denormalise_inverts_normalise() -> None:
    normaliser = ValueNormaliser(decay=0.5)
    assert normaliser.denormalise(torch.tensor([3.0])).item() == 3  # nothing seen yet: the identity
    for scale in (1.0, 100.0, 5000.0):
        normaliser.update(scale * torch.randn(50, generator=torch.Generator().manual_seed(1)))
    values = torch.tensor([-4000.0, 0.0, 12345.0])
    torch.testing.assert_close(
        normaliser.denormalise(normaliser.normalise(values)).float(), values, rtol=1e-5, atol=1e-3
    )


def test_constant_returns_do_not_divide_by_zero() -> None:
    normaliser = ValueNormaliser()
    normaliser.update(torch.full((10,), 7.0))
    assert torch.isfinite(normaliser.normalise(torch.tensor([7.0, 8.0]))).all()


def test_it_tracks_returns_that_move() -> None:
    normaliser = ValueNormaliser(decay=0.9)
    for _ in range(60):
        normaliser.update(torch.tensor([0.0, 2.0]))
    for _ in range(60):
        normaliser.update(torch.tensor([100.0, 102.0]))
    assert float(normaliser.mean) == pytest.approx(101, rel=0.01)
