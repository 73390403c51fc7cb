# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The spec of ``aiot-mec`` as the C++ scenario declares it, with names and bounds that follow from the settings.

``aiot-mec.json`` is the output of ``aiot-mec --describe`` (``ns3marl.scenarios.aiot_mec.describe`` writes it). This module sets
counts and bounds as the scenario does; a test compares the result with the executable.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib import resources
from typing import Any

from ns3marl.errors import ConfigError
from ns3marl.scenarios.aiot_mec.twin.settings import Settings
from ns3marl.types import (
    ChoiceRows,
    Condition,
    ContinuousHead,
    Describes,
    DiscreteHead,
    Feature,
    Group,
    Metric,
    Spec,
    StateBlock,
)

SERVER_QUANTITIES = ("snr_db", "cpu_hz", "utilisation", "wait_s", "age_ticks")
CHANNEL_QUANTITIES = ("busy_ratio", "is_tuned")


def make_spec(settings: Settings) -> Spec:
    """The spec for these settings. Its hash is empty, because the scenario computes it from the message on the wire."""
    data = json.loads(
        resources.files("ns3marl.scenarios.aiot_mec.twin").joinpath("aiot-mec.json").read_text("utf-8")
    )
    (group,) = data["groups"]
    devices = tuple(f"device_{i}" for i in range(settings.devices))
    discrete = tuple(
        DiscreteHead(
            head["name"],
            tuple(head["choices"]),
            head["default_choice"],
            _condition(head),
            head["description"],
        )
        for head in group["discrete_heads"]
    )
    continuous = tuple(
        ContinuousHead(
            head["name"],
            head["unit"],
            head["low"],
            head["high"],
            head["default_value"],
            _condition(head),
            head["description"],
        )
        for head in group["continuous_heads"]
    )
    slots = next(len(head.choices) for head in discrete if head.name == "server")
    highs = _highs(settings, slots)
    return Spec(
        data["scenario"],
        round(settings.tick * 1000),
        settings.ticks,
        (Group(group["name"], devices, _features(group["features"], highs), discrete, continuous),),
        _state(data["state"], highs, settings, devices, discrete),
        tuple(Metric(m["name"], m["unit"], m["description"], m["higher_is_better"]) for m in data["metrics"]),
        idle_ticks=data["idle_ticks"],
        has_builtin=data["has_builtin"],
    )


def _state(
    blocks: list[dict[str, Any]],
    highs: dict[str, float],
    settings: Settings,
    devices: tuple[str, ...],
    heads: tuple[DiscreteHead, ...],
) -> tuple[StateBlock, ...]:
    rows = {
        "agent_state": devices,
        "server_state": tuple(f"server-{k}" for k in range(settings.servers)),
        "channel_state": tuple(f"channel-{c}" for c in range(settings.channels)),
    }
    slots = next(len(head.choices) for head in heads if head.name == "server")
    made = []
    for block in blocks:
        features = _features(
            block["features"], {name.removeprefix(f"{block['name']}."): high for name, high in highs.items()}
        )
        if block["name"] == "agent_state" and settings.servers > slots:
            last = settings.servers - 1.0
            features += tuple(
                Feature(f"slot_server_id_{j}", "1", 0, last, False, "Which server stands in the slot")
                for j in range(slots)
            )
        names = rows[block["name"]]
        # Rows are choices as long as there is a choice for each.
        choices_of = tuple(
            ChoiceRows(relation["group"], relation["head"], tuple(range(len(names))))
            for relation in block["choices_of"]
            if len(names) <= len(heads[relation["head"]].choices)
        )
        made.append(StateBlock(block["name"], names, features, block.get("agents_of"), choices_of))
    return tuple(made)


def _highs(settings: Settings, slots: int) -> dict[str, float]:
    """Upper bounds that follow from the settings, by feature; after ``block.`` those of one state block."""
    server_rate = max(settings.serverRates, default=settings.serverCpuMax) * 1e9
    deadline_s = settings.deadlineMax / 1e6
    of_server = {"cpu_hz": server_rate, "wait_s": deadline_s}
    return {
        "task_size_bits": 8.0 * round(1000 * settings.sizeMax),
        "task_density_cycles_per_bit": settings.densityMax,
        "task_cycles": settings.max_cycles,
        "task_deadline_s": deadline_s,
        "task_priority": settings.alpha + settings.beta + settings.gamma + 1e-3,
        "cpu_hz": settings.deviceCpuMax * 1e9,
        "last_latency_s": deadline_s,
        "position_x_m": settings.area,
        "position_y_m": settings.area,
        "tuned_devices": float(settings.devices),
        **{f"server_{j}_{name}": high for j in range(slots) for name, high in of_server.items()},
        **{f"server_state.{name}": high for name, high in of_server.items()},
    }


def _features(features: list[dict[str, Any]], highs: dict[str, float]) -> tuple[Feature, ...]:
    return tuple(
        Feature(
            f["name"],
            f["unit"],
            f["low"],
            highs.get(f["name"], f["high"]),
            f["saturating"],
            f["description"],
            Describes(**f["describes"]) if "describes" in f else None,
        )
        for f in features
    )


def _condition(head: dict[str, Any]) -> Condition | None:
    condition = head.get("active_if")
    return None if condition is None else Condition(condition["head"], tuple(condition["choices"]))


@dataclass(frozen=True)
class Layout:
    """Columns of the spec's quantities, by name."""

    features: dict[str, int]  #: columns of observations
    saturates: dict[str, float]  #: upper bounds of the features that saturate
    server_slots: int
    channel_slots: int
    server_at: int  #: column at which the slots of servers begin, ``SERVER_QUANTITIES`` each
    channel_at: int  #: column at which the slots of channels begin, ``CHANNEL_QUANTITIES`` each
    masks: dict[str, slice]  #: of each discrete head, on the mask axis
    discrete: dict[str, int]  #: columns of discrete actions
    continuous: dict[str, int]  #: columns of real-valued actions
    modes: dict[str, int]  #: choices of the head ``mode``
    agent_state: tuple[str, ...]  #: columns of the global state, of each device
    server_state: tuple[str, ...]
    channel_state: tuple[str, ...]

    @staticmethod
    def of(spec: Spec) -> Layout:
        """Reads names and order from a spec.

        Raises:
            ConfigError: The features of servers and channels are not ordered by slot, as the twin writes them.
        """
        (group,) = spec.groups
        names = [feature.name for feature in group.features]
        choices = {head.name: head.choices for head in group.discrete_heads}
        servers, channels = len(choices["server"]), len(choices["channel"])
        expected = [f"server_{j}_{quantity}" for j in range(servers) for quantity in SERVER_QUANTITIES]
        expected += [f"channel_{c}_{quantity}" for c in range(channels) for quantity in CHANNEL_QUANTITIES]
        first = names.index(expected[0])
        if names[first:] != expected:
            raise ConfigError(
                f"fastsim: the spec's features from {names[first]!r} on are {names[first:]}, expected {expected}; "
                "mend knowledge.h with the scenario's observation"
            )
        offsets = group.mask_offsets
        blocks = {block.name: tuple(feature.name for feature in block.features) for block in spec.state}
        return Layout(
            {name: column for column, name in enumerate(names)},
            {feature.name: feature.high for feature in group.features if feature.saturating},
            servers,
            channels,
            first,
            first + servers * len(SERVER_QUANTITIES),
            {name: slice(offsets[i], offsets[i + 1]) for i, name in enumerate(choices)},
            {name: i for i, name in enumerate(choices)},
            {head.name: i for i, head in enumerate(group.continuous_heads)},
            {choice: i for i, choice in enumerate(choices["mode"])},
            blocks["agent_state"],
            blocks["server_state"],
            blocks["channel_state"],
        )

    @property
    def own(self) -> list[str]:
        """Features before the slots: a device's knowledge of itself."""
        return list(self.features)[: self.server_at]
