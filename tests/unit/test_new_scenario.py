# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from ns3marl import cli, executables, home, new_scenario, toolchain
from ns3marl.errors import BuildError, ConfigError


def test_a_folder_of_four_files_under_the_new_name(tmp_path: Path) -> None:
    folder = new_scenario.create("two-cells", tmp_path)
    assert folder == tmp_path / "two-cells"
    assert sorted(path.name for path in folder.iterdir()) == [
        "CMakeLists.txt",
        "scenario.py",
        "test_two_cells.py",
        "two-cells.cc",
    ]
    text = (folder / "two-cells.cc").read_text()
    assert 'RunScenario<TwoCellsScenario>(argc, argv, "two-cells")' in text
    assert "emplate" not in text
    assert "\nns3marl_add_scenario(two-cells two-cells.cc)\n" in (folder / "CMakeLists.txt").read_text()
    compile((folder / "test_two_cells.py").read_text(), "test_two_cells.py", "exec")
    descriptor = (folder / "scenario.py").read_text()
    assert "emplate" not in descriptor
    program = folder / "build" / "bin" / "two-cells"
    program.parent.mkdir(parents=True)
    program.touch(mode=0o755)
    executables.remember_source(folder / "build", folder)
    found = home.find(program)
    assert found.name == "two-cells"
    assert found.policies.keys() == {"own-slot"}
    assert found.plots.keys() == {"deliveries"}
    assert not found.is_template


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Two", "cannot name a scenario; give lower-case letters and digits"),
        ("two_cells", "cannot name a scenario"),
        ("../two", "cannot name a scenario"),
        ("2cells", "cannot name a scenario"),
        ("two-", "cannot name a scenario"),
        ("", "cannot name a scenario"),
        ("echo", "the name 'echo' is taken"),
        ("test", "the name 'test' is taken"),
        ("there", "exists already; remove it"),
    ],
)
def test_names_that_would_not_work_are_refused(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "there").mkdir()
    with pytest.raises(ConfigError, match=message):
        new_scenario.create(name, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["there"]


def test_names_of_installed_scenarios_are_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(home, "names", lambda: ("town",))
    with pytest.raises(ConfigError, match="the name 'town' is taken"):
        new_scenario.create("town", tmp_path)


def test_the_parent_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"there is no folder .*nowhere to make two in"):
        new_scenario.create("two", tmp_path / "nowhere")


def test_the_command_says_what_comes_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.main(["new-scenario", "two"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "two/CMakeLists.txt",
        "two/scenario.py",
        "two/test_two.py",
        "two/two.cc",
        "next: ns3marl build two && ns3marl run two",
    ]
    assert cli.main(["new-scenario", "three", "--parent", str(tmp_path / "two")]) == 0
    folder = tmp_path / "two" / "three"
    assert capsys.readouterr().out.splitlines()[-1] == (
        f"next: ns3marl build {folder} && ns3marl run {folder}/build/bin/three"
    )
    assert cli.main(["new-scenario", "two"]) == 2
    assert "two exists already" in capsys.readouterr().err


def test_what_is_built_right_below_the_current_folder_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = tmp_path / "two" / "build" / "bin" / "two"
    mine.parent.mkdir(parents=True)
    mine.touch(mode=0o755)
    monkeypatch.chdir(tmp_path)
    assert executables.find_scenario("two") == mine


@pytest.mark.usefixtures("built_scenarios")
def test_further_modules_of_ns3_and_the_models_are_linked_by_name(tmp_path: Path) -> None:
    (tmp_path / "pair.cc").write_text("""\
#include "models/age-tracker.h"

#include "ns3/node-container.h"
#include "ns3/point-to-point-helper.h"

#include <iostream>

int
main()
{
    ns3::marl::AgeTracker age;
    age.Update(ns3::MilliSeconds(3), ns3::MilliSeconds(5));
    ns3::NodeContainer nodes(2);
    std::cout << ns3::PointToPointHelper().Install(nodes).GetN() << age.GetAge(ns3::MilliSeconds(7)).GetMilliSeconds();
}
""")
    cmake = tmp_path / "CMakeLists.txt"
    cmake.write_text("ns3marl_add_scenario(pair pair.cc)\nns3marl_link_ns3(pair point-to-point)\n")
    program = toolchain.build(tmp_path).scenarios["pair"]
    assert subprocess.run([program], capture_output=True, text=True, check=True).stdout == "24"
    cmake.write_text("ns3marl_add_scenario(pair pair.cc)\nns3marl_link_ns3(pair point-to-pint)\n")
    with pytest.raises(BuildError, match="point-to-pint"):
        toolchain.build(tmp_path)
