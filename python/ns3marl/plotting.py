# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""How every plot looks: colours, a light and a dark version, names and units of axes."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from ns3marl.errors import ConfigError
from ns3marl.options import near

COLOURS = ["#3b82c4", "#e08a2e", "#4aa564", "#c9534f", "#8d6cc0", "#8c6d5a", "#d277b0", "#7f8790"]
_THEMES = {"light": ("#24292f", "#d5d9de"), "dark": ("#d8dee4", "#444c56")}  # text and lines, grid
_SAVING: Mapping[str, dict[str, Any]] = {
    "png": {"dpi": 110, "facecolor": "white"},
    "svg": {"transparent": True, "metadata": {"Date": None}},
    "pdf": {"transparent": True, "metadata": {"CreationDate": None}},
}
KINDS = tuple(_SAVING)
"""What figures can be written as."""


@dataclass(frozen=True)
class Plot:
    """One plot: ``light`` and ``dark`` are SVG with a transparent background, ``png`` is light on white."""

    name: str
    title: str
    light: bytes
    dark: bytes
    png: bytes
    draw: Callable[[], Figure]  #: makes the figure anew, see ``figure``
    caption: str = ""


def render(name: str, title: str, draw: Callable[[], Figure], caption: str = "") -> Plot:
    """Draws a figure in every version.

    Args:
        name: Of its file.
        title: Above it.
        draw: Makes the figure; called once per version, because colours are chosen while drawing.
        caption: Below it: how to read it.
    """
    light, dark = (figure(draw, "svg", theme) for theme in _THEMES)
    return Plot(name, title, light, dark, figure(draw, "png"), draw, caption)


def figure(draw: Callable[[], Figure], kind: str, theme: str = "light") -> bytes:
    """A figure as a file: PNG on white, SVG and PDF with a transparent background; letters in PDF are TrueType, as publishers want them.

    Args:
        draw: Makes the figure; its colours are chosen while drawing.
        kind: One of ``KINDS``.
        theme: ``light`` or ``dark``.

    Raises:
        ConfigError: There is no such kind.
    """
    check_kind(kind)
    with _theme(theme):
        stream = io.BytesIO()
        draw().savefig(stream, format=kind, bbox_inches="tight", **_SAVING[kind])
    return stream.getvalue()


def check_kind(kind: str) -> None:
    """Refuses a kind of file that figures are not written as.

    Raises:
        ConfigError: It is none of ``KINDS``.
    """
    if kind not in KINDS:
        raise ConfigError(f"figures are written as {', '.join(KINDS)}, got {kind!r}{near(kind, KINDS)}")


def pretty(name: str, unit: str = "") -> str:
    """A metric's name for people: words, without the unit at its end."""
    suffix = {"1/J": "tasks_per_j"}.get(unit, unit.lower())
    name = name.removesuffix(f"_{suffix}") if suffix and suffix != "1" else name
    return name.replace("_", " ")


@contextmanager
def _theme(theme: str) -> Iterator[None]:
    ink, grid = _THEMES[theme]
    settings = {
        **dict.fromkeys(
            ("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color"), ink
        ),
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "axes.axisbelow": True,
        "grid.color": grid,
        "grid.linewidth": 0.6,
        "axes.facecolor": "none",
        "figure.facecolor": "none",
        "legend.frameon": False,
        "font.size": 9,
        "svg.hashsalt": "ns3marl",
        "svg.fonttype": "path",
        "pdf.fonttype": 42,
    }
    with mpl.rc_context(settings):  # type: ignore[arg-type] # matplotlib's own list of keys is not public
        yield
