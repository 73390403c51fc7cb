# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Learners by name: bundled ones, ``module:Class``, or those of installed packages.

A package provides learners through entry points of the group ``ns3marl.learners``::

    [project.entry-points."ns3marl.learners"]
    my-learner = "my_package.my_learner:MyLearner"

``docs/algorithms/own.md`` shows how to write one.
"""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Callable
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import numpy as np

from ns3marl.errors import ConfigError
from ns3marl.options import near
from ns3marl.rl.learner import Learner
from ns3marl.rl.team import Team
from ns3marl.types import Spec

ENTRY_POINTS = "ns3marl.learners"

#: The learners of this package; a module is imported when its learner is asked for.
BUNDLED = {
    "imappo": "ns3marl.algorithms.imappo:Imappo",
    "ppo": "ns3marl.algorithms.ppo:Ppo",
    "ippo": "ns3marl.algorithms.ippo:Ippo",
    "a3c": "ns3marl.algorithms.a3c:A3c",
    "dqn": "ns3marl.algorithms.dqn:Dqn",
    "iql": "ns3marl.algorithms.iql:Iql",
    "maddpg": "ns3marl.algorithms.maddpg:Maddpg",
}


def names() -> tuple[str, ...]:
    """Short names of all learners, the bundled ones first."""
    return tuple(dict.fromkeys([*BUNDLED, *_offered()]))


def _offered() -> dict[str, EntryPoint]:
    """Entry points of installed packages by name."""
    return {point.name: point for point in entry_points(group=ENTRY_POINTS)}


def find(name: str) -> type[Learner]:
    """The class of a learner.

    Args:
        name: Of ``names()``, or ``module:Class``.

    Raises:
        ConfigError: No learner has this name, its module cannot be imported, or the class has no ``Options``.
    """
    place = BUNDLED.get(name) or (_offered()[name].value if name in _offered() else name)
    module, colon, attribute = place.partition(":")
    if not colon:
        raise ConfigError(
            f"no learner {name!r}{near(name, names())}; there are {', '.join(names())}, and any class as module:Class"
        )
    try:
        kind: Any = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise ConfigError(
            f"learner {name!r} cannot be imported: {error}; expected module:Class, with the module on the Python path"
        ) from error
    if not dataclasses.is_dataclass(getattr(kind, "Options", None)):
        raise ConfigError(
            f"{name!r} is no learner: expected a class with a dataclass of options as its attribute Options"
        )
    learner: type[Learner] = kind
    return learner


def name_of(kind: type[Any]) -> str:
    """Name of a learner class in a configuration."""
    place = f"{kind.__module__}:{kind.__qualname__}"
    return next((name for name, own in BUNDLED.items() if own == place), place)


def is_asynchronous(name: str) -> bool:
    """Whether a learner uses asynchronous workers, see ``ns3marl.rl.learner.AsynchronousLearner``."""
    return getattr(find(name), "asynchronous", False)


def team(spec: Spec, choose: Callable[[str], tuple[str, Any]], seed: int) -> Team:
    """Creates one learner for every group of agents that can act.

    Args:
        spec: The scenario's spec.
        choose: Returns the algorithm and the options of a group, given its name.
        seed: Seed of all random numbers of the first learner; the seeds of the other groups derive from it.

    Raises:
        ConfigError: No group has action heads, or a learner refuses the spec or its options.
    """
    learners: dict[int, Learner] = {}
    for number, group in enumerate(spec.groups):
        if group.discrete_heads or group.continuous_heads:
            algorithm, options = choose(group.name)
            own = int(np.random.SeedSequence((seed, number)).generate_state(1)[0]) if learners else seed
            learners[number] = find(algorithm)(spec, number, options, own)
    return Team(spec, learners)


def make(name: str, spec: Spec, options: Any, seed: int) -> Team:
    """Creates a team with the same algorithm for all groups; arguments and errors as for ``team``."""
    return team(spec, lambda _: (name, options), seed)
