# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""What every pool keeps to: anything with the interface of ``ns3marl.env.pool.Pool``."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import ClassVar

import numpy as np
import pytest

from ns3marl.errors import ConfigError, OutOfStep, SpecViolation
from ns3marl.launch.environments import Environments
from ns3marl.testing.batches import (
    arrays,
    bound_problems,
    choice_problems,
    difference,
    final_arrays,
    form_problems,
    head_ranges,
    random_actions,
)
from ns3marl.testing.episodes import Episode, clock_problems, episode_difference, play, tells_of_ended
from ns3marl.testing.rules import no_error, refused, require, require_none
from ns3marl.types import Actions, Batch, Spec


class PoolCompliance(ABC):
    """Tests of a pool; see ``ns3marl.testing``.

    Episodes should be short: a few ticks are enough. The class attributes may be overridden.
    """

    most_ticks: ClassVar[int] = 200
    """An episode has at most so many ticks."""
    sizes: ClassVar[tuple[int, int]] = (1, 3)
    """Two numbers of environments to compare."""
    seeds_differ: ClassVar[bool] = True
    """Whether episodes of another seed, and of another run, differ."""

    @abstractmethod
    def make(
        self, *, num_envs: int, seed: int = 1, first_run: int = 1, resumable: bool = False
    ) -> Environments:
        """A new pool.

        Args:
            num_envs: E.
            seed: ns-3's RngSeed, or what stands for it.
            first_run: Run of the first episode.
            resumable: Whether ``state_dict`` is asked for.
        """

    def parts(self, num_envs: int) -> Sequence[int]:
        """Numbers of environments whose episodes are counted together: one part, unless a pool consists of several pools."""
        return (num_envs,)

    def actions(self, spec: Spec, batch: Batch) -> Sequence[Actions]:
        """The joint action that the checks play; by default random ones that follow from each row's seed, run and tick alone."""
        return random_actions(spec, batch)

    # What a batch is -------------------------------------------------------------------------------------------------

    def test_batches_have_the_declared_shapes_and_types(self) -> None:
        """Every array of ``reset`` and of every ``step`` of an episode and beyond."""
        envs = self.sizes[1]
        with self.make(num_envs=envs) as pool:
            batch = pool.reset()
            problems, ended = form_problems(pool.spec, batch, envs), False
            for _ in range(self.most_ticks):
                if ended or problems:
                    break
                ended = any(final is not None for final in batch.final)
                batch = pool.step(self.actions(pool.spec, batch))
                problems = form_problems(pool.spec, batch, envs)
        require_none(
            problems,
            "reset and step return arrays of the shapes and types that ns3marl.types.Batch names",
            "give the arrays these shapes and types (numpy's astype), rows in order of environment",
        )

    def test_values_keep_to_the_spec(self) -> None:
        """Bounds, and masks that leave a choice."""
        (episodes, spec) = self._episodes(self.sizes[0])
        for episode in _flat(episodes):
            for batch in episode.shown:
                require_none(
                    bound_problems(spec, batch),
                    "observations and state lie within the bounds that the spec declares",
                    "clip what may exceed its bound, or declare a wider one",
                )
                require_none(
                    choice_problems(spec, batch),
                    "masks leave every head of an active agent a choice",
                    "allow at least one choice, or let the agent be inactive",
                )

    def test_a_batch_stays_as_it_was_handed_out(self) -> None:
        """Later steps do not write into earlier batches."""
        with self.make(num_envs=self.sizes[1]) as pool:
            batch = pool.reset()
            kept = copy.deepcopy(arrays(pool.spec, batch))
            shown = batch
            for _ in range(3):
                batch = pool.step(self.actions(pool.spec, batch))
            found = difference(kept, arrays(pool.spec, shown))
        require(
            found is None,
            "a batch does not change after it was handed out",
            f"{found} after three more steps",
            "copy arrays that later steps overwrite",
        )

    # Which episode a row shows ---------------------------------------------------------------------------------------

    def test_rows_say_their_seed_and_run(self) -> None:
        """Seed and numbering of runs, over two episodes, with another seed and first run than 1."""
        envs, seed, first_run = self.sizes[1], 7, 20
        (episodes, _) = self._episodes(envs, seed=seed, first_run=first_run, count=2)
        expected = self._runs(envs, first_run, 2)
        got = [[_identity(episode) for episode in of_env] for of_env in episodes]
        wanted = [[(seed, run) for run in runs] for runs in expected]
        require(
            got == wanted,
            "a row says ns-3's seed and run of its episode: run first_run + j * num_envs + e in episode j of environment e",
            f"(seed, run) of the episodes of each environment {got}, expected {wanted}",
            "number episodes with ns3marl.episodes.Episodes, or as it does; no episode is played twice",
        )

    def test_ticks_and_time_count_up(self) -> None:
        """Ticks by one, simulated time by more than nothing."""
        (episodes, _) = self._episodes(self.sizes[0])
        for episode in _flat(episodes):
            require_none(
                clock_problems(episode),
                "the ticks of an episode count 0, 1, 2, …, and simulated time grows",
                "count a tick per action, and begin at 0 with every episode",
            )

    def test_an_ended_episode_leaves_its_last_observation(self) -> None:
        """Autoreset in the same step, with ``final``."""
        (episodes, spec) = self._episodes(self.sizes[1], count=2)
        problems = []
        for episode in _flat(episodes):
            problems += _ending_problems(spec, episode)
        require_none(
            problems,
            "where an episode ends, final holds its last observation, seed and run; rewards, metrics and flags of the row are its "
            "own; everything else is tick 0 of the next episode",
            "fill Batch.final in the step in which the episode ends, and begin the next one in the same step",
        )

    # The same episodes again -----------------------------------------------------------------------------------------

    def test_two_pools_of_one_seed_agree(self) -> None:
        """Everything that is shown, over two episodes."""
        envs = self.sizes[1]
        (one, spec), (other, _) = self._episodes(envs, count=2), self._episodes(envs, count=2)
        for first, second in zip(_flat(one), _flat(other), strict=True):
            found = episode_difference(spec, first, second)
            require(
                found is None,
                "the same seed, run and actions give the same episode bit for bit",
                f"run {_identity(first)[1]}: {found}",
                "draw every random number from generators that follow from the seed and the run",
            )

    def test_other_seeds_and_runs_give_other_episodes(self) -> None:
        """Two runs of a seed, and a run of two seeds."""
        if not self.seeds_differ:
            pytest.skip("nothing is random")
        (episodes, spec) = self._episodes(self.sizes[0], count=2)
        (of_other_seed, _) = self._episodes(self.sizes[0], seed=2)
        first, following = episodes[0][:2]
        for name, other in (("run", following), ("seed", of_other_seed[0][0])):
            require(
                _differ(spec, first, other),
                f"episodes of another {name} are other episodes",
                f"the same numbers in (seed, run) {_identity(first)} and {_identity(other)}",
                f"let the {name} key the generators of the episode; or set seeds_differ = False where nothing is random",
            )

    def test_the_number_of_environments_changes_no_episode(self) -> None:
        """The episodes that pools of two sizes have in common."""
        small, large = self.sizes
        counts = (max(1, large // small), 1) if len(self.parts(large)) == 1 else (1, 1)
        played = [self._episodes(size, count=count) for size, count in zip(self.sizes, counts, strict=True)]
        spec = played[0][1]
        (few, many) = [
            self._by_run(size, episodes) for size, (episodes, _) in zip(self.sizes, played, strict=True)
        ]
        common = few.keys() & many.keys()
        assert common, "no episode in common"
        for key in sorted(common):
            found = episode_difference(spec, few[key], many[key])
            require(
                found is None,
                "an episode is the same whatever the number of environments beside it",
                f"run {key[1]} among {small} and {large} environments: {found}",
                "let environments share no random generator, and let none see what others do",
            )

    # Going on where another pool stood -------------------------------------------------------------------------------

    def test_a_state_brings_back_batch_and_continuation(self) -> None:
        """After a reset, in the middle of an episode, and in the next one."""
        envs = self.sizes[1]
        with self.make(num_envs=envs, resumable=True) as pool:
            batch = pool.reset()
            ticks, states, seen = 0, [copy.deepcopy(pool.state_dict())], [batch]
            ended = 0
            while ended == 0 or ticks < ended + 2:
                batch = pool.step(self.actions(pool.spec, batch))
                ticks += 1
                states.append(copy.deepcopy(pool.state_dict()))
                seen.append(batch)
                if not ended and any(final is not None for final in batch.final):
                    ended = ticks
                assert ticks < self.most_ticks, "no episode ends"
            spec = pool.spec
        for number in sorted({0, max(1, ended // 2), ended + 1}):
            self._check_continuation(spec, envs, states[number], seen[number:])

    def _check_continuation(self, spec: Spec, envs: int, state: dict[str, object], seen: list[Batch]) -> None:
        rule = (
            "load_state_dict gives the batch that stood when state_dict was taken, and the same continuation"
        )
        remedy = (
            "record the actions of running episodes and replay them, as ns3marl.episodes.Episodes helps to do"
        )
        with self.make(num_envs=envs, resumable=True) as pool:
            with no_error(rule, remedy):
                batch = pool.load_state_dict(state)
            for further, before in enumerate(seen):
                expected, got = arrays(spec, before), arrays(spec, batch)
                if (
                    further == 0
                ):  # what belonged to an episode that ended in that very step is not brought back
                    ended = np.array([final is not None for final in before.final])
                    expected, got = (
                        {
                            name: array[~ended] if tells_of_ended(name) else array
                            for name, array in named.items()
                        }
                        for named in (expected, got)
                    )
                found = difference(expected, got)
                require(found is None, rule, f"{further} steps after it: {found}", remedy)
                if further + 1 < len(seen):
                    batch = pool.step(self.actions(spec, batch))

    # What is refused -------------------------------------------------------------------------------------------------

    def test_it_refuses_to_act_before_reset_and_after_close(self) -> None:
        """``step`` and ``state_dict`` in the wrong order."""
        with self.make(num_envs=self.sizes[0], resumable=True) as pool:
            batch = self._first_of_another(pool.spec)
            with refused(OutOfStep, "step before reset"):
                pool.step(batch)
            with refused(OutOfStep, "state_dict before reset"):
                pool.state_dict()
            pool.reset()
        with refused(OutOfStep, "step after close"):
            pool.step(batch)
        pool.close()  # may be called twice

    def test_a_state_of_another_number_of_environments_is_refused(self) -> None:
        """It fits pools of its own size alone."""
        small, large = self.sizes
        with self.make(num_envs=small, resumable=True) as pool:
            pool.reset()
            state = pool.state_dict()
        with (
            self.make(num_envs=large, resumable=True) as other,
            refused(ConfigError, f"the state of {small} environments by a pool of {large}"),
        ):
            other.load_state_dict(state)

    def test_wrong_actions_are_refused_by_name(self) -> None:
        """Too few groups, another shape, choices that do not exist or are forbidden, values out of range or not finite."""
        envs = self.sizes[0]
        with self.make(num_envs=envs) as pool:
            batch = pool.reset()
            tried = set[str]()
            while cases := [case for case in self._wrong_actions(pool.spec, batch) if case[0] not in tried]:
                what, names, wrong = cases[0]
                tried.add(what)
                with refused(SpecViolation, what, *names):
                    pool.step(wrong)
                batch = pool.reset()

    def test_it_can_be_reset_in_the_middle_of_an_episode(self) -> None:
        """``reset`` begins the next episode."""
        with self.make(num_envs=self.sizes[0]) as pool:
            batch = pool.reset()
            pool.step(self.actions(pool.spec, batch))
            again = pool.reset()
            require(
                not again.tick.any() and (again.run != batch.run).all(),
                "reset in the middle of an episode begins the next one at tick 0",
                f"ticks {again.tick.tolist()}, runs {again.run.tolist()} after {batch.run.tolist()}",
                "give every reset the next run",
            )
            pool.step(self.actions(pool.spec, again))

    # -------------------------------------------------------------------------------------------------------- helpers

    def _episodes(
        self, envs: int, *, seed: int = 1, first_run: int = 1, count: int = 1
    ) -> tuple[list[list[Episode]], Spec]:
        """[E] so many episodes of every environment."""
        with self.make(num_envs=envs, seed=seed, first_run=first_run) as pool:
            batch = pool.reset()
            spec = pool.spec
            ended = play(
                pool.step,
                batch,
                lambda shown: self.actions(spec, shown),
                lambda least: least >= count,
                count * self.most_ticks,
            )
        require(
            min(map(len, ended)) >= count,
            f"an episode ends within most_ticks = {self.most_ticks} ticks",
            f"{[len(of_env) for of_env in ended]} ended episodes after {count * self.most_ticks} steps",
            "make shorter episodes, raise most_ticks, or fill Batch.final where episodes end",
        )
        return [of_env[:count] for of_env in ended], spec

    def _runs(self, envs: int, first_run: int, count: int) -> list[list[int]]:
        """[E] runs of the first episodes."""
        return [
            [first_run + episode * part + env for episode in range(count)]
            for part in self.parts(envs)
            for env in range(part)
        ]

    def _by_run(self, envs: int, episodes: list[list[Episode]]) -> dict[tuple[int, int], Episode]:
        """Episodes by part of the pool and run."""
        parts = [number for number, part in enumerate(self.parts(envs)) for _ in range(part)]
        return {
            (part, _identity(episode)[1]): episode
            for part, of_env in zip(parts, episodes, strict=True)
            for episode in of_env
        }

    def _first_of_another(self, spec: Spec) -> list[Actions]:
        """A joint action that would be right after a reset."""
        envs = self.sizes[0]
        return [
            Actions(
                np.tile(group.default_discrete, (envs, len(group.agents), 1)),
                np.tile(group.default_continuous, (envs, len(group.agents), 1)),
            )
            for group in spec.groups
        ]

    def _wrong_actions(
        self, spec: Spec, batch: Batch
    ) -> Iterator[tuple[str, tuple[str, ...], Sequence[Actions]]]:
        """What is wrong, what the refusal may name, and the joint action: one that is right but for an active agent's."""
        right = self.actions(spec, batch)
        yield "a joint action without its last group", (), right[:-1]
        for number, (group, seen) in enumerate(zip(spec.groups, batch.groups, strict=True)):
            agents = np.argwhere(seen.active)
            if not len(agents):
                continue
            env, agent = agents[0].tolist()
            who, given = group.agents[agent], right[number]

            def mended(joint: Actions, number: int = number) -> list[Actions]:
                return [joint if g == number else other for g, other in enumerate(right)]

            if group.discrete_heads:
                short = Actions(given.discrete[:, :, :-1], given.continuous)
                yield f"choices of {group.name!r} without the last head", (), mended(short)
            for d, (head, (start, stop)) in enumerate(
                zip(group.discrete_heads, head_ranges(group), strict=True)
            ):
                forbidden = np.flatnonzero(~seen.masks[env, agent, start:stop]).tolist()
                wrong = [("a choice beyond the last", stop - start), ("a choice below 0", -1)]
                for what, choice in [*wrong, *[("a forbidden choice", index) for index in forbidden[:1]]]:
                    joint = copy.deepcopy(given)
                    joint.discrete[env, agent, d] = choice
                    yield f"{what} of head {head.name!r}", (head.name, who), mended(joint)
            for r, real in enumerate(group.continuous_heads):
                for value in (real.high + (real.high - real.low), np.nan):
                    joint = copy.deepcopy(given)
                    joint.continuous[env, agent, r] = value
                    yield f"value {value} of head {real.name!r}", (real.name, who), mended(joint)


def _flat(episodes: list[list[Episode]]) -> list[Episode]:
    return [episode for of_env in episodes for episode in of_env]


def _identity(episode: Episode) -> tuple[int, int]:
    """Seed and run that all its rows say, (-1, -1) where they do not agree."""
    told = {(int(batch.seed[0]), int(batch.run[0])) for batch in episode.shown}
    assert episode.final is not None
    told.add((episode.final.seed, episode.final.run))
    return told.pop() if len(told) == 1 else (-1, -1)


def _differ(spec: Spec, one: Episode, other: Episode) -> bool:
    """Whether anything but their names tells two episodes apart."""
    told = [
        [
            {name: array for name, array in named.items() if not name.endswith(("seed", "run"))}
            for named in episode.numbers(spec)
        ]
        for episode in (one, other)
    ]
    return len(told[0]) != len(told[1]) or any(difference(a, b) for a, b in zip(*told, strict=True))


def _ending_problems(spec: Spec, episode: Episode) -> list[str]:
    """What is wrong with the batch that tells of an episode's end, and with those before it."""
    problems = [
        f"tick {batch.tick[0]} is truncated or terminated, but final is None"
        for batch in episode.after[:-1]
        if batch.truncated[0] or batch.terminated[0]
    ]
    last, final = episode.after[-1], episode.final
    assert final is not None
    if (bool(last.terminated[0]), bool(last.truncated[0])) != (final.terminated, final.truncated):
        problems.append("terminated and truncated of the row are not those of final")
    if final.terminated == final.truncated:
        problems.append(
            f"terminated and truncated are both {final.truncated}, expected one of them to be True"
        )
    if difference({"metrics": last.metrics[0]}, {"metrics": final.metrics}):
        problems.append("metrics of the row are not those of final")
    if last.tick[0] != 0:
        problems.append(f"the row shows tick {last.tick[0]}, expected 0")
    if last.run[0] == final.run:
        problems.append(f"the row still shows run {final.run}")
    for name, array in final_arrays(spec, final).items():
        shown = arrays(spec, last).get(name.removeprefix("final "))
        if shown is not None and array.shape != shown.shape[1:]:
            problems.append(f"{name} has shape {list(array.shape)}, expected {list(shown.shape[1:])}")
    return problems
