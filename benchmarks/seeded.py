# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""What benchmarks share that train with several seeds: the training, and a table's cell with an interval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from ns3marl.config import Config
from ns3marl.training import experiment, metrics


def trained(config: Config, seeds: Sequence[int], folder: Path, jobs: int) -> list[list[dict[str, float]]]:
    """Trains what is missing; the rows of each run's log."""
    if not experiment.train_seeds(config, seeds, folder, jobs=jobs, resume=experiment.is_experiment(folder)):
        raise SystemExit(130)
    return [metrics.read(experiment.run_folder(folder, seed)) for seed in seeds]


def interval(
    of: Mapping[str, float | None], factor: float, digits: int, *, key: str = "mean", sign: str = ""
) -> str:
    """``value [low, high]``; a dash without a value, the value alone without bounds."""
    value, low, high = (of[part] for part in (key, "low", "high"))
    if value is None:
        return "–"
    text = f"{factor * value:{sign}.{digits}f}"
    if low is None or high is None:
        return text
    return f"{text} [{factor * low:{sign}.{digits}f}, {factor * high:{sign}.{digits}f}]"
