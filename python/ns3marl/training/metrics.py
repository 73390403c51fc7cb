# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Metrics of a run: one JSON line per update, TensorBoard and Weights & Biases while it runs, CSV when it ends."""

from __future__ import annotations

import csv
import hashlib
import json
import math
from pathlib import Path
from types import TracebackType
from typing import Any

from ns3marl import text
from ns3marl.errors import ConfigError

FILE = "metrics.jsonl"


class RunLog:
    """Writes the metrics of a run folder; an existing file is continued.

    Args:
        folder: The run folder.
        tensorboard: Also write event files under ``tensorboard/``.
        wandb: Also log to Weights & Biases, with its files under ``wandb/``. A resumed run goes on in the same one there.

    Raises:
        ConfigError: The package ``wandb`` is missing, or TensorBoard cannot write to a folder of this name.
    """

    def __init__(self, folder: Path, *, tensorboard: bool, wandb: bool = False) -> None:
        self._folder = folder
        self._remote: Any = _open_wandb(folder) if wandb else None
        self._file = (folder / FILE).open("a", encoding="utf-8")
        self._board: Any = None
        if tensorboard:
            text.checked(
                folder,
                "training.tensorboard",
                "name another folder (--out), or set training.tensorboard=false",
            )
            from torch.utils.tensorboard import SummaryWriter  # noqa: PLC0415 - takes a second to import

            self._board = SummaryWriter(str(folder / "tensorboard"))

    def write(self, ticks: int, metrics: dict[str, float]) -> None:
        """Appends a row; metrics that are not finite are left out.

        Args:
            ticks: Ticks so far, the horizontal axis of every curve.
            metrics: By name; a slash groups names.
        """
        row = {"ticks": ticks, **{name: value for name, value in metrics.items() if math.isfinite(value)}}
        self._file.write(json.dumps(row) + "\n")
        self._file.flush()
        if self._board is not None:
            for name, value in row.items():
                self._board.add_scalar(name if "/" in name else f"train/{name}", value, ticks)
        if self._remote is not None:
            self._remote.log(row)

    def close(self) -> None:
        """Ends the files and writes ``metrics.csv``."""
        self._file.close()
        if self._board is not None:
            self._board.close()
        if self._remote is not None:
            self._remote.finish()
        rows = read(self._folder)
        names = list(dict.fromkeys(name for row in rows for name in row))
        with (self._folder / "metrics.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, names)
            writer.writeheader()
            writer.writerows(rows)

    def __enter__(self) -> RunLog:
        """The log itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Closes the log."""
        self.close()


def _open_wandb(folder: Path) -> Any:
    """A run of Weights & Biases named as the folder is; ``WANDB_MODE=offline`` keeps it on this machine."""
    try:
        import wandb  # noqa: PLC0415 - optional
    except ImportError:
        raise ConfigError(
            "training.wandb is true, but the package wandb is not installed; install the extra ns3marl[wandb], or leave "
            "the option out: TensorBoard needs nothing"
        ) from None
    path = folder.resolve()
    config = (folder / "config.toml").read_text(encoding="utf-8")
    run = wandb.init(
        project="ns3marl",
        name=folder.name,
        group=path.parent.name,
        id=hashlib.sha256(str(path).encode()).hexdigest()[:16],
        resume="allow",
        dir=str(folder),
        config={"ns3marl": config},
    )
    run.define_metric("*", step_metric="ticks")
    return run


def read(folder: Path) -> list[dict[str, float]]:
    """All rows of a run folder, empty if it has none; a line that was cut off is left out."""
    path = folder / FILE
    if not path.exists():
        return []
    # A run that was killed may have left half a line, and a resumed one went on behind it.
    lines = path.read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines if line.startswith("{") and line.endswith("}")]


def rewind(folder: Path, update: int) -> None:
    """Forgets what was logged after an update: a resumed run goes on from there and logs it anew."""
    kept = [json.dumps(row) + "\n" for row in read(folder) if row["update"] <= update]
    (folder / FILE).write_text("".join(kept), encoding="utf-8")
