# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Finds the heads, features and state blocks of ``aiot-mec`` in a spec and in a batch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ns3marl.errors import ConfigError
from ns3marl.policies import default_actions
from ns3marl.types import Actions, Batch, Bool, Feature, Float64, Int64, Spec

LOCAL, PARTIAL, FULL = range(3)
MAX_POWER_DBM = 30.0
SERVER_SLOTS = 18
RATIO_HIGH = 0.95


class Names:
    """Reads the spec.

    Args:
        spec: Spec of the environments.

    Raises:
        ConfigError: The spec does not have the structure of aiot-mec's.

    Attributes:
        servers: Server slots in use.
        channels: C.
    """

    def __init__(self, spec: Spec) -> None:
        group = spec.groups[0]
        heads = [head.name for head in group.discrete_heads] + [head.name for head in group.continuous_heads]
        wanted = ["mode", "server", "channel", "power", "ratio"]
        if len(spec.groups) != 1 or heads != wanted:
            raise ConfigError(
                f"this policy is for one group with the heads {', '.join(wanted)}, as aiot-mec has; scenario "
                f"{spec.scenario!r} has the heads {', '.join(heads) or 'none'}; the policy `random` fits any scenario"
            )
        self.spec = spec
        self._offsets = group.mask_offsets
        rows = {block.name: len(block.rows) for block in spec.state}
        self.servers = min(group.choice_counts[1], rows.get("server_state", SERVER_SLOTS))
        self.snr = self.columns([f"server_{k}_snr_db" for k in range(self.servers)])
        self.channels = rows.get("channel_state", group.choice_counts[2])
        self.home = np.arange(len(group.agents)) % self.channels
        """Each device's first channel, [A]."""

    def columns(self, names: Sequence[str]) -> list[int]:
        """Columns of features in the observation.

        Raises:
            ConfigError: A feature does not exist.
        """
        return find(self.spec, "observation", self.spec.groups[0].features, names)

    def masks(self, batch: Batch) -> tuple[Bool, Bool]:
        """Allowed servers [B,A,slots in use] and channels [B,A,C]."""
        _, server, channel, _ = self._offsets
        masks = batch.groups[0].masks
        return masks[..., server : server + self.servers], masks[..., channel : channel + self.channels]

    def heard_snr(self, batch: Batch) -> Float64:
        """SNR of each server slot at 30 dBm as the device observes it, -inf where there is no server, [B,A,slots in use]."""
        servers, _ = self.masks(batch)
        heard = batch.groups[0].observations[..., self.snr].astype(float)
        snr: Float64 = np.where(servers, heard, -np.inf)
        return snr

    def home_channels(self, batch: Batch) -> Int64:
        """Channel (agent mod C), or the tuned one while an earlier task is under way, [B,A]."""
        _, channels = self.masks(batch)
        free = channels[:, np.arange(len(self.home)), self.home]
        chosen: Int64 = np.where(free, self.home, channels.argmax(-1))
        return chosen

    def actions(
        self,
        batch: Batch,
        mode: Int64 | int,
        server: Int64,
        channel: Int64,
        power_dbm: Float64 | float,
        ratio: Float64 | None = None,
    ) -> Actions:
        """These choices [B,A] for active devices, defaults for the others and for ratios that are not given or not active.

        The nearest allowed mode replaces one that is not allowed: the largest ratio replaces full, full or local replaces partial.
        """
        discrete, continuous = default_actions(self.spec.groups[0], len(batch.env_id))
        active = batch.groups[0].active
        mode, ratio = self._allowed(batch, np.broadcast_to(mode, active.shape), ratio)
        for head, chosen in enumerate((mode, server, channel)):
            discrete[..., head] = np.where(active, chosen, discrete[..., head])
        continuous[..., 0] = np.where(active, power_dbm, continuous[..., 0])
        if ratio is not None:
            continuous[..., 1] = np.where(active & (np.equal(mode, PARTIAL)), ratio, continuous[..., 1])
        return Actions(discrete, continuous)

    def _allowed(self, batch: Batch, mode: Int64, ratio: Float64 | None) -> tuple[Int64, Float64 | None]:
        allowed = batch.groups[0].masks[..., : self._offsets[1]]
        if allowed.all():
            return mode, ratio
        share = np.where(mode == PARTIAL, 0.5 if ratio is None else ratio, RATIO_HIGH)
        mode = np.where((mode == FULL) & ~allowed[..., FULL], PARTIAL, mode)
        rounded = np.where(share < 0.5, LOCAL, FULL)
        mode = np.where((mode == PARTIAL) & ~allowed[..., PARTIAL], rounded, mode)
        return mode, share


def find(spec: Spec, where: str, features: Sequence[Feature], names: Sequence[str]) -> list[int]:
    """Indices of features by name.

    Raises:
        ConfigError: A feature is missing; the message contains ``where``.
    """
    index = {feature.name: f for f, feature in enumerate(features)}
    missing = [name for name in names if name not in index]
    if missing:
        raise ConfigError(
            f"this policy reads {missing[0]} from the {where}, which scenario {spec.scenario!r} does not have"
        )
    return [index[name] for name in names]
