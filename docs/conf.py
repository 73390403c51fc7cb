# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Sphinx's settings: the pages of this folder, the results of the benchmarks, and one page per public module.

`make docs` builds them. Sphinx reads a folder that ``setup`` fills: with the repository's pages and images, each at its place, so
that links between them lead where they lead in the checkout, and with ``api/MODULE.rst``, which ``sphinx.ext.autodoc`` fills
from docstrings.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.application import Sphinx

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "python" / "ns3marl"
COPIED = ("README.md", "CHANGELOG.md", "docs/**/*.md", "docs/images/*", "benchmarks/**/*.md", "examples/*.md")
GENERATED = {"ns3marl.protocol.lockstep_pb2"}

sys.path.insert(0, str(PACKAGE.parent))  # the checkout that this file is in, whichever is installed

project = "ns3marl"
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
default_role = "code"
highlight_language = "text"
html_theme = "alabaster"
html_theme_options = {"page_width": "75rem", "sidebar_width": "18rem", "fixed_sidebar": True}
html_show_copyright = False

myst_heading_anchors = 4
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_rtype = False
autodoc_default_options = {
    "members": True,
    "show-inheritance": True,
    "member-order": "bysource",
    "ignore-module-all": True,
}
autodoc_mock_imports = ["benchmarl", "supersuit"]  # a virtual environment of its own has them
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
python_maximum_signature_line_length = 100

ARRAY = re.compile(r"~?numpy\.ndarray\[tuple\[~?typing\.Any, \.\.\.\], ~?numpy\.dtype\[~?numpy\.(\w+?)_?\]\]")
"""How Sphinx spells the array types of ``ns3marl.types``."""

AXIS = re.compile(r"^((?: +\w+: )?)([A-Za-z])\.$")
"""A description that is nothing but the name of an axis, which reStructuredText takes for an item of a list."""

# Lines that begin what is indented below them: sections, directives, lists.
MARKUP = ("Args:", "Returns:", "Raises:", "Yields:", "Attributes:", "..", "-", "*")

SECTIONS = {
    "guides": ("Guides", ["docs/*"]),
    "algorithms": ("Algorithms", ["docs/algorithms/*"]),
    "models": ("Models of the network", ["docs/models/*"]),
    "decisions": ("Decisions", ["docs/decisions/*"]),
    "results": ("Results of the benchmarks", ["benchmarks/*", "benchmarks/topologies/*"]),
    "reference": ("API reference", ["api/*"]),
}
"""By page: its title, and the pages that it lists."""


def public_modules() -> list[str]:
    """Every module whose name does not begin with an underscore, except generated code."""
    names = []
    for path in PACKAGE.rglob("*.py"):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        if not any(part.startswith("_") for part in name.split(".")) and name not in GENERATED:
            names.append(name)
    return sorted(names)


def setup(app: Sphinx) -> None:
    """Fills the folder that Sphinx reads."""
    pages = {Path("index.rst"): _contents("ns3marl", ["README", *SECTIONS, "examples/README", "CHANGELOG"])}
    pages |= {Path(f"{name}.rst"): _contents(title, listed) for name, (title, listed) in SECTIONS.items()}
    pages |= {
        Path("api", f"{name}.rst"): _titled(name, f".. automodule:: {name}") for name in public_modules()
    }
    for pattern in COPIED:
        pages |= {path.relative_to(ROOT): path.read_bytes() for path in ROOT.glob(pattern)}
    app.connect("autodoc-process-docstring", preformat, priority=400)  # before napoleon
    app.connect("autodoc-process-signature", shorten)
    source = Path(app.srcdir)
    for stale in {path.relative_to(source) for path in source.rglob("*") if path.is_file()} - pages.keys():
        (source / stale).unlink()
    for name, content in pages.items():
        path = source / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if (
            not path.exists() or path.read_bytes() != content
        ):  # Sphinx reads again what is newer than its last build
            path.write_bytes(content)


def preformat(_app: Sphinx, what: str, _name: str, _of: object, _options: object, lines: list[str]) -> None:
    """Keeps what docstrings of this package hold beyond reStructuredText.

    Indented paragraphs stay as they are: formulas, and the files of a folder. The name of an axis is code.
    """
    # Napoleon takes what stands before the first colon of an attribute for its type, unless an empty comment is first.
    result = ["..", ""] if what in {"attribute", "data", "property"} else []
    above = ""  # the last line that is not indented
    for line in lines:
        begins = line.startswith("    ") and not "".join(result[-1:]).strip()
        if begins and above and not above.startswith(MARKUP) and not above.endswith("::"):
            result += ["::", ""]
            above = "::"
        elif line.strip() and not line.startswith(" "):
            above = line
        result.append(AXIS.sub(r"\1``\2``.", line))
    lines[:] = result


def shorten(
    _app: Sphinx,
    _what: str,
    _name: str,
    _of: object,
    _options: object,
    arguments: str | None,
    result: str | None,
) -> tuple[str | None, str | None]:
    """Names arrays in signatures as the source does: ``Float64``."""
    short = [text and ARRAY.sub(lambda match: match[1].capitalize(), text) for text in (arguments, result)]
    return short[0], short[1]


def _contents(title: str, listed: list[str]) -> bytes:
    """A page that lists others."""
    lines = [".. toctree::", "   :glob:", "   :maxdepth: 1", "", *(f"   {name}" for name in listed)]
    return _titled(title, "\n".join(lines))


def _titled(title: str, text: str) -> bytes:
    return f"{title}\n{'=' * len(title)}\n\n{text}\n".encode()
