# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Networks of many agents: equal layers with separate weights, computed in one batched product.

Axes as in ``ns3marl.types``.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

import torch
from torch import Tensor, nn


class AgentLinear(nn.Module):
    """A linear layer for each of A agents, as ``networks.linear`` or ``networks.fan_in_linear``.

    Args:
        agents: A; with 1 any number of agents share the layer.
        inputs: Width of the input.
        outputs: Width of the output.
        gain: Of the initial weights.
        fan_in: Weights and biases uniform within ±gain / sqrt(inputs), instead of orthogonal weights and no bias.
    """

    def __init__(
        self, agents: int, inputs: int, outputs: int, gain: float = sqrt(2), *, fan_in: bool = False
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(agents, inputs, outputs))
        self.bias = nn.Parameter(torch.zeros(agents, 1, outputs))
        if fan_in:
            bound = gain / sqrt(inputs)
            nn.init.uniform_(self.weight, -bound, bound)
            nn.init.uniform_(self.bias, -bound, bound)
        else:
            for weight in self.weight:
                nn.init.orthogonal_(weight, gain)

    def forward(self, x: Tensor) -> Tensor:
        """Maps [A,B,...,inputs] to [A,B,...,outputs]."""
        rows = torch.matmul(x.flatten(1, -2), self.weight) + self.bias
        return rows.view(*x.shape[:-1], rows.shape[-1])


def agent_trunk(agents: int, inputs: int, width: int) -> nn.Sequential:
    """Two hidden layers of rectified linear units, initialised as ``networks.fan_in_linear``."""
    first = AgentLinear(agents, inputs, width, 1.0, fan_in=True)
    return nn.Sequential(first, nn.ReLU(), AgentLinear(agents, width, width, 1.0, fan_in=True), nn.ReLU())


def clip_agent_grads(parameters: Sequence[nn.Parameter], max_norm: float) -> Tensor:
    """Scales the gradients of each agent's own weights down to a norm; returns the norms before, [A].

    Args:
        parameters: All of them have the axis A first.
        max_norm: Per agent.
    """
    grads = [p.grad for p in parameters if p.grad is not None]
    parts = torch.stack([torch.linalg.vector_norm(grad.flatten(1), dim=1) for grad in grads])
    norms: Tensor = torch.linalg.vector_norm(parts, dim=0)
    if bool((norms > max_norm).any()):
        for grad in grads:
            grad.mul_((max_norm / norms.clamp(min=1e-12)).clamp(max=1).view(-1, *[1] * (grad.dim() - 1)))
    return norms
