# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Policies that do not learn: the three that fit every scenario, and those that a scenario's home brings.

``random``    uniform over what the masks allow
``default``   the spec's default actions
``builtin``   what the scenario's own policy chooses (C++ ``Decide``); in ns-3 only

A policy may have options, which stand after its name: ``snr-target:target_db=21``, several with commas between.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

import numpy as np

from ns3marl import home as homes
from ns3marl.errors import ConfigError, OutOfStep
from ns3marl.home import ScenarioHome, SimplePolicy
from ns3marl.options import build, near, plain
from ns3marl.rl.policy import Policy, fill_inactive
from ns3marl.types import Actions, Batch, Bool, Float32, Group, Int32, Int64, Spec

DEFAULT, RANDOM, BUILTIN = "default", "random", "builtin"


class Random:
    """Uniform over what the masks allow, and over the range of real-valued heads. Fits every spec."""

    def __init__(self, spec: Spec) -> None:
        self.spec = spec

    def act(self, batch: Batch, rngs: Sequence[np.random.Generator]) -> list[Actions]:
        """See ``Policy.act``."""
        joint: list[Actions] = []
        for group, seen in zip(self.spec.groups, batch.groups, strict=True):
            discrete, continuous = default_actions(group, len(batch.env_id))
            low = np.array([head.low for head in group.continuous_heads])
            high = np.array([head.high for head in group.continuous_heads])
            for b, rng in enumerate(rngs):
                active = seen.active[b]
                for d in range(len(group.discrete_heads)):
                    mask = seen.masks[b][:, group.mask_offsets[d] : group.mask_offsets[d + 1]]
                    choice = uniform_choice(rng, mask)
                    discrete[b, active, d] = choice[active]
                values = rng.uniform(low, high, size=(len(group.agents), len(low)))
                continuous[b, active] = values[active]
            joint.append(Actions(discrete, continuous))
        return joint


class Default:
    """The spec's default action at every tick, whatever is observed. Fits every spec.

    Where the mask of an active agent forbids a head's default choice, the first choice that is allowed stands for it.
    """

    def __init__(self, spec: Spec) -> None:
        self.spec = spec

    def act(self, batch: Batch, rngs: Sequence[np.random.Generator]) -> list[Actions]:
        """See ``Policy.act``."""
        del rngs
        joint: list[Actions] = []
        for group, seen in zip(self.spec.groups, batch.groups, strict=True):
            discrete, continuous = default_actions(group, len(batch.env_id))
            joint.append(Actions(allowed_choices(group, discrete, seen.masks, seen.active), continuous))
        return joint


class Builtin:
    """The scenario's own policy, C++ ``Decide``: every observation carries what it chooses (``Batch.builtin``).

    Raises:
        ConfigError: The scenario has no policy of its own.
    """

    needs_builtin = True
    """The environments have to be opened with ``pool.builtin = true``."""

    def __init__(self, spec: Spec) -> None:
        if not spec.has_builtin:
            raise ConfigError(
                f"scenario {spec.scenario!r} has no policy of its own: its C++ does not implement Decide; "
                f"the policies {RANDOM!r} and {DEFAULT!r} fit every scenario"
            )
        self.spec = spec

    def act(self, batch: Batch, rngs: Sequence[np.random.Generator]) -> list[Actions]:
        """See ``Policy.act``.

        Raises:
            OutOfStep: The batch does not carry the policy's choices.
        """
        del rngs
        if batch.builtin is None:
            raise OutOfStep(
                f"policy {BUILTIN!r} on {self.spec.scenario!r}: the observations do not carry the choices of the scenario's own "
                "policy; open the environments with Pool(..., builtin=True)"
            )
        return [
            fill_inactive(group, seen.active, chosen.discrete, chosen.continuous)
            for group, seen, chosen in zip(self.spec.groups, batch.groups, batch.builtin, strict=True)
        ]


_GENERIC: Mapping[str, SimplePolicy] = {
    DEFAULT: SimplePolicy(make=Default),
    RANDOM: SimplePolicy(make=Random),
    BUILTIN: SimplePolicy(make=Builtin),
}


def known(home: ScenarioHome) -> dict[str, SimplePolicy]:
    """Simple policies by name: those that fit every scenario, and the scenario's own.

    Raises:
        ConfigError: A policy of the scenario has the name of a generic one.
    """
    taken = sorted(_GENERIC.keys() & home.policies.keys())
    if taken:
        raise ConfigError(
            f"scenario {home.name!r} has a policy called {taken[0]!r}, which stands for every scenario's; rename it in its descriptor"
        )
    own = replace(_GENERIC[BUILTIN], central=home.builtin_is_central)
    return {**_GENERIC, BUILTIN: own, **home.policies}


def is_known(source: str, home: ScenarioHome) -> bool:
    """Whether ``source``, a name with or without options, asks for a simple policy."""
    return source.partition(":")[0] in known(home)


def parse(source: str, home: ScenarioHome) -> tuple[SimplePolicy, Any]:
    """The simple policy that ``NAME`` or ``NAME:OPTION=VALUE,OPTION=VALUE`` asks for, and its options; None if it has none.

    Values are written as in TOML; what is no value of TOML is a string.

    Raises:
        ConfigError: There is no such policy or option, or a value has another type or is out of range.
    """
    name, colon, settings = source.partition(":")
    policies = known(home)
    if name not in policies:
        raise ConfigError(
            f"no policy {name!r}{near(name, policies)}; simple policies of {home.name!r} are {', '.join(policies)}"
        )
    policy = policies[name]
    if policy.options is None:
        if colon:
            raise ConfigError(f"policy {source!r}: {name!r} has no options; write {name!r} alone")
        return policy, None
    kind = home.load(policy.options)
    values: dict[str, Any] = {}
    for setting in settings.split(",") if colon else ():
        option, equals, text = setting.partition("=")
        if not option.strip() or not equals:
            names = ", ".join(field.name for field in fields(kind))
            raise ConfigError(
                f"policy {source!r}: expected {name}:OPTION=VALUE,OPTION=VALUE, got {setting!r}; options of {name!r}: {names}"
            )
        if option.strip() in values:
            raise ConfigError(f"policy {source!r}: option {option.strip()!r} stands there twice; keep one")
        values[option.strip()] = plain(text)
    return policy, build(kind, values, name, f"policy {source!r}")


def make(source: str, spec: Spec, home: ScenarioHome | None = None) -> Policy:
    """The simple policy of that name, with its options.

    Args:
        source: See ``parse``.
        spec: Of the environments.
        home: Of the scenario; by default that of the spec's scenario.

    Raises:
        ConfigError: There is none, an option is wrong, or it does not fit the spec.
    """
    home = homes.find(spec.scenario) if home is None else home
    policy, options = parse(source, home)
    made: Policy = home.load(policy.make)(spec, *([] if options is None else [options]))
    return made


def needs_builtin(source: str, home: ScenarioHome) -> bool:
    """Whether a policy needs observations that carry the choices of the scenario's own policy; see ``Builtin``."""
    policy = known(home).get(source.partition(":")[0])
    return policy is not None and bool(getattr(home.load(policy.make), "needs_builtin", False))


def fitting(spec: Spec, home: ScenarioHome | None = None) -> tuple[str, ...]:
    """Names of the simple policies to compare with on a spec.

    ``builtin`` where the scenario has a policy of its own, ``random``, and the scenario's simple policies that fit. ``default`` only
    where the scenario brings none, since it is often one of them.

    Args:
        spec: Of the environments.
        home: Of the scenario; by default that of the spec's scenario.
    """
    home = homes.find(spec.scenario) if home is None else home
    own = [name for name, policy in home.policies.items() if policy.compared and _fits(name, spec, home)]
    generic = [BUILTIN] if spec.has_builtin else []
    return (*generic, *([] if own else [DEFAULT]), RANDOM, *own)


def _fits(name: str, spec: Spec, home: ScenarioHome) -> bool:
    try:
        make(name, spec, home)
    except ConfigError:
        return False
    return True


def default_actions(group: Group, rows: int) -> tuple[Int32, Float32]:
    """A group's default actions for every row of a batch: [B,A,D] and [B,A,R]."""
    lead = (rows, len(group.agents), 1)
    return np.tile(group.default_discrete, lead), np.tile(group.default_continuous, lead)


def allowed_choices(group: Group, discrete: Int32, masks: Bool, active: Bool) -> Int32:
    """Choices with masked ones of active agents replaced by the first allowed choice of their head.

    Args:
        group: The agents.
        discrete: [B,A,D].
        masks: [B,A,sum n].
        active: [B,A].
    """
    allowed: Int32 = discrete.copy()
    for d in range(len(group.discrete_heads)):
        mask = masks[..., group.mask_offsets[d] : group.mask_offsets[d + 1]]
        wanted = np.take_along_axis(mask, discrete[..., d, None], -1)[..., 0]
        allowed[..., d] = np.where(wanted | ~active, discrete[..., d], mask.argmax(-1))
    return allowed


def uniform_choice(rng: np.random.Generator, mask: Bool) -> Int64:
    """One allowed index per row of [A,n], 0 where nothing is allowed; draws A numbers whatever the mask."""
    place = np.floor(rng.random(len(mask)) * mask.sum(-1)).astype(np.int64)
    choice: Int64 = (mask.cumsum(-1) > place[:, None]).argmax(-1)
    return choice
