# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""``render_mode`` of environments: pictures as arrays, or in a window. Nothing is imported for it, or drawn, unless it is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ns3marl import home as homes
from ns3marl.errors import ConfigError
from ns3marl.types import Actions, Batch, Spec

if TYPE_CHECKING:
    from ns3marl.env.picture import Picture, Pixels

HUMAN, RGB_ARRAY = "human", "rgb_array"
METADATA: dict[str, Any] = {"render_modes": [HUMAN, RGB_ARRAY], "render_fps": 10}
"""What an environment's ``metadata`` says of rendering."""


def check_mode(mode: str | None) -> None:
    """Refuses modes that are unknown, and windows where there are none.

    Raises:
        ConfigError: The mode is unknown, or matplotlib opens no windows here.
    """
    if mode not in {None, HUMAN, RGB_ARRAY}:
        raise ConfigError(f"render_mode is {mode!r}, expected None, {HUMAN!r} or {RGB_ARRAY!r}")
    if mode == HUMAN and not _has_windows():
        raise ConfigError(
            f"render_mode is {HUMAN!r}, but matplotlib opens no windows here: there is no display, or no toolkit such as python3-tk; "
            f"use render_mode={RGB_ARRAY!r}, or watch the scenario in a browser with `ns3marl view`"
        )


def _has_windows() -> bool:
    from matplotlib import pyplot as plt  # noqa: PLC0415 - it looks for a display

    figure = plt.figure()
    try:
        return getattr(figure.canvas, "required_interactive_framework", None) is not None
    finally:
        plt.close(figure)


class Display:
    """What an environment shows of the first environment of its pool; nothing without a mode.

    Args:
        mode: ``render_mode`` of the environment, which ``check_mode`` has let pass.
        spec: Of the environment.
        scenario: Name of the scenario, or path of its executable; its map is drawn.
    """

    def __init__(self, mode: str | None, spec: Spec, scenario: str | Path) -> None:
        self._mode = mode
        self._picture: Picture | None = None
        self._window: Any = None
        if mode is not None:
            from ns3marl.env.picture import Picture  # noqa: PLC0415 - matplotlib takes a second to import

            self._picture = Picture(spec, homes.find(scenario).map)

    def reset(self, batch: Batch) -> None:
        """An episode begins with the first row of a batch."""
        if self._picture is not None:
            self._picture.reset(batch)
            self._show()

    def step(self, batch: Batch, joint: Sequence[Actions]) -> None:
        """A joint action has led to a batch."""
        if self._picture is not None:
            self._picture.step(batch, joint)
            self._show()

    def render(self) -> Pixels | None:
        """The picture of the last tick, [H,W,3], in mode "rgb_array"; None otherwise.

        Raises:
            SpecViolation: No episode has begun.
        """
        if self._picture is None or self._mode == HUMAN:
            return None
        return self._picture.pixels()

    def close(self) -> None:
        """Closes the window."""
        if self._window is not None:
            from matplotlib import pyplot as plt  # noqa: PLC0415

            plt.close(self._window.figure)
            self._window = None

    def _show(self) -> None:
        if self._mode != HUMAN or self._picture is None:
            return
        from matplotlib import pyplot as plt  # noqa: PLC0415

        pixels = self._picture.pixels()
        if self._window is None:
            figure = plt.figure(figsize=(pixels.shape[1] / 100, pixels.shape[0] / 100))
            axes = figure.add_axes((0, 0, 1, 1))
            axes.set_axis_off()
            self._window = axes.imshow(pixels)
            plt.show(block=False)
        self._window.set_data(pixels)
        plt.pause(0.001)
