# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Energy of a device: one modem and one CPU (docs/models/energy.md). Times are in microseconds, energies in joules."""

from __future__ import annotations

from torch import Tensor

AMPLIFIER_EFFICIENCY = 0.1
ELECTRONICS_W, RECEIVE_W, IDLE_W = 0.819, 0.939, 0.819


def output_w(power_dbm: Tensor) -> Tensor:
    """Emitted power."""
    return 10 ** (power_dbm / 10) * 1e-3


def amplifier_j(power_dbm: Tensor, time_us: Tensor) -> Tensor:
    """Energy of transmitting above idling: P_out/eta over the air time, because the electronics need the same power when idle."""
    return output_w(power_dbm) / AMPLIFIER_EFFICIENCY * time_us * 1e-6


def modem_j(
    amplifier: Tensor, transmit_us: Tensor, receive_us: Tensor, total_us: float
) -> tuple[Tensor, Tensor, Tensor]:
    """Energy of transmitting, receiving and idling in ``total_us``."""
    receive_us = receive_us.clamp(max=total_us)
    idle_us = (total_us - transmit_us - receive_us).clamp(min=0)
    return (
        amplifier + ELECTRONICS_W * 1e-6 * transmit_us,
        RECEIVE_W * 1e-6 * receive_us,
        IDLE_W * 1e-6 * idle_us,
    )


def compute_j(kappa: float, rate_hz: Tensor, time_us: Tensor) -> Tensor:
    """Energy kappa f^2 c of the cycles that ran in ``time_us`` (Tran and Pompili 2019)."""
    return kappa * rate_hz * rate_hz * (rate_hz * time_us * 1e-6)
