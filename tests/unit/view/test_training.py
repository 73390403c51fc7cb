# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import json
import os
import socket
import subprocess
from pathlib import Path

import pytest

from ns3marl import files
from ns3marl.view.training import TrainingLog, give_way


def line(update: int) -> str:
    return json.dumps({"update": update, "ticks": 10 * update, "reward_per_tick": update / 2}) + "\n"


def test_rows_come_as_they_are_written(tmp_path: Path) -> None:
    log = TrainingLog(tmp_path)
    log.update()
    assert log.rows == []
    path = tmp_path / "metrics.jsonl"
    with path.open("a") as file:
        file.write(line(1) + line(2)[:10])
        file.flush()
        log.update()
        assert [row["update"] for row in log.rows] == [1]
        file.write(line(2)[10:])
        file.flush()
        log.update()
    assert [row["update"] for row in log.rows] == [1, 2]
    assert log.version == 1


def test_damaged_lines_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "metrics.jsonl").write_text(line(1) + "}{\n[1]\n" + line(2))
    log = TrainingLog(tmp_path)
    log.update()
    assert [row["update"] for row in log.rows] == [1, 2]


def test_a_log_that_is_written_anew_begins_again(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_text(line(1) + line(2) + line(3))
    log = TrainingLog(tmp_path)
    log.update()
    files.write(path, line(1) + line(2) + line(7) + line(8))  # as `rewind` does: another file in its place
    log.update()
    assert [row["update"] for row in log.rows] == [1, 2, 7, 8]
    assert log.version == 2


def test_what_there_is_to_play(tmp_path: Path) -> None:
    log = TrainingLog(tmp_path)
    assert (log.is_running, log.has_checkpoint) == (False, False)
    (tmp_path / ".lock").touch()
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / "last.pt").touch()
    assert (log.is_running, log.has_checkpoint) == (True, True)


def test_the_training_goes_first() -> None:
    pid = os.fork()
    if pid == 0:
        give_way()
        os._exit(os.getpriority(os.PRIO_PROCESS, 0))
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 19


def test_a_log_that_cannot_be_read_shows_nothing(tmp_path: Path) -> None:
    (tmp_path / "metrics.jsonl").mkdir()
    log = TrainingLog(tmp_path)
    log.update()
    assert log.rows == []


@pytest.mark.parametrize("rows", [0, 3])
def test_looking_twice_reads_nothing_twice(tmp_path: Path, rows: int) -> None:
    (tmp_path / "metrics.jsonl").write_text("".join(line(i) for i in range(rows)))
    log = TrainingLog(tmp_path)
    log.update()
    log.update()
    assert len(log.rows) == rows


def test_a_training_that_was_killed_does_not_run(tmp_path: Path) -> None:
    lock = tmp_path / ".lock"
    lock.write_text(f"{os.getpid()} on {socket.gethostname()}\n")
    assert TrainingLog(tmp_path).is_running
    with subprocess.Popen(["true"]) as ended:
        ended.wait()
    lock.write_text(f"{ended.pid} on {socket.gethostname()}\n")
    assert not TrainingLog(tmp_path).is_running
    lock.write_text(f"{ended.pid} on another host\n")
    assert TrainingLog(tmp_path).is_running
