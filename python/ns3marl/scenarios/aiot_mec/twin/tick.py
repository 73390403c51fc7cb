# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""An episode of B environments in lockstep, tick by tick, as stages that transform a state.

The order of a tick is the scenario's: agents act, the interval runs, rewards and metrics are computed, servers broadcast, tasks of the next
tick arrive, agents observe. A stage takes the parts of the state that it reads and returns the new ones.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ns3marl.scenarios.aiot_mec.twin import (
    accounts,
    channels,
    decisions,
    interval,
    knowledge,
    observations,
    servers,
)
from ns3marl.scenarios.aiot_mec.twin.accounts import Accounts, Interval
from ns3marl.scenarios.aiot_mec.twin.model import Model
from ns3marl.scenarios.aiot_mec.twin.state import Devices, State, blank
from ns3marl.scenarios.aiot_mec.twin.tasks import Tasks
from ns3marl.scenarios.aiot_mec.twin.windows import Windows
from ns3marl.scenarios.aiot_mec.twin.world import Draws, Scene


@dataclass
class View:
    """Observations of all environments at a boundary. The tensors belong to the state and change with the next step."""

    observations: Tensor  #: [B, N, F]
    active: Tensor  #: which agents have a task to decide on, bool [B, N]
    masks: Tensor  #: bool [B, N, M]
    rewards: Tensor  #: of the interval that ended, [B, N]
    done: bool  #: whether this is the last boundary of the episode


@torch.no_grad()
def begin(model: Model, scene: Scene, draws: Draws) -> State:
    """The first boundary of an episode in every environment.

    Args:
        model: The scenario.
        scene: Positions and rates.
        draws: Draws of tick 0.
    """
    s, device, envs = model.settings, model.device, len(scene.devices)
    links = knowledge.place(s, scene)
    shown = blank(model, envs)
    known = knowledge.know_nothing(model, links, shown.observations)
    devices = Devices.first(s, envs, device)
    tasks = Tasks.empty((envs, s.devices, s.task_slots), device)
    computers = servers.start(s, scene)
    observations.show_scene(model, scene, shown)
    knowledge.listen(model, scene, draws, None, computers, links, known, shown.observations)
    return State(
        tick=0,
        scene=scene,
        links=links,
        devices=devices,
        tasks=tasks,
        windows=Windows(envs, s, device),
        servers=computers,
        failures=torch.zeros(envs, s.channels, s.devices + s.servers, device=device),
        knowledge=known,
        shown=shown,
        boundary=observations.observe(model, 0, scene, devices, tasks, draws, known, shown),
        accounts=Accounts.zero(s, envs, device),
    )


@torch.no_grad()
def step(
    model: Model, state: State, discrete: Tensor, continuous: Tensor, draws: Draws
) -> tuple[State, Interval, Tensor]:
    """One tick: from a boundary to the next one.

    Args:
        model: The scenario.
        state: The current state, which the step consumes.
        discrete: Mode, server slot and channel, int64 [B, N, 3]. Those of devices without a task are ignored.
        continuous: Power [dBm] and ratio, [B, N, 2].
        draws: Draws of the next tick.

    Returns:
        The state at the next boundary; what happened in the interval; its rewards, [B, N].
    """
    s, tasks, links, scene, shown = model.settings, state.tasks, state.links, state.scene, state.shown
    # Agents act.
    devices = decisions.act(model, state, discrete, continuous)
    state = replace(state, devices=devices)
    state.accounts.arrived += state.boundary.draws.arrives.sum(1)
    # The interval runs.
    levels = (links.path + draws.fading_db).transpose(1, 2).contiguous()
    broadcasts = channels.Broadcasts(levels, draws.broadcast_uniform[:, 0].contiguous())
    traffic = channels.run(model, tasks, devices.tuned, links.gain, state.servers, state.failures, broadcasts)
    # It is accounted for.
    devices, channel_busy, busy_lead, happened = interval.close(model, state, traffic)
    rewards = accounts.add(s, state.accounts, happened)
    # Servers tell what they did, and devices listen to them.
    status = servers.close_intervals(model, tasks, state.servers)
    computers = replace(state.servers, status=status, channel_busy=channel_busy, busy_lead=busy_lead)
    knowledge.listen(
        model,
        scene,
        draws,
        traffic.disturbance,
        computers,
        links,
        state.knowledge,
        shown.observations,
    )
    # The next tick begins: times are counted from there. Its tasks arrive, and everybody observes.
    tasks.shift(s.tick)
    computers.free.sub_(s.tick).clamp_(min=-s.tick)
    devices.cpu_free.sub_(s.tick)
    devices.receipt.sub_(s.tick)
    boundary = observations.observe(
        model, state.tick + 1, scene, devices, tasks, draws, state.knowledge, shown
    )
    state = replace(
        state,
        tick=state.tick + 1,
        devices=devices,
        servers=computers,
        boundary=boundary,
    )
    return state, happened, rewards


def view(model: Model, state: State, rewards: Tensor) -> View:
    """What a state shows; ``rewards`` [B, N] are those of the interval that ended."""
    done = state.tick == model.settings.ticks
    shown = state.shown
    return View(shown.observations, state.boundary.draws.arrives, shown.masks, rewards, done)


def metrics(model: Model, state: State) -> dict[str, Tensor]:
    """Metrics of the episodes so far, float64 [B] each, by the spec's names."""
    tasks = state.tasks
    sent, received, *_ = interval.count_fragments(tasks, tasks.open).unbind(1)
    return accounts.metrics(model.settings, state.accounts, tasks.open.flatten(1).sum(1), sent, received)
