# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""A report in Chromium: on a phone, in the dark, with and without JavaScript. Skipped where Playwright or Chromium is missing."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ns3marl.plotting import render
from ns3marl.reporting import page, plots
from ns3marl.reporting.page import Estimate, TextTable

sync_api = pytest.importorskip("playwright.sync_api")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium")

ROWS: list[list[str | Estimate]] = [
    ["middle", Estimate("2.5", "[2, 3]"), Estimate("-0.10", "[-0.2, 0]")],
    ["best", Estimate("10.25", "[9, 11]"), Estimate("–")],
    ["worst", Estimate("-3", "[-4, -2]"), Estimate("0.02", "[0, 0.1]")],
]
TABLE = TextTable(["policy", "reward ↑", *["delay [s] ↓"]], ROWS)
WIDE = TextTable(["policy", *(f"a long metric {i} [s] ↓" for i in range(12))], [["x", *["1.0"] * 12]])


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    curve = [{"ticks": 100.0 * i, "reward_per_tick": float(i)} for i in (1, 2, 3)]
    drawn = render("curve", "Curve", lambda: plots.learning_curve(curve, {"random": 1.0}))
    comparison = {
        "verdict": "",
        "means": TABLE,
        "robust": WIDE,
        "differences": TextTable([], []),
        "everything": WIDE,
    }
    content = {
        "title": "toy",
        "facts": [("Scenario", "toy")],
        "config": "",
        "manifest": "{}",
        "comparison": comparison,
    }
    return page.write(tmp_path_factory.mktemp("report"), "run", [drawn], content)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield launched
        launched.close()


def names(opened: Any) -> list[str]:
    found: list[str] = opened.locator("table.sorts").first.locator("tbody th").all_inner_texts()
    return found


def test_tables_sort_by_click_and_by_key(browser: Any, report: Path) -> None:
    opened = browser.new_page()
    asked: list[str] = []
    opened.on("request", lambda request: asked.append(request.url))
    opened.goto(report.as_uri())
    heads = opened.locator("table.sorts").first.locator("thead th")
    assert names(opened) == ["middle", "best", "worst"]
    for column, order in (
        (1, ["best", "middle", "worst"]),  # higher is better: the best first
        (1, ["worst", "middle", "best"]),
        (2, ["middle", "worst", "best"]),  # lower is better; what is missing last
        (2, ["worst", "middle", "best"]),
        (0, ["best", "middle", "worst"]),
    ):
        heads.nth(column).click()
        assert names(opened) == order
    assert heads.nth(0).get_attribute("aria-sort") == "ascending"
    heads.nth(0).focus()
    opened.keyboard.press("Enter")
    assert names(opened) == ["worst", "middle", "best"]
    assert not [url for url in asked if not url.startswith(("file:", "data:"))]
    opened.close()


@pytest.mark.parametrize("scripts", [True, False])
def test_a_phone_scrolls_tables_and_not_the_page(browser: Any, report: Path, scripts: bool) -> None:
    context = browser.new_context(
        viewport={"width": 360, "height": 640}, color_scheme="dark", java_script_enabled=scripts
    )
    opened = context.new_page()
    opened.goto(report.as_uri())
    for fold in opened.locator("summary").all():
        fold.click()
    client = context.new_cdp_session(opened)
    metrics = client.send("Page.getLayoutMetrics")
    assert metrics["cssContentSize"]["width"] <= 360
    box = opened.locator("table.sorts").nth(1).bounding_box()
    assert box is not None
    assert box["width"] > 360  # the table is wider, and scrolls in its own box
    assert names(opened) == ["middle", "best", "worst"]
    context.close()


def test_the_dark_page_shows_the_dark_figure(browser: Any, report: Path) -> None:
    shown = {}
    for scheme in ("light", "dark"):
        opened = browser.new_page(color_scheme=scheme)
        opened.goto(report.as_uri())
        shown[scheme] = (
            opened.evaluate("getComputedStyle(document.body).backgroundColor"),
            opened.evaluate("document.querySelector('figure img').currentSrc"),
        )
        opened.close()
    assert shown["light"][0] == "rgb(255, 255, 255)"
    assert shown["dark"][0] == "rgb(22, 25, 29)"
    assert shown["light"][1] != shown["dark"][1]
