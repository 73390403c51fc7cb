# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Batches taken apart, changed and compared. Axes as in ``ns3marl.types``."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ns3marl.policies import Random
from ns3marl.rl.policy import action_generators
from ns3marl.types import Actions, Batch, Final, Group, GroupArrays, Spec

Arrays = dict[str, NDArray[Any]]
"""Arrays by what they hold."""


def arrays(spec: Spec, batch: Batch) -> Arrays:
    """Everything in a batch that describes where its environments stand: identity, observations, state, rewards, metrics, ends."""
    named: Arrays = {
        name: getattr(batch, name)
        for name in ("seed", "run", "tick", "sim_time_ns", "metrics", "terminated", "truncated")
    }
    named.update(_of_groups(spec, batch.groups))
    for block, rows in zip(spec.state, batch.state, strict=True):
        named[f"state {block.name!r}"] = rows
    return named


def final_arrays(spec: Spec, final: Final) -> Arrays:
    """The last observation of an episode, in arrays without axis B."""
    named: Arrays = {
        name: np.asarray(getattr(final, name))
        for name in ("tick", "sim_time_ns", "terminated", "truncated", "metrics", "seed", "run")
    }
    named.update(_of_groups(spec, final.groups))
    for block, rows in zip(spec.state, final.state, strict=True):
        named[f"state {block.name!r}"] = rows
    return {f"final {name}": array for name, array in named.items()}


def _of_groups(spec: Spec, groups: Sequence[GroupArrays]) -> Arrays:
    return {
        f"{field.name} of group {group.name!r}": getattr(seen, field.name)
        for group, seen in zip(spec.groups, groups, strict=True)
        for field in dataclasses.fields(GroupArrays)
    }


def difference(one: Mapping[str, NDArray[Any]], other: Mapping[str, NDArray[Any]]) -> str | None:
    """What tells two sets of arrays apart, in words; None where they are equal bit for bit (NaN equals NaN)."""
    for name, array in one.items():
        if name not in other:
            return f"{name}: only one of them has it"
        if array.shape != other[name].shape:
            return f"{name}: the shapes {list(array.shape)} and {list(other[name].shape)}"
        if not _equal(array, other[name]):
            return f"{name}: {_first_apart(array, other[name])}"
    return None


def _equal(one: NDArray[Any], other: NDArray[Any]) -> bool:
    return np.array_equal(one, other, equal_nan=one.dtype.kind == "f")


def _first_apart(one: NDArray[Any], other: NDArray[Any]) -> str:
    apart = (one != other) & ~((one != one) & (other != other))  # noqa: PLR0124 - NaN alone differs from itself
    place = tuple(np.argwhere(apart)[0].tolist()) if one.ndim else ()
    return f"{one[place]!s} and {other[place]!s} at {list(place)}" if place else f"{one!s} and {other!s}"


def rows(batch: Batch, chosen: Sequence[int]) -> Batch:
    """Some rows of a batch as a batch; their memory is shared."""
    picked = list(chosen)
    changes: dict[str, Any] = {
        name: getattr(batch, name)[picked]
        for name in (
            "env_id",
            "seed",
            "run",
            "tick",
            "sim_time_ns",
            "metrics",
            "terminated",
            "truncated",
        )
    }
    changes["groups"] = tuple(seen[picked] for seen in batch.groups)
    changes["state"] = tuple(block[picked] for block in batch.state)
    changes["final"] = [batch.final[row] for row in picked]
    changes["tables"] = [batch.tables[row] for row in picked] if batch.tables else []
    if batch.builtin is not None:
        changes["builtin"] = tuple(
            Actions(joint.discrete[picked], joint.continuous[picked]) for joint in batch.builtin
        )
    return dataclasses.replace(batch, **changes)


def with_groups(batch: Batch, groups: Mapping[int, GroupArrays]) -> Batch:
    """A batch in which some groups, by their number, show something else."""
    return dataclasses.replace(
        batch, groups=tuple(groups.get(number, seen) for number, seen in enumerate(batch.groups))
    )


def inactive(batch: Batch, group: int, agents: slice = slice(None)) -> Batch:
    """A batch in which some agents of a group are not asked to act."""
    seen = batch.groups[group]
    active = seen.active.copy()
    active[:, agents] = False
    return with_groups(batch, {group: dataclasses.replace(seen, active=active)})


def absent(batch: Batch, group: int, agents: slice = slice(None)) -> Batch:
    """A batch in which some agents of a group take no part: they are inactive, see zeros and get nothing."""

    def gone(seen: GroupArrays) -> GroupArrays:
        seen = copy.deepcopy(seen)
        for array in (seen.present, seen.active, seen.rewards):
            array[..., agents] = 0
        seen.observations[..., agents, :] = 0
        return seen

    final = [
        None
        if ended is None
        else dataclasses.replace(
            ended,
            groups=tuple(gone(seen) if g == group else seen for g, seen in enumerate(ended.groups)),
        )
        for ended in batch.final
    ]
    return dataclasses.replace(with_groups(batch, {group: gone(batch.groups[group])}), final=final)


def shuffled(spec: Spec, batch: Batch, rng: np.random.Generator, *, masks: bool = True) -> Batch:
    """A batch with fewer active agents and, if wanted, with other masks, of which each leaves a choice."""
    groups = {}
    for number, (group, seen) in enumerate(zip(spec.groups, batch.groups, strict=True)):
        allowed = rng.random(seen.masks.shape) < 0.5 if masks else seen.masks.copy()
        for start, stop in head_ranges(group) if masks else ():
            kept = rng.integers(start, stop, seen.active.shape)
            np.put_along_axis(allowed, kept[..., None], values=True, axis=-1)
        active = (rng.random(seen.active.shape) < 0.7) & seen.active
        groups[number] = dataclasses.replace(seen, masks=allowed, active=active)
    return with_groups(batch, groups)


def head_ranges(group: Group) -> Iterator[tuple[int, int]]:
    """Where each discrete head's mask begins and ends on the mask axis."""
    yield from zip(group.mask_offsets[:-1], group.mask_offsets[1:], strict=True)


def random_actions(spec: Spec, batch: Batch) -> list[Actions]:
    """A joint action that the masks allow and that follows from each row's seed, run and tick alone."""
    return Random(spec).act(batch, action_generators(batch))


# What a batch has to be ----------------------------------------------------------------------------------------------


def form_problems(spec: Spec, batch: Batch, envs: int) -> list[str]:
    """Arrays of a batch that have not the shape and type that ``ns3marl.types.Batch`` names."""
    expected: dict[str, tuple[tuple[int, ...], type[np.generic]]] = {
        "env_id": ((envs,), np.int64),
        "seed": ((envs,), np.int64),
        "run": ((envs,), np.int64),
        "tick": ((envs,), np.int64),
        "sim_time_ns": ((envs,), np.int64),
        "metrics": ((envs, len(spec.metrics)), np.float64),
        "terminated": ((envs,), np.bool_),
        "truncated": ((envs,), np.bool_),
    }
    if len(batch.groups) != len(spec.groups) or len(batch.state) != len(spec.state):
        return [
            f"{len(batch.groups)} groups and {len(batch.state)} state blocks, expected {len(spec.groups)} and {len(spec.state)}"
        ]
    for group in spec.groups:
        agents, name = len(group.agents), f"of group {group.name!r}"
        expected |= {
            f"observations {name}": ((envs, agents, len(group.features)), np.float32),
            f"rewards {name}": ((envs, agents), np.float32),
            f"present {name}": ((envs, agents), np.bool_),
            f"active {name}": ((envs, agents), np.bool_),
            f"masks {name}": ((envs, agents, group.mask_offsets[-1]), np.bool_),
        }
    for block in spec.state:
        expected[f"state {block.name!r}"] = ((envs, len(block.rows), len(block.features)), np.float32)
    got = {**arrays(spec, batch), "env_id": batch.env_id}
    problems = [
        f"{name} is {got[name].dtype} {list(got[name].shape)}, expected {np.dtype(kind)} {list(shape)}"
        for name, (shape, kind) in expected.items()
        if got[name].shape != shape or got[name].dtype != np.dtype(kind)
    ]
    if len(batch.final) != envs:
        problems.append(f"final has {len(batch.final)} entries, expected {envs}")
    return problems


def bound_problems(spec: Spec, batch: Batch) -> list[str]:
    """Values of observations and state that are not finite or lie outside their declared bounds."""
    problems = []
    for group, seen in zip(spec.groups, batch.groups, strict=True):
        for low, high, what in _outside(seen.observations, group.bounds, seen.present[..., None]):
            feature = group.features[what[2]]
            problems.append(
                f"agent {group.agents[what[1]]!r}, feature {feature.name!r} [{feature.unit}]: "
                f"{seen.observations[what]!s} is not within [{low}, {high}]"
            )
    for block, table in zip(spec.state, batch.state, strict=True):
        for low, high, what in _outside(table, block.bounds, np.ones((1, 1, 1), np.bool_)):
            problems.append(
                f"state {block.name!r}, row {block.rows[what[1]]!r}, feature {block.features[what[2]].name!r}: "
                f"{table[what]!s} is not within [{low}, {high}]"
            )
    return problems


def _outside(
    values: NDArray[Any], bounds: tuple[NDArray[Any], NDArray[Any]], counts: NDArray[np.bool_]
) -> Iterator[tuple[float, float, tuple[int, int, int]]]:
    low, high = bounds
    for place in np.argwhere(~((values >= low) & (values <= high)) & counts):
        b, agent, feature = place.tolist()
        yield float(low[feature]), float(high[feature]), (b, agent, feature)


def choice_problems(spec: Spec, batch: Batch) -> list[str]:
    """Active agents of which a mask leaves a head no choice."""
    return [
        f"agent {group.agents[agent]!r}, head {head.name!r}: no choice of {len(head.choices)} is allowed at tick {batch.tick[b]}"
        for group, seen in zip(spec.groups, batch.groups, strict=True)
        for head, (start, stop) in zip(group.discrete_heads, head_ranges(group), strict=True)
        for b, agent in np.argwhere(seen.active & ~seen.masks[..., start:stop].any(-1)).tolist()
    ]


def absence_problems(spec: Spec, batch: Batch) -> list[str]:
    """Absent agents that are active or see something."""
    return [
        f"agent {group.agents[agent]!r} is absent at tick {batch.tick[b]} and "
        + ("active" if seen.active[b, agent] else "sees values other than 0")
        for group, seen in zip(spec.groups, batch.groups, strict=True)
        for b, agent in np.argwhere(~seen.present & (seen.active | (seen.observations != 0).any(-1))).tolist()
    ]


# Actions -------------------------------------------------------------------------------------------------------------


def action_problems(spec: Spec, batch: Batch, joint: Sequence[Actions]) -> list[str]:
    """How a joint action breaks the spec: form, ranges, masks, defaults of agents that are not asked to act."""
    if len(joint) != len(spec.groups):
        return [f"{len(joint)} groups of actions, expected {len(spec.groups)}"]
    problems = []
    for group, seen, given in zip(spec.groups, batch.groups, joint, strict=True):
        problems += group_action_problems(group, seen, given)
    return problems


def group_action_problems(group: Group, seen: GroupArrays, given: Actions) -> list[str]:
    """How the actions of one group break the spec."""
    problems: list[str] = []
    lead, where = seen.active.shape, f"group {group.name!r}"
    for name, array, heads, kind in (
        ("discrete", given.discrete, len(group.discrete_heads), np.dtype(np.int32)),
        ("continuous", given.continuous, len(group.continuous_heads), np.dtype(np.float32)),
    ):
        if array.shape != (*lead, heads) or array.dtype != kind:
            return [f"{where}: {name} is {array.dtype} {list(array.shape)}, expected {kind} {[*lead, heads]}"]

    def complain(wrong: NDArray[np.bool_], head: str, what: str) -> None:
        problems.extend(
            f"agent {group.agents[agent]!r}, head {head!r}: {what}"
            for _, agent in np.argwhere(wrong).tolist()
        )

    for d, (head, (start, stop)) in enumerate(zip(group.discrete_heads, head_ranges(group), strict=True)):
        choice = given.discrete[..., d]
        inside = (choice >= 0) & (choice < stop - start)
        index = (start + choice.clip(0, stop - start - 1))[..., None]
        allowed = np.take_along_axis(seen.masks, index, -1)[..., 0]
        complain(seen.active & ~inside, head.name, "a choice that does not exist")
        complain(seen.active & inside & ~allowed, head.name, "a choice that the mask forbids")
        complain(
            ~seen.active & (choice != head.default_choice),
            head.name,
            "not the default although the agent is inactive",
        )
    for r, real in enumerate(group.continuous_heads):
        value = given.continuous[..., r]
        within = (value >= np.float32(real.low)) & (value <= np.float32(real.high))  # NaN is not
        complain(seen.active & ~within, real.name, f"a value outside [{real.low}, {real.high}] {real.unit}")
        complain(
            ~seen.active & (value != np.float32(real.default_value)),
            real.name,
            "not the default although the agent is inactive",
        )
    return problems


def action_difference(
    one: Sequence[Actions], other: Sequence[Actions], groups: Sequence[Group], tolerance: float = 0.0
) -> str | None:
    """What tells two joint actions apart, in words; None where they are equal.

    Args:
        one: Per group [B,A,D] and [B,A,R].
        other: The same.
        groups: Of the spec.
        tolerance: How far real values may lie apart, as a share of the head's range.
    """
    for group, first, second in zip(groups, one, other, strict=True):
        if found := difference({"choices": first.discrete}, {"choices": second.discrete}):
            return f"group {group.name!r}, {found}"
        span = np.array([head.high - head.low for head in group.continuous_heads])
        if (np.abs(first.continuous - second.continuous) > tolerance * span).any():
            found = difference({"values": first.continuous}, {"values": second.continuous})
            return f"group {group.name!r}, {found}"
    return None
