# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Channel access, compiled and as the tensor operations that test it."""

from __future__ import annotations

import math

import pytest
import torch
import twin_oracle
from torch import Tensor

from ns3marl.scenarios.aiot_mec.twin import channels, knowledge, radio, servers
from ns3marl.scenarios.aiot_mec.twin import tasks as task
from ns3marl.scenarios.aiot_mec.twin.aiot_mec import AiotMec
from ns3marl.scenarios.aiot_mec.twin.calibration import Calibration
from ns3marl.scenarios.aiot_mec.twin.channels import Broadcasts, Traffic
from ns3marl.scenarios.aiot_mec.twin.model import Model
from ns3marl.scenarios.aiot_mec.twin.servers import Servers
from ns3marl.scenarios.aiot_mec.twin.settings import Settings
from ns3marl.scenarios.aiot_mec.twin.tasks import Tasks

SILENT_DB = -200.0


class Cell:
    """N devices, each with one task for server i mod K on channel 0, all of them 30 dBm unless said otherwise."""

    def __init__(self, snr_db: list[list[float]], between_db: list[list[float]], **changes: object) -> None:
        devices, servers = len(snr_db), len(snr_db[0])
        self.settings = Settings(devices=devices, servers=servers, channels=1, **changes)  # type: ignore[arg-type]
        gain = torch.full((1, devices + servers, devices + servers), 40.0 - 30)
        gain[0, :devices, devices:] = torch.tensor(snr_db) - 30
        gain[0, devices:, :devices] = torch.tensor(snr_db).T - 30
        gain[0, :devices, :devices] = torch.tensor(between_db) - 30
        gain.diagonal(dim1=1, dim2=2).fill_(100.0)
        self.gain = gain
        self.tasks = tasks = Tasks.empty((1, devices, 1), torch.device("cpu"))
        tasks.open[:] = True
        tasks.offloaded[:] = True
        tasks.expiry[:] = tasks.deadline[:] = 90e3
        tasks.cycles[:] = 1e8  # 10 ms
        tasks.ratio[:] = 1.0
        tasks.size_bytes[:] = 28000.0
        tasks.server[0, :, 0] = torch.arange(devices) % servers
        tasks.power[:] = 30.0
        link = torch.tensor(snr_db).gather(1, tasks.server[0])
        tasks.believed[0] = link

    def until(self, expiry_us: float) -> Cell:
        """With other deadlines."""
        self.tasks.expiry[:] = self.tasks.deadline[:] = expiry_us
        return self

    def play(self, jitter_us: list[float], seeds: list[int] | None = None) -> Traffic:
        devices = self.settings.devices
        behind = torch.zeros(1, devices, dtype=torch.bool)
        random = torch.tensor([seeds or list(range(1, devices + 1))]) * 1000003
        begins = torch.ones(1, devices, dtype=torch.bool)
        channels.begin_upload(
            self.tasks, begins, 0, torch.tensor([jitter_us]), random, behind, torch.zeros(1, devices)
        )
        count = self.settings.servers
        computers = Servers(
            torch.full((1, count), 1e4),
            torch.zeros(1, count),
            torch.zeros(1, count, 4),
            torch.zeros(1, count, 3),
            torch.zeros(1, count, 1),
            torch.zeros(1, count, 1),
        )
        self.failures = torch.zeros(1, 1, devices + count)
        levels = self.gain[:, devices:, :devices].contiguous()
        broadcasts = Broadcasts(levels, torch.full((1,), 0.5))
        tuned = torch.zeros(1, devices, dtype=torch.int64)
        model = Model.make(self.settings, Calibration(), torch.device("cpu"))
        return channels.run(model, self.tasks, tuned, self.gain, computers, self.failures, broadcasts)

    def column(self, index: int) -> list[float]:
        values: list[float] = self.tasks.changing[0, :, 0, index].tolist()
        return values


@pytest.mark.usefixtures("form")
def test_one_upload_takes_the_air_time_of_its_frame() -> None:
    # 20 fragments at MCS 7: 2.8 ms +- 0.3 ms, as the scenario's own test of its models has it.
    cell = Cell([[29.2]], [[0.0]])
    traffic = cell.play([1000.0])
    (end,) = cell.column(task.UPLINK_END)
    assert end - 1000 == pytest.approx(2800, abs=300)
    assert cell.column(task.RETRIES) == [0]
    (result,) = cell.column(task.RESULT)
    assert result > end
    assert traffic.device_us.item() == pytest.approx(end - 1000 + 44, abs=10)


@pytest.mark.usefixtures("form")
def test_stations_that_hear_each_other_take_turns() -> None:
    cell = Cell([[30.0], [30.0]], [[0.0, 30.0], [30.0, 0.0]])
    cell.play([0.0, 500.0])
    first, second = cell.column(task.UPLINK_END)
    assert second > first + 2000
    assert cell.column(task.RETRIES) == [0, 0]


@pytest.mark.usefixtures("form")
def test_stations_that_do_not_hear_each_other_collide_and_repeat() -> None:
    cell = Cell([[30.0], [30.0]], [[0.0, SILENT_DB], [SILENT_DB, 0.0]])
    cell.play([0.0, 500.0])
    assert min(cell.column(task.UNANSWERED)) >= 1 or max(cell.column(task.RETRIES)) >= 1
    assert all(end < math.inf for end in cell.column(task.UPLINK_END))


@pytest.mark.usefixtures("form")
def test_a_hidden_interferer_that_is_weak_at_the_server_disturbs_nobody() -> None:
    # The second device is far from the first one's server; its own is silent for the first.
    cell = Cell([[30.0, SILENT_DB], [-10.0, 30.0]], [[0.0, SILENT_DB], [SILENT_DB, 0.0]])
    cell.play([0.0, 500.0])
    assert cell.column(task.RETRIES) == [0, 0]
    first, second = cell.column(task.UPLINK_END)
    assert abs(second - first) < 1000


@pytest.mark.usefixtures("form")
def test_two_that_begin_at_once_collide_whoever_hears_whom() -> None:
    cell = Cell([[30.0], [30.0]], [[0.0, 30.0], [30.0, 0.0]])
    cell.play([100.0, 103.0])
    assert sum(cell.column(task.UNANSWERED)) >= 1


@pytest.mark.usefixtures("form")
def test_a_link_below_detection_delivers_nothing_and_costs_power_until_the_deadline() -> None:
    cell = Cell([[3.0]], [[0.0]])
    traffic = cell.play([0.0])
    assert cell.column(task.UPLINK_END) == [math.inf]
    assert cell.column(task.LEFT) == [20]
    frame_us = 44 + 13.6 * math.floor((5484 - 44) / 13.6)
    assert frame_us - 1500 < traffic.device_us.item() < frame_us + 5000


@pytest.mark.usefixtures("form")
def test_what_misses_its_deadline_is_not_sent_any_more() -> None:
    cell = Cell([[30.0], [30.0]], [[0.0, 30.0], [30.0, 0.0]])
    cell.tasks.expiry[0, 1] = cell.tasks.deadline[0, 1] = 2000.0
    cell.play([0.0, 500.0])
    assert cell.column(task.UPLINK_END)[1] == math.inf
    assert cell.column(task.ON_AIR) == [20, 0]


@pytest.mark.usefixtures("form")
def test_a_slow_link_sends_frames_of_at_most_5484_us() -> None:
    cell = Cell([[8.0]], [[0.0]])  # MCS 0: three fragments a frame
    cell.tasks.size_bytes[:] = 8400.0
    cell.play([0.0])
    (end,) = cell.column(task.UPLINK_END)
    air = 2 * (44 + 13.6 * math.ceil((3 * 1470 * 8 + 22) / 117))
    assert air < end < air + 500


@pytest.mark.usefixtures("form")
def test_frames_that_overlap_keep_a_server_busy_once() -> None:
    cell = Cell([[30.0], [30.0]], [[0.0, SILENT_DB], [SILENT_DB, 0.0]])
    traffic = cell.play([0.0, 500.0])
    assert 5000 < traffic.busy[0, 2].item() < traffic.device_us.sum().item() - 2000
    # Each senses its own frames and what the server sends, not what the other one sends.
    assert traffic.busy[0, 0].item() < traffic.busy[0, 2].item() - 2500
    assert traffic.received[0, 0].item() < 2500


@pytest.mark.usefixtures("form")
def test_failures_widen_the_window_of_a_radio_until_it_is_answered() -> None:
    cell = Cell([[3.0]], [[0.0]])
    cell.play([0.0])
    assert cell.failures[0, 0].tolist() == [1, 0]  # of the device, as its server does not make it out
    heard = Cell([[30.0]], [[0.0]])
    heard.play([0.0])
    assert heard.failures[0, 0].tolist() == [0, 0]
    windows = radio.contention_window(torch.tensor([0.0, 1.0, 6.0, 7.0, 8.0]))
    assert windows.tolist() == [16, 32, 1024, 1024, 16]


def test_a_broadcast_waits_for_the_frame_on_the_air() -> None:
    # Slots begin 5 ms before the end of the tick of 100 ms. The frame of device 0 goes on until 96.8 ms.
    cell = Cell([[30.0], [30.0]], [[0.0, 30.0], [30.0, 0.0]]).until(200e3)
    traffic = cell.play([94e3, 99.9e3])
    assert cell.column(task.UPLINK_END)[0] == pytest.approx(96.8e3, abs=300)
    assert not traffic.missed.any()


def test_a_broadcast_that_cannot_begin_before_the_boundary_is_missed_by_all() -> None:
    cell = Cell([[8.0], [30.0]], [[0.0, 30.0], [30.0, 0.0]]).until(200e3)  # 4.2 ms at MCS 0
    traffic = cell.play([94.9e3, 99.9e3])
    assert traffic.missed.all()


def test_a_server_broadcasts_over_frames_that_it_does_not_hear() -> None:
    # Device 0 is silent at server 1, so it sends from 97 to 99.8 ms whatever server 1 does at 97.5 ms.
    snr = [[30.0, SILENT_DB], [30.0, 20.0], [30.0, 20.0]]
    between = [[0.0, 30.0, SILENT_DB], [30.0, 0.0, 30.0], [SILENT_DB, 30.0, 0.0]]
    cell = Cell(snr, between).until(200e3)
    cell.tasks.server[0, 1] = 0
    traffic = cell.play([97e3, 99.9e3, 99.9e3])
    # It transmits; device 1 receives its frame; device 2 hears server 1 alone. Server 0 had its slot at 95 ms.
    assert traffic.missed[0].tolist() == [[False, True], [False, True], [False, False]]


def test_what_a_radio_notices_after_the_cut_counts_in_the_next_interval() -> None:
    cell = Cell([[30.0]], [[0.0]])
    early = cell.play([1000.0])
    broadcast_us = radio.status_air_time(1)
    assert early.late[0, 1].item() == pytest.approx(broadcast_us)
    assert early.busy[0, 1].item() > 2500 + broadcast_us
    late = Cell([[30.0]], [[0.0]]).until(200e3).play([94e3])
    assert late.busy[0, 1].item() > 2500
    assert late.late[0, 1].item() == late.busy[0, 1].item()  # the frame ends behind the cut at 95 ms


def outcomes(sim: AiotMec, ticks: int) -> Tensor:
    generator = torch.Generator().manual_seed(5)
    sim.reset()
    rows = []
    for _ in range(ticks):
        shape = (sim.num_envs, sim.settings.devices)
        discrete = torch.stack(
            [torch.randint(0, high, shape, generator=generator) for high in (3, sim.settings.servers, 1)], 2
        )
        discrete[..., 2] = torch.where(
            sim.state.boundary.under_way,
            sim.state.devices.tuned,
            torch.arange(shape[1]) % sim.settings.channels,
        )
        real = torch.rand(*shape, 2, generator=generator)
        real[..., 0] *= 30
        sim.step(discrete, real.clamp(0.05, 30))
        rows.append(
            torch.stack(
                [sim.state.tasks.changing[..., c] for c in (task.LEFT, task.UPLINK_END, task.RESULT)]
            ).clone()
        )
    return torch.stack(rows)


@pytest.mark.parametrize("preset", ["default", "stress"])
def test_the_oracle_sees_the_same_events(preset: str, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings.parse(
        [
            f"--preset={preset}",
            "--devices=20",
            "--servers=4",
            "--channels=2",
            "--ticks=30",
            "--csi=genie",  # without broadcasts, which the oracle lacks
        ]
    )
    compiled = outcomes(AiotMec(settings, 2, seed=4), 6)
    for module, name in ((channels, "run"), (knowledge, "hear"), (servers, "close_intervals")):
        monkeypatch.setattr(module, name, getattr(twin_oracle, name))
    in_torch = outcomes(AiotMec(settings, 2, seed=4), 6)
    # Rounding differs by nanoseconds, and once in a while decides which of two slots is used.
    same = torch.isclose(compiled, in_torch, atol=0.5, rtol=1e-5)
    assert same.float().mean().item() > 0.995
