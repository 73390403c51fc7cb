# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
import torch
from torch import Tensor

from ns3marl.scenarios.aiot_mec.twin.device_cpus import submit


def test_a_device_computes_first_come_first_served_and_turns_away_at_expiries() -> None:
    free = torch.tensor([-5.0, 30.0, 30.0])
    submits = torch.tensor([True, True, False])

    def times(*values: float) -> Tensor:
        return torch.tensor(values)

    job = submit(free, times(20, 20, 20), times(50, 40, 40), submits)
    assert job.start.tolist() == [0, 30, 30]
    assert job.end.tolist() == [20, 50, 50]
    assert job.stop.tolist() == [20, 40, 40]
    assert job.free.tolist() == [20, 40, 30]


def test_a_job_that_expires_before_its_turn_takes_no_time() -> None:
    free = torch.tensor([60.0])
    job = submit(free, torch.tensor([20.0]), torch.tensor([40.0]), torch.tensor([True]))
    assert job.stop.item() == 60.0
    assert job.free.item() == 60.0
