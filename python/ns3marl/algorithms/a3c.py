# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""A3C: the central controller of ``ppo``, trained by asynchronous workers on shared parameters.

After Mnih et al., "Asynchronous methods for deep reinforcement learning" (ICML 2016). Every worker plays with a copy of the
parameters in an environment of its own. After at most t_max ticks it computes the gradient of

    L = - mean log pi(a_t | s_t) A_t - entropy bonus + c (R_t - V(s_t))^2,    A_t = R_t - V(s_t),

with the n-step return R_t = r_t + gamma r_{t+1} + … + gamma^k V(s_{t+k}), which reaches to the end of the segment or of the
episode; applies it to the shared parameters theta by RMSProp, whose mean square g is shared as well,

    g <- rho g + (1 - rho) grad^2,    theta <- theta - eta grad / sqrt(g + epsilon);

and copies the parameters anew. By then others may have moved them on: gradients are stale, never reproducible, and never waited
for. Values are in deviations of the return (``ValueNormaliser``, shared too), so that its scale does not matter.

A learner by itself is its own only worker. ``ns3marl.training.asynchronous`` runs many.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from copy import deepcopy
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ns3marl.config import A3cOptions
from ns3marl.rl.central import CentralActor, CentralCritic
from ns3marl.rl.gae import gae
from ns3marl.rl.hybrid import Heads
from ns3marl.rl.learner import learning_group
from ns3marl.rl.normalise import ValueNormaliser
from ns3marl.rl.policy import fill_inactive
from ns3marl.rl.rollout import Decision, Rollout, Samples
from ns3marl.types import Actions, Batch, Float64, Spec


class A3c:
    """The learner, and the copy of it that a worker plays with.

    Args:
        spec: The scenario's spec.
        options: See ``A3cOptions``.
        seed: Of the network weights.

    Raises:
        ConfigError: The spec has several groups of agents, or agents without actions.
    """

    central_execution = True

    def __init__(self, spec: Spec, options: A3cOptions, seed: int) -> None:
        self.spec, self.options = spec, options
        self.group = learning_group(spec, "a3c")
        self.heads = Heads(self.group)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.networks = nn.ModuleDict(
                {
                    "actor": CentralActor(spec, self.heads, options.actor_width, options.real_valued),
                    "critic": CentralCritic(spec, options.critic_width),
                }
            )
        self.normaliser = ValueNormaliser(decay=0.99)
        self.parameters = list(self.networks.parameters())
        self.squares = [torch.zeros_like(parameter) for parameter in self.parameters]  #: RMSProp's g
        self.greedy = False  #: take the most likely action in ``act``
        self._shared: list[Tensor] = self.tensors()
        self._lock: AbstractContextManager[Any] = nullcontext()
        self._rollout: Rollout | None = None  # of ``explore`` and ``learn``
        self._asked: tuple[Batch, Decision] | None = None  # between ``explore`` and ``learn``

    def tensors(self) -> list[Tensor]:
        """Everything that workers share: parameters, RMSProp's mean squares, the value normaliser."""
        return [*(p.detach() for p in self.parameters), *self.squares, *self.normaliser.buffers()]

    def work_for(self, shared: Sequence[Tensor], lock: AbstractContextManager[Any]) -> None:
        """Makes this learner a worker's copy: its gradients go to another one's tensors, from which it copies its own.

        Args:
            shared: ``tensors()`` of the other one, in shared memory.
            lock: Held while they are read or written, so that none is ever half of an update. The gradient itself is computed
                outside.
        """
        self._shared, self._lock = list(shared), lock
        with self._lock:
            self._copy()

    def act(self, batch: Batch, rngs: Sequence[np.random.Generator]) -> list[Actions]:
        """See ``Policy.act``."""
        return [self.decide(batch, rngs).actions]

    def explore(self, batch: Batch, rngs: Sequence[np.random.Generator]) -> list[Actions]:
        """See ``Learner.explore``."""
        decision = self.decide(batch, rngs)
        self._asked = batch, decision
        return [decision.actions]

    def learn(self, outcome: Batch) -> dict[str, float] | None:
        """See ``Learner.learn``; updates the shared parameters after every ``A3cOptions.rollout_ticks`` ticks."""
        if self._asked is None:
            raise RuntimeError("learn() without explore(): there is no decision to learn from")
        if self._rollout is None:
            self._rollout = self._empty(len(outcome.env_id))
        self._rollout.add(*self._asked, outcome)
        self._asked = None
        if not self._rollout.full:
            return None
        returns, figures = self._gradients(self._rollout, outcome)
        self._rollout.clear()
        with self._lock:
            self._apply(returns)
            self._copy()
        return figures

    @torch.no_grad()
    def decide(self, batch: Batch, rngs: Sequence[np.random.Generator]) -> Decision:
        """Chooses the joint action of B environments, one generator each."""
        seen = batch.groups[0]
        policy = self.networks["actor"](
            torch.tensor(seen.observations),
            [torch.tensor(block) for block in batch.state],
            torch.tensor(seen.active),
            torch.tensor(seen.masks),
        )
        discrete, raw = policy.greedy() if self.greedy else policy.sample(rngs)
        physical = self.heads.physical(policy.bounded.unit(raw)).numpy()
        return Decision(fill_inactive(self.group, seen.active, discrete.numpy(), physical), raw.numpy())

    def _gradients(self, rollout: Rollout, last: Batch) -> tuple[Tensor, dict[str, float]]:
        """Puts the gradient of L into the networks; n-step returns in reward units [N], and figures."""
        options, heads = self.options, self.heads
        data = Samples(rollout)
        active = data.active
        predicted = self.networks["critic"](data.observations, data.state)
        values = self.normaliser.denormalise(predicted.detach()).numpy().reshape(rollout.ends.shape)
        team = rollout.rewards.mean(-1, dtype=np.float64)
        following = self._next_values(rollout, last, values)
        advantages = gae(team, values, following, rollout.ends, discount=options.discount, gae_lambda=1.0)
        returns = torch.from_numpy((advantages + values).reshape(-1))
        scale = deepcopy(
            self.normaliser
        )  # the shared one takes these returns in when the gradient is applied
        scale.update(returns)
        credit = torch.from_numpy(advantages.reshape(-1)) / scale.std
        value_loss = nn.functional.mse_loss(predicted, scale.normalise(returns))
        loss = options.value_weight * value_loss
        figures = {"value_loss": float(value_loss.detach()), "reward_per_tick": float(team.mean())}
        if bool(active.any()):
            policy = self.networks["actor"](
                data.observations, data.state, active, data.masks, active_only=True
            )
            log_prob = policy.log_prob(data.discrete[active], data.raw[active]).sum(-1)
            gain = (log_prob * credit.float()[:, None].expand_as(active)[active]).mean()
            entropy = (policy.entropy() * policy.count_probability().detach()).mean(0)
            bonus = (
                options.entropy_discrete * entropy[: heads.discrete].sum()
                + options.entropy_continuous * entropy[heads.discrete :].sum()
            )
            loss = loss - gain - bonus
            figures["policy_loss"] = float(-gain.detach())
            figures |= {
                f"entropy/{name}": float(x) for name, x in zip(heads.names, entropy.detach(), strict=True)
            }
        self.networks.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call] # torch's own
        figures["grad_norm"] = float(nn.utils.clip_grad_norm_(self.parameters, options.max_grad_norm))
        return returns, figures

    @torch.no_grad()
    def _next_values(self, rollout: Rollout, last: Batch, values: Float64) -> Float64:
        """V(s_{t+1}) in reward units, [T,E]: 0 after a termination, that of the last state after a truncation."""

        def value_of(observations: Tensor, blocks: Sequence[Tensor]) -> Float64:
            predicted: Tensor = self.networks["critic"](observations, blocks)
            found: Float64 = self.normaliser.denormalise(predicted).numpy()
            return found

        return rollout.next_values(values, last, value_of)

    @torch.no_grad()
    def _apply(self, returns: Tensor) -> None:
        """One step of shared RMSProp, and of the shared normaliser, with this learner's gradients and returns."""
        count = len(self.parameters)
        for theta, square, own in zip(
            self._shared[:count], self._shared[count : 2 * count], self.parameters, strict=True
        ):
            if own.grad is not None:
                square.lerp_(own.grad**2, 1 - self.options.rms_decay)
                theta.addcdiv_(
                    own.grad, (square + self.options.rms_epsilon).sqrt(), value=-self.options.learning_rate
                )
        for own_average, average in zip(self.normaliser.buffers(), self._shared[2 * count :], strict=True):
            own_average.copy_(average)
        self.normaliser.update(returns)
        for own_average, average in zip(self.normaliser.buffers(), self._shared[2 * count :], strict=True):
            average.copy_(own_average)

    @torch.no_grad()
    def _copy(self) -> None:
        for own, shared in zip(self.tensors(), self._shared, strict=True):
            own.copy_(shared)

    def _empty(self, num_envs: int) -> Rollout:
        return Rollout(self.spec, self.options.rollout_ticks, num_envs)

    def state_dict(self) -> dict[str, Any]:
        """Parameters and statistics. The ticks that each worker has played since its last update are not kept."""
        return {
            "networks": self.networks.state_dict(),
            "normaliser": self.normaliser.state_dict(),
            "squares": [square.clone() for square in self.squares],
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restores what ``state_dict`` gave.

        Raises:
            KeyError, RuntimeError, ValueError: The state does not fit this learner.
        """
        self.networks.load_state_dict(state["networks"])
        self.normaliser.load_state_dict(state["normaliser"])
        for own, square in zip(self.squares, state["squares"], strict=True):
            own.copy_(square)

    def load_policy(self, state: dict[str, Any]) -> None:
        """See ``Learner.load_policy``: the networks, for any number of agents."""
        self.networks.load_state_dict(state["networks"])
