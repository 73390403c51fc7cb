# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Opens environments with one interface: ns-3, a twin, another simulator, or ns-3 together with one of them."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, runtime_checkable

import numpy as np

from ns3marl import cores
from ns3marl import home as homes
from ns3marl.config import Config
from ns3marl.env.pool import Pool
from ns3marl.errors import ConfigError
from ns3marl.launch import on_ray
from ns3marl.protocol.spec_hash import spec_hash
from ns3marl.types import Actions, Batch, Hello, Int64, Spec, Timing, joined


class Clock(Protocol):
    """Cumulative times of a pool, see ``ns3marl.types.Timing``."""

    ticks: int
    simulator_s: float
    wire_s: float
    losses: int
    cpu_s: float


class Environments(Protocol):
    """The interface of ``ns3marl.env.pool.Pool`` that training and evaluation use."""

    spec: Spec
    hello: Hello
    num_envs: int

    @property
    def timing(self) -> Clock:
        """How the time was used."""
        ...

    def reset(self) -> Batch:
        """Begins new episodes everywhere."""
        ...

    def step(self, actions: Sequence[Actions]) -> Batch:
        """One tick of all environments."""
        ...

    def state_dict(self) -> dict[str, Any]:
        """State of the environments, in arrays and plain values, see ``Pool.state_dict``."""
        ...

    def load_state_dict(self, state: dict[str, Any]) -> Batch:
        """Restores episodes from ``state_dict``, see ``Pool.load_state_dict``."""
        ...

    def close(self) -> None:
        """Ends every simulator."""
        ...

    def __enter__(self) -> Environments:
        """The environments themselves."""
        ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ends every simulator."""
        ...


@runtime_checkable
class Divisible(Protocol):
    """Environments of which some continue while others wait for actions; see ``ns3marl.env.pool.Pool``."""

    def send(self, env_id: Int64, actions: Sequence[Actions]) -> None:
        """Sends the joint actions of some environments."""
        ...

    def recv_part(self, parts: Sequence[Int64]) -> Batch:
        """Waits for all environments of one part."""
        ...


#: Opens environments: configuration, RngSeed, number, first RngRun. Processes of their own import it.
PoolFactory = Callable[[Config, int, int, int], Environments]


def open_pool(config: Config, seed: int, num_envs: int, first_run: int) -> Environments:
    """Opens the configured scenario on the configured backend, with support for ``state_dict``.

    Args:
        config: Configuration, of which ``scenario`` and ``pool`` are used.
        seed: ns-3's RngSeed.
        num_envs: Number of environments.
        first_run: RngRun of the first episode.

    Raises:
        ConfigError: The scenario refuses its arguments or has no twin, ``module:make`` does not return environments, or the seed is
            out of range.
        LaunchError: The scenario is not built or does not start.
    """
    if not config.scenario.name:
        raise ConfigError(
            "scenario.name is not set: name a built scenario (`ns3marl scenarios` lists them) or the path of its executable"
        )
    of_ns3 = num_envs if config.scenario.backend == "ns3" else min(config.pool.ns3_envs, num_envs)
    if of_ns3 == num_envs:
        return _ns3(config, seed, num_envs, first_run)
    other = _other(config, seed, num_envs - of_ns3, first_run)
    return MixedPool(_ns3(config, seed, of_ns3, first_run), other) if of_ns3 else other


def evaluated(config: Config) -> Config:
    """The configuration that opens the environments of an evaluation: those of ``evaluation.backend``.

    A training on another backend may have more environments than there are cores. An evaluation of it in ns-3 has at most one per
    core, because each is a process.
    """
    backend, num_envs = config.evaluation.backend, config.pool.num_envs
    if backend == "ns3" and config.scenario.backend != backend:
        num_envs = min(num_envs, cores.usable())
    return dataclasses.replace(
        config,
        scenario=dataclasses.replace(config.scenario, backend=backend),
        pool=dataclasses.replace(config.pool, ns3_envs=0, num_envs=num_envs),
    )


def _ns3(config: Config, seed: int, num_envs: int, first_run: int) -> Pool:
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
            resumable=True,
            builtin=options.builtin,
        )


def _other(config: Config, seed: int, num_envs: int, first_run: int) -> Environments:
    """Opens environments of a backend other than ns-3; the only place that opens a twin or a custom simulator."""
    make, what = _maker(config)
    if config.training.device:
        device = usable_device(config.training.device, "training.device")
    else:
        device = usable_device(config.pool.device)
    if config.pool.builtin:
        raise ConfigError(
            f"policy 'builtin' is the C++ of {config.scenario.name!r}, so it needs ns-3 and not {what}; set the backend to \"ns3\""
        )
    given = {
        "arguments": config.scenario.arguments,
        "num_envs": num_envs,
        "seed": seed,
        "first_run": first_run,
        "device": device,
        "calibration": Path(config.scenario.calibration) if config.scenario.calibration else None,
        "resumable": True,
    }
    try:
        inspect.signature(make).bind(**given)
    except TypeError as error:
        raise ConfigError(f"{what} cannot be opened: {error}; expected make(*, {', '.join(given)})") from None
    pool: Environments = make(**given)
    if not isinstance(getattr(pool, "spec", None), Spec):
        raise ConfigError(
            f"{what} was opened as {type(pool).__name__}, which has no spec; expected environments with the methods of "
            "ns3marl.launch.environments.Environments"
        )
    # Only the wire's spec has a hash. With the same one, a checkpoint of the twin fits ns-3 and the other way round.
    pool.spec = dataclasses.replace(pool.spec, hash=spec_hash(pool.spec))
    return pool


def usable_device(name: str, option: str = "pool.device") -> str:
    """Checks that a device exists and returns its name; ``option`` names the setting in errors.

    Raises:
        ConfigError: The device does not exist.
    """
    import torch  # noqa: PLC0415 - ns-3 is simulated without it

    expected = "expected cpu, cuda, or one of several GPUs such as cuda:1"
    try:
        device = torch.device(name)
    except RuntimeError:
        raise ConfigError(f"{option} is {name!r}, {expected}") from None
    if device.type not in {"cpu", "cuda"}:
        raise ConfigError(f"{option} is {name!r}, {expected}")
    there = torch.cuda.device_count() if device.type == "cuda" else 0
    if device.type == "cuda" and (device.index or 0) >= there:
        raise ConfigError(
            f"{option} is {name!r}, but PyTorch {torch.__version__} finds {there or 'no'} CUDA device{'s' * (there > 1)} here; "
            f"set {option}=cpu, or install a driver and a build of PyTorch for CUDA"
        )
    return name


def _maker(config: Config) -> tuple[Callable[..., Environments], str]:
    """The function that opens environments of the configured backend, and its name for messages."""
    backend = config.scenario.backend
    if backend != "fastsim":
        make: Callable[..., Environments] = homes.imported(backend, f"scenario.backend is {backend!r}")
        return make, f"the simulator {backend}"
    home = homes.find(config.scenario.name)
    if home.twin is None:
        having = ", ".join(other.name for other in homes.homes() if other.twin is not None)
        raise ConfigError(
            f"scenario.backend is 'fastsim', but {home.name!r} has no twin (scenarios with one: {having}); "
            'use scenario.backend = "ns3"'
        )
    return home.load(home.twin), "the twin"


class MixedPool:
    """Environments of ns-3 and of its twin in one batch; the first rows are those of ns-3.

    ns-3 simulates in separate processes while the twin computes.

    Args:
        ns3: The pool of ns-3 simulators.
        twin: The twin, or another simulator with the same spec and arguments.

    Raises:
        ConfigError: Their specs differ.
    """

    def __init__(self, ns3: Pool, twin: Environments) -> None:
        if ns3.spec.hash != twin.spec.hash:
            ns3.close()
            twin.close()
            raise ConfigError(
                f"ns-3's scenario has the spec {ns3.spec.hash}, the twin's {twin.spec.hash}: arguments that add to the spec, "
                "such as --tables, do not go with mixed environments"
            )
        self.ns3, self.twin = ns3, twin
        self.spec, self.hello = ns3.spec, ns3.hello
        self.num_envs = ns3.num_envs + twin.num_envs

    @property
    def timing(self) -> Timing:
        """How both used the time."""
        ns3, twin = self.ns3.timing, self.twin.timing
        return Timing(
            ns3.ticks + twin.ticks,
            ns3.simulator_s + twin.simulator_s,
            ns3.wire_s + twin.wire_s,
            ns3.losses,
            ns3.cpu_s,
        )

    def reset(self) -> Batch:
        """Begins new episodes everywhere."""
        return _joined(self.ns3.reset(), self.twin.reset())

    def step(self, actions: Sequence[Actions]) -> Batch:
        """One tick of all environments."""
        split = self.ns3.num_envs
        self.ns3.send(np.arange(split), [Actions(g.discrete[:split], g.continuous[:split]) for g in actions])
        twin = self.twin.step([Actions(g.discrete[split:], g.continuous[split:]) for g in actions])
        return _joined(self.ns3.recv(split), twin)

    def state_dict(self) -> dict[str, Any]:
        """State of the environments of both."""
        return {"ns3": self.ns3.state_dict(), "twin": self.twin.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> Batch:
        """Restores episodes of both from ``state_dict``."""
        return _joined(self.ns3.load_state_dict(state["ns3"]), self.twin.load_state_dict(state["twin"]))

    def close(self) -> None:
        """Ends every simulator."""
        self.ns3.close()
        self.twin.close()

    def __enter__(self) -> MixedPool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _joined(ns3: Batch, twin: Batch) -> Batch:
    batch = joined([ns3, twin])
    batch.env_id = np.arange(len(batch.env_id))
    return batch
