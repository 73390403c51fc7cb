# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The parts of an HTML report: one file without external assets, for light and dark screens."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from html import escape
from importlib import resources

from ns3marl.plotting import Plot

_NOTHING: frozenset[tuple[int, int]] = frozenset()


def document(title: str, parts: Sequence[str]) -> str:
    """The whole page; ``parts`` are HTML."""
    style = (resources.files("ns3marl.reporting") / "report.css").read_text(encoding="utf-8")
    body = "\n".join([f"<h1>{escape(title)}</h1>", *parts])
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<style>\n{style}</style></head>\n<body><main>\n{body}\n</main></body></html>\n"
    )


def figure(plot: Plot, caption: str) -> str:
    """A plot under its title."""
    light, dark = (base64.b64encode(image).decode() for image in (plot.light, plot.dark))
    return (
        f"<h2>{escape(plot.title)}</h2><figure><picture>"
        f'<source media="(prefers-color-scheme: dark)" srcset="data:image/svg+xml;base64,{dark}">'
        f'<img alt="{escape(plot.title)}" src="data:image/svg+xml;base64,{light}"></picture>'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )


def table(
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    marked: set[tuple[int, int]] | frozenset[tuple[int, int]] = _NOTHING,
) -> str:
    """A table of text whose first column names the rows; ``marked`` cells (row, column) stand out."""
    head = "".join(f"<th>{escape(cell)}</th>" for cell in header)
    lines = []
    for r, row in enumerate(rows):
        cells = "".join(
            f"<td{' class=best' if (r, c) in marked else ''}>{_two_lines(cell)}</td>"
            for c, cell in enumerate(row[1:], start=1)
        )
        lines.append(f"<tr><th>{escape(row[0])}</th>{cells}</tr>")
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{"".join(lines)}</tbody></table></div>'


def facts(rows: Sequence[tuple[str, str]]) -> str:
    """Names and values."""
    lines = "".join(f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in rows)
    return f'<table class="facts">{lines}</table>'


def details(summary: str, content: str) -> str:
    """HTML that unfolds under a line of text."""
    return f"<details><summary>{escape(summary)}</summary>{content}</details>"


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """The lines of a table."""
    return [
        f"| {' | '.join(header)} |",
        f"|{'---|' * len(header)}",
        *(f"| {' | '.join(row)} |" for row in rows),
    ]


def interval(entry: dict[str, float | None], scale: float = 1.0) -> str:
    """``mean [low, high]`` with as many digits as the interval deserves; values times ``scale``."""
    mean, low, high = (
        None if entry[k] is None else scale * float(entry[k] or 0) for k in ("mean", "low", "high")
    )
    if mean is None:
        return "–"
    if low is None or high is None:
        return f"{mean:.4g}"
    digits = _digits(max(high - low, abs(mean) * 1e-3))
    return f"{mean:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"


def _two_lines(cell: str) -> str:
    """The mean, and its interval below."""
    mean, bracket, rest = escape(cell).partition(" [")
    return f"{mean}<br><small>[{rest}</small>" if bracket else mean


def _digits(width: float) -> int:
    """Decimals that show a width with two significant digits."""
    digits = 0
    while digits < 6 and width > 0 and width * 10**digits < 10:
        digits += 1
    return digits
