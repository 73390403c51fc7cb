# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The uploads and results of a tick: transmission on the channels and computation at the servers.

Times are in microseconds from the beginning of the tick. ``kernels/contention.h`` simulates the events.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ns3marl.scenarios.aiot_mec.twin import kernel, radio
from ns3marl.scenarios.aiot_mec.twin import tasks as task
from ns3marl.scenarios.aiot_mec.twin.model import Model
from ns3marl.scenarios.aiot_mec.twin.servers import Servers
from ns3marl.scenarios.aiot_mec.twin.tasks import Tasks

INF = math.inf


def begin_upload(
    tasks: Tasks,
    begins: Tensor,
    slot: int,
    jitter_us: Tensor,
    mac_seed: Tensor,
    behind: Tensor,
    failures: Tensor,
) -> None:
    """Offloaded parts of this tick's tasks go to the radio after their jitter.

    Args:
        tasks: Changed in place.
        begins: Which devices have one, bool [B, N].
        slot: In which the tasks stand.
        jitter_us: [B, N].
        mac_seed: Seeds of their backoffs and frame errors, int64 [B, N].
        behind: Whether the link's window is behind, so that a block-ack request is sent first; bool [B, N].
        failures: Consecutive transmissions of the modem on its channel that were not acknowledged, [B, N].
    """
    depth = tasks.open.shape[2]
    device = begins.view(-1).nonzero().squeeze(1)
    record = torch.zeros(len(device), task.CHANGING, device=begins.device)
    size = tasks.size_bytes[..., slot].reshape(-1).index_select(0, device)
    record[:, task.LEFT] = radio.fragments(size)
    record[:, task.UPLINK_END :] = INF
    record[:, task.ASKS] = behind.view(-1).index_select(0, device)
    tasks.changing.view(-1, task.CHANGING).index_copy_(0, device * depth + slot, record)
    tasks.phase[..., slot] = begins.to(torch.int8) * task.UPLINK
    tasks.ready[..., slot] = jitter_us
    # Stations begin at slot boundaries, which they count from the last frame that they heard.
    tasks.next[..., slot] = (jitter_us / radio.SLOT_US).ceil() * radio.SLOT_US
    tasks.quiet[..., slot] = -1000.0
    state = (mac_seed * 1664525 + 1013904223) & 0xFFFFFFFF
    tasks.random[..., slot] = state
    tasks.slots[..., slot] = ((state >> 8).float() * 2.0**-24 * radio.contention_window(failures)).floor_()
    tasks.end[..., slot] = INF


@dataclass
class UnderWay:
    """Tasks on their way to a server or back, int64 [n] each, in order of environment."""

    source: Tensor  #: which of all tasks
    environment: Tensor
    device: Tensor
    channel: Tensor


@dataclass
class Broadcasts:
    """Of every server on every channel."""

    levels: Tensor  #: SNR at devices at 0 dBm, as the fading moves before they begin, [B, K, N] dB
    uniform: Tensor  #: numbers in [0, 1) for their backoffs, [B]


@dataclass
class Traffic:
    """What was on the air in a tick."""

    device_us: Tensor  #: transmitted by each device, [B, N]
    amplifier_us_mw: Tensor  #: the same times emitted power, [B, N]
    received: Tensor  #: time in which entities receive frames on each channel, [B C, N + K] us
    busy: Tensor  #: time in which they sense their own or others' frames there, [B C, N + K] us
    late: Tensor  #: of that, what radios notice after the servers have closed their interval, [B C, N + K] us
    disturbance: Tensor  #: interference over noise at each device as each broadcast ends, infinite where it is missed; [B, N, K]


def run(
    model: Model,
    tasks: Tasks,
    tuned: Tensor,
    gain: Tensor,
    servers: Servers,
    failures: Tensor,
    broadcasts: Broadcasts,
) -> Traffic:
    """The channels and servers of one tick.

    Args:
        model: The scenario.
        tasks: Changed in place.
        tuned: Channel of each device, int64 [B, N].
        gain: SNR at 0 dBm between entities, [B, N + K, N + K] dB.
        servers: ``free`` is changed in place.
        failures: Consecutive transmissions of each radio that were not acknowledged, [B, C, N + K]; changed in place.
        broadcasts: Of the servers, 5 ms before the end of the tick.
    """
    s, library = model.settings, model.library
    envs, devices, depth = tasks.open.shape
    entities, channels, where = gain.shape[-1], s.channels, gain.device
    way = under_way(tasks, tuned)
    fixed = fixed_records(model, tasks, way, gain)
    first = torch.searchsorted(way.environment, torch.arange(envs + 1, device=where))
    disturbance = torch.zeros(envs, devices, s.servers, device=where)
    received, busy, late, *until = torch.zeros(5, envs * channels, entities, device=where).unbind(0)
    air = torch.empty(len(way.source), device=where)
    told = envs * channels * s.servers
    tasks_room, *rooms = library.room(len(way.source), told, envs * entities + told)
    arrivals = torch.empty_like(servers.free)
    arrays = [first, way.source, way.channel, fixed, tasks.changing, tasks.phase, tasks.next, tasks.quiet]
    arrays += [tasks.ready, tasks.slots, tasks.end, tasks.random, gain]
    arrays += [broadcasts.levels, servers.rate, servers.free, failures]
    arrays += [tuned, broadcasts.uniform, disturbance, received, busy, late, *until, air]
    arrays += [tasks_room, arrivals, *rooms]
    sizes = (envs, entities, channels, s.servers)
    pointers = (library.pointer(array) for array in arrays)
    library.run_channels(
        kernel.Run(*sizes, *pointers, s.csi == "measured", s.tick, kernel.constants(model.calibration, s))
    )
    return traffic(way, (envs, devices, depth), air, fixed[:, task.POWER], received, busy, late, disturbance)


def under_way(tasks: Tasks, tuned: Tensor) -> UnderWay:
    """The tasks whose offloaded part is neither done nor dropped."""
    _, devices, depth = tasks.open.shape
    going = tasks.open & (tasks.phase >= task.UPLINK) & (tasks.phase <= task.DOWNLINK)
    source = going.view(-1).nonzero().squeeze(1)
    environment = source // (devices * depth)
    owner = source // depth
    return UnderWay(source, environment, owner - environment * devices, tuned.reshape(-1)[owner])


def traffic(
    way: UnderWay,
    shape: tuple[int, int, int],
    air: Tensor,
    power: Tensor,
    received: Tensor,
    busy: Tensor,
    late: Tensor,
    disturbance: Tensor,
) -> Traffic:
    """Adds up what the tasks of each device transmitted.

    Args:
        way: The tasks.
        shape: B, N and L.
        air: Air time of each task's device, [n] us.
        power: Of its transmissions, [n] dBm.
        received: See ``Traffic``.
        busy: See ``Traffic``.
        late: See ``Traffic``.
        disturbance: See ``Traffic``.
    """

    def by_device(values: Tensor) -> Tensor:
        every = torch.zeros(math.prod(shape), device=air.device).index_copy_(0, way.source, values)
        return every.view(shape).sum(2)

    return Traffic(
        by_device(air), by_device(air * torch.pow(10.0, power / 10)), received, busy, late, disturbance
    )


def fixed_records(model: Model, tasks: Tasks, way: UnderWay, gain: Tensor) -> Tensor:
    """Records of the tasks under way that stay as they are, [n, FIXED]."""
    settings, calibration = model.settings, model.calibration

    def pick(values: Tensor) -> Tensor:
        return values.reshape(-1)[way.source]

    entities = gain.shape[-1]
    server, power, size = pick(tasks.server), pick(tasks.power), pick(tasks.size_bytes)
    link = gain.reshape(-1)[(way.environment * entities + way.device) * entities + settings.devices + server]
    up = link + power
    believed = pick(tasks.believed) - (radio.MAX_POWER_DBM - power)
    index = radio.mcs(believed)
    fragments = radio.fragments(size)
    bits = 8 * (size / fragments + radio.OVERHEAD_BYTES)
    rate = radio.data_bits_per_symbol(index)
    symbols = math.floor((radio.MAX_PPDU_US - radio.HE_PREAMBLE_US) / radio.HE_SYMBOL_US)
    limit = ((symbols * rate - 22) / bits).floor().clamp(1, radio.MAX_FRAGMENTS)
    return torch.stack(
        [
            way.device.float(),
            server.float(),
            power,
            pick(tasks.expiry),
            pick(tasks.deadline),
            pick(tasks.rank),
            pick(tasks.ratio) * pick(tasks.cycles),
            fragments,
            bits,
            rate,
            limit,
            radio.midpoint_db(index, calibration),
            radio.SIFS_US + radio.control_air_time(radio.BLOCK_ACK_BYTES, index),
            radio.control_air_time(radio.BLOCK_ACK_REQUEST_BYTES, index),
            up,
            link + radio.MAX_POWER_DBM,
        ],
        1,
    )
