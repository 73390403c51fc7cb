# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The bundled learners keep the rules that all learners keep."""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar

from ns3marl.algorithms import registry
from ns3marl.rl.learner import Learner
from ns3marl.testing import LearnerCompliance
from ns3marl.types import Spec

SOON: dict[str, Any] = {
    "rollout_ticks": 8,
    "epochs": 2,
    "minibatches": 2,
    "warmup_ticks": 16,
    "report_ticks": 8,
    "log_ticks": 16,
    "batch_size": 8,
    "actor_width": 16,
    "critic_width": 16,
    "width": 16,
}
"""Options under which every learner updates within a few ticks."""


class _Bundled(LearnerCompliance):
    algorithm: ClassVar[str]
    options: ClassVar[dict[str, Any]] = {}

    def make(self, spec: Spec, group: int, seed: int) -> Learner:
        kind = registry.find(self.algorithm)
        known = {field.name for field in dataclasses.fields(kind.Options)}
        wanted = {name: value for name, value in (SOON | self.options).items() if name in known}
        return kind(spec, group, kind.Options(**wanted), seed)


class TestImappo(_Bundled):
    algorithm = "imappo"


class TestPpo(_Bundled):
    algorithm = "ppo"


class TestIppo(_Bundled):
    algorithm = "ippo"


class TestA3c(_Bundled):
    algorithm = "a3c"


class TestDqn(_Bundled):
    algorithm = "dqn"
    has_policy_loss = False


class TestIql(_Bundled):
    algorithm = "iql"
    has_policy_loss = False


class TestMaddpg(_Bundled):
    algorithm = "maddpg"


def test_every_bundled_learner_is_tested() -> None:
    assert {kind.algorithm for kind in _Bundled.__subclasses__()} == set(registry.BUNDLED)
