# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The clipped objective of hybrid actions against TorchRL's, an independent implementation: loss, entropy and gradients."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from tensordict import TensorDict
from tensordict.nn import (
    CompositeDistribution,
    ProbabilisticTensorDictModule,
    ProbabilisticTensorDictSequential,
    TensorDictModule,
    set_composite_lp_aggregate,
)
from torch import Tensor, distributions, nn
from torchrl.modules import MaskedCategorical
from torchrl.objectives import ClipPPOLoss

from ns3marl.rl.bounded import BOUNDED
from ns3marl.rl.hybrid import Heads, HybridDistribution
from ns3marl.rl.ppo import clipped_objective
from ns3marl.types import ContinuousHead, DiscreteHead, Feature, Group

# TorchRL knows no heads that count only sometimes, so all of these always do.
GROUP = Group(
    "devices",
    ("a",),
    tuple(Feature(f"x{i}", "1", -1, 1) for i in range(6)),
    (DiscreteHead("mode", ("idle", "send", "both")), DiscreteHead("server", ("s0", "s1", "s2", "s3"))),
    (ContinuousHead("power", "dBm", 0, 30), ContinuousHead("ratio", "1", 0, 1)),
)
HEADS = Heads(GROUP)
DECISIONS = 200
WEIGHTS = {"mode": 0.02, "server": 0.02, "real": 0.003}


class Network(nn.Module):
    """Observations to logits and outputs of real-valued heads, with the parameters of Beta as TorchRL wants them."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(6, 16), nn.Tanh(), nn.Linear(16, HEADS.choices + 4))

    def outputs(self, observations: Tensor) -> tuple[Tensor, Tensor]:
        output = self.layers(observations)
        return output[..., : HEADS.choices], output[..., HEADS.choices :]

    def forward(self, observations: Tensor) -> tuple[Tensor, ...]:
        logits, outputs = self.outputs(observations)
        mode, server = HEADS.split(logits)
        beta: Any = BOUNDED["beta"](outputs)
        return mode, server, beta.alpha, beta.beta


class IndependentBeta(distributions.Independent[distributions.Beta]):
    """Both real-valued heads as one distribution."""

    def __init__(self, concentration1: Tensor, concentration0: Tensor) -> None:
        super().__init__(distributions.Beta(concentration1, concentration0), 1)


def torchrl_loss(network: Network, clip: float) -> Any:
    parameters = [
        ("params", "mode", "logits"),
        ("params", "server", "logits"),
        ("params", "real", "concentration1"),
        ("params", "real", "concentration0"),
    ]
    actor = ProbabilisticTensorDictSequential(
        TensorDictModule(network, in_keys=["observation"], out_keys=parameters),
        TensorDictModule(
            lambda mode, server: (mode, server),
            in_keys=["mode_mask", "server_mask"],
            out_keys=[("params", "mode", "mask"), ("params", "server", "mask")],
        ),
        ProbabilisticTensorDictModule(
            in_keys=["params"],
            out_keys=["mode", "server", "real"],
            distribution_class=CompositeDistribution,
            distribution_kwargs={
                "distribution_map": {
                    "mode": MaskedCategorical,
                    "server": MaskedCategorical,
                    "real": IndependentBeta,
                }
            },
            return_log_prob=True,
        ),
    )
    weights = {f"{name}_entropy": weight for name, weight in WEIGHTS.items()}
    return ClipPPOLoss(actor, None, clip_epsilon=clip, entropy_coeff=weights, critic_coeff=None)


@pytest.mark.parametrize("change", [0.0, 0.3, 3.0])  # nothing clipped, some, nearly everything
def test_loss_entropy_and_gradients_agree_with_torchrl(change: float) -> None:
    generator = torch.Generator().manual_seed(7)
    torch.manual_seed(7)
    network, clip = Network(), 0.2
    observations = torch.randn(DECISIONS, 6, generator=generator)
    masks = torch.rand(DECISIONS, HEADS.choices, generator=generator) < 0.7
    masks[:, [0, 3]] = True
    advantages = torch.randn(DECISIONS, generator=generator)
    with torch.no_grad():
        logits, outputs = network.outputs(observations)
        old = HybridDistribution(HEADS, logits, BOUNDED["beta"](outputs), masks)
        discrete = torch.stack([torch.multinomial(p, 1).squeeze(-1) for p in old.probabilities], -1)
        raw = torch.rand(DECISIONS, 2, generator=generator).clamp(0.01, 0.99)
        old_log_probs = old.log_prob(discrete, raw)
        for parameter in network.parameters():
            parameter.add_(change * 0.2 * torch.randn(parameter.shape, generator=generator))

    logits, outputs = network.outputs(observations)
    ours = clipped_objective(
        HybridDistribution(HEADS, logits, BOUNDED["beta"](outputs), masks),
        discrete,
        raw,
        old_log_probs,
        advantages,
        clip=clip,
        max_log_ratio=1e6,
        entropy_discrete=WEIGHTS["mode"],
        entropy_continuous=WEIGHTS["real"],
    )
    network.zero_grad()
    (-ours.surrogate - ours.entropy_bonus).backward()  # type: ignore[no-untyped-call] # torch's own
    gradients = [parameter.grad.clone() for parameter in network.parameters() if parameter.grad is not None]

    mode_mask, server_mask = HEADS.split(masks)
    data = TensorDict(
        {
            "observation": observations,
            "mode_mask": mode_mask,
            "server_mask": server_mask,
            "mode": discrete[:, 0].long(),
            "server": discrete[:, 1].long(),
            "real": raw,
            "mode_log_prob": old_log_probs[:, 0],
            "server_log_prob": old_log_probs[:, 1],
            "real_log_prob": old_log_probs[:, 2:].sum(-1),
            "advantage": advantages[:, None],
        },
        [DECISIONS],
    )
    with set_composite_lp_aggregate(mode=False):
        theirs_loss = torchrl_loss(network, clip)
        names = ["mode", "server", "real"]
        theirs_loss.set_keys(action=names, sample_log_prob=[f"{name}_log_prob" for name in names])
        theirs = theirs_loss(data)
        network.zero_grad()
        (theirs["loss_objective"] + theirs["loss_entropy"]).backward()

    assert float(-ours.surrogate.detach()) == pytest.approx(
        float(theirs["loss_objective"].detach()), abs=2e-6
    )
    assert float(-ours.entropy_bonus.detach()) == pytest.approx(
        float(theirs["loss_entropy"].detach()), abs=2e-6
    )
    assert ours.metrics["clipped"] == pytest.approx(float(theirs["clip_fraction"]), abs=0.006)
    clipped = ours.metrics["clipped"]
    assert {0.0: clipped == 0, 0.3: 0 < clipped < 0.9, 3.0: clipped > 0.5}[change]
    theirs_gradients = [p.grad for p in theirs_loss.actor_network_params.parameters() if p.grad is not None]
    assert len(gradients) == 4
    assert len(theirs_gradients) == 4
    by_shape = {g.shape: g for g in theirs_gradients}
    for gradient in gradients:
        torch.testing.assert_close(gradient, by_shape[gradient.shape], rtol=1e-4, atol=1e-6)
