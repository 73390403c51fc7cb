# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""``--json``: one document on the standard output, everything else on the standard error."""

from __future__ import annotations

import argparse
import io
import json
import math
from pathlib import Path
from typing import Any

import pytest
from toy_runs import COMMAND

from ns3marl import cli, doctor, executables, toolchain
from ns3marl import home as homes
from ns3marl.cli.documents import print_document
from ns3marl.cli.main import parser
from ns3marl.doctor import Check
from ns3marl.fidelity import report as fidelity_report
from ns3marl.fidelity import validate
from ns3marl.home import ScenarioHome
from ns3marl.launch import environments

#: Commands that print results.
WITH_JSON = {"run", "evaluate", "compare", "validate", "scenarios", "options", "doctor"}
TOY = [*COMMAND, "--set", "evaluation.backend=toy_runs:make"]


@pytest.fixture
def toy_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(homes, "find", lambda _: ScenarioHome(name="toy"))


def document(capsys: pytest.CaptureFixture[str], *words: str, status: int = 0) -> dict[str, Any]:
    """What a command prints with ``--json``: nothing but the document."""
    assert cli.main([*words, "--json"]) == status
    content: dict[str, Any] = json.loads(capsys.readouterr().out)
    return content


def test_these_commands_have_it() -> None:
    found = {name for name, command in parser().commands.choices.items() if "--json" in command.options()}
    assert found >= WITH_JSON


def test_values_that_json_does_not_know() -> None:
    stream = io.StringIO()
    values = {"nan": math.nan, "inf": [math.inf, 1.5], "path": Path("a/b"), "tuple": (1, None, True)}
    print_document(argparse.Namespace(document=stream), values)
    assert json.loads(stream.getvalue()) == {
        "nan": None,
        "inf": [None, 1.5],
        "path": "a/b",
        "tuple": [1, None, True],
    }


def test_doctor(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    check = Check("protoc", False, "", ">= 3.12", "install protoc")
    monkeypatch.setattr(doctor, "diagnose", lambda: [check])
    assert document(capsys, "doctor", status=1) == {
        "ok": False,
        "checks": [
            {"name": "protoc", "ok": False, "found": "", "wanted": ">= 3.12", "remedy": "install protoc"}
        ],
    }


def test_scenarios(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(executables, "all_scenarios", lambda: {"echo": [Path("/x/echo")]})
    monkeypatch.setattr(toolchain, "bundled_names", lambda: ["later"])
    assert document(capsys, "scenarios") == {
        "scenarios": [{"name": "echo", "executables": ["/x/echo"]}, {"name": "later", "executables": []}]
    }


def test_options(capsys: pytest.CaptureFixture[str]) -> None:
    (section,) = document(capsys, "options", "imappo")["sections"]
    assert section["name"] == "imappo"
    option = next(one for one in section["options"] if one["name"] == "target_kl")
    assert option["default"] == 0.02
    assert option["allowed"] == "float: 0 or more"
    assert "KL divergence" in option["meaning"]
    assert len(document(capsys, "options")["sections"]) > 5


@pytest.mark.usefixtures("toy_home")
def test_run(capsys: pytest.CaptureFixture[str]) -> None:
    told = document(capsys, "run", "toy", "--episodes", "3", "--seed", "5", *TOY)
    assert (told["policy"], told["seed"], told["runs"]) == ("random", 5, [1, 2, 3])
    reward = told["metrics"]["reward_per_tick"]
    assert reward["higher_is_better"] is True
    assert len(reward["values"]) == 3
    assert reward["low"] <= reward["mean"] <= reward["high"]
    assert reward["mean"] == pytest.approx(sum(reward["values"]) / 3)


@pytest.mark.usefixtures("toy_home")
def test_what_others_print_goes_to_the_standard_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    opened = environments.open_pool

    def loud(*arguments: Any) -> Any:
        print("a policy's own words")
        return opened(*arguments)

    monkeypatch.setattr(environments, "open_pool", loud)
    assert cli.main(["run", "toy", *TOY, "--json"]) == 0
    captured = capsys.readouterr()
    json.loads(captured.out)
    assert captured.err == "a policy's own words\n"
    assert cli.main(["run", "toy", *TOY]) == 0
    assert capsys.readouterr().out.startswith("a policy's own words\n")


@pytest.mark.usefixtures("toy_home")
def test_evaluate_and_compare(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["random", "default", *TOY, "--out", str(tmp_path)]
    for command in ("evaluate", "compare"):
        told = document(capsys, command, *words)
        assert [policy["name"] for policy in told["policies"]] == ["random", "default"]
        assert told["summary"]["default"]["reward_per_tick"]["improvement"]["value"] is not None
        assert told["verdict"].startswith("random earns ")
        assert (told["folder"], told["report"]) == (str(tmp_path), str(tmp_path / "report.html"))


def test_validate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Episodes of both sides take ns-3; what they give is read from the folder in any case."""
    results = {"policy": "random", "verdict": "within", "policies": {}}
    monkeypatch.setattr(validate, "validate", lambda *_, **__: tmp_path)
    monkeypatch.setattr(fidelity_report, "read", lambda _: results)
    monkeypatch.setattr(fidelity_report, "report", lambda folder: folder / "report.html")
    words = ["validate", "best-snr", "--against", "random", "--out", str(tmp_path)]
    assert document(capsys, *words) == {
        **results,
        "folder": str(tmp_path),
        "report": str(tmp_path / "report.html"),
    }


def test_an_error_leaves_the_standard_output_empty(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["options", "imapo", "--json"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "did you mean imappo" in captured.err
