# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The toolchain against real CMake, Ninja and compilers, in small folders."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ns3marl import executables, toolchain
from ns3marl.errors import BuildError

SCENARIO = """\
#include "bridge/scenario.h"
#include "models/task.h"

#include <iostream>

int
main()
{
    std::cout << "ns-3 " << NS3MARL_NS3_VERSION << std::endl;
    return 0;
}
"""


def make_ns3(prefix: Path, library: str, contents: str = "", target: str | None = None) -> Path:
    """A folder that looks like an installed ns-3: the headers' entrance and the core library."""
    (prefix / "include" / "ns3").mkdir(parents=True)
    (prefix / "include" / "ns3" / "core-module.h").touch()
    (prefix / "lib").mkdir()
    file = prefix / "lib" / (target or library)
    file.write_bytes(b"\0".join(line.encode() for line in ["ELF", *contents.split(), ""]))
    if target:
        (prefix / "lib" / library).symlink_to(target)
    return prefix


@pytest.mark.parametrize(
    ("library", "target", "contents", "version", "profile"),
    [
        ("libns3.44-core.so", None, "", "3.44", "release"),
        ("libns3.44-core.so", None, "Breakpoint", "3.44", "release"),
        ("libns3.43-core-default.so", None, "BreakpointFallback", "3.43", "default+log"),
        ("libns3.46.1-core-optimized.so", None, "", "3.46.1", "optimized"),
        ("libns3-dev-core-debug.so", None, "BreakpointFallback", "dev", "debug+log"),
        ("libns3-core.so", "libns3-core.so.43", "", "3.43", "release"),
    ],
    ids=["release", "names-of-log-components", "self-built", "patch-release", "development-tree", "debian"],
)
@pytest.mark.parametrize("nested", [False, True], ids=["prefix", "source-tree"])
def test_ns3_root_is_read_from_library_names(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    library: str,
    target: str | None,
    contents: str,
    version: str,
    profile: str,
    nested: bool,
) -> None:
    root = make_ns3(tmp_path / "build" if nested else tmp_path, library, contents, target)
    monkeypatch.setenv("NS3_ROOT", str(tmp_path))
    assert toolchain.find_ns3() == toolchain.Ns3Installation("root", version, profile, root)


def test_ns3_of_this_python_or_system_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NS3_ROOT", raising=False)
    found = toolchain.find_ns3()
    assert found.kind in {"wheel", "system"}
    assert tuple(map(int, found.version.split("."))) >= (3, 43)
    assert found.profile.split("+")[0] == "release"
    assert (found.root / "include" / "ns3" / "core-module.h").is_file()


@pytest.mark.parametrize(
    ("library", "target"),
    [("libns3.42-core.so", None), ("libns3-core.so", "libns3-core.so.37")],
    ids=["self-built", "debian"],
)
def test_ns3_too_old_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, library: str, target: str | None
) -> None:
    make_ns3(tmp_path, library, "", target)
    monkeypatch.setenv("NS3_ROOT", str(tmp_path))
    version = "3.42" if target is None else "3.37"
    with pytest.raises(BuildError) as caught:
        toolchain.find_ns3()
    words = " ".join(str(caught.value).split())
    assert f"ns-3 {version} was found in {tmp_path}, but 3.43 or later is needed." in words
    assert "Remedy: install the wheel" in words
    assert "NS3_ROOT" in words


def test_missing_ns3_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NS3_ROOT", str(tmp_path))
    with pytest.raises(BuildError) as caught:
        toolchain.find_ns3()
    words = " ".join(str(caught.value).split())
    assert f"ns-3 was not found. Looked at - NS3_ROOT, {tmp_path}" in words
    assert "Remedy: install the wheel" in words


def test_building_without_ns3_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NS3_ROOT", str(tmp_path / "nothing"))
    with pytest.raises(BuildError, match="configuring failed") as caught:
        toolchain.build(build_dir=tmp_path / "build")
    assert "ns-3 was not found" in str(caught.value)
    assert "cmake -S" in str(caught.value)
    assert "remedy:" in str(caught.value)


def test_a_folder_becomes_scenarios(tmp_path: Path, built_scenarios: dict[str, Path]) -> None:
    assert "echo" in built_scenarios
    (tmp_path / "first.cc").write_text(SCENARIO)
    lines: list[str] = []
    result = toolchain.build(tmp_path, echo=lines.append)
    assert list(result.scenarios) == ["first"]
    assert result.build_dir == tmp_path / "build"
    ran = subprocess.run([result.scenarios["first"]], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == f"ns-3 {toolchain.find_ns3().version}"
    assert any("first.cc" in line for line in lines)

    # A second build compiles nothing; a new file is noticed.
    lines.clear()
    toolchain.build(tmp_path, echo=lines.append)
    assert not any("Building CXX" in line for line in lines)
    (tmp_path / "second.cc").write_text(SCENARIO)
    assert list(toolchain.build(tmp_path).scenarios) == ["first", "second"]


@pytest.mark.usefixtures("built_scenarios")
def test_a_folder_may_bring_its_own_cmake(tmp_path: Path) -> None:
    (tmp_path / "main.cc").write_text(SCENARIO)
    (tmp_path / "CMakeLists.txt").write_text("ns3marl_add_scenario(mine main.cc)\n")
    assert list(toolchain.build(tmp_path).scenarios) == ["mine"]


@pytest.mark.usefixtures("built_scenarios")
def test_compiler_errors_name_the_users_line(tmp_path: Path) -> None:
    (tmp_path / "broken.cc").write_text(SCENARIO.replace("return 0;", "return nothing;"))
    with pytest.raises(BuildError, match="compiling failed with exit status 1") as caught:
        toolchain.build(tmp_path)
    message = str(caught.value)
    assert f"{tmp_path}/broken.cc:10:12: error: " in message
    assert "command: " in message
    assert "remedy: mend what the compiler names" in message


def test_a_missing_or_empty_folder_is_refused(tmp_path: Path, built_scenarios: dict[str, Path]) -> None:
    assert built_scenarios
    with pytest.raises(BuildError, match=r"there is no folder .*nowhere to build"):
        toolchain.build(tmp_path / "nowhere")
    with pytest.raises(BuildError) as caught:
        toolchain.build(tmp_path)
    assert "has no *.cc file and no CMakeLists.txt: nothing to build" in " ".join(str(caught.value).split())


@pytest.mark.usefixtures("built_scenarios")
def test_builds_at_the_same_time_wait_for_each_other(tmp_path: Path) -> None:
    (tmp_path / "shared.cc").write_text(SCENARIO)
    code = (
        f"from ns3marl import toolchain; from pathlib import Path; toolchain.build(Path({str(tmp_path)!r}))"
    )
    builds = [
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        for _ in range(3)
    ]
    assert [(process.communicate()[0], process.returncode) for process in builds] == [(b"", 0)] * 3
    assert (tmp_path / "build" / "bin" / "shared").is_file()


def test_missing_tools_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("NS3MARL_SCENARIO_PATH", raising=False)
    with pytest.raises(BuildError, match=r"^cmake is not on the path; install it, .*apt-get install cmake"):
        toolchain.build(build_dir=tmp_path / "build")


def test_sources_must_be_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executables, "REPOSITORY", tmp_path)
    with pytest.raises(BuildError, match=r"this copy of the package has no C\+\+ sources; install it with"):
        toolchain.build()
