# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""How every plot looks: colours, a light and a dark version, names and units of axes."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import matplotlib as mpl
from matplotlib.figure import Figure

COLOURS = ["#3b82c4", "#e08a2e", "#4aa564", "#c9534f", "#8d6cc0", "#8c6d5a", "#d277b0", "#7f8790"]
_THEMES = {"light": ("#24292f", "#d5d9de"), "dark": ("#d8dee4", "#444c56")}  # text and lines, grid


@dataclass(frozen=True)
class Plot:
    """One plot: ``light`` and ``dark`` are SVG with a transparent background, ``png`` is light on white."""

    name: str
    title: str
    light: bytes
    dark: bytes
    png: bytes
    caption: str = ""


def render(name: str, title: str, draw: Callable[[], Figure], caption: str = "") -> Plot:
    """Draws a figure in every version.

    Args:
        name: Of its file.
        title: Above it.
        draw: Makes the figure; called once per version, because colours are chosen while drawing.
        caption: Below it: how to read it.
    """
    images = {}
    for theme in _THEMES:
        with _theme(theme):
            figure = draw()
            images[theme] = _save(figure, "svg")
    with _theme("light"):
        png = _save(draw(), "png")
    return Plot(name, title, images["light"], images["dark"], png, caption)


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
    }
    with mpl.rc_context(settings):  # type: ignore[arg-type] # matplotlib's own list of keys is not public
        yield


def _save(figure: Figure, kind: str) -> bytes:
    stream = io.BytesIO()
    if kind == "svg":
        figure.savefig(stream, format="svg", bbox_inches="tight", transparent=True, metadata={"Date": None})
    else:
        figure.savefig(stream, format="png", bbox_inches="tight", dpi=110, facecolor="white")
    return stream.getvalue()
