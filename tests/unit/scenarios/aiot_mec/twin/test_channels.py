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
    """N devices, each with one task, or ``depth``, for server i mod K on channel 0, all of them 30 dBm unless said otherwise."""

    def __init__(
        self,
        snr_db: list[list[float]],
        between_db: list[list[float]],
        servers_db: float = 40.0,
        depth: int = 1,
        **changes: object,
    ) -> None:
        devices, servers = len(snr_db), len(snr_db[0])
        self.settings = Settings(devices=devices, servers=servers, channels=1, **changes)  # type: ignore[arg-type]
        gain = torch.full((1, devices + servers, devices + servers), servers_db - 30)
        gain[0, :devices, devices:] = torch.tensor(snr_db) - 30
        gain[0, devices:, :devices] = torch.tensor(snr_db).T - 30
        gain[0, :devices, :devices] = torch.tensor(between_db) - 30
        gain.diagonal(dim1=1, dim2=2).fill_(100.0)
        self.gain = gain
        self.levels = gain[:, devices:, :devices].clone()
        self.tasks = tasks = Tasks.empty((1, devices, depth), torch.device("cpu"))
        tasks.open[:] = True
        tasks.offloaded[:] = True
        tasks.expiry[:] = tasks.deadline[:] = 90e3
        tasks.cycles[:] = 1e8  # 10 ms
        tasks.ratio[:] = 1.0
        tasks.size_bytes[:] = 28000.0
        tasks.server[0] = (torch.arange(devices) % servers)[:, None]
        tasks.power[:] = 30.0
        link = torch.tensor(snr_db).gather(1, tasks.server[0])
        tasks.believed[0] = link

    def until(self, expiry_us: float) -> Cell:
        """With other deadlines."""
        self.tasks.expiry[:] = self.tasks.deadline[:] = expiry_us
        return self

    def short(self) -> Cell:
        """With tasks of one fragment and frames at MCS 0, of 44 us + 13.6 us ceil((8 * 1470 + 22) / 117) = 1417.6 us."""
        self.tasks.size_bytes[:] = 1400.0
        self.tasks.believed[:] = 6.0
        return self

    def play(self, jitter_us: list[float], seeds: list[int] | None = None, uniform: float = 0.5) -> Traffic:
        """Tasks go to the radio after their jitter, those of a device 500 us apart, and the tick runs."""
        devices = self.settings.devices
        behind = torch.zeros(1, devices, dtype=torch.bool)
        random = torch.tensor([seeds or list(range(1, devices + 1))]) * 1000003
        begins = torch.ones(1, devices, dtype=torch.bool)
        for slot in range(self.tasks.open.shape[2]):
            jitter, failures = torch.tensor([jitter_us]) + 500 * slot, torch.zeros(1, devices)
            channels.begin_upload(self.tasks, begins, slot, jitter, random, behind, failures)
        self.failures = torch.zeros(1, 1, devices + self.settings.servers)
        return self.run(uniform)

    def run(self, uniform: float = 0.5) -> Traffic:
        """A tick, in which the backoffs of the broadcasts follow from ``uniform``."""
        devices, count = self.settings.devices, self.settings.servers
        computers = Servers(
            torch.full((1, count), 1e4),
            torch.zeros(1, count),
            torch.zeros(1, count, 4),
            torch.zeros(1, count, 3),
            torch.zeros(1, count, 1),
            torch.zeros(1, count, 1),
        )
        broadcasts = Broadcasts(self.levels, torch.full((1,), uniform))
        tuned = torch.zeros(1, devices, dtype=torch.int64)
        model = Model.make(self.settings, Calibration(), torch.device("cpu"))
        return channels.run(model, self.tasks, tuned, self.gain, computers, self.failures, broadcasts)

    def column(self, index: int) -> list[float]:
        values: list[float] = self.tasks.changing[0, :, 0, index].tolist()
        return values


def draws(seed: int, count: int) -> list[float]:
    """Numbers that follow from the seed of a device's task: the first one is for its upload's backoff."""
    state, numbers = seed * 1000003, []
    for _ in range(count):
        state = (state * 1664525 + 1013904223) % 2**32
        numbers.append((state >> 8) / 2**24)
    return numbers


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
    cell = Cell([[30.0, SILENT_DB], [-10.0, 30.0]], [[0.0, SILENT_DB], [SILENT_DB, 0.0]], SILENT_DB)
    cell.play([0.0, 500.0])
    assert cell.column(task.RETRIES) == [0, 0]
    first, second = cell.column(task.UPLINK_END)
    assert abs(second - first) < 1000


@pytest.mark.usefixtures("form")
@pytest.mark.parametrize(("servers_db", "lost"), [(SILENT_DB, 0), (40.0, 1)])
def test_an_acknowledgement_disturbs_a_frame_at_another_server(servers_db: float, lost: int) -> None:
    # Frames of 20 fragments, 139.6 us each, from 0 and from 504 us. The first one is acknowledged from 2807 to 2839 us,
    # during the 17th fragment of the second one.
    cell = Cell([[30.0, SILENT_DB], [SILENT_DB, 30.0]], [[0.0, SILENT_DB], [SILENT_DB, 0.0]], servers_db)
    cell.play([0.0, 500.0])
    assert cell.column(task.RETRIES) == [0, lost]


@pytest.mark.usefixtures("form")
@pytest.mark.parametrize(
    ("snr_db", "begin_us", "unanswered"),
    [
        ([30.0, 25.0], [0.0, 0.0], [0, 1]),  # 5 dB over the other
        ([30.0, 28.0], [0.0, 0.0], [1, 1]),  # 2 dB
        ([25.0, 30.0], [0.0, 9.0], [1, 1]),  # the receiver keeps to the first one, which drowns
    ],
)
def test_a_receiver_takes_the_stronger_of_two_frames_that_begin_together(
    snr_db: list[float], begin_us: list[float], unanswered: list[int]
) -> None:
    cell = Cell([[snr] for snr in snr_db], [[0.0, SILENT_DB], [SILENT_DB, 0.0]]).short()
    cell.until(1500).play(begin_us)  # nobody sends a second frame
    assert cell.column(task.UNANSWERED) == unanswered
    ends = [math.inf if frames else pytest.approx(1417.6, abs=0.01) for frames in unanswered]
    assert cell.column(task.UPLINK_END) == ends


@pytest.mark.usefixtures("form")
def test_a_sender_contends_again_when_no_acknowledgement_can_come_any_more() -> None:
    cell = Cell([[30.0], [28.0]], [[0.0, SILENT_DB], [SILENT_DB, 0.0]]).short()
    seeds = [1, 7]
    cell.until(1600).play([0.0, 0.0], seeds)
    # Frames that nobody receives, and a block-ack request each: the third number is for a backoff of 32 slots.
    slots = [math.floor(32 * draws(seed, 3)[2]) for seed in seeds]
    assert slots == [4, 3]
    begins = [1417.6 + Calibration().collision_us + radio.AIFS_US + radio.SLOT_US * n for n in slots]
    assert cell.column(task.START) == pytest.approx(begins, abs=0.01)


@pytest.mark.usefixtures("form")
@pytest.mark.parametrize(("other_db", "wait_us"), [(SILENT_DB, 84), (20.0, 0)])
def test_a_station_that_receives_a_frame_waits_for_its_acknowledgement_and_one_that_senses_it_does_not(
    other_db: float, wait_us: float
) -> None:
    # Device 0's frame and one of device 2, which no server hears, begin together. Device 1 receives the first one, or none if
    # both are loud. It does not hear the acknowledgement: 16 us + 68 us at 6 Mb/s.
    snr = [[30.0, SILENT_DB], [SILENT_DB, 30.0], [SILENT_DB, SILENT_DB]]
    between = [[0.0, 20.0, SILENT_DB], [20.0, 0.0, other_db], [SILENT_DB, other_db, 0.0]]
    cell = Cell(snr, between, SILENT_DB).short()
    cell.play([0.0, 100.0, 0.0])
    slots = math.floor(16 * draws(2, 1)[0])
    begin = 1417.6 + wait_us + radio.AIFS_US + radio.SLOT_US * slots
    assert cell.column(task.UPLINK_END)[1] == pytest.approx(begin + 1417.6, abs=0.01)


@pytest.mark.usefixtures("form")
def test_two_results_at_one_server_share_one_backoff() -> None:
    hears = 30.0
    cell = Cell([[30.0]] * 3, [[0.0, hears, hears], [hears, 0.0, hears], [hears, hears, 0.0]])
    # Results 0 and 1 are ready while device 2 sends, from 7 to 9.8 ms.
    cell.tasks.cycles[0, :, 0] = torch.tensor([5e7, 1e6, 1e8])
    cell.play([0.0, 500.0, 7000.0])
    first, second, _ = cell.column(task.RESULT)
    assert cell.column(task.COMPUTE_END)[1] < 9000 < first < second
    # Numbers of task 0: backoff of the upload; fragments and backoff as it ends; backoff of the result; the same as it ends.
    slots = math.floor(16 * draws(1, 6)[5])
    ack_us, result_us = 16 + 44, 44 + 13.6 * 19
    assert second - first == pytest.approx(ack_us + 43 + 9 * slots + result_us, abs=0.01)


@pytest.mark.usefixtures("form")
def test_a_server_keeps_to_a_frame_that_the_end_of_the_tick_interrupts() -> None:
    # The second device is 15 dB stronger, and its frame begins 8 us after the end of the tick.
    cell = Cell([[30.0], [45.0]], [[0.0, SILENT_DB], [SILENT_DB, 0.0]]).until(200e3)
    cell.tasks.expiry[0, 0] = 100.85e3  # the first one has no second frame
    cell.play([98e3, 100008.0])
    cell.tasks.shift(100e3)
    cell.tasks.changing[..., task.START] -= 100e3
    cell.run()
    assert cell.column(task.UNANSWERED)[1] == 1


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
    assert not traffic.disturbance.isinf().any()


def test_a_broadcast_that_cannot_begin_before_the_boundary_is_missed_by_all() -> None:
    cell = Cell([[8.0], [30.0]], [[0.0, 30.0], [30.0, 0.0]]).until(200e3)  # 4.2 ms at MCS 0
    traffic = cell.play([94.9e3, 99.9e3])
    assert traffic.disturbance.isinf().all()


def test_a_server_broadcasts_over_frames_that_it_does_not_hear() -> None:
    # Device 0 is silent at server 1, so it sends from 97 to 99.8 ms whatever server 1 does at 97.5 ms.
    snr = [[30.0, SILENT_DB], [30.0, 20.0], [30.0, 20.0]]
    between = [[0.0, 30.0, SILENT_DB], [30.0, 0.0, 30.0], [SILENT_DB, 30.0, 0.0]]
    cell = Cell(snr, between).until(200e3)
    cell.tasks.server[0, 1] = 0
    traffic = cell.play([97e3, 99.9e3, 99.9e3])
    # It transmits; device 1 receives its frame; device 2 hears server 1 alone. Server 0 had its slot at 95 ms.
    assert traffic.disturbance[0].isinf().tolist() == [[False, True], [False, True], [False, False]]


@pytest.mark.parametrize(("servers_db", "lost"), [(SILENT_DB, 0), (40.0, 2)])
def test_a_broadcast_disturbs_a_frame_at_another_server(servers_db: float, lost: int) -> None:
    # Server 0 does not hear device 1, whose frame begins at 94005 us: 995 us later, in the eighth of 20 fragments of
    # 139.6 us, its broadcast of 148 us begins.
    cell = Cell([[30.0, SILENT_DB], [SILENT_DB, 30.0]], [[0.0, SILENT_DB], [SILENT_DB, 0.0]], servers_db)
    cell.until(200e3).play([99.9e3, 94e3])
    assert cell.column(task.RETRIES) == [0, lost]


@pytest.mark.parametrize(("uniform", "together"), [(0.515625, True), (0.5, False)])
def test_broadcasts_that_begin_together_disturb_each_other(uniform: float, together: bool) -> None:
    # Both servers wait for the frame of device 2, and then for so many slots: 8 both, or 4 and 10.
    snr = [[30.0, 20.0], [20.0, 30.0], [30.0, 30.0]]
    between = [[0.0, 30.0, 30.0], [30.0, 0.0, 30.0], [30.0, 30.0, 0.0]]
    traffic = Cell(snr, between).until(200e3).play([99.9e3, 99.9e3, 94.9e3], uniform=uniform)
    inf = math.inf
    expected = [[100, inf], [inf, 100], [inf, inf]] if together else [[0.0, 0.0]] * 3
    assert traffic.disturbance[0].tolist() == [pytest.approx(row) for row in expected]


@pytest.mark.parametrize(("servers_db", "is_late"), [(SILENT_DB, False), (40.0, True)])
def test_the_backoff_of_a_broadcast_stops_for_an_acknowledgement(servers_db: float, is_late: bool) -> None:
    # Server 1 senses frames of devices 0 and 2, which begin within one preamble, until 99793.2 us. It would go on 43 us + 1 slot
    # later, so that its broadcast of 148 us ended in time. From 99807.2 to 99839.2 us server 0 acknowledges.
    snr = [[30.0, 20.0], [SILENT_DB, 30.0], [SILENT_DB, 20.0]]
    between = [[SILENT_DB] * 3] * 3
    cell = Cell(snr, between, servers_db).until(200e3)
    cell.tasks.believed[:] = 30.0
    traffic = cell.play([97000.0, 100.1e3, 97002.0], uniform=0.03125)
    assert traffic.disturbance[0, 1, 1].item() == (math.inf if is_late else 0)


def test_an_upload_that_a_broadcast_puts_off_is_not_forgotten() -> None:
    # The server does not make out the device, whose second upload waits for the end of the first one, in the next tick. The
    # broadcast, which the device receives, is the last event of the tick: it makes the second upload contend, and wait again.
    cell = Cell([[30.0]], [[0.0]], depth=2).until(200e3)
    cell.tasks.power[:] = 0.0
    cell.play([0.0])
    assert cell.tasks.next[0, 0].tolist() == [math.inf, 200e3 + radio.AIFS_US]


@pytest.mark.parametrize(
    ("before_db", "after_db", "jitter_us", "arrives"),
    [(30.0, 0.0, 94e3, True), (30.0, 0.0, 96e3, False), (0.0, 30.0, 94e3, False), (0.0, 30.0, 96e3, True)],
)
def test_a_frame_arrives_with_the_level_at_which_it_begins(
    before_db: float, after_db: float, jitter_us: float, arrives: bool
) -> None:
    # The fading moves at 95 ms.
    cell = Cell([[before_db]], [[0.0]]).short().until(200e3)
    cell.levels[:] = after_db - 30
    cell.play([jitter_us])
    assert (cell.column(task.UPLINK_END)[0] < math.inf) == arrives


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
