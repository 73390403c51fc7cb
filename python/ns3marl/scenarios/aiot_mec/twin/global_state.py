# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The global state of ``aiot-mec``, for critics and central policies."""

from __future__ import annotations

import torch
from torch import Tensor

from ns3marl.scenarios.aiot_mec.twin import tasks as task
from ns3marl.scenarios.aiot_mec.twin.knowledge import SNR_HIGH_DB, SNR_LOW_DB
from ns3marl.scenarios.aiot_mec.twin.model import Model
from ns3marl.scenarios.aiot_mec.twin.state import State


def global_state(model: Model, state: State) -> tuple[Tensor, Tensor, Tensor]:
    """The blocks ``agent_state`` [B, N, 32 or 50], ``server_state`` [B, K, 8] and ``channel_state`` [B, C, 3] at a boundary."""
    return _agents(model, state), _servers(model, state), _channels(model, state)


def _agents(model: Model, state: State) -> Tensor:
    """True SNR of the slots, features that agents also observe, and, with more servers than slots, the servers in the slots."""
    layout, shown = model.layout.features, state.shown.observations
    names = model.layout.agent_state
    ids = state.knowledge.slot_server
    snr = state.links.snr.clamp(SNR_LOW_DB, SNR_HIGH_DB)
    slots = snr.gather(2, ids) if len(ids) else snr
    block = torch.full((*shown.shape[:2], len(names)), SNR_LOW_DB, device=shown.device)
    block[..., : slots.shape[2]] = slots
    observed = [column for column, name in enumerate(names) if name in layout and name in model.layout.own]
    block[..., observed] = shown[..., [layout[names[column]] for column in observed]]
    block[..., names.index("tuned_channel")] = state.devices.tuned
    block[..., names.index("is_offloading")] = state.boundary.under_way
    if len(ids):
        block[..., names.index("slot_server_id_0") :] = ids
    return block


def _servers(model: Model, state: State) -> Tensor:
    s, tasks, scene = model.settings, state.tasks, state.scene
    waits = (tasks.open & (tasks.phase == task.WAITING)).flatten(1)
    cycles = (tasks.ratio * tasks.cycles).flatten(1)
    server = tasks.server.flatten(1)
    sums = torch.zeros(len(server), s.servers, 2, device=model.device)
    sums.scatter_add_(
        1,
        server[..., None].expand(-1, -1, 2),
        torch.stack([waits.float(), torch.where(waits, cycles, 0.0)], 2),
    )
    utilisation, wait, received = state.servers.status.unbind(2)
    values = {
        "cpu_hz": scene.server_hz,
        "waiting_tasks": sums[..., 0].clamp(max=100),
        "backlog_s": (1e-6 * state.servers.free.clamp(min=0) + sums[..., 1] / scene.server_hz).clamp(max=1),
        "utilisation": utilisation,
        "wait_s": (wait * 1e-6).clamp(max=s.deadlineMax * 1e-6),
        "received_tasks": received.clamp(max=100),
        "position_x_m": scene.servers[..., 0],
        "position_y_m": scene.servers[..., 1],
    }
    return torch.stack([values[name] for name in model.layout.server_state], 2)


def _channels(model: Model, state: State) -> Tensor:
    on = torch.nn.functional.one_hot(state.devices.tuned, model.settings.channels).float()
    values = {
        "busy_ratio": state.servers.channel_busy.mean(1),
        "tuned_devices": on.sum(1),
        "queued_bits": (on * state.boundary.queued_bits[..., None]).sum(1).clamp(max=5e7),
    }
    return torch.stack([values[name] for name in model.layout.channel_state], 2)
