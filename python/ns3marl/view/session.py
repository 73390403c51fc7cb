# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""What a page shows: one or two sides, each a recording or a policy that plays, and perhaps a run in training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ns3marl.errors import ConfigError
from ns3marl.view.player import Player, Recording
from ns3marl.view.training import TrainingLog

MAX_SIDES = 2


@dataclass
class Session:
    """Everything the server knows."""

    title: str
    sides: Sequence[Player | Recording]
    seed: int = 1
    run: int = 1
    log: TrainingLog | None = None

    def __post_init__(self) -> None:
        if len(self.sides) > MAX_SIDES:
            raise ConfigError(
                f"{len(self.sides)} episodes are too many for one page; name one, or two to compare them"
            )

    @property
    def can_play(self) -> bool:
        """Whether other episodes can be asked for."""
        return any(isinstance(side, Player) for side in self.sides)

    def play(self, seed: int, run: int) -> None:
        """Begins the same episode on every side that plays."""
        self.seed, self.run = seed, run
        for side in self.sides:
            if isinstance(side, Player):
                side.start(seed, run)

    def stop(self) -> None:
        """Ends whatever plays, and its simulators."""
        for side in self.sides:
            side.stop()

    def status(self) -> dict[str, Any]:
        """What changes while the page is open, as plain values."""
        if self.log is not None:
            self.log.update()
        return {
            "seed": self.seed,
            "run": self.run,
            "sides": [
                {
                    "source": side.source,
                    "episode": side.number,
                    "frames": len(side.episode),
                    "playing": side.is_playing,
                    "error": side.error,
                }
                for side in self.sides
            ],
            "training": None
            if self.log is None
            else {
                "version": self.log.version,
                "rows": len(self.log.rows),
                "running": self.log.is_running,
                "checkpoint": self.log.has_checkpoint,
            },
        }
