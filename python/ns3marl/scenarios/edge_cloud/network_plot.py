# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Plots one episode of ``edge-cloud`` from the tables of a run: links between devices and gateways, queues over time, outcomes of tasks."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from ns3marl import plotting
from ns3marl.evaluation.episode_table import EpisodeTable, state_table

_PLACE = ("position_x_m", "position_y_m")
_GATEWAYS = ("sim_time", "waiting_tasks", "backhaul_queue_bits", "cpu_hz")
_PLACES = ("local", "edge", "cloud", "none")


def network_life(folder: Path, policy: str | None = None, run: int | None = None) -> Figure:
    """Draws one episode.

    Args:
        folder: Folder of tables that ``ns3marl run --tables`` wrote.
        policy: Policy of the episode; the first one by default.
        run: The episode's ns-3 RngRun; the first one by default.

    Raises:
        ConfigError: The folder does not contain the episode, or the scenario does not report what the figure shows.
    """
    devices = state_table(folder, "device_state", _PLACE, policy, run)
    gateways = state_table(folder, "gateway_state", _GATEWAYS, devices.policy, devices.run)
    cloud = state_table(folder, "cloud_state", ("sim_time", "backlog_s"), devices.policy, devices.run)
    tasks = EpisodeTable(
        folder, "tasks", ("device", "gateway", "place", "outcome"), devices.policy, devices.run
    )
    figure = Figure(figsize=(10, 5.6), layout="constrained")
    cells = figure.subplot_mosaic(
        [["ends", "waiting"], ["ends", "link"], ["ends", "rate"], ["ends", "cloud"]], width_ratios=[1.15, 1]
    )
    figure.suptitle(f"{devices.policy}, RngRun {devices.run}", fontsize=9)
    _draw_ends(cells["ends"], tasks)
    lines = (
        ("waiting", gateways, "waiting_tasks", 1.0, "waiting at gateway"),
        ("link", gateways, "backhaul_queue_bits", 1e-3, "backhaul queue [kb]"),
        ("rate", gateways, "cpu_hz", 1e-9, "gateway CPU [GHz]"),
        ("cloud", cloud, "backlog_s", 1e3, "cloud backlog [ms]"),
    )
    for cell, episode, column, scale, label in lines:
        axes, time_s = cells[cell], episode.grid("sim_time")[:, 0]
        for row, values in enumerate(episode.grid(column).T):
            colour = plotting.COLOURS[row % len(plotting.COLOURS)]
            axes.plot(time_s, scale * values, lw=1, color=colour, label=episode.rows[row])
        axes.set_ylabel(label, fontsize=8)
        axes.tick_params(labelsize=7)
    if len(gateways.rows) <= len(plotting.COLOURS):
        cells["waiting"].legend(fontsize=6, ncols=2, loc="upper right")
    cells["cloud"].set_xlabel("simulated time [s]", fontsize=8)
    return figure


def _draw_ends(axes: Any, tasks: EpisodeTable) -> None:
    """Outcomes of tasks, most frequent first, and where they were computed."""
    counts = Counter(zip(tasks.column("outcome").tolist(), tasks.column("place").tolist(), strict=True))
    totals = Counter(tasks.column("outcome").tolist())
    outcomes = [outcome for outcome, _ in totals.most_common()]
    left = np.zeros(len(outcomes))
    for index, place in enumerate(_PLACES):
        widths = np.array([counts[outcome, place] for outcome in outcomes])
        if widths.any():
            axes.barh(outcomes, widths, left=left, color=plotting.COLOURS[index], label=place)
        left += widths
    axes.invert_yaxis()
    axes.set_xlabel("tasks", fontsize=8)
    axes.tick_params(labelsize=7)
    axes.legend(fontsize=6, title="computed at", title_fontsize=6, loc="lower right")
