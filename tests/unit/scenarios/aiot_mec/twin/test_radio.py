# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT

import pytest
import torch

from ns3marl.scenarios.aiot_mec.twin import radio
from ns3marl.scenarios.aiot_mec.twin.calibration import Calibration
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


def test_fragments_of_mcs_7_arrive_as_ns3s_table_says() -> None:
    sinr = torch.tensor([18.5, 19.0, 19.5, 20.0])
    got = radio.success(sinr, radio.MCS_MIDPOINT_DB[7], Calibration())
    torch.testing.assert_close(got, torch.tensor([0.227, 0.635, 0.865, 0.961]), atol=0.08, rtol=0.0)
