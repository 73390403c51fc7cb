# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The structure that the imports show."""

from __future__ import annotations

from pathlib import Path

import pytest
import structure


def test_no_modules_import_each_other_in_a_circle() -> None:
    assert structure.import_circles() == []


def test_circles_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "circular"
    package.mkdir()
    imports = {"a": "b", "b": "c", "c": "a", "d": "a"}
    for name, other in imports.items():
        (package / f"{name}.py").write_text(f"import circular.{other}\n")
    (package / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    assert structure.import_circles("circular") == [["circular.a", "circular.b", "circular.c"]]
