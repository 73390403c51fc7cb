# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""``edge-cloud``: devices and gateways with a wired backhaul to a cloud, two kinds of agents."""

from ns3marl.home import Distribution, ScenarioHome, SimplePolicy
from ns3marl.network_map import Items, Meter, NetworkMap, Places, Stage

_HERE = "ns3marl.scenarios.edge_cloud"

_MAP = NetworkMap(
    places=(Places(block="device_state", x="position_x_m", y="position_y_m", queue="uplink_queue_bits"),),
    meters=(
        Meter(block="gateway_state", value="utilisation", title="Utilisation of gateways"),
        Meter(block="gateway_state", value="backhaul_utilisation", title="Utilisation of backhauls"),
    ),
    items=Items(
        table="tasks",
        begin="tick",
        source="device",
        source_block="device_state",
        target="gateway",
        target_block="gateway_state",
        stays=("place", ("local", "none")),
        outcome="outcome",
        success=("completed",),
        lanes=(
            (
                Stage(title="on the radio", column="uplink", where="out"),
                Stage(title="on the backhaul", column="backhaul", where="target"),
                Stage(title="queues", column="wait", where="target"),
                Stage(title="is computed", column="compute", where="target"),
                Stage(title="result comes back", column="downlink", where="back"),
            ),
            (Stage(title="on the device", column="local"),),
        ),
    ),
)

HOME = ScenarioHome(
    name="edge-cloud",
    policies={
        "local-only": SimplePolicy(make=f"{_HERE}.policies:LocalOnly"),
        "edge-only": SimplePolicy(make=f"{_HERE}.policies:edge_only"),
        "cloud-only": SimplePolicy(make=f"{_HERE}.policies:cloud_only"),
    },
    map=_MAP,
    plots={"network-life": f"{_HERE}.network_plot:network_life"},
    parts={
        "How tasks ended": (
            "tasks_completed",
            "failed_local_late",
            "failed_uplink_expired",
            "failed_uplink_lost",
            "failed_edge_queue_expired",
            "failed_edge_compute_late",
            "failed_backhaul_dropped",
            "failed_backhaul_late",
            "failed_cloud_queue_expired",
            "failed_cloud_compute_late",
            "failed_result_late",
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
    metrics=(
        "completion_ratio",
        "latency_mean_s",
        "latency_p95_s",
        "energy_per_task_j",
        "aoi_mean_s",
        "local_share",
        "edge_share",
        "cloud_share",
        "edge_utilisation",
        "backhaul_utilisation",
        "cloud_utilisation",
    ),
)
