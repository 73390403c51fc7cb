# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Where experience comes from: ns-3 packet by packet, the fast twin, or both at once, behind one interface."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Protocol

import numpy as np

from ns3marl.config import Config
from ns3marl.env.pool import Pool
from ns3marl.errors import ConfigError
from ns3marl.launch import on_ray
from ns3marl.protocol.spec_hash import spec_hash
from ns3marl.scenarios.aiot_mec.twin.pool import SCENARIO, FastPool
from ns3marl.types import Actions, Batch, GroupArrays, Hello, Spec, Timing


class Clock(Protocol):
    """Cumulative times of a pool, see ``ns3marl.types.Timing``."""

    ticks: int
    simulator_s: float
    wire_s: float
    losses: int


class Environments(Protocol):
    """What training and evaluation need of ``ns3marl.env.pool.Pool``."""

    spec: Spec
    hello: Hello
    num_envs: int

    @property
    def timing(self) -> Clock:
        """Where the time went."""
        ...

    def reset(self) -> Batch:
        """Begins new episodes everywhere."""
        ...

    def resume(self, episodes: Sequence[int], actions: Sequence[Sequence[Sequence[Actions]]]) -> Batch:
        """Plays recorded actions again, see ``Pool.resume``."""
        ...

    def step(self, actions: Sequence[Actions]) -> Batch:
        """One tick of all environments."""
        ...

    def __enter__(self) -> Environments:
        """The environments themselves."""
        ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ends every simulator."""
        ...


#: Opens environments: configuration, seed, number, first RngRun. Asynchronous workers import it in their own processes.
PoolFactory = Callable[[Config, int, int, int], Environments]


def open_pool(config: Config, seed: int, num_envs: int, first_run: int) -> Environments:
    """The configured scenario on the configured backend.

    Args:
        config: Of it ``scenario`` and ``pool`` count.
        seed: Of all randomness in the environments.
        num_envs: How many.
        first_run: RngRun of the first episode.

    Raises:
        ConfigError: The scenario refuses its arguments, or has no twin.
        LaunchError: It is not built or does not start.
    """
    if config.scenario.backend == "ns3":
        return _packets(config, seed, num_envs, first_run)
    of_packets = min(config.pool.ns3_envs, num_envs)
    if of_packets == num_envs:
        return _packets(config, seed, num_envs, first_run)
    twin = _twin(config, seed, num_envs - of_packets, first_run)
    return MixedPool(_packets(config, seed, of_packets, first_run), twin) if of_packets else twin


def evaluated(config: Config) -> Config:
    """The configuration with the backend on which policies are evaluated.

    Where the twin trained and ns-3 judges, there are at most as many simulators as cores: they are processes, and the twin has
    more environments than that.
    """
    backend, num_envs = config.evaluation.backend, config.pool.num_envs
    if backend == "ns3" and config.scenario.backend != backend:
        num_envs = min(num_envs, len(os.sched_getaffinity(0)))
    return dataclasses.replace(
        config,
        scenario=dataclasses.replace(config.scenario, backend=backend),
        pool=dataclasses.replace(config.pool, ns3_envs=0, num_envs=num_envs),
    )


def _packets(config: Config, seed: int, num_envs: int, first_run: int) -> Pool:
    options = config.pool
    with ExitStack() as stack:
        endpoint: str | None = options.endpoint or None
        key_folder = Path(options.keys) if options.keys else None
        if options.runner == "ray":
            endpoint, key_folder = stack.enter_context(
                on_ray.workers(config.scenario.name, num_envs, options.spares)
            )
        return Pool(
            config.scenario.name,
            num_envs=num_envs,
            arguments=config.scenario.arguments,
            seed=seed,
            first_run=first_run,
            spares=options.spares,
            tick_timeout_s=options.tick_timeout_s,
            start_timeout_s=options.start_timeout_s,
            endpoint=endpoint,
            key_folder=key_folder,
            spawn=options.spawn and options.runner == "local",
            restarts=options.restarts,
        )


def _twin(config: Config, seed: int, num_envs: int, first_run: int) -> FastPool:
    if config.scenario.name != SCENARIO:
        raise ConfigError(
            f"scenario.backend is 'fastsim', which knows {SCENARIO!r} only, not {config.scenario.name!r}; "
            'use scenario.backend = "ns3"'
        )
    pool = FastPool(
        arguments=config.scenario.arguments,
        num_envs=num_envs,
        seed=seed,
        first_run=first_run,
        device=config.pool.device,
        calibration=Path(config.scenario.calibration) if config.scenario.calibration else None,
    )
    # The twin does not know the wire over which the hash is taken. With it, a checkpoint goes from one to the other.
    pool.spec = dataclasses.replace(pool.spec, hash=spec_hash(pool.spec))
    return pool


class MixedPool:
    """Environments of ns-3 and of its twin in one batch: the first rows are ns-3's.

    ns-3 simulates in processes of its own while the twin computes.

    Args:
        packets: Simulators.
        twin: The twin under the same arguments.

    Raises:
        ConfigError: Their specs differ.
    """

    def __init__(self, packets: Pool, twin: FastPool) -> None:
        if packets.spec.hash != twin.spec.hash:
            packets.close()
            raise ConfigError(
                f"ns-3's scenario has the spec {packets.spec.hash}, the twin's {twin.spec.hash}: arguments that add to the spec, "
                "such as --tables, do not go with mixed environments"
            )
        self.packets, self.twin = packets, twin
        self.spec, self.hello = packets.spec, packets.hello
        self.num_envs = packets.num_envs + twin.num_envs

    @property
    def timing(self) -> Timing:
        """Where the time went, of both."""
        packets, twin = self.packets.timing, self.twin.timing
        return Timing(
            packets.ticks + twin.ticks,
            packets.simulator_s + twin.simulator_s,
            packets.wire_s + twin.wire_s,
            packets.losses,
        )

    def reset(self) -> Batch:
        """Begins new episodes everywhere."""
        return _joined(self.packets.reset(), self.twin.reset())

    def resume(self, episodes: Sequence[int], actions: Sequence[Sequence[Sequence[Actions]]]) -> Batch:
        """Plays recorded actions again, see ``ns3marl.env.pool.Pool.resume``."""
        split = self.packets.num_envs
        return _joined(
            self.packets.resume(episodes[:split], actions[:split]),
            self.twin.resume(episodes[split:], actions[split:]),
        )

    def step(self, actions: Sequence[Actions]) -> Batch:
        """One tick of all environments."""
        split = self.packets.num_envs
        self.packets.send(
            np.arange(split), [Actions(g.discrete[:split], g.continuous[:split]) for g in actions]
        )
        twin = self.twin.step([Actions(g.discrete[split:], g.continuous[split:]) for g in actions])
        return _joined(self.packets.recv(split), twin)

    def __enter__(self) -> MixedPool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.packets.close()
        self.twin.close()


def _joined(first: Batch, second: Batch) -> Batch:
    return Batch(
        env_id=np.arange(len(first.env_id) + len(second.env_id)),
        seed=np.concatenate([first.seed, second.seed]),
        run=np.concatenate([first.run, second.run]),
        tick=np.concatenate([first.tick, second.tick]),
        sim_time_ns=np.concatenate([first.sim_time_ns, second.sim_time_ns]),
        groups=tuple(
            GroupArrays(
                np.concatenate([a.observations, b.observations]),
                np.concatenate([a.rewards, b.rewards]),
                np.concatenate([a.present, b.present]),
                np.concatenate([a.active, b.active]),
                np.concatenate([a.masks, b.masks]),
            )
            for a, b in zip(first.groups, second.groups, strict=True)
        ),
        state=tuple(np.concatenate([a, b]) for a, b in zip(first.state, second.state, strict=True)),
        metrics=np.concatenate([first.metrics, second.metrics]),
        terminated=np.concatenate([first.terminated, second.terminated]),
        truncated=np.concatenate([first.truncated, second.truncated]),
        final=[*first.final, *second.final],
    )
