# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The interval of the servers, which ends 5 ms before the boundary: utilisation, mean wait, tasks received."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from ns3marl.scenarios.aiot_mec.twin import contention as mac
from ns3marl.scenarios.aiot_mec.twin import kernel
from ns3marl.scenarios.aiot_mec.twin.settings import STATUS_LEAD_US

if TYPE_CHECKING:
    from ns3marl.scenarios.aiot_mec.twin.aiot_mec import AiotMec


def close_servers(sim: AiotMec) -> None:
    """Sets what servers tell of their interval, ``sim.status``, and keeps the last 5 ms of the tick for the next one."""
    s, tasks, library = sim.settings, sim.tasks, kernel.load(sim.device)
    if library is not None:
        sim.status = torch.empty_like(sim.status)
        arrays = (tasks.offloaded, tasks.server, tasks.expiry, tasks.changing, sim.lead_us, sim.status)
        sizes = (sim.num_envs, s.servers, s.devices * s.task_slots)
        library.close_intervals(kernel.Status(*sizes, *(library.pointer(array) for array in arrays), s.tick))
        return
    cut = s.tick - STATUS_LEAD_US
    at = tasks.offloaded.view(-1).nonzero().squeeze(1)
    record = tasks.changing.view(-1, mac.CHANGING).index_select(0, at)
    arrival, start, end = (
        record[:, column] for column in (mac.UPLINK_END, mac.COMPUTE_START, mac.COMPUTE_END)
    )
    stop = torch.minimum(end, tasks.expiry.view(-1)[at])
    server = at // (s.devices * s.task_slots) * s.servers + tasks.server.view(-1)[at]

    def within(low: float, high: float) -> Tensor:
        """Computing time, waits, jobs begun and jobs received of each server in [low, high), [B, K, 4]."""
        begun = (start >= low) & (start < high)
        busy = (stop.clamp(max=high) - start.clamp(min=low)).clamp_(min=0)  # 0 where it never began
        came = (arrival >= low) & (arrival < high)
        values = torch.stack(
            [busy, (start - arrival).masked_fill(~begun, 0.0), begun.float(), came.float()], 1
        )
        out = torch.zeros(sim.num_envs * s.servers, 4, device=sim.device)
        return out.index_add_(0, server, values).view(sim.num_envs, s.servers, 4)

    busy, waits, begun, received = (within(0.0, cut) + sim.lead_us).unbind(2)
    sim.lead_us = within(cut, s.tick)
    sim.status = torch.stack([(busy / s.tick).clamp(0, 1), waits / begun.clamp(min=1), received], 2)
