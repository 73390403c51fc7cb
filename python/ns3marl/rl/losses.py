# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Regression losses."""

from __future__ import annotations

from torch import Tensor, nn


def huber(predicted: Tensor, wanted: Tensor, delta: float, counts: Tensor | None = None) -> Tensor:
    """Mean Huber loss (Huber, "Robust estimation of a location parameter", 1964), a scalar.

    Args:
        predicted: Any shape.
        wanted: Same shape.
        delta: Where the loss turns from quadratic to linear.
        counts: Which elements count, same shape; None: all. If none does, the loss is 0.
    """
    if counts is None:
        return nn.functional.huber_loss(predicted, wanted, delta=delta)
    losses = nn.functional.huber_loss(predicted, wanted, delta=delta, reduction="none")
    return (losses * counts).sum() / counts.sum().clamp(min=1)
