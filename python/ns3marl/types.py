# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The vocabulary: specs, observations and actions as numpy arrays with named axes.

Axes: **E** environments, **A** agents of a group, **F** features, **D** discrete heads, **R** real-valued heads,
**S** rows of a state block, **M** metrics; **B** stands for the environments present in a batch.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T", bound=np.generic)

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]
Int32 = NDArray[np.int32]
Int64 = NDArray[np.int64]
Bool = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Describes:
    """A feature tells ``quantity`` of choice ``choice`` of discrete head ``head`` of the same group, such as a server's SNR."""

    head: int
    choice: int
    quantity: str


@dataclass(frozen=True, slots=True)
class Feature:
    """One observed quantity; bounds are inclusive and finite, in ``unit``."""

    name: str
    unit: str
    low: float
    high: float
    saturating: bool = False
    description: str = ""
    describes: Describes | None = None


@dataclass(frozen=True, slots=True)
class Condition:
    """A head counts only when discrete head ``head`` of the same group took one of ``choices``."""

    head: int
    choices: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class DiscreteHead:
    """An action that is one of ``len(choices)`` named choices; its value is the index."""

    name: str
    choices: tuple[str, ...]
    default_choice: int = 0
    active_if: Condition | None = None
    description: str = ""


@dataclass(frozen=True, slots=True)
class ContinuousHead:
    """An action that is a number in [``low``, ``high``], in ``unit``."""

    name: str
    unit: str
    low: float
    high: float
    default_value: float = 0.0
    active_if: Condition | None = None
    description: str = ""


def _bounds(features: tuple[Feature, ...]) -> tuple[Float32, Float32]:
    low = np.array([f.low for f in features], dtype=np.float32)
    high = np.array([f.high for f in features], dtype=np.float32)
    low.flags.writeable = high.flags.writeable = False
    return low, high


@dataclass(frozen=True)
class Group:
    """Agents that share one layout of observation and action."""

    name: str
    agents: tuple[str, ...]
    features: tuple[Feature, ...]
    discrete_heads: tuple[DiscreteHead, ...] = ()
    continuous_heads: tuple[ContinuousHead, ...] = ()

    @cached_property
    def bounds(self) -> tuple[Float32, Float32]:
        """Lower and upper bounds of the features, each [F]."""
        return _bounds(self.features)

    @cached_property
    def choice_counts(self) -> tuple[int, ...]:
        """Number of choices of each discrete head, length D."""
        return tuple(len(head.choices) for head in self.discrete_heads)

    @cached_property
    def mask_offsets(self) -> tuple[int, ...]:
        """Where each discrete head's mask starts on the mask axis; length D + 1, the last is its width."""
        return (0, *np.cumsum(self.choice_counts, dtype=int).tolist())

    @cached_property
    def default_discrete(self) -> Int32:
        """Discrete action of an agent that is not asked to act, [D]."""
        return np.array([head.default_choice for head in self.discrete_heads], dtype=np.int32)

    @cached_property
    def default_continuous(self) -> Float32:
        """Real-valued action of an agent that is not asked to act, [R] in the heads' units."""
        return np.array([head.default_value for head in self.continuous_heads], dtype=np.float32)


@dataclass(frozen=True, slots=True)
class ChoiceRows:
    """The rows of a state block are choices of a discrete head: row s is choice ``choices[s]`` of head ``head`` of group ``group``."""

    group: int
    head: int
    choices: tuple[int, ...]


@dataclass(frozen=True)
class StateBlock:
    """A table of the global state: S named rows of F features."""

    name: str
    rows: tuple[str, ...]
    features: tuple[Feature, ...]
    agents_of: int | None = None  #: the rows are the agents of this group, in order
    choices_of: tuple[ChoiceRows, ...] = ()  #: the rows are choices of these heads

    @cached_property
    def bounds(self) -> tuple[Float32, Float32]:
        """Lower and upper bounds of the features, each [F]."""
        return _bounds(self.features)


@dataclass(frozen=True, slots=True)
class Metric:
    """A figure of the episode so far, in ``unit``."""

    name: str
    unit: str
    description: str = ""
    higher_is_better: bool = True


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table; ``type`` is "float64" or "int64".

    The values 0, 1, … of an int64 column may have names: ``categories``.
    """

    name: str
    unit: str
    type: str
    categories: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """Rows that a scenario reports when they are finished (a task, a packet)."""

    name: str
    columns: tuple[Column, ...]


@dataclass(frozen=True)
class Spec:
    """Everything a learner needs to know of a scenario under one set of arguments.

    A scenario without regular ticks has ``tick_ns`` and ``ticks`` 0 and says ``duration_ns``. Where the scenario requests decisions
    between ticks, or ``idle_ticks`` is False, an episode has more or fewer observations than ``ticks`` + 1.
    """

    scenario: str
    tick_ns: int  #: simulated time between two regular boundaries [ns]; 0: there are none
    ticks: int  #: regular intervals in a full episode; 0: there are none
    groups: tuple[Group, ...]
    state: tuple[StateBlock, ...] = ()
    metrics: tuple[Metric, ...] = ()
    tables: tuple[Table, ...] = ()
    idle_ticks: bool = True  #: whether ticks at which no agent is asked to act are observed too
    has_builtin: bool = False  #: whether the scenario has a policy of its own
    duration_ns: int | None = (
        None  #: simulated time of a full episode without regular ticks [ns]; None: there are ticks
    )
    hash: str = ""

    @cached_property
    def agents(self) -> tuple[str, ...]:
        """Names of all agents, group after group."""
        return tuple(agent for group in self.groups for agent in group.agents)

    @property
    def episode_ns(self) -> int:
        """Simulated time of a full episode [ns]."""
        return self.tick_ns * self.ticks if self.duration_ns is None else self.duration_ns

    @cached_property
    def layout_names(self) -> tuple[tuple[tuple[str, str, str, str, str], ...], tuple[str, ...]]:
        """Names in ``layout``: per group of observations, rewards, present, active and masks; per state block its own."""
        return (
            tuple(
                (f"observations_{g}", f"rewards_{g}", f"present_{g}", f"active_{g}", f"masks_{g}")
                for g in range(len(self.groups))
            ),
            tuple(f"state_{b}" for b in range(len(self.state))),
        )

    @cached_property
    def flags_offset(self) -> int:
        """Where in ``layout`` the flags and masks start [bytes]; only they and padding stand behind."""
        offset: int = self.layout.fields["present_0"][1]  # type: ignore[index]
        return offset

    @cached_property
    def layout(self) -> np.dtype[np.void]:
        """The record of all arrays of one observation, as the wire lays them out.

        Fields: ``metrics``, ``observations_G``, ``state_B``, ``rewards_G``, ``present_G``, ``active_G``, ``masks_G`` for
        group number G and state block number B; ``floats`` covers all float32 fields at once.
        """
        sizes = [len(group.agents) for group in self.groups]
        widths = [len(group.features) for group in self.groups]
        fields: list[tuple[str, type[np.generic], tuple[int, ...]]] = [
            ("metrics", np.float64, (len(self.metrics),))
        ]
        fields += [(f"observations_{g}", np.float32, (size, widths[g])) for g, size in enumerate(sizes)]
        fields += [
            (f"state_{b}", np.float32, (len(s.rows), len(s.features))) for b, s in enumerate(self.state)
        ]
        fields += [(f"rewards_{g}", np.float32, (size,)) for g, size in enumerate(sizes)]
        fields += [(f"present_{g}", np.bool_, (size,)) for g, size in enumerate(sizes)]
        fields += [(f"active_{g}", np.bool_, (size,)) for g, size in enumerate(sizes)]
        fields += [
            (f"masks_{g}", np.bool_, (size, self.groups[g].mask_offsets[-1])) for g, size in enumerate(sizes)
        ]
        packed = np.dtype(fields)
        names = list(packed.names or ())
        types = [packed.fields[name][0] for name in names]  # type: ignore[index]
        offsets = [packed.fields[name][1] for name in names]  # type: ignore[index]
        first, last = offsets[names.index("observations_0")], offsets[names.index("present_0")]
        return np.dtype(
            {
                "names": [*names, "floats"],
                "formats": [*types, np.dtype((np.float32, ((last - first) // 4,)))],
                "offsets": [*offsets, first],
                "itemsize": -(-packed.itemsize // 8) * 8,
            }
        )


@dataclass(frozen=True, slots=True)
class Hello:
    """Who a simulator process is."""

    scenario: str
    ns3_version: str
    ns3_build_profile: str
    pid: int
    protocol_major: int
    protocol_minor: int


@dataclass(slots=True)
class GroupArrays:
    """What the agents of one group see and got, for B environments; a row of it is one environment's, without axis B."""

    observations: Float32  #: [B,A,F] in the features' units; 0 for absent agents
    rewards: Float32  #: [B,A] of the time since the observation before
    present: Bool  #: [B,A] who takes part in the episode now; absent agents are not active
    active: Bool  #: [B,A] who is asked to act
    masks: Bool  #: [B,A,sum n] allowed choices, discrete head after discrete head

    def __getitem__(self, rows: int | list[int]) -> GroupArrays:
        """Of one environment, without axis B, or of some."""
        return GroupArrays(
            self.observations[rows],
            self.rewards[rows],
            self.present[rows],
            self.active[rows],
            self.masks[rows],
        )


@dataclass(frozen=True, slots=True)
class Final:
    """The last observation of an episode that ended in this step (of one environment: no axis B). Nobody acts on it."""

    tick: int
    sim_time_ns: int
    terminated: bool
    truncated: bool
    groups: tuple[
        GroupArrays, ...
    ]  #: without axis B; who is active there would be asked if the episode went on
    state: tuple[Float32, ...]  #: per state block [S,F]
    metrics: Float64  #: [M] of the whole episode; NaN: nothing was there to measure
    seed: int  #: ns-3 RngSeed of the episode
    run: int  #: ns-3 RngRun of the episode


@dataclass(slots=True)
class Batch:
    """The observations of B environments.

    Where an episode ended in this step, ``final`` of that row holds its last observation, ``rewards``,
    ``metrics``, ``terminated`` and ``truncated`` belong to the ended episode, and everything else is tick 0 of
    the next one (autoreset in the same step).
    """

    env_id: Int64  #: [B]
    seed: Int64  #: [B] ns-3 RngSeed of the episode that the row shows
    run: Int64  #: [B] ns-3 RngRun of that episode
    tick: Int64  #: [B] number of the observation in its episode, from 0
    sim_time_ns: Int64  #: [B]
    groups: tuple[GroupArrays, ...]
    state: tuple[Float32, ...]  #: per state block [B,S,F]
    metrics: Float64  #: [B,M] of the episode so far; NaN: nothing to measure yet
    terminated: Bool  #: [B] ended by the task: no bootstrap
    truncated: Bool  #: [B] cut at T: bootstrap from ``final``
    final: list[Final | None]  #: length B
    tables: list[dict[str, dict[str, Float64 | Int64]]] = field(
        default_factory=list
    )  #: length B; table, column
    builtin: tuple[Actions, ...] | None = (
        None  #: per group what the scenario's own policy chooses, if asked for
    )

    def __getitem__(self, rows: list[int]) -> Batch:
        """Some of the rows."""
        return Batch(
            self.env_id[rows],
            self.seed[rows],
            self.run[rows],
            self.tick[rows],
            self.sim_time_ns[rows],
            tuple(group[rows] for group in self.groups),
            tuple(block[rows] for block in self.state),
            self.metrics[rows],
            self.terminated[rows],
            self.truncated[rows],
            [self.final[row] for row in rows],
            [self.tables[row] for row in rows] if self.tables else [],
            None
            if self.builtin is None
            else tuple(Actions(group.discrete[rows], group.continuous[rows]) for group in self.builtin),
        )


@dataclass(slots=True)
class Actions:
    """The joint action of one group for B environments, in physical units."""

    discrete: Int32  #: [B,A,D] indices into the choices
    continuous: Float32  #: [B,A,R]


@dataclass(slots=True)
class Timing:
    """Where the time of a pool's ``step`` and ``recv`` went since it was made."""

    ticks: int = 0  #: actions answered, over all environments
    simulator_s: float = 0.0  #: waiting while a simulator simulated or built its network
    wire_s: float = 0.0  #: the rest of ``step`` and ``recv``: encoding, ZeroMQ, decoding, checks
    losses: int = 0  #: simulators that were lost while they served; their episodes were begun anew
    cpu_s: float = (
        0.0  #: CPU that simulators spent on ticks, summed over them; 0 where they compute in this process
    )


def joined(batches: Sequence[Batch]) -> Batch:
    """The rows of several batches of one spec as one, in this order; ``tables`` and ``builtin`` are there where all have them."""

    def together(arrays: Iterable[NDArray[T]]) -> NDArray[T]:
        return np.concatenate(list(arrays))

    builtin = [batch.builtin for batch in batches if batch.builtin is not None]
    return Batch(
        env_id=together(batch.env_id for batch in batches),
        seed=together(batch.seed for batch in batches),
        run=together(batch.run for batch in batches),
        tick=together(batch.tick for batch in batches),
        sim_time_ns=together(batch.sim_time_ns for batch in batches),
        groups=tuple(
            GroupArrays(
                together(part.observations for part in parts),
                together(part.rewards for part in parts),
                together(part.present for part in parts),
                together(part.active for part in parts),
                together(part.masks for part in parts),
            )
            for parts in zip(*(batch.groups for batch in batches), strict=True)
        ),
        state=tuple(together(blocks) for blocks in zip(*(batch.state for batch in batches), strict=True)),
        metrics=together(batch.metrics for batch in batches),
        terminated=together(batch.terminated for batch in batches),
        truncated=together(batch.truncated for batch in batches),
        final=[final for batch in batches for final in batch.final],
        tables=[tables for batch in batches for tables in batch.tables]
        if all(batch.tables for batch in batches)
        else [],
        builtin=tuple(
            Actions(together(part.discrete for part in parts), together(part.continuous for part in parts))
            for parts in zip(*builtin, strict=True)
        )
        if len(builtin) == len(batches)
        else None,
    )
