# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Two trainings at once: never in one folder, and each in a folder of its own where none was named."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest
from toy_game import ToyPool
from toy_runs import config, contents, quiet, run, toy_pool

from ns3marl.cli.options import new_folder, tidied
from ns3marl.config import Config
from ns3marl.errors import ConfigError
from ns3marl.training import experiment
from ns3marl.training.claim import FILE, claimed
from ns3marl.training.run import train
from ns3marl.types import Actions, Batch

_HOLDER = """
import os, sys, time
from pathlib import Path
from ns3marl.training.claim import claimed
with claimed(Path(sys.argv[1])):
    print(os.getpid(), flush=True)
    time.sleep(60)
"""


@pytest.mark.report("M1")
@pytest.mark.parametrize("resume", [False, True])
def test_a_second_training_is_refused_while_the_first_runs(tmp_path: Path, resume: bool) -> None:
    folder, inside, going_on = tmp_path / "run", threading.Event(), threading.Event()

    class Waiting(ToyPool):
        def step(self, actions: Sequence[Actions]) -> Batch:
            inside.set()
            assert going_on.wait(30)
            return super().step(actions)

    def waiting(options: Config, seed: int, num_envs: int, first_run: int) -> ToyPool:
        del options
        return Waiting(num_envs=num_envs, seed=seed, first_run=first_run, ticks=10)

    if resume:
        run(folder, "training.ticks=20")
    first = threading.Thread(
        target=lambda: train(config(), folder, resume=resume, console=quiet(), make_pool=waiting)
    )
    first.start()
    assert inside.wait(30)
    before = contents(folder)
    try:
        for again in (False, True):
            with pytest.raises(
                ConfigError, match=rf"run is being trained by process {os.getpid()} on .*--out"
            ):
                run(folder, resume=again)
        assert contents(folder) == before
    finally:
        going_on.set()
        first.join()
    run(folder, "training.ticks=80", resume=True)
    assert not (folder / FILE).exists()


@pytest.mark.report("M1")
def test_an_experiment_is_trained_once_at_a_time(tmp_path: Path) -> None:
    with claimed(tmp_path), pytest.raises(ConfigError, match="is being trained by process"):
        experiment.train_seeds(config(), [1], tmp_path, console=quiet(), make_pool=toy_pool)
    assert not list(tmp_path.iterdir())


@pytest.mark.report("M1")
def test_a_crash_releases_the_folder(tmp_path: Path) -> None:
    environment = os.environ | {"PYTHONPATH": ":".join(path for path in sys.path if path)}
    command = [sys.executable, "-c", _HOLDER, str(tmp_path)]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        pid = int(holder.stdout.readline())
        with pytest.raises(ConfigError, match=f"is being trained by process {pid} "), claimed(tmp_path):
            pass
        holder.send_signal(signal.SIGKILL)
    assert (tmp_path / FILE).exists()
    with claimed(tmp_path):
        pass


@pytest.mark.report("P6")
def test_folders_without_a_name_are_taken_one_by_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    folders: list[Path] = []
    options = config("scenario.name=echo")
    takers = [threading.Thread(target=lambda: folders.append(new_folder(options))) for _ in range(20)]
    for taker in takers:
        taker.start()
    for taker in takers:
        taker.join()
    assert len(set(folders)) == 20
    assert all(folder.is_dir() and folder.name.startswith("echo-ippo-") for folder in folders)


@pytest.mark.report("P6")
def test_a_folder_of_nothing_goes_again(tmp_path: Path) -> None:
    empty, full = tmp_path / "empty", tmp_path / "full"
    for folder in (empty, full):
        folder.mkdir()
    (full / "file").touch()
    for folder in (empty, full):
        with pytest.raises(ConfigError), tidied(folder):
            raise ConfigError
    assert list(tmp_path.iterdir()) == [full]
