# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""What `ns3marl view` costs: drawing 1000 devices, opening the page, its size, and a training that is watched.

- ``frames_per_s_1000_devices``: frames that Chromium draws a second while an episode of 1000 devices and 60 servers plays at 5 ticks a
  second (1400 x 820 pixels, drawn by the CPU), whole page included.
- ``page_ready_s``: from asking for the page of a recorded episode (50 devices, 9 servers, 100 ticks) until its map and its charts
  are drawn; median of 5.
- ``page_mb``: the page without episodes: everything that the server sends; ``episode_mb``: that recording.
- ``training_slowdown_percent``: ticks a second of a training while `ns3marl view RUN` serves and a browser shows its page, against the
  same training alone, in turns; median over pairs.

``--devices`` asks for another size, ``--pairs 0`` leaves the training out. `make test-view` installs what this needs.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from ns3marl.view import page as pages
from ns3marl.view.episode import load
from ns3marl.view.player import Recording
from ns3marl.view.server import Server
from ns3marl.view.session import Session

MEASURED_S = 10.0
REPEATS = 5
TRAINING = (
    "pool.num_envs=8",
    "training.minutes=0",
    "training.tensorboard=false",
    "training.checkpoint_every=20",
)
COMMAND = [sys.executable, "-m", "ns3marl.cli"]


def recorded(folder: Path, devices: int, servers: int, ticks: int) -> Path:
    """A recording of random choices on `aiot-mec`; many devices on the twin, which takes less time."""
    file = folder / f"{devices}.ns3view"
    backend = [] if devices <= 100 else ["--backend", "fastsim"]
    preset = [] if devices <= 100 else ["--preset=dense"]
    arguments = [f"--devices={devices}", f"--servers={servers}", f"--ticks={ticks}", *preset]
    words = ["view", "aiot-mec", "--policy", "best-snr", "--out", str(file), *backend, "--", *arguments]
    subprocess.run([*COMMAND, *words], check=True, stdout=subprocess.DEVNULL)
    return file


@contextmanager
def serving(file: Path) -> Iterator[str]:
    """The address of a recording's page."""
    server = Server(Session(file.name, [Recording(load(file), file.name)]))
    thread = threading.Thread(target=server.serve)
    thread.start()
    try:
        yield server.address
    finally:
        server.stop()
        thread.join()


def opened(browser: Browser, address: str) -> tuple[Page, float]:
    """A page whose map and charts are drawn, and how long that took [s]."""
    page = browser.new_page(viewport={"width": 1400, "height": 820})
    started_s = time.perf_counter()
    page.goto(address)
    page.wait_for_selector("body[data-ready] canvas[aria-label=map]", timeout=120_000)
    page.wait_for_selector(".chart canvas", timeout=120_000)
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    return page, time.perf_counter() - started_s


def frames_per_s(page: Page) -> float:
    """Animation frames while the episode plays, beside how many ticks it went on."""
    page.select_option("#speed", "5")
    page.keyboard.press("Home")
    page.evaluate("window.page.clock.play(true)")
    counted: list[float] = page.evaluate(
        """(seconds) => new Promise((done) => {
             const [began, from] = [performance.now(), window.page.clock.time];
             let frames = 0;
             const count = (now) => {
               frames++;
               if (now - began < 1000 * seconds) requestAnimationFrame(count);
               else done([1000 * frames / (now - began), window.page.clock.time - from]);
             };
             requestAnimationFrame(count);
           })""",
        MEASURED_S,
    )
    frames, simulated_s = counted
    if simulated_s <= 0:
        raise SystemExit("the episode did not play")
    return frames


def ticks_per_s(folder: Path, ticks: int, browser: Browser | None) -> float:
    """Of a training on the twin, alone or watched in a browser: ticks and wall clock as its log has them, without the first update."""
    settings = [word for of in (*TRAINING, f"training.ticks={ticks}") for word in ("--set", of)]
    train = [*COMMAND, "train", "twin", *settings, "--out", str(folder)]
    with ExitStack() as stack:
        training = subprocess.Popen(train, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        stack.callback(training.wait)
        if browser is not None:
            while not (folder / "config.toml").exists():
                time.sleep(0.1)
            watch = [*COMMAND, "view", str(folder), "--no-browser"]
            view = stack.enter_context(subprocess.Popen(watch, stdout=subprocess.PIPE, text=True))
            stack.callback(view.terminate)
            assert view.stdout is not None
            address = view.stdout.readline().strip().rpartition(" ")[2]
            page = browser.new_page(viewport={"width": 1400, "height": 820})
            stack.callback(page.close)
            page.goto(address)
            page.wait_for_selector("#training .chart canvas", timeout=120_000)
            page.wait_for_timeout(1000)
            begun = len(rows(folder))
        else:
            begun = 1
        if training.wait() != 0:
            raise SystemExit(f"the training failed: {' '.join(train)}")
    log = rows(folder)
    first, last = log[min(begun, len(log) - 2)], log[-1]
    return (last["ticks"] - first["ticks"]) / (last["wall_s"] - first["wall_s"])


def rows(folder: Path) -> list[dict[str, float]]:
    """What a training has logged."""
    path = folder / "metrics.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--devices", type=int, default=1000)
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--ticks", type=int, default=40_000, help="of each training")
    options = parser.parse_args()
    chromium = shutil.which("chromium")
    if chromium is None:
        raise SystemExit("there is no Chromium here; install what this needs with `make test-view`")
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        small = recorded(folder, 50, 9, 100)
        with serving(small) as address:
            times = []
            for _ in range(REPEATS):
                page, ready_s = opened(browser, address)
                times.append(ready_s)
                page.close()
        large = recorded(folder, options.devices, 60, 60)
        with serving(large) as address:
            page, ready_large_s = opened(browser, address)
            frames = frames_per_s(page)
            page.close()
        slowdowns = []
        for pair in range(options.pairs):
            alone = ticks_per_s(folder / f"alone-{pair}", options.ticks, None)
            watched = ticks_per_s(folder / f"watched-{pair}", options.ticks, browser)
            slowdowns.append(100 * (1 - watched / alone))
            print(f"pair {pair + 1}: {alone:.0f} ticks/s alone, {watched:.0f} watched", file=sys.stderr)
        browser.close()
        page_bytes = len(pages.served({"title": ""}, "")) + sum(len(of) for of in pages.assets().values())
        print(f"load: {os.getloadavg()[0]:.1f}")
        print(f"frames_per_s_{options.devices}_devices: {frames:.1f} 1/s")
        if slowdowns:
            print(f"training_slowdown_percent: {statistics.median(slowdowns):.2f} %")
        print(f"page_ready_s: {statistics.median(times):.2f} s")
        print(f"page_ready_{options.devices}_devices_s: {ready_large_s:.2f} s")
        print(f"page_mb: {page_bytes / 1e6:.3f} MB")
        print(f"episode_mb: {small.stat().st_size / 1e6:.3f} MB")
        print(f"episode_{options.devices}_devices_mb: {large.stat().st_size / 1e6:.3f} MB")


if __name__ == "__main__":
    main()
