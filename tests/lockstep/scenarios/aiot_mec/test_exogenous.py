# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""`aiot-mec` writes and reads its exogenous world: the same bytes on the wire, whoever acts and whatever the seed."""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from ns3marl import policies
from ns3marl.env.pool import Pool
from ns3marl.errors import ConfigError
from ns3marl.rl.policy import action_generators
from ns3marl.scenarios.aiot_mec import exogenous

SIZE = ["--devices=6", "--servers=3", "--channels=2", "--ticks=12", "--preset=stress"]
MOVING = ["--mobility=random-waypoint", "--pause=50ms", "--speedMax=30"]
HAS_TASK, SIZE_BITS, DENSITY, _, DEADLINE_S, PREMIUM = range(6)
CPU_HZ, POSITION = 11, slice(17, 19)


@pytest.fixture(scope="module")
def executable(scenario_path: Callable[[str], Path]) -> Path:
    return scenario_path("aiot-mec")


class Episodes:
    """Frames and observations of episodes under a policy."""

    def __init__(
        self, executable: Path, *arguments: str, policy: str = "best-snr", episodes: int = 1, **options: Any
    ) -> None:
        self.frames: dict[int, list[bytes]] = defaultdict(list)  # by run
        self.observations: list[NDArray[np.float32]] = []  # [A, F] at each tick of the first environment
        self.states: list[NDArray[np.float32]] = []  # agent_state of it
        with Pool(
            executable,
            arguments=arguments,
            spares=0,
            on_frame=lambda _, run, frame: self.frames[run].append(frame),
            **options,
        ) as pool:
            acting = policies.make(policy, pool.spec)
            batch, ended = pool.reset(), 0
            while ended < episodes:
                self.observations.append(batch.groups[0].observations[0].copy())
                batch = pool.step(acting.act(batch, action_generators(batch)))
                ended += sum(final is not None for final in batch.final)
                if (final := batch.final[0]) is not None:
                    self.observations.append(final.groups[0].observations.copy())


@pytest.mark.parametrize(
    "arguments",
    [[], ["--shadowing=6"], [*MOVING, "--shadowing=6"], ["--interferers=2", "--phy=spectrum"]],
    ids=["static", "shadowed", "moving", "spectrum"],
)
def test_writing_changes_nothing_and_reading_gives_the_same_bytes(
    executable: Path, tmp_path: Path, arguments: list[str]
) -> None:
    plain = Episodes(executable, *SIZE, *arguments)
    written = Episodes(executable, *SIZE, *arguments, f"--exogenousOut={tmp_path}/world")
    # where devices stand, how they move and what shadows them is the world's: the arguments need not say it again
    air = [word for word in arguments if "mobility" not in word and "shadowing" not in word]
    read = Episodes(executable, *SIZE, *air, f"--exogenousIn={tmp_path}/world")
    assert [len(frames) for frames in plain.frames.values()] == [13, 1]  # the next episode has begun
    assert written.frames == plain.frames
    assert read.frames == plain.frames


def test_a_trace_is_part_of_the_world(executable: Path, tmp_path: Path) -> None:
    trace = tmp_path / "trace.csv"
    trace.write_text("device,time,x,y\n0,0.002,10,10\n0,0.3,100,50\n4,0.1,7,7\n4,0.2,90,90\n")
    written = Episodes(
        executable,
        *SIZE,
        "--mobility=trace",
        f"--mobilityFile={trace}",
        "--shadowing=3",
        f"--exogenousOut={tmp_path}/world",
    )
    trace.unlink()
    assert Episodes(executable, *SIZE, f"--exogenousIn={tmp_path}/world").frames == written.frames


@pytest.mark.parametrize("arguments", [[], [*MOVING, "--shadowing=6"]], ids=["static", "moving"])
def test_the_world_is_what_devices_meet(executable: Path, tmp_path: Path, arguments: list[str]) -> None:
    episodes = Episodes(executable, *SIZE, *arguments, "--csi=genie", f"--exogenousOut={tmp_path}/world")
    world = exogenous.load(exogenous.episode_path(tmp_path / "world", 1, 1))
    assert (world.seed, world.run, world.ticks, world.devices, world.servers) == (1, 1, 12, 6, 3)
    assert (world.channels, world.tick_s) == (2, 0.025)
    seen = np.stack(episodes.observations)  # [T1, A, F]
    np.testing.assert_array_equal(seen[..., HAS_TASK] > 0, world.arrives)
    assert 0.2 < world.arrives.mean() < 0.45
    np.testing.assert_array_equal(seen[..., SIZE_BITS], world.size_bits)
    np.testing.assert_allclose(seen[..., DENSITY], world.density_cycles_per_bit, rtol=1e-6)
    np.testing.assert_allclose(seen[..., DEADLINE_S], world.deadline_s, rtol=1e-6)
    np.testing.assert_array_equal(seen[..., PREMIUM] > 0, world.premium)
    np.testing.assert_allclose(seen[..., CPU_HZ], np.tile(world.device_hz, (13, 1)), rtol=1e-6)
    np.testing.assert_allclose(seen[..., POSITION], world.device_positions_m[..., :2], rtol=1e-5, atol=1e-5)
    # with --csi=genie devices know the SNR of a full-power transmission 5 ms before the boundary
    noise_dbm = 10 * np.log10(1.3803e-23 * 290 * 20e6 * 1e3) + 7
    snr_db = 30 - world.mean_loss_db + world.fading_db - noise_dbm
    way_db = 0.3 if arguments else 1e-4  # at 30 m/s a device goes 0.15 m in those 5 ms
    np.testing.assert_allclose(seen[..., 22 : 22 + 15 : 5], np.clip(snr_db, -20, 80), atol=way_db)


# What a device sees of the world: its task, CPU, place and, with --csi=genie, the SNR of its links.
WORLD = [*range(7), CPU_HZ, 17, 18, *range(22, 22 + 15, 5)]


@pytest.mark.parametrize("arguments", [[], [*MOVING, "--shadowing=6"]], ids=["static", "moving"])
def test_devices_meet_the_same_world_whatever_they_do(
    executable: Path, tmp_path: Path, arguments: list[str]
) -> None:
    genie = [*SIZE, "--csi=genie"]
    drawn = Episodes(executable, *genie, *arguments, f"--exogenousOut={tmp_path}/world", policy="local-only")
    expected = np.stack(drawn.observations)[..., WORLD]
    folder = tmp_path / "world-seed1-run1"
    for policy in ("best-snr", "random"):
        under_way = Episodes(executable, *genie, *arguments, policy=policy)
        read = Episodes(executable, *genie, f"--exogenousIn={folder}", policy=policy)
        assert under_way.frames[1] == read.frames[1]
        assert read.frames[1] != drawn.frames[1]  # they do something else
        np.testing.assert_array_equal(np.stack(under_way.observations)[..., WORLD], expected)


def test_the_world_does_not_depend_on_the_seed_that_reads_it(executable: Path, tmp_path: Path) -> None:
    written = Episodes(executable, *SIZE, *MOVING, "--shadowing=6", f"--exogenousOut={tmp_path}/world")
    folder, again = tmp_path / "world-seed1-run1", tmp_path / "again-seed8-run3"
    other = Episodes(
        executable,
        *SIZE,
        f"--exogenousIn={folder}",
        f"--exogenousOut={tmp_path}/again",
        seed=8,
        first_run=3,
    )
    names = sorted(path.name for path in folder.glob("*.npy"))
    assert len(names) == 17
    for name in names:
        assert (again / name).read_bytes() == (folder / name).read_bytes(), name
    own = WORLD[:10]
    np.testing.assert_array_equal(
        np.stack(other.observations)[..., own], np.stack(written.observations)[..., own]
    )
    assert other.frames[3][1:] != written.frames[1][1:]  # the seed still decides the backoff of the radios


def test_a_pool_reads_the_worlds_that_a_pool_wrote(executable: Path, tmp_path: Path) -> None:
    written = Episodes(executable, *SIZE, f"--exogenousOut={tmp_path}/world", num_envs=2, episodes=4, seed=5)
    # a pool begins the next episodes at once: their worlds are complete too
    assert {path.name for path in tmp_path.iterdir()} == {f"world-seed5-run{run}" for run in range(1, 7)}
    read = Episodes(executable, *SIZE, f"--exogenousIn={tmp_path}/world", num_envs=2, episodes=4, seed=5)
    assert read.frames == written.frames
    worlds = [exogenous.load(path) for path in sorted(tmp_path.iterdir())]
    assert len({world.fading_db.tobytes() for world in worlds}) == 6


@pytest.mark.parametrize("mobility", ["static", "straight"])
def test_a_world_made_in_python_is_met(executable: Path, tmp_path: Path, mobility: str) -> None:
    Episodes(executable, *SIZE, f"--exogenousOut={tmp_path}/drawn")
    drawn = exogenous.load(tmp_path / "drawn-seed1-run1")
    rng = np.random.default_rng(5)
    links = drawn.fading_db.shape
    size = rng.integers(8000, 30000, drawn.arrives.shape).astype(np.int32)
    density, deadline = np.full(size.shape, 700.0), np.full(size.shape, 50_000_000)
    made = dataclasses.replace(drawn, placement_m=drawn.placement_m[::-1].copy())
    if mobility == "straight":
        steps = np.cumsum(rng.uniform(-0.5, 0.5, (*size.shape, 3)) * [1, 1, 0], axis=0)
        made = dataclasses.replace(
            made,
            mobility="straight",
            positions_m=np.clip(made.placement_m + steps, 0, 120),
            shadowing_db=3 * rng.standard_normal(links),
        )
    made = dataclasses.replace(
        made,
        arrives=np.ones_like(drawn.arrives),
        size_bytes=size,
        density_cycles_per_bit=density,
        deadline_ns=deadline,
        fading_db=rng.normal(-1, 4, links),
    )
    exogenous.save(made, tmp_path / "made")
    episodes = Episodes(executable, *SIZE, "--csi=genie", f"--exogenousIn={tmp_path}/made")
    seen = np.stack(episodes.observations)
    np.testing.assert_array_equal(seen[..., SIZE_BITS], 8 * size)
    np.testing.assert_allclose(seen[..., POSITION], made.device_positions_m[..., :2], atol=1e-4)
    noise_dbm = 10 * np.log10(1.3803e-23 * 290 * 20e6 * 1e3) + 7
    snr_db = 30 - made.mean_loss_db + made.fading_db - noise_dbm
    np.testing.assert_allclose(
        seen[..., 22 : 22 + 15 : 5], np.clip(snr_db, -20, 80), atol=1.0 if mobility == "straight" else 1e-4
    )


@pytest.fixture(scope="module")
def written(executable: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exogenous")
    Episodes(executable, *SIZE, *MOVING, f"--exogenousOut={folder}/world")
    return folder / "world-seed1-run1"


def _replace(name: str, change: Callable[[NDArray[Any]], NDArray[Any]]) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        np.save(folder / f"{name}.npy", change(np.load(folder / f"{name}.npy")))

    return spoil


def _header(**changes: Any) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        header = json.loads((folder / exogenous.FILE).read_text())
        (folder / exogenous.FILE).write_text(json.dumps({**header, **changes}))

    return spoil


def _put(array: NDArray[Any], value: float, *index: int) -> NDArray[Any]:
    array[index] = value
    return array


def _cut_off(folder: Path) -> None:
    file = folder / "fading_db.npy"
    file.write_bytes(file.read_bytes()[:-8])


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (
            shutil.rmtree,
            "holds exogenous.json; name a folder that --exogenousOut wrote",
        ),
        (_header(version=2), 'expected "version": 1 in the file .*, found 2'),
        (_header(devices=7), "'devices': expected 6, which follows from the arguments, found 7.*--devices"),
        (_header(servers=4), "'servers': expected 3, .*give --servers"),
        (_header(channels=4), "'channels': expected 2, .*give --channels"),
        (_header(ticks=11), "'ticks': expected at least 12, the ticks of the episode, found 11"),
        (_header(tick_ns=10**8), "'tick_ns': expected 25000000, .*give --tick"),
        (_header(path_loss_exponent=2.5), "'path_loss_exponent': expected 3, .*found 2.5.*give --exponent"),
        (_header(mobility="flying"), "'mobility': expected static, straight, random-waypoint or trace"),
        (lambda folder: (folder / "premium.npy").unlink(), "'premium': expected .b1 .*found no file"),
        (_cut_off, r"'fading_db': expected <f8 \(13, 6, 3\) .*it was cut off"),
        (
            _replace("fading_db", lambda a: a[:-1]),
            r"'fading_db': expected <f8 \(13, 6, 3\) .*found <f8 \(12, 6, 3\)",
        ),
        (
            _replace("device_hz", lambda a: a.astype(np.float32)),
            r"'device_hz': expected <f8 \(6,\) .*found <f4",
        ),
        (_replace("arrives", np.asfortranarray), "'arrives': .*Fortran's order"),
        (
            _replace("fading_db", lambda a: _put(a, np.nan, 3, 1, 2)),
            r"'fading_db': .*found nan at \[3, 1, 2\]",
        ),
        (
            _replace("device_hz", lambda a: 9 * a),
            r"'device_hz': expected numbers between 1 and 1200000000, found",
        ),
        (
            _replace("positions_m", lambda a: _put(a, 500, 2, 0, 1)),
            r"'positions_m': .*found 500 at \[2, 0, 1\]",
        ),
        (
            _replace("size_bytes", lambda a: 0 * a),
            "'size_bytes': expected numbers between 1 and 30000, found 0",
        ),
        (_replace("jitter_ns", lambda a: a - 10**9), "'jitter_ns': expected numbers between 0 and 25000000"),
        (_replace("leg_device", lambda a: a + 6), "'leg_device': expected numbers between 0 and 5"),
        (_replace("leg_device", lambda a: 0 * a), "'leg_device': .*those of device 1 end at"),
        (_header(pause_s=-1), "'leg_device': expected ways and pauses, of at least 0 s"),
    ],
)
def test_worlds_that_do_not_fit_are_refused(
    executable: Path, written: Path, tmp_path: Path, spoil: Callable[[Path], None], words: str
) -> None:
    folder = tmp_path / "world"
    shutil.copytree(written, folder)
    spoil(folder)
    with (
        Pool(executable, arguments=[*SIZE, f"--exogenousIn={folder}"], spares=0) as pool,
        pytest.raises(ConfigError, match=f"argument '--exogenousIn=.*{words}"),
    ):
        pool.reset()


def test_arguments_that_cannot_be_are_refused(executable: Path, tmp_path: Path) -> None:
    for arguments, words in (
        (["--exogenousOut=no/such/folder/world"], "expected a file in a folder that exists"),
        ([f"--exogenousIn={tmp_path}/w", f"--exogenousOut={tmp_path}/w"], "another folder than that of"),
    ):
        with pytest.raises(ConfigError, match=words):
            Pool(executable, arguments=[*SIZE, *arguments], spares=0)
    (tmp_path / "world-seed1-run1").write_text("a file, not a folder")
    with (
        Pool(executable, arguments=[*SIZE, f"--exogenousOut={tmp_path}/world"], spares=0) as pool,
        pytest.raises(ConfigError, match=r"argument '--exogenousOut=.*name another folder"),
    ):
        pool.reset()
