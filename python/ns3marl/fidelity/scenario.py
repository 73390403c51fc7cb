# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""What a scenario brings so that its twin can be compared with ns-3: the field ``fidelity`` of its descriptor (``ns3marl.home``).

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
    """Gathers the columns of traces while environments play the first episode each."""

    columns: Mapping[str, NDArray[Any]]
    """By name, [E,T,A] each."""

    def decided(self, tick: int, active: Bool) -> None:
        """Takes who decides at a tick, [E,A], before the actions go out."""
        ...

    def ended(self, tick: int, batch: Batch) -> None:
        """Takes the batch after the tick."""
        ...


class Calibrator(Protocol):
    """Fits the twin's constants to recorded episodes of ns-3."""

    cells: tuple[str, ...]
    """Sizes of the network that are fitted by default, in the scenario's own words."""
    held_out: tuple[str, ...]
    """Sizes whose error is only reported by default; none of ``cells``."""
    policies: tuple[str, ...]
    """Simple policies that are recorded by default."""
    constants: tuple[str, ...]
    """Constants that may move by default."""

    def arguments(self, cell: str) -> tuple[str, ...]:
        """Scenario arguments of a cell.

        Raises:
            ConfigError: It is none, or the twin does not model it.
        """
        ...

    def load(self, path: Path | None) -> Any:
        """Constants from a file; the shipped ones without.

        Raises:
            ConfigError: The file cannot be read.
        """
        ...

    def dumps(self, calibration: Any) -> str:
        """The text of a file that ``load`` reads."""
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
        """The constants with which the twin comes closest to the traces.

        Args:
            traces: Episodes of ns-3 to fit.
            held_out: Episodes whose error is only noted.
            constants: Which ones may move.
            start: Constants to begin with.
            rounds: How often the steps of the search are halved.
            repeats: How often the twin plays each episode with another MAC seed.
            provenance: What to note beside the errors.
            report: Called with a line for each improvement.

        Raises:
            ConfigError: A constant is unknown, or there is nothing to fit.
        """
        ...

    def errors(self, traces: Sequence[Trace], calibration: Any, repeats: int) -> Mapping[str, Float64]:
        """How far the twin is off in each metric that has a tolerance, in tolerances, one value per trace."""
        ...


@dataclass(frozen=True)
class Distribution:
    """Values of a trace whose distribution is compared."""

    title: str
    """With the unit in brackets."""
    values: Callable[[Trace], Float64]
    """Finite values of one episode, one axis."""
    whole: bool = False
    """Whether they are whole numbers."""


@dataclass(frozen=True, kw_only=True)
class ScenarioFidelity:
    """What validation and calibration need to know of a scenario."""

    spec: Callable[[Sequence[str]], Spec]
    """The twin's spec under scenario arguments; raises ``ConfigError`` where the twin does not model them."""
    world: WorldFormat
    """How the exogenous world of an episode is exchanged with ns-3 and kept."""
    twin: Callable[..., Environments]
    """Opens the twin in given worlds: ``twin(arguments, worlds, *, num_envs, seed, first_run, device, calibration)``.

    ``worlds`` are by RngRun and cover two episodes of every environment; ``seed`` is that of what belongs to no world, such as backoffs
    and frame errors; ``calibration`` is a path or None."""
    columns: Mapping[str, str]
    """What a trace records of each agent and tick beside actions: name and dtype.

    With ``outcomes``, the columns ``outcomes`` (int8) and ``latency_s`` (float32) are among them."""
    recorder: Callable[[Environments], Recorder]
    """Makes the recorder of a pool of either side."""
    tolerances: Mapping[str, tuple[float, bool]]
    """How large the gap of a metric may be, and whether that is relative to ns-3's value."""
    main_metrics: tuple[str, ...]
    """Metrics that the report's table shows."""
    outcomes: tuple[str, ...] = ()
    """How what an agent begins at a tick may end, by number; -1: it began nothing, 0: it is unresolved."""
    completed: int = 1
    """The outcome that counts as success."""
    factors: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """What decisions are sorted by to find where a gap comes from: description and unit by name."""
    factors_of: Callable[[Trace], Mapping[str, Float64]] = lambda _: {}
    """The factors of a trace, [T,A] each; NaN where a factor does not apply."""
    distributions: Mapping[str, Distribution] = field(default_factory=dict)
    """What is compared as a whole distribution, by name."""
    looks: Mapping[str, str] = field(default_factory=dict)
    """What ns-3 can write of an episode, by name: an argument in which ``{}`` stands for the folder."""
    file_arguments: frozenset[str] = frozenset()
    """Names of arguments that only say where files go; they do not change an episode."""
    calibrator: Calibrator | None = None
    """Fits the twin's constants; None: it has none."""

    def without_files(self, arguments: Sequence[str]) -> tuple[str, ...]:
        """Scenario arguments that say what happens, without those that only say where files go."""
        files = {*self.file_arguments, *_FILE_ARGUMENTS, self.world.read_argument, self.world.write_argument}
        return tuple(word for word in arguments if word.removeprefix("--").partition("=")[0] not in files)


_FILE_ARGUMENTS = ("tables", "log", "logFile")  # of every scenario


def fidelity_of(scenario: str | Path) -> ScenarioFidelity:
    """What a scenario brings for validation.

    Args:
        scenario: Name of a scenario, or path of its executable.

    Raises:
        ConfigError: It brings none; the message names the scenarios that do.
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
