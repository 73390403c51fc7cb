# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Simple policies, for scenarios with the features and heads of ``cognitive-v2x``.

An agent chooses one of C licensed channels, or none, and a power. It uses its own sensing (``seems_busy``, ``energy_db``), a database of
primary receivers (``excess_db``) and its last acknowledgement (``link_snr_db``).
``coordinated-access`` reads the global state and decides for all pairs together; it is a central reference.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ns3marl.errors import ConfigError
from ns3marl.rl.policy import fill_inactive
from ns3marl.types import Actions, Batch, Bool, Feature, Float64, Int64, Spec

SILENT = 0  #: choice of the head ``channel``; channel c is choice c + 1
TARGET_SNR_DB = 12.0
"""Target SNR at the receiver of a policy that saves power. 1600 B at 6 Mb/s (QPSK, rate 1/2) need about 7 dB."""
RAISE_DB = 2.0
"""Power added per tick since the link was last heard, up to full power: behind a corner the link may be 20 dB worse."""


LEAKAGE_DB = 24.0
"""Attenuation of a frame in the adjacent channel, by the transmit mask of IEEE 802.11-2020, 17.3.9.3."""


class RandomChannel:
    """A random channel of those that seem free, at full power; silent if none does."""

    def __init__(self, spec: Spec) -> None:
        self.names = _Names(spec)

    def act(self, batch: Batch, rngs: Sequence[np.random.Generator]) -> list[Actions]:
        """See ``Policy.act``."""
        free = self.names.free(batch)
        draws = np.stack([rng.random(free.shape[1]) for rng in rngs])
        place = np.floor(draws * free.sum(-1))
        channel = (free.cumsum(-1) > place[..., None]).argmax(-1)
        return self.names.answer(batch, _chosen(free, channel), self.names.full_power)


class SenseGreedy:
    """The channel with the least sensed energy, at full power; silent if this channel seems busy."""

    def __init__(self, spec: Spec) -> None:
        self.names = _Names(spec)

    def act(self, batch: Batch, rngs: Sequence[np.random.Generator]) -> list[Actions]:
        """See ``Policy.act``."""
        del rngs
        channel = self.names.channels(batch, "energy_db").argmin(-1)
        return self.names.answer(batch, _chosen(self.names.free(batch), channel), self.names.full_power)


class ListenBeforeTalk:
    """The first channel, counted from the home channel, that seems free, at the power that gives 12 dB at the receiver.

    Silent if none seems free. The home channel of pair i is i mod C, so that pairs spread. This is the scenario's built-in policy.
    """

    def __init__(self, spec: Spec) -> None:
        self.names = _Names(spec)

    def act(self, batch: Batch, rngs: Sequence[np.random.Generator]) -> list[Actions]:
        """See ``Policy.act``."""
        del rngs
        free = self.names.free(batch)
        rank = self.names.steps_from_home(batch)
        channel = np.where(free, rank, np.inf).argmin(-1)
        return self.names.answer(batch, _chosen(free, channel), self.names.needed_dbm(batch))


class Underlay:
    """Also uses channels that seem busy, if by the database the required power does not disturb primary receivers.

    The power gives 12 dB over the sensed energy. It is harmless if it stays ``MARGIN_DB`` below the tolerance of the primary receivers of
    the channel and its neighbours. The policy prefers a channel that is free and harmless, then one that is harmless, then one that is
    free; among equals the one with the largest margin. Silent if there is none of these.
    """

    MARGIN_DB = 3.0  # for shadowing, which the database does not know

    def __init__(self, spec: Spec) -> None:
        self.names = _Names(spec)

    def act(self, batch: Batch, rngs: Sequence[np.random.Generator]) -> list[Actions]:
        """See ``Policy.act``."""
        del rngs
        free, full_power = self.names.free(batch), self.names.full_power
        needed = np.clip(self.names.needed_dbm(batch), self.names.low_power, full_power)[..., None]
        wanted = needed + np.where(free, 0.0, np.maximum(self.names.channels(batch, "energy_db"), 0.0))
        excess = with_leakage(self.names.channels(batch, "excess_db"))
        harmless = (wanted <= full_power - excess - self.MARGIN_DB) & (wanted <= full_power)
        level = np.select([free & harmless, harmless, free], [0, 1, 2], 3)
        order = excess.argsort(-1, kind="stable").argsort(-1)
        channel = (level * free.shape[-1] + order).argmin(-1)
        power = np.take_along_axis(wanted, channel[..., None], -1)[..., 0]
        return self.names.answer(batch, _chosen(level < 3, channel), power)


class CoordinatedAccess:
    """Central reference: serves the pairs in order of age, with knowledge of every loss and every primary user's state.

    A pair gets the power that gives 12 dB at its receiver, over the primary user's signal if the user is on. The policy prefers a channel
    whose primary user is off and would not be disturbed if it came back; then one whose user is on and not disturbed; then one whose user
    is off. Among equals it takes the one with the fewest conflicting pairs, then the one with the largest margin. With more than
    ``SHARING`` conflicting pairs, the pair stays silent.
    """

    SHARING = 1

    def __init__(self, spec: Spec) -> None:
        self.names = _Names(spec)
        blocks = {block.name: b for b, block in enumerate(spec.state)}
        missing = {"pair_state", "channel_state"} - blocks.keys()
        if missing:
            raise ConfigError(
                f"coordinated-access needs the global state of cognitive-v2x; scenario {spec.scenario!r} lacks the blocks "
                f"{', '.join(sorted(missing))}"
            )
        self.pair_state, self.channel_state = blocks["pair_state"], blocks["channel_state"]
        features = spec.state[self.pair_state].features
        pairs, channels = range(len(spec.groups[0].agents)), range(self.names.count)
        self.age, self.snr = _find(features, ["aoi_ticks", "link_snr_db"])
        self.excess = _find(features, [f"channel_{c}_excess_db" for c in channels])
        self.primary_snr = _find(features, [f"channel_{c}_primary_snr_db" for c in channels])
        self.cross_snr = _find(features, [f"pair_{j}_snr_db" for j in pairs])
        (self.is_on,) = _find(spec.state[self.channel_state].features, ["is_on"])

    def act(self, batch: Batch, rngs: Sequence[np.random.Generator]) -> list[Actions]:
        """See ``Policy.act``."""
        del rngs
        chosen = [self._assign(batch, b) for b in range(len(batch.env_id))]
        return self.names.answer(
            batch, np.stack([choice for choice, _ in chosen]), np.stack([power for _, power in chosen])
        )

    def _assign(self, batch: Batch, b: int) -> tuple[Int64, Float64]:
        """Choices and powers of all pairs in one environment, [A] each."""
        names = self.names
        state = batch.state[self.pair_state][b].astype(float)
        on = batch.state[self.channel_state][b, :, self.is_on] > 0
        raised = np.where(on, 10 * np.log10(1 + 10 ** (state[:, self.primary_snr] / 10)), 0.0)  # [A,C]
        wanted = names.full_power - state[:, self.snr, None] + TARGET_SNR_DB + raised
        power = np.clip(wanted, names.low_power, names.full_power)
        excess = with_leakage(state[:, self.excess])
        harmless = power <= names.full_power - excess
        reached = wanted <= names.full_power
        level = np.select([~on & harmless, harmless & reached, ~on], [0, 1, 2], 3)
        order = excess.argsort(-1, kind="stable").argsort(-1)
        choice = np.zeros(len(state), dtype=np.int64)
        used = np.full(len(state), names.low_power)
        for i in np.argsort(-state[:, self.age], kind="stable"):
            options = [
                (level[i, c], spoilt, order[i, c], c)
                for c in np.flatnonzero(level[i] < 3)
                if (spoilt := self._spoilt(state, choice, used, int(i), int(c), power[i, c])) <= self.SHARING
            ]
            if options:
                *_, c = min(options)
                choice[i], used[i] = c + 1, power[i, c]
        return choice, used

    def _spoilt(self, state: Float64, choice: Int64, used: Float64, i: int, c: int, power: float) -> int:
        """Number of pairs on channel c that cannot be on the air at the same time as pair i."""
        others = np.flatnonzero(choice == c + 1)
        margin = TARGET_SNR_DB - 3  # what their signals may lose
        below, theirs_below = power - self.names.full_power, used[others] - self.names.full_power
        theirs = state[i, self.cross_snr][others] + below > state[others, self.snr] + theirs_below - margin
        mine = state[others, self.cross_snr[i]] + theirs_below > state[i, self.snr] + below - margin
        return int((theirs | mine).sum())


class _Names:
    """Finds cognitive-v2x's heads and features in a spec.

    Raises:
        ConfigError: The spec does not have the structure of cognitive-v2x's.
    """

    def __init__(self, spec: Spec) -> None:
        group = self.group = spec.groups[0]
        heads = [head.name for head in group.discrete_heads] + [head.name for head in group.continuous_heads]
        if len(spec.groups) != 1 or heads != ["channel", "power"]:
            raise ConfigError(
                "this policy is for one group with the heads channel and power, as cognitive-v2x has; scenario "
                f"{spec.scenario!r} has the heads {', '.join(heads) or 'none'}; the policy `random` fits any scenario"
            )
        self.count = group.choice_counts[0] - 1
        self.low_power, self.full_power = group.continuous_heads[0].low, group.continuous_heads[0].high
        self.link_snr, self.link_age = _find(group.features, ["link_snr_db", "link_age_ticks"])
        self._columns = {
            name: _find(group.features, [f"channel_{c}_{name}" for c in range(self.count)])
            for name in ("seems_busy", "energy_db", "excess_db", "is_home")
        }

    def channels(self, batch: Batch, name: str) -> Float64:
        """A feature of every channel, [B,A,C]."""
        values: Float64 = batch.groups[0].observations[..., self._columns[name]].astype(float)
        return values

    def free(self, batch: Batch) -> Bool:
        """Channels that seem free, [B,A,C]."""
        free: Bool = self.channels(batch, "seems_busy") == 0
        return free

    def steps_from_home(self, batch: Batch) -> Int64:
        """How many channels after the pair's home a channel comes, [B,A,C]."""
        home = self.channels(batch, "is_home").argmax(-1)
        steps: Int64 = (np.arange(self.count) - home[..., None]) % self.count
        return steps

    def needed_dbm(self, batch: Batch) -> Float64:
        """Power that gives ``TARGET_SNR_DB`` at the receiver, by the agent's knowledge, [B,A]; may be out of range."""
        seen = batch.groups[0].observations
        snr, age = seen[..., self.link_snr].astype(float), seen[..., self.link_age].astype(float)
        needed: Float64 = self.full_power - (snr - TARGET_SNR_DB) + RAISE_DB * age
        return needed

    def answer(self, batch: Batch, choice: Int64, power: Float64 | float) -> list[Actions]:
        """Choices [B,A] and powers [B,A], which are clipped to the range."""
        within = np.clip(np.broadcast_to(power, choice.shape), self.low_power, self.full_power)
        return [fill_inactive(self.group, batch.groups[0].active, choice[..., None], within[..., None])]


def with_leakage(excess_db: Float64) -> Float64:
    """Excess of a transmission on each channel [...,C] at the worst of its own primary receiver and the neighbours'."""
    beside = np.full((*excess_db.shape[:-1], 1), -np.inf)
    padded = np.concatenate([beside, excess_db, beside], axis=-1)
    leaked = np.maximum(padded[..., :-2], padded[..., 2:]) - LEAKAGE_DB
    worst: Float64 = np.maximum(excess_db, leaked)
    return worst


def _chosen(allowed: Bool, channel: Int64) -> Int64:
    """The choice of a channel, silent where it is not allowed; from [B,A,C] and [B,A]."""
    ok = np.take_along_axis(allowed, channel[..., None], -1)[..., 0]
    return np.where(ok, channel + 1, SILENT)


def _find(features: Sequence[Feature], names: Sequence[str]) -> list[int]:
    index = {feature.name: f for f, feature in enumerate(features)}
    missing = [name for name in names if name not in index]
    if missing:
        raise ConfigError(
            f"this policy reads {missing[0]}, which cognitive-v2x has and this scenario has not"
        )
    return [index[name] for name in names]
