# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""``aiot-mec`` in torch: B environments of N devices, K servers and C channels, tick by tick (docs/fastsim.md).

The order of a tick is the scenario's: what happened in the interval is accounted, tasks arrive, agents observe and decide, the
interval runs. Times are microseconds from the beginning of the tick.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from ns3marl.errors import ConfigError
from ns3marl.scenarios.aiot_mec.twin import contention as mac
from ns3marl.scenarios.aiot_mec.twin import kernel, radio, uplink
from ns3marl.scenarios.aiot_mec.twin.accounts import Accounts
from ns3marl.scenarios.aiot_mec.twin.calibration import Calibration
from ns3marl.scenarios.aiot_mec.twin.interval import close_interval, fragments
from ns3marl.scenarios.aiot_mec.twin.observer import (
    FEATURES,
    OWN,
    Knowledge,
    Links,
    missed_broadcasts,
    strongest,
)
from ns3marl.scenarios.aiot_mec.twin.queueing import ServerQueues, submit
from ns3marl.scenarios.aiot_mec.twin.settings import CHANNEL_SLOTS, SERVER_SLOTS, Settings
from ns3marl.scenarios.aiot_mec.twin.spec import make_spec
from ns3marl.scenarios.aiot_mec.twin.state import state_blocks
from ns3marl.scenarios.aiot_mec.twin.status import close_servers
from ns3marl.scenarios.aiot_mec.twin.uplink import Tasks, Traffic
from ns3marl.scenarios.aiot_mec.twin.world import Drawn, Scene, Tick

LOCAL, PARTIAL, FULL = range(3)
_SELF_DB = 100.0  # of a transmitter at its own antenna: it hears itself and nothing else


class World(Protocol):
    """Where places, tasks and fading come from."""

    def begin(self, runs: list[int]) -> Scene:
        """New episodes."""
        ...

    def next(self) -> Tick:
        """The next tick."""
        ...


@dataclass
class View:
    """What all environments show at a boundary. Tensors are the simulator's own: they change with the next step."""

    observations: Tensor  #: [B, N, 128]
    active: Tensor  #: bool [B, N]
    masks: Tensor  #: bool [B, N, 29]
    rewards: Tensor  #: of the interval that ended, [B, N]
    done: bool  #: the last boundary of the episode


class AiotMec:
    """B environments in lockstep.

    Args:
        settings: The scenario.
        num_envs: B.
        seed: Of all draws.
        device: Where to compute.
        calibration: Free constants; those that ship with the package by default.
        world: Where exogenous quantities come from; drawn by default.

    Raises:
        ConfigError: An argument is out of range.
    """

    def __init__(
        self,
        settings: Settings,
        num_envs: int,
        *,
        seed: int = 0,
        device: str | torch.device = "cpu",
        calibration: Calibration | None = None,
        world: World | None = None,
    ) -> None:
        if num_envs < 1:
            raise ConfigError(f"fastsim: num_envs is {num_envs}, expected 1 or above")
        settings.check()
        self.settings, self.num_envs, self.device = settings, num_envs, torch.device(device)
        self.calibration = calibration or Calibration.load()
        self.spec = make_spec(settings)
        self.world = world or Drawn(settings, seed, self.device)
        self.tick = 0
        slots = (num_envs, settings.devices, settings.task_slots)
        self.outcome = torch.zeros(slots, dtype=torch.int64, device=self.device)
        """How tasks ended in the last interval, see ``accounts``, 0 elsewhere; that of tick t stands in slot t mod L."""
        self.latency_us = torch.zeros(slots, device=self.device)
        """Of those that completed."""
        steps = torch.arange(settings.channels * settings.servers, device=self.device)
        self._golden = 0.6180339887 * steps.view(settings.channels, settings.servers)

    # ---------------------------------------------------------------------------------------------------------- the episode

    @torch.no_grad()
    def reset(self, runs: Sequence[int] | None = None) -> View:
        """Begins an episode in every environment.

        Args:
            runs: Number of each environment's episode, [B]; 1 to B by default. With the seed it determines all draws.
        """
        s, envs, device = self.settings, self.num_envs, self.device
        shape = (envs, s.devices)
        self.tick = 0
        self.scene = scene = self.world.begin(list(runs) if runs is not None else list(range(1, envs + 1)))
        self.tasks = Tasks.empty((*shape, s.task_slots), device)
        self.accounts = Accounts(s, envs, device)
        self.servers = ServerQueues(s, scene.server_hz * 1e-6)
        self.cpu_free = torch.zeros(shape, device=device)
        self.tuned = (torch.arange(s.devices, device=device) % s.channels).expand(shape).clone()
        self.power = torch.zeros(shape, device=device)
        self.fresh = torch.zeros(shape, device=device)  # tick in which the freshest completed task arrived
        self.class_fresh = torch.zeros(*shape, 2, device=device)
        self.receipt_us = torch.zeros(
            shape, device=device
        )  # of the last completion, from the beginning of the tick
        self.last_outcome = torch.zeros(shape, device=device)
        self.last_latency_us = torch.zeros(shape, device=device)
        self.sensed = torch.zeros(shape, device=device)
        self.active_j = torch.zeros(shape, device=device)
        self.windows = uplink.Windows(envs, s, device)
        self.lead_us = torch.zeros(
            envs, s.servers, 4, device=device
        )  # of the last 5 ms: busy, wait, begun, received
        self.status = torch.zeros(envs, s.servers, 3, device=device)  # utilisation, wait [us], received
        self.channel_busy = torch.zeros(envs, s.servers, s.channels, device=device)
        self.queued_bits = torch.zeros(shape, device=device)
        self._place()
        self.observations = torch.zeros(*shape, FEATURES, device=device)
        self.knowledge = Knowledge(s, envs, self.observations, strongest(self.links.path))
        self.masks = torch.zeros(*shape, 3 + SERVER_SLOTS + CHANNEL_SLOTS, dtype=torch.bool, device=device)
        self.masks[..., : 3 + self.knowledge.used] = True
        self._static()
        self.now = self.world.next()
        self._listen(None)
        self._arrive()
        rewards = torch.zeros(shape, device=device)
        return View(self.observations, self.now.arrives, self.masks, rewards, False)

    @torch.no_grad()
    def step(self, discrete: Tensor, continuous: Tensor) -> View:
        """One tick.

        Args:
            discrete: Mode, server slot and channel, [B, N, 3] int64. Devices without a task are ignored.
            continuous: Power [dBm] and ratio, [B, N, 2].
        """
        s = self.settings
        self._decide(discrete, continuous)
        traffic = uplink.play(self.tasks, self.tuned, self.links.gain, self.servers, s, self.calibration)
        rewards = close_interval(self, traffic)
        self.tick += 1
        done = self.tick == s.ticks
        self.now = self.world.next()
        close_servers(self)
        self._listen(traffic)
        self.tasks.shift(s.tick)
        self.servers.shift(s.tick)
        self.cpu_free.sub_(s.tick)
        self.receipt_us.sub_(s.tick)
        self._arrive()
        return View(self.observations, self.now.arrives, self.masks, rewards, done)

    def state(self) -> tuple[Tensor, Tensor, Tensor]:
        """The global state at the boundary: agents [B, N, F], servers [B, K, 8], channels [B, C, 3]."""
        return state_blocks(self)

    def metrics(self) -> dict[str, Tensor]:
        """Of the episodes so far, [B] each, in the spec's order."""
        tasks = self.tasks
        sent, received, *_ = fragments(self, tasks.open).unbind(1)
        return self.accounts.metrics(tasks.open.flatten(1).sum(1), sent, received)

    # ------------------------------------------------------------------------------------------------------------ the radio

    def _place(self) -> None:
        """Gains that places alone determine."""
        s, scene = self.settings, self.scene
        places = torch.cat([scene.devices, scene.servers], 1)
        gain = radio.gain_db(places, places, s)
        gain.diagonal(dim1=1, dim2=2).fill_(_SELF_DB)
        path = gain[:, : s.devices, s.devices :].clone()
        self.links = Links(path, torch.zeros_like(path), gain, torch.zeros_like(path))
        self.best = path.argmax(2, keepdim=True)

    def _listen(self, traffic: Traffic | None) -> None:
        """The fading moves, servers tell their status, and devices hear it on the channel that they are tuned to."""
        s, links = self.settings, self.links
        links.fading = self.now.fading_db
        missed = torch.empty(0, dtype=torch.bool, device=self.device)
        if traffic is not None and bool((traffic.held > 0).any()):
            luck = self.now.luck[:, :1, None] + self._golden
            missed = missed_broadcasts(s, traffic.held, luck.frac()).view(-1, s.servers)
        utilisation, wait_us, _ = self.status.unbind(2)
        wait_s = (wait_us * 1e-6).clamp(max=s.deadlineMax * 1e-6)
        news = torch.stack([self.scene.server_hz, utilisation, wait_s], 2)
        detection_db = self.calibration.detection_db
        if kernel.load(self.device) is not None:
            self.heard = self.knowledge.hear_compiled(
                links, missed, self.tuned, news, self.channel_busy, detection_db
            )
            return
        links.fade()
        heard = links.snr >= detection_db
        if len(missed):
            heard &= ~missed[self.channel_rows()]
        if s.csi == "genie":
            heard = torch.ones_like(heard)
        self.heard = self.knowledge.hear(heard, links.snr, news, self.channel_busy)

    # --------------------------------------------------------------------------------------------------------- the decision

    def _arrive(self) -> None:
        """Tasks of this tick arrive, and everybody observes."""
        now, s, tasks, obs = self.now, self.settings, self.tasks, self.observations
        bits = 8 * now.size_bytes
        self.cycles = cycles = bits * now.density
        self.static_rank = s.beta * (cycles / s.max_cycles).clamp(max=1) + s.gamma * now.premium
        has = now.arrives.float()
        hertz = self.scene.device_hz
        open_ = tasks.open
        remaining = torch.where(
            open_ & tasks.local, (tasks.cpu_end - tasks.cpu_start.clamp(min=0)).clamp(min=0), 0.0
        )
        backlog_s = 1e-6 * remaining.sum(2)
        under_way = (open_ & tasks.offloaded).any(2)
        self.under_way = under_way
        self.queued_bits = self._queued() if s.task_slots > 1 else torch.zeros_like(has)
        own = self._own
        for column, value in (
            (0, has),
            (1, has * bits),
            (2, has * now.density),
            (3, has * cycles.clamp(max=s.max_cycles)),
            (4, has * now.deadline_us * 1e-6),
            (5, has * now.premium),
            (6, has * self.static_rank),
            (7, has * (backlog_s + cycles / hertz).clamp(max=1)),
            (8, open_.sum(2).clamp(max=20)),
            (9, self.queued_bits.clamp(max=5e6)),
            (10, backlog_s.clamp(max=1)),
            (12, self.tuned),
            (13, self.power),
            (14, (self.tick - self.fresh).clamp(max=100)),
            (15, self.last_outcome),
            (16, (self.last_latency_us * 1e-6).clamp(max=s.deadlineMax * 1e-6)),
            (20, self.sensed),
            (21, self.active_j.clamp(max=1)),
        ):
            own[column] = value
        obs[..., :OWN] = own.permute(1, 2, 0)
        channel = torch.arange(s.channels, device=self.device)
        self.masks[..., 3 + SERVER_SLOTS : 3 + SERVER_SLOTS + s.channels] = ~under_way[..., None] | (
            self.tuned[..., None] == channel
        )

    def _static(self) -> None:
        """Features that an episode does not change."""
        n = self.settings.devices
        self._own = torch.zeros(OWN, self.num_envs, n, device=self.device)
        self._own[11] = self.scene.device_hz
        self._own[17:19] = self.scene.devices[..., :2].permute(2, 0, 1)
        self._own[19] = (torch.arange(n, device=self.device) + 0.5) / n

    def _queued(self) -> Tensor:
        """Bits waiting at each radio: fragments that are not acknowledged, headers included."""
        tasks = self.tasks
        waits = tasks.open & (tasks.phase == mac.UPLINK)
        left = torch.where(waits, tasks.changing[..., mac.LEFT], 0.0)
        return (8 * (radio.FRAGMENT_BYTES + radio.OVERHEAD_BYTES) * left).sum(2)

    def _decide(self, discrete: Tensor, continuous: Tensor) -> None:
        """Actions become tasks in this tick's slots."""
        now, s, tasks = self.now, self.settings, self.tasks
        slot = self.tick % s.task_slots
        mode, server, channel = discrete.unbind(2)
        self.accounts.arrived += now.arrives.sum(1)
        offloads = now.arrives & (mode != LOCAL)
        local = now.arrives & (mode != FULL)
        if len(self.knowledge.slot_server):
            server = self.knowledge.slot_server.gather(2, server.clamp(max=SERVER_SLOTS - 1)[..., None])[
                ..., 0
            ]
        server = server * offloads
        power = torch.where(
            offloads, (continuous[..., 0] / radio.POWER_STEP_DB).round() * radio.POWER_STEP_DB, 0.0
        )
        ratio = continuous[..., 1].masked_fill(mode == FULL, 1.0).masked_fill_(mode == LOCAL, 0.0)
        self.tuned = torch.where(offloads & ~self.under_way, channel, self.tuned)
        self.power = torch.where(offloads, continuous[..., 0], self.power)
        for field, value in (
            (tasks.open, now.arrives),
            (tasks.local, local),
            (tasks.offloaded, offloads),
            (tasks.arrival, 0.0),
            (tasks.expiry, now.deadline_us),
            (tasks.deadline, now.deadline_us),
            (tasks.cycles, self.cycles),
            (tasks.rank, self.static_rank),
            (tasks.premium, now.premium),
            (tasks.ratio, ratio),
            (tasks.size_bytes, (ratio * now.size_bytes).round().clamp(min=1)),
            (tasks.server, server),
            (tasks.power, power),
        ):
            field[..., slot] = value
        tasks.believed = self.knowledge.snr.gather(2, tasks.server)
        duration = (1 - ratio) * self.cycles / self.scene.device_hz * 1e6
        start, end, stop = submit(self.cpu_free, duration, now.deadline_us, local)
        tasks.cpu_start[..., slot], tasks.cpu_end[..., slot], tasks.cpu_stop[..., slot] = start, end, stop
        behind = self.windows.are_behind(self.windows.links(server, self.tuned))
        uplink.begin_upload(tasks, offloads, slot, now.jitter_us, now.random, behind)

    def channel_rows(self) -> Tensor:
        """Row b C + c of the channel that each device is tuned to, [B, N]."""
        rows = torch.arange(self.num_envs, device=self.device)[:, None] * self.settings.channels
        return rows + self.tuned
