# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""``aiot-mec``: devices that offload tasks to edge servers over Wi-Fi."""

from ns3marl.home import Distribution, ScenarioHome, SimplePolicy

_HERE = "ns3marl.scenarios.aiot_mec"
_POLICIES = f"{_HERE}.policies"

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
