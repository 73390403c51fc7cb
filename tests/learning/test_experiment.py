# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Several seeds in processes of their own, on a game that needs no simulator."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import threading
import time
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from rich.console import Console
from support import children, is_running
from toy_game import slow_environments, toy_environments

from ns3marl.cli.main import parser
from ns3marl.config import Config, load
from ns3marl.errors import ConfigError, Ns3MarlError
from ns3marl.evaluation import comparison, evaluate
from ns3marl.reporting import plots
from ns3marl.reporting.report import report
from ns3marl.training import checkpoint, experiment, metrics
from ns3marl.training.run import train

SETTINGS = [
    "pool.num_envs=4",
    "imappo.rollout_ticks=10",
    "training.ticks=160",
    "training.tensorboard=false",
    "training.checkpoint_every=1",
    "evaluation.episodes=6",
    "evaluation.bootstrap=200",
]


def config(*settings: str) -> Config:
    return load(None, [*SETTINGS, *settings])


def quiet() -> Console:
    return Console(file=io.StringIO())


def progressed(run: Path, ticks: int) -> bool:
    """Whether a run has a checkpoint of at least so many ticks."""
    path = run / "checkpoints" / "last.pt"
    return path.exists() and checkpoint.load(path).progress.ticks >= ticks


def weights(run: Path) -> Any:
    return torch.cat(
        [
            tensor.flatten()
            for tensor in checkpoint.load(run).team["groups"]["players"]["learned"]["actor"].values()
        ]
    )


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("experiment")
    done = experiment.train_seeds(
        config(), [1, 2, 3], folder, jobs=2, console=quiet(), make_pool=toy_environments
    )
    assert done
    return folder


def test_each_seed_leaves_the_run_that_it_leaves_alone(trained: Path, tmp_path: Path) -> None:
    assert sorted(path.name for path in trained.iterdir()) == [
        "experiment.toml",
        "seed-1",
        "seed-2",
        "seed-3",
        "seeds.json",
    ]
    train(config("training.seed=2"), tmp_path, console=quiet(), make_pool=toy_environments)
    assert weights(tmp_path).equal(weights(trained / "seed-2"))
    assert not weights(tmp_path).equal(weights(trained / "seed-1"))


def test_complete_runs_are_kept_and_seeds_can_be_added(trained: Path) -> None:
    before = (trained / "seed-1" / "checkpoints" / "last.pt").stat().st_mtime_ns
    with pytest.raises(ConfigError, match="go on with --resume"):
        experiment.train_seeds(config(), [1], trained, console=quiet(), make_pool=toy_environments)
    assert experiment.train_seeds(
        config(), [4], trained, resume=True, console=quiet(), make_pool=toy_environments
    )
    assert experiment.seeds_of(trained) == [1, 2, 3, 4]
    assert (trained / "seed-4" / "checkpoints" / "last.pt").exists()
    assert (trained / "seed-1" / "checkpoints" / "last.pt").stat().st_mtime_ns == before


def test_ctrl_c_stops_all_runs_and_they_go_on_as_if_never_stopped(tmp_path: Path) -> None:
    folder, options = tmp_path / "stopped", config("training.ticks=400")

    def press() -> None:
        while not all(progressed(folder / f"seed-{seed}", 1) for seed in (1, 2)):
            time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=press, daemon=True).start()
    assert not experiment.train_seeds(
        options, [1, 2], folder, jobs=2, console=quiet(), make_pool=slow_environments
    )
    stopped = [checkpoint.load(folder / f"seed-{seed}").progress.ticks for seed in (1, 2)]
    assert all(0 < ticks < 400 for ticks in stopped)
    with pytest.raises(ConfigError, match="is unfinished: seed 1, 2 has not spent its budget"):
        experiment.members(str(folder))
    assert experiment.train_seeds(
        options, [], folder, resume=True, console=quiet(), make_pool=toy_environments
    )
    train(options, tmp_path / "whole", console=quiet(), make_pool=toy_environments)
    assert weights(folder / "seed-1").equal(weights(tmp_path / "whole"))
    assert [row["update"] for row in metrics.read(folder / "seed-1")] == list(range(1, 11))


def test_runs_stop_with_a_checkpoint_when_their_parent_is_killed(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from toy_game import slow_environments; "
        "from ns3marl.config import load; from ns3marl.training.experiment import train_seeds; "
        "train_seeds(load(None, sys.argv[2:]), [1], Path(sys.argv[1]), make_pool=slow_environments)"
    )
    settings = [*SETTINGS, "training.ticks=100000", "training.checkpoint_every=2"]
    path = os.pathsep.join([str(Path(__file__).parents[1]), *filter(None, sys.path)])
    parent = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path), *settings],
        env={**os.environ, "PYTHONPATH": path},
        stderr=subprocess.DEVNULL,
    )
    try:
        while not progressed(tmp_path / "seed-1", 80):
            assert parent.poll() is None
            time.sleep(0.05)
        runs = children(parent.pid)
        assert runs
    finally:
        parent.kill()
        parent.wait()
    until = time.monotonic() + 30
    while alive := [pid for pid in runs if is_running(pid)]:
        assert time.monotonic() < until, alive
        time.sleep(0.05)
    # The first regular checkpoint is that of tick 80: this one was written because of the stop.
    assert checkpoint.load(tmp_path / "seed-1").progress.ticks > 80


def test_a_run_that_fails_is_named_and_the_others_end(tmp_path: Path) -> None:
    (tmp_path / "seed-2").mkdir()
    (tmp_path / "seed-2" / "checkpoints").mkdir()
    (tmp_path / "seed-2" / "checkpoints" / "last.pt").write_bytes(b"garbage")
    (tmp_path / "experiment.toml").touch()
    (tmp_path / "seeds.json").write_text("[1]")
    with pytest.raises(Ns3MarlError, match="is damaged or no checkpoint"):
        experiment.train_seeds(
            config(), [2], tmp_path, resume=True, console=quiet(), make_pool=toy_environments
        )
    other = tmp_path / "other"
    bad = config("scenario.name=/nowhere/to/be/found")
    with pytest.raises(Ns3MarlError, match=r"2 of 2 runs failed.*seed 1: .*does not exist"):
        experiment.train_seeds(bad, [1, 2], other, console=quiet())


def test_seeds_that_would_mislead_are_refused(tmp_path: Path) -> None:
    for seeds in ([], [1, 1], [0]):
        with pytest.raises(ConfigError, match="expected different numbers above 0"):
            experiment.train_seeds(config(), seeds, tmp_path, console=quiet())
    with pytest.raises(ConfigError, match="trained on"):
        experiment.train_seeds(config(), [1, 1001], tmp_path, console=quiet())


def test_an_experiment_is_one_entry_of_the_evaluation(trained: Path, tmp_path: Path) -> None:
    policies = [str(trained), "random", str(trained / "seed-1")]
    evaluate.evaluate(config(), policies, tmp_path, console=quiet(), make_pool=toy_environments)
    results = comparison.read(tmp_path)
    assert results is not None
    imappo, random, alone = results["policies"]
    seeds = experiment.seeds_of(trained)
    assert [p["name"] for p in results["policies"]] == ["imappo", "random", f"imappo:{trained.name}"]
    assert (imappo["seeds"], random["seeds"], alone["seeds"]) == (seeds, [], [1])
    assert np.shape(imappo["values"]["score"]) == (len(seeds), 6)
    assert imappo["values"]["score"][0] == alone["values"]["score"][0]
    assert not imappo["central"]
    row = results["summary"]["random"]["reward_per_tick"]
    assert 0 <= row["improvement"]["low"] <= row["improvement"]["value"] <= row["improvement"]["high"] <= 1
    assert row["iqm"]["low"] <= row["iqm"]["value"] <= row["iqm"]["high"]
    lines = (tmp_path / "episodes.csv").read_text().splitlines()
    assert len(lines) == 1 + 6 * (len(seeds) + 2)
    assert lines[1].startswith("imappo,,1,1,")


def test_the_report_of_an_experiment_shows_bands(trained: Path) -> None:
    evaluate.evaluate(
        config(),
        [str(trained), "random"],
        trained / "evaluation",
        console=quiet(),
        make_pool=toy_environments,
    )
    page = report(trained).read_text()
    assert "Learning curves" in page
    text = (trained / "report.md").read_text()
    assert "own observation" in text
    assert "P(imappo earns more)" in text
    assert "IQM of" in text
    assert (trained / "plots" / "learning-curves.png").stat().st_size > 2000


def test_curves_meet_at_common_ticks() -> None:
    runs = [
        [{"ticks": 10.0 * (i + 1), "reward_per_tick": float(i)} for i in range(4)],
        [{"ticks": 20.0 * (i + 1), "reward_per_tick": float(10 * i)} for i in range(3)],
    ]
    ticks, rewards = plots.common_ticks(runs, 2)
    assert ticks.tolist() == [20, 40]
    assert rewards.tolist() == [[0.5, 2.5], [0, 10]]


def test_seeds_are_a_list_or_a_count(capsys: pytest.CaptureFixture[str]) -> None:
    parse = parser().parse_args
    assert parse(["train", "--seeds", "3"]).seeds == (1, 2, 3)
    assert parse(["train", "--seeds", "4,2"]).seeds == (4, 2)
    assert parse(["train", "--seeds", "7,"]).seeds == (7,)
    with pytest.raises(SystemExit):
        parse(["train", "--seeds", "0"])
    assert "expected 1 or more" in capsys.readouterr().err


class RecordedRun:
    def __init__(self, calls: list[Any]) -> None:
        self.calls = calls

    def define_metric(self, name: str, step_metric: str) -> None:
        self.calls.append(("define", name, step_metric))

    def log(self, row: dict[str, float]) -> None:
        self.calls.append(("log", row))

    def finish(self) -> None:
        self.calls.append(("finish",))


def test_weights_and_biases_gets_every_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[Any] = []

    def init(**arguments: Any) -> RecordedRun:
        calls.append(("init", arguments))
        return RecordedRun(calls)

    monkeypatch.setitem(sys.modules, "wandb", types.SimpleNamespace(init=init))
    options = config("training.wandb=true", "training.ticks=80")
    train(options, tmp_path / "run", console=quiet(), make_pool=toy_environments)
    more = config("training.wandb=true")
    train(more, tmp_path / "run", resume=True, console=quiet(), make_pool=toy_environments)
    begun = [call[1] for call in calls if call[0] == "init"]
    assert begun[0] | {"config": ""} == begun[1] | {
        "config": ""
    }  # the second sitting goes on in the same run
    assert begun[0]["resume"] == "allow"
    assert begun[0]["dir"] == str(tmp_path / "run")
    assert [call[1] for call in calls if call[0] == "log"] == metrics.read(tmp_path / "run")
    assert [call[0] for call in calls].count("finish") == 2
    assert ("define", "*", "ticks") in calls


def test_missing_weights_and_biases_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "wandb", None)
    with pytest.raises(ConfigError, match=r"install the extra ns3marl\[wandb\]"):
        train(config("training.wandb=true"), tmp_path, console=quiet(), make_pool=toy_environments)
