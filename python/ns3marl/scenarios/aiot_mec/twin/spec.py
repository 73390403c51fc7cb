# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The spec of ``aiot-mec``: what the C++ scenario declares, with names and bounds that follow from the settings.

``aiot-mec.json`` is the output of ``aiot-mec --describe``. Counts and bounds are set here as the scenario's own layout sets
them; a test holds the result against the executable.
"""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

from ns3marl.scenarios.aiot_mec.twin.settings import Settings
from ns3marl.types import Condition, ContinuousHead, DiscreteHead, Feature, Group, Metric, Spec, StateBlock

_SLOT_IDS = 18


def make_spec(settings: Settings) -> Spec:
    """The spec under these settings. Its hash is empty: the scenario takes it over the message of the wire."""
    data = json.loads(
        resources.files("ns3marl.scenarios.aiot_mec.twin").joinpath("aiot-mec.json").read_text("utf-8")
    )
    highs = _highs(settings)
    (group,) = data["groups"]
    devices = tuple(f"device_{i}" for i in range(settings.devices))
    rows = {
        "agent_state": devices,
        "server_state": tuple(f"server-{k}" for k in range(settings.servers)),
        "channel_state": tuple(f"channel-{c}" for c in range(settings.channels)),
    }
    blocks = []
    for block in data["state"]:
        features = _features(block["features"], highs)
        if block["name"] == "agent_state" and settings.servers > _SLOT_IDS:
            features += tuple(
                Feature(
                    f"slot_server_id_{j}",
                    "1",
                    0,
                    settings.servers - 1.0,
                    False,
                    "Which server stands in the slot",
                )
                for j in range(_SLOT_IDS)
            )
        blocks.append(StateBlock(block["name"], rows[block["name"]], features))
    return Spec(
        data["scenario"],
        round(settings.tick * 1000),
        settings.ticks,
        (
            Group(
                group["name"],
                devices,
                _features(group["features"], highs),
                tuple(
                    DiscreteHead(
                        head["name"],
                        tuple(head["choices"]),
                        head["default_choice"],
                        _condition(head),
                        head["description"],
                    )
                    for head in group["discrete_heads"]
                ),
                tuple(
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
                ),
            ),
        ),
        tuple(blocks),
        tuple(Metric(m["name"], m["unit"], m["description"], m["higher_is_better"]) for m in data["metrics"]),
    )


def _highs(settings: Settings) -> dict[str, float]:
    """Upper bounds that follow from the settings, by the end of the feature's name."""
    server_rate = max(settings.serverRates, default=settings.serverCpuMax) * 1e9
    deadline_s = settings.deadlineMax / 1e6
    highs = {
        "task_size_bits": 8.0 * round(1000 * settings.sizeMax),
        "task_density_cycles_per_bit": settings.densityMax,
        "task_cycles": settings.max_cycles,
        "task_deadline_s": deadline_s,
        "task_priority": settings.alpha + settings.beta + settings.gamma + 1e-3,
        "last_latency_s": deadline_s,
        "position_x_m": settings.area,
        "position_y_m": settings.area,
        "wait_s": deadline_s,
        "tuned_devices": float(settings.devices),
    }
    for j in range(_SLOT_IDS):
        highs[f"server_{j}_cpu_hz"] = server_rate
        highs[f"server_{j}_wait_s"] = deadline_s
    return {**highs, "cpu_hz": settings.deviceCpuMax * 1e9, "server_state.cpu_hz": server_rate}


def _features(features: list[dict[str, Any]], highs: dict[str, float]) -> tuple[Feature, ...]:
    is_server = features[1]["name"] == "waiting_tasks"
    made = []
    for feature in features:
        name = feature["name"]
        key = "server_state.cpu_hz" if is_server and name == "cpu_hz" else name
        high = highs.get(key, feature["high"])
        made.append(
            Feature(
                name, feature["unit"], feature["low"], high, feature["saturating"], feature["description"]
            )
        )
    return tuple(made)


def _condition(head: dict[str, Any]) -> Condition | None:
    condition = head.get("counts_when")
    return None if condition is None else Condition(condition["head"], tuple(condition["choices"]))
