# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Block-ack windows of the links between devices and servers."""

from __future__ import annotations

import torch
from torch import Tensor

from ns3marl.scenarios.aiot_mec.twin.settings import Settings


class Windows:
    """Windows of all links (device, server, channel) that a request must move before data is sent.

    These are links on which a task ended with fragments that were transmitted and not acknowledged.

    Args:
        envs: B.
        settings: Numbers of devices, servers and channels.
        device: Device of the tensors.
        behind: Windows to move, bool [B N K C]; none by default.
    """

    def __init__(
        self, envs: int, settings: Settings, device: torch.device, behind: Tensor | None = None
    ) -> None:
        self._settings = settings
        self._shape = (settings.servers, settings.channels)
        size = envs * settings.devices * settings.servers * settings.channels
        self._behind = torch.zeros(size, dtype=torch.bool, device=device) if behind is None else behind
        self._first = torch.arange(envs * settings.devices, device=device).view(envs, settings.devices)

    def rows(self, index: Tensor) -> Windows:
        """Those of the environments of these numbers, int64 [B'], as copies."""
        behind = self._behind.view(len(self._first), -1).index_select(0, index).flatten()
        return Windows(len(index), self._settings, index.device, behind)

    def links(self, server: Tensor, channel: Tensor) -> Tensor:
        """Numbers of the links from each device to ``server`` on ``channel``, [B, N] each."""
        servers, channels = self._shape
        return (self._first * servers + server) * channels + channel

    def are_behind(self, links: Tensor) -> Tensor:
        """Whether windows must be moved, bool [B, N]."""
        return self._behind.index_select(0, links.view(-1)).view(links.shape)

    def note(self, links: Tensor, behind: Tensor, ended: Tensor) -> None:
        """Tasks on these links ``ended`` with windows that are ``behind``, [B, N] each."""
        on = links[ended]
        self._behind.index_copy_(0, on, behind[ended])
