# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Outage of the strongest link, by Monte Carlo over placements."""

from __future__ import annotations

import torch

from ns3marl.scenarios.aiot_mec.published.tables import size
from ns3marl.scenarios.aiot_mec.twin.pool import FastPool

POWER_DBM, THRESHOLD_DB = 30.0, 7.0
_ENVS, _DEVICES, _SEED = 200, 50, 8901


def outage_percent(servers: int, rounds: int = 25) -> float:
    """Probability that the SNR of the server with the best mean SNR is below 7 dB at 30 dBm, in percent.

    Mean over the devices of ``rounds`` x 200 placements of 50 devices. Fading is averaged analytically: under Rayleigh fading the power is
    exponential, so P(SNR < t) = 1 - exp(-t / mean SNR).

    Args:
        servers: K, on their grid in the default area.
        rounds: Rounds of placements; 25 give 250 000 devices.
    """
    total = 0.0
    for seed in range(_SEED, _SEED + rounds):
        with FastPool(arguments=[*size(_DEVICES, servers), "--ticks=1"], num_envs=_ENVS, seed=seed) as pool:
            pool.reset()
            mean_db = pool.sim.state.links.path.double().amax(2) + POWER_DBM
        total += float((1 - torch.exp(-(10 ** ((THRESHOLD_DB - mean_db) / 10)))).mean())
    return 100 * total / rounds
