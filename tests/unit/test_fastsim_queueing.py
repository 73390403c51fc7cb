# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
import torch
from torch import Tensor

from ns3marl.scenarios.aiot_mec.twin.queueing import ServerQueues, submit
from ns3marl.scenarios.aiot_mec.twin.settings import Settings

# A server of 10 000 cycles per microsecond (10 GHz) and jobs of 1e8 cycles: 10 ms each.
RATE = torch.tensor([[1e4]])
CYCLES = 1e8


def serve(
    queue: ServerQueues,
    arrival: list[float],
    expiry: list[float],
    known: float,
    rank: list[float] | None = None,
) -> tuple[list[int], list[int], list[tuple[float, float]]]:
    """Which jobs begin, which are dropped, start and end of the former."""
    count = len(arrival)
    zeros = torch.zeros(count, dtype=torch.int64)
    begins, dropped, start, end = queue.next(
        zeros,
        zeros,
        torch.tensor(arrival),
        torch.tensor(expiry),
        torch.full((count,), CYCLES),
        torch.full((count,), 50e3),
        torch.tensor(rank or [0.0] * count),
        torch.full((count,), known),
    )
    return begins.tolist(), dropped.tolist(), [(start[i].item(), end[i].item()) for i in begins.tolist()]


def test_a_free_server_takes_the_first_that_comes_and_the_next_by_deadline() -> None:
    queue = ServerQueues(Settings(servers=1), RATE)
    assert serve(queue, [1e3, 2e3, 3e3], [90e3, 80e3, 50e3], 10e3) == ([0], [], [(1e3, 11e3)])
    assert serve(queue, [2e3, 3e3], [80e3, 50e3], 20e3) == ([1], [], [(11e3, 21e3)])
    assert serve(queue, [2e3], [80e3], 30e3) == ([0], [], [(21e3, 31e3)])


def test_nothing_begins_before_all_arrivals_up_to_then_are_known() -> None:
    queue = ServerQueues(Settings(servers=1), RATE)
    assert serve(queue, [5e3], [90e3], 4e3) == ([], [], [])


def test_a_job_that_expires_waiting_is_dropped_and_one_that_expires_running_is_stopped() -> None:
    queue = ServerQueues(Settings(servers=1), RATE)
    serve(queue, [1e3], [90e3], 10e3)
    begins, dropped, spans = serve(queue, [2e3, 3e3], [10e3, 15e3], 20e3)
    assert (begins, dropped, spans) == ([1], [0], [(11e3, 15e3)])
    assert queue.free.item() == 15e3


def test_the_priority_discipline_looks_at_urgency_work_and_class() -> None:
    queue = ServerQueues(Settings(servers=1, discipline="priority"), RATE)
    serve(queue, [0.0], [90e3], 10e3)
    # Half of the deadline of the first is used at 10 ms more than of the second, but the second is premium.
    begins, _, _ = serve(queue, [1e3, 2e3], [40e3, 50e3], 20e3, [0.1, 0.4])
    assert begins == [1]


def test_servers_of_different_environments_do_not_meet() -> None:
    queue = ServerQueues(Settings(servers=2), torch.full((2, 2), 1e4))
    begins, _, start, _ = queue.next(
        torch.tensor([0, 1]),
        torch.tensor([1, 1]),
        torch.tensor([1e3, 2e3]),
        torch.tensor([9e4, 9e4]),
        torch.full((2,), CYCLES),
        torch.full((2,), 5e4),
        torch.zeros(2),
        torch.full((2,), 1e5),
    )
    assert begins.tolist() == [0, 1]
    assert start.tolist() == [1e3, 2e3]


def test_a_device_computes_first_come_first_served_and_turns_away_at_expiries() -> None:
    free = torch.tensor([-5.0, 30.0, 30.0])
    submits = torch.tensor([True, True, False])

    def times(*values: float) -> Tensor:
        return torch.tensor(values)

    start, end, stop = submit(free, times(20, 20, 20), times(50, 40, 40), submits)
    assert start.tolist() == [0, 30, 30]
    assert end.tolist() == [20, 50, 50]
    assert stop.tolist() == [20, 40, 40]
    assert free.tolist() == [20, 40, 30]


def test_a_job_that_expires_before_its_turn_takes_no_time() -> None:
    free = torch.tensor([60.0])
    _, _, stop = submit(free, torch.tensor([20.0]), torch.tensor([40.0]), torch.tensor([True]))
    assert stop.item() == 60.0
    assert free.item() == 60.0
