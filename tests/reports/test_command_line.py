# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The command line: whose fault a refusal is, what was probably meant, and words in any order."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ns3marl import cli, executables
from ns3marl.cli.main import parser
from ns3marl.cli.options import print_table
from ns3marl.config import load
from ns3marl.errors import ConfigError, LaunchError


@pytest.fixture
def two_scenarios(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`three-tier` and `echo` are built, and nothing else."""
    for name in ("three-tier", "echo"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setattr(executables, "_preferred_folders", list)
    monkeypatch.setattr(executables, "_equal_folders", lambda: [tmp_path])


@pytest.mark.report("M17", "T12")
@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            ["training.seed=2", "training.tickz=5", "pool.num_envs=1"],
            "--set training.tickz=5: unknown option",
        ),
        (
            ["training.seed=2", "pool.num_envs=0"],
            r"--set pool.num_envs=0: pool.num_envs: expected more than 0",
        ),
        (
            ["training.seed=2", "polo.num_envs=3"],
            r"--set polo.num_envs=3: unknown section polo \(did you mean pool",
        ),
        (
            ["pool.spares=x", "training.seed=2", "pool.spares=y"],
            "--set pool.spares=y: pool.spares: expected a whole",
        ),
        (
            ["groups.a.clip=-1", "training.seed=2"],
            "--set groups.a.clip=-1: groups.a.clip: expected more than 0",
        ),
        (
            ["groups.a.algorithm=3", "training.seed=2"],
            "--set groups.a.algorithm=3: groups.a.algorithm: expected a",
        ),
    ],
)
def test_the_setting_that_is_refused_is_named(settings: list[str], message: str) -> None:
    with pytest.raises(ConfigError, match=f"^{message}"):
        load(None, settings)


@pytest.mark.report("M17")
def test_a_file_is_blamed_for_what_it_says_itself(tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text("[pool]\nnum_envs = 0\n")
    with pytest.raises(ConfigError, match=r"^.*/c.toml: pool.num_envs: expected more than 0"):
        load(tmp_path / "c.toml", ["training.seed=2", "pool.spares=2"])


@pytest.mark.report("T12")
@pytest.mark.usefixtures("two_scenarios")
def test_names_that_are_near_and_no_others(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["train", "three-teir"]) == 2
    assert "no configuration or scenario 'three-teir' (did you mean three-tier?)" in capsys.readouterr().err
    with pytest.raises(LaunchError, match=r"\(near names: three-tier\)"):
        executables.find_scenario("three-teir")
    with pytest.raises(LaunchError, match=r"\(there are: echo, three-tier\)"):
        executables.find_scenario("zzz")


@pytest.mark.report("T12")
def test_arguments_of_the_scenario_are_recognised_as_such(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        cli.main(["run", "x", "--ticks=5"])
    error = capsys.readouterr().err
    assert "stands at the end, behind `--`: ns3marl run … -- --ticks=5" in error
    assert "usage: ns3marl run" in error
    with pytest.raises(SystemExit, match="2"):
        cli.main(["report", "x", "--ticks=5"])
    assert "behind `--`" not in capsys.readouterr().err


@pytest.mark.report("T12")
@pytest.mark.parametrize(
    ("words", "name", "value"),
    [
        ("evaluate a --episodes 2 b --out x c", "policies", ["a", "b", "c"]),
        ("train --seeds 2 demo --out x", "config", "demo"),
        ("train --out x", "config", None),
        ("keys --debug", "", None),
        ("keys folder a", "names", ["a"]),
        ("run --seed 3 echo --policy default", "scenario", "echo"),
    ],
)
def test_words_stand_in_any_order(words: str, name: str, value: object) -> None:
    if not name:
        with pytest.raises(SystemExit):
            parser().parse_args(words.split())
        return
    assert getattr(parser().parse_args(words.split()), name) == value


@pytest.mark.report("T12")
def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        cli.main(["--version"])
    assert capsys.readouterr().out.startswith("ns3marl ")


@pytest.mark.report("T7")
def test_tables_show_units_and_not_markup(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(["latency [ms]", "[bold]"], [["[s]", "[/]"], ["[red]x", "y"]])
    shown = capsys.readouterr().out
    for cell in ("latency [ms]", "[bold]", "[s]", "[/]", "[red]x"):
        assert cell in shown


@pytest.mark.report("T7")
def test_what_doctor_finds_is_no_markup(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from ns3marl import doctor  # noqa: PLC0415

    monkeypatch.setattr(
        doctor, "diagnose", lambda: [doctor.Check("ns-3", True, "/usr/[x]/3.44", ">= 3.40", "")]
    )
    assert cli.main(["doctor"]) == 0
    assert "/usr/[x]/3.44" in capsys.readouterr().out


def test_commands_that_draw_nothing_import_no_plots() -> None:
    code = "import sys; from ns3marl.cli import main; main(['doctor']); sys.exit('matplotlib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
