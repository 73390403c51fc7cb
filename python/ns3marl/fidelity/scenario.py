# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""What a scenario provides to compare its twin with ns-3: the field ``fidelity`` of its descriptor (``ns3marl.home``).

Axes: **E** environments, **T** ticks, **A** agents of the scenario's only group.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from numpy.typing import NDArray

from ns3marl import home as homes
from ns3marl.errors import ConfigError
from ns3marl.fidelity.trace import Trace
from ns3marl.fidelity.worlds import WorldFormat
from ns3marl.launch.environments import Environments
from ns3marl.types import Batch, Bool, Float64, Spec


class Recorder(Protocol):
    """Collects the columns of traces while each environment plays its first episode."""

    columns: Mapping[str, NDArray[Any]]
    """Columns by name, [E,T,A] each."""

    def decided(self, tick: int, active: Bool) -> None:
        """Records which agents are active at a tick, [E,A], before the actions are sent."""
        ...

    def ended(self, tick: int, batch: Batch) -> None:
        """Records the batch after the tick."""
        ...


class Calibrator(Protocol):
    """Fits the twin's constants to recorded episodes of ns-3."""

    cells: tuple[str, ...]
    """Sizes of the network that are fitted by default, in the scenario's syntax."""
    held_out: tuple[str, ...]
    """Sizes whose error is only reported by default; disjoint from ``cells``."""
    policies: tuple[str, ...]
    """Simple policies that are recorded by default."""
    constants: tuple[str, ...]
    """Constants that are fitted by default."""

    def arguments(self, cell: str) -> tuple[str, ...]:
        """Scenario arguments of a cell.

        Raises:
            ConfigError: The cell is not valid, or the twin does not model it.
        """
        ...

    def load(self, path: Path | None) -> Any:
        """Constants from a file; without one, the bundled ones.

        Raises:
            ConfigError: The file cannot be read.
        """
        ...

    def dumps(self, calibration: Any) -> str:
        """Text of a file that ``load`` reads."""
        ...

    def notes(self, calibration: Any) -> dict[str, Any]:
        """``constants`` by name and ``provenance``, as plain values for JSON."""
        ...

    def fit(
        self,
        traces: Sequence[Trace],
        held_out: Sequence[Trace],
        *,
        constants: Sequence[str],
        start: Any,
        rounds: int,
        repeats: int,
        provenance: Mapping[str, Any],
        report: Callable[[str], None],
    ) -> Any:
        """The constants with which the twin is closest to the traces.

        Args:
            traces: Episodes of ns-3 to fit.
            held_out: Episodes whose error is only reported.
            constants: Constants to fit.
            start: Initial constants.
            rounds: How often the steps of the search are halved.
            repeats: How often the twin plays each episode, with different MAC seeds.
            provenance: Provenance to store with the errors.
            report: Called with a line for each improvement.

        Raises:
            ConfigError: A constant is unknown, or there is nothing to fit.
        """
        ...

    def errors(self, traces: Sequence[Trace], calibration: Any, repeats: int) -> Mapping[str, Float64]:
        """Error of the twin in each metric with a tolerance, in tolerances, one value per trace."""
        ...


@dataclass(frozen=True)
class Distribution:
    """Values of a trace whose distribution is compared."""

    title: str
    """Label with the unit in brackets."""
    values: Callable[[Trace], Float64]
    """Returns the finite values of one episode, with one axis."""
    whole: bool = False
    """Whether they are whole numbers."""


@dataclass(frozen=True, kw_only=True)
class ScenarioFidelity:
    """What validation and calibration need from a scenario."""

    spec: Callable[[Sequence[str]], Spec]
    """Returns the twin's spec for scenario arguments; raises ``ConfigError`` if the twin does not model them."""
    world: WorldFormat
    """How exogenous worlds are exchanged with ns-3 and stored."""
    twin: Callable[..., Environments]
    """Opens the twin in given worlds: ``twin(arguments, worlds, *, num_envs, seed, first_run, device, calibration)``.

    ``worlds`` are by RngRun and cover two episodes of every environment; ``seed`` is that of random numbers outside the world, such as
    backoffs and frame errors; ``calibration`` is a path or None."""
    columns: Mapping[str, str]
    """Columns of a trace for each agent and tick, in addition to actions: name and dtype.

    If ``outcomes`` is given, they include ``outcomes`` (int8) and ``latency_s`` (float32)."""
    recorder: Callable[[Environments], Recorder]
    """Creates the recorder for a pool of either side."""
    tolerances: Mapping[str, tuple[float, bool]]
    """Largest allowed gap of a metric, and whether it is relative to ns-3's value."""
    main_metrics: tuple[str, ...]
    """Metrics in the report's table."""
    outcomes: tuple[str, ...] = ()
    """Outcomes by number of what an agent begins at a tick; -1: it began nothing, 0: unresolved."""
    completed: int = 1
    """The outcome that counts as success."""
    factors: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Factors by which decisions are binned to locate a gap: description and unit by name."""
    factors_of: Callable[[Trace], Mapping[str, Float64]] = lambda _: {}
    """Returns the factors of a trace, [T,A] each; NaN where a factor does not apply."""
    distributions: Mapping[str, Distribution] = field(default_factory=dict)
    """Quantities whose distributions are compared, by name."""
    looks: Mapping[str, str] = field(default_factory=dict)
    """Outputs that ns-3 can write for an episode, by name: an argument with ``{}`` for the folder."""
    file_arguments: frozenset[str] = frozenset()
    """Names of arguments that only name files; they do not change an episode."""
    calibrator: Calibrator | None = None
    """Fits the twin's constants; None: there are none to fit."""

    def without_files(self, arguments: Sequence[str]) -> tuple[str, ...]:
        """Scenario arguments without those that only name files."""
        files = {*self.file_arguments, *_FILE_ARGUMENTS, self.world.read_argument, self.world.write_argument}
        return tuple(word for word in arguments if word.removeprefix("--").partition("=")[0] not in files)


_FILE_ARGUMENTS = ("tables", "log", "logFile")  # of every scenario


def fidelity_of(scenario: str | Path) -> ScenarioFidelity:
    """The fidelity of a scenario.

    Args:
        scenario: Name of a scenario, or path of its executable.

    Raises:
        ConfigError: It has none; the message names the scenarios that have one.
    """
    home = homes.find(scenario)
    if home.fidelity is None:
        having = ", ".join(other.name for other in homes.homes() if other.fidelity is not None)
        raise ConfigError(
            f"scenario {home.name!r} has no twin that can be compared with ns-3 (scenarios that have: {having}); "
            "`ns3marl evaluate` evaluates policies in ns-3"
        )
    found: ScenarioFidelity = home.load(home.fidelity)
    return found
