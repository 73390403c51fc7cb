# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The twin behind the interface of the pool of simulators: a learner that trains on one trains on the other unchanged."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

import numpy as np
import torch
from torch import Tensor

from ns3marl.checks import check_episodes, checked_actions
from ns3marl.errors import ConfigError, OutOfStep
from ns3marl.scenarios.aiot_mec.twin.aiot_mec import AiotMec
from ns3marl.scenarios.aiot_mec.twin.calibration import Calibration
from ns3marl.scenarios.aiot_mec.twin.settings import Settings
from ns3marl.scenarios.aiot_mec.twin.tick import View
from ns3marl.scenarios.aiot_mec.twin.world import World
from ns3marl.types import Actions, Batch, Final, Float32, Float64, GroupArrays, Hello, Spec, Timing

SCENARIO = "aiot-mec"


class FastPool:
    """``aiot-mec`` in torch, with the interface of ``ns3marl.env.pool.Pool``.

    All environments stand at the same tick, so their episodes end together; the next ones begin in the same step.

    Args:
        arguments: Of the scenario, such as ``"--devices=10"``.
        num_envs: B.
        seed: Of all draws.
        first_run: Number of the first episode. Episode j of environment e is number ``first_run + j * num_envs + e``.
        device: Where to compute; arrays are handed out on the CPU.
        calibration: File with the free constants; the shipped one by default.
        world: Where exogenous quantities come from; drawn by default.

    Raises:
        ConfigError: An argument is unknown, out of range, or not modelled.
    """

    def __init__(
        self,
        *,
        arguments: Sequence[str] = (),
        num_envs: int = 8,
        seed: int = 0,
        first_run: int = 1,
        device: str = "cpu",
        calibration: Path | None = None,
        world: World | None = None,
    ) -> None:
        check_episodes("FastPool", num_envs=num_envs, seed=seed, first_run=first_run)
        self.sim = AiotMec(
            Settings.parse(arguments),
            num_envs,
            seed=seed,
            device=device,
            calibration=Calibration.load(calibration),
            world=world,
        )
        self.spec: Spec = self.sim.model.spec
        self.hello = Hello(SCENARIO, "none", "fastsim", 0, 1, 0)
        self.num_envs, self.seed = num_envs, seed
        self.timing = Timing()
        self._first_run, self._episode = first_run, -1
        self._started = False

    def reset(self, seed: int | None = None) -> Batch:
        """Begins a new episode in every environment; running ones are cut off.

        Args:
            seed: A seed other than the pool's is refused: open another pool for it.
        """
        if seed not in {None, self.seed}:
            raise ConfigError(f"FastPool has the seed {self.seed}; open another pool for seed {seed}")
        if seed is not None:
            self._episode = -1
        return self._batch(self._begin(), None)

    def resume(self, episodes: Sequence[int], actions: Sequence[Sequence[Sequence[Actions]]]) -> Batch:
        """Plays recorded actions again, see ``ns3marl.env.pool.Pool.resume``.

        Raises:
            OutOfStep: The environments do not stand at the same tick of the same episode.
        """
        lengths = {len(rows) for rows in actions}
        if len(lengths) != 1 or len(set(episodes)) != 1:
            raise OutOfStep(
                f"FastPool: environments stand at episodes {sorted(set(episodes))} and after {sorted(lengths)} actions; "
                "those of one pool always stand together"
            )
        self._episode = episodes[0] - 1
        batch = self._batch(self._begin(), None)
        for t in range(lengths.pop()):
            rows = [row[t][0] for row in actions]
            joint = Actions(np.stack([a.discrete for a in rows]), np.stack([a.continuous for a in rows]))
            batch = self.step([joint])
            if batch.final[0] is not None:
                raise OutOfStep("FastPool: an episode ended before its recorded actions did")
        return batch

    def step(self, actions: Sequence[Actions]) -> Batch:
        """One tick of all environments.

        Raises:
            OutOfStep: There was no ``reset``.
            SpecViolation: Actions of another shape, not finite, out of range, or masked.
        """
        if not self._started:
            raise OutOfStep("FastPool: step before reset")
        started_s = time.perf_counter()
        discrete, continuous = self._checked(actions)
        view = self.sim.step(discrete, continuous)
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
        self._episode += 1
        self._started = True
        return self.sim.reset(self._runs())

    def _runs(self) -> list[int]:
        first = self._first_run + self._episode * self.num_envs
        return list(range(first, first + self.num_envs))

    def _metrics(self) -> Float64:
        values = self.sim.metrics()
        return torch.stack([values[m.name] for m in self.spec.metrics], 1).cpu().numpy()

    def _finals(self, view: View) -> list[Final]:
        observations = view.observations.cpu().numpy().copy()
        state = [_numpy(block) for block in self.sim.global_state()]
        metrics = self._metrics()
        return [
            Final(
                self.spec.ticks,
                self.spec.ticks * self.spec.tick_ns,
                False,
                True,
                (observations[b],),
                tuple(block[b] for block in state),
                metrics[b],
                self.seed,
                run,
            )
            for b, run in enumerate(self._runs())
        ]

    def _batch(self, view: View, final: list[Final] | None, metrics: Float64 | None = None) -> Batch:
        envs, tick = self.num_envs, self.sim.state.tick
        group = GroupArrays(
            view.observations.cpu().numpy().copy(),
            _numpy(view.rewards),
            np.ones(view.active.shape, np.bool_),
            view.active.cpu().numpy().copy(),
            view.masks.cpu().numpy().copy(),
        )
        return Batch(
            env_id=np.arange(envs),
            seed=np.full(envs, self.seed),
            run=np.array(self._runs()),
            tick=np.full(envs, tick),
            sim_time_ns=np.full(envs, tick * self.spec.tick_ns),
            groups=(group,),
            state=tuple(_numpy(block) for block in self.sim.global_state()),
            metrics=self._metrics() if metrics is None else metrics,
            terminated=np.zeros(envs, np.bool_),
            truncated=np.full(envs, final is not None),
            final=list(final) if final is not None else [None] * envs,
        )

    def _checked(self, actions: Sequence[Actions]) -> tuple[Tensor, Tensor]:
        masks, active = (
            self.sim.state.shown.masks.cpu().numpy(),
            self.sim.state.boundary.draws.arrives.cpu().numpy(),
        )
        group = self.spec.groups[0]
        joint = checked_actions("FastPool", group, actions, masks, active, tolerance=1e-5)
        device = self.sim.model.device
        return (
            torch.from_numpy(joint.discrete.astype(np.int64)).to(device),
            torch.from_numpy(np.ascontiguousarray(joint.continuous, np.float32)).to(device),
        )


def _numpy(values: Tensor) -> Float32:
    array: Float32 = values.cpu().contiguous().numpy().copy()
    return array
