# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Gradient steps: Adam (Kingma, Ba, ICLR 2015) on one network, with gradients scaled down to a norm."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn


def clip_whole(parameters: Sequence[nn.Parameter], max_norm: float) -> Tensor:
    """Scales the gradients of parameters down to a norm; returns the norm before, a scalar."""
    return nn.utils.clip_grad_norm_(parameters, max_norm)


class Descent:
    """The optimiser of a network.

    Args:
        network: Whose parameters move.
        lr: Learning rate.
        max_norm: Of the gradients.
        eps: Adam's epsilon.
        clip: Scales gradients down and returns the norms before; see ``clip_whole``.
    """

    def __init__(
        self,
        network: nn.Module,
        lr: float,
        max_norm: float,
        *,
        eps: float = 1e-8,
        clip: Callable[[Sequence[nn.Parameter], float], Tensor] = clip_whole,
    ) -> None:
        self.network, self.lr, self.max_norm = network, lr, max_norm
        self._clip = clip
        self._parameters = list(network.parameters())
        self._adam = torch.optim.Adam(self._parameters, lr=lr, eps=eps, fused=True)

    def step(self, loss: Tensor) -> float:
        """One step down a scalar loss; returns the gradients' norm before it was clipped (of several norms, the mean).

        Other networks that the loss passes through get no gradients.
        """
        self._adam.zero_grad()
        loss.backward(inputs=self._parameters)  # type: ignore[no-untyped-call] # torch's own
        norm = self._clip(self._parameters, self.max_norm)
        self._adam.step()
        return float(norm.mean())

    def slow(self, share: float) -> None:
        """Sets the learning rate to this share of the initial one for all further steps."""
        for group in self._adam.param_groups:
            group["lr"] = self.lr * share

    def state_dict(self) -> dict[str, Any]:
        """Adam's moments."""
        return self._adam.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restores what ``state_dict`` gave."""
        self._adam.load_state_dict(state)
