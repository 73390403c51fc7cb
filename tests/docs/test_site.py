# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""What `make docs` builds: every page, without a warning or a dead link."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import built_site
import pytest

from ns3marl import home

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "python" / "ns3marl"


pytestmark = pytest.mark.timeout(900)  # the first test waits for the build


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, built_scenarios: dict[str, Path]) -> Path:
    """The folder of HTML pages."""
    assert home.bundled().keys() <= built_scenarios.keys()
    source, built = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("html")
    assert built_site.build(source, built) == ""
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


def test_notebooks_are_pages_too(site: Path) -> None:
    notebooks = {path.relative_to(ROOT).with_suffix(".html") for path in (ROOT / "examples").rglob("*.ipynb")}
    assert len(notebooks) >= 4
    assert all((site / notebook).exists() for notebook in notebooks)


def test_no_link_is_dead(site: Path) -> None:
    assert built_site.dead_links(site) == []


def test_every_page_is_in_the_sidebar(site: Path) -> None:
    sidebar = text(site / "docs" / "README.html")
    assert all(
        heading in sidebar
        for heading in ("Start here", "Tutorials", "How-to guides", "Reference", "Explanation")
    )
    entrance = (site / "docs" / "README.html").read_text("utf-8")
    for page in (ROOT / "docs").glob("*.md"):
        assert f'href="{page.stem}.html' in entrance or page.stem == "README", page


def test_the_address_of_the_site_leads_to_the_entrance(site: Path) -> None:
    assert "url=docs/README.html" in (site / "index.html").read_text("utf-8")


def test_a_scenarios_page_shows_what_it_declares(site: Path) -> None:
    page = text(site / "reference" / "scenarios" / "edge-cloud.html")
    assert "mode is offload" in page  # when a head counts
    assert "utilisation of each choice of gateway" in page  # what a feature describes
    assert "--tick time 100ms Time between two decisions" in page
    assert "local-only Computes every task on the device’s own CPU" in page
    assert "ns3marl run edge-cloud --tables FOLDER" in page


def test_commands_and_options_have_pages(site: Path) -> None:
    assert "ns3marl train" in text(site / "reference" / "commands.html")
    assert "rollout_ticks" in text(site / "reference" / "options.html")


def test_dead_links_are_found(tmp_path: Path) -> None:
    (tmp_path / "one.html").write_text(
        '<a id="here" href="two.html#there">x</a> <a href="#here">x</a> <a href="gone.html">x</a>'
    )
    (tmp_path / "two.html").write_text(
        '<a href="https://elsewhere/">x</a> <img src="gone.png"> <a href="one.html#here">x</a>'
    )
    assert sorted(built_site.dead_links(tmp_path)) == [
        "one.html: gone.html",
        "one.html: two.html#there",
        "two.html: gone.png",
    ]


def test_every_public_name_has_a_docstring(tmp_path: Path) -> None:
    assert built_site.without_docstring() == []
    (tmp_path / "bare.py").write_text("class Bare:\n    @property\n    def size(self): ...\n")
    assert len(built_site.without_docstring(tmp_path)) == 3  # module, class and property
