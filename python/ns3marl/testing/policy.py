# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""What every policy keeps to, see ``ns3marl.rl.policy.Policy``."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import ClassVar

import numpy as np

from ns3marl.games.team import TeamPool
from ns3marl.launch.environments import Environments
from ns3marl.rl.policy import Policy, action_generators
from ns3marl.testing import games
from ns3marl.testing.batches import (
    action_difference,
    action_problems,
    arrays,
    difference,
    random_actions,
    rows,
    shuffled,
)
from ns3marl.testing.rules import no_error, require, require_none
from ns3marl.types import Actions, Batch, Spec


class PolicyCompliance(ABC):
    """Tests of a policy; see ``ns3marl.testing``. The class attributes may be overridden."""

    ticks: ClassVar[int] = 6
    """Ticks of the environments that it plays."""
    any_mask: ClassVar[bool] = True
    """Whether it also keeps to masks that its environments would not show. False for a policy of one scenario that knows what is always
    allowed there, and for one that passes on what the environment chose."""
    tolerance: ClassVar[float] = 1e-5
    """How far real-valued actions may depend on what else is in the batch, as a share of the head's range: networks round."""

    @abstractmethod
    def make(self, spec: Spec) -> Policy:
        """A new policy for environments of that spec."""

    def environments(self) -> Iterator[Environments]:
        """Two or more environments that it fits, once or several times; by default the games of ``ns3marl.testing.games``."""
        for game in (games.one_kind(), games.two_kinds()):
            yield TeamPool(game, num_envs=2)

    def test_actions_have_the_declared_form_and_keep_to_the_masks(self) -> None:
        """Shapes, types, ranges, masks, and the defaults of inactive agents, on what its environments show and on changes of it."""
        for spec, batch in self._batches():
            policy = self.make(spec)
            for number in range(4):
                rng = np.random.default_rng(number)
                seen = shuffled(spec, batch, rng, masks=self.any_mask) if number else batch
                require_none(
                    action_problems(spec, seen, policy.act(seen, action_generators(seen))),
                    "actions have the spec's shapes and types; active agents choose what masks and ranges allow, the others give the "
                    "spec's defaults",
                    "choose among Batch.groups[g].masks and end with ns3marl.rl.policy.fill_inactive",
                )

    def test_it_plays_whole_episodes(self) -> None:
        """Environments refuse what breaks the spec."""
        for pool in self.environments():
            with pool, no_error("its environments take every action", "mend what the message names"):
                policy, batch, ended = self.make(pool.spec), pool.reset(), False
                for _ in range(1000):
                    ended = ended or any(final is not None for final in batch.final)
                    if ended:
                        break
                    batch = pool.step(policy.act(batch, action_generators(batch)))
                assert ended, "no episode ends within 1000 ticks: give environments of shorter ones"

    def test_the_generators_are_its_only_chance(self) -> None:
        """The same batch and generators give the same actions, from the same policy and from a new one."""
        for spec, batch in self._batches():
            policy = self.make(spec)
            first = policy.act(batch, action_generators(batch))
            np.random.seed(0)  # noqa: NPY002 - it must not be used
            for who, other in (("the same policy", policy), ("a new one", self.make(spec))):
                self._require_equal(
                    spec,
                    first,
                    other.act(batch, action_generators(batch)),
                    0.0,
                    "the same batch and generators give the same actions",
                    f"asked again, {who}:",
                    "draw from `rngs` alone, and keep nothing from one call to the next",
                )

    def test_rows_do_not_depend_on_each_other(self) -> None:
        """A batch of two equals two batches of one."""
        for spec, batch in self._batches():
            policy = self.make(spec)
            together = policy.act(batch, action_generators(batch))
            for row in range(len(batch.env_id)):
                alone = rows(batch, [row])
                self._require_equal(
                    spec,
                    [Actions(g.discrete[[row]], g.continuous[[row]]) for g in together],
                    policy.act(alone, action_generators(alone)),
                    self.tolerance,
                    "the actions of a row follow from that row and its generator alone",
                    f"row {row} among {len(batch.env_id)} and alone:",
                    "use generator b for row b, draw the same numbers whatever other rows show, and mix no rows",
                )

    def test_it_changes_nothing_in_what_it_is_given(self) -> None:
        """The batch is others' too."""
        for spec, batch in self._batches():
            kept = copy.deepcopy(arrays(spec, batch))
            self.make(spec).act(batch, action_generators(batch))
            found = difference(kept, arrays(spec, batch))
            require(
                found is None, "a policy does not write into the batch", str(found), "copy before you write"
            )

    def _batches(self) -> Iterator[tuple[Spec, Batch]]:
        """What its environments show under random actions."""
        for pool in self.environments():
            with pool:
                batch = pool.reset()
                yield pool.spec, batch
                for _ in range(self.ticks):
                    batch = pool.step(random_actions(pool.spec, batch))
                    yield pool.spec, batch

    @staticmethod
    def _require_equal(
        spec: Spec,
        one: list[Actions],
        other: list[Actions],
        tolerance: float,
        rule: str,
        where: str,
        remedy: str,
    ) -> None:
        found = action_difference(one, other, spec.groups, tolerance)
        require(found is None, rule, f"{where} {found}", remedy)
