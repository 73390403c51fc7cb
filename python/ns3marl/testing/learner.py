# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""What every learner keeps to, see ``ns3marl.rl.learner.Learner``."""

from __future__ import annotations

import copy
import dataclasses
import io
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from ns3marl.errors import ConfigError
from ns3marl.games.team import TeamPool
from ns3marl.rl.learner import Learner
from ns3marl.rl.policy import action_generators
from ns3marl.rl.team import Team
from ns3marl.testing import games
from ns3marl.testing.batches import (
    absent,
    action_difference,
    action_problems,
    difference,
    inactive,
    random_actions,
    shuffled,
    with_groups,
)
from ns3marl.testing.rules import no_error, refused, require, require_none
from ns3marl.types import Actions, Batch, Spec

Change = Callable[[Batch], Batch]
"""Lets a learner see something else than its environments show."""

Make = Callable[[], games.WantedGame]

_each_game = pytest.mark.parametrize("game", [games.one_kind, games.two_kinds], ids=["one kind", "two kinds"])


class LearnerCompliance(ABC):
    """Tests of a learner; see ``ns3marl.testing``.

    It plays the small games of ``ns3marl.testing.games``, one learner for each kind of agents. The class attributes may be overridden.
    """

    num_envs: ClassVar[int] = 2
    """Environments."""
    most_ticks: ClassVar[int] = 100
    """``learn`` reports metrics at least once in so many ticks of ``num_envs`` environments."""
    has_policy_loss: ClassVar[bool] = True
    """Whether a policy of its own is improved by a loss. False for one that acts on action values: it values inactive agents too."""

    @abstractmethod
    def make(self, spec: Spec, group: int, seed: int) -> Learner:
        """A new learner, with options under which it updates often: a few ticks, small batches, no long warm-up.

        Args:
            spec: Of the environments.
            group: Number of the group that it controls.
            seed: Of everything random in it.
        """

    # What it is ------------------------------------------------------------------------------------------------------

    def test_it_says_what_it_is(self) -> None:
        """``Options`` is a frozen dataclass; ``central_execution`` and ``greedy`` are there."""
        learner = self.make(games.one_kind().spec, 0, 1)
        options = getattr(learner, "Options", None)
        parameters = getattr(options, "__dataclass_params__", None)
        require(
            getattr(parameters, "frozen", False),
            "Options is a frozen dataclass",
            repr(options),
            "write @dataclass(frozen=True) class MyOptions, and Options = MyOptions in the learner",
        )
        for name in ("central_execution", "greedy"):
            value = getattr(learner, name, None)
            require(
                isinstance(value, bool), f"{name} is True or False", repr(value), f"set {name}, see Learner"
            )

    def test_agents_without_heads_are_refused(self) -> None:
        """There is nothing to learn."""
        spec = games.one_kind().spec
        watching = dataclasses.replace(spec.groups[0], discrete_heads=(), continuous_heads=())
        with refused(ConfigError, "a group without action heads", watching.name):
            self.make(dataclasses.replace(spec, groups=(watching,)), 0, 1)

    # How it acts -----------------------------------------------------------------------------------------------------

    @_each_game
    def test_actions_keep_to_the_spec(self, game: Make) -> None:
        """Shapes, types, ranges, masks and defaults, of ``act`` and ``explore``, whatever the masks and whoever is active."""
        with self._pool(game) as pool:
            team, batch = self._team(pool.spec), pool.reset()
            for tick in range(8):
                seen = shuffled(pool.spec, batch, np.random.default_rng(tick))
                problems = []
                for greedy in (False, True):
                    team.greedy = greedy
                    problems += action_problems(pool.spec, seen, team.act(seen, action_generators(seen)))
                team.greedy = False
                problems += action_problems(pool.spec, seen, self._fresh_explore(pool.spec, seen))
                require_none(
                    problems,
                    "actions have the spec's shapes and types; active agents choose what masks and ranges allow, the others give the "
                    "spec's defaults",
                    "hand the masks to the distribution or to the greatest value, and end with ns3marl.rl.policy.fill_inactive",
                )
                batch = pool.step(random_actions(pool.spec, batch))

    @_each_game
    def test_greedy_actions_do_not_depend_on_chance(self, game: Make) -> None:
        """Other generators, same actions."""
        with self._pool(game) as pool:
            team, batch = self._team(pool.spec), pool.reset()
            team.greedy = True
            one, other = (
                team.act(batch, [np.random.default_rng((seed, row)) for row in range(self.num_envs)])
                for seed in (1, 2)
            )
        self._require_same(
            pool.spec,
            one,
            other,
            "with greedy set, act takes the most likely or most valued action, whatever the generators",
            "look at self.greedy in act",
        )

    @_each_game
    def test_the_generators_are_its_only_chance(self, game: Make) -> None:
        """Whatever NumPy's and torch's own generators are at."""
        with self._pool(game) as pool:
            team, batch = self._team(pool.spec), pool.reset()
            acted = []
            for seed in (1, 2):
                with _global_seed(seed):
                    acted.append(team.act(batch, action_generators(batch)))
        one, other = acted
        self._require_same(
            pool.spec,
            one,
            other,
            "the same batch and generators give the same actions",
            "draw from `rngs` alone",
        )

    @_each_game
    def test_an_agent_acts_on_what_it_sees_itself(self, game: Make) -> None:
        """Unless it declares ``central_execution``."""
        with self._pool(game) as pool:
            spec, team, batch = pool.spec, self._team(pool.spec), pool.reset()
        if team.central_execution:
            pytest.skip("it declares central execution")
        team.greedy = True
        other = dataclasses.replace(batch, state=tuple(block * 0 for block in batch.state))
        own = {}
        for number, seen in enumerate(batch.groups):
            observations = seen.observations.copy()
            observations[:, 1:] = observations[:, :0:-1]
            observations[:, 1:, 0] = 0
            own[number] = dataclasses.replace(seen, observations=observations)
        one, changed = (
            [Actions(joint.discrete[:, :1], joint.continuous[:, :1]) for joint in team.act(seen, rngs)]
            for seen, rngs in (
                (batch, action_generators(batch)),
                (with_groups(other, own), action_generators(batch)),
            )
        )
        self._require_same(
            spec,
            one,
            changed,
            "an agent's greedy action does not depend on the state or on what other agents see, unless central_execution is declared",
            "read the agent's own observation alone, or set central_execution = True",
            tolerance=1e-5,
        )

    # How it learns ---------------------------------------------------------------------------------------------------

    @_each_game
    def test_it_learns_and_reports(self, game: Make) -> None:
        """What is learned changes and stays finite; metrics are finite and tell ``reward_per_tick``."""
        with self._pool(game) as pool:
            team, batch = self._team(pool.spec), pool.reset()
            before = _learned(team)
            told = [self._cycle(team, pool, batch)[0]]
            require(
                "reward_per_tick" in told[0],
                "the metrics that learn returns contain reward_per_tick",
                f"{sorted(told[0])}",
                "add it to the metrics of the update",
            )
            told.append(self._cycle(team, pool, pool.reset())[0])
        for metrics in told:
            wrong = {name: value for name, value in metrics.items() if not np.isfinite(value)}
            require(
                not wrong,
                "metrics are finite numbers",
                str(wrong),
                "average over what is there, and mend what diverges",
            )
        after = _learned(team)
        for group, learner in before.items():
            changed = difference(learner, after[group])
            require(
                changed is not None,
                "learning changes what `learned` gives",
                f"the same state of group {pool.spec.groups[group].name!r} before and after {len(told)} updates",
                "put the trained networks into `learned`, and step their optimiser",
            )
            wrong_ones = [
                name
                for name, array in after[group].items()
                if array.dtype.kind == "f" and not np.isfinite(array).all()
            ]
            require(
                not wrong_ones, "what is learned stays finite", ", ".join(wrong_ones), "mend what diverges"
            )

    @_each_game
    def test_the_same_seed_learns_the_same(self, game: Make) -> None:
        """Bit for bit, whatever NumPy's and torch's own generators are at; another seed begins otherwise."""
        states = []
        for number in (1, 2):
            with _global_seed(number), self._pool(game) as pool:
                team = self._team(pool.spec)
                self._cycle(team, pool, pool.reset())
                states.append(_state(team))
        found = difference(*states)
        require(
            found is None,
            "learners of one seed that see the same learn the same",
            str(found),
            "draw weights under torch.random.fork_rng() and manual_seed(seed), and all else from a generator of the seed",
        )

    @_each_game
    def test_a_restored_learner_goes_on_bit_for_bit(self, game: Make) -> None:
        """After an update and some ticks more, through a file; actions, metrics and states to the next update."""
        rule = "a learner that is restored from its state goes on as the one it was taken from"
        remedy = (
            "let `learned` and `running` hold everything that is kept between ticks: optimisers, experience, counters and the states of "
            "random generators"
        )
        with self._pool(game) as pool:
            team = self._team(pool.spec)
            _, batch = self._cycle(team, pool, pool.reset())
            batch, _ = self._tick(team, pool, batch)
            stored, stood = _through_a_file(team.state_dict()), copy.deepcopy(pool.state_dict())
            going_on = self._record(team, pool, batch)
        with self._pool(game) as pool:
            again = self._team(pool.spec, seed=2)
            again.load_state_dict(stored)
            batch = pool.load_state_dict(stood)
            restored = self._record(again, pool, batch)
        for tick, (one, other) in enumerate(zip(going_on, restored, strict=False), 1):
            found = difference(one, other)
            require(found is None, rule, f"{tick} ticks on: {found}", remedy)
        require(
            len(going_on) == len(restored),
            rule,
            f"the next update after {len(going_on)} and {len(restored)} ticks",
            remedy,
        )
        found = difference(_state(team), _state(again))
        require(found is None, rule, str(found), remedy)

    @_each_game
    def test_a_loaded_policy_acts_the_same(self, game: Make) -> None:
        """``load_policy`` into a new learner of another seed; greedy and with the same generators."""
        with self._pool(game) as pool:
            team = self._team(pool.spec)
            _, batch = self._cycle(team, pool, pool.reset())
            other = self._team(pool.spec, seed=2)
            other.load_policy(_through_a_file(team.state_dict()))
            probes = self._probes(pool, batch)
        found = _policy_difference(pool.spec, team, other, probes)
        require(
            found is None,
            "load_policy restores what act needs",
            str(found),
            "restore networks, normalisers and exploration from the state of `learned`",
        )

    @_each_game
    def test_acting_in_between_changes_nothing(self, game: Make) -> None:
        """A learner is evaluated while it trains."""
        states = []
        for evaluated in (False, True):
            with self._pool(game) as pool:
                team, batch = self._team(pool.spec), pool.reset()
                for _ in range(self.most_ticks):
                    if evaluated:
                        team.act(batch, action_generators(batch))
                    batch, metrics = self._tick(team, pool, batch)
                    if metrics is not None:
                        break
                states.append(_state(team))
        found = difference(*states)
        require(
            found is None,
            "act changes nothing that is learned or kept",
            str(found),
            "keep experience in explore and learn, and let act draw from `rngs` alone",
        )

    # Who takes no part -----------------------------------------------------------------------------------------------

    @_each_game
    def test_inactive_agents_do_not_train_the_policy(self, game: Make) -> None:
        """An update from ticks at which nobody of the group was asked to act leaves the policy."""
        if not self.has_policy_loss:
            pytest.skip("it acts on action values")
        self._require_untrained(
            game,
            inactive,
            "agents that are not asked to act take part in no policy loss",
            "weigh the policy's loss, entropy and normalisation of advantages by who is active, and take no step where nobody is",
        )

    @_each_game
    def test_absent_agents_train_nothing(self, game: Make) -> None:
        """An update from ticks at which nobody of the group took part leaves the policy, and its metrics are numbers."""
        self._require_untrained(
            game,
            absent,
            "absent agents take part in no loss",
            "weigh every loss by who is present, and divide by no count that may be 0",
        )

    @_each_game
    def test_agents_may_come_and_go(self, game: Make) -> None:
        """In the games' episodes the last agent of every kind leaves and comes back."""
        with self._pool(game) as pool:
            team, batch, told, problems = self._team(pool.spec), pool.reset(), [], []
            for _ in range(2):
                metrics, batch = self._cycle(team, pool, batch)
                told.append(metrics)
            for seen in self._probes(pool, batch):
                problems += action_problems(pool.spec, seen, team.act(seen, action_generators(seen)))
        for metrics in told:
            problems += [
                f"metric {name} is {value}" for name, value in metrics.items() if not np.isfinite(value)
            ]
        require_none(
            problems,
            "a learner goes on while agents leave and come back; absent ones get the default action",
            "end a returning agent's advantage where it left, and average over those present",
        )

    # -------------------------------------------------------------------------------------------------------- helpers

    def _pool(self, game: Make) -> TeamPool:
        return TeamPool(game(), num_envs=self.num_envs, resumable=True)

    def _team(self, spec: Spec, seed: int = 1) -> Team:
        """A learner for every kind of agents."""
        return Team(spec, {g: self.make(spec, g, 100 * seed + g) for g in range(len(spec.groups))})

    def _fresh_explore(self, spec: Spec, seen: Batch) -> list[Actions]:
        """What a new learner would do to learn from."""
        return self._team(spec).explore(seen, action_generators(seen))

    def _tick(
        self, team: Team, pool: TeamPool, batch: Batch, change: Change = lambda seen: seen
    ) -> tuple[Batch, dict[str, float] | None]:
        """One tick of exploring and learning; what follows, and metrics if an update was completed."""
        joint = team.explore(batch, action_generators(batch))
        with no_error("environments take the actions of explore", "mend what the message names"):
            following = change(pool.step(joint))
        return following, team.learn(following)

    def _cycle(
        self, team: Team, pool: TeamPool, batch: Batch, change: Change = lambda seen: seen
    ) -> tuple[dict[str, float], Batch]:
        """Explores and learns until an update of every learner is reported; the metrics, and what follows."""
        told: dict[str, float] = {}
        waiting = {f"{pool.spec.groups[g].name}/" for g in team.learners} if len(team.learners) > 1 else {""}
        batch = change(batch)
        for _ in range(self.most_ticks):
            batch, metrics = self._tick(team, pool, batch, change)
            told |= metrics or {}
            waiting = {prefix for prefix in waiting if not any(name.startswith(prefix) for name in told)}
            if not waiting:
                return told, batch
        require(
            holds=False,
            rule=f"learn reports metrics at least once in most_ticks = {self.most_ticks} ticks",
            found=f"none of {sorted(waiting)}" if waiting != {""} else "none",
            remedy="return the metrics of an update from learn; give options under which it updates sooner, or raise most_ticks",
        )
        raise AssertionError

    def _record(self, team: Team, pool: TeamPool, batch: Batch) -> list[dict[str, NDArray[Any]]]:
        """Actions and metrics, tick after tick, to the next update."""
        recorded = []
        for _ in range(self.most_ticks):
            joint = team.explore(batch, action_generators(batch))
            batch = pool.step(joint)
            metrics = team.learn(batch)
            row: dict[str, NDArray[Any]] = {}
            for group, given in zip(pool.spec.groups, joint, strict=True):
                row[f"choices of group {group.name!r}"] = given.discrete
                row[f"values of group {group.name!r}"] = given.continuous
            row |= {f"metric {name}": np.asarray(value) for name, value in (metrics or {}).items()}
            recorded.append(row)
            if metrics is not None:
                break
        return recorded

    def _probes(self, pool: TeamPool, batch: Batch) -> list[Batch]:
        """Batches on which policies are compared."""
        probes = []
        for _ in range(8):
            probes.append(batch)
            batch = pool.step(random_actions(pool.spec, batch))
        return probes

    def _require_untrained(
        self, game: Make, change: Callable[[Batch, int], Batch], rule: str, remedy: str
    ) -> None:
        """Fails unless a cycle in which no agent of a group took part leaves the group's policy as it was."""
        for group in range(len(game().spec.groups)):
            with self._pool(game) as pool:
                team, unlearned = self._team(pool.spec), self._team(pool.spec)
                metrics, _ = self._cycle(team, pool, pool.reset(), lambda seen, g=group: change(seen, g))  # type: ignore[misc]
                probes = self._probes(pool, pool.reset())
            name = pool.spec.groups[group].name
            wrong = {key: value for key, value in metrics.items() if not np.isfinite(value)}
            require(not wrong, rule, f"metrics {wrong} while nobody of group {name!r} took part", remedy)
            found = _policy_difference(pool.spec, team, unlearned, probes, group)
            require(found is None, rule, f"the policy of group {name!r} has changed: {found}", remedy)

    @staticmethod
    def _require_same(
        spec: Spec,
        one: Sequence[Actions],
        other: Sequence[Actions],
        rule: str,
        remedy: str,
        tolerance: float = 0.0,
    ) -> None:
        found = action_difference(one, other, spec.groups, tolerance)
        require(found is None, rule, str(found), remedy)


def _policy_difference(
    spec: Spec, one: Team, other: Team, probes: Sequence[Batch], only: int | None = None
) -> str | None:
    """What tells two policies apart on some batches, greedy and with the same generators; None where nothing does."""
    for greedy in (True, False):
        one.greedy = other.greedy = greedy
        for batch in probes:
            acted = [team.act(batch, action_generators(batch)) for team in (one, other)]
            groups = range(len(spec.groups)) if only is None else [only]
            found = action_difference(
                [acted[0][g] for g in groups], [acted[1][g] for g in groups], [spec.groups[g] for g in groups]
            )
            if found:
                return f"{'greedy' if greedy else 'drawn'} actions at tick {batch.tick[0]}: {found}"
    one.greedy = other.greedy = False
    return None


def _through_a_file(state: dict[str, Any]) -> dict[str, Any]:
    """A state as a checkpoint gives it back: tensors and plain values alone can be stored."""
    file = io.BytesIO()
    torch.save(state, file)
    file.seek(0)
    try:
        loaded: dict[str, Any] = torch.load(file, weights_only=True)
    except Exception as error:
        require(
            holds=False,
            rule="a learner's state consists of tensors and plain values",
            found=str(error).splitlines()[0],
            remedy="let state_dict give tensors, numbers, strings, lists and dictionaries of them",
        )
        raise
    return loaded


def _learned(team: Team) -> dict[int, dict[str, NDArray[Any]]]:
    """What each learner has learned, by number of its group."""
    return {g: _flat(learner.learned.state_dict()) for g, learner in team.learners.items()}


def _state(team: Team) -> dict[str, NDArray[Any]]:
    return _flat(team.state_dict())


def _flat(state: Any, name: str = "") -> dict[str, NDArray[Any]]:
    """A copy of everything in a state, by its place in it."""
    if isinstance(state, torch.Tensor):
        return {name: state.detach().cpu().double().numpy().copy()}
    if isinstance(state, Mapping):
        parts = [_flat(value, f"{name}/{key}" if name else str(key)) for key, value in state.items()]
    elif isinstance(state, list | tuple):
        parts = [_flat(value, f"{name}/{index}") for index, value in enumerate(state)]
    else:
        return {name: np.array(state)}
    return {key: array for part in parts for key, array in part.items()}


class _global_seed:  # noqa: N801 - used as a function
    """NumPy's and torch's own generators at a seed, within its block."""

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def __enter__(self) -> None:
        self._kept = np.random.get_state(), torch.get_rng_state()  # noqa: NPY002
        np.random.seed(self._seed)  # noqa: NPY002
        torch.manual_seed(self._seed)

    def __exit__(self, *_: object) -> None:
        np.random.set_state(self._kept[0])  # noqa: NPY002
        torch.set_rng_state(self._kept[1])
