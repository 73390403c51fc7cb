# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""End of an interval: tasks end, energy is added up, ages grow."""

from __future__ import annotations

import dataclasses
import math
from typing import NamedTuple

import torch
from torch import Tensor

from ns3marl.scenarios.aiot_mec.twin import accounts, energy, radio
from ns3marl.scenarios.aiot_mec.twin import tasks as task
from ns3marl.scenarios.aiot_mec.twin.accounts import Interval
from ns3marl.scenarios.aiot_mec.twin.channels import Traffic
from ns3marl.scenarios.aiot_mec.twin.model import Model
from ns3marl.scenarios.aiot_mec.twin.state import Devices, State
from ns3marl.scenarios.aiot_mec.twin.tasks import Tasks


class Ended(NamedTuple):
    """Status of tasks at the end of a tick, [B, N, L] each."""

    outcome: Tensor  #: int64, see ``accounts``
    ended: Tensor  #: bool: completed or failed
    completed: Tensor  #: bool
    end: Tensor  #: when, us
    latency: Tensor  #: us, of completed ones
    lost: Tensor  #: bool: a fragment that is not at the server was on the air


def close(model: Model, state: State, traffic: Traffic) -> tuple[Devices, Tensor, Tensor, Interval]:
    """Closes the interval of the devices.

    Args:
        model: The scenario.
        state: State after the channels have run. Tasks that end are closed and their windows are noted, in place.
        traffic: What was on the air.

    Returns:
        Devices with their ages, memories, energy and what they sensed; the busy share of each channel as each server sensed it in
        its interval, and what came after its end, us; [B, K, C] each; what is accounted for.
    """
    s, tasks, scene = model.settings, state.tasks, state.scene
    of = resolve(tasks, s.tick)
    devices, peak_sum, peaks = grow_older(state.devices, tasks, of, state.tick, s.tick)
    note_windows(state, of)
    ran = (tasks.cpu_stop.clamp(max=s.tick) - tasks.cpu_start.clamp(min=0)).clamp(min=0)
    ran_us = (ran * tasks.local).sum(2)
    fragments = count_fragments(tasks, of.ended)
    tasks.open &= ~of.ended
    amplifier = traffic.amplifier_us_mw * (1e-9 / energy.AMPLIFIER_EFFICIENCY)
    compute = energy.compute_j(s.kappa, scene.device_hz, ran_us)
    received_us, sensed, channel_busy, busy_lead = sense(model, state, traffic)
    transmit, receive, idle = energy.modem_j(amplifier, traffic.device_us, received_us, s.tick)
    active_j = amplifier + compute
    best = state.links.snr.gather(2, state.links.best)[..., 0]
    return (
        dataclasses.replace(devices, sensed=sensed, active_j=active_j),
        channel_busy,
        busy_lead,
        Interval(
            of.outcome,
            tasks.premium,
            of.latency,
            tasks.deadline,
            active_j,
            transmit,
            receive,
            idle,
            compute,
            (state.tick + 1) - devices.fresh,
            (state.tick + 1) - devices.class_fresh,
            1 - devices.receipt / s.tick,
            peak_sum,
            peaks,
            best - (radio.MAX_POWER_DBM - s.outagePower) < s.outageSnr,
            computing(tasks, s.tick) / s.servers,
            fragments,
        ),
    )


def resolve(tasks: Tasks, tick_us: float) -> Ended:
    """Tasks that completed or failed in a tick, and the stage of those that failed."""
    record = tasks.changing
    result, uploaded = record[..., task.RESULT], record[..., task.UPLINK_END]
    local_done = tasks.cpu_end.masked_fill(~tasks.local, 0.0)
    remote_done = result.masked_fill(~tasks.offloaded, 0.0)
    finish = torch.maximum(local_done, remote_done)
    completed = tasks.open & (finish <= tasks.expiry) & (finish <= tick_us)
    failed = tasks.open & ~completed & (tasks.expiry <= tick_us)
    total = radio.fragments(tasks.size_bytes)
    lost = record[..., task.ON_AIR] > total - record[..., task.LEFT]
    # The later a stage stands here, the more it takes precedence.
    outcome = torch.full_like(tasks.server, accounts.RESULT_LATE)
    outcome.masked_fill_(torch.isinf(record[..., task.COMPUTE_END]), accounts.COMPUTE_LATE)
    outcome.masked_fill_(torch.isinf(record[..., task.COMPUTE_START]), accounts.QUEUE_EXPIRED)
    outcome.masked_fill_(torch.isinf(uploaded), accounts.UPLINK_EXPIRED)
    outcome.masked_fill_(torch.isinf(uploaded) & lost, accounts.UPLINK_LOST)
    outcome.masked_fill_(~tasks.offloaded | (result <= tasks.expiry), accounts.LOCAL_LATE)
    outcome.masked_fill_(~failed, accounts.UNRESOLVED).masked_fill_(completed, accounts.COMPLETED)
    end = torch.where(completed, finish, tasks.expiry)
    return Ended(outcome, completed | failed, completed, end, finish - tasks.arrival, lost)


def note_windows(state: State, of: Ended) -> None:
    """Block-ack windows of tasks that ended with fragments that were transmitted and not acknowledged are behind."""
    tasks = state.tasks
    behind = of.lost | (tasks.changing[..., task.ASKS] > 0)
    over = of.ended & tasks.offloaded
    for slot in range(tasks.open.shape[2]):
        links = state.windows.links(tasks.server[..., slot], state.devices.tuned)
        state.windows.note(links, behind[..., slot], over[..., slot])


def computing(tasks: Tasks, tick_us: float) -> Tensor:
    """Time that the servers of each environment computed, [B] us."""
    record = tasks.changing
    stop = torch.minimum(record[..., task.COMPUTE_END], tasks.expiry).clamp(max=tick_us)
    busy = (stop - record[..., task.COMPUTE_START].clamp(min=0)).clamp(min=0)
    return busy.masked_fill(~tasks.offloaded, 0.0).flatten(1).sum(1)


def grow_older(
    devices: Devices, tasks: Tasks, of: Ended, tick: int, tick_us: float
) -> tuple[Devices, Tensor, Tensor]:
    """Ages and memories after the interval (docs/models/age-of-information.md).

    Args:
        devices: ``class_fresh`` is changed in place.
        tasks: At the end of the tick.
        of: Their status.
        tick: Number of the tick.
        tick_us: Length of the tick.

    Returns:
        The devices; sum of the peaks of the age in ticks, and their number, [B, N] each.
    """
    born = (tasks.arrival / tick_us).round_().add_(tick).masked_fill_(~of.completed, -1.0)
    depth = born.shape[2]
    order = of.end.argsort(2) if depth > 1 else None
    fresh, outcome, latency = devices.fresh, devices.last_outcome, devices.last_latency
    peak_sum, peaks = torch.zeros_like(fresh), torch.zeros_like(fresh)
    last_end = torch.full_like(fresh, -math.inf)
    for place in range(depth):

        def pick(values: Tensor, place: int = place) -> Tensor:
            if order is None:
                return values[..., place]
            return values.gather(2, order[..., place : place + 1])[..., 0]

        done, generated, when = pick(of.completed), pick(born), pick(of.end)
        fresher = done & (generated > fresh)
        peak_sum += (tick + when / tick_us - fresh) * fresher
        peaks += fresher
        fresh = torch.where(fresher, generated, fresh)
        outcome = torch.where(pick(of.ended), done * 2.0 - 1.0, outcome)
        latency = torch.where(done, pick(of.latency), latency)
        last_end = torch.where(done, when, last_end)
    for level, which in enumerate((~tasks.premium, tasks.premium)):
        newest = born.masked_fill(~which, -1.0).amax(2)
        devices.class_fresh[..., level] = torch.maximum(devices.class_fresh[..., level], newest)
    older = dataclasses.replace(
        devices,
        fresh=fresh,
        receipt=torch.maximum(devices.receipt, last_end),
        last_outcome=outcome,
        last_latency=latency,
    )
    return older, peak_sum, peaks


def count_fragments(tasks: Tasks, which: Tensor) -> Tensor:
    """Fragments of the tasks ``which`` [B, N, L]: sent, received, lost, expired; retries, unanswered transmissions; float64 [B, 6]."""
    record = tasks.changing
    of = (which & tasks.offloaded).float()
    total = radio.fragments(tasks.size_bytes)
    received = total - record[..., task.LEFT]
    on_air = torch.maximum(record[..., task.ON_AIR], received)
    columns = (
        total,
        received,
        on_air - received,
        total - on_air,
        record[..., task.RETRIES],
        record[..., task.UNANSWERED],
    )
    return torch.stack([(of * column).flatten(1).sum(1) for column in columns], 1).double()


def sense(model: Model, state: State, traffic: Traffic) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """What modems and servers sensed in the tick.

    Returns:
        Time that each device received others' frames, [B, N] us; share of the tick in which its modem was busy, [B, N]; share in
        which each server sensed each channel busy in its interval, and us of that behind its end, [B, K, C] each.
    """
    s, n = model.settings, model.settings.devices
    entities, where = n + s.servers, model.device
    envs = len(state.devices.tuned)
    rows = torch.arange(envs, device=where)[:, None] * s.channels + state.devices.tuned
    tuned = rows * entities + torch.arange(n, device=where)
    received_us, sensed_us = traffic.received.view(-1)[tuned], traffic.busy.view(-1)[tuned]
    of_tick, late = (
        part.view(envs, s.channels, entities)[..., n:].transpose(1, 2)
        for part in (traffic.busy, traffic.late)
    )
    busy = ((of_tick - late + state.servers.busy_lead) / s.tick).clamp(0, 1).contiguous()
    return received_us, (sensed_us / s.tick).clamp(0, 1), busy, late.contiguous()
