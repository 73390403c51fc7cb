# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Episodes of the twin itself stand for those of ns-3: what made them is known."""

import dataclasses
from typing import Any

import numpy as np
import pytest
import torch

from ns3marl.errors import ConfigError
from ns3marl.scenarios.aiot_mec.exogenous import Exogenous
from ns3marl.scenarios.aiot_mec.twin import calibrate
from ns3marl.scenarios.aiot_mec.twin.aiot_mec import AiotMec
from ns3marl.scenarios.aiot_mec.twin.calibrate import Recording
from ns3marl.scenarios.aiot_mec.twin.calibration import Calibration
from ns3marl.scenarios.aiot_mec.twin.drawn import Drawn
from ns3marl.scenarios.aiot_mec.twin.recorded import Recorded
from ns3marl.scenarios.aiot_mec.twin.settings import Settings

ARGUMENTS = ("--devices=20", "--servers=3", "--ticks=20", "--channels=2")
SETTINGS = Settings.parse(ARGUMENTS)


def drawing(run: int) -> Exogenous:
    """A world that was drawn, as a recorded one."""
    drawn = Drawn(SETTINGS, 3, torch.device("cpu"))
    scene = drawn.begin([run])
    ticks = [drawn.next() for _ in range(SETTINGS.ticks + 1)]

    def rows(name: str, kind: type = np.float64) -> Any:
        return np.stack([getattr(tick, name)[0].numpy() for tick in ticks]).astype(kind)

    return Exogenous(
        placement_m=scene.devices[0].double().numpy(),
        servers_m=scene.servers[0].double().numpy(),
        device_hz=scene.device_hz[0].double().numpy(),
        server_hz=scene.server_hz[0].double().numpy(),
        placement_shadowing_db=np.zeros((SETTINGS.devices, SETTINGS.servers)),
        fading_db=rows("fading_db"),
        arrives=rows("arrives", np.bool_),
        size_bytes=rows("size_bytes", np.int32),
        density_cycles_per_bit=rows("density"),
        deadline_ns=np.round(rows("deadline_us") * 1000).astype(np.int64),
        premium=rows("premium", np.bool_),
        jitter_ns=np.round(rows("jitter_us") * 1000).astype(np.int64),
        channels=SETTINGS.channels,
    )


def recording(run: int, calibration: Calibration) -> Recording:
    """An episode of random offloading under these constants."""
    world = drawing(run)
    rng = np.random.default_rng(run)
    shape = (SETTINGS.ticks, SETTINGS.devices)
    discrete = np.stack([np.full(shape, 2), rng.integers(0, 3, shape), rng.integers(0, 2, shape)], 2).astype(
        np.int32
    )
    continuous = np.stack([np.full(shape, 30.0), np.full(shape, 0.5)], 2).astype(np.float32)
    sim = AiotMec(SETTINGS, 1, calibration=calibration, world=Recorded(SETTINGS, {0: world}, seed=0))
    sim.reset([0])
    for t in range(SETTINGS.ticks):
        sim.step(torch.from_numpy(discrete[t : t + 1]).long(), torch.from_numpy(continuous[t : t + 1]))
    metrics = {name: value.item() for name, value in sim.metrics().items()}
    return Recording(ARGUMENTS, world, discrete, continuous, metrics, f"run {run}")


def test_a_replay_with_the_same_constants_and_draws_gives_the_same_metrics() -> None:
    made = [recording(1, Calibration())]
    found = calibrate.replay(made, Calibration(), repeats=1)
    for name, (tolerance, _) in calibrate.TOLERANCES.items():
        assert found[name][0] == pytest.approx(made[0].metrics[name], rel=1e-6)
        assert tolerance > 0
    assert calibrate.loss(made, Calibration(), repeats=1) == pytest.approx(0, abs=1e-9)


def test_errors_are_counted_in_tolerances() -> None:
    made = [recording(1, Calibration())]
    found = {name: np.array([made[0].metrics[name]]) for name in calibrate.TOLERANCES}
    found["completion_ratio"] = found["completion_ratio"] + 0.03
    found["latency_mean_s"] = found["latency_mean_s"] * 0.95
    off = calibrate.errors(made, found)
    assert off["completion_ratio"][0] == pytest.approx(1.5)
    assert off["latency_mean_s"][0] == pytest.approx(-0.5)


def test_a_fit_finds_the_downlink_delay_that_made_the_recordings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(calibrate.STEPS, "downlink_us", (500.0, 0.0, 6000.0))
    truth = Calibration(downlink_us=5000.0)
    made = [recording(run, truth) for run in (1, 2)]
    lines: list[str] = []
    fitted = calibrate.fit(
        made,
        [recording(3, truth)],
        constants=("downlink_us",),
        start=Calibration(downlink_us=2000.0),
        rounds=1,
        repeats=4,  # backoffs and errors make dents in the loss, at which a search in small steps stops
        provenance={"ns3": "none"},
        report=lines.append,
    )
    assert fitted.downlink_us == pytest.approx(
        5000.0, abs=500
    )  # backoffs and errors are others than the recordings'
    notes = fitted.provenance
    assert notes["loss_after"] < notes["loss_before"]
    assert notes["held_out_loss_after"] < notes["held_out_loss_before"]
    assert notes["recordings"] == ["run 1", "run 2"]
    assert len(lines) == (fitted.downlink_us - 2000) / 500


def test_unknown_constants_and_missing_recordings_are_refused() -> None:
    with pytest.raises(ConfigError, match="no recordings"):
        calibrate.fit([])
    with pytest.raises(ConfigError, match="unknown constants"):
        calibrate.fit([recording(1, Calibration())], constants=("luck",))


def test_a_recorded_world_of_another_size_is_refused() -> None:
    with pytest.raises(ConfigError, match="boundaries, devices and servers"):
        Recorded(Settings(devices=3), {0: drawing(1)})
    with pytest.raises(ConfigError, match="no world for run 7"):
        Recorded(SETTINGS, {0: drawing(1)}).begin([7])


def test_worlds_that_the_twin_does_not_model_are_refused() -> None:
    shadowed = dataclasses.replace(drawing(1), placement_shadowing_db=np.ones((20, 3)))
    with pytest.raises(ConfigError, match="shadowed"):
        Recorded(SETTINGS, {0: shadowed})
    with pytest.raises(ConfigError, match="path loss"):
        Recorded(SETTINGS, {0: dataclasses.replace(drawing(1), path_loss_exponent=2.0)})
