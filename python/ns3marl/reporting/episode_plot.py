# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Plots one episode over simulated time: rewards and metrics of every tick, for every scenario."""

from __future__ import annotations

from pathlib import Path

from matplotlib.figure import Figure

from ns3marl.evaluation.episode_table import EpisodeTable
from ns3marl.evaluation.tables import TICKS
from ns3marl.plotting import COLOURS, pretty

NAME = "ticks"
_MAX_PANELS = 8
_COLUMNS = 2


def draw(folder: Path, policy: str | None = None, run: int | None = None) -> Figure:
    """Draws the rewards of each group and the first metrics of the spec, in at most eight panels.

    Args:
        folder: Folder of tables that ``ns3marl.evaluation.tables`` wrote.
        policy: Policy of the episode; the first one by default.
        run: The episode's ns-3 RngRun; the first one by default.

    Raises:
        ConfigError: The folder does not contain the episode.
    """
    table = EpisodeTable(folder, TICKS, None, policy, run)
    names = [name for name in table.columns if name not in {"tick", "sim_time"}][:_MAX_PANELS]
    time_s = table.column("sim_time").astype(float)
    rows = -(-len(names) // _COLUMNS)
    figure = Figure(figsize=(10, 0.6 + 1.5 * rows), layout="constrained")
    figure.suptitle(f"{table.policy}, RngRun {table.run}", fontsize=9)
    grid = figure.subplots(rows, _COLUMNS, squeeze=False, sharex=True)
    for axes in grid.flat[len(names) :]:
        axes.set_visible(False)
    for place, (axes, name) in enumerate(zip(grid.flat, names, strict=False)):
        unit = table.units[name]
        axes.plot(time_s, table.column(name).astype(float), lw=1, color=COLOURS[place % len(COLOURS)])
        axes.set_ylabel(f"{pretty(name, unit)}{'' if unit == '1' else f' [{unit}]'}", fontsize=8)
        axes.tick_params(labelsize=7)
    for axes in grid[-1]:
        axes.set_xlabel("simulated time [s]", fontsize=8)
    return figure
