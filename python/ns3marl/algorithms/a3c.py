# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""A3C: the central controller of ``ppo``, trained by asynchronous workers on shared parameters.

After Mnih et al., "Asynchronous methods for deep reinforcement learning" (ICML 2016). Every worker acts in its own environment
with a copy of the parameters. After at most t_max ticks it computes the gradient of

    L = - mean log pi(a_t | s_t) A_t - entropy bonus + c (R_t - V(s_t))^2,    A_t = R_t - V(s_t),

with the n-step return R_t = r_t + gamma r_{t+1} + … + gamma^k V(s_{t+k}), which ends with the segment or the
episode. It applies the gradient to the shared parameters theta by RMSProp, whose mean square g is also shared,

    g <- rho g + (1 - rho) grad^2,    theta <- theta - eta grad / sqrt(g + epsilon);

and copies the parameters again. Other workers may have changed them in the meantime: gradients are stale and not reproducible, and no
worker waits. Values are in standard deviations of the return (``ValueNormaliser``, also shared), so the scale of rewards has no effect.

A learner that is used alone, or together with learners of other kinds, is its only worker. ``ns3marl.training.asynchronous`` runs many.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn

from ns3marl.options import Fraction, NotNegativeFloat, PositiveFloat, PositiveInt
from ns3marl.rl.central import CentralActor, CentralCritic
from ns3marl.rl.gae import gae
from ns3marl.rl.hybrid import Heads
from ns3marl.rl.learner import acting_group
from ns3marl.rl.normalise import ValueNormaliser
from ns3marl.rl.on_policy import OnPolicyMemory
from ns3marl.rl.record import Decision
from ns3marl.rl.rewards import SharedReward
from ns3marl.rl.rollout import Rollout, Samples
from ns3marl.rl.seen import Seen, seen_in
from ns3marl.rl.sequence import HeadOrder
from ns3marl.rl.state import Parts
from ns3marl.types import Actions, Batch, Spec


@dataclass(frozen=True)
class A3cOptions:
    """A3C: the central controller of ``ppo``, trained by ``pool.num_envs`` asynchronous workers, each with one simulator."""

    reward: SharedReward = "team"
    """The reward to maximise: mean over all agents of all groups, or of its own group."""
    discount: Fraction = 0.9
    """Discount factor gamma, per tick."""
    rollout_ticks: PositiveInt = 20
    """Ticks of a worker between two updates (t_max), which is also the horizon of the n-step returns."""
    learning_rate: PositiveFloat = 1e-3
    """RMSProp's learning rate."""
    rms_decay: Fraction = 0.99
    """Decay rho of RMSProp's mean square of gradients, which all workers share."""
    rms_epsilon: PositiveFloat = 1e-5
    """Added to this mean square under the root."""
    value_weight: PositiveFloat = 0.5
    """Weight of the critic's squared error relative to the policy's objective."""
    entropy_discrete: NotNegativeFloat = 0.01
    """Weight of the entropy of discrete heads, in standard deviations of the return per nat."""
    entropy_continuous: NotNegativeFloat = 0.001
    """The same for real-valued heads."""
    max_grad_norm: PositiveFloat = 0.5
    """Maximum norm of a gradient; longer ones are scaled down."""
    actor_width: PositiveInt = 64
    """Units per hidden layer of the actor."""
    heads: HeadOrder = "independent"
    """``independent``: an agent samples all heads at once. ``sequential``: one after the other, each conditioned on those before it."""
    real_valued: Literal["beta", "tanh-normal", "clipped-gaussian"] = "beta"
    """Distribution of real-valued heads."""
    critic_width: PositiveInt = 64
    """Units per hidden layer of the critic."""
    log_ticks: PositiveInt = 500
    """Ticks, summed over workers, per row of the log."""


class A3c:
    """The learner, and a worker's copy of it.

    Args:
        spec: The scenario's spec.
        group: Number of the group that it controls.
        options: See ``A3cOptions``.
        seed: Seed of the network weights.

    Raises:
        ConfigError: The group's agents have no actions.
    """

    Options = A3cOptions
    central_execution = True
    asynchronous = True  #: see ``AsynchronousLearner``

    def __init__(self, spec: Spec, group: int, options: A3cOptions, seed: int) -> None:
        self.options, self.number = options, group
        self.heads = Heads(acting_group(spec, group))
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.networks = nn.ModuleDict(
                {
                    "actor": CentralActor(
                        spec, group, self.heads, options.actor_width, options.real_valued, options.heads
                    ),
                    "critic": CentralCritic(spec, group, options.critic_width),
                }
            )
        self.normaliser = ValueNormaliser(decay=0.99)
        self.parameters = list(self.networks.parameters())
        self.squares = [torch.zeros_like(parameter) for parameter in self.parameters]  #: RMSProp's g
        self.greedy = False  #: take the most likely action in ``act``
        self._shared: list[Tensor] = self.tensors()
        self._lock: AbstractContextManager[Any] = nullcontext()
        self.memory = OnPolicyMemory(spec, group, options.rollout_ticks)
        self.learned = Parts(
            networks=self.networks, normaliser=self.normaliser, squares=_Squares(self.squares)
        )
        self.running = Parts(memory=self.memory)  # of an only worker; what asynchronous ones hold is not kept

    @property
    def segment_ticks(self) -> int:
        """See ``AsynchronousLearner``."""
        return self.options.rollout_ticks

    @property
    def report_ticks(self) -> int:
        """See ``AsynchronousLearner``."""
        return self.options.log_ticks

    def tensors(self) -> list[Tensor]:
        """All that workers share: parameters, RMSProp's mean squares, the value normaliser."""
        return [*(p.detach() for p in self.parameters), *self.squares, *self.normaliser.buffers()]

    def work_for(self, shared: Sequence[Tensor], lock: AbstractContextManager[Any]) -> None:
        """Makes this learner a worker's copy: it applies its gradients to the shared tensors and copies its parameters from them.

        Args:
            shared: ``tensors()`` of the shared learner, in shared memory.
            lock: Held while the tensors are read or written, so that every read sees complete updates. The gradient is computed
                without it.
        """
        self._shared, self._lock = list(shared), lock
        with self._lock:
            self._copy()

    def act(self, batch: Batch, rngs: Sequence[np.random.Generator]) -> Actions:
        """See ``Learner.act``."""
        return self.decide(batch, rngs).actions

    def explore(self, batch: Batch, rngs: Sequence[np.random.Generator]) -> Actions:
        """See ``Learner.explore``."""
        return self.memory.decided(batch, self.decide(batch, rngs))

    def learn(self, joint: Sequence[Actions], outcome: Batch) -> dict[str, float] | None:
        """See ``Learner.learn``; updates the shared parameters after every ``A3cOptions.rollout_ticks`` ticks."""
        return self.memory.learn(joint, outcome, self.update)

    @torch.no_grad()
    def decide(self, batch: Batch, rngs: Sequence[np.random.Generator]) -> Decision:
        """Chooses the actions of B environments, one generator each."""
        policy = self.networks["actor"](seen_in(batch))
        return self.heads.decision(policy, batch.groups[self.number].active, rngs, greedy=self.greedy)

    def update(self, rollout: Rollout, last: Batch) -> dict[str, float]:
        """Updates the shared parameters with the gradient of L on a full rollout, and copies them again.

        Args:
            rollout: A full buffer of decisions of this learner's current networks.
            last: The batch that followed it, [E] rows; its values bootstrap the returns.

        Returns:
            Metrics of the update by name.
        """
        returns, metrics = self._gradients(rollout, last)
        with self._lock:
            self._apply(returns)
            self._copy()
        return metrics

    def _gradients(self, rollout: Rollout, last: Batch) -> tuple[Tensor, dict[str, float]]:
        """Computes the gradient of L; returns n-step returns in reward units [N], and metrics."""
        options, heads = self.options, self.heads
        data = Samples(rollout)
        active = data.active
        predicted = self.networks["critic"](data.seen)
        rewards = rollout.rewards(options.reward)  # [T,E,1]
        values = self.normaliser.denormalise(predicted.detach()).numpy().reshape(rewards.shape)
        advantages = gae(
            rewards,
            values,
            rollout.next_values(values, last, self._values),
            rollout.ends[..., None],
            discount=rollout.discounts(options.discount),
            gae_lambda=1.0,
        )
        returns = torch.from_numpy((advantages + values).reshape(-1))
        scale = deepcopy(
            self.normaliser
        )  # the shared one takes these returns in when the gradient is applied
        scale.update(returns)
        credit = torch.from_numpy(advantages.reshape(-1)) / scale.std
        value_loss = nn.functional.mse_loss(predicted, scale.normalise(returns))
        loss = options.value_weight * value_loss
        metrics = {
            "value_loss": float(value_loss.detach()),
            "reward_per_tick": float(rollout.rewards("group").mean()),
        }
        if bool(active.any()):
            taken = data.discrete[active], data.raw[active]
            policy = self.networks["actor"](data.seen, active_only=True).given(*taken)
            log_prob = policy.log_prob(*taken).sum(-1)
            gain = (log_prob * credit.float()[:, None].expand_as(active)[active]).mean()
            entropy = (policy.entropy() * policy.count_probability().detach()).mean(0)
            bonus = (
                options.entropy_discrete * entropy[: heads.discrete].sum()
                + options.entropy_continuous * entropy[heads.discrete :].sum()
            )
            loss = loss - gain - bonus
            metrics["policy_loss"] = float(-gain.detach())
            metrics |= {
                f"entropy/{name}": float(x) for name, x in zip(heads.names, entropy.detach(), strict=True)
            }
        self.networks.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call] # torch's own
        metrics["grad_norm"] = float(nn.utils.clip_grad_norm_(self.parameters, options.max_grad_norm))
        return returns, metrics

    @torch.no_grad()
    def _values(self, seen: Seen) -> Tensor:
        """V(s) in reward units, [n]."""
        return self.normaliser.denormalise(self.networks["critic"](seen))

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

    def load_policy(self, learned: dict[str, Any]) -> None:
        """See ``Learner.load_policy``: the networks, for any number of agents."""
        self.networks.load_state_dict(learned["networks"])


class _Squares:
    """RMSProp's mean squares as a state; loads copy into the shared tensors."""

    def __init__(self, squares: Sequence[Tensor]) -> None:
        self._squares = squares

    def state_dict(self) -> dict[str, Any]:
        return {"squares": [square.clone() for square in self._squares]}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        for own, square in zip(self._squares, state["squares"], strict=True):
            own.copy_(square)
