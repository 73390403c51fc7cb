# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Options of a training that no training can have, and devices that are not there."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from ns3marl import config as configuration
from ns3marl.checks import MAX_SEED
from ns3marl.errors import ConfigError
from ns3marl.launch.environments import open_pool, usable_device
from ns3marl.scenarios.aiot_mec.twin.calibration import Calibration

HUGE = "9" * 400


@pytest.mark.report("M11")
@pytest.mark.parametrize(
    ("setting", "said"),
    [
        (
            "training.seed=99999999999999999999999",
            f"expected a number from 1 to {MAX_SEED}, got 9999999999999999999999",
        ),
        (f"training.seed={HUGE}", f"expected a number from 1 to {MAX_SEED}, got 999"),
        (f"training.seed={MAX_SEED + 1}", f"expected a number from 1 to {MAX_SEED}, got {MAX_SEED + 1}"),
        (f"evaluation.seed={MAX_SEED + 1}", f"expected a number from 1 to {MAX_SEED}"),
        ("training.minutes=inf", "expected a finite number, got inf"),
        ("training.minutes=nan", "expected 0 or more, got nan"),
        (f"training.minutes={HUGE}", "expected a finite number, got 999"),
        (f"training.ticks={HUGE}", "expected a number from 0 to 4611686018427387904, got 999"),
        ("ippo.actor_lr=inf", "expected a finite number, got inf"),
    ],
)
def test_numbers_out_of_range(setting: str, said: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        configuration.load(None, ["training.ticks=0", "training.minutes=1", setting])
    assert f"{setting.partition('=')[0]}: {said}" in str(refusal.value)


@pytest.mark.report("M11")
def test_the_largest_seed_is_one() -> None:
    assert configuration.load(None, [f"training.seed={MAX_SEED}"]).training.seed == MAX_SEED


@pytest.mark.report("M26")
@pytest.mark.parametrize("device", ["x", "meta", "cuda:", "", "cpu:-3"])
def test_devices_that_are_none(device: str) -> None:
    with pytest.raises(ConfigError, match=rf"pool.device is '{device}', expected cpu, cuda, or"):
        usable_device(device)


@pytest.mark.report("M26")
def test_devices_that_are_not_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    settings = ["scenario.name=aiot-mec", "scenario.backend=fastsim", "pool.device=cuda"]
    with pytest.raises(ConfigError, match=r"finds no CUDA device here; set pool.device=cpu"):
        open_pool(configuration.load(None, settings), 1, 1, 1)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert usable_device("cuda") == "cuda"
    assert usable_device("cuda:1") == "cuda:1"
    assert usable_device("cpu") == "cpu"
    with pytest.raises(ConfigError, match=r"'cuda:2', but PyTorch .* finds 2 CUDA devices here"):
        usable_device("cuda:2")


@pytest.mark.report("M26")
@pytest.mark.parametrize(
    "content",
    [
        b"\xff\xfe",
        b"constants = 3",
        b"provenance = 3",
        b"[constants]\naccess_us = nan",
        b"[constants]\naccess_us = inf",
        b"[constants]\naccess_us = true",
        b"[constants]\naccess_us = 'many'",
        b"[constants",
    ],
)
def test_damaged_calibrations(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "calibration.toml"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"calibration .*calibration.toml"):
        Calibration.load(path)
