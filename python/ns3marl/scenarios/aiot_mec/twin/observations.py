# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Observations of an agent about itself at a boundary, and its masks (docs/aiot-mec.md)."""

from __future__ import annotations

import torch
from torch import Tensor

from ns3marl.scenarios.aiot_mec.twin import knowledge, radio
from ns3marl.scenarios.aiot_mec.twin import tasks as task
from ns3marl.scenarios.aiot_mec.twin.knowledge import Knowledge
from ns3marl.scenarios.aiot_mec.twin.model import Model
from ns3marl.scenarios.aiot_mec.twin.spec import CHANNEL_QUANTITIES
from ns3marl.scenarios.aiot_mec.twin.state import Boundary, Devices, Shown
from ns3marl.scenarios.aiot_mec.twin.tasks import Tasks
from ns3marl.scenarios.aiot_mec.twin.world import Draws, Scene


def show_scene(model: Model, scene: Scene, shown: Shown) -> None:
    """Features that an episode does not change."""
    n = model.settings.devices
    x, y, _ = scene.devices.unbind(2)
    index = (torch.arange(n, device=model.device) + 0.5) / n
    _write(
        model, shown, {"cpu_hz": scene.device_hz, "position_x_m": x, "position_y_m": y, "index_share": index}
    )


def observe(
    model: Model,
    tick: int,
    scene: Scene,
    devices: Devices,
    tasks: Tasks,
    draws: Draws,
    known: Knowledge,
    shown: Shown,
) -> Boundary:
    """Adds the tasks that arrive, and observes.

    Args:
        model: The scenario.
        tick: Number of the boundary.
        scene: Rates of the devices.
        devices: Their memories.
        tasks: Those of earlier ticks.
        draws: What the tick brings.
        known: What they have heard.
        shown: Observations and masks, changed in place.
    """
    s = model.settings
    bits = 8 * draws.size_bytes
    cycles = bits * draws.density
    rank = s.beta * (cycles / s.max_cycles).clamp(max=1) + s.gamma * draws.premium
    has = draws.arrives.float()
    computing = tasks.open & tasks.local
    remaining = (tasks.cpu_end - tasks.cpu_start.clamp(min=0)).clamp(min=0)
    backlog_s = 1e-6 * torch.where(computing, remaining, 0.0).sum(2)
    under_way = (tasks.open & tasks.offloaded).any(2)
    queued_bits = _queued_bits(tasks) if s.task_slots > 1 else torch.zeros_like(has)
    own: dict[str, Tensor] = {
        "has_task": has,
        "task_size_bits": has * bits,
        "task_density_cycles_per_bit": has * draws.density,
        "task_cycles": has * cycles,
        "task_deadline_s": has * draws.deadline_us * 1e-6,
        "task_premium": has * draws.premium,
        "task_priority": has * rank,
        "local_time_s": has * (backlog_s + cycles / scene.device_hz),
        "unfinished_tasks": tasks.open.sum(2),
        "uplink_queue_bits": queued_bits,
        "cpu_backlog_s": backlog_s,
        "status_age_ticks": knowledge.status_age(model, known, shown.observations),
        "tx_power_dbm": devices.power,
        "aoi_ticks": tick - devices.fresh,
        "last_outcome": devices.last_outcome,
        "last_latency_s": (devices.last_latency * 1e-6).clamp(max=s.deadlineMax * 1e-6),
        "sensed_busy_ratio": devices.sensed,
        "active_energy_j": devices.active_j,
    }
    _write(model, shown, own)
    shown.observations[..., : model.layout.server_at] = shown.own.permute(1, 2, 0)
    tuned = devices.tuned[..., None] == torch.arange(s.channels, device=model.device)
    first, width = model.layout.channel_at + CHANNEL_QUANTITIES.index("is_tuned"), len(CHANNEL_QUANTITIES)
    shown.observations[..., first : first + s.channels * width : width] = tuned
    shown.masks[..., model.layout.masks["channel"]][..., : s.channels] = ~under_way[..., None] | tuned
    return Boundary(draws, cycles, rank, under_way, queued_bits)


def _write(model: Model, shown: Shown, values: dict[str, Tensor]) -> None:
    """Features by name; those that saturate are clipped at the spec's upper bound."""
    for name, value in values.items():
        high = model.layout.saturates.get(name)
        shown.own[model.layout.features[name]] = value if high is None else value.clamp(max=high)


def _queued_bits(tasks: Tasks) -> Tensor:
    """Bits waiting at each modem, [B, N]: fragments that are not acknowledged, headers included."""
    waits = tasks.open & (tasks.phase == task.UPLINK)
    left = torch.where(waits, tasks.changing[..., task.LEFT], 0.0)
    return (8 * (radio.FRAGMENT_BYTES + radio.OVERHEAD_BYTES) * left).sum(2)
