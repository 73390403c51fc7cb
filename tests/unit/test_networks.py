# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import dataclasses

import numpy as np
import torch
from toy_game import toy_spec

from ns3marl.rl.choices import HeadOutputs, choice_features
from ns3marl.rl.hybrid import Heads
from ns3marl.rl.networks import Actor, fan_in_linear, linear
from ns3marl.rl.per_agent import AgentLinear
from ns3marl.types import Describes, DiscreteHead, Feature, Group

SPEC = toy_spec()
GROUP = SPEC.groups[0]
HEADS = Heads(GROUP)


def test_an_agent_sees_its_own_observation_only() -> None:
    actor = Actor(GROUP, HEADS, 16, 2)
    observations = torch.rand(2, 4, 4)
    masks = torch.ones(2, 4, HEADS.choices, dtype=torch.bool)
    before = actor(observations, masks).moments()
    observations[:, 1] = 0.9
    after = actor(observations, masks).moments()
    kept = [0, 2, 3]
    assert torch.equal(before[:, kept], after[:, kept])
    assert not torch.equal(before[:, 1], after[:, 1])


def test_the_first_policy_is_nearly_uniform_and_beta_is_unimodal() -> None:
    actor = Actor(GROUP, HEADS, 64, 2)
    policy = actor(torch.rand(1, 4, 4), torch.ones(1, 4, HEADS.choices, dtype=torch.bool))
    assert all((p - 1 / p.shape[-1]).abs().max() < 0.05 for p in policy.probabilities)
    assert (policy.bounded.alpha > 1).all()
    assert (policy.bounded.beta > 1).all()


SLOTS = Group(
    "devices",
    ("a",),
    (
        Feature("own", "1", 0, 1),
        *(
            Feature(f"{quantity}{k}", "1", 0, 1, describes=Describes(1, k, quantity))
            for k in range(3)
            for quantity in ("snr", "load")
        ),
        *(Feature(f"busy{c}", "1", 0, 1, describes=Describes(2, c, "busy")) for c in range(2)),
    ),
    (
        DiscreteHead("mode", ("local", "full")),
        DiscreteHead("server", ("server1", "server2", "server10")),
        DiscreteHead("channel", ("c0", "c1")),
    ),
)


def test_heads_are_described_if_every_choice_has_the_same_quantities() -> None:
    assert choice_features(SLOTS) == {1: [[1, 2], [3, 4], [5, 6]], 2: [[7], [8]]}
    lacking = dataclasses.replace(SLOTS, features=SLOTS.features[:-1])
    assert choice_features(lacking) == {1: [[1, 2], [3, 4], [5, 6]]}


def test_choices_are_scored_alike() -> None:
    heads = Heads(SLOTS)
    actor = Actor(SLOTS, heads, 16, 1)
    scorer = actor.outputs.scorers["1"]
    hidden, scaled = torch.rand(1, 16), torch.rand(1, 9)
    swapped = scaled.clone()
    swapped[:, 1:3], swapped[:, 5:7] = scaled[:, 5:7], scaled[:, 1:3]
    logits, everything = torch.zeros(1, 3), torch.ones(1, 3, dtype=torch.bool)
    scores = scorer(logits, everything, hidden, scaled)
    torch.testing.assert_close(scores[:, [2, 1, 0]], scorer(logits, everything, hidden, swapped))
    some = torch.tensor([[True, False, True]])
    torch.testing.assert_close(scorer(logits, some, hidden, scaled), scores * some)


def test_layers_begin_within_the_bound_of_their_inputs() -> None:
    torch.manual_seed(0)
    for layer in (fan_in_linear(100, 50, 0.5), AgentLinear(3, 100, 50, 0.5, fan_in=True)):
        for parameter in layer.parameters():
            assert 0.045 < parameter.abs().max() <= 0.05
            assert len(np.unique(parameter.detach().numpy())) > 0.99 * parameter.numel()


def test_outputs_beside_the_described_choices_are_linear() -> None:
    torch.manual_seed(0)
    outputs = HeadOutputs(SLOTS, 10, 16, linear, 0.1)  # mode 2, server 3, channel 2, and 3 more
    hidden, scaled = torch.rand(4, 16), torch.rand(4, 9)
    masks = torch.ones(4, 9, dtype=torch.bool)  # longer than the heads of the group, as levels make them
    masks[:, [2, 5]] = False  # a server and a channel that nobody may take
    added = outputs(hidden, scaled, masks) - outputs.linear(hidden)
    untouched = [0, 1, 2, 5, 7, 8, 9]
    assert (added[:, untouched] == 0).all()
    assert (added[:, [3, 4, 6]] != 0).all()
