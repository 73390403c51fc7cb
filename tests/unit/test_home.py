# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Descriptors of scenarios: bundled, beside the sources of a built scenario, and of installed packages."""

from __future__ import annotations

import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from ns3marl import config, executables, home
from ns3marl.errors import ConfigError
from ns3marl.home import ScenarioHome

DESCRIPTOR = """\
from ns3marl.home import ScenarioHome, SimplePolicy


class Mine:
    pass


HOME = ScenarioHome(
    name="net",
    policies={"mine": SimplePolicy(make=Mine), "other": SimplePolicy(make="more.py:Other")},
    plots={"lines": "ns3marl.plotting:pretty"},
)
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's folder of sources with the built scenario `net`; the folder above it is the current one."""
    folder = tmp_path / "net"
    program = folder / "build" / "bin" / "net"
    program.parent.mkdir(parents=True)
    program.touch(mode=0o755)
    executables.remember_source(folder / "build", folder)
    (folder / "scenario.py").write_text(DESCRIPTOR)
    (folder / "more.py").write_text("class Other:\n    pass\n")
    (folder / "configs").mkdir()
    (folder / "configs" / "fast.toml").write_text('[scenario]\nname = "net"\n')
    monkeypatch.chdir(tmp_path)
    return folder


def test_every_bundled_scenario_has_a_descriptor_of_its_name() -> None:
    sources = executables.REPOSITORY / "ns3-scenarios" / "scenarios"
    assert {path.stem for path in sources.glob("*.cc")} <= set(home.bundled())
    for name, found in home.bundled().items():
        assert home.find(name) == found
        assert found.folder is not None
        assert found.folder.name == name.replace("-", "_")


def test_everything_that_a_bundled_descriptor_names_is_there() -> None:
    for found in home.bundled().values():
        made = [policy.make for policy in found.policies.values()]
        for reference in (*made, *found.plots.values(), found.twin, found.fidelity):
            if reference is not None:
                assert found.load(reference) is not None


def test_descriptors_import_neither_torch_nor_matplotlib() -> None:
    code = (
        "import sys; from ns3marl import home; home.bundled(); home.configurations(); "
        "print([name for name in ('torch', 'matplotlib', 'zmq') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_built_scenario_brings_what_stands_beside_its_sources(folder: Path) -> None:
    for asked in ("net", folder / "build" / "bin" / "net"):
        found = home.find(asked)
        assert found.name == "net"
        assert found.folder == folder
        assert found.load(found.policies["mine"].make).__name__ == "Mine"
        assert found.load(found.policies["other"].make).__name__ == "Other"
        assert found.load(found.plots["lines"])("a_b") == "a b"
    assert home.configurations()["fast"] == folder / "configs" / "fast.toml"
    assert config.load("fast").scenario.name == "net"
    assert "net" in [one.name for one in home.homes()]


def test_a_changed_descriptor_is_read_again(folder: Path) -> None:
    first = home.find("net")
    assert home.find("net").policies == first.policies
    (folder / "scenario.py").write_text(DESCRIPTOR.replace('"mine"', '"renamed"') + "\n# changed\n")
    assert "renamed" in home.find("net").policies


def test_scenarios_without_a_descriptor_have_an_empty_one(folder: Path) -> None:
    assert home.find("nobody") == ScenarioHome(name="nobody")
    (folder / "scenario.py").unlink()
    assert home.find("net") == ScenarioHome(name="net")


def test_a_folder_of_several_scenarios_has_a_tuple_of_descriptors(folder: Path) -> None:
    both = "HOME = (ScenarioHome(name='net'), ScenarioHome(name='town', metrics=('a',)))\n"
    (folder / "scenario.py").write_text(f"from ns3marl.home import ScenarioHome\n{both}")
    (folder / "build" / "bin" / "town").touch(mode=0o755)
    assert home.find("town").metrics == ("a",)
    assert home.find("net").metrics == ()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("HOME = \n", r"scenario\.py cannot be imported: SyntaxError: .*scenario\.py, line 1\); mend it"),
        (
            "import nothing_like_it\n",
            r"scenario\.py cannot be imported: ModuleNotFoundError: .*scenario\.py, line 1",
        ),
        (
            "1 / 0\n",
            r"scenario\.py cannot be imported: ZeroDivisionError: division by zero \(.*scenario\.py, line 1",
        ),
        ("x = 1\n", r"scenario\.py: expected HOME = ScenarioHome\(name=…\).*, found None"),
        ("HOME = 'net'\n", r"scenario\.py: expected HOME = .*, found 'net'"),
        (
            "from ns3marl.home import ScenarioHome\nHOME = ScenarioHome('net')\n",
            r"scenario\.py cannot be imported: TypeError: ",
        ),
    ],
)
def test_a_broken_descriptor_is_named_with_its_file_and_line(folder: Path, text: str, words: str) -> None:
    (folder / "scenario.py").write_text(text)
    with pytest.raises(ConfigError, match=words):
        home.find("net")


@pytest.mark.parametrize(
    ("reference", "words"),
    [
        ("absent.py:Other", r"scenario 'net' names 'absent.py:Other', but there is no file .*absent\.py"),
        ("more.py:Nothing", "more.py has no 'Nothing'; write module:attribute"),
        ("more.py", "more.py has no ''; write module:attribute"),
        ("no.such.module:x", "names 'no.such.module:x' cannot be imported: ModuleNotFoundError"),
    ],
)
def test_references_that_lead_nowhere_are_refused(folder: Path, reference: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        home.find(folder / "build" / "bin" / "net").load(reference)


def test_installed_packages_bring_scenarios_by_entry_point(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "their_town"
    (package / "configs").mkdir(parents=True)
    (package / "configs" / "town-fast.toml").write_text('[scenario]\nname = "town"\n')
    (package / "__init__.py").write_text(
        "from ns3marl.home import ScenarioHome\nHOME = ScenarioHome(name='town', metrics=('delay',))\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    given = {"town": "their_town:HOME", "village": "their_town:HOME", "broken": "their_absent:HOME"}
    points = tuple(metadata.EntryPoint(name, value, home.GROUP) for name, value in given.items())
    monkeypatch.setattr(metadata, "entry_points", lambda group: points if group == home.GROUP else ())
    assert home.find("town").metrics == ("delay",)
    assert home.find("town").configurations()["town-fast"].is_file()
    assert {"town", "echo"} <= set(home.names())
    with pytest.raises(ConfigError, match=r"entry point 'village' = .* is of 'town'; let both have"):
        home.find("village")
    with pytest.raises(
        ConfigError, match=r"entry point 'broken' = 'their_absent:HOME' .* cannot be imported"
    ):
        home.find("broken")
