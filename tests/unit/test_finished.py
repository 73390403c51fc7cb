# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""``ns3marl compare``: evaluations of the same episodes are taken as they are, everything else is played."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from matplotlib.figure import Figure
from toy_runs import COMMAND

from ns3marl import home as homes
from ns3marl.cli import main
from ns3marl.evaluation import comparison, evaluate, finished
from ns3marl.home import ScenarioHome
from ns3marl.reporting import plots, report

TWIN = ["--set", "evaluation.backend=toy_runs:make"]


@pytest.fixture(autouse=True)
def toy_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(homes, "find", lambda _: ScenarioHome(name="toy"))


@pytest.fixture
def unreported(monkeypatch: pytest.MonkeyPatch) -> None:
    """No report is drawn, which takes seconds."""
    monkeypatch.setattr(report, "report", lambda folder: folder / "report.html")


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs of different learners, `a` and `b`."""
    folder = tmp_path_factory.mktemp("trained")
    for name, learner in (("a", "ippo"), ("b", "imappo")):
        settings = ["--set", f"training.algorithm={learner}", "--set", f"{learner}.rollout_ticks=10"]
        assert main(["train", *COMMAND, *TWIN, *settings, "--out", str(folder / name)]) == 0
    return folder


@pytest.fixture
def runs(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the two runs, in the current folder."""
    shutil.copytree(trained, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def plays(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Who plays from now on."""
    played: list[str] = []
    whole = evaluate.play

    def play(policy: Any, name: str, *arguments: Any) -> comparison.PolicyResult:
        played.append(name)
        return whole(policy, name, *arguments)

    monkeypatch.setattr(evaluate, "play", play)
    return played


def results(folder: Path) -> dict[str, Any]:
    found = comparison.read(folder)
    assert found is not None
    return found


def test_runs_that_were_not_evaluated_play_and_then_never_again(
    runs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    played = plays(monkeypatch)
    assert main(["compare", "a", "b", "random", "--out", "first"]) == 0
    assert played == ["ippo", "imappo", "random"]
    shown = capsys.readouterr().out
    assert "minus ippo" in shown
    assert "P(ippo earns more)" in shown
    assert "report: first/report.html" in shown
    for name in ("a", "b"):
        assert main(["evaluate", name, "random", "default"]) == 0
    played.clear()
    capsys.readouterr()
    assert main(["compare", "a", "b", "random", "--out", "second"]) == 0
    assert played == []
    assert "nothing is played again; from a/evaluation, b/evaluation" in capsys.readouterr().err
    first, second = results(runs / "first"), results(runs / "second")
    assert second["summary"] == first["summary"]
    assert second["evaluations"] == ["a/evaluation", "b/evaluation"]
    assert [
        {**policy, "ticks_per_s": 0} for policy in second["policies"]
    ] == [{**policy, "ticks_per_s": 0} for policy in first["policies"]]  # fmt: skip
    assert (runs / "second" / "report.html").exists()
    assert (runs / "second" / "episodes.csv").read_text() == (runs / "first" / "episodes.csv").read_text()


@pytest.mark.usefixtures("runs")
def test_the_report_shows_how_the_compared_policies_learned(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    drawn: dict[str, Any] = {}
    whole = plots.learning_bands

    def draw(curves: Mapping[str, Any], references: dict[str, float]) -> Figure:
        drawn.update(curves)
        return whole(curves, references)

    monkeypatch.setattr(plots, "learning_bands", draw)
    assert main(["compare", "a", "b/checkpoints/last.pt", "random", "--out", "c"]) == 0
    assert {name: [len(run) for run in runs] for name, runs in drawn.items()} == {"ippo": [3]}
    assert main(["compare", "a", "b", "random", "--out", "d"]) == 0
    assert list(drawn) == ["ippo", "imappo"]
    assert Path("d/plots/learning-curves.png").exists()
    drawn.clear()
    shutil.rmtree("a")
    assert main(["report", "d"]) == 0  # of the trainings that are still there
    assert list(drawn) == ["imappo"]


@pytest.mark.usefixtures("runs", "unreported")
def test_evaluations_stand_for_all_their_policies(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("a", "b"):
        assert main(["evaluate", name, "random", "default"]) == 0
    capsys.readouterr()
    played = plays(monkeypatch)
    assert main(["compare", "b", "a/evaluation", "--out", "c", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [policy["name"] for policy in told["policies"]] == ["imappo", "ippo", "random", "default"]
    assert told["reference"] == "imappo"
    assert played == []


@pytest.mark.usefixtures("runs", "unreported")
def test_what_was_trained_on_since_or_played_other_episodes_plays(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evaluate", "a", "random"]) == 0
    assert main(["evaluate", "b", "random", "--set", "evaluation.seed=77"]) == 0
    played = plays(monkeypatch)
    assert main(["compare", "a", "b", "--out", "c"]) == 0
    assert played == ["ippo", "imappo"]
    assert main(["compare", "a", "b/evaluation", "--out", "d"]) == 2
    assert (
        "b/evaluation: not all that is compared was evaluated on the same episodes" in capsys.readouterr().err
    )
    assert not Path("d").exists()
    assert main(["evaluate", "b", "random"]) == 0
    played.clear()
    assert main(["compare", "a", "b", "--out", "e"]) == 0
    assert played == []
    assert main(["train", "--resume", "b", "--set", "training.ticks=80"]) == 0
    assert main(["compare", "a", "b", "--out", "f"]) == 0
    assert played == ["ippo", "imappo"]


@pytest.mark.usefixtures("runs", "unreported")
def test_runs_of_several_seeds_are_one_policy_from_several_evaluations(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = ["--set", "training.algorithm=ippo", "--set", "training.seed=2"]
    assert main(["train", *COMMAND, *TWIN, *settings, "--out", "a2"]) == 0
    assert main(["evaluate", "a", "random"]) == 0
    assert main(["evaluate", "a2", "random"]) == 0
    played = plays(monkeypatch)
    assert main(["compare", "a", "random", "a2", "--out", "c"]) == 0
    assert played == []
    learner, simple = results(Path("c"))["policies"]
    assert (learner["name"], learner["seeds"], simple["name"]) == ("ippo", [1, 2], "random")
    assert learner["values"]["score"] == [
        results(Path(run) / "evaluation")["policies"][0]["values"]["score"][0] for run in ("a", "a2")
    ]
    # An experiment, as `train --seeds 1,2` leaves it.
    shutil.copytree("a", "both-seeds/seed-1", ignore=shutil.ignore_patterns("evaluation"))
    shutil.copytree("a2", "both-seeds/seed-2", ignore=shutil.ignore_patterns("evaluation"))
    shutil.copy("a/config.toml", "both-seeds/experiment.toml")
    Path("both-seeds/seeds.json").write_text("[1, 2]")
    assert main(["evaluate", "both-seeds", "random"]) == 0
    played.clear()
    assert main(["compare", "random", "both-seeds", "--out", "x"]) == 0
    assert played == []
    assert results(Path("x"))["evaluations"] == ["both-seeds/evaluation"]
    assert results(Path("x"))["policies"][1]["values"] == learner["values"]
    # One evaluation of both: a part of it is not taken, as shares of actions are known of the whole only.
    assert main(["evaluate", "a", "a2", "--out", "both"]) == 0
    shutil.rmtree("a/evaluation")
    played.clear()
    assert main(["compare", "both", "random", "--out", "d"]) == 2  # random is not in it
    assert main(["compare", "a", "a2", "both", "--out", "e"]) == 2
    assert "there is only 'ippo' to compare" in capsys.readouterr().err
    assert main(["compare", "a2", "random", "--out", "f"]) == 0
    assert played == []


@pytest.mark.usefixtures("runs", "unreported")
def test_options_of_the_evaluation_make_it_play(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a", "b"):
        assert main(["evaluate", name, "random"]) == 0
    played = plays(monkeypatch)
    assert main(["compare", "a", "b", "--episodes", "3", "--out", "c"]) == 0
    assert played == ["ippo", "imappo"]
    assert results(Path("c"))["episodes"] == 3


@pytest.mark.usefixtures("runs", "unreported")
def test_one_policy_is_no_comparison(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", "a"]) == 2
    assert "there is only 'ippo' to compare: name a second run" in capsys.readouterr().err
    assert main(["compare", "a", "nothing"]) == 2
    assert "no policy 'nothing'" in capsys.readouterr().err
    assert not Path("runs").exists()


def test_results_of_earlier_versions_are_not_taken(tmp_path: Path) -> None:
    (tmp_path / "evaluation").mkdir()
    (tmp_path / "evaluation" / comparison.FILE).write_text(
        '{"manifest": {}, "policies": [{"name": "random"}]}'
    )
    assert finished.common([str(tmp_path)]) is None
