# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
import math
from pathlib import Path

import pytest
import torch

from ns3marl.errors import ConfigError
from ns3marl.scenarios.aiot_mec.twin import energy, radio
from ns3marl.scenarios.aiot_mec.twin.calibration import Calibration
from ns3marl.scenarios.aiot_mec.twin.drawn import Drawn, server_places
from ns3marl.scenarios.aiot_mec.twin.settings import Settings


def test_received_power_is_that_of_ns3s_test_of_the_log_distance_model() -> None:
    settings = Settings(referenceLoss=40.045997)
    here = torch.zeros(1, 3)
    there = torch.tensor([[10.0, 0, 0], [20, 0, 0], [40, 0, 0], [80, 0, 0]])
    gain_dbm = radio.gain_db(here, there, settings)[0] + radio.noise_dbm(settings)
    watts = 0.05035702 * torch.pow(10.0, gain_dbm.double() / 10)
    expected = torch.tensor([4.98265e-9, 6.22831e-10, 7.78539e-11, 9.73173e-12], dtype=torch.float64)
    torch.testing.assert_close(watts, expected, rtol=2e-4, atol=0.0)


def test_noise_is_thermal_noise_of_20_mhz_and_the_noise_figure() -> None:
    assert radio.noise_dbm(Settings()) == pytest.approx(-93.97, abs=0.01)


def test_below_a_metre_the_loss_stays_what_it_is_at_a_metre() -> None:
    settings = Settings()
    gain = radio.gain_db(torch.zeros(1, 3), torch.tensor([[0.1, 0, 0]]), settings)
    assert gain.item() == pytest.approx(-settings.referenceLoss - radio.noise_dbm(settings), abs=1e-4)


def test_mcs_follows_the_thresholds_less_two_decibels() -> None:
    snr = torch.tensor([-20.0, 6.9, 9.9, 10.0, 21.9, 28.0, 40.0, 99.0])
    assert radio.mcs(snr).tolist() == [0, 0, 0, 1, 4, 7, 11, 11]


@pytest.mark.parametrize(
    ("mcs", "size", "expected_us"), [(11, 1470, 139.2), (11, 58878, 3335.2), (5, 1470, 220.8)]
)
def test_air_time_is_the_standards(mcs: int, size: int, expected_us: float) -> None:
    assert float(radio.air_time(8.0 * size, radio.MCS_NDBPS[mcs])) == pytest.approx(expected_us, abs=1e-3)


def test_fragments_hold_1400_bytes_each() -> None:
    sizes = torch.arange(1, 30001).float()
    torch.testing.assert_close(
        radio.fragments(sizes), torch.arange(1400, 31400).div(1400, rounding_mode="floor").float()
    )


def test_control_frames_of_the_lowest_rates() -> None:
    index = torch.tensor([0, 1, 3])
    assert radio.control_air_time(14, index).tolist() == [44, 32, 28]
    assert radio.control_air_time(32, index).tolist() == [68, 44, 32]


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


def test_fragments_of_mcs_7_arrive_as_ns3s_table_says() -> None:
    sinr = torch.tensor([18.5, 19.0, 19.5, 20.0])
    got = radio.success(sinr, radio.MCS_MIDPOINT_DB[7], Calibration())
    torch.testing.assert_close(got, torch.tensor([0.227, 0.635, 0.865, 0.961]), atol=0.08, rtol=0.0)


def test_energy_of_a_frame_at_20_dbm() -> None:
    amplifier = energy.amplifier_j(torch.tensor([20.0]), torch.tensor([220.8]))
    transmit, _, _ = energy.modem_j(amplifier, torch.tensor([220.8]), torch.tensor([0.0]), 1000.0)
    assert amplifier.item() * 1e6 == pytest.approx(220.8, rel=1e-4)
    assert transmit.item() * 1e6 == pytest.approx(401.6, rel=1e-3)


def test_energy_of_receiving_and_idling_adds_up_to_the_time() -> None:
    transmit, receive, idle = energy.modem_j(
        torch.zeros(1), torch.tensor([200.0]), torch.tensor([300.0]), 1000.0
    )
    assert transmit.item() == pytest.approx(0.819 * 200e-6)
    assert receive.item() == pytest.approx(0.939 * 300e-6)
    assert idle.item() == pytest.approx(0.819 * 500e-6)


def test_energy_of_computing_is_that_of_tran_and_pompili() -> None:
    assert energy.compute_j(5e-27, torch.tensor([1e9]), torch.tensor([1e6])).item() == pytest.approx(5.0)


def test_arguments_are_read_as_the_scenario_reads_them() -> None:
    settings = Settings.parse(
        ["--devices=10", "--preset=stress", "--deadlineMax=0.1s", "--sizeMin=9", "--devices=12"]
    )
    assert (settings.devices, settings.tick, settings.deadlineMax, settings.sizeMin) == (12, 25e3, 100e3, 9.0)
    assert settings.task_slots == 4
    dense = Settings.parse(["--preset=dense", "--devices=200"])
    assert (dense.area, dense.channels) == (240.0, 8)


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("--nonsense=1", "unknown argument"),
        ("--shadowing=6", "not modelled"),
        ("--devices=0", "expected 1 to 61439"),
        ("--devices=many", "no value"),
        ("--tick=3parsec", "no value"),
        ("--preset=holiday", "expected one of"),
        ("--channels=9", "expected 1 to 8"),
    ],
)
def test_arguments_that_it_does_not_know_are_refused(word: str, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        Settings.parse([word])


def test_a_calibration_survives_its_file(tmp_path: Path) -> None:
    made = Calibration(access_us=3.5, provenance={"cells": ["50/9", "10/3"], "ns3": "3.44", "seed": 7})
    (tmp_path / "c.toml").write_text(made.dumps())
    assert Calibration.load(tmp_path / "c.toml") == made


def test_a_calibration_with_an_unknown_constant_is_refused(tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text("[constants]\naccess = 1\n")
    with pytest.raises(ConfigError, match="access"):
        Calibration.load(tmp_path / "c.toml")
