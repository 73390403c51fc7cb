# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The page of `ns3marl view` as a person uses it. Pictures are left in build/view."""

from __future__ import annotations

import io
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import toy_runs
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from ns3marl import cli
from ns3marl.training.run import train
from ns3marl.view.server import Server
from ns3marl.view.session import Session
from ns3marl.view.training import TrainingLog

PICTURES = Path(__file__).resolve().parents[2] / "build" / "view"
ARGUMENTS = ["--devices=30", "--servers=4", "--ticks=60", "--preset=stress", "--channels=2"]
WAIT_MS = 60_000


@contextmanager
def opened(browser: Browser, address: str) -> Iterator[Page]:
    """A page in which nothing goes wrong and that asks nobody else."""
    context = browser.new_context(viewport={"width": 1400, "height": 820}, accept_downloads=True)
    page, wrong, asked = context.new_page(), [], []
    page.set_default_timeout(WAIT_MS)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda told: wrong.append(told.text) if told.type in {"error", "warning"} else None)
    page.on("request", lambda request: asked.append(request.url))
    page.goto(address)
    try:
        yield page
    finally:
        context.close()
    assert wrong == []
    own = address.partition("?")[0] if address.startswith("http") else "file:"
    assert not [url for url in asked if not url.startswith((own, "data:", "blob:"))]


def until(page: Page, condition: str) -> None:
    """Waits for a condition in JavaScript; the page's own policy lets it evaluate no texts, so it is asked from outside."""
    for _ in range(WAIT_MS // 50):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"{condition} never came true")


def loaded(page: Page) -> None:
    page.wait_for_selector("body[data-ready]")
    until(page, "window.page.episodes().every((of) => of.ended)")


def picture_of(page: Page, name: str) -> np.ndarray:
    data = page.screenshot(path=PICTURES / f"{name}.png")
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def exported(page: Page, button: str) -> bytes:
    page.click("#export summary")
    with page.expect_download(timeout=WAIT_MS) as download:
        page.click(button)
    return Path(download.value.path()).read_bytes()


def time_of(page: Page) -> float:
    return float(page.evaluate("window.page.clock.time"))


@pytest.fixture(scope="module")
def executable(scenario_path: Callable[[str], Path]) -> str:
    return str(scenario_path("aiot-mec"))


@pytest.fixture(scope="module")
def served(executable: str) -> Iterator[str]:
    """The address of two policies that play the same episode."""
    command = [
        sys.executable,
        "-m",
        "ns3marl.cli",
        "view",
        executable,
        "--no-browser",
        "--policy",
        "best-snr",
    ]
    with subprocess.Popen(
        [*command, "--policy", "random", "--", *ARGUMENTS], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip().rpartition(" ")[2]
        process.terminate()
        process.wait(60)


@pytest.fixture(scope="module")
def single(executable: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a page without a server."""
    file = tmp_path_factory.mktemp("page") / "page.html"
    words = ["view", executable, "--policy", "best-snr", "--policy", "random", "--out", str(file)]
    assert cli.main([*words, "--", *ARGUMENTS]) == 0
    return file.as_uri()


def test_two_policies_play_side_by_side(browser: Browser, served: str) -> None:
    with opened(browser, served) as page:
        loaded(page)
        captions = page.locator("figcaption b")
        expect(captions).to_have_text(["1: best-snr", "2: random"])
        page.keyboard.press("Home")
        before = time_of(page)
        until(page, f"window.page.clock.time > {before} + 0.1")
        page.click("#play")
        expect(page.locator("#play")).to_have_text("Play")
        stopped = time_of(page)
        picture_of(page, "compare")
        assert time_of(page) == stopped
        page.fill("#run", "7")
        page.click("#play-episode")
        until(page, "window.page.episodes().length === 2 && window.page.episodes()[0].head.run === 7")
        loaded(page)
        expect(page.locator("figcaption .note").first).to_contain_text("RngRun 7")


def test_time_goes_where_it_is_sent(browser: Browser, single: str) -> None:
    with opened(browser, single) as page:
        loaded(page)
        times = page.evaluate("window.page.focused().time")
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowRight")
        assert time_of(page) == times[2]
        page.click("#back")
        assert time_of(page) == times[1]
        page.keyboard.press("Shift+ArrowRight")
        assert time_of(page) == times[11]
        page.keyboard.press("End")
        assert time_of(page) == times[-1]
        page.keyboard.press("Home")
        assert time_of(page) == times[0]
        page.select_option("#speed", "30")
        page.keyboard.press("-")
        assert page.evaluate("window.page.clock.speed") == 10
        page.keyboard.press(" ")
        until(page, f"window.page.clock.time > {times[3]}")


def test_the_worst_moment_and_the_timeline_of_a_task(browser: Browser, single: str) -> None:
    with opened(browser, single) as page:
        loaded(page)
        page.keyboard.press("w")
        failures = page.evaluate("window.page.focused().failures")
        boundary = page.evaluate("window.page.focused().boundaryAt(window.page.clock.time)")
        assert failures[boundary + 1] == max(failures) > 0
        expect(page.locator("#message")).to_contain_text("Worst moment 1 of 5: reward")
        expect(page.locator(".detail h3 .bad")).to_be_visible()
        assert page.locator("#timeline span").count() >= 2
        picture_of(page, "task")
        expect(page.locator("#ends")).to_contain_text("completed")
        page.click("#items tbody tr:nth-child(2)")
        task = page.locator(".detail table tr", has_text="latency").locator("td").nth(1).inner_text()
        latency_s = float(task.split()[0])
        widths = page.evaluate(
            "[...document.querySelectorAll('#timeline .lane')].map((lane) => "
            "[...lane.children].reduce((sum, part) => sum + parseFloat(part.style.width), 0))"
        )
        assert max(widths) == pytest.approx(100, abs=0.1)
        told = page.locator(".detail .note").inner_text()
        assert float(re.findall(r"takes ([\d.]+) ms", told)[0]) == pytest.approx(1000 * latency_s, rel=0.01)


def test_a_click_on_the_map_selects(browser: Browser, single: str) -> None:
    with opened(browser, single) as page:
        loaded(page)
        spot = page.evaluate(
            "(({x, y, row}) => ({x, y, row}))(window.page.scenes[1].spots.find((spot) => spot.group === 0))"
        )
        page.locator("canvas[aria-label=map]").nth(1).click(position={"x": spot["x"], "y": spot["y"]})
        expect(page.locator("#agents .detail h3")).to_contain_text(f"device_{spot['row']}")
        assert page.evaluate("window.page.focus") == 1
        assert page.locator("#agents .detail tr", has_text="power").count() >= 1
        page.keyboard.press("Escape")
        assert page.locator("#agents .detail").count() == 0
        page.click("#tab-state")
        page.select_option("#block", label="server state")
        expect(page.locator("#state tbody tr")).to_have_count(4)


def test_light_and_dark(browser: Browser, single: str) -> None:
    with opened(browser, single) as page:
        loaded(page)
        shades = []
        for name in ("light", "dark"):
            assert page.evaluate("document.documentElement.dataset.theme ?? 'light'") == name
            shades.append(picture_of(page, f"theme-{name}").mean())
            page.click("#theme")
            page.wait_for_timeout(200)
        assert shades[0] > 200
        assert shades[1] < 90


def test_pictures_animations_and_videos(browser: Browser, single: str) -> None:
    with opened(browser, single) as page:
        loaded(page)
        page.keyboard.press("w")
        image = Image.open(io.BytesIO(exported(page, "#export-png")))
        assert image.format == "PNG"
        assert image.size == (1920, 1208)
        assert len(np.unique(np.asarray(image.convert("L")))) > 20
        animation: Any = Image.open(io.BytesIO(exported(page, "#export-gif")))
        assert (animation.format, animation.size) == ("GIF", (960, 604))
        assert animation.n_frames > 20
        first = np.asarray(animation.convert("RGB")).astype(int)
        animation.seek(animation.n_frames - 1)
        assert (np.asarray(animation.convert("RGB")) != first).any()
        video = exported(page, "#export-video")
        assert video[4:8] == b"ftyp" or video[:4] == bytes([0x1A, 0x45, 0xDF, 0xA3])  # MP4, WebM
        assert len(video) > 10_000


def test_the_page_exports_itself(browser: Browser, served: str, tmp_path: Path) -> None:
    with opened(browser, served) as page:
        loaded(page)
        page.click("#play")
        (tmp_path / "saved.html").write_bytes(exported(page, "#export-html"))
        rewards = page.evaluate("window.page.episodes().map((of) => of.reward)")
    with opened(browser, (tmp_path / "saved.html").as_uri()) as page:
        loaded(page)
        assert page.evaluate("window.page.episodes().map((of) => of.reward)") == rewards
        assert page.locator("#export-html").is_hidden()
        assert page.locator("#play-new").is_hidden()


@pytest.mark.parametrize("scenario", ["slice-lte", "edge-cloud", "cognitive-v2x", "echo"])
def test_any_scenario_has_a_page(
    browser: Browser, scenario_path: Callable[[str], Path], tmp_path: Path, scenario: str
) -> None:
    file = tmp_path / "page.html"
    words = ["view", str(scenario_path(scenario)), "--policy", "random", "--out", str(file)]
    assert cli.main([*words, "--", "--ticks=8"]) == 0
    with opened(browser, file.as_uri()) as page:
        loaded(page)
        for _ in range(3):
            page.keyboard.press("ArrowRight")
        picture_of(page, scenario)
        spots = page.evaluate("window.page.scenes[0].spots.length")
        agents = page.evaluate(
            "window.page.focused().spec.groups.reduce((sum, of) => sum + of.agents.length, 0)"
        )
        assert spots >= min(agents, 8)
        for tab in ("#tab-agents", "#tab-state"):
            page.click(tab)
        page.keyboard.press("w")


def test_a_run_in_training(browser: Browser, tmp_path: Path) -> None:
    train(toy_runs.config(), tmp_path / "run", console=toy_runs.quiet(), make_pool=toy_runs.toy_pool)
    server = Server(Session("a run", [], log=TrainingLog(tmp_path / "run")))
    thread = threading.Thread(target=server.serve)
    thread.start()
    try:
        with opened(browser, server.address) as page:
            expect(page.locator("#training-note")).to_have_text("Not in training now: 60 ticks, update 3")
            with (tmp_path / "run" / "metrics.jsonl").open("a") as log:
                log.write('{"update": 4, "ticks": 80, "reward_per_tick": 0.5}\n')
            expect(page.locator("#training-note")).to_have_text("Not in training now: 80 ticks, update 4")
            expect(page.locator("#training .chart h3", has_text="reward_per_tick")).to_be_visible()
            picture_of(page, "training")
    finally:
        server.stop()
        thread.join()
