# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""``aiot-mec``: devices that offload tasks to edge servers over Wi-Fi."""

from ns3marl.home import Distribution, ScenarioHome, SimplePolicy
from ns3marl.network_map import Items, Meter, NetworkMap, Places, Stage

_HERE = "ns3marl.scenarios.aiot_mec"
_POLICIES = f"{_HERE}.policies"

_MAP = NetworkMap(
    places=(
        Places(block="agent_state", x="position_x_m", y="position_y_m", queue="uplink_queue_bits"),
        Places(
            block="server_state",
            x="position_x_m",
            y="position_y_m",
            shape="square",
            level="utilisation",
            queue="waiting_tasks",
        ),
    ),
    meters=(Meter(block="channel_state", value="busy_ratio", title="Busy share of channels"),),
    items=Items(
        table="tasks",
        begin="tick",
        source="device",
        source_block="agent_state",
        target="server",
        target_block="server_state",
        stays=("mode", ("local",)),
        outcome="outcome",
        success=("completed",),
        lanes=(
            (
                Stage(title="before the radio", column="jitter"),
                Stage(title="waits for the channel", column="radio_wait"),
                Stage(title="on the air", column="on_air", where="out"),
                Stage(
                    title="between transmissions and retries",
                    column="uplink",
                    less=("radio_wait", "on_air"),
                    where="out",
                ),
                Stage(title="queues at the server", column="wait", where="target"),
                Stage(title="is computed", column="compute", where="target"),
                Stage(title="result comes back", column="downlink", where="back"),
            ),
            (Stage(title="on the device", column="local"),),
        ),
    ),
)

HOME = ScenarioHome(
    name="aiot-mec",
    policies={
        "local-only": SimplePolicy(make=f"{_POLICIES}.simple:LocalOnly"),
        "random-offload": SimplePolicy(make=f"{_POLICIES}.simple:RandomOffload"),
        "best-snr": SimplePolicy(make=f"{_POLICIES}.simple:BestSnr"),
        "snr-target": SimplePolicy(
            make=f"{_POLICIES}.simple:SnrTarget", options=f"{_POLICIES}.simple:SnrTargetOptions"
        ),
        "load-aware": SimplePolicy(
            make=f"{_POLICIES}.load_aware:LoadAware", options=f"{_POLICIES}.load_aware:LoadAwareOptions"
        ),
        "coordinated-greedy": SimplePolicy(make=f"{_POLICIES}.central:CoordinatedGreedy", central=True),
        "coordinated-power": SimplePolicy(
            make=f"{_POLICIES}.central:CoordinatedPower",
            options=f"{_POLICIES}.central:CoordinatedPowerOptions",
            central=True,
        ),
    },
    twin=f"{_HERE}.twin.pool:FastPool",
    fidelity=f"{_HERE}.fidelity:FIDELITY",
    published=f"{_HERE}.published.publication:PUBLICATION",
    map=_MAP,
    plots={"network-life": f"{_HERE}.network_plot:network_life"},
    parts={
        "How tasks ended": (
            "tasks_completed",
            "failed_local_late",
            "failed_uplink_lost",
            "failed_uplink_expired",
            "failed_queue_expired",
            "failed_compute_late",
            "failed_result_late",
            "failed_server_failed",
            "failed_device_dead",
            "tasks_unresolved",
        )
    },
    distributions=(
        Distribution(
            title="Latency of completed tasks",
            table="tasks",
            column="latency",
            where=("outcome", "completed"),
        ),
    ),
)
