# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Writes pages from Jinja2 templates: one HTML file without external assets, and the same in Markdown.

The templates are the package data ``reporting/templates/*.j2``. A page NAME has the templates ``NAME.html.j2`` and
``NAME.md.j2``. HTML is escaped; an undefined name in a template is an error.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jinja2

from ns3marl import files, plotting
from ns3marl.plotting import Plot


@dataclass(frozen=True)
class Estimate:
    """A value and its interval as text, with the same rounding; ``interval`` is empty if there is none."""

    value: str
    interval: str = ""

    def __str__(self) -> str:
        return f"{self.value} {self.interval}".rstrip()


Cell = str | Estimate


@dataclass(frozen=True)
class TextTable:
    """A table as text; its first column names the rows."""

    header: Sequence[str]
    rows: Sequence[Sequence[Cell]]  #: each as long as the header
    marked: frozenset[tuple[int, int]] = frozenset()  #: (row, column) of the cells that stand out
    note: str = ""  #: how to read it


def estimate(entry: Mapping[str, Any], scale: float = 1.0, *, key: str = "mean") -> Estimate:
    """A value with its interval, with digits according to the interval's width.

    Args:
        entry: ``key``, ``low`` and ``high``; None if there is no value, or no interval.
        scale: Factor for all three.
        key: Key of the value.
    """
    mean, low, high = (None if entry[k] is None else scale * float(entry[k]) for k in (key, "low", "high"))
    if mean is None:
        return Estimate("–")
    if low is None or high is None:
        return Estimate(f"{mean:.4g}")
    digits = _digits(max(high - low, abs(mean) * 1e-3))
    return Estimate(f"{mean:.{digits}f}", f"[{low:.{digits}f}, {high:.{digits}f}]")


def markdown_table(table: TextTable) -> str:
    """The lines of a table in Markdown, marked cells in bold, without its note."""
    return render("table.md.j2", table=table).rstrip("\n")


def render(template: str, **content: Any) -> str:
    """The text of a template.

    Args:
        template: File name in ``reporting/templates``.
        content: Values for the template.

    Raises:
        jinja2.UndefinedError: The template uses a name that ``content`` does not define.
    """
    return _environment().get_template(template).render(content)


def write(
    folder: Path,
    name: str,
    plots: Sequence[Plot],
    content: Mapping[str, Any],
    figures: Sequence[str] = (),
) -> Path:
    """Writes ``report.html``, ``report.md`` and ``plots/*.png``.

    Args:
        folder: Where to write.
        name: Name of the page, see above.
        plots: Value of ``plots`` in the templates.
        content: All other values for the templates.
        figures: Kinds of files that each plot is written as besides PNG, see ``ns3marl.plotting.KINDS``.

    Returns:
        The path of ``report.html``.

    Raises:
        ConfigError: There is no such kind of figure.
        OutputError: The folder cannot be written.
    """
    for kind in figures:
        plotting.check_kind(kind)
    path = folder / "report.html"
    for plot in plots:
        files.write(folder / "plots" / f"{plot.name}.png", plot.png)
        for kind in figures:
            files.write(folder / "plots" / f"{plot.name}.{kind}", plotting.figure(plot.draw, kind))
    for file, template in ((path.with_suffix(".md"), f"{name}.md.j2"), (path, f"{name}.html.j2")):
        files.write(file, render(template, plots=plots, **content))
    return path


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("ns3marl.reporting"),
        autoescape=jinja2.select_autoescape(enabled_extensions=("html.j2",)),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["base64"] = lambda data: base64.b64encode(data).decode()
    environment.filters["cell"] = lambda cell: str(cell).replace("|", r"\|")
    return environment


def _digits(width: float) -> int:
    """Number of decimals that show a width with two significant digits."""
    digits = 0
    while digits < 6 and width > 0 and width * 10**digits < 10:
        digits += 1
    return digits
