# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""What simple policies reach on `aiot-mec` (N=50, K=9) with measured and with perfect channel knowledge.

All policies meet the same episodes. Beside each figure stands the one of an independent feasibility study of the same network
on ns-3 3.44, without IP, status packets or a warm channel estimate (80 to 100 ticks, single runs, about +-1 point).
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from ns3marl.config import load
from ns3marl.evaluation.evaluate import evaluate

EPISODES, TICKS = 4, 100
POLICIES = ("local-only", "random", "random-offload", "best-snr", "coordinated-greedy")
METRICS = {
    "completion_ratio": ("completion", "%", 100.0),
    "latency_mean_s": ("latency", "ms", 1000.0),
    "aoi_mean_ticks": ("aoi", "ticks", 1.0),
    "energy_efficiency_tasks_per_j": ("tasks_per_j", "tasks/J", 1.0),
}
# completion [%], latency [ms], age of information [ticks], efficiency [tasks/J]
FEASIBILITY_STUDY = {
    "local-only": (5.0, 65.8, 29.4, 0.12),
    "random": (21.9, 30.5, 11.4, 0.61),
    "random-offload": (82.4, 24.2, 4.00, 2.49),
    "best-snr": (95.5, 19.4, 3.35, 3.28),
    "coordinated-greedy": (98.6, 17.3, 3.24, 3.22),
}


def run(csi: str, folder: Path) -> dict[str, dict[str, dict[str, float]]]:
    """Per policy and metric: mean and 95 % interval over the episodes."""
    arguments = ["--devices=50", "--servers=9", f"--ticks={TICKS}", f"--csi={csi}"]
    config = load(
        None,
        [
            "scenario.name=aiot-mec",
            f"scenario.arguments={json.dumps(arguments)}",
            f"evaluation.episodes={EPISODES}",
            "pool.num_envs=2",
        ],
    )
    summary: dict[str, dict[str, dict[str, float]]] = json.loads(
        evaluate(config, POLICIES, folder / csi).read_text()
    )["summary"]
    return summary


def main() -> None:
    """Prints a table for each kind of channel knowledge, then the figures."""
    lines = []
    with tempfile.TemporaryDirectory() as folder:
        for csi in ("measured", "genie"):
            results = run(csi, Path(folder))
            print(f"\ncsi={csi:22s}" + "".join(f"{label:>34s}" for label, _, _ in METRICS.values()))
            for name in POLICIES:
                cells = []
                for (metric, (label, unit, scale)), study in zip(
                    METRICS.items(), FEASIBILITY_STUDY[name], strict=True
                ):
                    entry = {
                        key: scale * (results[name][metric][key] or 0.0) for key in ("mean", "low", "high")
                    }
                    cells.append(
                        f"{entry['mean']:9.2f} [{entry['low']:6.2f}, {entry['high']:6.2f}] ({study:5.2f})"
                    )
                    lines.append(f"{name.replace('-', '_')}_{csi}_{label}: {entry['mean']:.2f} {unit}")
                print(f"{name:26s}" + "".join(f"{cell:>34s}" for cell in cells))
    print("(in brackets the 95 % interval, in parentheses the feasibility study)\n")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
