# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The global state of ``aiot-mec``: for critics and for policies that are labelled central."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from ns3marl.scenarios.aiot_mec.twin import contention as mac
from ns3marl.scenarios.aiot_mec.twin.observer import AGENT_COLUMNS, SNR_HIGH_DB, SNR_LOW_DB
from ns3marl.scenarios.aiot_mec.twin.settings import SERVER_SLOTS

if TYPE_CHECKING:
    from ns3marl.scenarios.aiot_mec.twin.aiot_mec import AiotMec

_OF_OBSERVATION = (0, 1, 3, 4, 5, 8, 9, 10, 11, 12)


def state_blocks(sim: AiotMec) -> tuple[Tensor, Tensor, Tensor]:
    """agent_state [B, N, 32 or 50], server_state [B, K, 8], channel_state [B, C, 3]."""
    return _agents(sim), _servers(sim), _channels(sim)


def _agents(sim: AiotMec) -> Tensor:
    s, obs = sim.settings, sim.observations
    ids = sim.knowledge.slot_server
    width = AGENT_COLUMNS + (SERVER_SLOTS if len(ids) else 0)
    state = torch.full((*obs.shape[:2], width), SNR_LOW_DB, device=obs.device)
    snr = sim.links.snr.clamp(SNR_LOW_DB, SNR_HIGH_DB)
    state[..., : sim.knowledge.used] = snr.gather(2, ids) if len(ids) else snr
    first = SERVER_SLOTS
    last = first + len(_OF_OBSERVATION)
    state[..., first:last] = obs[..., list(_OF_OBSERVATION)]
    state[..., last] = sim.under_way
    state[..., last + 1] = obs[..., 14]
    state[..., last + 2 : last + 4] = obs[..., 17:19]
    if len(ids):
        state[..., AGENT_COLUMNS:] = ids
    del s
    return state


def _servers(sim: AiotMec) -> Tensor:
    s, tasks = sim.settings, sim.tasks
    waits = (tasks.open & (tasks.phase == mac.WAITING)).flatten(1)
    cycles = (tasks.ratio * tasks.cycles).flatten(1)
    server = tasks.server.flatten(1)
    counts = torch.zeros(sim.num_envs, s.servers, 2, device=sim.device)
    counts.scatter_add_(
        1,
        server[..., None].expand(-1, -1, 2),
        torch.stack([waits.float(), torch.where(waits, cycles, 0.0)], 2),
    )
    backlog_s = (
        1e-6 * sim.servers.free.view(sim.num_envs, -1).clamp(min=0) + counts[..., 1] / sim.scene.server_hz
    )
    utilisation, wait, received = sim.status.unbind(2)
    return torch.stack(
        [
            sim.scene.server_hz,
            counts[..., 0].clamp(max=100),
            backlog_s.clamp(max=1),
            utilisation,
            (wait * 1e-6).clamp(max=s.deadlineMax * 1e-6),
            received.clamp(max=100),
            *sim.scene.servers[..., :2].unbind(2),
        ],
        2,
    )


def _channels(sim: AiotMec) -> Tensor:
    s = sim.settings
    on = torch.nn.functional.one_hot(sim.tuned, s.channels).float()
    queued = (on * sim.queued_bits[..., None]).sum(1)
    return torch.stack([sim.channel_busy.mean(1), on.sum(1), queued.clamp(max=5e7)], 2)
