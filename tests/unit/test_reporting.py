# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Pages, tables, and what a report says of an evaluation."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
import pytest
from matplotlib.figure import Figure

from ns3marl.errors import ConfigError, OutputError
from ns3marl.evaluation import comparison
from ns3marl.evaluation.comparison import REWARD, Entry, PolicyResult
from ns3marl.plotting import Plot, render
from ns3marl.reporting import page, plots, report
from ns3marl.reporting.page import Estimate, TextTable, estimate
from ns3marl.reporting.verdict import verdict
from ns3marl.types import Metric

DELAY = Metric("delay_s", "s", higher_is_better=False)
HEADS = {"server": {"choices": ["local", "far away"]}}

#: What stands in results beside the summary.
ABOUT = {"manifest": {"scenario": {"name": "toy"}}, "failures": {}, "greedy": False, "distributions": []}


def results(central: tuple[str, ...] = (), episodes: int = 8, **rewards: float) -> dict[str, Any]:
    """A comparison of policies by their mean reward, with a spread of about 0.1 between episodes."""
    spread = 0.1 * np.random.default_rng(1).standard_normal(episodes)
    entries = []
    for name, reward in rewards.items():
        values = {REWARD.name: (reward + spread).tolist(), DELAY.name: (1 / reward + spread).tolist()}
        outcome = PolicyResult(name, [*range(1, 1 + episodes)], values, {"server": [0.5, 0.5]}, 1.0)
        entries.append(Entry(name, [name], central=name in central, results=[outcome]))
    summary = comparison.summarise(entries, [REWARD, DELAY], HEADS, 200)
    return {"episodes": episodes, "seed": 7, **summary}


def plot(caption: str = "") -> Plot:
    return render("empty", "Nothing <yet>", Figure, caption)


# --------------------------------------------------------------------------------------------------------- page


@pytest.mark.parametrize(
    ("ends", "shown"),
    [
        ((0.123456, 0.1, 0.15), "0.123 [0.100, 0.150]"),
        ((123.456, 101.0, 151.0), "123 [101, 151]"),
        ((0.5, 0.5, 0.5), "0.50000 [0.50000, 0.50000]"),
        ((0.123456, None, None), "0.1235"),
        ((None, None, None), "–"),
    ],
)
def test_an_estimate_has_the_digits_that_its_interval_deserves(ends: tuple[Any, ...], shown: str) -> None:
    assert str(estimate(dict(zip(("mean", "low", "high"), ends, strict=True)))) == shown


def test_a_table_in_markdown_escapes_bars_and_marks_in_bold() -> None:
    table = TextTable(["a|b", "value"], [["x", Estimate("1", "[0, 2]")]], frozenset({(0, 1)}))
    assert page.markdown_table(table).splitlines() == [
        r"| a\|b | value |",
        "|---|---|",
        "| x | **1 [0, 2]** |",
    ]


def test_a_page_escapes_what_it_shows(tmp_path: Path) -> None:
    content = {
        "title": "<script>alert()",
        "facts": [("Scenario", "a && b")],
        "config": 'x = "<b>"',
        "manifest": "{}",
        "comparison": None,
    }
    html = page.write(tmp_path, "run", [plot("1 < 2")], content).read_text()
    assert "<script>alert" not in html
    for shown in ("&lt;script&gt;alert()", "a &amp;&amp; b", "&lt;b&gt;", "Nothing &lt;yet&gt;", "1 &lt; 2"):
        assert shown in html
    text = (tmp_path / "report.md").read_text()
    assert "- Scenario: a && b" in text
    assert "1 < 2" in text
    assert (tmp_path / "plots" / "empty.png").stat().st_size > 0


def test_a_template_that_lacks_something_is_an_error() -> None:
    with pytest.raises(jinja2.UndefinedError, match="table"):
        page.render("table.md.j2")


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "plots").touch()
    with pytest.raises(
        OutputError, match=rf"{tmp_path}/plots/empty.png cannot be written: File exists; .*--out"
    ):
        page.write(tmp_path, "run", [plot()], {})


def test_figures_for_papers_stand_beside_the_others(tmp_path: Path) -> None:
    content: dict[str, Any] = {
        "title": "",
        "facts": [],
        "config": "",
        "manifest": "{}",
        "comparison": None,
    }
    drawn = render("letters", "Letters", lambda: plots.time_split([]))
    page.write(tmp_path, "run", [drawn], content, ["pdf", "svg"])
    kinds = {path.suffix: path.read_bytes() for path in (tmp_path / "plots").iterdir()}
    assert kinds.keys() == {".png", ".pdf", ".svg"}
    assert kinds[".pdf"].startswith(b"%PDF")
    assert b"/FontFile2" in kinds[".pdf"]  # TrueType; some publishers refuse Type 3
    assert b"/Type3" not in kinds[".pdf"]
    assert b"<svg" in kinds[".svg"]
    assert kinds[".svg"] == drawn.light  # drawn twice, the same bytes
    page.write(tmp_path / "plain", "run", [plot()], content)
    assert [path.name for path in (tmp_path / "plain" / "plots").iterdir()] == ["empty.png"]
    with pytest.raises(ConfigError, match=r"png, svg, pdf, got 'pdg' \(did you mean png or pdf"):
        page.write(tmp_path / "none", "run", [plot()], content, ["pdg"])
    assert not (tmp_path / "none").exists()


def test_a_page_is_one_file_for_every_screen(tmp_path: Path) -> None:
    (tmp_path / comparison.FILE).write_text(json.dumps(results(mine=1.0, other=0.5) | ABOUT))
    html = report.report(tmp_path).read_text()
    assert 'name="viewport" content="width=device-width, initial-scale=1"' in html
    assert "prefers-color-scheme: dark" in html
    assert not re.search(r'(?:src|href|srcset)="(?!data:)', html)  # nothing from outside
    assert not re.search(r"fetch\(|import |url\(|@import", html)
    assert not re.search(r"(?<![-\w])width:\s*\d", html.partition("</style>")[0])  # no fixed widths
    assert len(re.findall(r"<table", html)) == len(
        re.findall(r'<div class="wide" tabindex="0">\n<table', html)
    )
    for shown in ("reward per tick\u00a0↑", "delay [s]\u00a0↓", "P(mine earns more)"):
        assert f'<th scope="col">{shown}</th>' in html
    assert (
        "minus mine | reward per tick ↑ | delay [s] ↓ | P(mine earns more)"
        in (tmp_path / "report.md").read_text()
    )


def test_differences_end_with_the_chance_of_the_reference() -> None:
    table = report.differences(results(mine=1.0, other=0.5))
    assert [row[0] for row in table.rows] == ["other"]
    assert str(table.rows[0][-1]) == "1.0000 [1.0000, 1.0000]"


# ------------------------------------------------------------------------------------------------------- report


def test_a_mean_is_marked_only_where_its_interval_tells_it_apart() -> None:
    made = results(good=1.0, close=1.02, bad=0.5)
    assert report.best(made, REWARD.name) == {0, 1}
    assert report.best(made, DELAY.name) == {0, 1}
    assert report.best(results(good=1.0, close=1.02), REWARD.name) == set()
    assert report.best(results(good=1.0), REWARD.name) == set()
    assert report.best(results(good=1.0, bad=0.5, episodes=1), REWARD.name) == set()
    table = report.table(made)
    assert table.marked == {(0, 2), (1, 2), (0, 3), (1, 3)}
    assert [row[0] for row in table.rows] == ["good", "close", "bad"]
    assert table.header == ["policy", "acts on", "reward per tick ↑", "delay [s] ↓"]


def test_the_opposite_chance_turns_its_interval() -> None:
    assert report.opposite({"value": 0.25, "low": 0.0, "high": None}) == {
        "value": 0.75,
        "low": None,
        "high": 1.0,
    }


@pytest.mark.parametrize("text", ["{", "[]", "\xff"])
def test_a_damaged_file_is_named(text: str, tmp_path: Path) -> None:
    (tmp_path / comparison.FILE).write_text(text, encoding="latin-1")
    with pytest.raises(ConfigError, match=r"results.json cannot be read"):
        report.report(tmp_path)


# ------------------------------------------------------------------------------------------------------ verdict


def test_the_verdict_says_who_earns_more_and_who_less() -> None:
    said = verdict(results(("oracle",), mine=1.0, oracle=2.0, simple=0.5, random=0.2))
    assert re.fullmatch(
        r"mine earns 1\.\d+ \[.*\] reward per tick over 8 episodes, more than simple and random, less than oracle\. "
        r"oracle acts on central information\.",
        said,
    ), said


def test_the_verdict_names_policies_that_episodes_do_not_tell_apart() -> None:
    made = results(mine=1.0, twin=1.0)
    assert verdict(made).endswith("; these episodes do not tell it apart from twin.")


def test_the_verdict_of_one_episode_or_one_policy_compares_nothing() -> None:
    assert "evaluate more episodes" in verdict(results(mine=1.0, other=0.5, episodes=1))
    assert re.fullmatch(r"mine earns .* reward per tick over 8 episodes\.", verdict(results(mine=1.0)))


# -------------------------------------------------------------------------------------------------------- plots


def test_long_choices_are_turned_so_that_they_do_not_overlap() -> None:
    figure = plots.action_shares(results(mine=1.0))
    assert {label.get_rotation() for label in figure.axes[0].get_xticklabels()} == {35.0}


def test_the_learner_s_legend_stands_beside_its_curves() -> None:
    rows = [
        {"ticks": 1.0 + i, "kl/a": 0.1, "entropy/a": 1.0, "entropy/b": 2.0, "explained": 0.5} for i in (0, 1)
    ]
    figure = plots.learner_health(rows)
    assert [axes.get_legend() for axes in figure.axes] == [None] * 3
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["a", "b"]
