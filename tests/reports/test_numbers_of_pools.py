# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Numbers, times and folders that a pool cannot work with are refused with their range before any process is launched."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import children

from ns3marl.env.gymnasium import Ns3Env
from ns3marl.env.pettingzoo import Ns3ParallelEnv
from ns3marl.env.pool import Pool
from ns3marl.errors import ConfigError
from ns3marl.scenarios.aiot_mec.twin.pool import FastPool

A = ("--agents=2", "--ticks=5")


@pytest.mark.report("P9")
@pytest.mark.parametrize("kind", [np.int32, np.int64, np.uint8, np.uint64, int])
def test_any_integer_is_a_seed(scenario_path: Callable[[str], Path], kind: Any) -> None:
    numbers = {name: kind(1) for name in ("num_envs", "first_run", "spares", "restarts")}
    with Pool(scenario_path("echo"), seed=kind(3), arguments=A, **numbers) as pool:
        assert pool.reset().seed.tolist() == [3]
        assert pool.reset(seed=kind(5)).seed.tolist() == [5]
    environment = Ns3ParallelEnv(scenario_path("echo"), A, seed=kind(3))
    environment.reset(seed=kind(5))
    environment.close()


@pytest.mark.report("P20")
@pytest.mark.report("M11")
@pytest.mark.report("M29")
@pytest.mark.parametrize(
    ("options", "message"),
    [
        *[
            ({name: value}, rf"{name} is {value}, expected a time from 0\.01 to 2592000 s")
            for name in ("tick_timeout_s", "start_timeout_s")
            for value in (0, -1, float("nan"), float("inf"), 1e-9)
        ],
        ({"tick_timeout_s": "soon"}, "tick_timeout_s is 'soon', expected a time"),
        ({"first_run": 2**64}, "first_run is 18446744073709551616, expected 0 to 4611686018427387904"),
        ({"first_run": 1.5}, "first_run is 1.5, expected an integer, 0 to"),
        ({"num_envs": 1.5}, "num_envs is 1.5, expected an integer, 1 to 1000000"),
        ({"num_envs": 4_000_000_000_000}, "num_envs is 4000000000000, expected 1 to 1000000"),
        ({"spares": -1}, "spares is -1, expected 0 or above"),
        ({"restarts": None}, "restarts is None, expected an integer, 0 or above"),
        ({"arguments": "--agents=2"}, "arguments is '--agents=2', expected a sequence of texts"),
        ({"arguments": (3,)}, r"arguments is \(3,\), expected a sequence of texts"),
        ({"endpoint": "ipc://@abstract"}, "endpoint 'ipc://@abstract': abstract sockets have no"),
    ],
)
def test_what_makes_no_sense_is_refused_at_once(
    scenario_path: Callable[[str], Path], options: dict[str, Any], message: str
) -> None:
    before = set(children(os.getpid()))
    with pytest.raises(ConfigError, match=message):
        Pool(scenario_path("echo"), **({"arguments": A} | options))
    assert set(children(os.getpid())) <= before


@pytest.mark.report("M11")
def test_number_of_environments_of_a_twin() -> None:
    with pytest.raises(ConfigError, match="num_envs is 4000000000000, expected 1 to 1000000"):
        FastPool(num_envs=4_000_000_000_000)


@pytest.mark.report("P20")
@pytest.mark.parametrize("kind", [Ns3Env, Ns3ParallelEnv])
def test_render_mode(scenario_path: Callable[[str], Path], kind: type) -> None:
    kind(scenario_path("echo"), A, render_mode=None).close()
    with pytest.raises(ConfigError, match="render_mode is 'ansi', expected None, 'human' or 'rgb_array'"):
        kind(scenario_path("echo"), A, render_mode="ansi")


@pytest.mark.report("P20")
@pytest.mark.parametrize("gone", ["before", "after"])
def test_deleted_current_folder(tmp_path: Path, scenario_path: Callable[[str], Path], gone: str) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()
    delete = f"import os; os.rmdir({str(folder)!r})\n"
    load = "import ns3marl.errors\ntry: from ns3marl.env.pool import Pool\nexcept ns3marl.errors.ConfigError as error: exit(f'typed: {error}')\n"
    use = f"try: Pool({str(scenario_path('echo'))!r})\nexcept ns3marl.errors.ConfigError as error: exit(f'typed: {{error}}')\n"
    done = subprocess.run(
        [sys.executable, "-c", (delete + load if gone == "before" else load + delete) + use],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "the current folder has been deleted; change to one that exists" in done.stderr
    assert done.stderr.startswith("typed: ")
