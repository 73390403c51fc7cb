# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""What ``ns3marl doctor`` finds here, and what it says of what is missing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ns3marl import doctor, executables


def test_doctor_finds_what_the_tests_use(scenario_path: Callable[[str], Path]) -> None:
    assert scenario_path("echo").is_file()
    checks = {check.name: check for check in doctor.diagnose()}
    assert {
        "Python",
        "C++ compiler",
        "cmake",
        "ninja",
        "protoc",
        "libzmq",
        "ns-3",
        "numpy",
        "pyzmq",
        "torch",
    } <= set(checks)
    assert [check for check in checks.values() if not check.ok] == []
    assert all(check.remedy == "" for check in checks.values())
    assert "echo" in checks["scenarios"].found


def test_doctor_names_remedies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("NS3MARL_SCENARIO_PATH", raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(executables, "REPOSITORY", tmp_path)
    checks = {check.name: check for check in doctor.diagnose()}
    assert checks["ninja"] == doctor.Check(
        "ninja", ok=False, found="not found", wanted=">= 1.10", remedy="sudo apt-get install ninja-build"
    )
    assert not checks["ns-3"].ok
    assert checks["scenarios"].remedy == "ns3marl build"
