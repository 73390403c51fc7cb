# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Scaling of what networks read and predict."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ns3marl.types import Float32


class BoundsScaler(nn.Module):
    """Maps features linearly from their bounds in the spec to [-1, 1].

    Args:
        bounds: Lower and upper bounds, each [F].
    """

    low: Tensor
    slope: Tensor

    def __init__(self, bounds: tuple[Float32, Float32]) -> None:
        super().__init__()
        low, high = (torch.from_numpy(bound.copy()) for bound in bounds)
        self.register_buffer("low", low)
        self.register_buffer("slope", 2 / (high - low))

    def forward(self, features: Tensor) -> Tensor:
        """Scales [..., F]."""
        return (features - self.low).mul_(self.slope).sub_(1)


class ValueNormaliser(nn.Module):
    """Running mean and standard deviation of returns, so that the critic regresses numbers of order 1.

    Exponential moving averages with the bias of their zero start removed, as in van Hasselt et al., "Learning values
    across many orders of magnitude" (NeurIPS 2016), without its rescaling of weights.

    Args:
        decay: Weight of the past at each update.
    """

    mean_average: Tensor
    square_average: Tensor
    weight: Tensor

    def __init__(self, decay: float = 0.9) -> None:
        super().__init__()
        self.decay = decay
        for name in ("mean_average", "square_average", "weight"):
            self.register_buffer(name, torch.zeros((), dtype=torch.float64))

    def update(self, returns: Tensor) -> None:
        """Includes a batch of returns of any shape; an empty one changes nothing."""
        if not returns.numel():
            return
        returns = returns.double()
        self.mean_average.lerp_(returns.mean(), 1 - self.decay)
        self.square_average.lerp_((returns**2).mean(), 1 - self.decay)
        self.weight.lerp_(torch.ones_like(self.weight), 1 - self.decay)

    @property
    def mean(self) -> Tensor:
        """Mean of the returns; 0 before any update."""
        return self.mean_average / self.weight.clamp(min=1e-12)

    @property
    def std(self) -> Tensor:
        """Standard deviation of the returns, at least 1e-3; 1 before any update."""
        if self.weight == 0:
            return torch.ones_like(self.weight)
        variance = self.square_average / self.weight - self.mean**2
        return variance.clamp(min=1e-6).sqrt()

    def normalise(self, returns: Tensor) -> Tensor:
        """Returns minus their mean, divided by their standard deviation; same shape, float32."""
        return ((returns.double() - self.mean) / self.std).float()

    def denormalise(self, values: Tensor) -> Tensor:
        """Inverse of ``normalise``; float64."""
        return values.double() * self.std + self.mean
