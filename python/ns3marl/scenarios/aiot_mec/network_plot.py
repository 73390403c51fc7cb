# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Plots an episode from the tables of a run: positions, links between devices and servers, queues over time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from ns3marl import plotting
from ns3marl.evaluation.episode_table import EpisodeTable, state_table

_AGENTS = ("tick", "position_x_m", "position_y_m")
_SERVERS = (*_AGENTS, "sim_time", "waiting_tasks", "utilisation")
_CHANNELS = ("tick", "sim_time", "queued_bits")
_TASKS = ("device", "server", "mode", "outcome")


def network_life(folder: Path, policy: str | None = None, run: int | None = None) -> Figure:
    """Draws one episode.

    Args:
        folder: Folder of tables that ``ns3marl.evaluation.tables`` wrote.
        policy: Policy of the episode; the first one by default.
        run: The episode's ns-3 RngRun; the first one by default.

    Raises:
        ConfigError: The folder does not contain the episode, or the scenario does not report what the figure shows.
    """
    agents = state_table(folder, "agent_state", _AGENTS, policy, run)
    servers = state_table(folder, "server_state", _SERVERS, agents.policy, agents.run)
    channels = state_table(folder, "channel_state", _CHANNELS, agents.policy, agents.run)
    tasks = EpisodeTable(folder, "tasks", _TASKS, agents.policy, agents.run)
    return _draw(agents, servers, channels, tasks)


def _draw(agents: EpisodeTable, servers: EpisodeTable, channels: EpisodeTable, tasks: EpisodeTable) -> Figure:
    figure = Figure(figsize=(10, 5.2), layout="constrained")
    cells = figure.subplot_mosaic(
        [["map", "waiting"], ["map", "busy"], ["map", "queued"]], width_ratios=[1.15, 1]
    )
    figure.suptitle(f"{agents.policy}, RngRun {agents.run}", fontsize=9)
    _draw_map(cells["map"], agents, servers, tasks)
    lines = (
        ("waiting", servers, "waiting_tasks", 1.0, "tasks waiting"),
        ("busy", servers, "utilisation", 1.0, "server utilisation"),
        ("queued", channels, "queued_bits", 1e-6, "queued at devices [Mb]"),
    )
    for cell, episode, column, scale, label in lines:
        axes, time_s = cells[cell], episode.grid("sim_time")[:, 0]
        for row, values in enumerate(episode.grid(column).T):
            axes.plot(
                time_s,
                scale * values,
                lw=1,
                color=plotting.COLOURS[row % len(plotting.COLOURS)],
                label=episode.rows[row],
            )
        axes.set_ylabel(label, fontsize=8)
        axes.tick_params(labelsize=7)
        if len(episode.rows) <= len(plotting.COLOURS) and cell != "busy":
            axes.legend(fontsize=6, ncols=2, loc="upper right")
    cells["queued"].set_xlabel("simulated time [s]", fontsize=8)
    return figure


def _draw_map(axes: Any, agents: EpisodeTable, servers: EpisodeTable, tasks: EpisodeTable) -> None:
    """Devices, servers, and a line for each pair with an offloaded task: wider for more tasks, redder for more failed ones."""
    device_xy = np.stack([agents.grid(name)[-1] for name in ("position_x_m", "position_y_m")], -1)
    server_xy = np.stack([servers.grid(name)[-1] for name in ("position_x_m", "position_y_m")], -1)
    offloaded = tasks.column("mode") != "local"
    device, server = tasks.column("device")[offloaded], tasks.column("server")[offloaded]
    done = tasks.column("outcome")[offloaded] == "completed"
    counts, completed = np.zeros((2, len(agents.rows), len(servers.rows)))
    np.add.at(counts, (device, server), 1)
    np.add.at(completed, (device, server), done)
    for d, s in np.argwhere(counts > 0):
        share = completed[d, s] / counts[d, s]
        axes.plot(
            *zip(device_xy[d], server_xy[s], strict=True),
            lw=0.4 + 3 * counts[d, s] / counts.max(),
            color=plotting.COLOURS[2 if share > 0.9 else 1 if share > 0.5 else 3],
            alpha=0.6,
            zorder=1,
        )
    axes.scatter(*device_xy.T, s=16, color=plotting.COLOURS[7], zorder=2, label="device")
    for index, name in enumerate(servers.rows):
        colour = plotting.COLOURS[index % len(plotting.COLOURS)]
        axes.scatter(*server_xy[index], s=90, marker="s", color=colour, zorder=3, label=name)
    for shade, label in ((2, "> 90 % completed"), (1, "> 50 %"), (3, "less")):
        axes.plot([], [], color=plotting.COLOURS[shade], lw=2, label=label)
    axes.set_aspect("equal")
    axes.set_xlabel("x [m]", fontsize=8)
    axes.set_ylabel("y [m]", fontsize=8)
    axes.tick_params(labelsize=7)
    axes.legend(fontsize=6, ncols=3, loc="upper center", bbox_to_anchor=(0.5, -0.1))
