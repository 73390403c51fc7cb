# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The learners by name. Each has a section of the configuration of the same name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ns3marl.algorithms.a3c import A3c
from ns3marl.algorithms.dqn import Dqn
from ns3marl.algorithms.imappo import Imappo
from ns3marl.algorithms.ippo import Ippo
from ns3marl.algorithms.iql import Iql
from ns3marl.algorithms.maddpg import Maddpg
from ns3marl.algorithms.ppo import Ppo
from ns3marl.config import (
    A3cOptions,
    Config,
    DqnOptions,
    ImappoOptions,
    IppoOptions,
    IqlOptions,
    MaddpgOptions,
    PpoOptions,
)
from ns3marl.errors import ConfigError
from ns3marl.rl.learner import Learner
from ns3marl.types import Spec

#: Name: how it is made (spec, options, seed), and its options.
LEARNERS: dict[str, tuple[Callable[[Spec, Any, int], Learner], type[Any]]] = {
    "imappo": (Imappo, ImappoOptions),
    "ppo": (Ppo, PpoOptions),
    "ippo": (Ippo, IppoOptions),
    "a3c": (A3c, A3cOptions),
    "dqn": (Dqn, DqnOptions),
    "iql": (Iql, IqlOptions),
    "maddpg": (Maddpg, MaddpgOptions),
}


def options_of(name: str, values: dict[str, Any]) -> Any:
    """The options of a learner from plain values.

    Raises:
        ConfigError: There is no such learner.
        TypeError: There are other options than these.
    """
    if name not in LEARNERS:
        raise ConfigError(f"no learner {name!r}; there are {', '.join(LEARNERS)}")
    return LEARNERS[name][1](**values)


def make(name: str, spec: Spec, options: Any, seed: int) -> Learner:
    """A learner.

    Args:
        name: Key of ``LEARNERS``.
        spec: The scenario's spec.
        options: Of this learner, see ``config``.
        seed: Of everything random in it.

    Raises:
        ConfigError: The spec does not suit the learner.
    """
    return LEARNERS[name][0](spec, options, seed)


def configured(config: Config, spec: Spec) -> Learner:
    """The learner that a configuration asks for."""
    name = config.training.algorithm
    return make(name, spec, getattr(config, name), config.training.seed)
