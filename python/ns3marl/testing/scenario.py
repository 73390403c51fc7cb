# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""What every scenario keeps to, seen through the wire as a learner sees it."""

from __future__ import annotations

import dataclasses
import functools
import json
import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from numpy.typing import NDArray

from ns3marl import home as homes
from ns3marl import policies, toolchain
from ns3marl.env.pool import Pool
from ns3marl.errors import ConfigError
from ns3marl.home import ScenarioHome
from ns3marl.rl.policy import action_generators
from ns3marl.testing.batches import absence_problems, bound_problems, choice_problems
from ns3marl.testing.episodes import Episode, clock_problems, play
from ns3marl.testing.rules import no_error, refused, require, require_none
from ns3marl.types import Batch, Feature, GroupArrays, Spec

MOST_STEPS = 1_000_000
"""No episode is played for longer."""


@dataclass(frozen=True)
class Played:
    """Episodes of one environment, or of several in a pool."""

    episodes: list[Episode]
    frames: dict[int, list[bytes]]
    """By run what the simulator sent of it, without wall-clock figures."""


class Player:
    """Plays a scenario under one set of arguments, and keeps what was played.

    Args:
        executable: Of the scenario.
        arguments: Of the scenario.
    """

    def __init__(self, executable: Path, arguments: Sequence[str]) -> None:
        self.executable, self.arguments = executable, tuple(arguments)
        self._played: dict[tuple[Any, ...], Played] = {}

    @functools.cached_property
    def described(self) -> dict[str, Any]:
        """What ``--describe`` prints."""
        return self._describe(self.arguments)

    def _describe(self, arguments: Sequence[str]) -> dict[str, Any]:
        done = subprocess.run(
            [self.executable, "--describe", *arguments], capture_output=True, text=True, check=False
        )
        require(
            done.returncode == 0,
            "a scenario describes itself under --describe with its arguments",
            f"exit status {done.returncode}: {done.stderr.strip()}",
            "give arguments that the scenario takes, or mend Describe",
        )
        described: dict[str, Any] = json.loads(done.stdout)
        return described

    @functools.cached_property
    def home(self) -> ScenarioHome:
        """What the scenario has in Python."""
        return homes.find(self.executable)

    @functools.cached_property
    def with_tables(self) -> Player:
        """The same with all its tables."""
        return Player(self.executable, [*self.arguments, "--tables=all"])

    @functools.cached_property
    def spec(self) -> Spec:
        """The spec as it comes through the wire."""
        with Pool(self.executable, arguments=self.arguments, spares=0) as pool:
            return pool.spec

    def played(
        self, policy: str, *, count: int = 1, num_envs: int = 1, seed: int = 1, first_run: int = 1
    ) -> Played:
        """So many episodes of each environment of a pool.

        Args:
            policy: A simple one by name, see ``ns3marl.policies``.
            count: Of episodes of each environment.
            num_envs: E.
            seed: ns-3's RngSeed.
            first_run: ns-3's RngRun of the first episode.
        """
        key = (policy, count, num_envs, seed, first_run)
        if key not in self._played:
            self._played[key] = self._play(*key)
        return self._played[key]

    def _play(self, policy: str, count: int, num_envs: int, seed: int, first_run: int) -> Played:
        frames: dict[int, list[bytes]] = {}
        with Pool(
            self.executable,
            arguments=self.arguments,
            num_envs=num_envs,
            seed=seed,
            first_run=first_run,
            spares=0,
            builtin=policy == policies.BUILTIN,
            on_frame=lambda _, run, frame: frames.setdefault(run, []).append(frame),
        ) as pool:
            chosen, batch = policies.make(policy, pool.spec, self.home), pool.reset()
            ended = play(
                pool.step,
                batch,
                lambda shown: chosen.act(shown, action_generators(shown)),
                lambda least: least >= count,
                MOST_STEPS,
            )
        return Played([episode for of_env in ended for episode in of_env[:count]], frames)


_player = functools.lru_cache(maxsize=8)(Player)


class ScenarioCompliance:
    """Tests of a scenario; see ``ns3marl.testing``.

    A subclass says which scenario, and under which arguments. Every check runs under each of them, so episodes should be short::

        class TestTwoCells(ScenarioCompliance):
            scenario = "two-cells"
            arguments = (("--ticks=20",), ("--ticks=20", "--cells=1"))

    The class attributes may be overridden.
    """

    scenario: ClassVar[str | Path]
    """Name of a built scenario, or path of its executable."""
    arguments: ClassVar[Sequence[Sequence[str]]] = ((),)
    """Arguments of the scenario, in several combinations."""
    runs_differ: ClassVar[bool] = True
    """Whether another seed or run gives another episode; False where nothing is random."""
    paired_runs: ClassVar[int] = 4
    """Runs in which the scenario's own policy is compared with random actions, 2 or more."""

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Gives every check each set of arguments."""
        if "words" in metafunc.fixturenames:
            words = [tuple(given) for given in self.arguments]
            metafunc.parametrize("words", words, ids=[" ".join(given) or "no arguments" for given in words])

    @pytest.fixture
    def executable(self) -> Path:
        """The scenario's executable; override it to build the scenario first."""
        return toolchain.provide(self.scenario)

    @pytest.fixture
    def player(self, executable: Path, words: tuple[str, ...]) -> Player:
        """Plays the scenario under the arguments of this test."""
        return _player(executable, words)

    # What it says of itself ------------------------------------------------------------------------------------------

    def test_it_describes_itself(self, player: Player) -> None:
        """``--describe`` and the wire give the same spec, in which everything has a name and a unit."""
        spec = player.spec
        require(
            player.described["hash"] == spec.hash,
            "--describe prints the spec that the wire carries",
            f"hash {player.described['hash']} and {spec.hash}",
            "let the spec follow from the arguments alone: not from time, files or earlier calls of Describe",
        )
        require(
            spec.scenario == player.executable.name,
            "the spec has the name of the executable",
            f"{spec.scenario!r} and {player.executable.name!r}",
            "give RunScenario the name of the executable",
        )
        require_none(
            _spec_problems(spec),
            "features, heads, metrics and columns have a unit, and names that no other one beside them has",
            "mend their declarations in Describe; a quantity without unit has the unit 1",
        )

    def test_unknown_arguments_are_refused(self, player: Player) -> None:
        """Through the wire, by name."""
        with refused(ConfigError, "an argument that does not exist", "noSuchArgument"):
            Pool(player.executable, arguments=[*player.arguments, "--noSuchArgument=1"], spares=0).close()

    # Whole episodes --------------------------------------------------------------------------------------------------

    @pytest.mark.parametrize("policy", [policies.RANDOM, policies.DEFAULT, policies.BUILTIN])
    def test_an_episode_is_played_to_its_end(self, player: Player, policy: str) -> None:
        """Without violation, whatever agents do; the bridge and the codec check every value."""
        if policy == policies.BUILTIN and not player.spec.has_builtin:
            pytest.skip("the scenario has no policy of its own")
        with no_error(
            f"an episode is played to its end under policy {policy!r}",
            "mend what the message names: a value outside its bounds is clipped by a feature that is saturating, a wrong action of "
            "Decide is mended there",
        ):
            for episode in player.played(policy, count=self._count(policy)).episodes:
                require_none(
                    clock_problems(episode),
                    "exchanges count 0, 1, 2, …, and simulated time grows from one to the next",
                    "ask for at most one decision at a simulated time",
                )

    def test_its_simple_policies_play_to_the_end(self, player: Player) -> None:
        """Those of its home in Python that fit the spec."""
        for name in player.home.policies:
            try:
                policies.make(name, player.spec, player.home)
            except ConfigError:  # it says that it does not fit
                continue
            with no_error(f"policy {name!r} plays an episode to its end", "mend what the message names"):
                player.played(name)

    def test_it_exchanges_at_every_tick(self, player: Player) -> None:
        """T intervals, of which the last ends the episode; every tick is seen where ``idle_ticks`` says so."""
        spec, remedy = (
            player.spec,
            "let SetTicks or SetDuration tell the length, and call Finish to end early",
        )
        for policy in (policies.RANDOM, policies.DEFAULT):
            for episode in player.played(policy, count=self._count(policy)).episodes:
                times_ns = [int(batch.sim_time_ns[0]) for batch in episode.shown]
                final = episode.final
                assert final is not None
                length_ns = final.sim_time_ns - times_ns[0]
                if final.truncated:
                    require(
                        length_ns == spec.episode_ns,
                        f"an episode that is not terminated takes the declared {spec.episode_ns} ns",
                        f"{length_ns} ns under policy {policy!r}",
                        remedy,
                    )
                if spec.ticks and spec.idle_ticks:
                    expected = set(range(times_ns[0], final.sim_time_ns, spec.tick_ns))
                    missing = sorted(expected - set(times_ns))
                    require(
                        not missing,
                        "with idleTicks there is an exchange at every tick",
                        f"none at {missing[:3]} ns under policy {policy!r}",
                        remedy,
                    )

    def test_observations_keep_to_their_bounds(self, player: Player) -> None:
        """Also those of features that saturate, and the last ones."""
        problems = []
        for batch in self._shown(player):
            problems += bound_problems(player.spec, batch)
        require_none(
            problems,
            "values lie within the bounds that Describe declares",
            "declare bounds that hold, or let the feature be saturating",
        )

    def test_masks_leave_a_choice(self, player: Player) -> None:
        """Of every head of an active agent."""
        problems = []
        for batch in self._shown(player):
            problems += choice_problems(player.spec, batch)
        require_none(
            problems,
            "masks leave every head of an active agent a choice",
            "let Observe forbid less, or call SetActive(group, agent, false) for an agent that has no choice",
        )

    def test_agents_that_are_away_see_and_get_nothing(self, player: Player) -> None:
        """Absent agents are inactive and see zeros; from their second absent exchange on their reward is 0."""
        problems, spec = [], player.spec
        for batch in self._shown(player):
            problems += absence_problems(spec, batch)
        for episode in self._episodes(player):
            for before, after in zip(episode.shown[:-1], episode.shown[1:], strict=True):
                for group, was, now in zip(spec.groups, before.groups, after.groups, strict=True):
                    gets = (now.rewards[0] != 0) & ~was.present[0] & ~now.present[0]
                    problems += [
                        f"agent {group.agents[agent]!r} is absent at tick {after.tick[0]} and gets {now.rewards[0, agent]}"
                        for agent in np.flatnonzero(gets)
                    ]
        require_none(
            problems,
            "an agent that is absent is inactive, sees zeros, and gets no reward after the exchange at which it left",
            "call SetPresent(group, agent, false) in Observe, and let Reward add nothing for absent agents",
        )

    def test_metrics_are_finite_once_they_are_measured(self, player: Player) -> None:
        """Before that they are NaN; they tell of the episode so far."""
        problems = []
        for episode in self._episodes(player):
            assert episode.final is not None
            told = np.stack([batch.metrics[0] for batch in episode.shown[1:]] + [episode.final.metrics])
            for metric, values in zip(player.spec.metrics, told.T, strict=True):
                if np.isinf(values).any():
                    problems.append(
                        f"metric {metric.name!r} is infinite at exchange {np.isinf(values).argmax() + 1}"
                    )
                measured = np.isfinite(values)
                if (measured[:-1] & np.isnan(values[1:])).any():
                    lost = int((measured[:-1] & np.isnan(values[1:])).argmax()) + 1
                    problems.append(
                        f"metric {metric.name!r} was {values[lost - 1]} and is NaN at exchange {lost + 1}"
                    )
        require_none(
            problems,
            "a metric of the episode so far is NaN until there is something to measure, and finite from then on",
            "divide by counts that are above 0, and give NaN where there are none",
        )

    def test_tables_have_their_declared_columns(self, player: Player) -> None:
        """All tables that ``--tables=all`` brings; the values of named categories are their numbers."""
        given = any(word.startswith("--tables") for word in player.arguments)
        with_tables = player if given else player.with_tables
        spec = with_tables.spec
        if not spec.tables:
            pytest.skip("the scenario has no tables")
        problems = []
        for episode in with_tables.played(policies.RANDOM).episodes:
            for batch in [*episode.shown, *episode.after[-1:]]:
                problems += _table_problems(spec, batch.tables[0])
        require_none(
            problems,
            "rows of a table have the declared columns, of equal lengths and of their types",
            "add rows in the order of the columns that Describe declares",
        )

    # The same again --------------------------------------------------------------------------------------------------

    def test_the_same_seed_and_run_give_the_same_bytes(self, player: Player) -> None:
        """Alone and in a pool; another run or seed gives others."""
        alone = player.played(policies.RANDOM, count=self._count(policies.RANDOM)).frames
        in_a_pool = player.played(policies.RANDOM, num_envs=2).frames
        for run, frames in sorted(in_a_pool.items()):
            require(
                run not in alone or _common(frames, alone[run]),
                "the same seed, run and actions give the same bytes, alone and beside others",
                f"run {run}: {_first_difference(frames, alone.get(run, []), player.spec)}",
                "assign every random stream (SetStream, AssignStreams); use no clock, no address and no order of pointers",
            )
        later = player.played(policies.RANDOM, first_run=2).frames[2]
        require(
            _common(later, alone[2]),
            "an episode is the same whatever was played before it",
            f"run 2 as the first one: {_first_difference(later, alone[2], player.spec)}",
            "let each process begin with nothing but its arguments: no files, no shared memory",
        )
        if self.runs_differ:
            other_seed = player.played(policies.RANDOM, seed=2).frames
            for name, frames in (("run", alone[2]), ("seed", other_seed[1])):
                require(
                    frames != alone[1],
                    f"another {name} gives another episode",
                    f"the bytes of run 1 again, with another {name}",
                    "draw from ns-3's random variables and do not set RngSeed or RngRun; or set runs_differ = False",
                )

    def test_it_leaves_no_process_when_it_is_closed_early(self, player: Player) -> None:
        """In the middle of an episode, with a spare waiting."""
        before = _children()
        with Pool(player.executable, arguments=player.arguments, num_envs=2, spares=1) as pool:
            policy, batch = policies.make(policies.RANDOM, pool.spec), pool.reset()
            pool.step(policy.act(batch, action_generators(batch)))
            started = _children() - before
        left = {number for number, (_, session) in _processes().items() if {number, session} & started}
        require(
            not left,
            "simulators and what they started end when their pool is closed",
            f"processes {sorted(left)} of {sorted(started)} still run",
            "start no processes or threads that outlive the simulation, and catch no signals",
        )

    # Its own policy --------------------------------------------------------------------------------------------------

    def test_its_own_policy_is_no_worse_than_random(self, player: Player) -> None:
        """Mean reward of an agent and exchange over the same runs, beyond what chance explains (two standard errors)."""
        if not player.spec.has_builtin:
            pytest.skip("the scenario has no policy of its own")
        gains = []
        plays = [
            player.played(policy, count=self.paired_runs).episodes
            for policy in (policies.BUILTIN, policies.RANDOM)
        ]
        for own, drawn in zip(*plays, strict=True):
            gains.append(_mean_reward(own) - _mean_reward(drawn))
        mean, error = float(np.mean(gains)), float(np.std(gains, ddof=1) / np.sqrt(len(gains)))
        require(
            mean >= -2 * error - 1e-6,
            "the scenario's own policy earns no less than random actions",
            f"{-mean:.4g} less reward per agent and exchange (standard error {error:.2g}) over {len(gains)} runs",
            "mend Decide or the reward; or take this check out with test_its_own_policy_is_no_worse_than_random = None",
        )

    # -------------------------------------------------------------------------------------------------------- helpers

    def _count(self, policy: str) -> int:
        """Episodes of a policy that the checks share."""
        return 1 if policy == policies.DEFAULT else self.paired_runs

    def _episodes(self, player: Player) -> list[Episode]:
        """Episodes under random and default actions."""
        return [
            episode
            for policy in (policies.RANDOM, policies.DEFAULT)
            for episode in player.played(policy, count=self._count(policy)).episodes
        ]

    def _shown(self, player: Player) -> list[Batch]:
        """All that was shown in those episodes, the last observations included."""
        shown = []
        for episode in self._episodes(player):
            shown += [*episode.shown, _last(episode)]
        return shown


def _last(episode: Episode) -> Batch:
    """The last observation of an episode as a batch."""
    before, final = episode.shown[-1], episode.final
    assert final is not None
    groups = tuple(
        GroupArrays(*(getattr(seen, field.name)[None] for field in dataclasses.fields(GroupArrays)))
        for seen in final.groups
    )
    return dataclasses.replace(before, groups=groups, state=tuple(block[None] for block in final.state))


def _mean_reward(episode: Episode) -> float:
    """Mean reward of an agent and exchange."""
    return float(np.mean([np.concatenate([g.rewards[0] for g in batch.groups]) for batch in episode.after]))


def _spec_problems(spec: Spec) -> list[str]:
    """Names that come twice and units that are missing."""
    problems: list[str] = []

    def unique(what: str, names: Sequence[str]) -> None:
        problems.extend(f"{what}: {name!r} comes twice" for name in {n for n in names if names.count(n) > 1})
        if "" in names:
            problems.append(f"{what}: an empty name")

    def units(what: str, items: Sequence[Any]) -> None:
        problems.extend(f"{what} {item.name!r} has no unit" for item in items if not item.unit)

    unique("groups", [group.name for group in spec.groups])
    unique("agents", list(spec.agents))
    unique("state blocks", [block.name for block in spec.state])
    unique("metrics", [metric.name for metric in spec.metrics])
    unique("tables", [table.name for table in spec.tables])
    units("metric", spec.metrics)
    for group in spec.groups:
        unique(f"features of {group.name!r}", [feature.name for feature in group.features])
        heads = [head.name for head in group.discrete_heads] + [head.name for head in group.continuous_heads]
        unique(f"heads of {group.name!r}", heads)
        units(f"group {group.name!r}, feature", group.features)
        units(f"group {group.name!r}, head", group.continuous_heads)
        for head in group.discrete_heads:
            unique(f"choices of head {head.name!r}", list(head.choices))
    for block in spec.state:
        unique(f"rows of state {block.name!r}", list(block.rows))
        features: Sequence[Feature] = block.features
        unique(f"features of state {block.name!r}", [feature.name for feature in features])
        units(f"state {block.name!r}, feature", features)
    for table in spec.tables:
        unique(f"columns of table {table.name!r}", [column.name for column in table.columns])
        units(f"table {table.name!r}, column", table.columns)
    return problems


def _table_problems(spec: Spec, told: dict[str, dict[str, NDArray[Any]]]) -> list[str]:
    """What is wrong with the rows that one exchange brought."""
    if list(told) != [table.name for table in spec.tables]:
        return [f"tables {list(told)}, expected {[table.name for table in spec.tables]}"]
    problems = []
    for table in spec.tables:
        columns = told[table.name]
        if list(columns) != [column.name for column in table.columns]:
            problems.append(f"table {table.name!r} has the columns {list(columns)}")
            continue
        if len({len(values) for values in columns.values()}) > 1:
            problems.append(f"table {table.name!r}: columns of different lengths")
        for column in table.columns:
            values, where = columns[column.name], f"table {table.name!r}, column {column.name!r}"
            if values.dtype != np.dtype(column.type):
                problems.append(f"{where} is {values.dtype}, expected {column.type}")
            elif column.categories and ((values < 0) | (values >= len(column.categories))).any():
                problems.append(f"{where}: a number that is none of {len(column.categories)} categories")
            elif np.isinf(values).any():
                problems.append(f"{where}: an infinite value")
    return problems


def _common(one: Sequence[bytes], other: Sequence[bytes]) -> bool:
    """Whether the frames of an episode are the same as far as both go: one may have been cut off by the end of the other's pool."""
    return all(first == second for first, second in zip(one, other, strict=False))


def _first_difference(one: Sequence[bytes], other: Sequence[bytes], spec: Spec) -> str:
    """The first exchange at which frames differ, of which scenario."""
    for exchange, (first, second) in enumerate(zip(one, other, strict=False)):
        if first != second:
            return f"exchange {exchange} of {spec.scenario!r} differs"
    return f"{len(one)} and {len(other)} exchanges"


def _processes() -> dict[int, tuple[int, int]]:
    """The parent and the session of every process that runs, by its number."""
    found = {}
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            try:
                state, parent, _, session, *_ = (
                    Path(entry.path, "stat").read_text().rpartition(")")[2].split()
                )
            except (FileNotFoundError, ProcessLookupError):  # it has ended meanwhile
                continue
            if state != "Z":
                found[int(entry.name)] = int(parent), int(session)
    return found


def _children() -> set[int]:
    """Processes that this one started and that still run."""
    return {number for number, (parent, _) in _processes().items() if parent == os.getpid()}
