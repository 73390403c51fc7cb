# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
from pathlib import Path

import pytest

from ns3marl.errors import ConfigError
from ns3marl.scenarios.aiot_mec.twin.calibration import Calibration


def test_a_calibration_survives_its_file(tmp_path: Path) -> None:
    made = Calibration(access_us=3.5, provenance={"cells": ["50/9", "10/3"], "ns3": "3.44", "seed": 7})
    (tmp_path / "c.toml").write_text(made.dumps())
    assert Calibration.load(tmp_path / "c.toml") == made


def test_a_calibration_with_an_unknown_constant_is_refused(tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text("[constants]\naccess = 1\n")
    with pytest.raises(ConfigError, match="access"):
        Calibration.load(tmp_path / "c.toml")
