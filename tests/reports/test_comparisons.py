# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Comparisons of policies: what one that fails costs, and how a report of them reads."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure
from toy_game import ToyPool, toy_spec
from toy_runs import COMMAND, config, quiet, toy_pool

from ns3marl import home as homes
from ns3marl import plotting
from ns3marl import policies as simple
from ns3marl.cli import main
from ns3marl.evaluation import comparison
from ns3marl.evaluation.comparison import REWARD, Entry, PolicyResult
from ns3marl.evaluation.evaluate import evaluate
from ns3marl.evaluation.tables import TICKS
from ns3marl.home import Distribution, ScenarioHome, SimplePolicy
from ns3marl.reporting import page, plots, report
from ns3marl.reporting.verdict import verdict
from ns3marl.rl.policy import action_generators
from ns3marl.scenarios.aiot_mec import HOME as AIOT_MEC
from ns3marl.types import Actions, Batch, Metric

# ---------------------------------------------------------------------------------------------- policies that fail


class Forbidden(simple.Default):
    """Plays a choice that every mask forbids."""

    def act(self, batch: Batch, rngs: Sequence[np.random.Generator]) -> list[Actions]:
        joint = super().act(batch, rngs)
        joint[0].discrete[..., 0] = 2
        return joint


HOME = ScenarioHome(
    name="toy",
    policies={"forbidden": SimplePolicy(make=Forbidden)},
    parts={"What agents did": ("sends", "score", "not in this spec")},
    distributions=(
        Distribution(title="Score of every tick", table=TICKS, column="score"),
        Distribution(title="Score of random", table=TICKS, column="score", where=("policy", "random")),
        Distribution(title="Of a table that was not written", table="nothing", column="score"),
        Distribution(title="Of a column that is not there", table=TICKS, column="latency"),
    ),
)


@pytest.fixture
def toy_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(homes, "find", lambda _: HOME)


@pytest.mark.report("T2")
@pytest.mark.usefixtures("toy_home")
def test_a_policy_that_fails_costs_its_own_rows_and_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = [
        "evaluate",
        "forbidden",
        "random",
        "default",
        *COMMAND,
        "--set",
        "evaluation.backend=toy_runs:make",
    ]
    assert main([*command, "--out", str(tmp_path)]) == 2
    assert re.search(r"forbidden was not evaluated: SpecViolation: .*masked", capsys.readouterr().err)
    results = comparison.read(tmp_path)
    assert results is not None
    assert [policy["name"] for policy in results["policies"]] == ["random", "default"]
    assert list(results["failures"]) == ["forbidden"]
    assert (tmp_path / "report.html").exists()


@pytest.mark.report("T2")
def test_the_default_policy_plays_what_masks_allow() -> None:
    with ToyPool(num_envs=2) as pool:
        batch = pool.reset()
        masks = batch.groups[0].masks.copy()
        masks[..., :3] = [False, True, False]  # the default choice of the mode is 0
        batch.groups[0].masks[:] = masks
        (joint,) = simple.Default(toy_spec()).act(batch, action_generators(batch))
    active = batch.groups[0].active
    assert active.any()
    assert (joint.discrete[active, 0] == 1).all()
    assert (joint.discrete[~active, 0] == 0).all()


# --------------------------------------------------------------------------------------------------- how it reads

#: The width of the page's content at 1300 px [px]: 80 rem at most, without padding and scroll bar.
_WIDTH_PX = 1300 - 2 * 24 - 15
#: Of a letter of the tables, 0.85 rem, on average and generously; and the padding of a cell.
_LETTER_PX, _PADDING_PX = 7.6, 16


def results(**rewards: float) -> dict[str, Any]:
    """A comparison in the metrics of ``aiot-mec``."""
    names = [
        "completion_ratio",
        "latency_mean_s",
        "latency_p95_s",
        "energy_efficiency_tasks_per_j",
        "energy_efficiency_without_idle_tasks_per_j",
        "aoi_mean_ticks",
        *AIOT_MEC.parts["How tasks ended"],
    ]
    units = {"s": "s", "j": "1/J", "ticks": "ticks"}
    metrics = [REWARD, *(Metric(name, units.get(name.rpartition("_")[2], "1")) for name in names)]
    spread = 0.1 * np.random.default_rng(1).standard_normal(8)
    heads = {
        "mode": {"choices": ["local", "partial", "full offload"]},
        "server": {"choices": [str(server) for server in range(12)]},
        "transmit_power": {"low": 0.0, "high": 30.0, "unit": "dBm"},
    }
    actions = {"mode": [0.2, 0.3, 0.5], "server": [1 / 12] * 12, "transmit_power": [0.05] * 20}
    entries = [
        Entry(
            name,
            [name],
            results=[
                PolicyResult(
                    name,
                    [*range(8)],
                    {
                        metric.name: (1000 * reward * (i + 1) + spread).tolist()
                        for i, metric in enumerate(metrics)
                    },
                    actions,
                    1.0,
                )
            ],
        )
        for name, reward in rewards.items()
    ]
    summary = comparison.summarise(entries, metrics, heads, 100)
    return {"episodes": 8, "seed": 7, "parts": AIOT_MEC.parts, **summary}


MADE = {"imappo": 1.0, "coordinated-greedy": 0.9, "random-offload": 0.5, "best-snr": 0.999999}


@pytest.mark.report("T15")
def test_the_comparison_fits_a_screen_of_1300_px() -> None:
    style = page.render("page.css")
    assert "max-width: 80rem" in style
    table = report.table(results(**MADE))
    width_px = 0.0
    for column in zip(table.header, *table.rows, strict=True):
        # Words break at blanks and at hyphens; a value and its interval stand on two lines, and neither breaks.
        lines = [
            part
            for cell in column
            for part in (re.split(r"[ -]", cell) if isinstance(cell, str) else [cell.value, cell.interval])
        ]
        width_px += _PADDING_PX + _LETTER_PX * max(map(len, lines))
    assert width_px < _WIDTH_PX


@pytest.mark.report("T15")
def test_only_intervals_that_do_not_overlap_make_a_best_one() -> None:
    assert report.best(results(one=1.0, other=0.5), REWARD.name) == {0}
    assert report.best(results(one=1.0, other=0.999999), REWARD.name) == set()
    assert report.best(results(**MADE), REWARD.name) == {0, 3}


@pytest.mark.report("T15")
def test_a_sentence_says_how_the_first_policy_does() -> None:
    assert re.fullmatch(
        r"imappo earns .* reward per tick over 8 episodes, more than coordinated-greedy, random-offload and best-snr\.",
        verdict(results(**MADE)),
    )


ROWS = [
    {
        "ticks": 100.0 * i,
        "update": i,
        "reward_per_tick": 1.0,
        "kl/mode": 0.1,
        "entropy/mode": 1.0,
        "entropy/server": 2.0,
    }
    for i in (1, 2, 3)
]


SPREAD = {
    "title": "Latency of completed tasks",
    "unit": "s",
    "quantiles": {name: (reward * np.linspace(0.01, 0.1, 101)).tolist() for name, reward in MADE.items()},
}

FIGURES: dict[str, Callable[[], Figure]] = {
    "curve": lambda: plots.learning_curve(ROWS, MADE),
    "bands": lambda: plots.learning_bands({"training": [ROWS, ROWS]}, MADE),
    "health": lambda: plots.learner_health(ROWS),
    "time": lambda: plots.time_split(ROWS),
    "bars": lambda: plots.metric_bars(made := results(**MADE), report.main_metrics(made)),
    "actions": lambda: plots.action_shares(results(**MADE)),
    "parts": lambda: plots.parts(results(**MADE), AIOT_MEC.parts["How tasks ended"]),
    "distribution": lambda: plots.distribution(SPREAD, [*MADE]),
}


@pytest.mark.report("T15")
@pytest.mark.parametrize("name", FIGURES)
def test_labels_and_legends_do_not_overlap(name: str) -> None:
    with plotting._theme("light"):
        figure = FIGURES[name]()
        figure.draw_without_rendering()
    visible = [axes for axes in figure.axes if axes.get_visible()]
    legends = [*figure.legends, *(legend for axes in visible if (legend := axes.get_legend()) is not None)]
    assert not [
        (legend, axes)
        for legend, axes in itertools.product(legends, visible)
        if legend.get_window_extent().overlaps(axes.get_window_extent())
    ]
    titles = [axes.title for axes in visible if axes.get_title()]
    for labels in (
        titles,
        *([axis.get_ticklabels() for axes in visible for axis in (axes.xaxis, axes.yaxis)]),
    ):
        shown = [label for label in labels if label.get_text() and label.get_visible()]
        for one, other in itertools.pairwise(shown):
            first, second = one.get_window_extent(), other.get_window_extent()
            if one.get_rotation():  # turned labels need the height of a line between them, not their length
                apart = abs(second.x1 - first.x1) * np.sin(np.radians(one.get_rotation()))
                assert apart > float(one.get_fontsize()) * figure.dpi / 72, (name, one, other)
            else:
                assert not first.overlaps(second), (name, one, other)


@pytest.mark.report("T15")
@pytest.mark.usefixtures("toy_home")
def test_causes_and_distributions_stand_in_the_report(tmp_path: Path) -> None:
    options = config()
    tables = tmp_path / "tables"
    path = evaluate(
        options, ["random", "default"], tmp_path, console=quiet(), make_pool=toy_pool, tables=tables
    )
    content = json.loads(path.read_text())
    assert content["parts"] == {"What agents did": ["sends", "score"]}
    every, of_random = content["distributions"]
    assert [every["title"], every["unit"]] == ["Score of every tick", "1"]
    assert every["quantiles"].keys() == {"random", "default"}
    assert of_random["quantiles"].keys() == {"random"}
    quantiles = every["quantiles"]["random"]
    assert len(quantiles) == 101
    assert quantiles == sorted(quantiles)
    text = report.report(tmp_path).read_text()
    for title in ("What agents did", "Score of every tick", "Score of random"):
        assert f"<h2>{title}</h2>" in text
    assert {"parts-1.png", "distribution-1.png", "distribution-2.png"} <= {
        plot.name for plot in (tmp_path / "plots").iterdir()
    }
