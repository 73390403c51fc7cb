# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""An installation by pip has no C++ sources, so no scenario can be built; the demo installs what only tests need."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

from ns3marl import executables, toolchain
from ns3marl.errors import BuildError

ROOT = Path(__file__).resolve().parents[2]
CPP = "ns3marl/cpp"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of packages that holds what the wheel of this checkout holds."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "wheel", "-q", "--disable-pip-version-check"]
    subprocess.run([*pip, "--no-deps", "-w", folder, ROOT], check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def tracked(*folders: str) -> set[str]:
    listed = subprocess.run(
        ["git", "ls-files", *folders], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return set(listed.stdout.split())


@pytest.mark.report("P22")
def test_the_wheel_carries_the_cpp_sources_as_they_stand_in_the_checkout(site: Path) -> None:
    left_out = tuple(f"ns3-scenarios/{name}/" for name in ("cmake/tests", "fuzz", "test", "validation"))
    wanted = {name for name in tracked("ns3-scenarios", "proto") if not name.startswith(left_out)}
    carried = {str(path.relative_to(site / CPP)) for path in (site / CPP).rglob("*") if path.is_file()}
    assert carried == wanted
    for name in wanted:
        assert (site / CPP / name).read_bytes() == (ROOT / name).read_bytes(), name


@pytest.mark.report("P22")
def test_the_wheel_carries_configurations_the_twin_and_both_licences(site: Path) -> None:
    package = {name.removeprefix("python/") for name in tracked("python/ns3marl")}
    assert {name for name in package if not (site / name).is_file()} == set()
    (info,) = site.glob("ns3marl-*.dist-info")
    metadata = Parser().parsestr((info / "METADATA").read_text(encoding="utf-8"))
    assert metadata["License-Expression"] == "MIT AND GPL-2.0-only"
    for name in ("MIT", "GPL-2.0-only"):
        text = (ROOT / "LICENSES" / f"{name}.txt").read_bytes()
        assert (info / "licenses" / "LICENSES" / f"{name}.txt").read_bytes() == text


def run(site: Path, home: Path, code: str) -> str:
    """What a program prints for which the installed package is found first, in an empty home."""
    home.mkdir(exist_ok=True)
    environment = os.environ | {"PYTHONPATH": str(site), "HOME": str(home), "XDG_CACHE_HOME": ""}
    environment.pop(executables.SCENARIO_PATH_VARIABLE, None)
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, cwd=home, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.report("P22")
def test_an_installed_package_builds_in_the_cache_of_the_user(site: Path, tmp_path: Path) -> None:
    code = "from ns3marl import executables as e; print(e.source_root()); print(e.bundled_build_dir())"
    root, build_dir = map(Path, run(site, tmp_path / "home", code).split())
    assert root == site / CPP
    assert build_dir.parent == tmp_path / "home" / ".cache" / "ns3marl"
    (info,) = site.glob("ns3marl-*.dist-info")
    assert build_dir.name.startswith(f"{info.name.removeprefix('ns3marl-').removesuffix('.dist-info')}-")


@pytest.mark.report("P22")
def test_what_the_wheel_carries_can_be_built(site: Path, tmp_path: Path) -> None:
    sources = site / CPP / "ns3-scenarios"
    configure = ["cmake", "-S", str(sources), "-B", str(tmp_path), "-G", "Ninja"]
    options = [f"-DNS3MARL_PYTHON={sys.executable}", "-DNS3MARL_BUILD_TESTS=OFF"]
    subprocess.run([*configure, *options], check=True, capture_output=True)
    tool = ["ninja", "-C", str(tmp_path), "-t", "commands", "scenarios"]
    commands = subprocess.run(tool, check=True, capture_output=True, text=True).stdout
    assert all(f" bin/{path.stem} " in commands for path in (sources / "scenarios").glob("*.cc"))


@pytest.mark.report("P22")
def test_a_bundled_scenario_is_compiled_when_it_is_first_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    scenarios = tmp_path / "ns3-scenarios" / "scenarios"
    scenarios.mkdir(parents=True)
    (scenarios / "hello.cc").touch()
    monkeypatch.setattr(executables, "REPOSITORY", tmp_path)
    monkeypatch.chdir(tmp_path)
    built = []

    def build(only: list[str], echo: object) -> None:
        assert echo is not None
        built.extend(only)
        program = executables.bundled_build_dir() / "bin" / only[0]
        program.parent.mkdir(parents=True)
        program.touch(mode=0o755)

    monkeypatch.setattr(toolchain, "build", build)
    for _ in range(2):
        assert toolchain.provide("hello") == tmp_path / "build" / "scenarios" / "bin" / "hello"
    assert built == ["hello"]
    said = capsys.readouterr()
    assert said.out == ""  # it may be a command's result
    assert "compiling hello" in said.err


@pytest.mark.report("P22")
def test_another_version_removes_what_the_one_before_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(executables, "CARRIED", tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(tmp_path))
    current = executables.bundled_build_dir()
    earlier = current.with_name(f"0.0.1-{current.name.rpartition('-')[2]}")
    elses = current.with_name("0.0.1-00000000")  # of another Python environment
    for folder in (current, earlier, elses):
        (folder / "bin").mkdir(parents=True)
    (tmp_path / "ns3-scenarios").mkdir()
    (tmp_path / "ns3-scenarios" / "CMakeLists.txt").touch()
    with pytest.raises(BuildError):  # there is no CMake on the path
        toolchain.build()
    assert sorted(current.parent.iterdir()) == sorted([current, elses])


def dry_run(folder: Path, *words: str) -> str:
    """The commands of ``make`` in a checkout where nothing is installed yet."""
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, folder)
    return subprocess.run(
        ["make", "-n", *words], cwd=folder, capture_output=True, text=True, check=True
    ).stdout


@pytest.mark.report("P23")
@pytest.mark.parametrize("torch", [[], ["TORCH=system"]], ids=["pinned", "system"])
def test_the_demo_installs_what_the_demo_needs(tmp_path: Path, torch: list[str]) -> None:
    commands = dry_run(tmp_path, "demo", *torch)
    assert "-e .\n" in commands
    assert "libgtest" not in commands
    assert "oracles" not in commands
    assert "[dev" not in commands
    assert "bin/ns3marl demo" in commands
    assert "-e '.[dev,docs,oracles]'" in dry_run(tmp_path, "test", *torch)


@pytest.mark.report("P23")
def test_nothing_pins_what_does_not_fit_the_distributions_torch(tmp_path: Path) -> None:
    commands = dry_run(tmp_path, "demo", "TORCH=system")
    (line,) = (line for line in commands.splitlines() if line.startswith("grep -vE '^("))
    subprocess.run(
        ["bash", "-c", line.replace(".venv/stamps/", "")[: line.rindex(">")]], cwd=tmp_path, check=True
    )
    kept = subprocess.run(
        ["bash", "-c", line.partition(" >")[0]], cwd=tmp_path, check=True, capture_output=True, text=True
    ).stdout
    names = {name.partition("==")[0] for name in kept.splitlines() if "==" in name}
    assert not names & {"torch", "sympy", "stable_baselines3", "torchrl", "tensordict"}
    assert {"numpy", "matplotlib", "pytest"} <= names


@pytest.mark.report("P23")
def test_what_tests_compare_with_is_in_an_extra_of_its_own(site: Path) -> None:
    (info,) = site.glob("ns3marl-*.dist-info")
    metadata = Parser().parsestr((info / "METADATA").read_text(encoding="utf-8"))
    for name in ("stable-baselines3", "torchrl"):
        (line,) = (line for line in metadata.get_all("Requires-Dist", []) if line.startswith(name))
        assert line.endswith("extra == 'oracles'")
