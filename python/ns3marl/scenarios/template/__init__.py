# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Python part of ``template``: a simple policy and a plot. It is optional; the C++ scenario works without it.

``ns3marl`` finds ``HOME`` beside the C++ file that ``ns3marl build`` compiled; you use its entries by name:

    ns3marl run template --policy own-slot --tables tables
    ns3marl plot-run tables --plot deliveries

``ns3marl train NAME`` uses a configuration ``configs/NAME.toml`` beside this file.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ns3marl.errors import ConfigError
from ns3marl.home import ScenarioHome, SimplePolicy
from ns3marl.policies import default_actions
from ns3marl.rl.policy import fill_inactive
from ns3marl.types import Actions, Batch, Spec

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class OwnSlot:
    """Station i sends in slot i at full power; additional groups of agents take their default actions.

    Args:
        spec: The spec that C++ ``Describe`` declares.

    Raises:
        ConfigError: The spec is of another scenario.
    """

    def __init__(self, spec: Spec) -> None:
        self.spec, self.group = spec, spec.groups[0]
        heads = [head.name for head in self.group.discrete_heads]
        heads += [head.name for head in self.group.continuous_heads]
        if heads != ["slot", "power"]:
            raise ConfigError(
                f"own-slot is for the heads slot and power; {spec.scenario!r} has {', '.join(heads)}"
            )

    def act(self, batch: Batch, rngs: Sequence[np.random.Generator]) -> list[Actions]:
        """Decides for all environments of a batch at once.

        Args:
            batch: Observations of B environments. ``batch.groups[0]`` has ``observations`` [B,A,F] in the order of the spec's features,
                ``masks`` and ``active`` [B,A]; only policies that a descriptor marks as central may use ``batch.state``.
            rngs: One generator for each environment, the only source of random numbers.

        Returns:
            For each group the choices [B,A,heads] and real values [B,A,heads].
        """
        del rngs
        active = batch.groups[0].active
        slots = np.arange(active.shape[1]) % self.group.choice_counts[0]
        choices = np.broadcast_to(slots[:, None], (*active.shape, 1))
        powers = np.full((*active.shape, 1), self.group.continuous_heads[0].high)
        others = [Actions(*default_actions(group, len(batch.env_id))) for group in self.spec.groups[1:]]
        return [fill_inactive(self.group, active, choices, powers), *others]


def deliveries(folder: Path, policy: str | None = None, run: int | None = None) -> Figure:
    """Draws the share of each station's packets that the sink received, over simulated time.

    Args:
        folder: Folder of tables that ``ns3marl run --tables`` wrote.
        policy: Policy of the episode; the first one by default.
        run: The episode's ns-3 RngRun; the first one by default.
    """
    # Imported here, since the descriptor is read whenever a command starts.
    from matplotlib.figure import Figure  # noqa: PLC0415

    from ns3marl.evaluation.episode_table import state_table  # noqa: PLC0415

    table = state_table(folder, "sink", ("sim_time", "delivered_share"), policy, run)
    figure = Figure(figsize=(7, 3), layout="constrained")
    axes = figure.subplots()
    axes.plot(table.grid("sim_time")[:, 0], table.grid("delivered_share"), label=table.rows)
    axes.set_xlabel("simulated time [s]")
    axes.set_ylabel("share delivered")
    axes.set_title(f"{table.policy}, RngRun {table.run}")
    axes.legend()
    return figure


HOME = ScenarioHome(
    name="template",
    is_template=True,
    policies={"own-slot": SimplePolicy(make=OwnSlot)},
    plots={"deliveries": deliveries},
    # A fast twin is the same scenario as arrays, thousands of ticks a second: `make` in a file twin.py opens one,
    #
    #     def make(*, arguments, num_envs, seed, first_run, device, calibration, resumable): ...
    #
    # and gives `num_envs` environments with the methods of ns3marl.env.pool.Pool and the spec of the C++ (the same hash).
    # Then `--set scenario.backend=fastsim` trains on it, and ns-3 evaluates what it taught.
    #
    # twin="twin.py:make",
)
