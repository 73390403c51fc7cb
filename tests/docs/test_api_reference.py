# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""What `make docs` builds: every page, without a warning."""

from __future__ import annotations

import re
import subprocess
import sys
from html import unescape
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "python" / "ns3marl"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of HTML pages."""
    source, built = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("html")
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-c"]
    command += [str(folder) for folder in (ROOT / "docs", source, built)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
    return built


def text(page: Path) -> str:
    """A page without its tags, with single spaces."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page.read_text(encoding="utf-8"))).split())


def test_every_public_module_has_a_page(site: Path) -> None:
    sources = {path.relative_to(PACKAGE.parent).with_suffix("") for path in PACKAGE.rglob("*.py")}
    names = {".".join(path.parts).removesuffix(".__init__") for path in sources}
    public = {name for name in names if "._" not in name} - {"ns3marl.protocol.lockstep_pb2"}
    assert {page.stem for page in (site / "api").glob("*.html")} == public


def test_pages_show_arguments_shapes_and_errors(site: Path) -> None:
    page = text(site / "api" / "ns3marl.evaluation.statistics.html")
    assert "ours – [R,M]. theirs – [R’,M]. resamples – B . seed – Of the resampling." in page
    assert "difference ( ours : Float64 , theirs : Float64 ," in page
    assert "Raises :" in text(site / "api" / "ns3marl.config.html")


def test_formulas_and_trees_of_files_keep_their_lines(site: Path) -> None:
    page = (site / "api" / "ns3marl.errors.html").read_text(encoding="utf-8")
    tree = re.search(r"<pre>(.*?)</pre>", page, re.DOTALL)
    assert tree is not None
    assert "├── SimulatorError" in tree[1]


def test_guides_are_pages_too(site: Path) -> None:
    guides = {path.relative_to(ROOT).with_suffix(".html") for path in (ROOT / "docs").rglob("*.md")}
    assert all((site / guide).exists() for guide in guides)
