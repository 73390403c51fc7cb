# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""What devices know, and the arrays that agents and critics see (docs/aiot-mec.md)."""

from __future__ import annotations

import torch
from torch import Tensor

from ns3marl.fastsim import radio
from ns3marl.fastsim.settings import CHANNEL_SLOTS, SERVER_SLOTS, STATUS_LEAD_US, Settings

SNR_LOW_DB, SNR_HIGH_DB, AGE_HIGH_TICKS = -20.0, 80.0, 100.0
OWN, FEATURES = 22, 128
AGENT_COLUMNS = SERVER_SLOTS + 14


class Knowledge:
    """What each device has heard of servers and channels, as it stands in its observation.

    Attributes:
        slots: SNR dB, rate Hz, utilisation, wait s, age ticks of each slot, [B, N, 18, 5]; 0 where there is no server.
        channels: Busy share and its age, [B, N, 8, 2].
        snr: SNR at 30 dBm that a device believes in, of all servers, [B, N, K] dB.
    """

    def __init__(self, settings: Settings, envs: int, observations: Tensor, slot_server: Tensor) -> None:
        self.settings = settings
        self.slot_server = slot_server  # [B, N, S], or empty where slot j is server j
        self.used = min(SERVER_SLOTS, settings.servers)
        shape = (envs, settings.devices)
        self.slots = observations[..., OWN : OWN + 5 * SERVER_SLOTS].view(*shape, SERVER_SLOTS, 5)
        self.channels = observations[..., OWN + 5 * SERVER_SLOTS :].view(*shape, CHANNEL_SLOTS, 2)
        self.slots.zero_()
        self.channels.zero_()
        self.slots[:, :, : self.used, 0] = SNR_LOW_DB
        self.slots[:, :, : self.used, 4] = AGE_HIGH_TICKS
        self.channels[:, :, : settings.channels, 1] = AGE_HIGH_TICKS
        device = observations.device
        self.snr = torch.full((*shape, settings.servers), SNR_LOW_DB, device=device)

    def hear(self, heard: Tensor, snr: Tensor, rate: Tensor, utilisation: Tensor, wait_us: Tensor, busy: Tensor) -> None:
        """A round of broadcasts.

        Args:
            heard: Which servers each device heard, bool [B, N, K].
            snr: Measured, at 30 dBm, [B, N, K] dB.
            rate: [B, K] Hz.
            utilisation: Of the interval, [B, K].
            wait_us: Mean wait of the interval, [B, K].
            busy: Share of the interval as each server sensed it, [B, K, C].
        """
        # One pass over contiguous memory for what every learner reads, one strided write for each feature.
        self.snr = torch.where(heard, snr, self.snr)
        wait = (wait_us * 1e-6).clamp(max=self.settings.deadlineMax * 1e-6)
        limited = self.snr.clamp(SNR_LOW_DB, SNR_HIGH_DB)
        slots = self.slots[:, :, : self.used]
        of = self._of_slots
        known = of(heard)
        slots[..., 0] = of(limited)
        for column, value in ((1, rate), (2, utilisation), (3, wait)):
            target = slots[..., column]
            torch.where(known, of(value[:, None].expand_as(heard)), target, out=target)
        age = slots[..., 4]
        age.add_(1).clamp_(max=AGE_HIGH_TICKS).masked_fill_(known, 0.0)
        count = heard.sum(2, dtype=torch.float32)
        mean = torch.bmm(heard.float(), busy) / count.clamp(min=1)[..., None]
        any_heard = (count > 0)[..., None]
        channels = self.channels[:, :, : self.settings.channels]
        share, age = channels[..., 0], channels[..., 1]
        torch.where(any_heard, mean.clamp(0, 1), share, out=share)
        age.add_(1).clamp_(max=AGE_HIGH_TICKS).masked_fill_(any_heard, 0.0)

    def _of_slots(self, values: Tensor) -> Tensor:
        """[B, N, K] -> [B, N, slots]."""
        return values.gather(2, self.slot_server) if len(self.slot_server) else values


def strongest(mean_snr: Tensor) -> Tensor:
    """Above 18 servers, which stand in the slots: the 18 of best mean SNR, in order of id, [B, N, 18]; else empty."""
    if mean_snr.shape[2] <= SERVER_SLOTS:
        return torch.empty(0, dtype=torch.int64, device=mean_snr.device)
    return mean_snr.sort(2, descending=True, stable=True).indices[..., :SERVER_SLOTS].sort(2).values


def missed_broadcasts(settings: Settings, last: Tensor, luck: Tensor) -> Tensor:
    """Broadcasts that do not get through because their channel is in use, bool [B, C, K].

    A server whose slot begins while the channel is busy waits and then contends with those that waited too: it collides with
    one of them, or is late for the boundary.

    Args:
        settings: The scenario.
        last: End of the last exchange on each channel [B, C], us from the beginning of the tick.
        luck: Uniform numbers [B, C, K].
    """
    count = settings.servers
    begin = settings.tick - STATUS_LEAD_US
    slot = begin + torch.arange(count, device=last.device) * (STATUS_LEAD_US / count)
    waits = slot < last[..., None]
    contenders = waits.sum(2, keepdim=True)
    collides = 1 - (15 / 16) ** (contenders - 1).clamp(min=0).float()
    each = radio.status_air_time(settings.channels) + radio.AIFS_US + 2 * radio.SLOT_US
    late = last[..., None] + each * (waits.cumsum(2)) > settings.tick
    return waits & (late | (luck < collides))
