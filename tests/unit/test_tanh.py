# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The hyperbolic tangent of hidden layers is torch's, to rounding."""

from __future__ import annotations

import pytest
import torch

from ns3marl.rl.tanh import tanh


@pytest.mark.parametrize(("dtype", "error"), [(torch.float32, 2e-7), (torch.float64, 4e-16)])
def test_values_and_gradients_are_those_of_torch(dtype: torch.dtype, error: float) -> None:
    x = torch.cat([torch.linspace(-100, 100, 1001), torch.linspace(-4, 4, 1001)]).to(dtype).requires_grad_()
    ours, wanted = tanh(x), torch.tanh(x)
    torch.testing.assert_close(ours, wanted, rtol=0, atol=error)
    gradients = [torch.autograd.grad(y.sum(), x)[0] for y in (ours, wanted)]
    torch.testing.assert_close(*gradients, rtol=0, atol=2 * error)


def test_of_half_precision_it_is_taken_in_single_precision() -> None:
    x = torch.linspace(-3, 3, 101).bfloat16()
    assert tanh(x).dtype == torch.float32
    torch.testing.assert_close(tanh(x), torch.tanh(x.float()))
