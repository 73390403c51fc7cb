# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""What `ns3marl view` costs: drawing 1000 devices, opening the page, its size, and a training that is watched.

- ``frames_per_s_1000_devices``: frames that Chromium draws a second while an episode of 1000 devices and 60 servers plays at 1 tick a
  second (1400 x 820 pixels, drawn by the CPU), whole page included.
- ``page_ready_s``: from asking for the page of a recorded episode (50 devices, 9 servers, 100 ticks) until its map and its charts
  are drawn; median of 5.
- ``page_mb``: the page without episodes: everything that the server sends; ``episode_mb``: that recording.
- ``training_slowdown_percent``: ticks a second of a training on the twin while a browser shows the page of `ns3marl view RUN`, against
  the same training while none does, in turns; median over pairs. ``watching_cpu_percent``: CPU of server and browser meanwhile, as a
  share of one core, without an episode being played. It is steadier than the slowdown on a busy machine, but no bound of it: caches and
  cores are shared, too.

``--devices`` asks for another size, ``--backend fastsim`` records it on the twin, which reports no tasks but takes seconds instead of
minutes, ``--pairs 0`` leaves the training out. `make setup-tests` installs Chromium on Debian.
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

MEASURED_S = 8.0
LARGE_TICKS = 10
REPEATS = 5
TRAINING = (
    "pool.num_envs=8",
    "imappo.rollout_ticks=100",
    "training.minutes=0",
    "training.ticks=1000000000",
    "training.tensorboard=false",
)
TURN_UPDATES = 4
COMMAND = [sys.executable, "-m", "ns3marl.cli"]


def recorded(folder: Path, devices: int, servers: int, ticks: int, backend: str = "ns3") -> Path:
    """A recording of best-SNR on `aiot-mec`."""
    file = folder / f"{devices}.ns3view"
    preset = [] if devices <= 50 else ["--preset=dense"]
    arguments = [f"--devices={devices}", f"--servers={servers}", f"--ticks={ticks}", *preset]
    words = [
        "view",
        "aiot-mec",
        "--policy",
        "best-snr",
        "--backend",
        backend,
        "--out",
        str(file),
        "--",
        *arguments,
    ]
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
    page.select_option("#speed", "1")
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


def cpu_s(apart: int) -> float:
    """CPU time that all processes that this one launched have taken, but for one of them [s]."""
    total, waiting = 0.0, [os.getpid()]
    while waiting:
        pid = waiting.pop()
        if pid == apart:
            continue
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            listed = [of.read_text() for of in Path(f"/proc/{pid}/task").glob("*/children")]
        except OSError:  # it has ended
            continue
        if pid != os.getpid():
            total += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        waiting += [int(child) for of in listed for child in of.split()]
    return total


def slowdowns(folder: Path, pairs: int, browser: Browser, shares: list[float]) -> list[float]:
    """How much less a training on the twin gets done while a browser shows its page than while none does [%], in turns, one a pair.

    It is one training with the server of `ns3marl view` beside it. A turn is some updates by the training's own clock, without the
    first one, in which the page was opened or closed. ``shares`` gets the CPU of server and browser in watched turns [% of a
    core].
    """
    settings = [word for of in TRAINING for word in ("--set", of)]
    train = [*COMMAND, "train", "twin", *settings, "--out", str(folder)]
    found = []
    with ExitStack() as stack:
        training = subprocess.Popen(train, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        stack.callback(training.wait)
        stack.callback(training.terminate)
        await_rows(training, folder, 3)
        view = subprocess.Popen(
            [*COMMAND, "view", str(folder), "--no-browser"], stdout=subprocess.PIPE, text=True
        )
        stack.callback(view.wait)
        stack.callback(view.terminate)
        assert view.stdout is not None
        address = view.stdout.readline().strip().rpartition(" ")[2]
        for pair in range(pairs):
            rates = {}
            for watched in (False, True) if pair % 2 else (True, False):
                page = browser.new_page(viewport={"width": 1400, "height": 820}) if watched else None
                if page is not None:
                    page.goto(address)
                    page.wait_for_selector("#training .chart canvas", timeout=120_000)
                begun = len(rows(folder)) + 1
                await_rows(training, folder, begun + 1)
                before_s, clock_s = cpu_s(training.pid), time.perf_counter()
                log = await_rows(training, folder, begun + TURN_UPDATES + 1)
                if watched:
                    shares.append(100 * (cpu_s(training.pid) - before_s) / (time.perf_counter() - clock_s))
                first, last = log[begun], log[begun + TURN_UPDATES]
                rates[watched] = (last["ticks"] - first["ticks"]) / (last["wall_s"] - first["wall_s"])
                if page is not None:
                    page.close()
            found.append(100 * (1 - rates[True] / rates[False]))
            print(f"{rates[False]:.0f} ticks/s alone, {rates[True]:.0f} watched", file=sys.stderr, flush=True)
    return found


def await_rows(training: subprocess.Popen[bytes], folder: Path, count: int) -> list[dict[str, float]]:
    """The log of a training once it has that many rows."""
    while len(log := rows(folder)) < count:
        if training.poll() is not None:
            raise SystemExit(f"the training ended too early: {training.args!r}")
        time.sleep(0.2)
    return log


def rows(folder: Path) -> list[dict[str, float]]:
    """What a training has logged."""
    path = folder / "metrics.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--devices", type=int, default=1000)
    parser.add_argument("--pairs", type=int, default=10)
    parser.add_argument("--backend", default="ns3", help="where many devices are recorded")
    options = parser.parse_args()
    chromium = shutil.which("chromium")
    if chromium is None:
        raise SystemExit("there is no Chromium here; on Debian, `make setup-tests` installs it")
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
        large = recorded(folder, options.devices, 60, LARGE_TICKS, options.backend)
        with serving(large) as address:
            page, ready_large_s = opened(browser, address)
            frames = frames_per_s(page)
            page.close()
        shares: list[float] = []
        slower = slowdowns(folder / "training", options.pairs, browser, shares) if options.pairs else []
        browser.close()
        page_bytes = len(pages.served({"title": ""}, "")) + sum(len(of) for of in pages.assets().values())
        print(f"load: {os.getloadavg()[0]:.1f}")
        print(f"frames_per_s_{options.devices}_devices: {frames:.1f} 1/s")
        if slower:
            print(f"training_slowdown_percent: {statistics.median(slower):.2f} %")
            print(f"watching_cpu_percent: {statistics.median(shares):.2f} %")
            print(f"training_slowdown_pairs_percent: {min(slower):.1f} to {max(slower):.1f} %")
        print(f"page_ready_s: {statistics.median(times):.2f} s")
        print(f"page_ready_{options.devices}_devices_s: {ready_large_s:.2f} s")
        print(f"page_mb: {page_bytes / 1e6:.3f} MB")
        print(f"episode_mb: {small.stat().st_size / 1e6:.3f} MB")
        print(f"episode_{options.devices}_devices_mb: {large.stat().st_size / 1e6:.3f} MB")


if __name__ == "__main__":
    main()
