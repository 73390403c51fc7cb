# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""A disk that is full, or a place where nothing can be written: what it was, what is left, and what to do."""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from toy_game import ToyPool, toy_spec
from toy_runs import COMMAND, config, contents, files_of_at_most, quiet, read_only, run, toy_pool

from ns3marl import files
from ns3marl.cli import main
from ns3marl.config import Config
from ns3marl.errors import CheckpointError, Ns3MarlError, OutputError
from ns3marl.evaluation.evaluate import evaluate
from ns3marl.evaluation.tables import TableWriter
from ns3marl.reporting.report import report
from ns3marl.training import checkpoint, metrics
from ns3marl.training.run import train
from ns3marl.types import Actions, Batch


def curve(folder: Path) -> list[tuple[float, float]]:
    return [(row["ticks"], row["reward_per_tick"]) for row in metrics.read(folder)]


@pytest.mark.report("M2")
@pytest.mark.report("M19")
@pytest.mark.parametrize("size_bytes", [0, 50, 900, 20_000])
def test_full_at_the_start(tmp_path: Path, size_bytes: int) -> None:
    folder = tmp_path / "run"
    with files_of_at_most(size_bytes), pytest.raises(Ns3MarlError, match=r" cannot be written: .*make room"):
        run(folder)
    assert not (folder / "config.toml").exists()
    run(folder)  # the same command again, when there is room
    assert checkpoint.load(folder).progress.ticks == 60


@pytest.mark.report("M2")
def test_full_in_the_middle(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    with ExitStack() as disk:

        class Filling(ToyPool):
            steps = 0

            def step(self, actions: Sequence[Actions]) -> Batch:
                self.steps += 1
                if self.steps == 15:
                    disk.enter_context(files_of_at_most((folder / metrics.FILE).stat().st_size + 20))
                return super().step(actions)

        def filling(options: Config, seed: int, num_envs: int, first_run: int) -> ToyPool:
            del options
            return Filling(num_envs=num_envs, seed=seed, first_run=first_run, ticks=10)

        with pytest.raises(
            OutputError,
            match=r"metrics.jsonl cannot be written: File too large; make room. The last checkpoint stays: .*--resume",
        ):
            train(config(), folder, console=quiet(), make_pool=filling)
    run(folder, resume=True)
    run(tmp_path / "whole")
    assert curve(folder) == curve(tmp_path / "whole")


@pytest.mark.report("M2")
def test_event_files_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from torch.utils.tensorboard import SummaryWriter  # noqa: PLC0415 - takes a second to import

    def full(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(SummaryWriter, "add_scalar", full)
    with pytest.raises(
        OutputError, match=r"tensorboard cannot be written: No space left on device; make room"
    ):
        run(tmp_path, "training.tensorboard=true")


@pytest.mark.report("M2")
def test_there_is_a_checkpoint_before_the_first_update(tmp_path: Path) -> None:
    class Ending(ToyPool):
        def step(self, actions: Sequence[Actions]) -> Batch:
            del actions
            raise KeyboardInterrupt

    def ending(options: Config, seed: int, num_envs: int, first_run: int) -> ToyPool:
        del options
        return Ending(num_envs=num_envs, seed=seed, first_run=first_run, ticks=10)

    with pytest.raises(KeyboardInterrupt):
        train(config(), tmp_path / "run", console=quiet(), make_pool=ending)
    assert checkpoint.load(tmp_path / "run").progress.ticks == 0
    run(tmp_path / "run", resume=True)
    run(tmp_path / "whole")
    assert curve(tmp_path / "run") == curve(tmp_path / "whole")


@pytest.mark.report("M19")
@pytest.mark.report("M2")
@pytest.mark.parametrize("size_bytes", [0, 100])
def test_a_resumption_on_a_full_disk_changes_nothing(tmp_path: Path, size_bytes: int) -> None:
    run(tmp_path, "training.ticks=40")
    before = contents(tmp_path)
    with (
        files_of_at_most(size_bytes),
        pytest.raises(OutputError, match=r"cannot be written: File too large; make room"),
    ):
        run(tmp_path, resume=True)
    assert contents(tmp_path) == before
    run(tmp_path, resume=True)
    assert [ticks for ticks, _ in curve(tmp_path)] == [20, 40, 60]


@pytest.mark.report("M19")
def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "file"
    files.write(path, "before\n")
    with (
        files_of_at_most(3),
        pytest.raises(OutputError, match=r"file cannot be written: File too large; make room. That is kept"),
    ):
        files.write(path, "after", "That is kept")
    assert contents(tmp_path) == {"folder/file": b"before\n"}
    files.write(path, b"after")
    assert contents(tmp_path) == {"folder/file": b"after"}


@pytest.mark.report("M19")
def test_results_and_reports_are_replaced_whole(tmp_path: Path) -> None:
    def compare(episodes: int) -> Path:
        options = config(f"evaluation.episodes={episodes}")
        return evaluate(options, ["random"], tmp_path, console=quiet(), make_pool=toy_pool)

    compare(2)
    report(tmp_path)
    before = contents(tmp_path)
    with files_of_at_most(100):
        with pytest.raises(OutputError, match=r"results.json cannot be written"):
            compare(3)
        with pytest.raises(OutputError, match=r"metrics.png cannot be written"):
            report(tmp_path)
    assert contents(tmp_path) == before


@pytest.mark.report("M2")
def test_tables_on_a_full_disk(tmp_path: Path) -> None:
    with (
        files_of_at_most(100),
        pytest.raises(OutputError, match=r"parquet cannot be written: .*make room"),
        TableWriter(tmp_path / "tables", toy_spec()),
    ):
        pass


# ------------------------------------------------------------------------------------------- where nothing can be written


@pytest.mark.report("M4")
def test_read_only_places(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    closed = tmp_path / "closed"
    closed.mkdir()
    folder = run(closed / "run", "training.ticks=40", "scenario.name=toy", "scenario.backend=toy_runs:make")
    before = contents(closed)
    monkeypatch.chdir(closed)
    evaluation = ["--set", "evaluation.backend=toy_runs:make"]
    commands = {
        "a training": (["train", *COMMAND], "runs"),
        "a resumption": (["train", "--resume", str(folder), "--set", "training.ticks=80"], str(folder)),
        "an evaluation": (["evaluate", str(folder), "random", *evaluation], str(folder / "evaluation")),
        "a report": (["report", str(folder)], "learning-curve.png"),
        "tables": (
            [
                "evaluate",
                "random",
                *COMMAND,
                *evaluation,
                "--out",
                str(tmp_path / "e"),
                "--tables",
                str(closed / "t"),
            ],
            str(closed / "t"),
        ),
    }
    for what, (command, named) in commands.items():
        with read_only(closed):
            assert main(command) == 2, what
        said = capsys.readouterr().err
        remedy = "--tables" if what == "tables" else "--out"
        assert "OutputError: " in said, what
        assert named in said, what
        assert "cannot be written: Permission denied; make it writable, or choose another" in said, what
        assert remedy in said, what
    assert contents(closed) == before
    with read_only(closed):
        assert main(["report", str(folder), "--out", str(tmp_path / "elsewhere")]) == 0
    assert (tmp_path / "elsewhere" / "report.html").exists()


@pytest.mark.report("M35")
def test_files_and_dangling_links_in_the_way(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, link = tmp_path / "file", tmp_path / "link"
    file.touch()
    link.symlink_to("nowhere")
    evaluation = ["evaluate", "random", *COMMAND, "--set", "evaluation.backend=toy_runs:make"]
    for place in (file, link, file / "below"):
        for command in (
            ["train", *COMMAND, "--out"],
            [*evaluation, "--out"],
            [*evaluation, "--out", str(tmp_path / "e"), "--tables"],
        ):
            assert main([*command, str(place)]) == 2
            said = capsys.readouterr().err
            assert f"OutputError: {place} cannot be written: " in said
            assert (
                f"choose another {'folder with --tables' if '--tables' in command else 'place with --out'}"
                in said
            )


@pytest.mark.report("M4")
def test_a_checkpoint_that_cannot_be_written_says_what_is_left(tmp_path: Path) -> None:
    (tmp_path / "checkpoints").touch()
    with pytest.raises(CheckpointError, match=r"last.pt cannot be written: .*; there is none before it"):
        run(tmp_path)
