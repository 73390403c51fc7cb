# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The twin declares what the scenario declares, and shows the same things at the same places."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ns3marl.env.pool import Pool
from ns3marl.protocol.spec_hash import spec_hash
from ns3marl.scenarios.aiot_mec.twin.pool import FastPool


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--preset=stress", "--devices=10", "--servers=3", "--channels=2", "--ticks=77"),
        ("--preset=balanced", "--sizeMax=44.4", "--deviceCpuMax=2.5", "--alpha=1"),
        ("--preset=easy", "--deadlineMax=250ms", "--area=300"),
        ("--preset=dense", "--devices=100", "--servers=25"),
        ("--preset=mixed", "--sizeMax=60"),
        ("--devices=1", "--servers=1", "--serverRates=7.5"),
    ],
)
def test_the_twins_spec_is_the_scenarios(
    scenario_path: Callable[[str], Path], arguments: tuple[str, ...]
) -> None:
    with Pool(scenario_path("aiot-mec"), arguments=arguments, spares=0) as pool:
        spec = FastPool(arguments=arguments, num_envs=1).spec
        assert dataclasses.replace(spec, hash=spec_hash(spec)) == pool.spec


def test_a_first_observation_has_the_same_constants_and_scales(scenario_path: Callable[[str], Path]) -> None:
    arguments = ("--devices=40", "--servers=9", "--ticks=3")
    with Pool(scenario_path("aiot-mec"), num_envs=1, arguments=arguments, spares=0, seed=1) as pool:
        theirs = pool.reset()
    ours = FastPool(num_envs=16, arguments=arguments, seed=1).reset()
    a, b = theirs.groups[0].observations[0], ours.groups[0].observations
    np.testing.assert_array_equal(theirs.groups[0].masks[0], ours.groups[0].masks[0])
    for column in (8, 9, 10, 12, 13, 14, 15, 16, 19, 21):  # the same for every seed
        np.testing.assert_allclose(
            np.broadcast_to(a[:, column], b[..., column].shape), b[..., column], atol=1e-6
        )
    assert sorted(theirs.state[1][0, :, 0]) == pytest.approx(sorted(ours.state[1][0, :, 0]))
    np.testing.assert_allclose(theirs.state[1][0, :, 6:], ours.state[1][0, :, 6:])
    # What was drawn lies in the same range: means over devices, within five standard errors of each other.
    for column in (11, 17, 18, *range(22, 67, 5)):
        error = 5 * b[..., column].std() / np.sqrt(a.shape[0])
        assert a[:, column].mean() == pytest.approx(b[..., column].mean(), abs=error)
