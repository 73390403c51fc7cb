# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The critic of MADDPG."""

from __future__ import annotations

import pytest
import torch
from joint_inputs import inputs
from toy_game import toy_spec
from two_kinds_game import two_kinds_spec

from ns3marl.rl.credit import CreditCritic
from ns3marl.rl.pooled import Pooling
from ns3marl.rl.seen import GroupSeen, Seen
from ns3marl.types import Spec

SPEC = toy_spec()
POOLINGS: list[Pooling] = ["mean", "attention"]


SPECS = [(SPEC, 0), (two_kinds_spec(), 0), (two_kinds_spec(), 1)]


def critic(pooling: Pooling = "mean", spec: Spec = SPEC, group: int = 0) -> CreditCritic:
    torch.manual_seed(3)
    return CreditCritic(spec, group, 16, pooling).double()


@pytest.mark.parametrize(("spec", "group"), SPECS, ids=["one kind", "first kind", "second kind"])
@pytest.mark.parametrize("pooling", POOLINGS)
def test_all_replacements_at_once_equal_one_pass_per_agent(pooling: Pooling, spec: Spec, group: int) -> None:
    network = critic(pooling, spec, group)
    seen, encoded, instead = inputs(spec, rows=5)
    together = network(seen, encoded, instead[group])
    for agent in range(together.replaced.shape[1]):
        changed = [one.clone() for one in encoded]
        changed[group][:, agent] = instead[group][:, agent]
        alone = network(seen, changed, instead[group]).joint
        assert torch.allclose(together.replaced[:, agent], alone, atol=1e-12)
        asked = seen.groups[group].active[:, agent]
        assert not torch.isclose(alone, together.joint)[asked].any()
        assert torch.allclose(alone[~asked], together.joint[~asked])


def test_what_other_kinds_do_counts() -> None:
    network, (seen, encoded, instead) = critic(spec=two_kinds_spec()), inputs(two_kinds_spec(), rows=5)
    before = network(seen, encoded, instead[0])
    changed = [encoded[0], 1 - encoded[1]]
    after = network(seen, changed, instead[0])
    asked = seen.groups[1].active.any(-1)
    assert not torch.isclose(before.joint, after.joint)[asked].any()
    assert not torch.isclose(before.replaced, after.replaced)[asked].any()


def test_agents_may_come_in_any_order() -> None:
    network, order = critic(), [2, 0, 3, 1]
    seen, (encoded,), (instead,) = inputs(rows=5)
    first = network(seen, [encoded], instead)
    mine = seen.groups[0]
    permuted = Seen(
        (GroupSeen(*(t[:, order] for t in (mine.observations, mine.present, mine.active, mine.masks))),),
        [seen.state[0][:, order], *seen.state[1:]],
    )
    second = network(permuted, [encoded[:, order]], instead[:, order])
    assert torch.allclose(first.joint, second.joint)
    assert torch.allclose(first.replaced[:, order], second.replaced)
