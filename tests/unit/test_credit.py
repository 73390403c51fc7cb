# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The critic of MADDPG."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch
from joint_inputs import inputs
from torch import Tensor
from toy_game import toy_spec
from two_kinds_game import two_kinds_spec

from ns3marl.rl.credit import CreditCritic
from ns3marl.rl.pooled import Acts, Pooling, numbers
from ns3marl.rl.seen import GroupSeen, Seen
from ns3marl.types import Spec

SPEC = toy_spec()
POOLINGS: list[Pooling] = ["mean", "attention"]


SPECS = [(SPEC, 0), (two_kinds_spec(), 0), (two_kinds_spec(), 1)]


def critic(pooling: Pooling = "mean", spec: Spec = SPEC, group: int = 0) -> CreditCritic:
    torch.manual_seed(3)
    return CreditCritic(spec, group, 16, pooling).double()


def acts(seen: Seen, encoded: Sequence[Tensor]) -> list[Acts]:
    """What the active agents of every group did."""
    return [
        Acts(numbers(one.active), actions[one.active])
        for one, actions in zip(seen.groups, encoded, strict=True)
    ]


def joint(network: CreditCritic, seen: Seen, encoded: Sequence[Tensor]) -> Tensor:
    return network.joint(network.read(seen), acts(seen, encoded))


def replaced(network: CreditCritic, seen: Seen, encoded: Sequence[Tensor], instead: Tensor) -> Tensor:
    """[B,A], 0 for inactive agents."""
    active = seen.groups[network.group].active
    values = network.replaced(network.read(seen), acts(seen, encoded), instead[active])
    return torch.zeros(active.shape, dtype=values.dtype).masked_scatter(active, values)


@pytest.mark.parametrize(("spec", "group"), SPECS, ids=["one kind", "first kind", "second kind"])
@pytest.mark.parametrize("pooling", POOLINGS)
def test_all_replacements_at_once_equal_one_pass_per_agent(pooling: Pooling, spec: Spec, group: int) -> None:
    network = critic(pooling, spec, group)
    seen, encoded, instead = inputs(spec, rows=5)
    together, before = replaced(network, seen, encoded, instead[group]), joint(network, seen, encoded)
    for agent in range(together.shape[1]):
        changed = [one.clone() for one in encoded]
        changed[group][:, agent] = instead[group][:, agent]
        alone = joint(network, seen, changed)
        asked = seen.groups[group].active[:, agent]
        torch.testing.assert_close(together[asked, agent], alone[asked], rtol=0, atol=1e-12)
        assert not torch.isclose(alone, before)[asked].any()
        assert torch.allclose(alone[~asked], before[~asked])


def test_what_other_kinds_do_counts() -> None:
    network, (seen, encoded, instead) = critic(spec=two_kinds_spec()), inputs(two_kinds_spec(), rows=5)
    changed = [encoded[0], 1 - encoded[1]]
    asked = seen.groups[1].active.any(-1)
    same = torch.isclose(joint(network, seen, encoded), joint(network, seen, changed))
    assert not same[asked].any()
    own = seen.groups[0].active & asked[:, None]
    before, after = (replaced(network, seen, x, instead[0]) for x in (encoded, changed))
    same = torch.isclose(before, after)
    assert not same[own].any()


def test_agents_may_come_in_any_order() -> None:
    network, order = critic(), [2, 0, 3, 1]
    seen, (encoded,), (instead,) = inputs(rows=5)
    mine = seen.groups[0]
    permuted = Seen(
        (GroupSeen(*(t[:, order] for t in (mine.observations, mine.present, mine.active, mine.masks))),),
        [seen.state[0][:, order], *seen.state[1:]],
    )
    first, second = joint(network, seen, [encoded]), joint(network, permuted, [encoded[:, order]])
    assert torch.allclose(first, second)
    one = replaced(network, seen, [encoded], instead)
    other = replaced(network, permuted, [encoded[:, order]], instead[:, order])
    assert torch.allclose(one[:, order], other)
