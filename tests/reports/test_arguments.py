# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Arguments of scenarios: what is taken, what is refused, and that ns-3 and the twin agree.

Users see ``argument '--tick' cannot be read from '20000': expected a time with its unit, such as 20ms``, and never a simulator that is
killed by one of its arguments, or that takes something else than they wrote.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from ns3marl.env.pool import Pool
from ns3marl.errors import ConfigError, SimulatorError
from ns3marl.scenarios.aiot_mec.twin.settings import Settings

Scenario = Callable[[str], Path]

GOOD = [
    "--tick=20ms",
    "--tick=0.02s",
    "--tick=20000us",
    "--tick=+2e4us",
    "--tick=2.e7ns",
    "--tick=1min",
    "--deadlineMax=1e9s",
    "--jitter=0s",
    "--jitter=0.3ms",
    "--jitter=100ps",
    "--deadlineMax=1h",
    "--sizeMin=8",
    "--sizeMin=+8.5",
    "--sizeMin=.85e1",
    "--devices=+7",
    "--ticks=4294967295",
    "--densityMax=1e6",
    "--csi=genie",
    "--serverRates=10,20,30,10,20,30,10,20,30",
    "--mute=TRUE",
    "--mute=t",
    "--serverFailures=",
    "--shadowing=0",
]
BAD = [
    "--tick=20000",
    "--tick=0.02",
    "--tick=",
    "--tick=ms",
    "--tick=20 ms",
    "--tick=20MS",
    "--tick=20ms ",
    "--tick=1e30s",
    "--tick=1000000001s",
    "--tick=1e9s",
    "--tick=nan",
    "--tick=infs",
    "--tick=-20ms",
    "--tick=9ms",
    "--deadlineMax=200000",
    "--deadlineMin=abc",
    "--jitter=0",
    "--jitter=0.002",
    "--sizeMin=8ms",
    "--sizeMin=nan",
    "--sizeMin=inf",
    "--sizeMin=1e999",
    "--sizeMin=0x10",
    "--sizeMin= 8",
    "--sizeMin=1_0",
    "--sizeMin=",
    "--devices=7.0",
    "--devices=-7",
    "--devices=7x",
    "--devices=4294967296",
    "--densityMax=1e20",
    "--area=1e20",
    "--deviceCpuMin=1e-300",
    "--serverRates=10,,20,30,10,20,30,10,20",
    "--serverRates=1e9,1,1,1,1,1,1,1,1",
    "--csi=both",
    "--mute=yes",
    "--shadowing=1e9",
    "--nonsense=1",
    "tick=20ms",
]


def run(scenario: Path, *words: str | bytes) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([scenario, *words], capture_output=True, timeout=60, check=False)


def values(scenario: Path, *words: str) -> dict[str, str]:
    """The values of a scenario's arguments."""
    done = run(scenario, "--arguments", *words)
    assert done.returncode == 0, done.stderr.decode()
    return {argument["name"]: argument["value"] for argument in json.loads(done.stdout)}


@pytest.mark.report("M18")
@pytest.mark.parametrize("word", GOOD)
def test_a_good_argument_is_taken_by_both(scenario_path: Scenario, word: str) -> None:
    values(scenario_path("aiot-mec"), "--deadlineMin=1ms", word)
    Settings.parse(["--deadlineMin=1ms", word])


@pytest.mark.report("M18")
@pytest.mark.parametrize("word", BAD)
def test_a_bad_argument_is_refused_by_both_by_its_name(scenario_path: Scenario, word: str) -> None:
    name = word.removeprefix("--").partition("=")[0]
    done = run(scenario_path("aiot-mec"), "--describe", word)
    assert done.returncode == 2
    assert name in done.stderr.decode()
    with pytest.raises(ConfigError, match=name):
        Settings.parse([word])


@pytest.mark.report("M18")
@pytest.mark.parametrize("text", ["20ms", "1.3ms", "33.3333ms", "1e-1s", "0.5min", "12345678ns"])
def test_a_time_is_the_same_on_both_sides(scenario_path: Scenario, text: str) -> None:
    words = ("--deadlineMin=1ms", f"--deadlineMax={text}")
    time_ns = float(values(scenario_path("aiot-mec"), *words)["deadlineMax"].removesuffix("ns"))
    assert Settings.parse(words).deadlineMax * 1000 == pytest.approx(
        time_ns, rel=1e-5
    )  # printed with few digits


@pytest.mark.report("M18")
def test_the_remedy_is_named() -> None:
    with pytest.raises(
        ConfigError, match="cannot be read from '20000': expected a time with its unit, such as 20ms"
    ):
        Settings.parse(["--tick=20000"])


@pytest.mark.report("M18")
@pytest.mark.report("M23")
@pytest.mark.parametrize("value", ["5", "abc", "1e30s"])
def test_times_of_ns3_itself_have_units_too(scenario_path: Scenario, value: str) -> None:
    for name in ("ns3::WifiMacQueue::MaxDelay", "ns3::OnOffApplication::StartTime"):
        done = run(scenario_path("aiot-mec"), "--describe", f"--{name}={value}")
        assert done.returncode == 2
        assert f"argument '--{name}' cannot be read from '{value}': expected a time" in done.stderr.decode()


@pytest.mark.report("M23")
@pytest.mark.parametrize(
    ("scenario", "word"),
    [
        ("aiot-mec", "--deadlineMin=abc"),
        ("aiot-mec", "--deadlineMin=nan"),
        ("aiot-mec", "--deadlineMax=1e30s"),
        ("aiot-mec", "--shadowing=1e9"),
        ("aiot-mec", "--densityMax=1e20"),
        ("aiot-mec", "--area=1e20"),
        ("aiot-mec", "--kappa=1e300"),
        ("edge-cloud", "--area=1e20"),
        ("edge-cloud", "--cloudCpu=1e300"),
        ("cognitive-v2x", "--speedMax=1e20"),
        ("slice-lte", "--embbOn=1e30s"),
    ],
)
def test_what_is_huge_or_no_number_is_refused_by_name(
    scenario_path: Scenario, scenario: str, word: str
) -> None:
    done = run(scenario_path(scenario), "--standalone", "--ticks=1", word)
    assert done.returncode == 2, done
    assert word.removeprefix("--").partition("=")[0] in done.stderr.decode()


@pytest.mark.report("M23")
def test_an_episode_longer_than_ns3_counts_is_refused(scenario_path: Scenario) -> None:
    done = run(scenario_path("aiot-mec"), "--describe", "--tick=1e9s", "--ticks=4294967295")
    assert done.returncode == 2
    assert "longer than ns-3 counts time" in done.stderr.decode()


@pytest.mark.report("C3")
def test_texts_are_taken_whole(tmp_path: Path, scenario_path: Scenario) -> None:
    folder = tmp_path / "a dir"
    folder.mkdir()
    word = f"--flowMonitor={folder}/flow of all.xml"
    scenario = scenario_path("aiot-mec")
    small = ("--devices=2", "--servers=1", "--channels=1", "--ticks=1")
    assert run(scenario, "--standalone", *small, word).returncode == 0
    assert [path.name for path in tmp_path.iterdir()] == ["a dir"]
    assert [path.name for path in folder.iterdir()] == ["flow of all-seed1-run1.xml"]
    given = values(scenario, word, "--trace=", "--serverRates=")
    assert (given["flowMonitor"], given["trace"], given["serverRates"]) == (word.partition("=")[2], "", "")


@pytest.mark.report("C10")
@pytest.mark.parametrize(
    "seed", ["0", "4294944443", "4294967295", "4294967297", "99999999999999999999", "-1", "1.5"]
)
def test_a_seed_that_ns3_has_not_is_refused(scenario_path: Scenario, seed: str) -> None:
    done = run(scenario_path("echo"), "--standalone", f"--seed={seed}")
    assert (done.returncode, b"seed" in done.stderr) == (2, True), done
    assert run(scenario_path("echo"), "--standalone", "--seed=4294944442", "--ticks=1").returncode == 0


@pytest.mark.report("C12")
def test_a_scenario_cannot_take_a_name_of_the_bridge() -> None:
    bridge = Path(__file__).resolve().parents[2] / "ns3-scenarios" / "bridge" / "arguments.cc"
    reserved = bridge.read_text().partition("RESERVED{")[2].partition("}")[0]
    for name in ("seed", "run", "keys", "connect", "standalone"):
        assert f'"{name}"' in reserved  # the C++ test of names is in spec-test.cc


@pytest.mark.report("M24")
@pytest.mark.parametrize("argument", ["positionsFile", "mobilityFile", "exogenousIn"])
def test_only_regular_files_are_read(tmp_path: Path, scenario_path: Scenario, argument: str) -> None:
    words = {"positionsFile": "--placement=file", "mobilityFile": "--mobility=trace"}
    os.mkfifo(tmp_path / "fifo")
    for path in (tmp_path / "fifo", Path("/dev/zero"), tmp_path):
        given = [f"--{argument}={path}", words.get(argument, "--mute=true"), "--devices=2", "--ticks=2"]
        with (
            pytest.raises((ConfigError, SimulatorError), match=rf"{path}"),
            Pool(scenario_path("aiot-mec"), arguments=given, spares=0, restarts=0) as pool,
        ):
            pool.reset()


@pytest.mark.report("M25")
def test_bytes_that_are_no_utf8_are_refused_with_file_and_line(
    tmp_path: Path, scenario_path: Scenario
) -> None:
    path = tmp_path / "places.csv"
    path.write_bytes(b"kind,x,y\ndevice,1,2\nserver,3,\xff4\n")
    with (
        pytest.raises(ConfigError, match=r"places.csv', line 3: expected y .*found 'server,3,\?4'"),
        Pool(
            scenario_path("aiot-mec"),
            arguments=["--placement=file", f"--positionsFile={path}", "--devices=1", "--servers=1"],
            spares=0,
        ) as pool,
    ):
        pool.reset()
