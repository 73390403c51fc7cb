# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The links, and the devices' knowledge of servers and channels (docs/aiot-mec.md)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ns3marl.scenarios.aiot_mec.twin import kernel, radio
from ns3marl.scenarios.aiot_mec.twin.model import Model
from ns3marl.scenarios.aiot_mec.twin.servers import Servers
from ns3marl.scenarios.aiot_mec.twin.settings import Settings
from ns3marl.scenarios.aiot_mec.twin.spec import SERVER_QUANTITIES
from ns3marl.scenarios.aiot_mec.twin.world import Draws, Scene

SNR_LOW_DB, SNR_HIGH_DB, AGE_HIGH_TICKS = -20.0, 80.0, 100.0
_SELF_DB = 100.0  # of a transmitter at its own antenna: it hears itself and nothing else


@dataclass
class Links:
    """The links between entities: devices 0 to N - 1, then servers."""

    path: Tensor  #: SNR at 0 dBm without fading, [B, N, K] dB
    gain: Tensor  #: SNR at 0 dBm, [B, N + K, N + K] dB
    snr: Tensor  #: at 30 dBm, [B, N, K] dB
    best: Tensor  #: each device's server of best mean SNR, int64 [B, N, 1]


@dataclass
class Knowledge:
    """Times at which each device heard broadcasts; the observations contain their contents."""

    believed: Tensor  #: SNR at 30 dBm that a device believes in, of all servers, [B, N, K] dB
    servers: Tensor  #: ``SERVER_QUANTITIES`` of all servers, [B, N, K, 5]; empty where slot j is server j
    slot_server: (
        Tensor  #: which server stands in each slot, int64 [B, N, slots]; empty where slot j is server j
    )


def place(settings: Settings, scene: Scene) -> Links:
    """The links that follow from positions, without fading."""
    places = torch.cat([scene.devices, scene.servers], 1)
    gain = radio.gain_db(places, places, settings)
    gain.diagonal(dim1=1, dim2=2).fill_(_SELF_DB)
    path = gain[:, : settings.devices, settings.devices :].clone()
    return Links(path, gain, torch.zeros_like(path), path.argmax(2, keepdim=True))


def know_nothing(model: Model, links: Links, observations: Tensor) -> Knowledge:
    """Knowledge before any broadcast; sets the observations [B, N, F] accordingly."""
    layout = model.layout
    envs, devices, count = links.path.shape
    slot_server = strongest(links.path, layout.server_slots)
    servers = torch.zeros(envs, devices, count if len(slot_server) else 0, len(SERVER_QUANTITIES))
    for quantity, value in (("snr_db", SNR_LOW_DB), ("age_ticks", AGE_HIGH_TICKS)):
        servers[..., SERVER_QUANTITIES.index(quantity)] = value
        for j in range(min(layout.server_slots, count)):
            observations[..., layout.features[f"server_{j}_{quantity}"]] = value
    return Knowledge(torch.full_like(links.path, SNR_LOW_DB), servers.to(model.device), slot_server)


def listen(
    model: Model,
    scene: Scene,
    draws: Draws,
    disturbance: Tensor | None,
    servers: Servers,
    links: Links,
    knowledge: Knowledge,
    observations: Tensor,
) -> None:
    """Advances the fading; servers broadcast their status, and devices receive it on the channel that they are tuned to.

    Args:
        model: The scenario.
        scene: Rates of the servers.
        draws: The fading.
        disturbance: Interference over noise at each device as each broadcast ends, infinite where it is missed, [B, N, K]; None: none.
        servers: Their interval.
        links: Changed in place.
        knowledge: Changed in place.
        observations: [B, N, F]; the slots of servers and channels are changed in place.
    """
    s = model.settings
    if disturbance is None:
        disturbance = torch.empty(0, device=model.device)
    utilisation, wait_us, _ = servers.status.unbind(2)
    wait_s = (wait_us * 1e-6).clamp(max=s.deadlineMax * 1e-6)
    news = torch.stack([scene.server_hz, utilisation, wait_s], 2)
    hear(model, links, draws.fading_db, disturbance, news, servers.channel_busy, knowledge, observations)


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
    """A round of broadcasts.

    Args:
        model: The scenario.
        links: Changed in place: they follow the fading.
        fading_db: [B, N, K] dB.
        disturbance: Interference over noise at each device as each broadcast ends, infinite where it is missed, [B, N, K]; or empty.
        news: Rate Hz, utilisation and mean wait s of the interval, [B, K, 3].
        busy: Share of the interval as each server sensed it, [B, K, C].
        knowledge: Changed in place.
        observations: [B, N, F]; the slots of servers and channels are changed in place.
    """
    s, layout, library = model.settings, model.layout, model.library
    arrays = [links.path, fading_db, links.gain, links.snr, knowledge.believed, disturbance, news, busy]
    arrays += [knowledge.servers, knowledge.slot_server, observations]
    sizes = (len(fading_db), s.devices, s.servers, s.channels, observations.shape[-1])
    slots = (layout.server_slots, layout.server_at, layout.channel_at, int(s.csi == "genie"))
    pointers = (library.pointer(array) for array in arrays)
    library.hear_status(kernel.Hear(*sizes, *slots, *pointers, model.calibration.detection_db))


def status_age(model: Model, knowledge: Knowledge, observations: Tensor) -> Tensor:
    """Ticks since each device heard a broadcast, [B, N]; arguments as of ``hear``."""
    age = SERVER_QUANTITIES.index("age_ticks")
    if len(knowledge.slot_server):
        return knowledge.servers[..., age].amin(2)
    first, width = model.layout.server_at + age, len(SERVER_QUANTITIES)
    return observations[..., first : first + model.settings.servers * width : width].amin(2)


def strongest(mean_snr: Tensor, slots: int) -> Tensor:
    """Which servers stand in the slots: those of best mean SNR in order of id, int64 [B, N, slots]; empty if all have one."""
    if mean_snr.shape[2] <= slots:
        return torch.empty(0, dtype=torch.int64, device=mean_snr.device)
    order = torch.sort(mean_snr, dim=2, descending=True, stable=True).indices[..., :slots]
    return torch.sort(order, dim=2).values
