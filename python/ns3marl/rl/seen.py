# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Input of networks from N joint observations: tensors of every group of agents, and of the global state.

Axes as in ``ns3marl.types``; **N** observations, such as B environments or samples of a rollout.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ns3marl.types import Batch, GroupArrays


@dataclass(frozen=True, slots=True)
class GroupSeen:
    """Of one group of agents."""

    observations: Tensor  #: [N,A,F] in the features' units
    present: Tensor  #: [N,A] which agents take part in the episode
    active: Tensor  #: [N,A] which agents are active
    masks: Tensor  #: [N,A,C] allowed choices, discrete head after discrete head


@dataclass(frozen=True, slots=True)
class Seen:
    """Of all groups, and of the state."""

    groups: tuple[GroupSeen, ...]
    state: list[Tensor]  #: per state block [N,S,F]

    def rows(self, rows: Tensor) -> Seen:
        """Some of the N, by number [n]."""
        return Seen(
            tuple(
                GroupSeen(g.observations[rows], g.present[rows], g.active[rows], g.masks[rows])
                for g in self.groups
            ),
            [block[rows] for block in self.state],
        )


def seen_in(batch: Batch) -> Seen:
    """A copy of a batch's observations, N = B."""
    return Seen(
        tuple(
            GroupSeen(*(torch.tensor(a) for a in (g.observations, g.present, g.active, g.masks)))
            for g in batch.groups
        ),
        [torch.tensor(block) for block in batch.state],
    )


def batch_of(seen: Seen) -> Batch:
    """N joint observations as a batch of N environments, for policies to act on; rewards, time and episodes are empty."""
    count = len(seen.groups[0].active)
    nothing = np.zeros(count, np.int64)
    return Batch(
        env_id=np.arange(count),
        seed=nothing,
        run=nothing,
        tick=nothing,
        sim_time_ns=nothing,
        groups=tuple(
            GroupArrays(
                observations=g.observations.numpy(),
                rewards=np.zeros(g.active.shape, np.float32),
                present=g.present.numpy(),
                active=g.active.numpy(),
                masks=g.masks.numpy(),
            )
            for g in seen.groups
        ),
        state=tuple(block.numpy() for block in seen.state),
        metrics=np.zeros((count, 0)),
        terminated=np.zeros(count, np.bool_),
        truncated=np.zeros(count, np.bool_),
        final=[None] * count,
    )
