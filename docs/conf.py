# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Sphinx's settings: the pages of this folder, notebooks, results of the benchmarks, and pages that are generated.

`make docs` builds the site. Sphinx reads a folder that ``setup`` fills:

- with the repository's pages, notebooks and images, each at its place, so that links between them lead where they lead in the checkout;
- with ``api/MODULE.rst``, which ``sphinx.ext.autodoc`` fills from docstrings;
- with ``reference/``: a page per scenario, made from what its executable says of itself, and the commands and options (``generated.py``).
"""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sphinx.application import Sphinx

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "python" / "ns3marl"
COPIED = (
    "README.md",
    "CHANGELOG.md",
    "docs/**/*.md",
    "docs/images/*",
    "benchmarks/**/*.md",
    "examples/*.md",
    "examples/notebooks/*.ipynb",
)
GENERATED = {"ns3marl.protocol.lockstep_pb2"}

# The checkout that this file is in, whichever is installed; and this folder.
sys.path[:0] = [str(PACKAGE.parent), str(ROOT / "docs")]

import generated  # noqa: E402 - needs the path above

project = "ns3marl"
root_doc = "docs/README"
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_copybutton"]
default_role = "code"
highlight_language = "text"
html_theme = "furo"
html_title = "ns3marl"
html_static_path = ["site.css"]
html_css_files = ["site.css"]
html_show_copyright = False
html_copy_source = False
html_use_index = False

nb_execution_mode = "off"  # the tests execute notebooks
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
autodoc_use_type_comments = False
autodoc_typehints_format = "short"
python_maximum_signature_line_length = 100

ARRAY = re.compile(r"~?numpy\.ndarray\[tuple\[~?typing\.Any, \.\.\.\], ~?numpy\.dtype\[~?numpy\.(\w+?)_?\]\]")
"""How Sphinx spells the array types of ``ns3marl.types``."""

AXIS = re.compile(r"^((?: +\w+: )?)([A-Za-z])\.$")
"""A description that is nothing but the name of an axis, which reStructuredText takes for an item of a list."""

# Lines that begin what is indented below them: sections, directives, lists.
MARKUP = ("Args:", "Returns:", "Raises:", "Yields:", "Attributes:", "..", "-", "*")

NAVIGATION = {
    "Start here": ["docs/start", "docs/install", "README"],
    "Tutorials": [
        "examples/notebooks/first-training",
        "examples/notebooks/your-own-topology",
        "examples/notebooks/your-own-learner",
        "examples/notebooks/validate-a-policy",
        "docs/new-scenario",
        "docs/algorithms/own",
    ],
    "How-to guides": ["docs/howto", "examples/README"],
    "Reference": [
        "docs/glossary",
        "reference/scenarios",
        "docs/command-line",
        "reference/commands",
        "reference/options",
        "reference/api",
        "docs/algorithms/README",
        "docs/models/README",
        "docs/aiot-mec",
        "docs/cognitive-v2x",
        "docs/slice-lte",
        "docs/edge-cloud",
        "docs/protocol",
        "docs/validation",
        "docs/paper",
        "benchmarks/README",
        "CHANGELOG",
    ],
    "Explanation": [
        "docs/architecture",
        "docs/fidelity",
        "docs/fastsim",
        "docs/games",
        "docs/performance",
        "docs/security",
        "docs/decisions/README",
    ],
}
"""The pages of the sidebar by heading. What is in ``docs/`` and not named here stands among the how-to guides."""

TITLES = {"README": "About ns3marl", "docs/algorithms/own": "Your own learner, complete"}
"""What pages are called in the sidebar, where their own titles do not tell them apart."""

OVERVIEWS = ("docs/algorithms", "docs/models", "docs/decisions", "benchmarks")
"""Folders whose README lists the other pages of the folder."""


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
    pages = {path.relative_to(ROOT): path.read_bytes() for pattern in COPIED for path in ROOT.glob(pattern)}
    pages |= {Path("reference", name): text.encode() for name, text in generated.pages().items()}
    pages |= {Path("api", f"{name}.rst"): _module(name).encode() for name in public_modules()}
    pages[Path("reference", "api.md")] = _modules().encode()
    pages[Path("docs", "README.md")] += _sidebar(pages).encode()
    for folder in OVERVIEWS:
        named = {name for names in NAVIGATION.values() for name in names}
        below = [name for name in _names(pages) if name.startswith(f"{folder}/") and name not in named]
        pages[Path(folder, "README.md")] += _toctree("", below).encode()
    app.connect("autodoc-process-docstring", preformat, priority=400)  # before napoleon
    app.connect("autodoc-process-signature", shorten)
    app.connect("build-finished", lambda app, _error: _write_entrance(Path(app.outdir)))
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


def _names(pages: Iterable[Path]) -> list[str]:
    """Pages as Sphinx names them."""
    return sorted(str(path.with_suffix("")) for path in pages if path.suffix in {".md", ".rst", ".ipynb"})


def _sidebar(pages: Iterable[Path]) -> str:
    """The lists of pages that the sidebar shows, at the end of the entrance."""
    named = {name for names in NAVIGATION.values() for name in names} | {root_doc}
    others = [name for name in _names(pages) if re.fullmatch(r"docs/[^/]+", name) and name not in named]
    shown = NAVIGATION | {"How-to guides": [*NAVIGATION["How-to guides"], *others]}
    return "".join(_toctree(title, names) for title, names in shown.items())


def _toctree(title: str, names: Sequence[str]) -> str:
    caption = [f":caption: {title}"] if title else []
    lines = ["```{toctree}", ":hidden:", *caption, "", *map(_entry, names), "```"]
    return "\n" + "\n".join(lines) + "\n"


def _entry(name: str) -> str:
    return f"{TITLES[name]} </{name}>" if name in TITLES else f"/{name}"


def _modules() -> str:
    """The page that lists the public modules, each with the first line of its docstring."""
    rows = []
    for name in public_modules():
        path = PACKAGE.parent.joinpath(*name.split("."))
        file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
        about = ast.get_docstring(ast.parse(file.read_text("utf-8"))) or ""
        rows.append(f"| [{name}](../api/{name}.rst) | {generated.cell(about.splitlines()[0])} |")
    lines = [
        "# Python API",
        "",
        "Every public module, made from its docstrings.",
        "",
        "| module | what it is |",
        "|---|---|",
    ]
    return "\n".join([*lines, *rows, ""])


def _write_entrance(folder: Path) -> None:
    """The address of the site leads to the entrance."""
    page = f"{root_doc}.html"
    text = f'<!doctype html><meta charset="utf-8"><title>ns3marl</title><meta http-equiv="refresh" content="0; url={page}"><a href="{page}">ns3marl</a>'
    (folder / "index.html").write_text(text + "\n", encoding="utf-8")


def _module(name: str) -> str:
    """The page of a module. It is not in the sidebar, which every page repeats: that would double the time of a build."""
    lines = [
        ":orphan:",
        "",
        name,
        "=" * len(name),
        "",
        ":doc:`Every module </reference/api>`",
        "",
        f".. automodule:: {name}",
    ]
    return "\n".join([*lines, ""])
