# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""When a learner is asked, by whom, and what each exchange carries: decisions on request, idle boundaries, agents that leave.

The timing rules themselves are tested in ``ns3-scenarios/test/bridge/lockstep-test.cc``; here they are seen through a pool.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from support import default_actions, right_actions

from ns3marl.env.pool import Pool
from ns3marl.errors import SimulatorError
from ns3marl.types import Actions, Batch, Final

TICK_NS = 100_000_000  # of echo


@pytest.fixture
def echo(scenario_path: Callable[[str], Path]) -> Path:
    return scenario_path("echo")


def played(
    pool: Pool, act: Callable[[Batch], Sequence[Actions]] = right_actions
) -> tuple[list[Batch], Final]:
    """One episode: all batches but that of its end, which follows as the episode's last observation."""
    batches = [pool.reset()]
    while True:
        batch = pool.step(act(batches[-1]))
        if batch.final[0] is not None:
            return [*batches, batch], batch.final[0]
        batches.append(batch)


def times_ms(batches: list[Batch], final: Final) -> list[float]:
    """When the exchanges of an episode took place."""
    return [*(batch.sim_time_ns[0] / 1e6 for batch in batches[:-1]), final.sim_time_ns / 1e6]


def test_requested_decisions_come_between_the_ticks(echo: Path) -> None:
    with Pool(echo, arguments=["--ticks=4", "--requestEvery=150ms"]) as pool:
        assert (pool.spec.ticks, pool.spec.tick_ns) == (4, TICK_NS)
        batches, final = played(pool)
        assert times_ms(batches, final) == [
            0,
            100,
            150,
            200,
            300,
            400,
        ]  # a request at 300 ms is served by the tick
        assert [int(batch.tick[0]) for batch in batches[:-1]] == [0, 1, 2, 3, 4]
        assert (final.tick, final.truncated) == (5, True)
        assert [batch.groups[0].rewards[0].tolist() for batch in batches[1:]] == [[1.0, 1.0]] * 5


def test_a_scenario_may_have_no_ticks_at_all(echo: Path) -> None:
    with Pool(echo, arguments=["--duration=1s", "--requestEvery=300ms"]) as pool:
        assert (pool.spec.ticks, pool.spec.tick_ns, pool.spec.episode_ns) == (0, 0, 10**9)
        batches, final = played(pool)
        assert times_ms(batches, final) == [0, 300, 600, 900, 1000]
        assert (final.truncated, final.terminated) == (True, False)


def test_a_task_may_end_at_any_moment(echo: Path) -> None:
    with Pool(echo, arguments=["--ticks=9", "--finishAfter=250ms"]) as pool:
        batches, final = played(pool)
        assert times_ms(batches, final) == [0, 100, 200, 250]
        assert (final.truncated, final.terminated) == (False, True)


def test_boundaries_at_which_nobody_is_asked_make_no_exchange(echo: Path) -> None:
    arguments = ["--ticks=6", "--askEvery=4", "--tables=answers", "--agents=1"]
    with Pool(echo, arguments=arguments) as pool:
        assert pool.spec.idle_ticks
        idle, last = played(pool, lambda _: default_actions(pool.spec, 1))
        assert len(idle) == 7
    with Pool(echo, arguments=[*arguments, "--idleTicks=false"]) as pool:
        assert not pool.spec.idle_ticks
        batches, final = played(pool, lambda _: default_actions(pool.spec, 1))
        assert times_ms(batches, final) == [0, 400, 600]
        assert final.tick == 2
    rewards = np.array([batch.groups[0].rewards[0, 0] for batch in idle])
    together = np.array([batch.groups[0].rewards[0, 0] for batch in batches])
    np.testing.assert_allclose(together, [0.0, rewards[1:5].sum(), rewards[5:].sum()], rtol=1e-6)
    assert [batch.tables[0]["answers"]["tick"].tolist() for batch in batches] == [[], [1, 2, 3, 4], [5, 6]]
    np.testing.assert_array_equal(final.metrics, last.metrics)  # the simulation is the same
    np.testing.assert_array_equal(final.groups[0].observations, last.groups[0].observations)


def test_agents_leave_and_join(echo: Path) -> None:
    with Pool(echo, arguments=["--agents=3", "--ticks=6", "--leave=2", "--rejoin=4"]) as pool:
        batches, _ = played(pool)
    there = [batch.groups[0].present[0].tolist() for batch in batches[:-1]]
    assert there == [[True] * 3, [True] * 3, [True, True, False], [True, True, False], [True] * 3, [True] * 3]
    for batch in batches[2:4]:
        group = batch.groups[0]
        assert group.active[0].tolist() == [True, True, False]
        assert not group.observations[0, 2].any()
        assert group.masks[0, 2].all()
    with Pool(echo, arguments=["--agents=3", "--ticks=3", "--leave=3"]) as pool:
        _, final = played(pool)
        assert final.groups[0].present.tolist() == [True, True, False]  # also in the last observation
        assert final.groups[0].active.tolist() == [True, True, False]
    rewards = [float(batch.groups[0].rewards[0, 2]) for batch in batches]
    assert rewards[2] == 1.0  # for the interval in which it left
    assert rewards[3] == 0.0
    assert rewards[5] == 1.0


def test_the_scenarios_own_policy_comes_with_every_observation(echo: Path) -> None:
    with Pool(echo, num_envs=2, arguments=["--groups=2", "--idle=true", "--ticks=3"], builtin=True) as pool:
        assert pool.spec.has_builtin
        batch = pool.reset()
        for _ in range(4):
            assert batch.builtin is not None
            for chosen, right, group, arrays in zip(
                batch.builtin, right_actions(batch), pool.spec.groups, batch.groups, strict=True
            ):
                active = arrays.active[..., None]
                np.testing.assert_array_equal(
                    chosen.discrete, np.where(active, right.discrete, group.default_discrete)
                )
                np.testing.assert_array_equal(
                    chosen.continuous, np.where(active, right.continuous, group.default_continuous)
                )
            batch = pool.step(batch.builtin)
    with Pool(echo) as pool:
        assert pool.reset().builtin is None


def test_an_early_end_of_the_simulation_is_an_error(echo: Path) -> None:
    early = r"the simulation ended at \+0.2s of simulated time, before the episode did; do not call Simulator::Stop\(\)"
    with (
        Pool(echo, arguments=["--failure=stop", "--failureTick=2"]) as pool,
        pytest.raises(SimulatorError, match=early),
    ):
        played(pool)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--failure=stop", "--failureTick=2"], "the simulation ended at +0.2s of simulated time"),
        (["--seed=4294967297"], "argument '--seed': 4294967297 is too large; expected at most 4294967295"),
        (["--seed=0"], "seed 0 is not a seed of ns-3"),
    ],
)
def test_standalone_runs_fail_by_name_too(echo: Path, arguments: list[str], message: str) -> None:
    ended = subprocess.run([echo, "--standalone", *arguments], capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert message in ended.stderr
    assert not ended.stdout
