# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Path loss, fading, MCS, air time and the success of frames. Levels are in dB, times in microseconds."""

from __future__ import annotations

import math
from functools import cache

import torch
from torch import Tensor

from ns3marl.scenarios.aiot_mec.twin.calibration import Calibration
from ns3marl.scenarios.aiot_mec.twin.settings import Settings

THERMAL_DBM = 10 * math.log10(1.3803e-23 * 290 * 20e6 * 1000)
"""kTB of 20 MHz at 290 K, with ns-3's constant."""
MAX_POWER_DBM = 30.0
POWER_STEP_DB = 0.125
MCS_MARGIN_DB = 2.0
MCS_FROM_DB = (5.0, 8.0, 11.0, 14.0, 18.0, 22.0, 24.0, 26.0, 30.0, 32.0, 35.0, 38.0)
MCS_NDBPS = (117.0, 234.0, 351.0, 468.0, 702.0, 936.0, 1053.0, 1170.0, 1404.0, 1560.0, 1755.0, 1950.0)
"""Data bits of a symbol of 13.6 us: 234 N_BPSC r (IEEE 802.11ax-2021, table 27-54 ff.)."""
MCS_MIDPOINT_DB = (0.3, 3.3, 5.78, 8.92, 12.02, 16.22, 17.52, 18.8, 22.77, 24.26, 27.3, 29.0)
"""SNR at which half of the frames of 1458 B arrive: ns-3's tables (Patidar et al., WNS3 2017) to MCS 9, above by the
spacing of the MCS thresholds."""

SLOT_US, SIFS_US, AIFS_US = 9.0, 16.0, 43.0
HE_PREAMBLE_US, HE_SYMBOL_US = 44.0, 13.6
MAX_PPDU_US, MAX_FRAGMENTS = 5484.0, 64.0
FRAGMENT_BYTES, HEADER_BYTES = 1400, 34
OVERHEAD_BYTES = 70
"""UDP 8, IPv4 20, LLC 8, QoS MAC header 26, FCS 4, A-MPDU delimiter 4."""
RESULT_BYTES, STATUS_BASE_BYTES = 200, 25
BLOCK_ACK_BYTES, BLOCK_ACK_REQUEST_BYTES, ACK_BYTES = 32, 24, 14


def noise_dbm(settings: Settings) -> float:
    """Noise of a receiver: kTB plus its noise figure."""
    return THERMAL_DBM + settings.noiseFigure


def gain_db(a: Tensor, b: Tensor, settings: Settings) -> Tensor:
    """SNR of a transmission at 0 dBm: log-distance path loss, at least 1 m (Rappaport 2002, 4.9).

    Args:
        a: Positions [..., A, 3] in metres.
        b: Positions [..., B, 3].
        settings: Exponent, loss at 1 m and noise figure.

    Returns:
        [..., A, B] dB.
    """
    distance = (a.unsqueeze(-2) - b.unsqueeze(-3)).square().sum(-1).sqrt().clamp(min=1.0)
    loss = settings.referenceLoss + 10 * settings.exponent * distance.log10()
    return -loss - noise_dbm(settings)


def fading_db(gain: Tensor) -> Tensor:
    """``10 log10 |h|^2``, at least -90 dB, of complex gains [B, 2, ...], real and imaginary parts."""
    real, imaginary = gain.unbind(1)
    return (real * real).addcmul_(imaginary, imaginary).clamp_(min=1e-9).log10_().mul_(10)


def advance_fading(gain: Tensor, innovation: Tensor, rho: float) -> Tensor:
    """Moves the fading: h' = rho h + sqrt(1 - rho^2) w (Tan and Beaulieu 2000), with w = innovation / sqrt 2 of unit normals; in place."""
    return gain.mul_(rho).add_(innovation, alpha=innovation_weight(rho))


def innovation_weight(rho: float) -> float:
    """Weight of a unit normal number in ``advance_fading``."""
    return math.sqrt((1 - rho * rho) / 2)


def mcs(snr_db: Tensor) -> Tensor:
    """The highest MCS whose threshold the SNR less margin reaches, 0 below all of them; int64."""
    return (
        torch.bucketize(snr_db - MCS_MARGIN_DB, _table(MCS_FROM_DB, snr_db.device), right=True) - 1
    ).clamp_(min=0)


def data_bits_per_symbol(index: Tensor) -> Tensor:
    """N_DBPS of an MCS."""
    return _table(MCS_NDBPS, index.device)[index]


def midpoint_db(index: Tensor, calibration: Calibration) -> Tensor:
    """SINR at which half of an MCS's fragments arrive."""
    return _table(MCS_MIDPOINT_DB, index.device)[index] + calibration.midpoint_shift_db


def fragments(size_bytes: Tensor) -> Tensor:
    """Of 1400 B each, into which whole bytes go: ceil(L/1400).

    Half a byte less is the same number, and stays it where a GPU multiplies by the rounded reciprocal.
    """
    return ((size_bytes - 0.5) / FRAGMENT_BYTES).ceil()


def air_time(bits: Tensor | float, bits_per_symbol: Tensor | float) -> Tensor:
    """Of an HE SU frame: 44 us + 13.6 us ceil((22 + bits)/N_DBPS)."""
    symbols = torch.as_tensor((bits + 22) / bits_per_symbol).ceil()
    return HE_PREAMBLE_US + HE_SYMBOL_US * symbols


def contention_window(failures: Tensor) -> Tensor:
    """Slots from which a backoff is drawn: 16, doubled by each failure up to 1024, anew after the eighth (IEEE 802.11-2020, 10.23.2.2)."""
    return (16.0 * torch.exp2(failures.remainder(8))).clamp_(max=1024.0)


def legacy_air_time(size_bytes: float, mbps: float) -> float:
    """Of an OFDM frame: 20 us + 4 us ceil((22 + 8 L)/(4 R))."""
    return 20.0 + 4.0 * math.ceil((22 + 8 * size_bytes) / (4 * mbps))


def control_air_time(size_bytes: float, index: Tensor) -> Tensor:
    """Of a control frame that belongs to an MCS: 6 Mb/s at 0, 12 at 1 and 2, 24 above."""
    times = [legacy_air_time(size_bytes, 6 if m == 0 else 12 if m < 3 else 24) for m in range(len(MCS_NDBPS))]
    return _table(tuple(times), index.device)[index]


@cache
def result_air_time() -> float:
    """Of a result at MCS 0."""
    return float(air_time(8.0 * (RESULT_BYTES + OVERHEAD_BYTES), MCS_NDBPS[0]))


def status_air_time(channels: int) -> float:
    """Of a status broadcast at 6 Mb/s."""
    return legacy_air_time(STATUS_BASE_BYTES + 2 * channels + OVERHEAD_BYTES - 4, 6)


def success(sinr_db: Tensor, midpoint: Tensor | float, calibration: Calibration) -> Tensor:
    """Probability that a fragment arrives: logistic over SINR."""
    return torch.sigmoid((sinr_db - midpoint) * calibration.steepness)


@cache
def _table(values: tuple[float, ...], device: torch.device) -> Tensor:
    return torch.tensor(values, device=device)
