# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""What building and running need, what of it is there, and how to get the rest."""

from __future__ import annotations

import importlib.metadata
import platform
import re
import subprocess
from dataclasses import dataclass

from ns3marl import build_tools, executables, toolchain
from ns3marl.errors import Ns3MarlError


@dataclass(frozen=True)
class Check:
    """One line of `ns3marl doctor`."""

    name: str
    ok: bool
    found: str
    wanted: str
    remedy: str
    """What to do where `ok` is false; empty otherwise."""


def diagnose() -> list[Check]:
    """Everything that building and running need: what is there, what is wanted, and how to get it."""
    checks = [
        _check_python(),
        _check_command("C++ compiler", ["c++", "-dumpfullversion", "-dumpversion"], (11,), "g++"),
        _check_command("cmake", ["cmake", "--version"], (3, 25), "cmake"),
        _check_command("ninja", ["ninja", "--version"], (1, 10), "ninja-build"),
        _check_command("pkg-config", ["pkg-config", "--version"], (0, 29), "pkg-config"),
        _check_command("protoc", ["protoc", "--version"], (3, 12), "protobuf-compiler"),
        _check_command("libprotobuf", ["pkg-config", "--modversion", "protobuf"], (3, 12), "libprotobuf-dev"),
        _check_command("libzmq", ["pkg-config", "--modversion", "libzmq"], (4, 3), "libzmq3-dev"),
        _check_command("cppzmq", ["pkg-config", "--modversion", "cppzmq"], (4, 7), "cppzmq-dev"),
        _check_ns3(),
    ]
    if (executables.source_root() / "ns3-scenarios" / "test").is_dir():
        checks.append(
            _check_command("GoogleTest", ["pkg-config", "--modversion", "gtest"], (1, 11), "libgtest-dev")
        )
    return [
        *checks,
        *(_check_package(name, minimum) for name, minimum in _requirements()),
        _check_scenarios(),
    ]


def _version_tuple(text: str) -> tuple[int, ...]:
    match = re.search(r"\d+(?:\.\d+)*", text)
    return tuple(int(part) for part in match.group().split(".")) if match else ()


def _check_version(name: str, found: str, minimum: tuple[int, ...], remedy: str) -> Check:
    ok = _version_tuple(found) >= minimum
    wanted = f">= {'.'.join(map(str, minimum))}" if minimum else "any"
    return Check(name, ok and bool(found), found or "not found", wanted, "" if ok and found else remedy)


def _check_python() -> Check:
    return _check_version("Python", platform.python_version(), (3, 10), "install Python 3.10 or later")


def _check_scenarios() -> Check:
    wanted = "at least one"
    built = ", ".join(executables.scenarios())
    if not built and toolchain.bundled_names():
        return Check(
            "scenarios", ok=True, found="none yet: compiled when first used", wanted=wanted, remedy=""
        )
    return Check("scenarios", bool(built), built or "none built", wanted, "" if built else "ns3marl build")


def _check_command(name: str, command: list[str], minimum: tuple[int, ...], package: str) -> Check:
    found = ""
    tool = build_tools.find_tool(command[0])
    if tool:
        done = subprocess.run([tool, *command[1:]], capture_output=True, text=True, check=False)
        match = re.search(r"\d+(?:\.\d+)+|\d+", done.stdout) if done.returncode == 0 else None
        found = match.group() if match else ""
    return _check_version(name, found, minimum, f"sudo apt-get install {package}")


def _check_ns3() -> Check:
    wanted = ">= 3.43"
    try:
        ns3 = toolchain.find_ns3()
    except Ns3MarlError as error:
        return Check("ns-3", ok=False, found="not usable", wanted=wanted, remedy=str(error))
    return Check(
        "ns-3",
        ok=True,
        found=f"{ns3.version} ({ns3.kind}, {ns3.profile}, {ns3.root})",
        wanted=wanted,
        remedy="",
    )


def _requirements() -> list[tuple[str, tuple[int, ...]]]:
    """This package's own dependencies with their least versions."""
    lines = importlib.metadata.requires("ns3marl") or []
    matches = [re.match(r"([\w-]+)>=([\d.]+)$", line) for line in lines]
    return [(match[1], _version_tuple(match[2])) for match in matches if match]


def _check_package(name: str, minimum: tuple[int, ...]) -> Check:
    try:
        found = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        found = ""
    least = ".".join(map(str, minimum))
    return _check_version(name, found, minimum, f"pip install '{name}>={least}'")
