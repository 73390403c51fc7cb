# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Who may know whom, and what every source carries."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import scenario_names

ROOT = Path(__file__).resolve().parents[2]
SCENARIOS = ROOT / "ns3-scenarios"
PROTOCOL = ROOT / "python" / "ns3marl" / "protocol"
GENERATED = {PROTOCOL / "lockstep_pb2.py", PROTOCOL / "lockstep_pb2.pyi"}
VENDORED = ROOT / "python" / "ns3marl" / "view" / "assets" / "vendor"
SOURCE_SUFFIXES = {
    ".cc",
    ".cmake",
    ".css",
    ".cu",
    ".h",
    ".html",
    ".j2",
    ".js",
    ".proto",
    ".py",
    ".pyi",
    ".sh",
    ".toml",
}
SOURCE_NAMES = {
    ".clang-format",
    ".clang-tidy",
    ".gitignore",
    "CMakeLists.txt",
    "Dockerfile",
    "Makefile",
    "run",
}


def tracked() -> list[Path]:
    """Every file of the checkout that git tracks or would track."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def includes(path: Path) -> set[str]:
    return set(re.findall(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', path.read_text(), flags=re.MULTILINE))


def cxx(folder: str, pattern: str = "*") -> list[Path]:
    return [path for path in (SCENARIOS / folder).rglob(pattern) if path.suffix in {".cc", ".h"}]


def test_import_contracts_hold() -> None:
    lint_imports = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([lint_imports, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_only_the_suites_know_pytest() -> None:
    package = ROOT / "python" / "ns3marl"
    imports = re.compile(r"^\s*(?:import|from) pytest\b", re.MULTILINE)
    knowing = {path.parent.name for path in package.rglob("*.py") if imports.search(path.read_text())}
    assert knowing == {"testing", "ns3marl"}  # new_scenario.py writes a test


def test_the_generic_parts_name_no_scenario() -> None:
    assert scenario_names.mentions() == []


def test_names_of_scenarios_are_found_however_they_are_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [
        "name = 'aiot-mec'",
        "import ns3marl.scenarios.cognitive_v2x",
        "class AiotMec: pass",
        "slice_lte = 1",
        '"""As ``echo`` does."""',
        "def echo(line): pass  # an English word",
        "a template of a page",
    ]
    (tmp_path / "module.py").write_text("\n".join(lines))
    monkeypatch.setattr(scenario_names, "PACKAGE", tmp_path)
    assert [mention.partition(": ")[2] for mention in scenario_names.mentions()] == lines[:5]


def test_only_the_sockets_know_zeromq() -> None:
    knowing = {path for path in cxx(".") if any("zmq" in name for name in includes(path))}
    assert knowing == {SCENARIOS / "bridge" / name for name in ("channel.cc", "ns3gym-socket.cc")}


def test_only_the_bridge_knows_the_generated_protobuf() -> None:
    knowing = {
        path
        for path in cxx(".")
        if any(".pb.h" in name or "google/protobuf" in name for name in includes(path))
    }
    assert knowing
    assert {path.parent for path in knowing} == {SCENARIOS / "bridge"}


def test_public_headers_of_the_bridge_show_neither() -> None:
    public = [SCENARIOS / "bridge" / "scenario.h"]
    seen: set[Path] = set()
    while public:
        header = public.pop()
        seen.add(header)
        names = includes(header)
        assert not [name for name in names if "zmq" in name or ".pb.h" in name or "google/" in name], header
        public += {SCENARIOS / name for name in names if name.startswith("bridge/")} - seen
    assert len(seen) >= 10


def test_bridge_and_models_do_not_know_each_other() -> None:
    for folder, other in (("bridge", "models/"), ("models", "bridge/")):
        assert not [path for path in cxx(folder) if any(name.startswith(other) for name in includes(path))]


@pytest.mark.parametrize("folder", ["bridge", "models"])
def test_headers_have_guards_of_their_own_name(folder: str) -> None:
    for header in cxx(folder, "*.h"):
        guard = f"NS3MARL_{folder}_{header.stem}_H".upper().replace("-", "_")
        assert f"#ifndef {guard}\n#define {guard}\n" in header.read_text(), header


def test_every_source_names_its_licence() -> None:
    sources = [
        p
        for p in tracked()
        if (p.suffix in SOURCE_SUFFIXES or p.name in SOURCE_NAMES)
        and p not in GENERATED
        and p.parent != VENDORED
    ]
    assert len(sources) > 20
    for path in sources:
        head = "\n".join(path.read_text().splitlines()[:4])
        licence = "GPL-2.0-only" if path.is_relative_to(SCENARIOS) else "MIT"
        assert re.search(rf"SPDX-License-Identifier: {licence}(?: -->| \*/)?\n", f"{head}\n"), path
        assert re.search(r"SPDX-FileCopyrightText: The ns3marl authors(?: -->| \*/)?\n", head), path


def test_what_others_wrote_carries_their_licence() -> None:
    files = [path for path in VENDORED.iterdir() if path.is_file()]
    assert len(files) >= 3
    for path in files:
        lines = path.read_text().splitlines()[:4]
        assert lines[1].startswith("SPDX-FileCopyrightText: "), path
        assert "SPDX-License-Identifier: MIT" in lines, path
        assert "Permission is hereby granted" in path.read_text(), path
    licences = [path.name for path in (ROOT / "LICENSES").glob("MIT-*.txt")]
    assert sorted(licences) == ["MIT-gifenc.txt", "MIT-uPlot.txt"]


# Who may be named: standards and the licences' own texts.
HOSTS = {"rfc.zeromq.org", "semver.org", "type.googleapis.com", "www.w3.org"} | {
    "tianshou.utils.net"
}  # a module


def test_no_file_names_a_machine_or_a_registry() -> None:
    own = "|".join(re.escape(f"{folder}/") for folder in {ROOT, Path.home()})
    machine = re.compile(rf"{own}|/home/[a-z]|/root[/]|/opt[/]")
    host = re.compile(r"\b[a-z0-9-]+(?:\.[a-z0-9-]+)*\.(?:org|com|io|net)\b")
    for path in tracked():
        if path.suffix in {".png", ".npz", ".pt", ".bin"}:
            continue
        text = path.read_text(errors="replace")
        assert not machine.search(text), path
        assert set(host.findall(text)) <= HOSTS, path


def test_generated_protobuf_is_up_to_date(tmp_path: Path) -> None:
    # Code from protoc 3.21 loads on every protobuf runtime from 3.20.3 on; code from a later one does not.
    version = subprocess.run(
        ["protoc", "--version"], capture_output=True, text=True, check=True
    ).stdout.strip()
    if not version.startswith("libprotoc 3.21."):
        pytest.skip(f"the committed code was made by protoc 3.21; this is {version}")
    subprocess.run(
        [
            "protoc",
            "--proto_path=proto",
            f"--python_out={tmp_path}",
            f"--pyi_out={tmp_path}",
            "ns3marl/v2/lockstep.proto",
        ],
        cwd=ROOT,
        check=True,
    )
    for path in GENERATED:
        assert path.read_bytes() == (tmp_path / "ns3marl" / "v2" / path.name).read_bytes(), "run `make proto`"
