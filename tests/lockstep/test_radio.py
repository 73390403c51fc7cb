# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The arguments of `aiot-mec` about space, air and traces: what they do, what they refuse, what they leave alone."""

from __future__ import annotations

import json
import struct
import subprocess
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ns3marl import policies
from ns3marl.env.pool import Pool
from ns3marl.errors import ConfigError
from ns3marl.rl.policy import action_generators

SMALL = ("--devices=6", "--servers=3", "--channels=2", "--ticks=20")
POSITION = slice(17, 19)


@pytest.fixture(scope="module")
def executable(scenario_path: Callable[[str], Path]) -> Path:
    return scenario_path("aiot-mec")


def alone(executable: Path, *arguments: str) -> dict[str, Any]:
    """Final metrics of a standalone episode with seed 5 and run 1."""
    command = [str(executable), "--standalone", "--seed=5", "--run=1", *arguments]
    metrics: dict[str, Any] = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)[
        "metrics"
    ]
    return metrics


def pcap_records(path: Path) -> list[float]:
    """Times of the records of a pcap file that ends with a whole record, in seconds."""
    data, offset, times = path.read_bytes(), 24, []
    magic, link_type = struct.unpack_from("<I16xI", data)
    assert (magic, link_type) == (0xA1B2C3D4, 127)  # radiotap
    while offset < len(data):
        seconds, microseconds, captured, length = struct.unpack_from("<IIII", data, offset)
        assert captured == length
        offset += 16 + captured
        times.append(seconds + microseconds / 1e6)
    assert offset == len(data)
    return times


def test_everything_at_once_repeats(executable: Path, tmp_path: Path) -> None:
    positions = tmp_path / "positions.csv"
    positions.write_text(
        "kind,x,y\nserver,20,60\nserver,60,60\nserver,100,60\n"
        + "".join(f"device,{20 * i},{10 * i}\n" for i in range(6))
    )
    arguments = [
        *SMALL,
        "--placement=file",
        f"--positionsFile={positions}",
        "--mobility=random-waypoint",
        "--speedMin=5",
        "--speedMax=20",
        "--pause=0s",
        "--shadowing=4",
        "--interferers=3",
        "--crossTraffic=5",
        "--phy=spectrum",
        f"--pcap={tmp_path}/frames",
        "--traceDevices=0,5",
        f"--ascii={tmp_path}/frames.tr",
        f"--flowMonitor={tmp_path}/flows.xml",
        f"--netAnim={tmp_path}/animation.xml",
    ]
    episodes = []
    with Pool(executable, arguments=arguments, seed=5, spares=0) as pool:
        for _ in range(2):
            policy = policies.make("best-snr", pool.spec)
            batch = pool.reset(seed=5)
            positions_seen = [batch.groups[0].observations[0, :, POSITION].copy()]
            while (final := batch.final[0]) is None:
                batch = pool.step(policy.act(batch, action_generators(batch)))
                if batch.final[0] is None:
                    positions_seen.append(batch.groups[0].observations[0, :, POSITION].copy())
            episodes.append((final.metrics, np.array(positions_seen)))
    for first, again in zip(*episodes, strict=True):
        np.testing.assert_array_equal(first, again)
    moved = episodes[0][1]
    np.testing.assert_allclose(moved[0, :, 0], 20 * np.arange(6), atol=2)
    steps = np.linalg.norm(np.diff(moved, axis=0), axis=-1)
    assert (steps > 0).mean() > 0.9
    assert steps.max() <= 20 * 0.1 + 1e-4
    assert (moved >= 0).all()
    assert (moved <= 120).all()
    names = {path.name for path in tmp_path.iterdir()}
    assert {
        "frames-seed5-run1.tr",
        "flows-seed5-run1.xml",
        "animation-seed5-run1.xml",
        "frames-seed5-run1-server2-channel1.pcap",
    } <= names


def test_looking_changes_nothing_and_files_are_complete(executable: Path, tmp_path: Path) -> None:
    plain = alone(executable, *SMALL)
    watched = alone(
        executable,
        *SMALL,
        f"--pcap={tmp_path}/frames",
        "--traceDevices=all",
        f"--ascii={tmp_path}/frames.tr",
        f"--flowMonitor={tmp_path}/flows.xml",
        f"--netAnim={tmp_path}/animation.xml",
    )
    assert plain == watched

    end_s = 0.01 + 20 * 0.1
    for server in range(3):
        times = pcap_records(tmp_path / f"frames-seed5-run1-server{server}-channel0.pcap")
        assert end_s - 0.01 < times[-1] <= end_s  # the last broadcasts
    assert pcap_records(tmp_path / "frames-seed5-run1-device0-channel0.pcap")
    assert (tmp_path / "frames-seed5-run1.tr").read_text().endswith("\n")

    flows = ET.parse(tmp_path / "flows-seed5-run1.xml").getroot()  # noqa: S314 - the scenario wrote it
    sent = sum(int(flow.get("txPackets", 0)) for flow in flows.find("FlowStats") or ())
    assert sent > plain["fragments_sent"]  # and the results

    animation = ET.parse(tmp_path / "animation-seed5-run1.xml").getroot()  # noqa: S314 - the scenario wrote it
    assert len(animation.findall("node")) == 9
    assert animation.find("pr") is not None or animation.find("p") is not None


def test_a_quiet_air_does_not_care_which_phy_it_has(executable: Path) -> None:
    arguments = ("--devices=10", "--servers=3", "--channels=1", "--ticks=50")
    yans = alone(executable, *arguments)
    spectrum = alone(executable, *arguments, "--phy=spectrum")
    assert abs(yans["completion_ratio"] - spectrum["completion_ratio"]) < 0.04
    assert spectrum["latency_mean_s"] == pytest.approx(yans["latency_mean_s"], rel=0.1)


def test_background_costs_completion(executable: Path) -> None:
    arguments = ("--devices=10", "--servers=3", "--channels=1", "--ticks=40")
    quiet, loud = (
        alone(executable, *arguments, *more) for more in ((), ("--interferers=4", "--interfererDuty=0.9"))
    )
    assert loud["completion_ratio"] < quiet["completion_ratio"] - 0.1
    assert loud["tasks_arrived"] == quiet["tasks_arrived"]


def test_a_trace_moves_devices_where_it_says(executable: Path, tmp_path: Path) -> None:
    trace = tmp_path / "trace.csv"
    trace.write_text("device,time,x,y\n2,0.01,10,20\n2,1.01,110,120\n")
    arguments = [*SMALL, "--mobility=trace", f"--mobilityFile={trace}"]
    with Pool(executable, arguments=arguments, seed=5, spares=0) as pool:
        policy = policies.make("local-only", pool.spec)
        batch = pool.reset()
        for tick in range(15):
            share = min(1.0, tick / 10)
            expected = [10 + 100 * share, 20 + 100 * share]
            np.testing.assert_allclose(batch.groups[0].observations[0, 2, POSITION], expected, atol=1e-4)
            batch = pool.step(policy.act(batch, action_generators(batch)))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--mobility=walk"], "expected static, random-waypoint or trace"),
        (["--mobility=trace"], "--mobilityFile=': expected the name of a file"),
        (["--positionsFile=places.csv"], "expected --placement=file with it"),
        (["--mobility=random-waypoint", "--speedMin=0"], "--speedMin=0': expected above 0 m/s"),
        (["--placement=file", "--positionsFile=no-such.csv"], "'no-such.csv' cannot be read"),
        (["--interfererDuty=0"], "expected above 0 to 1"),
        (["--crossTraffic=200"], "expected 0 to 100 Mb/s"),
        (["--traceDevices=0,99", "--pcap=frames"], "numbers of devices below --devices"),
        (["--traceDevices=all"], "expected --pcap or --ascii with it"),
        (["--noiseFigure=-1"], "expected at least 0 dB"),
        (["--referenceLoss=-1"], "expected at least 0 dB"),
        (["--trace=/NodeList/0/Id"], "expected --tracePrefix with it"),
        (["--tracePrefix=look"], "expected --trace with it"),
        (["--flowMonitor=no-such-folder/flows.xml"], "expected a file in a folder that exists"),
    ],
)
def test_refusals_name_the_remedy(executable: Path, arguments: list[str], words: str) -> None:
    with pytest.raises(ConfigError, match=words.replace("(", r"\(")):
        Pool(executable, arguments=[*SMALL, *arguments], spares=0)


def test_a_placement_of_other_numbers_is_refused(executable: Path, tmp_path: Path) -> None:
    positions = tmp_path / "positions.csv"
    positions.write_text("kind,x,y\nserver,20,60\ndevice,1,2\n")
    with pytest.raises(ConfigError, match=r"--devices=6': expected 1, as many as '.*positions.csv' places"):
        Pool(executable, arguments=[*SMALL, "--placement=file", f"--positionsFile={positions}"], spares=0)
