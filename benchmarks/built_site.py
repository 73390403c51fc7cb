# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The documentation as a site: building it, and finding links in it that lead nowhere."""

from __future__ import annotations

import json
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "python" / "ns3marl"


class _Page(HTMLParser):
    """What a page links to, and where links may lead in it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keeps addresses and anchors."""
        del tag
        found = dict(attrs)
        self.anchors |= {value for name, value in attrs if value and name in {"id", "name"}}
        self.links += [value for name in ("href", "src") if (value := found.get(name))]


def build(source: Path, site: Path) -> str:
    """Builds the site as `make docs` does.

    Args:
        source: A folder for what Sphinx reads: a new one, or that of an earlier build.
        site: The same for the pages.

    Returns:
        What Sphinx printed: nothing, where it warned of nothing.

    Raises:
        RuntimeError: The build failed, for which a warning is enough.
    """
    source.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-c"]
    command += [str(folder) for folder in (ROOT / "docs", source, site)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"Sphinx ended with {done.returncode}: {done.stdout}{done.stderr}")
    return done.stdout + done.stderr


def pages(site: Path) -> list[Path]:
    """The pages that a reader can come to, without the search page."""
    return sorted(path for path in site.rglob("*.html") if path.relative_to(site) != Path("search.html"))


def dead_links(site: Path) -> list[str]:
    """Links within the site to a file or an anchor that is not there, as `page: link`."""
    read = {path.resolve(): _Page(path.read_text("utf-8")) for path in site.rglob("*.html")}
    return [
        f"{path.relative_to(site.resolve())}: {link}"
        for path, page in read.items()
        for link in page.links
        if not _leads_somewhere(path, link, read)
    ]


def _leads_somewhere(path: Path, link: str, read: dict[Path, _Page]) -> bool:
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:  # outside; what is embedded (data:) is there
        return True
    target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    if target not in read:
        return target.is_file()
    return not parts.fragment or unquote(parts.fragment) in read[target].anchors


def without_docstring(package: Path = PACKAGE) -> list[str]:
    """Public modules, classes, functions, methods and properties of a package without a docstring, as ruff's pydocstyle rules find them."""
    rules = "D100,D101,D102,D103,D104,D106"
    command = [
        sys.executable,
        "-m",
        "ruff",
        "check",
        "--isolated",
        "--ignore-noqa",
        "--no-cache",
        "--exit-zero",
    ]
    command += ["--select", rules, "--exclude", "lockstep_pb2.py", "--output-format", "json", str(package)]
    found = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return [f"{one['filename']}:{one['location']['row']}: {one['message']}" for one in found]
