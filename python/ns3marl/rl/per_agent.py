# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Networks of many agents side by side: equal layers, weights of their own, one batched product for all.

Axes as in ``ns3marl.types``.
"""

from __future__ import annotations

from math import sqrt

import torch
from torch import Tensor, nn


class AgentLinear(nn.Module):
    """A linear layer for each of A agents; orthogonal weights, zero bias, as ``networks.linear``.

    Args:
        agents: A; with 1 any number of agents share the layer.
        inputs: Width of the input.
        outputs: Width of the output.
        gain: Of the initial weights.
    """

    def __init__(self, agents: int, inputs: int, outputs: int, gain: float = sqrt(2)) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(agents, inputs, outputs))
        self.bias = nn.Parameter(torch.zeros(agents, 1, outputs))
        for weight in self.weight:
            nn.init.orthogonal_(weight, gain)

    def forward(self, x: Tensor) -> Tensor:
        """Maps [A,B,inputs] to [A,B,outputs]."""
        return torch.matmul(x, self.weight) + self.bias


def agent_trunk(agents: int, inputs: int, width: int) -> nn.Sequential:
    """Two hidden layers of rectified units."""
    return nn.Sequential(
        AgentLinear(agents, inputs, width), nn.ReLU(), AgentLinear(agents, width, width), nn.ReLU()
    )


def clip_agent_grads(network: nn.Module, max_norm: float) -> Tensor:
    """Scales the gradients of each agent's own weights down to a norm; returns the norms before, [A].

    Args:
        network: All of its parameters have the axis A first.
        max_norm: Per agent.
    """
    grads = [p.grad for p in network.parameters() if p.grad is not None]
    norms = torch.stack([grad.flatten(1).square().sum(1) for grad in grads]).sum(0).sqrt()
    for grad in grads:
        grad.mul_((max_norm / norms.clamp(min=1e-12)).clamp(max=1).view(-1, *[1] * (grad.dim() - 1)))
    return norms
