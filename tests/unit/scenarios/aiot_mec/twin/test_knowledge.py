# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import math

import pytest
import torch

from ns3marl.scenarios.aiot_mec.twin import knowledge
from ns3marl.scenarios.aiot_mec.twin.calibration import Calibration
from ns3marl.scenarios.aiot_mec.twin.knowledge import SNR_LOW_DB, Links
from ns3marl.scenarios.aiot_mec.twin.model import Model
from ns3marl.scenarios.aiot_mec.twin.settings import Settings
from ns3marl.scenarios.aiot_mec.twin.state import blank


@pytest.mark.usefixtures("form")
@pytest.mark.parametrize(
    ("csi", "believed"), [("measured", [20.0, 10.0, SNR_LOW_DB]), ("genie", [20.0, 20.0, 20.0])]
)
def test_a_device_believes_the_sinr_of_a_broadcast(csi: str, believed: list[float]) -> None:
    # One hears it at 20 dB over noise, one besides with nine times the noise as interference, one misses it.
    model = Model.make(
        Settings(devices=3, servers=1, channels=1, csi=csi), Calibration(), torch.device("cpu")
    )
    path = torch.full((1, 3, 1), -10.0)
    links = Links(path, torch.zeros(1, 4, 4), torch.zeros(1, 3, 1), torch.zeros(1, 3, 1, dtype=torch.int64))
    shown = blank(model, 1).observations
    known = knowledge.know_nothing(model, links, shown)
    disturbance = torch.tensor([0.0, 9.0, math.inf]).view(1, 3, 1)
    news, busy = torch.zeros(1, 1, 3), torch.zeros(1, 1, 1)
    knowledge.hear(model, links, torch.zeros(1, 3, 1), disturbance, news, busy, known, shown)
    assert known.believed.flatten().tolist() == pytest.approx(believed)
    assert shown[0, :, model.layout.features["server_0_snr_db"]].tolist() == pytest.approx(believed)
