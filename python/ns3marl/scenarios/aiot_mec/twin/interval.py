# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""What a tick of ``aiot-mec`` brought: tasks end, energy is paid, ages grow, the reward follows."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from ns3marl.scenarios.aiot_mec.twin import accounts as account
from ns3marl.scenarios.aiot_mec.twin import contention as mac
from ns3marl.scenarios.aiot_mec.twin import energy, radio
from ns3marl.scenarios.aiot_mec.twin.accounts import Interval
from ns3marl.scenarios.aiot_mec.twin.uplink import Traffic

if TYPE_CHECKING:
    from ns3marl.scenarios.aiot_mec.twin.aiot_mec import AiotMec


def close_interval(sim: AiotMec, traffic: Traffic) -> Tensor:
    """Tasks end, energy is paid, ages grow; the reward."""
    s, tasks, record = sim.settings, sim.tasks, sim.tasks.changing
    result, uploaded = record[..., mac.RESULT], record[..., mac.UPLINK_END]
    local_done = tasks.cpu_end.masked_fill(~tasks.local, 0.0)
    remote_done = result.masked_fill(~tasks.offloaded, 0.0)
    finish = torch.maximum(local_done, remote_done)
    completed = tasks.open & (finish <= tasks.expiry) & (finish <= s.tick)
    failed = tasks.open & ~completed & (tasks.expiry <= s.tick)
    total = radio.fragments(tasks.size_bytes)
    lost = record[..., mac.ON_AIR] > total - record[..., mac.LEFT]
    # The later a stage stands here, the more it takes precedence.
    outcome = torch.full_like(tasks.server, account.RESULT_LATE)
    outcome.masked_fill_(torch.isinf(record[..., mac.COMPUTE_END]), account.COMPUTE_LATE)
    outcome.masked_fill_(torch.isinf(record[..., mac.COMPUTE_START]), account.QUEUE_EXPIRED)
    outcome.masked_fill_(torch.isinf(uploaded), account.UPLINK_EXPIRED)
    outcome.masked_fill_(torch.isinf(uploaded) & lost, account.UPLINK_LOST)
    outcome.masked_fill_(~tasks.offloaded | (result <= tasks.expiry), account.LOCAL_LATE)
    outcome.masked_fill_(~failed, account.UNRESOLVED).masked_fill_(completed, account.COMPLETED)
    ended = completed | failed
    end = torch.where(completed, finish, tasks.expiry)
    latency = finish - tasks.arrival
    sim.outcome, sim.latency_us = outcome, latency
    peak_sum, peaks = _age(sim, ended, completed, end, latency)
    _note_windows(sim, ended, lost | (record[..., mac.ASKS] > 0))
    ran = (tasks.cpu_stop.clamp(max=s.tick) - tasks.cpu_start.clamp(min=0)).clamp(min=0)
    ran_us = (ran * tasks.local).sum(2)
    counts = fragments(sim, ended)
    tasks.open &= ~ended
    amplifier = traffic.amplifier_us_mw * (1e-9 / energy.AMPLIFIER_EFFICIENCY)
    compute = energy.compute_j(s.kappa, sim.scene.device_hz, ran_us)
    received_us = _hear(sim, traffic)
    transmit, receive, idle = energy.modem_j(amplifier, traffic.device_us, received_us, s.tick)
    sim.active_j = amplifier + compute
    age = (sim.tick + 1) - sim.fresh
    best = sim.links.snr.gather(2, sim.best)[..., 0]
    return sim.accounts.add(
        Interval(
            outcome,
            tasks.premium,
            latency,
            sim.active_j,
            transmit,
            receive,
            idle,
            compute,
            age,
            (sim.tick + 1) - sim.class_fresh,
            1 - sim.receipt_us / s.tick,
            peak_sum,
            peaks,
            best - (radio.MAX_POWER_DBM - s.outagePower) < s.outageSnr,
            _computing(sim) / s.servers,
            counts,
        )
    )


def _note_windows(sim: AiotMec, ended: Tensor, behind: Tensor) -> None:
    over = ended & sim.tasks.offloaded
    for slot in range(sim.settings.task_slots):
        links = sim.windows.links(sim.tasks.server[..., slot], sim.tuned)
        sim.windows.note(links, behind[..., slot], over[..., slot])


def _computing(sim: AiotMec) -> Tensor:
    """Time that the servers of each environment computed, [B] us."""
    tasks, record = sim.tasks, sim.tasks.changing
    stop = torch.minimum(record[..., mac.COMPUTE_END], tasks.expiry).clamp(max=sim.settings.tick)
    busy = (stop - record[..., mac.COMPUTE_START].clamp(min=0)).clamp(min=0)
    return busy.masked_fill(~tasks.offloaded, 0.0).flatten(1).sum(1)


def _age(
    sim: AiotMec, ended: Tensor, completed: Tensor, end: Tensor, latency: Tensor
) -> tuple[Tensor, Tensor]:
    """Ages and memories of devices after the interval; sum and number of the peaks."""
    s, tasks = sim.settings, sim.tasks
    born = (tasks.arrival / s.tick).round_().add_(sim.tick).masked_fill_(~completed, -1.0)
    peak_sum, peaks = torch.zeros_like(sim.fresh), torch.zeros_like(sim.fresh)
    order = end.argsort(2) if s.task_slots > 1 else None
    last_end = torch.full_like(sim.fresh, -math.inf)
    for place in range(s.task_slots):

        def pick(values: Tensor, place: int = place) -> Tensor:
            return (
                values[..., place]
                if order is None
                else values.gather(2, order[..., place : place + 1])[..., 0]
            )

        done, generated, when = pick(completed), pick(born), pick(end)
        fresher = done & (generated > sim.fresh)
        peak_sum += (sim.tick + when / s.tick - sim.fresh) * fresher
        peaks += fresher
        sim.fresh = torch.where(fresher, generated, sim.fresh)
        sim.last_outcome = torch.where(pick(ended), done * 2.0 - 1.0, sim.last_outcome)
        sim.last_latency_us = torch.where(done, pick(latency), sim.last_latency_us)
        last_end = torch.where(done, when, last_end)
    sim.receipt_us = torch.maximum(sim.receipt_us, last_end)
    for level, of in enumerate((~tasks.premium, tasks.premium)):
        newest = born.masked_fill(~of, -1.0).amax(2)
        sim.class_fresh[..., level] = torch.maximum(sim.class_fresh[..., level], newest)
    return peak_sum, peaks


def fragments(sim: AiotMec, ended: Tensor) -> Tensor:
    """Of the tasks that ended: sent, received, lost, expired; retries and unanswered transmissions, [B, 6]."""
    tasks, record = sim.tasks, sim.tasks.changing
    of = (ended & tasks.offloaded).float()
    total = radio.fragments(tasks.size_bytes)
    received = total - record[..., mac.LEFT]
    on_air = torch.maximum(record[..., mac.ON_AIR], received)
    columns = (
        total,
        received,
        on_air - received,
        total - on_air,
        record[..., mac.RETRIES],
        record[..., mac.UNANSWERED],
    )
    return torch.stack([(of * column).flatten(1).sum(1) for column in columns], 1).double()


def _hear(sim: AiotMec, traffic: Traffic) -> Tensor:
    """Time that each device received others' frames; also the busy shares that devices and servers sense."""
    s, n, envs = sim.settings, sim.settings.devices, sim.num_envs
    heard = traffic.heard.view(envs, s.channels, n + s.servers)
    broadcasts = radio.status_air_time(s.channels) if s.csi == "measured" else 0.0
    own = traffic.heard.view(-1)[(sim.channel_rows() * (n + s.servers)) + torch.arange(n, device=sim.device)]
    own = own + broadcasts * sim.heard
    busy = (heard[..., n:].transpose(1, 2) + broadcasts * s.servers) / s.tick
    sim.channel_busy = busy.clamp(0, 1).contiguous()
    sim.sensed = ((own + traffic.device_us) / s.tick).clamp(0, 1)
    return own
