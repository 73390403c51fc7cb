# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""ns-3's logging and trace sources by argument: what they tell, where it goes, and that nothing else changes."""

from __future__ import annotations

import csv
import json
import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from ns3marl import cli, policies
from ns3marl.env.pool import Pool
from ns3marl.errors import ConfigError
from ns3marl.rl.policy import action_generators

SMALL = ["--devices=10", "--servers=3", "--ticks=20", "--preset=stress"]
RADIO = "/NodeList/*/DeviceList/*/$ns3::WifiNetDevice"
SOURCES = {
    "Ended": "/$ns3::marl::TaskLedger/Ended",
    "Sent": "/$ns3::marl::TaskLedger/Sent",
    "Waiting": "/NodeList/*/$ns3::marl::EdgeServer/Waiting",
    "Unfinished": "/NodeList/*/$ns3::marl::ComputeNode/Unfinished",
    "TransmitJ": "/NodeList/*/$ns3::marl::EnergyMeter/TransmitJ",
    "CourseChange": "/NodeList/*/$ns3::MobilityModel/CourseChange",
    "Tx": "/NodeList/*/$ns3::Ipv4L3Protocol/Tx",
    "MacTx": f"{RADIO}/Mac/MacTx",
    "AckedMpdu": f"{RADIO}/Mac/AckedMpdu",
    "DroppedMpdu": f"{RADIO}/Mac/DroppedMpdu",
    "MpduResponseTimeout": f"{RADIO}/Mac/MpduResponseTimeout",
    "PsduResponseTimeout": f"{RADIO}/Mac/PsduResponseTimeout",
    "CwTrace": f"{RADIO}/Mac/BE_Txop/CwTrace",
    "BackoffTrace": f"{RADIO}/Mac/BE_Txop/BackoffTrace",
    "BytesInQueue": f"{RADIO}/Mac/BE_Txop/Queue/BytesInQueue",
    "MacTxDataFailed": f"{RADIO}/RemoteStationManager/MacTxDataFailed",
    "State": f"{RADIO}/Phy/State/State",
    "RxError": f"{RADIO}/Phy/State/RxError",
    "PhyTxBegin": f"{RADIO}/Phy/PhyTxBegin",
    "PhyRxDrop": f"{RADIO}/Phy/PhyRxDrop",
    "MonitorSnifferRx": f"{RADIO}/Phy/MonitorSnifferRx",
}


@pytest.fixture(scope="module")
def executable(scenario_path: Callable[[str], Path]) -> Path:
    return scenario_path("aiot-mec")


@pytest.fixture(scope="module")
def logs(executable: Path) -> bool:
    """Whether ns-3 was built with logging."""
    with Pool(executable, arguments=SMALL, spares=0) as pool:
        return "+log" in pool.hello.ns3_build_profile


def alone(executable: Path, *arguments: str) -> tuple[dict[str, Any], str]:
    """Metrics and standard error output of an episode without a learner."""
    command = [str(executable), "--standalone", "--seed=5", *SMALL, *arguments]
    done = subprocess.run(command, capture_output=True, check=True, timeout=60, text=True)
    return json.loads(done.stdout)["metrics"], done.stderr


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_trace_sources_of_all_kinds_change_nothing(executable: Path, tmp_path: Path) -> None:
    plain, _ = alone(executable, "--mobility=random-waypoint")
    watched, errors = alone(
        executable,
        "--mobility=random-waypoint",
        f"--tracePrefix={tmp_path}/look",
        "--trace=" + ",".join(SOURCES.values()),
    )
    assert plain == watched
    assert not errors
    found = {name: rows(tmp_path / f"look-seed5-run1-{name}.csv") for name in SOURCES}
    outcomes = Counter(row["outcome"] for row in found["Ended"])
    assert outcomes["completed"] == plain["tasks_completed"]
    assert outcomes.total() == plain["tasks_completed"] + plain["tasks_failed"]
    assert sum(int(row["fragments_sent"]) for row in found["Sent"]) == plain["fragments_sent"]
    last = {row["path"]: float(row["new"]) for row in found["TransmitJ"]}
    np.testing.assert_allclose(sum(last.values()), plain["energy_transmit_j"])
    steps = [int(row["new"]) - int(row["old"]) for row in found["Waiting"]]
    assert set(steps) == {-1, 1}
    assert {row["path"].split("/")[2] for row in found["Waiting"]} <= {"10", "11", "12"}  # behind the devices
    assert not found["Unfinished"]  # the policy computes nothing locally
    for name in ("State", "PhyTxBegin", "MonitorSnifferRx", "AckedMpdu", "CwTrace", "BytesInQueue", "Tx"):
        times = [float(row["time_s"]) for row in found[name]]
        assert times == sorted(times), name
        assert len(times) > 50, name
        assert None not in found[name][0], name  # as many values as columns
        assert None not in found[name][0].values(), name


def test_environments_write_files_of_their_own(executable: Path, tmp_path: Path) -> None:
    arguments = [
        *SMALL,
        f"--tracePrefix={tmp_path}/look",
        "--trace=/$ns3::marl::TaskLedger/Ended",
        "--tables=all",
    ]
    with Pool(executable, num_envs=2, arguments=arguments, seed=7, spares=0) as pool:
        policy = policies.make("best-snr", pool.spec)
        batch = pool.reset()
        while batch.final[0] is None or batch.final[1] is None:
            batch = pool.step(policy.act(batch, action_generators(batch)))
        names = [metric.name for metric in pool.spec.metrics]
        completed = {final.metrics[names.index("tasks_completed")] for final in batch.final if final}
    files = [rows(path) for path in tmp_path.glob("look-seed*-run*-Ended.csv")]
    counts = {Counter(row["outcome"] for row in file)["completed"] for file in files}
    assert len(completed) == 2
    assert completed <= counts  # the next episodes have begun, and have files too


def test_rows_agree_with_the_table_of_tasks(executable: Path, tmp_path: Path) -> None:
    words = ["run", str(executable), "--policy", "random", "--tables", str(tmp_path / "tables"), "--"]
    trace = [f"--tracePrefix={tmp_path}/look", "--trace=/$ns3::marl::TaskLedger/Ended"]
    assert cli.main([*words, *SMALL, *trace]) == 0
    (file,) = tmp_path.glob("look-*-run1-Ended.csv")  # the next episode has begun too
    traced = {int(row["task"]): row for row in rows(file)}
    table = pq.read_table(tmp_path / "tables" / "tasks.parquet").to_pylist()
    assert {row["task"] for row in table} == set(traced)
    for row in table:
        seen = traced[row["task"]]
        assert (row["mode"], row["outcome"]) == (seen["mode"], seen["outcome"])
        for name in ("device", "server", "channel", "retries", "fragments_sent"):
            assert row[name] == int(seen[name])


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/NodeList/*/$ns3::marl::EdgeServer/Nothing", "no trace source 'Nothing'; it has: Waiting"),
        ("/NodeList/99/$ns3::marl::EdgeServer/Waiting", "nothing in this network matches '/NodeList/99'"),
        ("/NodeList/Waiting", "expected an index"),
        (
            f"{RADIO}/Phy/PhyRxBegin",
            "PhyRxBeginTracedCallback is none of those that can be written: ns3::marl",
        ),
    ],
)
def test_what_cannot_be_traced_is_refused(executable: Path, tmp_path: Path, path: str, words: str) -> None:
    arguments = [*SMALL, f"--tracePrefix={tmp_path}/look", f"--trace={path}"]
    with Pool(executable, arguments=arguments, spares=0) as pool, pytest.raises(ConfigError) as refused:
        pool.reset()
    assert words in str(refused.value)


def test_logging_tells_why_a_task_failed(executable: Path, tmp_path: Path, logs: bool) -> None:
    components = "--log=TaskLedger=level_info|prefix_time:EdgeServer=info"
    if not logs:
        with pytest.raises(ConfigError, match="was built without logging"):
            Pool(executable, arguments=[*SMALL, components], spares=0)
        return
    slow = "--serverRates=2,2,2"
    plain, nothing = alone(executable, slow)
    logged, lines = alone(executable, slow, components)
    filed, rest = alone(executable, slow, components, f"--logFile={tmp_path}/lines.txt")
    assert plain == logged == filed
    assert (nothing, rest) == ("", "")
    assert (tmp_path / "lines-seed5-run1.txt").read_text() == lines
    ends = [line for line in lines.splitlines() if " of device " in line]
    assert all(line.startswith("+") for line in ends)
    assert len(ends) == plain["tasks_completed"] + plain["tasks_failed"]
    assert sum(": queue_expired after" in line for line in ends) == plain["failed_queue_expired"] > 0


def test_every_scenario_logs(scenario_path: Callable[[str], Path], logs: bool, tmp_path: Path) -> None:
    echo = scenario_path("echo")
    with pytest.raises(ConfigError, match="no log component 'Nonsense'" if logs else "without logging"):
        Pool(echo, arguments=["--log=Nonsense=info"], spares=0)
    with pytest.raises(ConfigError, match="expected --log with it"):
        Pool(echo, arguments=["--logFile=lines.txt"], spares=0)
    names = subprocess.run(
        [str(echo), "--logComponents"], capture_output=True, check=True, timeout=60, text=True
    )
    assert ("Simulator" in names.stdout.split()) == logs
    if not logs:
        return
    with Pool(
        echo,
        num_envs=2,
        arguments=["--ticks=2", "--log=Simulator=function", f"--logFile={tmp_path}/a.log"],
        spares=0,
    ) as pool:
        pool.reset()
    assert len(list(tmp_path.glob("a-seed*-run*.log"))) == 2
