# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The servers: their work, and their interval, which ends 5 ms before the boundary."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ns3marl.scenarios.aiot_mec.twin import kernel
from ns3marl.scenarios.aiot_mec.twin.model import Model
from ns3marl.scenarios.aiot_mec.twin.settings import Settings
from ns3marl.scenarios.aiot_mec.twin.tasks import Tasks
from ns3marl.scenarios.aiot_mec.twin.world import Scene


@dataclass
class Servers:
    """K servers of B environments."""

    rate: Tensor  #: cycles/us, [B, K]
    free: Tensor  #: when each has nothing left to compute, [B, K] us from the beginning of the tick
    lead: (
        Tensor  #: in the last 5 ms of the tick: computing us, waits us, jobs begun, jobs received; [B, K, 4]
    )
    status: Tensor  #: of the interval: utilisation, mean wait us, tasks received; [B, K, 3]
    channel_busy: Tensor  #: share of the interval as each senses it, [B, K, C]
    busy_lead: Tensor  #: busy after the interval's end, us [B, K, C]


def start(settings: Settings, scene: Scene) -> Servers:
    """Servers that have computed nothing yet."""
    shape, device = scene.server_hz.shape, scene.server_hz.device
    return Servers(
        scene.server_hz * 1e-6,
        torch.zeros(shape, device=device),
        torch.zeros(*shape, 4, device=device),
        torch.zeros(*shape, 3, device=device),
        torch.zeros(*shape, settings.channels, device=device),
        torch.zeros(*shape, settings.channels, device=device),
    )


def close_intervals(model: Model, tasks: Tasks, servers: Servers) -> Tensor:
    """The servers' report of their interval: utilisation, mean wait us, tasks received; [B, K, 3].

    Args:
        model: The scenario.
        tasks: After the tick.
        servers: ``lead`` is changed in place, to the last 5 ms of this tick.
    """
    s, library = model.settings, model.library
    status = torch.empty_like(servers.status)
    arrays = (tasks.offloaded, tasks.server, tasks.expiry, tasks.changing, servers.lead, status)
    sizes = (len(status), s.servers, s.devices * s.task_slots)
    library.close_intervals(kernel.Status(*sizes, *(library.pointer(array) for array in arrays), s.tick))
    return status
