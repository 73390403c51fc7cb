# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Distributions of real-valued actions on the unit interval.

Each has 2R network outputs per agent as parameters. Samples are kept raw (``TanhNormal`` before the tanh, ``ClippedGaussian`` before
clipping), because the likelihood is that of the raw sample; ``unit`` maps a sample to the unit interval.

Axes: R real-valued heads; ``...`` leading axes. Log-densities are with respect to the unit interval, in nats.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import log, pi, sqrt
from typing import Protocol, TypeAlias

import numpy as np
import torch
from torch import Tensor

from ns3marl.rl.counters import Counters
from ns3marl.types import Float32, Float64

_EDGE = 1e-6  # Beta draws keep this distance from the ends of the unit interval, where log-densities diverge
_LOG_SIGMA = (-4.0, 1.0)  # range of log-deviations: beyond it a draw is as good as certain, or as uniform
_SPREAD = 3.0  # what a shift adds to the logarithm of a deviation: 0.05 changes it by a sixth
_SHIFTED = (1e-3, 1 - 1e-3)  # how far shifts move a mode outwards
_NODES, _WEIGHTS = (torch.from_numpy(x.astype(np.float32)) for x in np.polynomial.hermite_e.hermegauss(24))


class Bounded(Protocol):
    """R independent distributions on the unit interval for each of many agents."""

    def log_prob(self, raw: Tensor) -> Tensor:
        """Log-density of a draw, [..., R]."""
        ...

    def entropy(self) -> Tensor:
        """Differential entropy [nats], [..., R]."""
        ...

    def moments(self) -> tuple[Tensor, Tensor]:
        """Mean and mean square on the unit interval, [..., R] each."""
        ...

    def mode(self) -> Tensor:
        """The most likely draw, [..., R]."""
        ...

    @staticmethod
    def shifted(outputs: Tensor, by: Tensor) -> Tensor:
        """Outputs [..., 2R] of distributions that are shifted by [..., 2R].

        Their modes lie by the first R numbers further on the unit interval, as far as it reaches, and their deviations are multiplied by the
        exponential of three times the other R.
        """
        ...

    @staticmethod
    def unit(raw: Tensor) -> Tensor:
        """The value of a draw on the unit interval, [..., R]."""
        ...

    def sample(self, rngs: Sequence[np.random.Generator]) -> Tensor:
        """Draws [B,A,R]; row b from ``rngs[b]`` alone."""
        ...

    def sample_counted(self, numbers: Counters) -> Tensor:
        """Draws [B,A,R] on the device of the parameters."""
        ...


class Beta:
    """Beta(alpha, beta) with alpha, beta = 1 + softplus(output) > 1: one interior mode, density 0 at the bounds.

    Chou, Maturana, Scherer: "Improving stochastic policy gradients in continuous control with deep reinforcement learning
    using the beta distribution", ICML 2017.
    """

    def __init__(self, outputs: Tensor) -> None:
        # Beyond 1, where a sum with 1 would lose what decides the mode.
        self._excess = torch.nn.functional.softplus(outputs).clamp(min=1e-8).tensor_split(2, dim=-1)
        self.alpha, self.beta = 1 + self._excess[0], 1 + self._excess[1]

    def log_prob(self, raw: Tensor) -> Tensor:
        """See ``Bounded``."""
        x = raw.clamp(_EDGE, 1 - _EDGE)
        return (
            (self.alpha - 1) * x.log() + (self.beta - 1) * torch.log1p(-x) - _log_beta(self.alpha, self.beta)
        )

    def entropy(self) -> Tensor:
        """At most 0, reached by the uniform distribution."""
        a, b = self.alpha, self.beta
        return (
            _log_beta(a, b)
            - (a - 1) * torch.digamma(a)
            - (b - 1) * torch.digamma(b)
            + (a + b - 2) * torch.digamma(a + b)
        )

    def moments(self) -> tuple[Tensor, Tensor]:
        """See ``Bounded``."""
        total = self.alpha + self.beta
        mean = self.alpha / total
        return mean, mean**2 + self.alpha * self.beta / (total**2 * (total + 1))

    def mode(self) -> Tensor:
        """See ``Bounded``."""
        return self._excess[0] / (self._excess[0] + self._excess[1])

    @staticmethod
    def shifted(outputs: Tensor, by: Tensor) -> Tensor:
        """See ``Bounded``; of the deviation nearly, for alpha + beta - 2 is divided by its square."""
        move, spread = by.tensor_split(2, dim=-1)
        first, second = torch.nn.functional.softplus(outputs).clamp(min=1e-8).tensor_split(2, dim=-1)
        mode = _moved(first / (first + second), move)
        total = (first + second) * (-2 * _SPREAD * spread).exp()
        excess = torch.cat([total * mode, total * (1 - mode)], -1).clamp(min=1e-8)
        return excess + torch.log(-torch.expm1(-excess))  # the inverse of softplus

    @staticmethod
    def unit(raw: Tensor) -> Tensor:
        """The draw itself."""
        return raw

    def sample(self, rngs: Sequence[np.random.Generator]) -> Tensor:
        """See ``Bounded``."""
        alpha, beta = self.alpha.double().numpy(), self.beta.double().numpy()
        raw = np.stack([rng.beta(alpha[b], beta[b]) for b, rng in enumerate(rngs)])
        return torch.from_numpy(raw.astype(np.float32)).clamp(_EDGE, 1 - _EDGE)

    def sample_counted(self, numbers: Counters) -> Tensor:
        """See ``Bounded``; X / (X + Y) of two gamma numbers."""
        x, y = numbers.gamma(self.alpha), numbers.gamma(self.beta)
        return (x / (x + y)).clamp(_EDGE, 1 - _EDGE)


class TanhNormal:
    """x = (1 + tanh z) / 2 with z ~ N(mu, sigma^2); a draw is z.

    Haarnoja et al.: "Soft actor-critic", ICML 2018, appendix C, for the change of variables. Entropy and moments have no
    closed form and are Gauss-Hermite sums over 24 nodes.
    """

    def __init__(self, outputs: Tensor) -> None:
        self.mu, raw = outputs.tensor_split(2, dim=-1)
        self.log_sigma = (raw - 0.2).clamp(*_LOG_SIGMA)

    def log_prob(self, raw: Tensor) -> Tensor:
        """Log N(z) - log dx/dz."""
        return _log_normal(raw, self.mu, self.log_sigma) - _log_slope(raw)

    def entropy(self) -> Tensor:
        """H(z) + E[log dx/dz]."""
        z, weights = self._nodes()
        return _normal_entropy(self.log_sigma) + (_log_slope(z) * weights).sum(-1)

    def moments(self) -> tuple[Tensor, Tensor]:
        """See ``Bounded``."""
        z, weights = self._nodes()
        x = self.unit(z)
        return (x * weights).sum(-1), (x**2 * weights).sum(-1)

    def mode(self) -> Tensor:
        """The median, since the density on the unit interval may have two modes."""
        return self.mu

    @staticmethod
    def shifted(outputs: Tensor, by: Tensor) -> Tensor:
        """See ``Bounded``; the median moves, and the deviation is that of z."""
        move, spread = by.tensor_split(2, dim=-1)
        mu, raw = outputs.tensor_split(2, dim=-1)
        moved = torch.logit(_moved(torch.sigmoid(2 * mu), move), eps=1e-6) / 2
        return torch.cat([moved, raw + _SPREAD * spread], -1)

    @staticmethod
    def unit(raw: Tensor) -> Tensor:
        """See ``Bounded``."""
        return torch.sigmoid(2 * raw)  # = (1 + tanh z) / 2

    def sample(self, rngs: Sequence[np.random.Generator]) -> Tensor:
        """See ``Bounded``."""
        return self.mu + self.log_sigma.exp() * _noise(rngs, self.mu)

    def sample_counted(self, numbers: Counters) -> Tensor:
        """See ``Bounded``."""
        return self.mu + self.log_sigma.exp() * numbers.normal(*self.mu.shape[1:])

    def _nodes(self) -> tuple[Tensor, Tensor]:
        nodes, weights = _NODES.to(self.mu.device), _WEIGHTS.to(self.mu.device)
        z = self.mu[..., None] + self.log_sigma.exp()[..., None] * nodes
        return z, weights / sqrt(2 * pi)


class ClippedGaussian:
    """x = z clipped to the unit interval, z ~ N(mu, sigma^2); a draw is z.

    The plain Gaussian policy of PPO implementations. The likelihood is that of the unclipped sample, so actions at the bounds keep their
    gradient, although the clipped action was taken.
    """

    def __init__(self, outputs: Tensor) -> None:
        centre, raw = outputs.tensor_split(2, dim=-1)
        self.mu = 0.5 + 0.5 * centre
        self.log_sigma = (raw - 1.2).clamp(*_LOG_SIGMA)

    def log_prob(self, raw: Tensor) -> Tensor:
        """Log N(z)."""
        return _log_normal(raw, self.mu, self.log_sigma)

    def entropy(self) -> Tensor:
        """Of z."""
        return _normal_entropy(self.log_sigma)

    def moments(self) -> tuple[Tensor, Tensor]:
        """Of the clipped value, in closed form."""
        mu, sigma = self.mu, self.log_sigma.exp()
        low, high = -mu / sigma, (1 - mu) / sigma
        inside = _normal_cdf(high) - _normal_cdf(low)
        density_low, density_high = _normal_density(low), _normal_density(high)
        above = 1 - _normal_cdf(high)
        mean = mu * inside + sigma * (density_low - density_high) + above
        square = (
            (mu**2 + sigma**2) * inside
            + 2 * mu * sigma * (density_low - density_high)
            + sigma**2 * (low * density_low - high * density_high)
            + above
        )
        return mean, square

    def mode(self) -> Tensor:
        """See ``Bounded``."""
        return self.mu

    @staticmethod
    def shifted(outputs: Tensor, by: Tensor) -> Tensor:
        """See ``Bounded``."""
        move, spread = by.tensor_split(2, dim=-1)
        centre, raw = outputs.tensor_split(2, dim=-1)
        return torch.cat([2 * _moved(0.5 + 0.5 * centre, move) - 1, raw + _SPREAD * spread], -1)

    @staticmethod
    def unit(raw: Tensor) -> Tensor:
        """See ``Bounded``."""
        return raw.clamp(0, 1)

    def sample(self, rngs: Sequence[np.random.Generator]) -> Tensor:
        """See ``Bounded``."""
        return self.mu + self.log_sigma.exp() * _noise(rngs, self.mu)

    def sample_counted(self, numbers: Counters) -> Tensor:
        """See ``Bounded``."""
        return self.mu + self.log_sigma.exp() * numbers.normal(*self.mu.shape[1:])


BoundedKind: TypeAlias = type[Beta | TanhNormal | ClippedGaussian]

#: By their names in configurations.
BOUNDED: dict[str, BoundedKind] = {
    "beta": Beta,
    "tanh-normal": TanhNormal,
    "clipped-gaussian": ClippedGaussian,
}


def _moved(mode: Tensor, by: Tensor) -> Tensor:
    """Modes [...] moved by [...] within ``_SHIFTED``."""
    low, high = _SHIFTED
    return torch.maximum(torch.minimum(mode + by, mode.clamp(min=high)), mode.clamp(max=low))


def _noise(rngs: Sequence[np.random.Generator], like: Tensor) -> Tensor:
    draws: Float64 = np.stack([rng.standard_normal(like.shape[1:]) for rng in rngs])
    single: Float32 = draws.astype(np.float32)
    return torch.from_numpy(single)


def _log_normal(x: Tensor, mu: Tensor, log_sigma: Tensor) -> Tensor:
    return -0.5 * ((x - mu) / log_sigma.exp()) ** 2 - log_sigma - 0.5 * log(2 * pi)


def _normal_entropy(log_sigma: Tensor) -> Tensor:
    return log_sigma + 0.5 * log(2 * pi * np.e)


def _normal_cdf(x: Tensor) -> Tensor:
    return 0.5 * (1 + torch.erf(x / sqrt(2)))


def _normal_density(x: Tensor) -> Tensor:
    return torch.exp(-0.5 * x**2) / sqrt(2 * pi)


def _log_slope(z: Tensor) -> Tensor:
    """Log d/dz (1 + tanh z)/2 = log 2 - 2 z - 2 softplus(-2 z), without loss for large |z|."""
    return log(2) - 2 * (z + torch.nn.functional.softplus(-2 * z))


def _log_beta(a: Tensor, b: Tensor) -> Tensor:
    """Logarithm of the Beta function."""
    return torch.lgamma(a) + torch.lgamma(b) - torch.lgamma(a + b)
