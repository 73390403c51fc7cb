# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Random joint observations and actions of specs with any kinds of agents."""

from __future__ import annotations

import dataclasses

import torch
from torch import Tensor
from toy_game import toy_spec

from ns3marl.rl.hybrid import Heads
from ns3marl.rl.seen import GroupSeen, Seen
from ns3marl.types import GroupArrays, Spec

SPEC = toy_spec()


def inputs(spec: Spec = SPEC, rows: int = 3, seed: int = 0) -> tuple[Seen, list[Tensor], list[Tensor]]:
    """States, what everybody did, and marginals; per group."""
    generator = torch.Generator().manual_seed(seed)

    def random(*shape: int) -> Tensor:
        return torch.rand(shape, generator=generator, dtype=torch.float64)

    groups = []
    for group in spec.groups:
        agents = len(group.agents)
        groups.append(
            GroupSeen(
                random(rows, agents, len(group.features)),
                torch.ones(rows, agents, dtype=torch.bool),
                random(rows, agents) < 0.7,
                torch.ones(rows, agents, group.mask_offsets[-1], dtype=torch.bool),
            )
        )
    state = [random(rows, len(block.rows), len(block.features)) for block in spec.state]
    encoded, moments = (
        [random(rows, len(group.agents), Heads(group).encoded) for group in spec.groups] for _ in range(2)
    )
    return Seen(tuple(groups), state), encoded, moments


def with_group(seen: Seen, number: int, **changes: Tensor) -> Seen:
    groups = list(seen.groups)
    groups[number] = dataclasses.replace(groups[number], **changes)
    return dataclasses.replace(seen, groups=tuple(groups))


def fewer_agents(group: GroupArrays, count: int) -> GroupArrays:
    """The first agents of a group."""
    return GroupArrays(
        group.observations[:, :count],
        group.rewards[:, :count],
        group.present[:, :count],
        group.active[:, :count],
        group.masks[:, :count],
    )
