# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
import pytest
import torch

from ns3marl.scenarios.aiot_mec.twin import energy


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
