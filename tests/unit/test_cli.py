# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from ns3marl import cli, doctor, executables, toolchain
from ns3marl.cli.exits import Exit
from ns3marl.cli.main import parser
from ns3marl.cli.options import config_for
from ns3marl.cli.parsers import GROUPS
from ns3marl.doctor import Check
from ns3marl.errors import ConfigError


def test_errors_are_one_message_and_status_two(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["train", "demo", "--set", "training.sed=1"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("ns3marl: ConfigError: --set training.sed=1: unknown option training.sed")
    assert "Traceback" not in captured.err


def test_debug_shows_the_traceback() -> None:
    with pytest.raises(ConfigError):
        cli.main(["--debug", "train", "nothing-like-it"])


@pytest.mark.parametrize("words", [[], ["fly"], ["run"], ["run", "x", "--episodes", "0"], ["evaluate"]])
def test_usage_errors_name_the_remedy(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(words)
    assert ended.value.code == 2
    assert "--help" in capsys.readouterr().err


def test_scenario_arguments_are_refused_where_they_mean_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["scenarios", "--", "--devices=3"]) == 2
    assert "takes no scenario arguments" in capsys.readouterr().err


def test_unknown_scenarios_and_runs_are_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["run", str(tmp_path / "absent")]) == 2
    assert "does not exist" in capsys.readouterr().err
    assert cli.main(["train", "--resume", str(tmp_path)]) == 2
    assert "is not a run folder" in capsys.readouterr().err
    assert cli.main(["report", str(tmp_path)]) == 2
    assert "holds neither" in capsys.readouterr().err


def test_an_experiment_is_validated_run_by_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "experiment.toml").touch()
    assert cli.main(["validate", str(tmp_path)]) == 2
    assert f"give one of its runs, such as {tmp_path / 'seed-1'}" in capsys.readouterr().err


def test_doctor_says_what_to_do(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    checks = [
        Check("cmake", True, "3.25", ">= 3.25", ""),
        Check("protoc", False, "", ">= 3.12", "install protoc"),
    ]
    monkeypatch.setattr(doctor, "diagnose", lambda: checks)
    assert cli.main(["doctor"]) == 1
    captured = capsys.readouterr().out
    assert "MISSING" in captured
    assert "protoc: install protoc" in captured
    monkeypatch.setattr(doctor, "diagnose", lambda: checks[:1])
    assert cli.main(["doctor"]) == 0


def test_scenarios_lists_what_is_built(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(executables, "all_scenarios", lambda: {"echo": [Path("/x/echo")]})
    monkeypatch.setattr(toolchain, "bundled_names", lambda: ["echo", "later"])
    assert cli.main(["scenarios"]) == 0
    assert capsys.readouterr().out == "echo   /x/echo\nlater  compiled when first used\n"
    monkeypatch.setattr(executables, "all_scenarios", dict)
    monkeypatch.setattr(toolchain, "bundled_names", list)
    assert cli.main(["scenarios"]) == 2
    assert "ns3marl build" in capsys.readouterr().err


def test_training_without_a_scenario_is_refused_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.main(["train"]) == 2
    assert "train what? Name a scenario" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_simple_policy_says_which_scenario_it_is_evaluated_on() -> None:
    assert config_for("best-snr", None, []).scenario.name == "aiot-mec"
    assert config_for("sense-greedy", None, ["training.seed=3"]).training.seed == 3
    assert config_for("best-snr", None, ["scenario.name=echo"]).scenario.name == "echo"
    assert config_for("random", "slice-lte", []).scenario.name == "slice-lte"
    with pytest.raises(ConfigError, match="'random' says no scenario: name a configuration or a scenario"):
        config_for("random", None, [])


def test_what_is_calibrated_is_the_scenario_whose_twin_has_constants(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert cli.main(["calibrate", "--cells", "many"]) == 2
    assert "cell 'many': expected devices/servers such as 50/9" in capsys.readouterr().err
    assert cli.main(["calibrate", "echo"]) == 2
    assert "'echo' has no twin that can be compared with ns-3" in capsys.readouterr().err


def test_options_are_listed_with_meaning_range_and_default(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["options", "imappo"]) == 0
    shown = capsys.readouterr().out
    assert "[imappo]  Counterfactual multi-agent PPO" in shown
    row = next(line for line in shown.splitlines() if line.split()[:1] == ["target_kl"])
    assert "float: 0 or more" in row
    assert "0.02" in row
    assert "KL divergence" in row
    assert "literal | coma | gae" in shown
    assert cli.main(["options", "pool"]) == 0
    assert "simulator without progress" in capsys.readouterr().out
    assert cli.main(["options"]) == 0
    everything = capsys.readouterr().out
    assert all(f"[{name}]" in everything for name in ("training", "maddpg", "evaluation", "groups.NAME"))
    for typed, near in (("imapo", "imappo"), ("poool", "pool")):
        assert cli.main(["options", typed]) == 2
        assert f"no section or learner {typed!r} (did you mean {near}" in capsys.readouterr().err


def test_simulators_are_served_where_only_their_needs_are_installed() -> None:
    """The image of simulators has neither PyTorch nor what reports and other libraries need."""
    absent = (
        "torch",
        "matplotlib",
        "pyarrow",
        "gymnasium",
        "pettingzoo",
        "jinja2",
        "tensorboard",
        "argcomplete",
    )
    code = (
        f"import sys; sys.modules.update(dict.fromkeys({absent}))\n"
        "from ns3marl.cli import main\n"
        "main(['serve', '--help'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "--connect" in done.stdout


# ------------------------------------------------------------------------------------------------ help and exit codes


def test_help_lists_every_command_in_its_group(capsys: pytest.CaptureFixture[str]) -> None:
    program = parser()
    groups = program.by_group()
    assert None not in groups, f"commands without a group: give add_parser(..., group=...) one of {[*GROUPS]}"
    assert [*groups] == [*GROUPS]
    with pytest.raises(SystemExit, match="0"):
        cli.main(["--help"])
    shown = capsys.readouterr().out
    for group, commands in groups.items():
        assert group is not None
        section = shown.partition(f"\n{GROUPS[group]}:\n")[2].partition("\n\n")[0]
        assert re.findall(r"^  ([a-z0-9-]+)", section, re.MULTILINE) == [*commands]
    assert {name for commands in groups.values() for name in commands} == program.commands.choices.keys()


@pytest.mark.parametrize(
    ("typed", "answer"),
    [
        ("evalute", "there is no command 'evalute' (did you mean evaluate"),
        ("new_scenario", "there is no command 'new_scenario' (did you mean new-scenario"),
        ("zzz", "there is no command 'zzz'; there are: doctor, "),
    ],
)
def test_a_command_that_does_not_exist_is_answered_with_the_nearest(
    typed: str, answer: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        cli.main(["--debug", typed, "--out", "x"])
    assert answer in capsys.readouterr().err


def test_exit_codes_are_pinned(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """What the others are given for is tested where it happens; scripts rely on the numbers."""
    assert {code.name: code.value for code in Exit} == {
        "DONE": 0,
        "MISSING": 1,
        "FAILED": 2,
        "INTERRUPTED": 130,
        "NO_READER": 141,
    }

    def stopped() -> None:
        raise KeyboardInterrupt

    def unread() -> None:
        raise BrokenPipeError

    assert cli.main(["options", "pool"]) == 0
    assert cli.main(["options", "poool"]) == 2
    monkeypatch.setattr(doctor, "diagnose", stopped)
    assert cli.main(["doctor"]) == 130
    monkeypatch.setattr(doctor, "diagnose", unread)
    assert cli.main(["doctor"]) == 141
    capsys.readouterr()
    with pytest.raises(SystemExit, match="0"):
        cli.main(["--help"])
    last = capsys.readouterr().out.strip().splitlines()[-1]
    assert last.startswith("exit codes: 0 done, ")
    assert all(f"{code.value} {code.meaning}" in last for code in Exit)
