# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""A run whose twin computed on a GPU could not be resumed where there is none; what was missing was not said."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
import torch
from rich.console import Console

from ns3marl.cli.options import config_of
from ns3marl.config import Config, load
from ns3marl.errors import ConfigError
from ns3marl.scenarios.aiot_mec.twin.pool import FastPool
from ns3marl.training import checkpoint
from ns3marl.training.run import train

ARGUMENTS = ("--devices=2", "--servers=2", "--channels=2", "--ticks=6")


def _config(ticks: int) -> Config:
    settings = [
        "scenario.name=aiot-mec",
        f"scenario.arguments={list(ARGUMENTS)}".replace("'", '"'),
        "scenario.backend=fastsim",
        "pool.num_envs=2",
        "training.tensorboard=false",
        "imappo.rollout_ticks=3",
        f"training.ticks={ticks}",
    ]
    return load(None, settings)


def _tensors(value: Any) -> list[torch.Tensor]:
    if isinstance(value, dict):
        return [tensor for one in value.values() for tensor in _tensors(one)]
    if isinstance(value, list):
        return [tensor for one in value for tensor in _tensors(one)]
    return [value] if isinstance(value, torch.Tensor) else []


@pytest.mark.report("P17")
def test_a_run_on_another_device_goes_on_here(tmp_path: Path) -> None:
    console = Console(file=io.StringIO())
    for name, stop in (("whole", 36), ("parts", 18)):
        train(_config(stop), tmp_path / name, console=console)
    written = tmp_path / "parts" / "config.toml"
    written.write_text(written.read_text().replace('device = "cpu"', 'device = "cuda"'))
    assert config_of(tmp_path / "parts", []).pool.device == "cuda"
    there = torch.load(tmp_path / "parts" / "checkpoints" / "last.pt", weights_only=True)  # as it was written
    assert {str(tensor.device) for tensor in _tensors(there)} == {"cpu"}
    here = config_of(tmp_path / "parts", ["pool.device=cpu", "training.ticks=36"])
    train(here, tmp_path / "parts", resume=True, console=console)
    whole, parts = (checkpoint.load(tmp_path / name).team for name in ("whole", "parts"))
    assert all(map(torch.equal, _tensors(whole), _tensors(parts)))


@pytest.mark.report("P17")
@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_device_that_is_not_there_is_named() -> None:
    with pytest.raises(
        ConfigError, match=r"cannot compute on device 'cuda' here: .*set pool.device to one that"
    ):
        FastPool(arguments=ARGUMENTS, device="cuda")
    with pytest.raises(ConfigError, match="cannot compute on device 'gpu' here"):
        FastPool(arguments=ARGUMENTS, device="gpu")
