# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Which job a server takes, compiled and as the tensor operations that test it."""

import math

import pytest
import torch

from ns3marl.scenarios.aiot_mec.twin import channels, servers
from ns3marl.scenarios.aiot_mec.twin import tasks as task
from ns3marl.scenarios.aiot_mec.twin.calibration import Calibration
from ns3marl.scenarios.aiot_mec.twin.channels import Broadcasts
from ns3marl.scenarios.aiot_mec.twin.model import Model
from ns3marl.scenarios.aiot_mec.twin.settings import Settings
from ns3marl.scenarios.aiot_mec.twin.tasks import Tasks
from ns3marl.scenarios.aiot_mec.twin.world import Scene

CPU = torch.device("cpu")
# Servers of 10 GHz and jobs of 1e8 cycles: 10 ms each.
RATE_HZ, CYCLES = 1e10, 1e8

pytestmark = pytest.mark.usefixtures("form")


class Queues:
    """Servers of B environments, between one look at their queues and the next."""

    def __init__(self, envs: int = 1, count: int = 1, discipline: str = "deadline") -> None:
        self.count, self.discipline = count, discipline
        rate_hz = torch.full((envs, count), RATE_HZ)
        places = torch.zeros(envs, count, 3)
        self.servers = servers.start(Settings(), Scene(places, places, rate_hz, rate_hz))

    def serve(
        self,
        arrival: list[list[float]],
        expiry: list[list[float]],
        known: float,
        rank: list[float] | None = None,
        server: int = 0,
    ) -> Tasks:
        """What has become of waiting jobs, [B, N] each, when all arrivals before ``known`` are."""
        envs, devices = len(arrival), len(arrival[0])
        settings = Settings(
            devices=devices, servers=self.count, channels=1, tick=known, discipline=self.discipline
        )
        tasks = Tasks.empty((envs, devices, 1), CPU)
        tasks.open[:] = tasks.offloaded[:] = True
        tasks.phase[:] = task.WAITING
        tasks.server[:] = server
        tasks.size_bytes[:] = 1400.0
        tasks.cycles[:], tasks.ratio[:], tasks.deadline[:] = CYCLES, 1.0, 50e3
        tasks.expiry[..., 0], tasks.rank[..., 0] = torch.tensor(expiry), torch.tensor(rank or [0.0] * devices)
        tasks.next[:] = tasks.end[:] = math.inf
        tasks.changing[..., task.COMPUTE_START :] = math.inf
        tasks.changing[..., 0, task.UPLINK_END] = torch.tensor(arrival)
        gain = torch.full((envs, devices + self.count, devices + self.count), 10.0)
        tuned = torch.zeros(envs, devices, dtype=torch.int64)
        failures = torch.zeros(envs, 1, devices + self.count)
        broadcasts = Broadcasts(torch.zeros(envs, self.count, devices), torch.zeros(envs))
        model = Model.make(settings, Calibration(), CPU)
        channels.run(model, tasks, tuned, gain, self.servers, failures, broadcasts)
        return tasks


def serve(
    queues: Queues, arrival: list[float], expiry: list[float], known: float, rank: list[float] | None = None
) -> tuple[list[int], list[int], list[tuple[float, float]]]:
    """Which jobs begin, which are dropped, start and end of the former."""
    tasks = queues.serve([arrival], [expiry], known, rank)
    start = tasks.changing[0, :, 0, task.COMPUTE_START]
    begins = (start < math.inf).nonzero().flatten().tolist()
    dropped = ((tasks.phase[0, :, 0] == task.DROPPED) & (start == math.inf)).nonzero().flatten().tolist()
    assert len(begins) < 2, "known is so early that each server decides once"
    return begins, dropped, [(start[i].item(), queues.servers.free.item()) for i in begins]


def test_a_free_server_takes_the_first_that_comes_and_the_next_by_deadline() -> None:
    queues = Queues()
    assert serve(queues, [1e3, 2e3, 3e3], [90e3, 80e3, 50e3], 10e3) == ([0], [], [(1e3, 11e3)])
    assert serve(queues, [2e3, 3e3], [80e3, 50e3], 20e3) == ([1], [], [(11e3, 21e3)])
    assert serve(queues, [2e3], [80e3], 30e3) == ([0], [], [(21e3, 31e3)])


def test_nothing_begins_before_all_arrivals_up_to_then_are_known() -> None:
    assert serve(Queues(), [5e3], [90e3], 4e3) == ([], [], [])


def test_a_job_that_expires_waiting_is_dropped_and_one_that_expires_running_is_stopped() -> None:
    queues = Queues()
    serve(queues, [1e3], [90e3], 10e3)
    begins, dropped, spans = serve(queues, [2e3, 3e3], [10e3, 15e3], 20e3)
    assert (begins, dropped, spans) == ([1], [0], [(11e3, 15e3)])
    assert queues.servers.free.item() == 15e3


def test_the_priority_discipline_looks_at_urgency_work_and_class() -> None:
    queues = Queues(discipline="priority")
    serve(queues, [0.0], [90e3], 10e3)
    # Half of the deadline of the first is used at 10 ms more than of the second, but the second is premium.
    begins, _, _ = serve(queues, [1e3, 2e3], [40e3, 50e3], 19e3, [0.1, 0.4])
    assert begins == [1]


def test_servers_of_different_environments_do_not_meet() -> None:
    tasks = Queues(envs=2, count=2).serve([[1e3], [2e3]], [[9e4], [9e4]], 10e3, server=1)
    assert tasks.changing[:, 0, 0, task.COMPUTE_START].tolist() == [1e3, 2e3]
    assert tasks.changing[:, 0, 0, task.COMPUTE_END].tolist() == [11e3, 12e3]
