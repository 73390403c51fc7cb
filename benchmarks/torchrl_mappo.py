# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""TorchRL's MAPPO for hybrid actions, put together as its documentation does: what `benchmarks/learner.py` compares with.

Axes: T ticks, E environments, A agents, F features; widths and numbers of layers as in IMAPPO.
"""

from __future__ import annotations

from typing import Any

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
from torchrl.envs.utils import ExplorationType, set_exploration_type
from torchrl.modules import MaskedCategorical, MultiAgentMLP, PopArtValueNorm
from torchrl.objectives import MAPPOLoss

from ns3marl.algorithms.imappo import ImappoOptions
from ns3marl.types import Group


class _Parameters(nn.Module):
    """A shared actor's outputs as the parameters of each head's distribution."""

    def __init__(self, group: Group, width: int, layers: int) -> None:
        super().__init__()
        self.sizes = [*group.choice_counts, len(group.continuous_heads), len(group.continuous_heads)]
        self.network = MultiAgentMLP(
            n_agent_inputs=len(group.features),
            n_agent_outputs=sum(self.sizes),
            n_agents=len(group.agents),
            centralized=False,
            share_params=True,
            depth=layers,
            num_cells=width,
            activation_class=nn.Tanh,
        )

    def forward(self, observation: Tensor, masks: Tensor) -> tuple[Tensor, ...]:
        *logits, alpha, beta = torch.split(self.network(observation), self.sizes, -1)
        alpha, beta = (1 + nn.functional.softplus(x) for x in (alpha, beta))
        return *logits, *torch.split(masks, self.sizes[:-2], -1), alpha, beta


class IndependentBeta(distributions.Independent[distributions.Beta]):
    """All real-valued heads as one distribution."""

    def __init__(self, concentration1: Tensor, concentration0: Tensor) -> None:
        super().__init__(distributions.Beta(concentration1, concentration0), 1)


class TorchrlMappo:
    """Rollout and update.

    Args:
        group: The agents.
        options: Those of IMAPPO that MAPPO has too.
        ticks: T.
        num_envs: E.
    """

    def __init__(self, group: Group, options: ImappoOptions, ticks: int, num_envs: int) -> None:
        set_composite_lp_aggregate(False).set()
        torch.manual_seed(1)
        self.options, agents = options, len(group.agents)
        names = [head.name for head in group.discrete_heads]
        self.actor = ProbabilisticTensorDictSequential(
            TensorDictModule(
                _Parameters(group, options.actor_width, options.actor_layers),
                in_keys=[("agents", "observation"), ("agents", "masks")],
                out_keys=[
                    *[("agents", "params", name, "logits") for name in names],
                    *[("agents", "params", name, "mask") for name in names],
                    ("agents", "params", "real", "concentration1"),
                    ("agents", "params", "real", "concentration0"),
                ],
            ),
            ProbabilisticTensorDictModule(
                in_keys=[("agents", "params")],
                out_keys=[("agents", name) for name in (*names, "real")],
                distribution_class=CompositeDistribution,
                distribution_kwargs={
                    "distribution_map": {**dict.fromkeys(names, MaskedCategorical), "real": IndependentBeta},
                    "name_map": {name: ("agents", name) for name in (*names, "real")},
                },
                return_log_prob=True,
            ),
        )
        critic = MultiAgentMLP(
            n_agent_inputs=len(group.features),
            n_agent_outputs=1,
            n_agents=agents,
            centralized=True,
            share_params=True,
            depth=2,
            num_cells=options.critic_width,
            activation_class=nn.Tanh,
        )
        self.critic = TensorDictModule(
            critic, in_keys=[("agents", "observation")], out_keys=[("agents", "state_value")]
        )
        keys = [("agents", name) for name in (*names, "real")]
        self.loss = MAPPOLoss(
            self.actor,
            self.critic,
            value_norm=PopArtValueNorm(shape=1),
            clip_epsilon=options.clip,
            entropy_coeff=options.entropy_discrete,
            loss_critic_type="smooth_l1",
        )
        self.loss.set_keys(
            action=keys,
            sample_log_prob=[("agents", f"{name}_log_prob") for name in (*names, "real")],
            value=("agents", "state_value"),
        )
        self.loss.make_value_estimator(gamma=options.discount, lmbda=options.gae_lambda)
        self.optimisers = [
            torch.optim.Adam(module.parameters(), lr=rate, eps=1e-5, fused=True)
            for module, rate in ((self.actor, options.actor_lr), (self.critic, options.critic_lr))
        ]
        self.ticks, self.num_envs = ticks, num_envs
        self.buffer: list[TensorDict] = []

    def explore(self, observations: Tensor, masks: Tensor) -> None:
        """Draws the joint action and remembers it; observations [E,A,F] scaled, masks [E,A,C]."""
        data = TensorDict(
            {"agents": TensorDict({"observation": observations, "masks": masks}, batch_size=masks.shape[:2])},
            batch_size=[self.num_envs],
        )
        with torch.no_grad(), set_exploration_type(ExplorationType.RANDOM):
            self.actor(data)
        self.buffer.append(data)

    def learn(self, rewards: Tensor, observations: Tensor) -> None:
        """Takes the team's rewards [E,1] and the next observations; updates when T ticks are together."""
        over = torch.zeros(self.num_envs, 1, dtype=torch.bool)
        agents = TensorDict({"observation": observations}, batch_size=observations.shape[:2])
        following = {"agents": agents, "reward": rewards, "done": over, "terminated": over}
        self.buffer[-1]["next"] = TensorDict(following, batch_size=[self.num_envs])
        if len(self.buffer) == self.ticks:
            self._update(torch.stack(self.buffer, 1).contiguous())
            self.buffer = []

    def _update(self, data: Any) -> None:
        with torch.no_grad():
            self.loss.value_estimator(data)
        samples = data.reshape(-1)
        for _ in range(self.options.epochs):
            for rows in torch.randperm(len(samples)).tensor_split(self.options.minibatches):
                losses = self.loss(samples[rows])
                loss = losses["loss_objective"] + losses["loss_critic"] + losses["loss_entropy"]
                for optimiser in self.optimisers:
                    optimiser.zero_grad()
                loss.backward()
                for module, optimiser in zip((self.actor, self.critic), self.optimisers, strict=True):
                    nn.utils.clip_grad_norm_(module.parameters(), self.options.max_grad_norm)
                    optimiser.step()
