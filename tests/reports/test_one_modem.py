# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""A device of ``aiot-mec`` has one modem: users look at its frames and find it on one channel at a time."""

from __future__ import annotations

import struct
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from ns3marl import policies
from ns3marl.env.pool import Pool
from ns3marl.rl.policy import action_generators

DEVICES = 40
EXCHANGE_S = 0.01
"""Longer than an exchange of frames that a retuned modem brings to its end."""
DAMAGED = [
    "--ns3::WifiMac::BE_MaxAmsduSize=7935",
    "--ns3::WifiMac::VI_MaxAmsduSize=7935",
    "--ns3::WifiRemoteStationManager::FragmentationThreshold=600",
    "--ns3::HeConfiguration::GuardInterval=1600ns",
]


def times_s(pcap: Path) -> Iterator[float]:
    """When the frames in a file were sent or received."""
    data = pcap.read_bytes()
    offset = 24
    while offset < len(data):
        seconds, microseconds, length = struct.unpack_from("<III", data, offset)
        yield seconds + microseconds / 1e6
        offset += 16 + length


@pytest.mark.report("C6")
def test_no_frame_on_a_channel_that_the_modem_has_left(
    tmp_path: Path, scenario_path: Callable[[str], Path]
) -> None:
    arguments = [
        f"--devices={DEVICES}",
        "--servers=12",
        "--ticks=40",
        "--preset=stress",
        f"--pcap={tmp_path}/out",
    ]
    tuned: list[list[tuple[float, int]]] = [[] for _ in range(DEVICES)]  # since when, channel
    with Pool(
        scenario_path("aiot-mec"), arguments=[*arguments, "--traceDevices=all"], seed=1, spares=0
    ) as pool:
        (group,) = pool.spec.groups
        heads = [head.name for head in group.discrete_heads]
        policy = policies.make("random", pool.spec)
        batch = pool.reset()
        while batch.final[0] is None:
            (actions,) = policy.act(batch, action_generators(batch))
            choices = actions.discrete[0]
            for device in map(int, np.flatnonzero(batch.groups[0].active[0])):
                if choices[device, heads.index("mode")] != 0:
                    channel = int(choices[device, heads.index("channel")])
                    tuned[device].append((batch.sim_time_ns[0] / 1e9, channel))
            batch = pool.step([actions])
    frames = 0
    for device, since in enumerate(tuned):
        for channel in range(4):
            pcap = tmp_path / f"out-seed1-run1-device{device}-channel{channel}.pcap"
            for time_s in times_s(pcap) if pcap.exists() else ():
                lately = [c for s, c in since if time_s - EXCHANGE_S < s <= time_s]
                before = [c for s, c in since if s <= time_s - EXCHANGE_S]
                if before:
                    frames += 1
                    assert channel in {before[-1], *lately}, (
                        f"device {device} at {time_s} s on channel {channel}"
                    )
    assert frames > 1000


@pytest.mark.report("C7")
@pytest.mark.report("C6")
def test_the_suite_of_the_radio_holds(built_scenarios: dict[str, Path]) -> None:
    suites = built_scenarios["aiot-mec"].parents[1] / "tests" / "ns3marl-test-suites"
    if not suites.exists():
        pytest.skip("the C++ tests are not built")
    done = subprocess.run(
        [suites, "--suite=ns3marl-offload", "--verbose"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "PASS a status that ends on the channel just left has that channel's SNR" in done.stdout, (
        done.stdout
    )
    assert done.returncode == 0


@pytest.mark.report("C5")
@pytest.mark.parametrize("scenario", ["aiot-mec", "edge-cloud"])
@pytest.mark.parametrize("word", DAMAGED)
def test_attributes_that_the_accounting_cannot_follow_are_refused_by_name(
    scenario_path: Callable[[str], Path], scenario: str, word: str
) -> None:
    command = [str(scenario_path(scenario)), "--describe", word]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert f"attribute {word.removeprefix('--').partition('=')[0]}: " in done.stderr
    assert "leave it at its default" in done.stderr
