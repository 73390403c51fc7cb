# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Checkpoints that cannot be written, are damaged, or are not there yet."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from toy_game import ToyPool
from toy_runs import files_of_at_most

from ns3marl import config as configuration
from ns3marl.cli import main
from ns3marl.errors import CheckpointError
from ns3marl.training import checkpoint
from ns3marl.training.checkpoint import Progress

CONFIG = configuration.load(None, ["training.algorithm=ippo"])


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """A checkpoint after 7 updates."""
    path = tmp_path / "checkpoints" / "last.pt"
    checkpoint.save(path, configuration.team_of(CONFIG, ToyPool().spec), CONFIG, Progress(7), {})
    return path


@pytest.mark.parametrize("share", [0.0, 0.3, 0.99])
def test_a_full_disk_leaves_the_checkpoint_before(saved: Path, share: float) -> None:
    learner = configuration.team_of(CONFIG, ToyPool().spec)
    with (
        files_of_at_most(int(saved.stat().st_size * share)),
        pytest.raises(
            CheckpointError, match=r"last.pt cannot be written: .*; the one before stays: make room"
        ),
    ):
        checkpoint.save(saved, learner, CONFIG, Progress(8), {})
    assert checkpoint.load(saved).progress.updates == 7
    assert list(saved.parent.iterdir()) == [saved]


@pytest.mark.parametrize("seed", range(5))
def test_damaged_checkpoints(saved: Path, seed: int) -> None:
    rng, whole = np.random.default_rng(seed), saved.read_bytes()
    noise = [rng.bytes(int(size)) for size in rng.integers(1, 1000, 50)]
    for spoilt in (whole[: rng.integers(len(whole))], whole[:-200] + rng.bytes(200), b"", *noise):
        saved.write_bytes(spoilt)
        with pytest.raises(CheckpointError, match=r"is damaged or no checkpoint: .*; take an earlier one"):
            checkpoint.load(saved)


class Trap:
    """What a pickle would run."""

    ran = False

    def __reduce__(self) -> tuple[object, tuple[()]]:
        return Trap.spring, ()

    @staticmethod
    def spring() -> None:
        Trap.ran = True


def test_checkpoints_run_no_code(saved: Path) -> None:
    torch.save({"format": checkpoint.FORMAT, "learner": Trap()}, saved)
    with pytest.raises(CheckpointError):
        checkpoint.load(saved)
    saved.write_bytes(pickle.dumps(Trap()))
    with pytest.raises(CheckpointError):
        checkpoint.load(saved)
    assert not Trap.ran


def test_the_same_command_goes_on(
    tmp_path: Path, built_scenarios: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    settings = ("training.algorithm=ippo", "ippo.rollout_ticks=50", "training.tensorboard=false")
    command = ["train", "--continue", "--out", str(run), "--set", f"scenario.name={built_scenarios['echo']}"]
    for setting in settings:
        command += ["--set", setting]
    # Killed before its first checkpoint: it begins anew.
    run.mkdir()
    (run / "config.toml").write_text("")
    (run / "metrics.jsonl").write_text('{"ticks": 100, "update": 1}\n')
    assert main([*command, "--set", "training.ticks=200"]) == 0
    assert checkpoint.load(run).progress.ticks == 200
    assert main([*command, "--set", "training.ticks=400"]) == 0
    assert checkpoint.load(run).progress.ticks == 400
    lines = (run / "metrics.jsonl").read_text().splitlines()
    assert [line.count('"update"') for line in lines] == [1] * 4
    capsys.readouterr()
    assert main([*command, "--set", "training.ticks=400"]) == 0
    assert capsys.readouterr().out == f"done:   {run} has spent its budget\n"
    assert main([*command, "--seeds", "2"]) == 2
    assert "--continue goes with --out RUN" in capsys.readouterr().err
