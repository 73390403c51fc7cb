# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The twin for learners on its own device: tensors in, tensors out (``ns3marl.rl.on_device``)."""

from __future__ import annotations

import time
from typing import Any

import torch
from torch import Tensor

from ns3marl.episodes import Episodes
from ns3marl.errors import OutOfStep
from ns3marl.rl.on_device import Shown
from ns3marl.rl.seen import GroupSeen, Seen
from ns3marl.scenarios.aiot_mec.twin.aiot_mec import AiotMec
from ns3marl.scenarios.aiot_mec.twin.tick import View
from ns3marl.types import Spec, Timing


class DevicePool:
    """``aiot-mec`` on a device. Actions are not checked.

    Args:
        sim: The environments.
        episodes: Their current episodes.
        spec: Spec of the scenario.
    """

    def __init__(self, sim: AiotMec, episodes: Episodes, spec: Spec) -> None:
        self.sim, self.episodes, self.spec = sim, episodes, spec
        self.num_envs, self.device = sim.num_envs, sim.model.device
        self.timing = Timing()
        self._run = torch.zeros(self.num_envs, dtype=torch.int64, device=self.device)
        self._played: list[tuple[Tensor, Tensor]] = []  # in the running episodes

    def reset(self) -> Shown:
        """Begins a new episode in every environment and discards running ones."""
        view = self._begin()
        return self._shown(view, view.rewards)

    def step(self, discrete: Tensor, continuous: Tensor) -> Shown:
        """One tick of all environments, see ``DeviceEnvironments.step``; times are those until the work was handed to the device."""
        started_s = time.perf_counter()
        view = self.sim.step(discrete, continuous)
        self._played.append((discrete.to(torch.uint8), continuous))
        rewards, last, metrics = view.rewards, None, None
        if view.done:
            last = self._seen(view)
            values = self.sim.metrics()
            metrics = torch.stack([values[metric.name] for metric in self.spec.metrics], 1)
            view = self._begin()
        shown = self._shown(view, rewards, last, metrics)
        self.timing.ticks += self.num_envs
        self.timing.simulator_s += time.perf_counter() - started_s
        return shown

    def state_dict(self) -> dict[str, Any]:
        """State of the environments, in the format of ``FastPool.state_dict``."""
        taken = [torch.stack(tensors).cpu().numpy() for tensors in zip(*self._played, strict=True)]
        return {
            "seed": self.episodes.seed,
            "episodes": self.episodes.episode.tolist(),
            "ticks": [len(self._played)] * self.num_envs,
            "actions": [dict(zip(("discrete", "continuous"), taken, strict=True))] if taken else [],
        }

    def load_state_dict(self, state: dict[str, Any]) -> Shown:
        """Restores episodes of this pool or of a ``FastPool``.

        Raises:
            ConfigError: The number of environments differs.
            OutOfStep: The environments are not at the same tick of the same episode, or it ended before its actions did.
        """
        if len(set(state["ticks"])) > 1 or len(set(state["episodes"])) > 1:
            raise OutOfStep(
                f"DevicePool: the environments stand at ticks {state['ticks']} of the episodes {state['episodes']}; those of one "
                "pool always stand together"
            )
        self.episodes.load_state_dict(state)
        self._run = torch.from_numpy(self.episodes.run.copy()).to(self.device)
        view, self._played = self.sim.reset(self.episodes.run.tolist()), []
        for (joint,) in self.episodes.history:
            if view.done:
                raise OutOfStep("DevicePool: an episode ended before its recorded actions did")
            discrete = torch.from_numpy(joint.discrete).to(self.device, torch.int64)
            continuous = torch.from_numpy(joint.continuous).to(self.device)
            view = self.sim.step(discrete, continuous)
            self._played.append((discrete.to(torch.uint8), continuous))
        return self._shown(view, view.rewards)

    def _begin(self) -> View:
        self._played = []
        runs = self.episodes.begin_all()
        self._run = torch.tensor(runs, device=self.device)
        return self.sim.reset(runs)

    def _shown(
        self, view: View, rewards: Tensor, last: Seen | None = None, metrics: Tensor | None = None
    ) -> Shown:
        return Shown(
            self._seen(view), (rewards,), self.episodes.seed, self._run, self.sim.state.tick, last, metrics
        )

    def _seen(self, view: View) -> Seen:
        """The contents of a view, whose tensors change with the next step."""
        present = torch.ones_like(view.active)
        group = GroupSeen(view.observations.clone(), present, view.active.clone(), view.masks.clone())
        return Seen((group,), [block.clone() for block in self.sim.global_state()])
