# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Records traces: a policy in ns-3, and the same policy in the twin on the worlds of these traces."""

from __future__ import annotations

import dataclasses
import tempfile
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import torch

from ns3marl import config as configuration
from ns3marl import home as homes
from ns3marl import policies as simple
from ns3marl.checks import MAX_SEED
from ns3marl.config import ScenarioOptions
from ns3marl.env.pool import Pool
from ns3marl.evaluation.evaluate import load_policy
from ns3marl.fidelity import archive, store, trace, worlds
from ns3marl.fidelity.play import PolicyFunction, acting, play
from ns3marl.fidelity.scenario import ScenarioFidelity, fidelity_of
from ns3marl.fidelity.trace import NS3, TWIN, Episode, RunBatch, Trace
from ns3marl.fidelity.worlds import World
from ns3marl.home import ScenarioHome
from ns3marl.manifest import manifest
from ns3marl.training import checkpoint
from ns3marl.types import Hello, Spec

MAX_BATCH = 64
"""Number of episodes that the twin plays at once."""
_MAC_SEED_STRIDE = 1_000_003  # between the twin's seeds of one MAC seed and the next

#: Is told the fraction of the work that is done, and a line of text.
Report = Callable[[float, str], None]


@dataclasses.dataclass(frozen=True)
class PolicyId:
    """A policy's name, and a key that distinguishes it from others."""

    source: str  #: simple policy, run folder or checkpoint
    name: str
    key: str
    greedy: bool = False

    @staticmethod
    def of(source: str, home: ScenarioHome, *, greedy: bool = False) -> PolicyId:
        """A simple policy by name; a run folder or checkpoint by its weights.

        Args:
            source: Simple policy, run folder or checkpoint.
            home: Of the scenario.
            greedy: Whether a trained policy takes its most probable actions.

        Raises:
            CheckpointError: The checkpoint cannot be read.
        """
        if simple.is_known(source, home):
            simple.parse(source, home)
            return PolicyId(source, source, source)
        saved = checkpoint.load(Path(source))
        weights = archive.digest(saved.path.read_bytes())
        return PolicyId(source, saved.algorithm, f"{weights}{' greedy' if greedy else ''}", greedy)


def record(
    folder: Path,
    policy: str | PolicyId,
    scenario: str | Path,
    arguments: Sequence[str],
    *,
    seed: int,
    runs: Iterable[int],
    noise_seed: int | None = None,
    jobs: int = 1,
    tick_timeout_s: float = 60.0,
    report: Report = lambda _share, _text: None,
) -> list[Trace]:
    """A policy's episodes in ns-3: existing ones are read from the folder, missing ones are played and added.

    Args:
        folder: Folder of traces, see ``ns3marl.fidelity.store``.
        policy: Simple policy, run folder or checkpoint.
        scenario: Name of a built scenario, or the path of its executable.
        arguments: Arguments of the scenario. If one names a world to read, episodes use it; otherwise ns-3 draws the world.
        seed: ns-3's RngSeed, of worlds, backoffs and frame errors.
        runs: RngRun of each episode.
        noise_seed: Seed of the policy's random numbers; ``seed`` by default.
        jobs: Episodes at a time.
        tick_timeout_s: See ``ns3marl.env.pool.Pool``.
        report: Gets the progress.

    Returns:
        Traces in the order of ``runs``.

    Raises:
        TraceError: A file of the folder is damaged.
        CheckpointError: The checkpoint cannot be used.
        SimulatorError, ConfigError: ns-3 failed or refused the arguments.
    """
    home, of = homes.find(scenario), fidelity_of(scenario)
    who = policy if isinstance(policy, PolicyId) else PolicyId.of(policy, home)
    noise = seed if noise_seed is None else noise_seed
    given = tuple(arguments)
    plain = of.without_files(given)
    numbers = list(runs)
    share = _Shares(len(numbers), who.name, report)
    lock = threading.Lock()

    def one(run: int) -> Trace:
        with lock:
            name, world = worlds.obtain(
                folder / "worlds", of.world, scenario, _world_arguments(given, of), seed, run
            )
        asked = [
            store.FORMAT,
            store.VERSION,
            NS3,
            Path(scenario).name,
            list(plain),
            name,
            who.key,
            seed,
            run,
            noise,
        ]
        path = folder / f"{who.name}-seed{seed}-run{run}-{archive.digest(asked)}.npz"
        if path.exists():
            made = store.load(path, of, world)
        else:

            def make(spec: Spec) -> PolicyFunction:
                return acting(load_policy(who.source, spec, home, greedy=who.greedy)[1], noise)

            played, spec, hello = in_ns3(
                world, plain, make, scenario, seed, run, tick_timeout_s, lambda done: share.show(run, done)
            )
            made = Trace(
                backend=NS3,
                scenario=spec.scenario,
                arguments=plain,
                policy=who.name,
                policy_key=who.key,
                seed=seed,
                run=run,
                noise_seed=noise,
                world=world,
                **vars(played),
                provenance=provenance(plain, spec, hello, seed),
            )
            store.save(made, folder, path.name, name, of)
        share.show(run, 1.0)
        return made

    torch.set_num_threads(1)
    if jobs == 1:
        return [one(run) for run in numbers]
    with ThreadPoolExecutor(jobs) as workers:
        try:
            return list(workers.map(one, numbers))
        except BaseException:  # Ctrl-C, or the error of one of them: the others end at their next tick
            share.stop.set()
            workers.shutdown(wait=False, cancel_futures=True)
            raise


def in_ns3(
    world: World,
    arguments: Sequence[str],
    make: Callable[[Spec], PolicyFunction],
    scenario: str | Path,
    seed: int = 1,
    run: int = 1,
    tick_timeout_s: float = 60.0,
    show: Callable[[float], None] = lambda _: None,
) -> tuple[Episode, Spec, Hello]:
    """Plays one episode of ns-3 in a given world.

    Args:
        world: The exogenous world.
        arguments: Of the scenario.
        make: Makes the policy function for the spec.
        scenario: Name of a built scenario, or the path of its executable.
        seed: RngSeed of backoffs and frame errors.
        run: RngRun of backoffs and frame errors.
        tick_timeout_s: See ``ns3marl.env.pool.Pool``.
        show: Gets the completed fraction.
    """
    of = fidelity_of(scenario)
    with tempfile.TemporaryDirectory(prefix="ns3marl-world-") as place:
        of.world.write(world, Path(place) / "world")
        own = (*arguments, f"--{of.world.read_argument}={place}/world", "--tables=all")
        with Pool(
            scenario, arguments=own, seed=seed, first_run=run, spares=0, tick_timeout_s=tick_timeout_s
        ) as pool:
            ticks = pool.spec.ticks
            (played,) = play(pool, make(pool.spec), of, lambda done: show(done / ticks))
            return played, pool.spec, pool.hello


def in_twin(
    traces: Sequence[Trace],
    policy: PolicyId,
    home: ScenarioHome,
    of: ScenarioFidelity,
    *,
    calibration: Path | None = None,
    mac_seed: int = 0,
    device: str = "cpu",
    report: Report = lambda _share, _text: None,
) -> list[Trace]:
    """Lets a policy act in the twin, from the initial conditions of recorded episodes.

    Args:
        traces: Traces of one policy, which give worlds, arguments and seeds.
        policy: The same policy.
        home: Of the scenario.
        of: What the scenario brings.
        calibration: File with the twin's constants; the bundled one by default.
        mac_seed: Seed of backoffs and frame errors; another one gives another episode of the same world.
        device: Device of the twin.
        report: Gets the progress.

    Returns:
        Traces of the twin, in the order of ``traces``.

    Raises:
        ConfigError: The twin does not model the arguments.
    """
    found: dict[int, Trace] = {}
    for run_batch in trace.run_batches(traces, MAX_BATCH):

        def make(spec: Spec, run_batch: RunBatch = run_batch) -> PolicyFunction:
            return acting(
                load_policy(policy.source, spec, home, greedy=policy.greedy)[1],
                run_batch.noise_seed,
            )

        def show(share: float, done: int = len(found), count: int = len(run_batch.runs)) -> None:
            report((done + share * count) / len(traces), f"{policy.name} in the twin")

        for place, one in play_twin(traces, run_batch, make, of, calibration, mac_seed, device, show).items():
            found[place] = dataclasses.replace(one, policy=policy.name, policy_key=policy.key)
    return [found[place] for place in range(len(traces))]


def play_twin(
    traces: Sequence[Trace],
    run_batch: RunBatch,
    make: Callable[[Spec], PolicyFunction],
    of: ScenarioFidelity,
    calibration: Path | None = None,
    mac_seed: int = 0,
    device: str = "cpu",
    show: Callable[[float], None] = lambda _: None,
) -> dict[int, Trace]:
    """Plays episodes of the twin in the worlds of a batch of traces, all at once; see ``in_twin``.

    Args:
        traces: All traces.
        run_batch: The batch of them to play.
        make: Makes the policy function for the spec.
        of: What the scenario brings.
        calibration: File with the twin's constants; the shipped one by default.
        mac_seed: Together with the seed, the seed of backoffs and frame errors.
        device: Where the twin computes.
        show: Is told the fraction done.

    Returns:
        Traces of the twin by index in ``traces``.
    """
    count, first = len(run_batch.runs), run_batch.runs[0]
    # The pool begins the next episodes as soon as these end: they meet the same worlds.
    by_run = {first + e: traces[run_batch.places[e % count]].world for e in range(2 * count)}
    with of.twin(
        run_batch.arguments,
        by_run,
        num_envs=count,
        seed=(run_batch.seed - 1 + _MAC_SEED_STRIDE * mac_seed) % MAX_SEED + 1,
        first_run=first,
        device=device,
        calibration=calibration,
    ) as pool:
        ticks = pool.spec.ticks
        played = play(pool, make(pool.spec), of, lambda done: show(done / ticks))
        notes = provenance(run_batch.arguments, pool.spec, pool.hello, run_batch.seed)
    notes |= calibration_notes(calibration, of) | {"mac_seed": mac_seed}
    return {
        place: dataclasses.replace(traces[place], backend=TWIN, provenance=notes, **vars(one))
        for place, one in zip(run_batch.places, played, strict=True)
    }


def provenance(arguments: Sequence[str], spec: Spec, hello: Hello, seed: int) -> dict[str, Any]:
    """Provenance of a trace; see ``ns3marl.manifest``."""
    options = ScenarioOptions(spec.scenario, tuple(arguments))
    found = manifest(dataclasses.replace(configuration.load(None, []), scenario=options), spec, hello)
    return {**{key: value for key, value in found.items() if key != "ns3_envs"}, "seeds": {"episodes": seed}}


def calibration_notes(path: Path | None, of: ScenarioFidelity) -> dict[str, Any]:
    """The twin's constants, with their provenance."""
    if of.calibrator is None:
        return {"backend": TWIN}
    file = "shipped with ns3marl" if path is None else str(path)
    return {
        "backend": TWIN,
        "calibration": {"file": file, **of.calibrator.notes(of.calibrator.load(path))},
    }


def _world_arguments(arguments: Sequence[str], of: ScenarioFidelity) -> tuple[str, ...]:
    """Arguments that determine a world: those of the episode, and the world that is read."""
    prefix = f"{of.world.read_argument}="
    read = [word for word in arguments if word.removeprefix("--").startswith(prefix)]
    return (*of.without_files(arguments), *read)


class _Stopped(Exception):  # noqa: N818 - it is no error
    """Raised to end an episode whose result is not needed."""


class _Shares:
    """Progress of several episodes; ends them once ``stop`` is set."""

    def __init__(self, count: int, name: str, report: Report) -> None:
        self.stop = threading.Event()
        self._of: dict[int, float] = {}
        self._count, self._name, self._report = count, name, report
        self._lock = threading.Lock()

    def show(self, run: int, done: float) -> None:
        """Sets the completed fraction of an episode."""
        if self.stop.is_set():
            raise _Stopped
        with self._lock:
            self._of[run] = done
            share = sum(self._of.values()) / self._count
            self._report(share, f"{self._name} in ns-3, run {run}")
