# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""docs/architecture.md names what exists, all packages among it, and in the order of the import contract."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from ns3marl.config import tomllib

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
CODE = re.sub(r"^```.*?^```$", "", PAGE, flags=re.DOTALL | re.MULTILINE)
NAMED = sorted(set(re.findall(r"`([\w./-]+(?:/|\.(?:py|cc|h|toml)))`", CODE)))
PLACES = [ROOT, ROOT / "python" / "ns3marl", ROOT / "ns3-scenarios", ROOT / "ns3-scenarios" / "bridge"]


@pytest.mark.parametrize("name", NAMED)
def test_what_the_page_names_is_there(name: str) -> None:
    found = [place / name for place in PLACES if (place / name).exists()]
    assert found, name
    assert all(path.is_dir() for path in found) == name.endswith("/")


def modules_by_row() -> list[list[str]]:
    """The first cells of the table of Python packages."""
    _, _, section = CODE.partition("## Packages and their duties")
    table, _, _ = section.partition("In C++")
    return [
        [name.removesuffix("/").removesuffix(".py") for name in re.findall(r"`([\w/.]+)`", row.split("|")[1])]
        for row in re.findall(r"^\| `.*$", table, re.MULTILINE)
    ]


def test_every_package_and_module_has_a_row() -> None:
    package = ROOT / "python" / "ns3marl"
    there = {path.stem for path in package.glob("*.py")} | {
        path.parent.name for path in package.glob("*/__init__.py")
    }
    assert sorted(name for row in modules_by_row() for name in row) == sorted(there - {"__init__"})


def test_rows_are_in_the_order_of_the_import_contract() -> None:
    settings: Any = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    (contract,) = [one for one in settings["contracts"] if one.get("containers") == ["ns3marl"]]
    layer = {
        name.strip(" ()"): number
        for number, names in enumerate(contract["layers"])
        for name in names.split("|")
    }
    rows = [[layer[name] for name in names] for names in modules_by_row()]
    for names, above, below in zip(modules_by_row(), rows, rows[1:], strict=False):
        assert max(above) <= min(below), f"a row below that of {names} belongs above it"
