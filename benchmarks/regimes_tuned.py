# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""What was chosen for `regimes.py` on seeds that it does not use."""

from __future__ import annotations

from typing import Any, Literal

#: Options of rules by regime, where others than their defaults earn more (`make bench NAME=rules`, RngSeed 9001 of the twin).
RULES: dict[str, dict[str, dict[str, float]]] = {}

_ON_POLICY: dict[str, Any] = {"rollout_ticks": 25, "epochs": 4, "entropy_discrete": 0.003}

#: Options of learners that differ from their defaults.
LEARNERS: dict[str, dict[str, Any]] = {
    "imappo": {**_ON_POLICY, "heads": "sequential", "credit": "split"},
    "ippo": {**_ON_POLICY},
    "ppo": {**_ON_POLICY},
    "maddpg": {},
    "iql": {},
    "dqn": {},
    "a3c": {},
}

#: How learners act when they are judged.
ACTIONS: dict[str, Literal["drawn", "likeliest"]] = {
    "imappo": "likeliest",
    "ippo": "likeliest",
    "ppo": "likeliest",
    "maddpg": "likeliest",
    "iql": "likeliest",
    "dqn": "likeliest",
    "a3c": "likeliest",
}
