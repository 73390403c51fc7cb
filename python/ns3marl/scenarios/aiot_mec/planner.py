# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""A planner: searches the joint action of a tick with the twin as its model. It knows the whole state, so it is an upper reference."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ns3marl.errors import OutOfStep
from ns3marl.options import PositiveInt
from ns3marl.policies import allowed_choices
from ns3marl.rl.policy import Policy
from ns3marl.scenarios.aiot_mec.policies import estimates
from ns3marl.scenarios.aiot_mec.policies.names import FULL, LOCAL, PARTIAL, Names
from ns3marl.scenarios.aiot_mec.twin import tick
from ns3marl.scenarios.aiot_mec.twin.aiot_mec import AiotMec
from ns3marl.scenarios.aiot_mec.twin.futures import Futures
from ns3marl.scenarios.aiot_mec.twin.pool import FastPool
from ns3marl.scenarios.aiot_mec.twin.state import rows
from ns3marl.types import Actions, Batch, Bool, Float64, GroupArrays

_TARGETS_DB = (6.0, 32.0)  # SNR at the server that a changed power aims at
_RATIOS = (0.05, 0.95)
_WITHIN_DB = 20.0  # servers that are considered, from the best one on


@dataclass(frozen=True)
class PlannerOptions:
    """Options of the search."""

    rounds: PositiveInt = 3
    """Rounds of changes to the joint action."""
    changes: PositiveInt = 32
    """Changes of one device's action that a round tries."""
    futures: PositiveInt = 4
    """Simulated futures over which the return of a joint action is averaged."""
    horizon: PositiveInt = 4
    """Ticks whose rewards count, including the current one."""


@dataclass
class Joint:
    """M joint actions of one environment."""

    discrete: NDArray[np.int32]  #: [M,N,3]
    continuous: NDArray[np.float32]  #: [M,N,2]

    def __getitem__(self, index: NDArray[np.int64] | list[int]) -> Joint:
        return Joint(self.discrete[index].copy(), self.continuous[index].copy())


def _joined(parts: Sequence[Joint]) -> Joint:
    return Joint(
        np.concatenate([part.discrete for part in parts]), np.concatenate([part.continuous for part in parts])
    )


class Planner:
    """Local search over joint actions, evaluated by the team's reward over a few ticks of the twin.

    It begins with the best of the joint actions that some rules propose. A round tries many changes of one device each, in parallel as
    environments of the twin. Then it combines the best two, four, eight and so on of the changes that helped, and keeps the best
    combination on new futures. After the current tick a rule acts.

    It knows the state of the twin, including true SNRs and queues, but not the future: arrivals, fading, jitter, backoffs and frame
    errors are drawn again (``twin.futures``). A policy with local knowledge cannot be expected to reach it, but better plans exist:
    the search is local, has a short horizon and samples only some futures.

    Args:
        sim: The twin, at the boundary that is planned for.
        starts: Rules that propose the first joint actions.
        follow: The rule for the ticks after the current one; it must be deterministic and use only observations.
        options: Options of the search.
    """

    central_execution = True

    def __init__(
        self, sim: AiotMec, starts: Sequence[Policy], follow: Policy, options: PlannerOptions | None = None
    ) -> None:
        self.sim, self.starts, self.follow = sim, starts, follow
        self.options = options or PlannerOptions()
        self.names = Names(sim.model.spec)
        self.fix: Callable[[Joint, Bool], None] | None = (
            None  #: changes M joint actions that are tried, given the environment's masks [N,M], in place
        )

    def act(self, batch: Batch, rngs: Sequence[np.random.Generator]) -> list[Actions]:
        """See ``Policy.act``.

        Raises:
            OutOfStep: The twin does not stand at the batch's tick, or has another number of environments.
        """
        here = self.sim.state.tick
        if len(batch.tick) != self.sim.num_envs or (batch.tick != here).any():
            raise OutOfStep(
                f"Planner: the twin has {self.sim.num_envs} environments at tick {here}, the batch has the ticks {batch.tick.tolist()}; "
                "step both by the same joint actions"
            )
        proposals = [start.act(batch, rngs)[0] for start in self.starts]
        plans = [
            self._plan(
                b,
                Joint(
                    np.stack([joint.discrete[b] for joint in proposals]),
                    np.stack([joint.continuous[b] for joint in proposals]),
                ),
                batch.groups[0].masks[b],
                np.flatnonzero(batch.groups[0].active[b]),
                rng,
            )
            for b, rng in enumerate(rngs)
        ]
        joint = _joined(plans)
        return [Actions(joint.discrete, joint.continuous)]

    def returns(self, environment: int, joint: Joint, samples: int, seed: int) -> Float64:
        """Mean reward per tick of each joint action over the horizon, on the same S futures, [M].

        Args:
            environment: Number of the twin's environment.
            joint: M joint actions.
            samples: S.
            seed: Seed of the futures.
        """
        model, ticks, count = self.sim.model, self.options.horizon, len(joint.discrete)
        futures = Futures.draw(model, self.sim.state, environment, samples, ticks, seed)
        index = torch.arange(samples).repeat(count)
        state = rows(futures.present, index)
        discrete = torch.from_numpy(joint.discrete).long().repeat_interleave(samples, 0)
        continuous = torch.from_numpy(joint.continuous).repeat_interleave(samples, 0)
        total = torch.zeros(count * samples)
        for place, draws in enumerate(futures.draws):
            state, _, rewards = tick.step(model, state, discrete, continuous, rows(draws, index))
            total += rewards.mean(1)
            if place + 1 < ticks:
                discrete, continuous = self._following(tick.view(model, state, rewards))
        returns: Float64 = total.view(count, samples).mean(1).double().numpy() / ticks
        return returns

    def _following(self, view: tick.View) -> tuple[Tensor, Tensor]:
        """Actions of the rule that acts after the current tick."""
        count = len(view.active)
        numbers = np.zeros(count, np.int64)
        arrays = GroupArrays(
            view.observations.numpy(),
            view.rewards.numpy(),
            np.ones(view.active.shape, np.bool_),
            view.active.numpy(),
            view.masks.numpy(),
        )
        nothing = np.zeros((count, 0)), np.zeros(count, np.bool_), np.zeros(count, np.bool_)
        batch = Batch(numbers, numbers, numbers, numbers, numbers, (arrays,), (), *nothing, [None] * count)
        (joint,) = self.follow.act(batch, [])
        return torch.from_numpy(joint.discrete).long(), torch.from_numpy(joint.continuous)

    def _plan(
        self, b: int, starts: Joint, masks: Bool, active: NDArray[np.int64], rng: np.random.Generator
    ) -> Joint:
        """The joint action of one environment."""
        if len(active) == 0:
            return starts[[0]]
        options = self.options
        snr = self.sim.state.links.snr[b].numpy()
        best = starts[[int(self.returns(b, starts, 2 * options.futures, _seed(rng)).argmax())]]
        for _ in range(options.rounds):
            who = rng.permutation(np.resize(rng.permutation(active), options.changes))
            tried = _joined([best, best[np.zeros(len(who), np.int64)]])
            for place, device in enumerate(who.tolist()):
                self._change(tried, place + 1, device, snr[device], masks[device], rng)
            if self.fix is not None:
                self.fix(tried, masks)
            gains = self.returns(b, tried, options.futures, _seed(rng))
            joined = _merged(tried, who, gains[1:] - gains[0])
            best = joined[[int(self.returns(b, joined, 2 * options.futures, _seed(rng)).argmax())]]
        return best

    def _change(
        self,
        joint: Joint,
        m: int,
        device: int,
        snr_db: NDArray[np.float32],
        masks: Bool,
        rng: np.random.Generator,
    ) -> None:
        """Changes one device's action in joint action m: one or more of server, channel, power, mode and ratio."""
        chosen, real = joint.discrete[m, device], joint.continuous[m, device]
        offsets = self.names.spec.groups[0].mask_offsets
        changes = rng.random(5) < (0.4, 0.4, 0.5, 0.1, 0.2)
        changes[rng.integers(5)] = True
        was_local = chosen[0] == LOCAL
        heard = snr_db[chosen[1]] - 30 + real[0] if chosen[0] != LOCAL else rng.uniform(*_TARGETS_DB)
        if changes[0]:
            near = np.flatnonzero(
                masks[offsets[1] : offsets[1] + len(snr_db)] & (snr_db > snr_db.max() - _WITHIN_DB)
            )
            chosen[1] = rng.choice(near) if len(near) else chosen[1]
        if changes[1]:
            chosen[2] = rng.choice(np.flatnonzero(masks[offsets[2] : offsets[3]]))
        if changes[2]:
            heard = rng.uniform(*_TARGETS_DB)
        real[0] = estimates.power_dbm(np.float64(snr_db[chosen[1]]), heard)
        if changes[3]:
            chosen[0] = rng.choice([LOCAL, PARTIAL, FULL])
        elif was_local:  # nothing else counts for a local task
            chosen[0] = rng.choice([PARTIAL, FULL])
        if changes[4] or was_local:
            real[1] = rng.uniform(*_RATIOS)


class InStep:
    """Plans for other environments, such as ns-3's, in a twin with the same worlds that takes the same joint actions.

    The twin copies what devices know. Backoffs, frame errors and what the twin does not model differ, so its queues differ slightly from
    those of the environments. If the twin masks a choice, it takes the first allowed one.

    Args:
        planner: The planner of the twin.
        twin: A twin with the same number of environments, seed, runs and worlds (``twin.recorded``).
    """

    central_execution = True

    def __init__(self, planner: Planner, twin: FastPool) -> None:
        self.planner, self.twin = planner, twin
        self._batch: Batch | None = None

    def act(self, batch: Batch, rngs: Sequence[np.random.Generator]) -> list[Actions]:
        """See ``Policy.act``.

        Raises:
            OutOfStep: The batch does not follow upon the last one, or shows another world than the twin.
        """
        there = self.twin.reset() if self._batch is None else self._batch
        if (there.run != batch.run).any() or (there.tick != batch.tick).any():
            raise OutOfStep(
                f"InStep: the twin is at runs {there.run.tolist()}, ticks {there.tick.tolist()}, the batch at runs "
                f"{batch.run.tolist()}, ticks {batch.tick.tolist()}; play every tick from the first on, with the same runs"
            )
        if (there.groups[0].active != batch.groups[0].active).any():
            raise OutOfStep(
                f"InStep: other devices have a task in the twin than in the batch at tick {batch.tick[0]}; give the twin the worlds "
                "that the environments play"
            )
        self._learn(batch)
        (sent,) = self.planner.act(batch, rngs)
        (group,), (seen,) = self.twin.spec.groups, there.groups
        played = allowed_choices(group, sent.discrete, seen.masks, seen.active)
        self._batch = self.twin.step([Actions(played, sent.continuous)])
        return [sent]

    def _learn(self, batch: Batch) -> None:
        """Copies what the environments' devices know to the twin's; their MCS follows from the SNR that they expect."""
        state, seen = self.twin.sim.state, torch.from_numpy(batch.groups[0].observations)
        state.shown.observations.copy_(seen)
        if len(state.knowledge.slot_server) == 0:  # otherwise slots do not name servers
            state.knowledge.believed.copy_(seen[..., self.planner.names.snr])


def _merged(tried: Joint, who: NDArray[np.int64], gains: Float64) -> Joint:
    """The joint action before the changes, and those with the best one, two, four and so on of the changes that helped."""
    order = [int(place) for place in np.argsort(-gains, kind="stable") if gains[place] > 0]
    first: dict[int, int] = {}  # the best change of each device
    for place in order:
        first.setdefault(int(who[place]), place)
    ranked = list(first.items())
    found = [tried[[0]]]
    count = 1
    while ranked and count < 2 * len(ranked):
        joint = tried[[0]]
        for device, place in ranked[:count]:
            joint.discrete[0, device] = tried.discrete[place + 1, device]
            joint.continuous[0, device] = tried.continuous[place + 1, device]
        found.append(joint)
        count *= 2
    return _joined(found)


def _seed(rng: np.random.Generator) -> int:
    return int(rng.integers(2**62))
