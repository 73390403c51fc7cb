# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Checkpoints that are no checkpoints, or not those of this training: refused, each by its cause."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch
from toy_game import ToyPool, toy_spec
from toy_runs import config, run

from ns3marl.config import Config, team_of
from ns3marl.errors import CheckpointError, ConfigError
from ns3marl.training import checkpoint
from ns3marl.training.checkpoint import Progress


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """A checkpoint."""
    path = tmp_path / "last.pt"
    checkpoint.save(path, team_of(config(), toy_spec()), config(), Progress(7), {})
    return path


def changed(path: Path, change: Any) -> None:
    """Writes a checkpoint again with something else in it."""
    content = torch.load(path, weights_only=True)
    change(content)
    torch.save(content, path)


class Trap:
    """What a pickle would run."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, ("sprung",)


@pytest.mark.report("M6")
def test_code_is_refused_in_words_of_our_own(
    tmp_path: Path, saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    changed(saved, lambda content: content.update(learner=Trap()))
    with pytest.raises(
        CheckpointError, match=r"which could run code when it is read, and is not read here"
    ) as refusal:
        checkpoint.load(saved)
    assert "weights_only" not in str(refusal.value)
    assert "option" not in str(refusal.value)
    assert not Path("sprung").exists()


@pytest.mark.report("M7")
def test_claims_are_refused_before_memory_is_taken(saved: Path) -> None:
    whole = saved.read_bytes()
    changed(saved, lambda content: content.update(more=torch.zeros(1).expand(8_000_000_000)))
    with pytest.raises(CheckpointError, match="it claims tensors that it does not hold"):
        checkpoint.load(saved)
    saved.write_bytes(whole)
    with zipfile.ZipFile(saved) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(saved, "w", zipfile.ZIP_DEFLATED) as bomb:
        for name, content in parts.items():
            bomb.writestr(name, content + bytes(50_000_000 if name.endswith("data/0") else 0))
    with pytest.raises(
        CheckpointError, match=r"it claims 5\d{7} bytes of content, but has \d{5,6}; take an earlier"
    ):
        checkpoint.load(saved)


@pytest.mark.report("M7")
def test_pipes_and_devices_are_no_checkpoints(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo.pt")
    for path in (tmp_path / "fifo.pt", Path("/dev/zero")):
        with pytest.raises(CheckpointError, match=r"is damaged or no checkpoint: it is no regular file"):
            checkpoint.load(path)


@pytest.mark.report("M7")
def test_weights_of_another_version_are_told_of_as_such(saved: Path) -> None:
    def rename(content: dict[str, Any]) -> None:
        learned = content["team"]["groups"]["players"]["learned"]
        learned["former"] = learned.pop(next(iter(learned)))

    changed(saved, rename)
    with pytest.raises(
        CheckpointError, match=r"that this version of its algorithm makes .*; use the version that wrote it"
    ):
        checkpoint.load(saved).policy(toy_spec())


@pytest.mark.report("M5")
@pytest.mark.parametrize(
    "progress",
    [
        3,
        {"updates": "x", "ticks": 1, "wall_s": 1.0, "ended": []},
        {"updates": -1, "ticks": 1, "wall_s": 1.0, "ended": []},
        {"updates": 1, "ticks": 1, "wall_s": float("nan"), "ended": []},
        {"updates": 1, "ticks": None, "wall_s": 1.0, "ended": []},
        {"updates": 1, "ticks": 1, "wall_s": 1.0, "ended": 3},
        {"updates": 1, "ticks": 1, "wall_s": 1.0, "ended": [3]},
    ],
)
def test_progress_that_is_none_is_damage(saved: Path, progress: Any) -> None:
    changed(saved, lambda content: content.update(progress=progress))
    with pytest.raises(CheckpointError, match="it is damaged"):
        checkpoint.load(saved)


@pytest.mark.report("M34")
def test_another_algorithm_is_named_at_resume(tmp_path: Path) -> None:
    run(tmp_path, "training.ticks=40")
    with pytest.raises(
        CheckpointError,
        match=r"group 'players' was trained by ippo, this training uses ppo; set training.algorithm = \"ippo\"",
    ):
        run(tmp_path, "training.algorithm=ppo", resume=True)


@pytest.mark.report("M34")
def test_a_resumed_run_keeps_its_seed(tmp_path: Path) -> None:
    run(tmp_path, "training.ticks=40")
    with pytest.raises(
        ConfigError,
        match=r"was begun with training.seed=1, which a resumed run keeps, not 7; .*--from .*training.seed=7",
    ):
        run(tmp_path, "training.seed=7", resume=True)


def spoil(team: Any) -> None:
    with torch.no_grad():
        next(team.learners[0].actor.parameters()).fill_(float("nan"))


@pytest.mark.report("M34")
def test_weights_that_are_no_numbers_are_not_taken_up(saved: Path) -> None:
    def spoil_weights(content: dict[str, Any]) -> None:
        def fill(value: Any) -> None:
            for one in value.values() if isinstance(value, dict) else []:
                if isinstance(one, torch.Tensor) and one.is_floating_point():
                    one.fill_(float("nan"))
                else:
                    fill(one)

        fill(content["team"]["groups"]["players"]["learned"])

    changed(saved, spoil_weights)
    found = checkpoint.load(saved)
    for use in (
        lambda: found.policy(toy_spec()),
        lambda: found.restore(team_of(config(), toy_spec())),
        lambda: found.begin(team_of(config(), toy_spec()), config()),
    ):
        with pytest.raises(
            CheckpointError,
            match=r"weights of group 'players' that are no numbers \(NaN\): its training diverged",
        ):
            use()


@pytest.mark.report("M34")
def test_a_training_that_diverges_keeps_its_last_good_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(tmp_path, "training.ticks=20")
    whole = checkpoint.save
    spoilt = False

    def save(path: Path, team: Any, options: Config, progress: Progress, position: dict[str, Any]) -> None:
        nonlocal spoilt
        if progress.updates == 3 and not spoilt:
            spoilt = True
            spoil(team)
        whole(path, team, options, progress, position)

    monkeypatch.setattr(checkpoint, "save", save)
    with pytest.raises(
        CheckpointError, match=r"diverged: weights of group 'players' are no numbers \(NaN\) after 3 updates"
    ):
        run(tmp_path, resume=True)
    assert checkpoint.load(tmp_path).progress.updates == 2
    assert checkpoint.load(tmp_path).policy(ToyPool().spec) is not None
