# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The state of B environments between two boundaries, by owner.

Axes: **B** environments, **N** devices, **K** servers, **C** channels, **L** task slots of a device, **F** features. Times are in
microseconds from the beginning of the tick, unless a name says otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass, replace
from typing import TypeVar

import torch
from torch import Tensor

from ns3marl.scenarios.aiot_mec.twin.accounts import Accounts
from ns3marl.scenarios.aiot_mec.twin.knowledge import Knowledge, Links
from ns3marl.scenarios.aiot_mec.twin.model import Model
from ns3marl.scenarios.aiot_mec.twin.servers import Servers
from ns3marl.scenarios.aiot_mec.twin.settings import Settings
from ns3marl.scenarios.aiot_mec.twin.tasks import Tasks
from ns3marl.scenarios.aiot_mec.twin.windows import Windows
from ns3marl.scenarios.aiot_mec.twin.world import Draws, Scene

T = TypeVar("T")


@dataclass
class Devices:
    """[B, N] each."""

    tuned: Tensor  #: channel of the modem, int64
    power: Tensor  #: of the last offloaded task, dBm
    cpu_free: Tensor  #: when the CPU has nothing left to do, us
    fresh: Tensor  #: tick in which the freshest completed task arrived
    class_fresh: Tensor  #: the same of standard and of premium tasks, [B, N, 2]
    receipt: Tensor  #: of the last completion, us
    last_outcome: Tensor  #: of the task that ended last: 1 completed, -1 failed, 0 none yet
    last_latency: Tensor  #: of the task that completed last, us
    sensed: Tensor  #: share of the last interval in which the modem was busy
    active_j: Tensor  #: energy beyond idling in the last interval

    @staticmethod
    def first(settings: Settings, envs: int, device: torch.device) -> Devices:
        """At tick 0, tuned to the channels in turn."""
        shape = (envs, settings.devices)
        tuned = (torch.arange(settings.devices, device=device) % settings.channels).expand(shape).clone()
        classes = torch.zeros(*shape, 2, device=device)
        power, cpu_free, fresh, receipt, outcome, latency, sensed, active = torch.zeros(
            8, *shape, device=device
        ).unbind()
        return Devices(tuned, power, cpu_free, fresh, classes, receipt, outcome, latency, sensed, active)


@dataclass
class Shown:
    """Observations and masks; written in place at every boundary."""

    observations: Tensor  #: [B, N, F]
    masks: Tensor  #: bool [B, N, M]
    own: Tensor  #: columns of the observations before the slots, [columns, B, N]


@dataclass
class Boundary:
    """Arrivals at a boundary."""

    draws: Draws
    cycles: Tensor  #: of the task that arrives, [B, N]
    rank: Tensor  #: what does not change of its priority, [B, N]
    under_way: Tensor  #: whether an offloaded task is, bool [B, N]
    queued_bits: Tensor  #: waiting at each modem, [B, N]


@dataclass
class State:
    """The complete state. A step consumes it: it writes tensors in place where this saves copies."""

    tick: int
    scene: Scene
    links: Links
    devices: Devices
    tasks: Tasks
    windows: Windows
    servers: Servers
    failures: Tensor  #: consecutive transmissions of each radio that were not acknowledged, [B, C, N + K]
    knowledge: Knowledge
    shown: Shown
    boundary: Boundary
    accounts: Accounts


def rows(part: T, index: Tensor) -> T:
    """The environments of these numbers, int64 [B'], of a state or a part of it, as copies that may be changed."""
    assert is_dataclass(part)
    assert not isinstance(part, type)
    picked: dict[str, object] = {}
    for field in fields(part):
        value = getattr(part, field.name)
        if isinstance(value, Windows):
            picked[field.name] = value.rows(index)
        elif is_dataclass(value):
            picked[field.name] = rows(value, index)
        elif isinstance(value, Tensor):
            axis = 1 if isinstance(part, Shown) and field.name == "own" else 0
            picked[field.name] = value.index_select(axis, index) if len(value) else value
    return replace(part, **picked)


def blank(model: Model, envs: int) -> Shown:
    """Observations that are 0, and masks that allow every choice that exists."""
    layout, shape = model.layout, (envs, model.settings.devices)
    width = max(mask.stop for mask in layout.masks.values())
    masks = torch.zeros(*shape, width, dtype=torch.bool, device=model.device)
    masks[..., layout.masks["mode"]] = True
    forbidden = {"binary": "partial", "partial": "full"}.get(model.settings.offloading)
    if forbidden is not None:
        masks[..., layout.masks["mode"].start + layout.modes[forbidden]] = False
    masks[..., layout.masks["server"]][..., : model.settings.servers] = True
    return Shown(
        torch.zeros(*shape, len(layout.features), device=model.device),
        masks,
        torch.zeros(layout.server_at, *shape, device=model.device),
    )
