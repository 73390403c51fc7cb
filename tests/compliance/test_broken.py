# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The suites themselves: what is broken on purpose fails the check whose rule it breaks."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from ns3marl import policies
from ns3marl.algorithms.ippo import Ippo, IppoOptions
from ns3marl.games.team import TeamPool
from ns3marl.rl.learner import Learner
from ns3marl.rl.policy import Policy
from ns3marl.rl.state import Parts
from ns3marl.testing import (
    LearnerCompliance,
    PolicyCompliance,
    PoolCompliance,
    ScenarioCompliance,
    games,
)
from ns3marl.testing.scenario import Played, Player
from ns3marl.types import Actions, Batch, Spec


def failing(suite: object, **given: Any) -> set[str]:
    """Names of the checks that fail; their fixtures and parameters are ``given``."""
    failed, told = set(), list[str]()
    for name, check in inspect.getmembers(suite, callable):
        if name.startswith("test_"):
            wanted = {key: given[key] for key in inspect.signature(check).parameters}
            try:
                check(**wanted)
            except pytest.fail.Exception as failure:
                told.append(str(failure))
                failed.add(name)
            except pytest.skip.Exception:
                pass
    assert all(word in text for text in told for word in ("rule: ", "found: ", "remedy: ")), told
    return failed


# Pools ---------------------------------------------------------------------------------------------------------------


class _RepeatsRuns(TeamPool):
    """Every reset and every episode begins with the first runs."""

    def _begin(self, env: int) -> Any:
        self.episodes.run[env] = 1 + env
        return super()._begin(env)


class _SharesChance(TeamPool):
    """All environments draw from one generator."""

    def _begin(self, env: int) -> Any:
        del env
        if not hasattr(self, "rng"):
            self.rng = np.random.default_rng(self.episodes.seed)
        return self.game.begin(self.rng)


class _Overwrites(TeamPool):
    """Batches share their memory."""

    def _batch(self, *args: Any) -> Batch:
        batch = super()._batch(*args)
        if not hasattr(self, "kept"):
            self.kept = batch
        for old, new in zip(self.kept.groups, batch.groups, strict=True):
            old.observations[:] = new.observations
        return dataclasses.replace(
            batch,
            groups=tuple(
                dataclasses.replace(new, observations=old.observations)
                for old, new in zip(self.kept.groups, batch.groups, strict=True)
            ),
        )


class _ForgetsFlags(TeamPool):
    """Rows of ended episodes do not say that they were truncated."""

    def _batch(self, *args: Any) -> Batch:
        batch = super()._batch(*args)
        return dataclasses.replace(batch, truncated=np.zeros_like(batch.truncated))


class _TakesAnything(TeamPool):
    """No action is refused but what cannot be computed with."""

    def _check(self, actions: Sequence[Actions]) -> None:
        del actions


class _ForgetsActions(TeamPool):
    """What it records is not what was done."""

    def state_dict(self) -> dict[str, Any]:
        state = super().state_dict()
        for group in state["actions"]:
            group["discrete"][:] = 0
        return state


class _TellsDouble(TeamPool):
    """Observations are of another type."""

    def _batch(self, *args: Any) -> Batch:
        batch = super()._batch(*args)
        batch.groups[0].observations = batch.groups[0].observations.astype(np.float64)
        return batch


@pytest.mark.parametrize(
    ("kind", "broken"),
    [
        (
            _RepeatsRuns,
            {
                "test_rows_say_their_seed_and_run",
                "test_an_ended_episode_leaves_its_last_observation",
                "test_it_can_be_reset_in_the_middle_of_an_episode",
                "test_other_seeds_and_runs_give_other_episodes",
            },
        ),
        (
            _SharesChance,
            {
                "test_the_number_of_environments_changes_no_episode",
                "test_a_state_brings_back_batch_and_continuation",
            },
        ),
        (_Overwrites, {"test_a_batch_stays_as_it_was_handed_out"}),
        (_ForgetsFlags, {"test_an_ended_episode_leaves_its_last_observation"}),
        (_TakesAnything, {"test_wrong_actions_are_refused_by_name"}),
        (_ForgetsActions, {"test_a_state_brings_back_batch_and_continuation"}),
        (_TellsDouble, {"test_batches_have_the_declared_shapes_and_types"}),
        (TeamPool, set()),
    ],
)
def test_broken_pools(kind: type[TeamPool], broken: set[str]) -> None:
    class Suite(PoolCompliance):
        def make(
            self, *, num_envs: int, seed: int = 1, first_run: int = 1, resumable: bool = False
        ) -> TeamPool:
            return kind(
                games.one_kind(), num_envs=num_envs, seed=seed, first_run=first_run, resumable=resumable
            )

    failed = failing(Suite())
    assert failed == broken if kind in {TeamPool, _TakesAnything, _ForgetsFlags} else failed >= broken


# Policies ------------------------------------------------------------------------------------------------------------


class _IgnoresMasks(policies.Default):
    def act(self, batch: Batch, rngs: Sequence[np.random.Generator]) -> list[Actions]:
        open_batch = copy.deepcopy(batch)
        for seen in open_batch.groups:
            seen.masks[:] = True
        return super().act(open_batch, rngs)


class _ActsForAll(policies.Random):
    def act(self, batch: Batch, rngs: Sequence[np.random.Generator]) -> list[Actions]:
        all_active = copy.deepcopy(batch)
        for seen in all_active.groups:
            seen.active[:] = True
        return super().act(all_active, rngs)


class _HasChanceOfItsOwn(policies.Random):
    def act(self, batch: Batch, rngs: Sequence[np.random.Generator]) -> list[Actions]:
        return super().act(batch, [np.random.default_rng() for _ in rngs])


class _MixesRows(policies.Random):
    def act(self, batch: Batch, rngs: Sequence[np.random.Generator]) -> list[Actions]:
        return super().act(batch, [rngs[-1], *rngs[:-1]])


class _Writes(policies.Random):
    def act(self, batch: Batch, rngs: Sequence[np.random.Generator]) -> list[Actions]:
        joint = super().act(batch, rngs)
        batch.groups[0].observations[:] = 0
        return joint


@pytest.mark.parametrize(
    ("kind", "broken"),
    [
        (
            _IgnoresMasks,
            {"test_actions_have_the_declared_form_and_keep_to_the_masks"},
        ),
        (_ActsForAll, {"test_actions_have_the_declared_form_and_keep_to_the_masks"}),
        (
            _HasChanceOfItsOwn,
            {"test_the_generators_are_its_only_chance", "test_rows_do_not_depend_on_each_other"},
        ),
        (_MixesRows, {"test_rows_do_not_depend_on_each_other"}),
        (_Writes, {"test_it_changes_nothing_in_what_it_is_given"}),
        (policies.Random, set()),
    ],
)
def test_broken_policies(kind: Callable[[Spec], Policy], broken: set[str]) -> None:
    class Suite(PolicyCompliance):
        def make(self, spec: Spec) -> Policy:
            return kind(spec)

    assert failing(Suite()) == broken


# Learners ------------------------------------------------------------------------------------------------------------


class _ForgetsItsRng(Ippo):
    """The order of minibatches is not part of its state."""

    def __init__(self, spec: Spec, group: int, options: IppoOptions, seed: int) -> None:
        super().__init__(spec, group, options, seed)
        self.running = Parts(memory=self.memory)


class _SeesOpenMasks(Ippo):
    """It chooses among everything."""

    def decide(self, batch: Batch, rngs: Sequence[np.random.Generator], acting: Any = None) -> Any:
        open_batch = copy.deepcopy(batch)
        open_batch.groups[self.number].masks[:] = True
        return super().decide(open_batch, rngs, acting)


class _DrawsWithTorch(Ippo):
    """Its weights follow from torch's own generator."""

    def __init__(self, spec: Spec, group: int, options: IppoOptions, seed: int) -> None:
        super().__init__(spec, group, options, seed)
        with torch.no_grad():
            for parameter in self.actor.parameters():
                parameter.add_(0.1 * torch.randn(parameter.shape))


class _NeverGreedy(Ippo):
    def decide(self, batch: Batch, rngs: Sequence[np.random.Generator], acting: Any = None) -> Any:
        self.greedy = False
        return super().decide(batch, rngs, acting)


class _LearnsNothing(Ippo):
    def update(self, rollout: Any, last: Batch) -> dict[str, float]:
        del last
        return {"reward_per_tick": float(np.mean(rollout.rewards("group")))}


class _SaysNoReward(Ippo):
    def update(self, rollout: Any, last: Batch) -> dict[str, float]:
        metrics = super().update(rollout, last)
        del metrics["reward_per_tick"]
        return metrics


class _LearnsFromAll(Ippo):
    """Agents that were not asked to act count as if they had been."""

    def explore(self, batch: Batch, rngs: Sequence[np.random.Generator]) -> Actions:
        asked = copy.deepcopy(batch)
        asked.groups[self.number].active[:] = True
        self.memory.decided(asked, self.decide(asked, rngs))
        return self.decide(batch, rngs).actions


class _LoadsNothing(Ippo):
    def load_policy(self, learned: dict[str, Any]) -> None:
        del learned


class _LooksAtOthers(Ippo):
    """Undeclared, an agent sees the mean of what all see."""

    def decide(self, batch: Batch, rngs: Sequence[np.random.Generator], acting: Any = None) -> Any:
        mixed = copy.deepcopy(batch)
        seen = mixed.groups[self.number].observations
        seen[:] = seen.mean(1, keepdims=True)
        return super().decide(mixed, rngs, acting)


class _ActingCounts(Ippo):
    """What ``act`` does is learned from."""

    def act(self, batch: Batch, rngs: Sequence[np.random.Generator]) -> Actions:
        self.epochs.rng.random()
        return super().act(batch, rngs)


class _TakesAnyGroup(Ippo):
    def __init__(self, spec: Spec, group: int, options: IppoOptions, seed: int) -> None:
        if spec.groups[group].discrete_heads:
            super().__init__(spec, group, options, seed)


@pytest.mark.parametrize(
    ("kind", "broken"),
    [
        (_ForgetsItsRng, {"test_a_restored_learner_goes_on_bit_for_bit"}),
        (_SeesOpenMasks, {"test_actions_keep_to_the_spec"}),
        (_DrawsWithTorch, {"test_the_same_seed_learns_the_same"}),
        (_NeverGreedy, {"test_greedy_actions_do_not_depend_on_chance"}),
        (_LearnsNothing, {"test_it_learns_and_reports"}),
        (_SaysNoReward, {"test_it_learns_and_reports"}),
        (_LearnsFromAll, {"test_inactive_agents_do_not_train_the_policy"}),
        (_LoadsNothing, {"test_a_loaded_policy_acts_the_same"}),
        (_LooksAtOthers, {"test_an_agent_acts_on_what_it_sees_itself"}),
        (_ActingCounts, {"test_acting_in_between_changes_nothing"}),
        (_TakesAnyGroup, {"test_agents_without_heads_are_refused"}),
    ],
)
def test_broken_learners(kind: type[Ippo], broken: set[str]) -> None:
    class Suite(LearnerCompliance):
        def make(self, spec: Spec, group: int, seed: int) -> Learner:
            options = IppoOptions(rollout_ticks=8, epochs=2, minibatches=2, actor_width=16, critic_width=16)
            return kind(spec, group, options, seed)

    assert failing(Suite(), game=games.one_kind) >= broken


# Scenarios -----------------------------------------------------------------------------------------------------------


class _Scenario(ScenarioCompliance):
    scenario = "echo"
    paired_runs = 2


class _OfWhatWasPlayed(_Scenario):
    """Without the checks that start simulators of their own."""

    test_unknown_arguments_are_refused = None  # type: ignore[assignment]
    test_it_leaves_no_process_when_it_is_closed_early = None  # type: ignore[assignment]


@pytest.fixture(scope="module")
def recorded(scenario_path: Callable[[str], Path]) -> Player:
    return Player(scenario_path("echo"), ["--ticks=5", "--tables=answers"])


def _of_first(played: Played, tick: int) -> Batch:
    return played.episodes[0].shown[tick]


def _closes_all_choices(played: Played, **_: Any) -> None:
    _of_first(played, 1).groups[0].masks[:] = False


def _leaves_bounds(played: Played, **_: Any) -> None:
    _of_first(played, 1).groups[0].observations[0, 1, 2] = 1e6


def _loses_a_metric(played: Played, **_: Any) -> None:
    _of_first(played, 3).metrics[0, 0] = np.nan


def _has_an_infinite_metric(played: Played, **_: Any) -> None:
    _of_first(played, 3).metrics[0, 1] = np.inf


def _shows_absent_agents(played: Played, **_: Any) -> None:
    _of_first(played, 2).groups[0].present[0, 0] = False


def _skips_a_tick(played: Played, **_: Any) -> None:
    _of_first(played, 2).tick[0] += 1


def _ends_early(played: Played, **_: Any) -> None:
    final = played.episodes[0].final
    assert final is not None
    played.episodes[0].final = dataclasses.replace(final, sim_time_ns=final.sim_time_ns - 1)


def _differs_in_a_pool(played: Played, num_envs: int, **_: Any) -> None:
    if num_envs == 2:
        played.frames[1][2] += b"?"


def _repeats_itself(played: Played, count: int, **_: Any) -> None:
    if count > 1:
        played.frames[2] = played.frames[1]


def _decides_badly(played: Played, policy: str, **_: Any) -> None:
    if policy == policies.BUILTIN:
        for episode in played.episodes:
            for batch in episode.after:
                batch.groups[0].rewards -= 3


def _renames_a_column(played: Played, **_: Any) -> None:
    for batch in played.episodes[0].shown:
        for columns in batch.tables[0].values():
            columns["time"] = columns.pop("tick")


@pytest.mark.parametrize(
    ("change", "broken"),
    [
        (_closes_all_choices, "test_masks_leave_a_choice"),
        (_leaves_bounds, "test_observations_keep_to_their_bounds"),
        (_loses_a_metric, "test_metrics_are_finite_once_they_are_measured"),
        (_has_an_infinite_metric, "test_metrics_are_finite_once_they_are_measured"),
        (_shows_absent_agents, "test_agents_that_are_away_see_and_get_nothing"),
        (_skips_a_tick, "test_an_episode_is_played_to_its_end"),
        (_ends_early, "test_it_exchanges_at_every_tick"),
        (_differs_in_a_pool, "test_the_same_seed_and_run_give_the_same_bytes"),
        (_repeats_itself, "test_the_same_seed_and_run_give_the_same_bytes"),
        (_decides_badly, "test_its_own_policy_is_no_worse_than_random"),
        (_renames_a_column, "test_tables_have_their_declared_columns"),
    ],
)
def test_broken_scenarios(change: Callable[..., None], broken: str, recorded: Player) -> None:
    """What the scenario sent, changed before it is checked."""

    class Changed(Player):
        def _play(self, policy: str, count: int, num_envs: int, seed: int, first_run: int) -> Played:
            played = copy.deepcopy(
                recorded.played(policy, count=count, num_envs=num_envs, seed=seed, first_run=first_run)
            )
            change(played, policy=policy, count=count, num_envs=num_envs)
            return played

    player = Changed(recorded.executable, recorded.arguments)
    player.spec, player.described = recorded.spec, recorded.described
    assert failing(_OfWhatWasPlayed(), player=player, policy=policies.RANDOM) == {broken}


def test_a_scenario_that_fails_says_so(scenario_path: Callable[[str], Path]) -> None:
    player = Player(scenario_path("echo"), ["--ticks=5", "--failure=nan", "--failureTick=3"])
    with pytest.raises(pytest.fail.Exception, match=r"SpecViolation: .*agent_0.*filler_4"):
        _Scenario().test_an_episode_is_played_to_its_end(player, policies.RANDOM)
    described = Player(scenario_path("echo"), ["--agents=0"])
    with pytest.raises(pytest.fail.Exception, match="echo needs at least 1 agent"):
        _ = described.described


def test_wrong_specs(scenario_path: Callable[[str], Path]) -> None:
    player = Player(scenario_path("echo"), ["--ticks=5"])
    group = player.spec.groups[0]
    twice = dataclasses.replace(group, features=(group.features[0], *group.features[:-1]))
    no_unit = dataclasses.replace(player.spec.metrics[0], unit="")
    for wrong, complaint in (
        ({"groups": (twice,)}, "'wanted_choice' comes twice"),
        ({"metrics": (no_unit, *player.spec.metrics[1:])}, "metric 'reward_mean' has no unit"),
        ({"hash": "other"}, "--describe prints the spec that the wire carries"),
        ({"scenario": "reply"}, "'reply' and 'echo'"),
    ):
        changed = Player(player.executable, player.arguments)
        changed.described, changed.spec = player.described, dataclasses.replace(player.spec, **wrong)
        with pytest.raises(pytest.fail.Exception, match=complaint):
            _Scenario().test_it_describes_itself(changed)


def test_what_a_scenario_leaves_running_is_found(
    tmp_path: Path, scenario_path: Callable[[str], Path]
) -> None:
    script = tmp_path / "echo"
    script.write_text(
        f'#!/bin/sh\n(trap "" TERM; echo $$ >>{tmp_path}/session; exec sleep 30) &\nexec {scenario_path("echo")} "$@"\n'
    )
    script.chmod(0o755)
    try:
        with pytest.raises(pytest.fail.Exception, match="simulators and what they started end"):
            _Scenario().test_it_leaves_no_process_when_it_is_closed_early(Player(script, ["--ticks=50"]))
    finally:
        for session in (tmp_path / "session").read_text().split():
            os.killpg(int(session), signal.SIGKILL)


def test_without_pytest_the_import_says_what_to_do() -> None:
    program = "import sys; sys.modules['pytest'] = None; import ns3marl.testing"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "ns3marl.testing holds tests for pytest, which is not installed; install it with" in done.stderr
