# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""`ns3marl view` and `render_mode` with real simulators."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gymnasium
import imageio_ffmpeg
import numpy as np
import pytest
import toy_runs
from faults import children

from ns3marl import cli, home
from ns3marl.env.gymnasium import Ns3Env
from ns3marl.env.pettingzoo import Ns3ParallelEnv
from ns3marl.env.pool import Pool
from ns3marl.env.wrappers import SingleAgent
from ns3marl.errors import ConfigError, SpecViolation
from ns3marl.training.run import train
from ns3marl.view import episode, frames

SMALL = ["--devices=8", "--servers=3", "--ticks=12"]


def names(spec: Any, block: str) -> set[str]:
    return {feature.name for of in spec.state if of.name == block for feature in of.features}


@pytest.mark.parametrize("scenario", [name for name, of in home.bundled().items() if of.map is not None])
def test_maps_name_what_the_spec_has(scenario_path: Callable[[str], Path], scenario: str) -> None:
    declared = home.find(scenario).map
    assert declared is not None
    with Pool(scenario_path(scenario), arguments=["--tables=all"], spares=0) as pool:
        spec = pool.spec
    for places in declared.places:
        wanted = {places.x, places.y, places.level or places.x, places.queue or places.x}
        assert wanted <= names(spec, places.block)
    for meter in declared.meters:
        assert meter.value in names(spec, meter.block)
    if declared.items is None:
        return
    items = declared.items
    columns = {column.name: column for of in spec.tables if of.name == items.table for column in of.columns}
    assert {items.begin, items.source, items.target, items.outcome} <= {*columns, None}
    assert {items.source_block, items.target_block} <= {block.name for block in spec.state} | {None}
    for stage in (stage for lane in items.lanes for stage in lane):
        assert columns[stage.column].unit == "s"
        assert {*stage.less} <= {*columns}
    if items.outcome is not None:
        assert {*items.success} < {*columns[items.outcome].categories}
    if items.stays is not None:
        assert {*items.stays[1]} < {*columns[items.stays[0]].categories}


def test_stages_add_up_to_the_latency(scenario_path: Callable[[str], Path], tmp_path: Path) -> None:
    file = tmp_path / "a.ns3view"
    path = str(scenario_path("aiot-mec"))
    assert cli.main(["view", path, "--policy", "best-snr", "--out", str(file), "--", *SMALL]) == 0
    spec = episode.load(file).head["spec"]
    (table,) = spec["tables"]
    place = {column["name"]: c for c, column in enumerate(table["columns"])}
    rows = [
        np.concatenate([frames.unpack(f).arrays[f"table_0_{c}"] for f in frames.read(file)[1:-1]])
        for c in range(len(place))
    ]
    assert len(rows[0]) > 10
    declared = home.find("aiot-mec").map
    assert declared is not None
    assert declared.items is not None
    total = np.zeros(len(rows[0]))
    for stage in declared.items.lanes[0]:
        less = sum(np.nan_to_num(rows[place[name]]) for name in stage.less)
        total += np.clip(np.nan_to_num(rows[place[stage.column]] - less), 0, None)
    np.testing.assert_allclose(total, rows[place["latency"]], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("scenario", ["echo", "slice-lte", "template", "edge-cloud", "cognitive-v2x"])
def test_any_scenario_can_be_recorded(
    scenario_path: Callable[[str], Path], tmp_path: Path, scenario: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "page.html"
    path = str(scenario_path(scenario))
    arguments = ["view", path, "--policy", "random", "--policy", "builtin", "--seed", "4", "--out", str(file)]
    assert cli.main([*arguments, "--", "--ticks=5"]) == 0
    assert capsys.readouterr().out == f"{file}\n"
    assert file.read_text().count('class="episode"') == 2


def test_two_policies_meet_the_same_episode(scenario_path: Callable[[str], Path], tmp_path: Path) -> None:
    path, first = str(scenario_path("aiot-mec")), []
    for policy in ("random", "local-only"):
        file = tmp_path / f"{policy}.ns3view"
        assert (
            cli.main(["view", path, "--policy", policy, "--run", "3", "--out", str(file), "--", *SMALL]) == 0
        )
        assert episode.load(file).head["run"] == 3
        arrays = frames.unpack(frames.read(file)[1]).arrays
        first.append((arrays["active_0"].tolist()[:1], arrays["state_0_low"].tolist()[-2:]))
    assert first[0] == first[1]


def test_the_twin_can_be_watched(tmp_path: Path) -> None:
    file = tmp_path / "twin.ns3view"
    arguments = ["view", "aiot-mec", "--policy", "best-snr", "--backend", "fastsim", "--out", str(file)]
    assert cli.main([*arguments, "--", *SMALL]) == 0
    head = episode.load(file).head
    assert head["more"]["simulator"] == "fast twin"
    assert head["map"]["items"]["table"] == "tasks"


def test_a_run_can_be_watched(
    scenario_path: Callable[[str], Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run, page = tmp_path / "run", tmp_path / "page.html"
    scenario = [f"scenario.name={scenario_path('echo')}", "scenario.arguments=['--ticks=10']"]
    train(toy_runs.config(*scenario), run, console=toy_runs.quiet())
    assert cli.main(["view", str(run), "--policy", "builtin", "--run", "2", "--out", str(page)]) == 0
    assert page.read_text().count('class="episode"') == 2
    assert cli.main(["view", str(run), "--out", str(tmp_path / "a.ns3view")]) == 0
    assert episode.load(tmp_path / "a.ns3view").head["policy"] == "ippo"
    capsys.readouterr()
    assert cli.main(["view", str(run), "--policy=random", "--policy=builtin"]) == 2
    assert "name one --policy to compare it with" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nothing-there"], "nothing-there"),
        (["aiot-mec", "edge-cloud"], "to compare two policies name --policy twice"),
        (["aiot-mec", "--policy=a", "--policy=b", "--policy=c"], "name one policy, or two to compare"),
        (["a.ns3view", "--policy=a"], "a recording is shown as it is"),
        (["a.ns3view", "aiot-mec"], "a recording is shown as it is"),
        (["a.ns3view"], "a.ns3view cannot be read: No such file"),
        (["echo", "--out=a.mov"], "expected a file that ends in .ns3view or .html"),
        (["echo", "--policy=random", "--policy=default", "--out=a.ns3view"], "a recording holds one episode"),
        (["echo", "--policy=clever", "--out=a.html"], "no policy 'clever'"),
        (["echo", "--backend=fastsim", "--out=a.html"], "has no twin"),
    ],
)
def test_words_that_make_no_sense(
    words: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.main(["view", *words]) == 2
    assert message in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_ends_the_page_and_its_simulators(scenario_path: Callable[[str], Path]) -> None:
    path = str(scenario_path("aiot-mec"))
    command = [sys.executable, "-m", "ns3marl.cli", "view", path, "--policy", "best-snr", "--no-browser"]
    with subprocess.Popen(
        [*command, "--", "--ticks=100000", "--devices=8", "--servers=3"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            address = process.stdout.readline().strip().rpartition(" ")[2]
            with urllib.request.urlopen(f"{address}events") as events:  # noqa: S310 - its own server
                while b'"frames": 0' in (line := events.readline()) or line == b"\n":
                    pass
                assert line
                simulators = [
                    int(pid)
                    for listed in Path(f"/proc/{process.pid}/task").glob("*/children")  # threads launch them
                    for pid in listed.read_text().split()
                ]
                assert simulators
                process.send_signal(signal.SIGINT)
                _, errors = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 0
    assert errors == ""
    assert not [pid for pid in simulators if Path(f"/proc/{pid}").exists()]


@pytest.mark.parametrize("kind", [Ns3Env, Ns3ParallelEnv])
@pytest.mark.parametrize("scenario", ["aiot-mec", "slice-lte"])
def test_render_gives_pictures(scenario_path: Callable[[str], Path], kind: Any, scenario: str) -> None:
    env = kind(scenario_path(scenario), ["--ticks=3"], render_mode="rgb_array", seed=2)
    try:
        assert env.render_mode in env.metadata["render_modes"]
        with pytest.raises(SpecViolation, match="render\\(\\) came before reset\\(\\)"):
            env.render()
        env.reset()
        pictures = [env.render()]
        for _ in range(3):
            spaces = getattr(env, "action_spaces", None)
            env.step(
                env.action_space.sample() if spaces is None else {n: s.sample() for n, s in spaces.items()}
            )
            pictures.append(env.render())
    finally:
        env.close()
    for picture in pictures:
        assert picture.dtype == np.uint8
        assert picture.shape == (540, 960, 3)
        assert len(np.unique(picture)) > 10
    assert all((one != other).any() for one, other in itertools.pairwise(pictures))


def test_nothing_is_drawn_unless_asked_for(scenario_path: Callable[[str], Path]) -> None:
    code = f"""
import sys
from ns3marl.env.gymnasium import Ns3Env
env = Ns3Env({str(scenario_path("echo"))!r}, ["--ticks=3"])
env.reset()
assert env.render() is None
env.close()
assert not any(name.startswith("matplotlib") for name in sys.modules), "matplotlib"
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_windows_need_a_display(
    scenario_path: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MPLBACKEND", "agg")
    before = set(children(os.getpid()))
    with pytest.raises(ConfigError, match=r"matplotlib opens no windows here.*rgb_array.*ns3marl view"):
        Ns3Env(scenario_path("echo"), render_mode="human")
    assert set(children(os.getpid())) <= before


def test_one_agent_of_many_renders(scenario_path: Callable[[str], Path]) -> None:
    env = SingleAgent(Ns3ParallelEnv(scenario_path("echo"), ["--ticks=3"], render_mode="rgb_array"))
    env.reset()
    picture = env.render()
    env.close()
    assert env.render_mode == "rgb_array"
    assert picture.shape == (540, 960, 3)


def test_videos_are_recorded(scenario_path: Callable[[str], Path], tmp_path: Path) -> None:
    ticks = 6
    inner = Ns3Env(scenario_path("aiot-mec"), [*SMALL, f"--ticks={ticks}"], render_mode="rgb_array", seed=2)
    env: Any = gymnasium.wrappers.RecordVideo(inner, str(tmp_path / "videos"), episode_trigger=lambda _: True)
    env.reset()
    over = False
    while not over:
        *_, terminated, truncated, _ = env.step(env.action_space.sample())
        over = terminated or truncated
    last = inner.render()
    env.close()
    (video,) = (tmp_path / "videos").glob("*.mp4")
    raw = [
        imageio_ffmpeg.get_ffmpeg_exe(),
        "-v",
        "error",
        "-i",
        str(video),
        "-f",
        "rawvideo",
        "-pix_fmt",
        "rgb24",
        "-",
    ]
    decoded = subprocess.run(raw, capture_output=True, check=True).stdout
    recorded = np.frombuffer(decoded, np.uint8).reshape(-1, *last.shape)
    assert recorded.shape == (ticks + 1, 540, 960, 3)
    assert np.abs(recorded[-1].astype(int) - last).mean() < 4  # a video is compressed
    assert np.abs(recorded[0].astype(int) - recorded[-1]).mean() > 0.5
