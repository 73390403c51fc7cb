# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The picture that ``render()`` of an environment shows: the network as its scenario's map declares it, choices, and rewards so far.

Everything is drawn from the spec and the batch at hand; a scenario without a map has its agents as cells.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ns3marl.errors import SpecViolation
from ns3marl.network_map import NetworkMap, Places
from ns3marl.plotting import COLOURS
from ns3marl.types import Actions, Batch, Bool, ContinuousHead, DiscreteHead, Float32, Group, Spec

_SIZE_INCHES, _DPI = (9.6, 5.4), 100
_MAX_HEADS = 4
_HISTORY = 100  #: ticks of rewards that are drawn

Pixels = NDArray[np.uint8]


@dataclass
class _Moment:
    """What the first environment of a batch showed and was told."""

    tick: int
    time_s: float
    state: Sequence[Float32]  #: per block [S,F]
    active: Sequence[Bool]  #: per group [A], who is asked at this moment
    choices: Sequence[Actions] | None = None  #: of the step before, [1,A,D] and [1,A,R]
    chose: Sequence[Bool] = field(default_factory=tuple)  #: per group [A], whose choices count


class Picture:
    """Draws the first environment of a pool.

    Args:
        spec: Of the environment.
        network_map: Of the scenario; None: agents as cells.
    """

    def __init__(self, spec: Spec, network_map: NetworkMap | None) -> None:
        self._spec = spec
        self._map = network_map
        self._rewards: list[float] = []
        self._moment: _Moment | None = None
        self._figure: Figure | None = None

    def reset(self, batch: Batch) -> None:
        """An episode begins."""
        self._rewards = []
        self._moment = _moment(batch)

    def step(self, batch: Batch, joint: Sequence[Actions]) -> None:
        """A step was taken with a joint action."""
        before = self._moment
        self._moment = _moment(batch)
        self._moment.choices = joint
        self._moment.chose = before.active if before is not None else self._moment.active
        self._rewards.append(float(np.concatenate([of.rewards[0] for of in batch.groups]).mean()))

    def pixels(self) -> Pixels:
        """The picture, [H,W,3].

        Raises:
            SpecViolation: No episode has begun.
        """
        if self._moment is None:
            raise SpecViolation("render() came before reset(); call reset() first")
        moment = self._moment
        if self._figure is None:
            self._figure = Figure(figsize=_SIZE_INCHES, dpi=_DPI)
            FigureCanvasAgg(self._figure)
        figure = self._figure
        figure.clear()
        heads = [(g, h) for g, group in enumerate(self._spec.groups) for h in _heads(group)][:_MAX_HEADS]
        figure.text(
            0.03,
            0.95,
            f"{self._spec.scenario}   {moment.time_s:.2f} s   tick {moment.tick}",
            fontsize=10,
            weight="bold",
        )
        self._draw_network(figure.add_axes((0.05, 0.08, 0.5, 0.83)), moment)
        self._draw_rewards(figure.add_axes((0.64, 0.68, 0.33, 0.22)))
        height = 0.5 / max(len(heads), 1)
        for place, (g, head) in enumerate(heads):
            box = (0.64, 0.56 - (place + 1) * height + 0.06, 0.33, max(height - 0.1, 0.03))
            self._draw_head(figure.add_axes(box), moment, g, head)
        canvas: Any = figure.canvas
        canvas.draw()
        pixels: Pixels = np.asarray(canvas.buffer_rgba())[..., :3].copy()
        return pixels

    def _draw_network(self, axes: Any, moment: _Moment) -> None:
        places = [] if self._map is None else [of for of in self._map.places if self._has(of)]
        if not places:
            self._draw_cells(axes, moment)
            return
        points = {of.block: self._columns(moment, of.block, of.x, of.y) for of in places}
        self._draw_links(axes, moment, points)
        for of in places:
            xy = points[of.block]
            square = of.shape == "square"
            colours: Any = "white" if square else COLOURS[7]
            if of.level is not None and self._feature(of.block, of.level) is not None:
                colours = self._columns(moment, of.block, of.level)[:, 0]
            group = self._block(of.block)[1].agents_of
            if group is not None:
                colours = [COLOURS[0] if asked else COLOURS[7] for asked in moment.active[group]]
            style: dict[str, Any] = {"cmap": "YlOrRd", "vmin": 0, "vmax": 1, "edgecolors": "#24292f"}
            if isinstance(colours, (str, list)):
                style = {"edgecolors": "#24292f" if square else "none"}
            axes.scatter(
                *xy.T, c=colours, s=90 if square else 18, marker="s" if square else "o", zorder=3, **style
            )
        block = self._block(places[0].block)[1]
        bounds = {feature.name: feature for feature in block.features}
        for limit, of in ((axes.set_xlim, bounds[places[0].x]), (axes.set_ylim, bounds[places[0].y])):
            margin = 0.04 * (of.high - of.low)
            limit(of.low - margin, of.high + margin)
        axes.set_aspect("equal")
        axes.tick_params(labelsize=7)
        axes.set_xlabel(f"x [{bounds[places[0].x].unit}]", fontsize=8)

    def _draw_links(self, axes: Any, moment: _Moment, points: dict[str, Float32]) -> None:
        """A line from each agent to the row that it chose, where choices of a head are rows on the map."""
        if moment.choices is None:
            return
        for name, xy in points.items():
            for rows in self._block(name)[1].choices_of:
                source = next(
                    (other for other in points if self._block(other)[1].agents_of == rows.group), None
                )
                if source is None:
                    continue
                group = self._spec.groups[rows.group]
                head = group.discrete_heads[rows.head]
                taken = moment.choices[rows.group].discrete[0]
                counting = moment.chose[rows.group] & _counts(group, head, taken)
                lookup = {choice: row for row, choice in enumerate(rows.choices)}
                for agent in np.flatnonzero(counting).tolist():
                    row = lookup.get(int(taken[agent, rows.head]))
                    if row is not None:
                        ends = np.stack([points[source][agent], xy[row]])
                        axes.plot(*ends.T, color=COLOURS[0], lw=0.8, alpha=0.5, zorder=1)

    def _draw_cells(self, axes: Any, moment: _Moment) -> None:
        agents = [(g, a) for g, group in enumerate(self._spec.groups) for a in range(len(group.agents))]
        columns = int(np.ceil(np.sqrt(len(agents))))
        for place, (g, a) in enumerate(agents):
            group, chosen = self._spec.groups[g], 0
            if moment.choices is not None and group.discrete_heads:
                chosen = int(moment.choices[g].discrete[0, a, 0])
            x, y = place % columns, -(place // columns)
            asked = bool(moment.active[g][a])
            axes.scatter(
                x, y, s=2e4 / columns**2, marker="s", color=COLOURS[chosen % 8], alpha=1 if asked else 0.35
            )
            if columns <= 6:
                axes.text(x, y, group.agents[a], ha="center", va="center", fontsize=7, color="white")
        axes.set_xlim(-0.7, columns - 0.3)
        axes.set_ylim(-(len(agents) - 1) // columns - 0.7, 0.7)
        axes.set_axis_off()

    def _draw_rewards(self, axes: Any) -> None:
        recent = self._rewards[-_HISTORY:]
        first = len(self._rewards) - len(recent) + 1
        axes.plot(range(first, first + len(recent)), recent, color=COLOURS[0], lw=1.2)
        axes.set_title("reward per tick, mean over agents", fontsize=8, loc="left")
        axes.tick_params(labelsize=7)

    def _draw_head(self, axes: Any, moment: _Moment, g: int, head: DiscreteHead | ContinuousHead) -> None:
        """How many agents took each choice, or which values they took, in the step before."""
        group = self._spec.groups[g]
        of = f"{group.name}: " if len(self._spec.groups) > 1 else ""
        unit = f" [{head.unit}]" if isinstance(head, ContinuousHead) and head.unit != "1" else ""
        axes.set_title(f"{of}{head.name}{unit}", fontsize=8, loc="left")
        axes.tick_params(labelsize=6)
        if moment.choices is None:
            axes.set_yticks([])
            return
        joint = moment.choices[g]
        counting = moment.chose[g] & _counts(group, head, joint.discrete[0])
        if isinstance(head, DiscreteHead):
            taken = joint.discrete[0, counting, group.discrete_heads.index(head)]
            counts = np.bincount(taken, minlength=len(head.choices))
            axes.bar(range(len(counts)), counts, color=[COLOURS[c % 8] for c in range(len(counts))])
            if len(counts) <= 6:
                axes.set_xticks(range(len(counts)), head.choices)
        else:
            values = joint.continuous[0, counting, group.continuous_heads.index(head)]
            axes.hist(values, 12, range=(head.low, head.high), color=COLOURS[0])

    def _block(self, name: str) -> tuple[int, Any]:
        number = next(b for b, block in enumerate(self._spec.state) if block.name == name)
        return number, self._spec.state[number]

    def _feature(self, block: str, name: str) -> int | None:
        names = [feature.name for feature in self._block(block)[1].features]
        return names.index(name) if name in names else None

    def _has(self, places: Places) -> bool:
        there = any(block.name == places.block for block in self._spec.state)
        return there and all(self._feature(places.block, name) is not None for name in (places.x, places.y))

    def _columns(self, moment: _Moment, block: str, *names: str) -> Float32:
        """Features of a state block, [S,number of names]."""
        number, of = self._block(block)
        columns = [[feature.name for feature in of.features].index(name) for name in names]
        return moment.state[number][:, columns]


def _moment(batch: Batch) -> _Moment:
    final = batch.final[0]
    if final is None:
        state = [block[0].copy() for block in batch.state]
        active = [of.active[0].copy() for of in batch.groups]
        return _Moment(int(batch.tick[0]), 1e-9 * int(batch.sim_time_ns[0]), state, active)
    return _Moment(final.tick, 1e-9 * final.sim_time_ns, final.state, [of.active for of in final.groups])


def _heads(group: Group) -> list[DiscreteHead | ContinuousHead]:
    return [*group.discrete_heads, *group.continuous_heads]


def _counts(group: Group, head: DiscreteHead | ContinuousHead, taken: NDArray[np.int32]) -> Bool:
    """Which agents' choice of a head counts, given their others, [A]."""
    counting: Bool = np.ones(len(taken), np.bool_)
    condition = head.active_if
    while condition is not None:
        counting &= np.isin(taken[:, condition.head], condition.choices)
        condition = group.discrete_heads[condition.head].active_if
    return counting
