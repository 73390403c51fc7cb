# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Relations and lengths of specs are checked as they come."""

from __future__ import annotations

from dataclasses import replace

import pytest
from conformance import golden

from ns3marl.errors import SpecViolation
from ns3marl.protocol import spec_codec
from ns3marl.types import ChoiceRows, Describes, Feature, Spec

SPEC = golden.SPEC


def taken(spec: Spec) -> Spec:
    """The spec as the other side reads it."""
    return spec_codec.from_message(spec_codec.to_message(spec))


def with_features(*features: Feature) -> Spec:
    """The golden spec with these features of its first group."""
    return replace(SPEC, groups=(replace(SPEC.groups[0], features=features), SPEC.groups[1]))


def feature(name: str, head: int, choice: int, quantity: str) -> Feature:
    return Feature(name, "1", 0.0, 1.0, describes=Describes(head, choice, quantity))


def test_every_field_survives() -> None:
    assert taken(SPEC) == SPEC
    irregular = replace(SPEC, tick_ns=0, ticks=0, duration_ns=5_000_000)
    assert taken(irregular) == irregular
    assert (SPEC.episode_ns, irregular.episode_ns) == (100_000_000_000, 5_000_000)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (replace(SPEC, ticks=0), r"must be above 0, or both 0"),
        (replace(SPEC, tick_ns=0, ticks=0), r"must be above 0, or both 0"),
        (replace(SPEC, duration_ns=7), r"duration_ns 7 came, expected tick_ns \* ticks = 100000000000"),
        (with_features(feature("f", 2, 0, "a")), r"'f': it describes a choice that does not exist"),
        (with_features(feature("f", 1, 2, "a")), r"'f': it describes a choice that does not exist"),
        (
            with_features(feature("f", 1, 0, "a"), feature("g", 1, 0, "a")),
            r"'g': another feature gives 'a' of the same choice",
        ),
        (with_features(feature("f", 1, 0, "a")), r"head 'server': its choices are not all described"),
        (
            with_features(feature("f", 1, 0, "a"), feature("g", 1, 1, "b")),
            r"head 'server': its choices are not all described",
        ),
        (
            replace(SPEC, state=(replace(SPEC.state[0], features=(feature("f", 0, 0, "a"),)),)),
            r"state 'channels': features of a state block describe no choice",
        ),
        (
            replace(SPEC, state=(replace(SPEC.state[0], agents_of=1),)),
            r"state 'channels': its rows are not the agents of group number 1",
        ),
        (
            replace(SPEC, state=(replace(SPEC.state[0], agents_of=2),)),
            r"state 'channels': its rows are not the agents of group number 2",
        ),
        *(
            (
                replace(SPEC, state=(replace(SPEC.state[0], choices_of=(relation,)),)),
                rf"its rows are not choices of head number {relation.head} of group number {relation.group}",
            )
            for relation in (
                ChoiceRows(2, 0, (0, 1)),
                ChoiceRows(0, 2, (0, 1)),
                ChoiceRows(0, 1, (0,)),
                ChoiceRows(0, 1, (0, 0)),
                ChoiceRows(0, 1, (0, 2)),
            )
        ),
    ],
)
def test_what_does_not_hold_is_named(spec: Spec, message: str) -> None:
    with pytest.raises(SpecViolation, match=message):
        taken(spec)
