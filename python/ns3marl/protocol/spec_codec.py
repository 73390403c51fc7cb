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
    ChoiceRows,
    Column,
    Condition,
    ContinuousHead,
    Describes,
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
        tuple(_state_block(block) for block in message.state),
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
        message.idle_ticks,
        message.has_builtin,
        None if message.tick_ns or message.ticks else message.duration_ns,
        hash=message.hash,
    )
    if message.duration_ns != spec.episode_ns:
        raise SpecViolation(
            f"spec of {spec.scenario!r}: duration_ns {message.duration_ns} came, expected tick_ns * ticks = {spec.episode_ns}"
        )
    _check(spec)
    return spec


def to_message(spec: Spec) -> pb.Spec:
    """Writes a spec."""
    message = pb.Spec(
        scenario=spec.scenario,
        tick_ns=spec.tick_ns,
        ticks=spec.ticks,
        duration_ns=spec.episode_ns,
        idle_ticks=spec.idle_ticks,
        has_builtin=spec.has_builtin,
        hash=spec.hash,
    )
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
                    active_if=_condition_message(h.active_if),
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
                    active_if=_condition_message(h.active_if),
                    description=h.description,
                )
                for h in group.continuous_heads
            ],
        )
    for block in spec.state:
        message.state.add(
            name=block.name,
            rows=block.rows,
            features=[_feature_message(f) for f in block.features],
            agents_of=block.agents_of,
            choices_of=[
                pb.ChoicesOf(group=relation.group, head=relation.head, choices=relation.choices)
                for relation in block.choices_of
            ],
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
    return tuple(
        Feature(f.name, f.unit, f.low, f.high, f.saturating, f.description, _describes(f)) for f in messages
    )


def _describes(feature: pb.Feature) -> Describes | None:
    if not feature.HasField("describes"):
        return None
    relation = feature.describes
    return Describes(relation.head, relation.choice, relation.quantity)


def _state_block(message: pb.StateBlock) -> StateBlock:
    return StateBlock(
        message.name,
        tuple(message.rows),
        _features(message.features),
        message.agents_of if message.HasField("agents_of") else None,
        tuple(ChoiceRows(c.group, c.head, tuple(c.choices)) for c in message.choices_of),
    )


def _condition(head: pb.DiscreteHead | pb.ContinuousHead) -> Condition | None:
    if not head.HasField("active_if"):
        return None
    return Condition(head.active_if.head, tuple(head.active_if.choices))


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
        describes=None
        if feature.describes is None
        else pb.Describes(
            head=feature.describes.head,
            choice=feature.describes.choice,
            quantity=feature.describes.quantity,
        ),
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
    if spec.episode_ns <= 0 or (spec.tick_ns > 0) != (spec.ticks > 0):
        raise SpecViolation(
            f"spec of {spec.scenario!r}: tick_ns {spec.tick_ns} and ticks {spec.ticks} must be above 0, or both 0 with "
            "duration_ns above 0"
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
        _check_descriptions(group)
    for block in spec.state:
        _check_relations(spec, block)
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


def _check_descriptions(group: Group) -> None:
    """Every choice of a described head has the same quantities, each once."""
    quantities: dict[int, dict[int, set[str]]] = {}
    for feature in group.features:
        if (relation := feature.describes) is None:
            continue
        where = f"group {group.name!r}, feature {feature.name!r}"
        if (
            relation.head >= len(group.discrete_heads)
            or relation.choice >= group.choice_counts[relation.head]
        ):
            raise SpecViolation(f"{where}: it describes a choice that does not exist")
        found = quantities.setdefault(relation.head, {}).setdefault(relation.choice, set())
        if relation.quantity in found:
            raise SpecViolation(
                f"{where}: another feature gives {relation.quantity!r} of the same choice already"
            )
        found.add(relation.quantity)
    for head, choices in quantities.items():
        if len(choices) != group.choice_counts[head] or len({frozenset(c) for c in choices.values()}) > 1:
            raise SpecViolation(
                f"group {group.name!r}, head {group.discrete_heads[head].name!r}: its choices are not all described by the "
                "same quantities"
            )


def _check_relations(spec: Spec, block: StateBlock) -> None:
    where = f"state {block.name!r}"
    if any(feature.describes is not None for feature in block.features):
        raise SpecViolation(f"{where}: features of a state block describe no choice")
    if block.agents_of is not None and (
        block.agents_of >= len(spec.groups) or len(block.rows) != len(spec.groups[block.agents_of].agents)
    ):
        raise SpecViolation(f"{where}: its rows are not the agents of group number {block.agents_of}")
    for relation in block.choices_of:
        if (
            relation.group >= len(spec.groups)
            or relation.head >= len(spec.groups[relation.group].discrete_heads)
            or len(relation.choices) != len(block.rows)
            or len(set(relation.choices)) != len(relation.choices)
            or any(c >= spec.groups[relation.group].choice_counts[relation.head] for c in relation.choices)
        ):
            raise SpecViolation(
                f"{where}: its rows are not choices of head number {relation.head} of group number {relation.group}"
            )
