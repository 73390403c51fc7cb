# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""``edge-cloud``: devices and gateways with a wired backhaul to a cloud, two kinds of agents."""

from ns3marl.home import Distribution, ScenarioHome, SimplePolicy

_HERE = "ns3marl.scenarios.edge_cloud"

HOME = ScenarioHome(
    name="edge-cloud",
    policies={
        "local-only": SimplePolicy(make=f"{_HERE}.policies:LocalOnly"),
        "edge-only": SimplePolicy(make=f"{_HERE}.policies:edge_only"),
        "cloud-only": SimplePolicy(make=f"{_HERE}.policies:cloud_only"),
    },
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
