# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Books of a training, for every kind of loop: budget, log, checkpoints and display."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ns3marl.config import Config
from ns3marl.progress import ProgressDisplay
from ns3marl.rl.team import Team
from ns3marl.training import checkpoint
from ns3marl.training.checkpoint import Checkpoint, Progress
from ns3marl.training.metrics import RunLog


def spent(config: Config, progress: Progress) -> float:
    """Fraction of the budget that is spent."""
    ticks, minutes = config.training.ticks, config.training.minutes
    return max(progress.ticks / ticks if ticks else 0.0, progress.wall_s / 60 / minutes if minutes else 0.0)


@dataclass
class Book:
    """The books of one training.

    Args:
        config: Configuration of the training.
        team: The learners.
        progress: Progress so far; the loop updates ``ticks``, ``wall_s`` and ``ended``.
        saved: The checkpoint to continue from.
        log: Log of the run.
        display: Display of the run.
        last: Path of the checkpoint.
        position: Returns the state of the environments; the loop sets it.
    """

    config: Config
    team: Team
    progress: Progress
    saved: Checkpoint | None
    log: RunLog
    display: ProgressDisplay
    last: Path
    position: Callable[[], dict[str, Any]] = field(default=dict)

    @property
    def spent(self) -> float:
        """Fraction of the budget that is spent."""
        return spent(self.config, self.progress)

    def row(self) -> dict[str, float]:
        """The row of an update at its start: ``ticks``, ``wall_s``, and means over the episodes that ended since the last one."""
        progress = self.progress
        row = {"ticks": progress.ticks, "wall_s": progress.wall_s, **self._episodes()}
        progress.ended = []
        return row

    def write(self, row: dict[str, float], metrics: dict[str, float]) -> None:
        """Logs the metrics of an update together with its ``row``."""
        self.progress.updates += 1
        self.log.write(int(row["ticks"]), {"update": self.progress.updates, **row, **metrics})

    def save_if_due(self) -> None:
        """Writes a checkpoint after every ``training.checkpoint_every`` updates."""
        if self.progress.updates % self.config.training.checkpoint_every == 0:
            self.save()

    def _episodes(self) -> dict[str, float]:
        """Mean metrics of the ended episodes, without NaNs; the order in which they ended has no effect."""
        metrics = self.team.spec.metrics
        values = np.array(self.progress.ended).reshape(-1, len(metrics))
        return {
            f"episode/{metric.name}": float(np.nanmean(column))
            for metric, column in zip(metrics, np.sort(values.T), strict=True)
            if np.isfinite(column).any()
        }

    def save(self) -> None:
        """Writes a checkpoint."""
        paths = [self.last]
        if self.config.training.keep_checkpoints:
            paths.append(self.last.with_name(f"update-{self.progress.updates:06}.pt"))
        position = self.position()
        for path in paths:
            checkpoint.save(path, self.team, self.config, self.progress, position)

    def show(self, text: str) -> None:
        """Shows the progress of the training."""
        self.display.show(self.spent, text)

    def close(self, *, stopped: bool) -> None:
        """Writes the last checkpoint and shows how the training ended."""
        self.save()
        self.display.show(self.spent, "stopped" if stopped else "done", force=True)
