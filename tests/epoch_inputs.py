# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""What an update of IMAPPO hands to its epochs."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from ns3marl.algorithms.imappo import Imappo
from ns3marl.rl.rollout import Rollout
from ns3marl.types import Batch


def seen_by_the_epochs(learner: Imappo, rollout: Rollout, last: Batch) -> tuple[Any, Tensor, Tensor]:
    """Samples, advantages and targets that an update learns from."""
    seen: list[Any] = []

    def spy(*arguments: Any) -> dict[str, float]:
        seen.extend(arguments)
        return {}

    learner._learn = spy  # type: ignore[method-assign, assignment]
    learner.update(rollout, last)
    return seen[0], seen[1], seen[2]
