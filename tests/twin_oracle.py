# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The twin's compiled stages as tensor operations, to test them: each takes and gives what the stage does."""

from __future__ import annotations

import channel_oracle
import torch
from torch import Tensor

from ns3marl.scenarios.aiot_mec.twin import channels, radio
from ns3marl.scenarios.aiot_mec.twin import tasks as task
from ns3marl.scenarios.aiot_mec.twin.channels import Broadcasts, Traffic, UnderWay
from ns3marl.scenarios.aiot_mec.twin.knowledge import (
    AGE_HIGH_TICKS,
    SNR_HIGH_DB,
    SNR_LOW_DB,
    Knowledge,
    Links,
)
from ns3marl.scenarios.aiot_mec.twin.model import Model
from ns3marl.scenarios.aiot_mec.twin.servers import Servers
from ns3marl.scenarios.aiot_mec.twin.settings import STATUS_LEAD_US
from ns3marl.scenarios.aiot_mec.twin.spec import CHANNEL_QUANTITIES, SERVER_QUANTITIES
from ns3marl.scenarios.aiot_mec.twin.tasks import Tasks

INF = channel_oracle.INF
_MOVING = ("phase", "next", "quiet", "ready", "slots", "end", "random")


def run(
    model: Model,
    tasks: Tasks,
    tuned: Tensor,
    gain: Tensor,
    servers: Servers,
    failures: Tensor,
    broadcasts: Broadcasts,
) -> Traffic:
    """``channels.run`` without broadcasts."""
    shape = tasks.open.shape
    total = tasks.open.numel()
    way = channels.under_way(tasks, tuned)
    fixed = channels.fixed_records(model, tasks, way, gain)
    before = tasks.changing.view(total, -1)[way.source]
    after = before.clone()
    now = {name: getattr(tasks, name).view(-1)[way.source] for name in _MOVING}
    played = _run_rows(model, now, after, fixed, way, gain, servers, failures)
    for name, values in now.items():
        getattr(tasks, name).view(-1)[way.source] = values
    tasks.changing.view(total, -1)[way.source] = after
    air = after[:, task.DEVICE_AIR] - before[:, task.DEVICE_AIR]
    disturbance = torch.zeros_like(broadcasts.levels).transpose(1, 2)
    sensed = played.received, played.busy, torch.zeros_like(played.busy), disturbance
    return channels.traffic(way, (shape[0], shape[1], shape[2]), air, fixed[:, task.POWER], *sensed)


def _run_rows(
    model: Model,
    now: dict[str, Tensor],
    changing: Tensor,
    fixed: Tensor,
    way: UnderWay,
    gain: Tensor,
    servers: Servers,
    failures: Tensor,
) -> channel_oracle.Channels:
    """Lays tasks [n] out as rows of channels, runs them, and writes back."""
    settings, envs, where = model.settings, gain.shape[0], gain.device
    row = way.environment * settings.channels + way.channel
    rows = envs * settings.channels
    order = row.argsort(stable=True)
    sizes = torch.bincount(row, minlength=rows)
    width = max(1, int(sizes.max()))
    first = (sizes.cumsum(0) - sizes)[row[order]]
    place = torch.empty_like(row)
    place[order] = row[order] * width + torch.arange(len(row), device=where) - first

    def spread(values: Tensor, empty: float) -> Tensor:
        out = torch.full((rows * width, *values.shape[1:]), empty, dtype=values.dtype, device=where)
        out[place] = values
        return out

    up = now["phase"] == task.UPLINK
    device, server = fixed[:, task.DEVICE].long(), settings.devices + fixed[:, task.SERVER].long()
    columns = channel_oracle.Columns(
        spread(fixed, 0.0),
        spread(changing, 0.0),
        spread(now["phase"], 0).view(rows, width),
        spread(now["next"], INF).view(rows, width),
        spread(now["quiet"], 0.0).view(rows, width),
        spread(now["ready"], INF).view(rows, width),
        spread(now["slots"], 0.0).view(rows, width),
        spread(now["end"], INF).view(rows, width),
        spread(torch.where(up, device, server), 0).view(rows, width),
        spread(torch.where(up, server, device), 0).view(rows, width),
        spread(torch.where(up, fixed[:, task.POWER], radio.MAX_POWER_DBM), 0.0).view(rows, width),
        spread(now["random"], 0),
    )
    queues = channel_oracle.ServerQueues(settings, servers.rate, servers.free)
    radios = failures.view(rows, -1)
    played = channel_oracle.Channels(columns, gain, settings.channels, queues, radios, model.calibration)
    played.run(settings.tick)
    changing.copy_(columns.changing[place])
    for name, values in now.items():
        values.copy_(getattr(columns, name).view(-1)[place])
    return played


def hear(
    model: Model,
    links: Links,
    fading_db: Tensor,
    disturbance: Tensor,
    news: Tensor,
    busy: Tensor,
    knowledge: Knowledge,
    observations: Tensor,
) -> None:
    """``knowledge.hear``."""
    s, layout = model.settings, model.layout
    envs, n, _ = fading_db.shape
    link = links.path + fading_db
    links.gain[:, :n, n:] = link
    links.gain[:, n:, :n] = link.transpose(1, 2)
    torch.add(link, radio.MAX_POWER_DBM, out=links.snr)
    heard = links.snr >= model.calibration.detection_db
    sinr = links.snr
    if len(disturbance):
        heard &= disturbance < INF
        sinr = links.snr - 10 * (1 + disturbance).log10()
    if s.csi == "genie":
        heard, sinr = torch.ones_like(heard), links.snr
    knowledge.believed.copy_(torch.where(heard, sinr, knowledge.believed))
    slots = observations[..., layout.server_at : layout.channel_at]
    slots = slots.view(envs, n, layout.server_slots, len(SERVER_QUANTITIES))
    channel_slots = observations[..., layout.channel_at :]
    channel_slots = channel_slots.view(envs, n, layout.channel_slots, len(CHANNEL_QUANTITIES))
    everywhere = len(knowledge.slot_server) == 0
    known = (slots[..., : s.servers, :] if everywhere else knowledge.servers).unbind(3)
    known[0].copy_(knowledge.believed.clamp(SNR_LOW_DB, SNR_HIGH_DB))
    for plane, told in zip(known[1:4], news.unbind(2), strict=True):
        plane.copy_(torch.where(heard, told[:, None].expand_as(plane), plane))
    known[4].add_(1).clamp_(max=AGE_HIGH_TICKS).masked_fill_(heard, 0.0)
    count = heard.sum(2, dtype=torch.float32)
    share = channel_slots[..., : s.channels, CHANNEL_QUANTITIES.index("busy_ratio")]
    mean = torch.bmm(heard.float(), busy).div_(count.clamp(min=1)[..., None]).clamp_(0, 1)
    any_heard = (count > 0)[..., None]
    share.copy_(torch.where(any_heard, mean, share))
    if not everywhere:
        index = knowledge.slot_server[..., None].expand(-1, -1, -1, len(SERVER_QUANTITIES))
        slots.copy_(knowledge.servers.gather(2, index))


def close_intervals(model: Model, tasks: Tasks, servers: Servers) -> Tensor:
    """``servers.close_intervals``."""
    s = model.settings
    cut = s.tick - STATUS_LEAD_US
    at = tasks.offloaded.view(-1).nonzero().squeeze(1)
    record = tasks.changing.view(-1, task.CHANGING).index_select(0, at)
    columns = (task.UPLINK_END, task.COMPUTE_START, task.COMPUTE_END)
    arrival, start, end = (record[:, column] for column in columns)
    stop = torch.minimum(end, tasks.expiry.view(-1)[at])
    server = at // (s.devices * s.task_slots) * s.servers + tasks.server.view(-1)[at]

    def within(low: float, high: float) -> Tensor:
        """Computing time, waits, jobs begun and jobs received of each server in [low, high), [B, K, 4]."""
        begun = (start >= low) & (start < high)
        busy = (stop.clamp(max=high) - start.clamp(min=low)).clamp_(min=0)  # 0 where it never began
        came = (arrival >= low) & (arrival < high)
        waits = (start - arrival).masked_fill(~begun, 0.0)
        out = torch.zeros(servers.free.numel(), 4, device=servers.free.device)
        return out.index_add_(0, server, torch.stack([busy, waits, begun.float(), came.float()], 1)).view_as(
            servers.lead
        )

    busy, waits, begun, received = (within(0.0, cut) + servers.lead).unbind(2)
    servers.lead.copy_(within(cut, s.tick))
    return torch.stack([(busy / s.tick).clamp(0, 1), waits / begun.clamp(min=1), received], 2)
