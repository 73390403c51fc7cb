# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Estimates for a choice: power for a target SNR, rate, energy. Levels are in dB and dBm, times in s, energies in J."""

from __future__ import annotations

import numpy as np

from ns3marl.scenarios.aiot_mec.policies.names import MAX_POWER_DBM
from ns3marl.types import Float64

# SNR from which each MCS is used, after a margin, and its rate on 20 MHz with one stream and a guard interval of 0.8 us:
# R = N_SD N_BPSC r / (12.8 + GI us), IEEE 802.11ax-2021, table 27-54 ff. MCS 0 is tried below its own 5 dB as well; below
# 1 dB next to nothing arrives.
_MCS_FROM_DB = np.array([1, 8, 11, 14, 18, 22, 24, 26, 30, 32, 35, 38], dtype=float)
RATE_BPS = 1e6 * np.array([0.1, 8.6, 17.2, 25.8, 34.4, 51.6, 68.8, 77.4, 86.0, 103.2, 114.7, 129.0, 143.4])
_SNR_MARGIN_DB = 2.0
EFFICIENCY = 0.9  # goodput over rate of one sender with A-MPDU: 62.9 of 68.8 Mb/s measured at MCS 5
ACCESS_S = 0.5e-3  # channel access before an upload, and the result on its way back
_POWER_STEP_DB = 0.125
_AMPLIFIER_EFFICIENCY = 0.1


def goodput_bps(snr_db: Float64) -> Float64:
    """Rate of a single sender's upload at an SNR, [...]."""
    rate: Float64 = (
        EFFICIENCY * RATE_BPS[np.searchsorted(_MCS_FROM_DB, snr_db - _SNR_MARGIN_DB, side="right")]
    )
    return rate


def power_dbm(snr_db: Float64, target_db: Float64 | float, least_dbm: float = 0.0) -> Float64:
    """Power that gives at least the target SNR at a server: target - (snr - 30), rounded up to a step, within ``least_dbm`` to 30.

    Devices send in steps of 0.125 dB. It is rounded up, because an SNR just below the threshold of an MCS does not allow this MCS.

    Args:
        snr_db: SNR at 30 dBm, [...].
        target_db: Target SNR at the server.
        least_dbm: Least power.
    """
    steps = np.ceil((target_db - (snr_db - MAX_POWER_DBM)) / _POWER_STEP_DB)
    power: Float64 = np.clip(steps * _POWER_STEP_DB, least_dbm, MAX_POWER_DBM)
    return power


def amplifier_w(power: Float64) -> Float64:
    """Power consumption of transmitting at a power [dBm] above idling, W."""
    watts: Float64 = 10 ** (power / 10) * 1e-3 / _AMPLIFIER_EFFICIENCY
    return watts


def local_j(cycles: Float64, cpu_hz: Float64, kappa: float) -> Float64:
    """Energy kappa f^2 c of a device's CPU, kappa in J/(Hz^2 cycle) (Tran and Pompili 2019)."""
    joules: Float64 = kappa * cpu_hz**2 * cycles
    return joules
