# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Simple policies of cognitive-v2x on observations made by hand; `tests/lockstep/scenarios/cognitive_v2x/test_cognitive_v2x.py` plays them."""

from __future__ import annotations

import numpy as np
import pytest

from ns3marl import policies
from ns3marl.scenarios.cognitive_v2x.policies import LEAKAGE_DB, with_leakage
from ns3marl.types import Batch, Condition, ContinuousHead, DiscreteHead, Feature, Group, GroupArrays, Spec

CHANNELS = 3
CHANNEL_FEATURES = ("energy_db", "seems_busy", "excess_db", "is_home")
NAMES = (
    "link_snr_db",
    "link_age_ticks",
    *(f"channel_{c}_{name}" for c in range(CHANNELS) for name in CHANNEL_FEATURES),
)


def spec(pairs: int) -> Spec:
    choices = ("silent", *(f"channel-{c}" for c in range(CHANNELS)))
    group = Group(
        "pairs",
        tuple(f"pair_{i}" for i in range(pairs)),
        tuple(Feature(name, "1", -100, 100) for name in NAMES),
        (DiscreteHead("channel", choices),),
        (ContinuousHead("power", "dBm", 0, 23, 23, active_if=Condition(0, (1, 2, 3))),),
    )
    return Spec("cognitive-v2x", 10_000_000, 10, (group,))


def act(
    name: str,
    busy: list[int],
    excess: list[float],
    energy: list[float],
    home: int,
    snr: float,
    age: float = 0,
) -> tuple[int, float]:
    """Choice and power of one pair that observes this."""
    channels = [(energy[c], busy[c], excess[c], float(c == home)) for c in range(CHANNELS)]
    row = np.array([snr, age, *np.ravel(channels)], np.float32)
    made = spec(1)
    seen = GroupArrays(
        observations=row[None, None],
        rewards=np.zeros((1, 1), np.float32),
        present=np.ones((1, 1), bool),
        active=np.ones((1, 1), bool),
        masks=np.ones((1, 1, CHANNELS + 1), bool),
    )
    batch = Batch(
        env_id=np.zeros(1, np.int64),
        seed=np.ones(1, np.int64),
        run=np.ones(1, np.int64),
        tick=np.zeros(1, np.int64),
        sim_time_ns=np.zeros(1, np.int64),
        groups=(seen,),
        state=(),
        metrics=np.zeros((1, 0)),
        terminated=np.zeros(1, bool),
        truncated=np.zeros(1, bool),
        final=[None],
    )
    (joint,) = policies.make(name, made).act(batch, [np.random.default_rng(1)])
    return int(joint.discrete[0, 0, 0]), float(joint.continuous[0, 0, 0])


def test_excess_counts_the_neighbours_less_what_the_mask_keeps_back() -> None:
    excess = np.array([[10.0, 0.0, -50.0], [-50.0, 40.0, -50.0]])
    np.testing.assert_array_equal(
        with_leakage(excess),
        [[10, 0, -LEAKAGE_DB], [40 - LEAKAGE_DB, 40, 40 - LEAKAGE_DB]],
    )
    np.testing.assert_array_equal(with_leakage(np.array([5.0])), [5.0])


def test_listen_before_talk_goes_round_from_home_at_the_power_it_needs() -> None:
    free, quiet = [0, 0, 0], [0.0, 0.0, 0.0]
    assert act("listen-before-talk", free, quiet, quiet, home=1, snr=30) == (2, 5)  # 23 - (30 - 12) dBm
    assert act("listen-before-talk", [0, 1, 1], quiet, quiet, home=1, snr=30) == (1, 5)
    assert act("listen-before-talk", free, quiet, quiet, home=1, snr=30, age=3) == (2, 11)  # 2 dB a tick
    assert act("listen-before-talk", free, quiet, quiet, home=1, snr=0) == (2, 23)
    assert act("listen-before-talk", [1, 1, 1], quiet, quiet, home=1, snr=30)[0] == 0


def test_sense_greedy_takes_the_least_energy_at_full_power() -> None:
    assert act("sense-greedy", [0, 0, 0], [0.0] * 3, [0.3, -0.2, 0.1], home=0, snr=50) == (2, 23)
    assert act("sense-greedy", [0, 1, 0], [0.0] * 3, [0.3, -0.2, 0.1], home=0, snr=50)[0] == 0


@pytest.mark.parametrize(
    ("busy", "excess", "energy", "expected"),
    [
        ([0, 0, 0], [30.0, 10.0, -20.0], [0.0] * 3, (3, 5)),  # all free: the farthest from doing harm
        ([1, 0, 0], [-40.0, 10.0, 30.0], [2.0, 0, 0], (2, 5)),  # free and harmless before busy and harmless
        ([1, 1, 0], [0.0, 30.0, 45.0], [2.0, 2, 0], (1, 7)),  # busy and harmless, over the sensed energy
        ([1, 1, 0], [30.0, 30.0, 45.0], [2.0, 2, 0], (3, 5)),  # free at least
        ([1, 1, 1], [30.0, 45.0, 45.0], [2.0] * 3, (0, 7)),  # no way without harm
    ],
)
def test_underlay_avoids_harm(
    busy: list[int], excess: list[float], energy: list[float], expected: tuple[int, float]
) -> None:
    choice, power = act("underlay", busy, excess, energy, home=0, snr=30)
    assert choice == expected[0]
    if choice:
        assert power == pytest.approx(expected[1])
