# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""What devices know, and the arrays that agents and critics see (docs/aiot-mec.md)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ns3marl.scenarios.aiot_mec.twin import kernel, radio
from ns3marl.scenarios.aiot_mec.twin.settings import CHANNEL_SLOTS, SERVER_SLOTS, Settings

SNR_LOW_DB, SNR_HIGH_DB, AGE_HIGH_TICKS = -20.0, 80.0, 100.0
OWN, FEATURES = 22, 128
AGENT_COLUMNS = SERVER_SLOTS + 14


@dataclass
class Links:
    """The links between devices and servers."""

    path: Tensor  #: SNR at 0 dBm without fading, [B, N, K] dB
    fading: Tensor  #: [B, N, K] dB
    gain: Tensor  #: SNR at 0 dBm between all entities, [B, N + K, N + K] dB
    snr: Tensor  #: at 30 dBm, [B, N, K] dB

    def fade(self) -> None:
        """Gains and SNR follow the fading."""
        n = self.path.shape[1]
        link = self.path + self.fading
        self.gain[:, :n, n:] = link
        self.gain[:, n:, :n] = link.transpose(1, 2)
        torch.add(link, radio.MAX_POWER_DBM, out=self.snr)


class Knowledge:
    """What each device has heard of servers and channels, and its place in the observations.

    Attributes:
        snr: SNR at 30 dBm that a device believes in, of all servers, [B, N, K] dB.
    """

    def __init__(self, settings: Settings, envs: int, observations: Tensor, slot_server: Tensor) -> None:
        self.settings = settings
        self.slot_server = slot_server  # [B, N, S], or empty where slot j is server j
        self.used = min(SERVER_SLOTS, settings.servers)
        shape = (envs, settings.devices)
        device = observations.device
        last = OWN + 5 * SERVER_SLOTS
        self._slots = observations[..., OWN:last].view(*shape, SERVER_SLOTS, 5)[:, :, : self.used]
        self._channels = observations[..., last:].view(*shape, CHANNEL_SLOTS, 2)[:, :, : settings.channels]
        self.snr = torch.full((*shape, settings.servers), SNR_LOW_DB, device=device)
        # SNR dB, rate Hz, utilisation, wait s, age ticks; busy share, age ticks.
        self._observations = observations
        self._servers = torch.zeros(*shape, settings.servers, 5, device=device)
        self._air = torch.zeros(*shape, settings.channels, 2, device=device)
        self._servers[..., 0], self._servers[..., 4], self._air[..., 1] = (
            SNR_LOW_DB,
            AGE_HIGH_TICKS,
            AGE_HIGH_TICKS,
        )
        self._show()

    def hear_compiled(
        self, links: Links, missed: Tensor, tuned: Tensor, news: Tensor, busy: Tensor, detection_db: float
    ) -> Tensor:
        """The same as ``Links.fade`` and ``hear``, in one pass.

        Args:
            links: Changed in place.
            missed: Broadcasts that did not get through, bool [B C, K], or empty.
            tuned: Channel of each device, [B, N].
            news: See ``hear``.
            busy: See ``hear``.
            detection_db: SNR from which a broadcast is heard.

        Returns:
            How many servers each device heard, [B, N].
        """
        s, library = self.settings, kernel.load(tuned.device)
        assert library is not None
        heard = torch.empty(tuned.shape, device=tuned.device)
        arrays = [links.path, links.fading, links.gain, links.snr, self.snr, missed, tuned, news, busy]
        arrays += [self._servers, self.slot_server, self._observations, heard]
        sizes = (len(tuned), s.devices, s.servers, s.channels, FEATURES, int(s.csi == "genie"))
        library.hear_status(kernel.Hear(*sizes, *(library.pointer(array) for array in arrays), detection_db))
        return heard

    def hear(self, heard: Tensor, snr: Tensor, news: Tensor, busy: Tensor) -> Tensor:
        """A round of broadcasts.

        Args:
            heard: Which servers each device heard, bool [B, N, K].
            snr: Measured, at 30 dBm, [B, N, K] dB.
            news: Rate Hz, utilisation and mean wait s of the interval, [B, K, 3].
            busy: Share of the interval as each server sensed it, [B, K, C].

        Returns:
            How many servers each device heard, [B, N].
        """
        self.snr = torch.where(heard, snr, self.snr)
        known = self._servers.unbind(3)
        torch.clamp(self.snr, SNR_LOW_DB, SNR_HIGH_DB, out=known[0])
        for plane, told in zip(known[1:4], news.unbind(2), strict=True):
            torch.where(heard, told[:, None].expand_as(plane), plane, out=plane)
        known[4].add_(1).clamp_(max=AGE_HIGH_TICKS).masked_fill_(heard, 0.0)
        count = heard.sum(2, dtype=torch.float32)
        share, age = self._air.unbind(3)
        mean = torch.bmm(heard.float(), busy).div_(count.clamp(min=1)[..., None]).clamp_(0, 1)
        any_heard = (count > 0)[..., None]
        torch.where(any_heard, mean, share, out=share)
        age.add_(1).clamp_(max=AGE_HIGH_TICKS).masked_fill_(any_heard, 0.0)
        self._show()
        return count

    def _show(self) -> None:
        """Writes it into the observations."""
        heard_of = self._servers
        if len(self.slot_server):
            heard_of = heard_of.gather(2, self.slot_server[..., None].expand(-1, -1, -1, 5))
        self._slots.copy_(heard_of)
        self._channels.copy_(self._air)


def strongest(mean_snr: Tensor) -> Tensor:
    """Above 18 servers, which stand in the slots: the 18 of best mean SNR, in order of id, [B, N, 18]; else empty."""
    if mean_snr.shape[2] <= SERVER_SLOTS:
        return torch.empty(0, dtype=torch.int64, device=mean_snr.device)
    order = torch.sort(mean_snr, dim=2, descending=True, stable=True).indices[..., :SERVER_SLOTS]
    return torch.sort(order, dim=2).values


def missed_broadcasts(settings: Settings, held: Tensor, luck: Tensor) -> Tensor:
    """Broadcasts that do not get through because their channel is in use, bool [B, C, K].

    A server whose slot begins on a busy channel waits for its end and then contends with the servers that wait for the same:
    it collides with one of them, or is late for the boundary.

    Args:
        settings: The scenario.
        held: When they may begin, us from the beginning of the tick, 0: in their slot; [B, C, K].
        luck: Uniform numbers [B, C, K].
    """
    missed = torch.zeros_like(held, dtype=torch.bool)
    some = (held > 0).any(2)
    held = held[some]
    waits = held > 0
    together = waits[..., None] & (held[..., None] == held[..., None, :])
    others = together.sum(2) - 1
    before = together.tril(-1).sum(2)
    collides = 1 - (15 / 16) ** others.clamp(min=0).float()
    each = radio.status_air_time(settings.channels) + radio.AIFS_US + 2 * radio.SLOT_US
    late = held + each * (before + 1) > settings.tick
    missed[some] = waits & (late | (luck[some] < collides))
    return missed
