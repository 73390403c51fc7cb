# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""What benchmarks share that train with several seeds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ns3marl.config import Config
from ns3marl.training import experiment, metrics


def trained(config: Config, seeds: Sequence[int], folder: Path, jobs: int) -> list[list[dict[str, float]]]:
    """Trains what is missing; the rows of each run's log."""
    if not experiment.train_seeds(config, seeds, folder, jobs=jobs, resume=experiment.is_experiment(folder)):
        raise SystemExit(130)
    return [metrics.read(experiment.run_folder(folder, seed)) for seed in seeds]
