# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The interface of policies, and the random numbers they may use."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ns3marl.types import Actions, Batch, Bool, Group


class Policy(Protocol):
    """Chooses the joint action of every environment in a batch."""

    def act(self, batch: Batch, rngs: Sequence[np.random.Generator]) -> list[Actions]:
        """One ``Actions`` per group of the spec.

        Args:
            batch: Observations of B environments.
            rngs: One generator per row of the batch; nothing else may supply randomness.
        """
        ...


def fill_inactive(group: Group, active: Bool, discrete: NDArray[Any], continuous: NDArray[Any]) -> Actions:
    """The joint action of a group, with the spec's defaults for inactive agents.

    Args:
        group: The agents.
        active: Which agents are asked to act, [B,A].
        discrete: Choices, [B,A,D].
        continuous: Real-valued actions in the heads' units, [B,A,R].
    """
    asked = active[..., None]
    return Actions(
        np.where(asked, discrete, group.default_discrete).astype(np.int32),
        np.where(asked, continuous, group.default_continuous).astype(np.float32),
    )


#: Separates the random numbers of actions from all others that follow from a seed and a run ("acti" in ASCII). It stands first
#: because NumPy pads keys with zeros: (1, 5) and (1, 5, 0) give the same stream.
_DOMAIN = 0x61637469


def action_generators(batch: Batch) -> list[np.random.Generator]:
    """A generator for each row of a batch, length B, determined only by the row's (seed, run, tick).

    So the random numbers of an action do not depend on how many environments there are, on the order in which they answer,
    or on how many numbers earlier ticks consumed.
    """
    return [
        np.random.default_rng((_DOMAIN, seed, run, tick))
        for seed, run, tick in zip(batch.seed.tolist(), batch.run.tolist(), batch.tick.tolist(), strict=True)
    ]
