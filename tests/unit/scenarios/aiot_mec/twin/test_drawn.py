# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
import math

import pytest
import torch

from ns3marl.scenarios.aiot_mec.twin.drawn import Drawn, server_places
from ns3marl.scenarios.aiot_mec.twin.settings import Settings


def test_fading_is_exponential_and_correlated_by_rho_squared_from_tick_to_tick() -> None:
    settings = Settings(devices=50, servers=9, ticks=10)
    world = Drawn(settings, 1, torch.device("cpu"))
    world.begin(list(range(1, 101)))
    ticks = [torch.pow(10.0, world.next().fading_db / 10) for _ in range(3)]
    power, after = ticks[0].flatten(), ticks[2].flatten()
    assert power.mean().item() == pytest.approx(1, abs=0.02)
    assert (power < math.log(2)).float().mean().item() == pytest.approx(0.5, abs=0.01)
    correlation = torch.corrcoef(torch.stack([power, after]))[0, 1].item()
    assert correlation == pytest.approx(0.9**4, abs=0.02)


def test_servers_stand_in_rows_as_even_as_possible() -> None:
    places = server_places(Settings(servers=3, area=120))
    assert places[:, :2].tolist() == [[60, 30], [30, 90], [90, 90]]
    assert set(places[:, 2].tolist()) == {6.0}
