# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The twin with the interface of the pool of simulators: a learner trains on either without changes."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ns3marl.checks import checked_actions
from ns3marl.episodes import Episodes
from ns3marl.errors import ConfigError, OutOfStep
from ns3marl.scenarios.aiot_mec.twin.aiot_mec import AiotMec
from ns3marl.scenarios.aiot_mec.twin.calibration import Calibration
from ns3marl.scenarios.aiot_mec.twin.device_pool import DevicePool
from ns3marl.scenarios.aiot_mec.twin.settings import Settings
from ns3marl.scenarios.aiot_mec.twin.tick import View
from ns3marl.scenarios.aiot_mec.twin.world import World
from ns3marl.types import Actions, Batch, Final, Float32, Float64, GroupArrays, Hello, Spec, Timing

SCENARIO = "aiot-mec"


class FastPool:
    """``aiot-mec`` in torch, with the interface of ``ns3marl.env.pool.Pool``.

    All environments are at the same tick, so their episodes end together; the next ones begin in the same step.

    Args:
        arguments: Arguments of the scenario, such as ``"--devices=10"``.
        num_envs: B.
        seed: Seed of all draws, from 1 to 4294944442 like ns-3's RngSeed.
        first_run: Run of the first episode. Episode j of environment e has the run ``first_run + j * num_envs + e``.
        device: Device to compute on; returned arrays are on the CPU.
        calibration: File with the free constants; the bundled one by default.
        world: Source of exogenous quantities; drawn by default.
        resumable: Record the actions of the running episodes, for ``state_dict``.

    Raises:
        ConfigError: An argument is unknown, out of range, or not modelled, or this machine has no such device.
    """

    def __init__(
        self,
        *,
        arguments: Sequence[str] = (),
        num_envs: int = 8,
        seed: int = 1,
        first_run: int = 1,
        device: str = "cpu",
        calibration: Path | None = None,
        world: World | None = None,
        resumable: bool = False,
    ) -> None:
        self.episodes = Episodes(
            "FastPool", num_envs=num_envs, seed=seed, first_run=first_run, resumable=resumable
        )
        _check_device(device)
        self.sim = AiotMec(
            Settings.parse(arguments),
            num_envs,
            seed=self.episodes.seed,
            device=device,
            calibration=Calibration.load(calibration),
            world=world,
        )
        self.spec: Spec = self.sim.model.spec
        self.hello = Hello(SCENARIO, "none", "fastsim", 0, 1, 0)
        self.num_envs = num_envs
        self.timing = Timing()
        self._started = False

    def reset(self) -> Batch:
        """Begins a new episode in every environment and discards running ones."""
        return self._batch(self._begin(), None)

    def step(self, actions: Sequence[Actions]) -> Batch:
        """One tick of all environments.

        Raises:
            OutOfStep: There was no ``reset``.
            SpecViolation: Actions of another shape, not finite, out of range, or masked.
        """
        if not self._started:
            raise OutOfStep("FastPool: step before reset")
        started_s = time.perf_counter()
        self._check(actions)
        view = self.sim.step(*self._tensors(actions))
        self.episodes.play(actions)
        final = self._finals(view) if view.done else None
        rewards = view.rewards
        metrics = self._metrics()
        if view.done:
            view = self._begin()
            view.rewards = rewards
        batch = self._batch(view, final, metrics)
        self.timing.ticks += self.num_envs
        self.timing.simulator_s += time.perf_counter() - started_s
        return batch

    def state_dict(self) -> dict[str, Any]:
        """State of the environments, see ``ns3marl.episodes.Episodes.state_dict``."""
        return self.episodes.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> Batch:
        """Restores episodes of another pool with the same arguments, see ``ns3marl.env.pool.Pool.load_state_dict``.

        Raises:
            ConfigError: The seed or the number of environments differs.
            OutOfStep: The environments are not at the same tick of the same episode, or it ended before its actions did.
        """
        if state["seed"] != self.episodes.seed:
            raise ConfigError(
                f"FastPool: the state is that of seed {state['seed']}, this pool has seed {self.episodes.seed}; make a pool with "
                f"seed={state['seed']}"
            )
        if len(set(state["ticks"])) > 1 or len(set(state["episodes"])) > 1:
            raise OutOfStep(
                f"FastPool: the environments stand at ticks {state['ticks']} of the episodes {state['episodes']}; those of one "
                "pool always stand together"
            )
        self.episodes.load_state_dict(state)
        self._started = True
        view = self.sim.reset(self.episodes.run.tolist())
        for joint in self.episodes.history:
            if view.done:
                raise OutOfStep("FastPool: an episode ended before its recorded actions did")
            view = self.sim.step(*self._tensors(joint))
        return self._batch(view, None)

    def on_device(self) -> DevicePool:
        """The same environments for a learner on their device; use it instead of this pool."""
        return DevicePool(self.sim, self.episodes, self.spec)

    def close(self) -> None:
        """Ends all episodes."""
        self._started = False

    def __enter__(self) -> FastPool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # ------------------------------------------------------------------------------------------------------------- helpers

    def _begin(self) -> View:
        self._started = True
        return self.sim.reset(self.episodes.begin_all())

    def _metrics(self) -> Float64:
        values = self.sim.metrics()
        return torch.stack([values[m.name] for m in self.spec.metrics], 1).cpu().numpy()

    def _finals(self, view: View) -> list[Final]:
        group = self._group(view)
        state = [_numpy(block) for block in self.sim.global_state()]
        metrics = self._metrics()
        return [
            Final(
                self.spec.ticks,
                self.spec.ticks * self.spec.tick_ns,
                False,
                True,
                (group[b],),
                tuple(block[b] for block in state),
                metrics[b],
                self.episodes.seed,
                run,
            )
            for b, run in enumerate(self.episodes.run.tolist())
        ]

    def _group(self, view: View) -> GroupArrays:
        return GroupArrays(
            view.observations.cpu().numpy().copy(),
            _numpy(view.rewards),
            np.ones(view.active.shape, np.bool_),
            view.active.cpu().numpy().copy(),
            view.masks.cpu().numpy().copy(),
        )

    def _batch(self, view: View, final: list[Final] | None, metrics: Float64 | None = None) -> Batch:
        envs, tick = self.num_envs, self.sim.state.tick
        return Batch(
            env_id=np.arange(envs),
            seed=np.full(envs, self.episodes.seed),
            run=self.episodes.run.copy(),
            tick=np.full(envs, tick),
            sim_time_ns=np.full(envs, tick * self.spec.tick_ns),
            groups=(self._group(view),),
            state=tuple(_numpy(block) for block in self.sim.global_state()),
            metrics=self._metrics() if metrics is None else metrics,
            terminated=np.zeros(envs, np.bool_),
            truncated=np.full(envs, final is not None),
            final=list(final) if final is not None else [None] * envs,
        )

    def _check(self, actions: Sequence[Actions]) -> None:
        masks = self.sim.state.shown.masks.cpu().numpy()
        active = self.sim.state.boundary.draws.arrives.cpu().numpy()
        checked_actions("FastPool", self.spec.groups, actions, [masks], [active], tolerance=1e-5)

    def _tensors(self, actions: Sequence[Actions]) -> tuple[Tensor, Tensor]:
        """The joint action of the only group on the twin's device: [B,A,D] and [B,A,R]."""
        (joint,) = actions
        device = self.sim.model.device
        return (
            torch.from_numpy(joint.discrete.astype(np.int64)).to(device),
            torch.from_numpy(np.ascontiguousarray(joint.continuous, np.float32)).to(device),
        )


def _numpy(values: Tensor) -> Float32:
    array: Float32 = values.cpu().contiguous().numpy().copy()
    return array


def _check_device(device: str) -> None:
    try:
        torch.zeros(1, device=device)
    except (AssertionError, RuntimeError) as error:  # the former from a PyTorch that was built for the CPU
        raise ConfigError(
            f"FastPool: PyTorch cannot compute on device {device!r} here: {str(error).splitlines()[0]}; set pool.device to one that "
            "it has, such as cpu. A run that began elsewhere goes on with: ns3marl train --resume RUN --set pool.device=cpu"
        ) from error
