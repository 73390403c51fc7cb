# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Policies of ``edge-cloud`` that send every task to the same kind of place; they refuse the specs of other scenarios."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ns3marl.errors import ConfigError
from ns3marl.policies import Default, default_actions
from ns3marl.types import Actions, Batch, Group, Spec

_HEADS = {"devices": ("mode", "gateway", "power"), "gateways": ("placement", "threshold", "cpu_rate")}
_LOCAL, _OFFLOAD = range(2)


class LocalOnly:
    """Computes every task on the device's own CPU.

    Args:
        spec: What C++ ``Describe`` declares.

    Raises:
        ConfigError: The spec is of another scenario.
    """

    def __init__(self, spec: Spec) -> None:
        _check(spec)
        self.default = Default(spec)

    def act(self, batch: Batch, rngs: Sequence[np.random.Generator]) -> list[Actions]:
        """See ``Policy.act``."""
        joint = self.default.act(batch, rngs)
        joint[0].discrete[batch.groups[0].active, 0] = _LOCAL
        return joint


class OffloadOnly:
    """Sends every task to the allowed gateway with the best observed SNR, at full power; gateways compute at their highest rate.

    Args:
        spec: What C++ ``Describe`` declares.
        placement: Choice of all gateways: ``edge`` or ``cloud``.

    Raises:
        ConfigError: The spec is of another scenario.
    """

    def __init__(self, spec: Spec, placement: str) -> None:
        _check(spec)
        self.spec = spec
        devices, gateways = spec.groups
        self.placement = gateways.discrete_heads[0].choices.index(placement)
        names = [feature.name for feature in devices.features]
        self.snr = [names.index(f"{gateway}_snr_db") for gateway in devices.discrete_heads[1].choices]

    def act(self, batch: Batch, rngs: Sequence[np.random.Generator]) -> list[Actions]:
        """See ``Policy.act``."""
        del rngs
        rows = len(batch.env_id)
        devices, gateways = (default_actions(group, rows) for group in self.spec.groups)
        seen = batch.groups[0]
        allowed = seen.masks[..., slice(*self.spec.groups[0].mask_offsets[1:3])].astype(bool)
        best = np.where(allowed, seen.observations[..., self.snr], -np.inf).argmax(-1)
        devices[0][seen.active, 0] = _OFFLOAD
        devices[0][seen.active, 1] = best[seen.active]
        gateways[0][batch.groups[1].active, 0] = self.placement
        return [Actions(*devices), Actions(*gateways)]


def edge_only(spec: Spec) -> OffloadOnly:
    """Computes every task at a gateway; see ``OffloadOnly``."""
    return OffloadOnly(spec, "edge")


def cloud_only(spec: Spec) -> OffloadOnly:
    """Computes every task in the cloud; see ``OffloadOnly``."""
    return OffloadOnly(spec, "cloud")


def _check(spec: Spec) -> None:
    found = {group.name: _heads(group) for group in spec.groups}
    if found != _HEADS:
        raise ConfigError(
            f"this policy is for the groups devices and gateways of edge-cloud; scenario {spec.scenario!r} has "
            + "; ".join(f"{name} with the heads {', '.join(heads)}" for name, heads in found.items())
        )


def _heads(group: Group) -> tuple[str, ...]:
    discrete = [head.name for head in group.discrete_heads]
    return (*discrete, *(head.name for head in group.continuous_heads))
