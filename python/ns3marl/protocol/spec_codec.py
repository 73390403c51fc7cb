# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The spec between its message and its types. ``codec`` is the way in."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Literal

from ns3marl.errors import SpecViolation
from ns3marl.protocol import lockstep_pb2 as pb
from ns3marl.types import (
    Column,
    Condition,
    ContinuousHead,
    DiscreteHead,
    Feature,
    Group,
    Metric,
    Spec,
    StateBlock,
    Table,
)


def from_message(message: pb.Spec) -> Spec:
    """Reads a spec.

    Raises:
        SpecViolation: it breaks a rule that arrays and spaces depend on.
    """
    spec = Spec(
        message.scenario,
        message.tick_ns,
        message.ticks,
        tuple(_group(group) for group in message.groups),
        tuple(StateBlock(b.name, tuple(b.rows), _features(b.features)) for b in message.state),
        tuple(Metric(m.name, m.unit, m.description, m.higher_is_better) for m in message.metrics),
        tuple(
            Table(
                t.name,
                tuple(
                    Column(
                        c.name,
                        c.unit,
                        _column_type(t.name, c),
                        tuple(c.categories),
                    )
                    for c in t.columns
                ),
            )
            for t in message.tables
        ),
        hash=message.hash,
    )
    _check(spec)
    return spec


def to_message(spec: Spec) -> pb.Spec:
    """Writes a spec."""
    message = pb.Spec(scenario=spec.scenario, tick_ns=spec.tick_ns, ticks=spec.ticks, hash=spec.hash)
    for group in spec.groups:
        message.groups.add(
            name=group.name,
            agents=group.agents,
            features=[_feature_message(f) for f in group.features],
            discrete_heads=[
                pb.DiscreteHead(
                    name=h.name,
                    choices=h.choices,
                    default_choice=h.default_choice,
                    counts_when=_condition_message(h.active_if),
                    description=h.description,
                )
                for h in group.discrete_heads
            ],
            continuous_heads=[
                pb.ContinuousHead(
                    name=h.name,
                    unit=h.unit,
                    low=h.low,
                    high=h.high,
                    default_value=h.default_value,
                    counts_when=_condition_message(h.active_if),
                    description=h.description,
                )
                for h in group.continuous_heads
            ],
        )
    for block in spec.state:
        message.state.add(
            name=block.name, rows=block.rows, features=[_feature_message(f) for f in block.features]
        )
    for metric in spec.metrics:
        message.metrics.add(
            name=metric.name,
            unit=metric.unit,
            description=metric.description,
            higher_is_better=metric.higher_is_better,
        )
    for table in spec.tables:
        message.tables.add(
            name=table.name,
            columns=[
                pb.Column(name=c.name, unit=c.unit, type=f"TYPE_{c.type.upper()}", categories=c.categories)
                for c in table.columns
            ],
        )
    return message


def _features(messages: Iterable[pb.Feature]) -> tuple[Feature, ...]:
    return tuple(Feature(f.name, f.unit, f.low, f.high, f.saturating, f.description) for f in messages)


def _condition(head: pb.DiscreteHead | pb.ContinuousHead) -> Condition | None:
    if not head.HasField("counts_when"):
        return None
    return Condition(head.counts_when.head, tuple(head.counts_when.choices))


def _group(message: pb.Group) -> Group:
    return Group(
        message.name,
        tuple(message.agents),
        _features(message.features),
        tuple(
            DiscreteHead(h.name, tuple(h.choices), h.default_choice, _condition(h), h.description)
            for h in message.discrete_heads
        ),
        tuple(
            ContinuousHead(h.name, h.unit, h.low, h.high, h.default_value, _condition(h), h.description)
            for h in message.continuous_heads
        ),
    )


def _feature_message(feature: Feature) -> pb.Feature:
    return pb.Feature(
        name=feature.name,
        unit=feature.unit,
        low=feature.low,
        high=feature.high,
        saturating=feature.saturating,
        description=feature.description,
    )


def _column_type(table: str, column: pb.Column) -> Literal["float64", "int64"]:
    if column.type == pb.Column.TYPE_FLOAT64:
        return "float64"
    if column.type == pb.Column.TYPE_INT64:
        return "int64"
    raise SpecViolation(
        f"table {table!r}, column {column.name!r}: type {column.type} is neither float64 nor int64"
    )


def _condition_message(condition: Condition | None) -> pb.Condition | None:
    return None if condition is None else pb.Condition(head=condition.head, choices=condition.choices)


def _check(spec: Spec) -> None:
    """The rules that a learner depends on; the scenario's own side checks them all."""
    if spec.tick_ns <= 0 or spec.ticks <= 0:
        raise SpecViolation(
            f"spec of {spec.scenario!r}: tick_ns {spec.tick_ns} and ticks {spec.ticks} must be above 0"
        )
    if not spec.groups:
        raise SpecViolation(f"spec of {spec.scenario!r}: it has no group of agents")
    if len(set(spec.agents)) != len(spec.agents):
        raise SpecViolation(f"spec of {spec.scenario!r}: agents' names must be unique")
    for group in spec.groups:
        if not group.agents or not group.features:
            raise SpecViolation(
                f"spec of {spec.scenario!r}: group {group.name!r} has no agents or no features"
            )
        items: list[Feature | ContinuousHead] = [*group.features, *group.continuous_heads]
        for item in items:
            _check_bounds(item, f"group {group.name!r}")
        for index, head in enumerate(group.discrete_heads):
            if not 0 <= head.default_choice < len(head.choices):
                raise SpecViolation(
                    f"group {group.name!r}, head {head.name!r}: the default is not one of its choices"
                )
            _check_condition(group, head, index)
        for continuous in group.continuous_heads:
            _check_condition(group, continuous, len(group.discrete_heads))
    for block in spec.state:
        for feature in block.features:
            _check_bounds(feature, f"state {block.name!r}")


def _check_bounds(item: Feature | ContinuousHead, where: str) -> None:
    if not (math.isfinite(item.low) and math.isfinite(item.high) and item.low < item.high):
        raise SpecViolation(
            f"{where}, {item.name!r}: bounds [{item.low}, {item.high}] must be finite with low < high"
        )


def _check_condition(group: Group, head: DiscreteHead | ContinuousHead, before: int) -> None:
    condition = head.active_if
    if condition is None:
        return
    if condition.head >= before or any(c >= group.choice_counts[condition.head] for c in condition.choices):
        raise SpecViolation(
            f"group {group.name!r}, head {head.name!r}: its condition names no earlier head or choice"
        )
