# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Target networks: copies that lag behind, so that regression targets do not move with every step."""

from __future__ import annotations

import torch
from torch import nn


class PeriodicCopy:
    """Copies a network to its target every ``period`` gradient steps (Mnih et al., Nature 2015).

    Args:
        network: What learns.
        target: Its copy.
        period: Gradient steps between two copies.
    """

    def __init__(self, network: nn.Module, target: nn.Module, period: int) -> None:
        self.network, self.target, self.period = network, target, period
        self.steps = 0  #: gradient steps so far

    def step(self) -> None:
        """Counts a gradient step."""
        self.steps += 1
        if self.steps % self.period == 0:
            self.target.load_state_dict(self.network.state_dict())

    def state_dict(self) -> dict[str, int]:
        """The number of steps."""
        return {"steps": self.steps}

    def load_state_dict(self, state: dict[str, int]) -> None:
        """Restores what ``state_dict`` gave."""
        self.steps = state["steps"]


@torch.no_grad()
def follow(network: nn.Module, target: nn.Module, share: float) -> None:
    """Moves a target network by a share of the way to its network (Lillicrap et al., ICLR 2016)."""
    for slow, fast in zip(target.parameters(), network.parameters(), strict=True):
        slow.lerp_(fast, share)
