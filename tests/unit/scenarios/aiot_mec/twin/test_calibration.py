# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
from pathlib import Path

import pytest

from ns3marl.errors import ConfigError
from ns3marl.scenarios.aiot_mec.twin.calibration import Calibration


def test_a_calibration_survives_its_file(tmp_path: Path) -> None:
    notes = {"cells": ["50/9", "10/3"], "ns3": '3.44 "release"', "seed": 7, "loss": 0.1 + 0.2}
    made = Calibration(access_us=3.5, steepness=1e-7 / 3, provenance=notes)
    (tmp_path / "c.toml").write_text(made.dumps())
    assert Calibration.load(tmp_path / "c.toml") == made


def test_a_calibration_with_an_unknown_constant_is_refused(tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text("[constants]\naccess = 1\n")
    with pytest.raises(ConfigError, match="access"):
        Calibration.load(tmp_path / "c.toml")
