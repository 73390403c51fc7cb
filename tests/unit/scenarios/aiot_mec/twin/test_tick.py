# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
import copy

import pytest
import torch

from ns3marl.scenarios.aiot_mec.twin import tick
from ns3marl.scenarios.aiot_mec.twin.calibration import Calibration
from ns3marl.scenarios.aiot_mec.twin.drawn import Drawn
from ns3marl.scenarios.aiot_mec.twin.global_state import global_state
from ns3marl.scenarios.aiot_mec.twin.model import Model
from ns3marl.scenarios.aiot_mec.twin.settings import Settings

CPU = torch.device("cpu")


@pytest.mark.parametrize("servers", [4, 20])
def test_a_state_is_all_of_an_episode(servers: int) -> None:
    settings = Settings.parse(["--preset=stress", "--devices=12", f"--servers={servers}", "--ticks=20"])
    model = Model.make(settings, Calibration(), CPU)
    world = Drawn(settings, 3, CPU)
    state = tick.begin(model, world.begin([1, 2]), world.next())
    generator = torch.Generator().manual_seed(1)
    copied = None
    for t in range(10):
        if t == 5:
            copied = copy.deepcopy(state)
        modes = torch.randint(0, 3, (2, 12, 3), generator=generator)
        real = torch.rand(2, 12, 2, generator=generator)
        draws = world.next()
        state, happened, rewards = tick.step(model, state, modes, real, draws)
        if copied is None:
            continue
        copied, again, same = tick.step(model, copied, modes, real, draws)
        assert rewards.equal(same)
        assert happened.outcome.equal(again.outcome)
        assert state.shown.observations.equal(copied.shown.observations)
        for one, other in zip(global_state(model, state), global_state(model, copied), strict=True):
            assert one.equal(other)
    assert state.tick == 10
    assert happened.outcome.count_nonzero() > 0
