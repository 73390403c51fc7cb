# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Turns actions into tasks."""

from __future__ import annotations

import dataclasses

import torch
from torch import Tensor

from ns3marl.scenarios.aiot_mec.twin import channels, radio
from ns3marl.scenarios.aiot_mec.twin.device_cpus import submit
from ns3marl.scenarios.aiot_mec.twin.model import Model
from ns3marl.scenarios.aiot_mec.twin.state import Devices, State


def act(model: Model, state: State, discrete: Tensor, continuous: Tensor) -> Devices:
    """Puts the tasks of this tick into their slots and sends them to CPUs and radios.

    Args:
        model: The scenario.
        state: ``tasks`` are changed in place.
        discrete: Mode, server slot and channel, int64 [B, N, 3]. Those of devices without a task are ignored.
        continuous: Power [dBm] and ratio, [B, N, 2].

    Returns:
        The devices with their tuned channels, powers and CPUs.
    """
    s, layout, tasks, devices = model.settings, model.layout, state.tasks, state.devices
    draws, cycles = state.boundary.draws, state.boundary.cycles
    slot = state.tick % s.task_slots
    mode, server, channel = (discrete[..., layout.discrete[name]] for name in ("mode", "server", "channel"))
    power_dbm, share = (continuous[..., layout.continuous[name]] for name in ("power", "ratio"))
    is_local, is_full = mode == layout.modes["local"], mode == layout.modes["full"]
    offloads = draws.arrives & ~is_local
    local = draws.arrives & ~is_full
    slot_server = state.knowledge.slot_server
    if len(slot_server):
        server = slot_server.gather(2, server.clamp(max=layout.server_slots - 1)[..., None])[..., 0]
    server = server * offloads
    power = torch.where(offloads, (power_dbm / radio.POWER_STEP_DB).round() * radio.POWER_STEP_DB, 0.0)
    ratio = share.masked_fill(is_full, 1.0).masked_fill_(is_local, 0.0)
    tuned = torch.where(offloads & ~state.boundary.under_way, channel, devices.tuned)
    duration = (1 - ratio) * cycles / state.scene.device_hz * 1e6
    job = submit(devices.cpu_free, duration, draws.deadline_us, local)
    for field, value in (
        (tasks.open, draws.arrives),
        (tasks.local, local),
        (tasks.offloaded, offloads),
        (tasks.arrival, 0.0),
        (tasks.expiry, draws.deadline_us),
        (tasks.deadline, draws.deadline_us),
        (tasks.cycles, cycles),
        (tasks.rank, state.boundary.rank),
        (tasks.premium, draws.premium),
        (tasks.ratio, ratio),
        (tasks.size_bytes, (ratio * draws.size_bytes).round().clamp(min=1)),
        (tasks.server, server),
        (tasks.power, power),
        (tasks.cpu_start, job.start),
        (tasks.cpu_end, job.end),
        (tasks.cpu_stop, job.stop),
    ):
        field[..., slot] = value
    torch.gather(state.knowledge.believed, 2, tasks.server, out=tasks.believed)
    behind = state.windows.are_behind(state.windows.links(server, tuned))
    failures = state.failures.gather(1, tuned[:, None])[:, 0]
    channels.begin_upload(tasks, offloads, slot, draws.jitter_us, draws.mac_seed, behind, failures)
    return dataclasses.replace(
        devices,
        tuned=tuned,
        power=torch.where(offloads, power_dbm, devices.power),
        cpu_free=job.free,
    )
