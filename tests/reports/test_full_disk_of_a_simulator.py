# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Files that a simulator cannot write: users are told which, and no episode succeeds without the file that it was to write."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from support import default_actions

from ns3marl.env.pool import Pool
from ns3marl.errors import ConfigError, SimulatorError

SMALL = ("--devices=2", "--servers=1", "--channels=1", "--ticks=3")
OUTPUTS = [
    ("--pcap={}/out", "out-seed1-run1-server0-channel0.pcap"),
    ("--ascii={}/out.txt", "out-seed1-run1.txt"),
    ("--flowMonitor={}/out.xml", "out-seed1-run1.xml"),
    ("--netAnim={}/out.xml", "out-seed1-run1.xml"),
    ("--tracePrefix={}/out", "out-seed1-run1-Waiting.csv"),
    ("--exogenousOut={}/world", "world-seed1-run1/placement_m.npy"),
    ("--logFile={}/out.log", "out-seed1-run1.log"),
]
WITH = {
    "--tracePrefix": "--trace=/NodeList/*/$ns3::marl::EdgeServer/Waiting",
    "--logFile": "--log=OffloadClient=level_all",
}


def arguments(output: str, folder: Path) -> list[str]:
    name = output.partition("=")[0]
    return [*SMALL, output.format(folder), *([WITH[name]] if name in WITH else [])]


def play(pool: Pool) -> None:
    """Plays an episode."""
    batch = pool.reset()
    while batch.final[0] is None:
        batch = pool.step(default_actions(pool.spec, 1))


@pytest.mark.report("M3")
@pytest.mark.parametrize(("output", "file"), OUTPUTS)
def test_a_full_disk_is_a_fault_that_names_the_file(
    tmp_path: Path, scenario_path: Callable[[str], Path], output: str, file: str
) -> None:
    (tmp_path / file).parent.mkdir(exist_ok=True)
    (tmp_path / file).symlink_to("/dev/full")
    command = [str(scenario_path("aiot-mec")), "--standalone", *arguments(output, tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2, done
    assert file in done.stderr
    assert "cannot be written" in done.stderr


@pytest.mark.report("M3")
@pytest.mark.parametrize(("output", "file"), OUTPUTS)
def test_the_same_outputs_are_written_where_there_is_room(
    tmp_path: Path, scenario_path: Callable[[str], Path], output: str, file: str
) -> None:
    command = [str(scenario_path("aiot-mec")), "--standalone", *arguments(output, tmp_path)]
    subprocess.run(command, capture_output=True, timeout=60, check=True)
    assert (tmp_path / file).stat().st_size > 0


@pytest.mark.report("M3")
def test_the_learner_hears_of_it_before_the_episode_ends(
    tmp_path: Path, scenario_path: Callable[[str], Path]
) -> None:
    (tmp_path / "out-seed1-run1.xml").symlink_to("/dev/full")
    with (
        Pool(
            scenario_path("aiot-mec"),
            arguments=[*SMALL, f"--flowMonitor={tmp_path}/out.xml"],
            seed=1,
            spares=0,
            restarts=0,
        ) as pool,
        pytest.raises(SimulatorError, match=r"out-seed1-run1.xml' cannot be written completely"),
    ):
        play(pool)


@pytest.mark.report("M3")
@pytest.mark.parametrize("output", [output for output, _ in OUTPUTS[:4]])
def test_a_file_that_cannot_be_made_is_refused_by_name(
    tmp_path: Path, scenario_path: Callable[[str], Path], output: str
) -> None:
    for _, file in OUTPUTS[:4]:
        (tmp_path / file).mkdir(exist_ok=True)  # in the way, also for the superuser
    with (
        Pool(scenario_path("aiot-mec"), arguments=arguments(output, tmp_path), seed=1, spares=0) as pool,
        pytest.raises(
            ConfigError, match=rf"argument '{output.partition('=')[0]}': '.*out-seed1.*' cannot be written"
        ),
    ):
        pool.reset()


@pytest.mark.report("M3")
@pytest.mark.parametrize("mode", ["--standalone", "--describe", "--arguments", "--help", "--logComponents"])
def test_a_full_standard_output_is_no_success(scenario_path: Callable[[str], Path], mode: str) -> None:
    with Path("/dev/full").open("w") as full:
        command = [str(scenario_path("echo")), mode]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, timeout=60, check=False)
    assert done.returncode == 2
    assert b"the standard output cannot be written" in done.stderr
