# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Metrics of a run: one JSON line per update, TensorBoard and Weights & Biases while it runs, CSV when it ends."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import math
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

from ns3marl import files, text
from ns3marl.errors import ConfigError, OutputError

FILE = "metrics.jsonl"
_KEPT = "The last checkpoint stays: go on with --resume"


class RunLog:
    """Writes the metrics of a run folder; appends to an existing file.

    Args:
        folder: The run folder.
        tensorboard: Also write event files under ``tensorboard/``.
        wandb: Also log to Weights & Biases, with its files under ``wandb/``. A resumed run continues the same run there.

    Raises:
        ConfigError: The package ``wandb`` is missing, or TensorBoard cannot write to a folder of this name.
        OutputError: Files cannot be written there.
    """

    def __init__(self, folder: Path, *, tensorboard: bool, wandb: bool = False) -> None:
        self._folder = folder
        self._remote: Any = _open_wandb(folder) if wandb else None
        self._board: Any = None
        with files.writing(folder / FILE, kept=_KEPT):
            self._file = (folder / FILE).open("a", encoding="utf-8")
        if tensorboard:
            text.checked(
                folder,
                "training.tensorboard",
                "name another folder (--out), or set training.tensorboard=false",
            )
            from torch.utils.tensorboard import SummaryWriter  # noqa: PLC0415 - takes a second to import

            with files.writing(folder / "tensorboard", kept=_KEPT):
                self._board = SummaryWriter(str(folder / "tensorboard"))

    def write(self, ticks: int, metrics: dict[str, float]) -> None:
        """Appends a row without metrics that are not finite.

        Args:
            ticks: Ticks so far, the x axis of every curve.
            metrics: By name; a slash groups names.

        Raises:
            OutputError: A file cannot be written, for example because the disk is full.
        """
        row = {name: value for name, value in metrics.items() if math.isfinite(value)} | {"ticks": ticks}
        with files.writing(self._folder / FILE, kept=_KEPT):
            self._file.write(json.dumps(row) + "\n")
            self._file.flush()
        if self._board is not None:
            with files.writing(self._folder / "tensorboard", kept=_KEPT):
                for name, value in row.items():
                    self._board.add_scalar(name if "/" in name else f"train/{name}", value, ticks)
        if self._remote is not None:
            self._remote.log(row)

    def close(self) -> None:
        """Closes the files and writes ``metrics.csv``.

        Raises:
            OutputError: A file cannot be written; all of them are closed.
        """
        try:
            with files.writing(self._folder / FILE, kept=_KEPT):
                self._file.close()
        finally:
            self._close_others()
        rows = read(self._folder)
        names = list(dict.fromkeys(name for row in rows for name in row))
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, names)
        writer.writeheader()
        writer.writerows(rows)
        files.write(self._folder / "metrics.csv", text.getvalue(), _KEPT)

    def _close_others(self) -> None:
        try:
            if self._board is not None:
                with files.writing(self._folder / "tensorboard", kept=_KEPT):
                    self._board.close()
        finally:
            if self._remote is not None:
                self._remote.finish()

    def __enter__(self) -> RunLog:
        """The log itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Closes the log; an error of the training takes precedence over an error of closing."""
        with suppress(*([OutputError] if error is not None else [])):
            self.close()


def _open_wandb(folder: Path) -> Any:
    """A run of Weights & Biases with the folder's name; ``WANDB_MODE=offline`` keeps it on this machine."""
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
    """The rows of a run folder, empty if it has none; skips lines that are not rows, see ``unreadable``.

    Raises:
        ConfigError: The file cannot be read at all.
    """
    return [row for row in _rows(folder).values() if row is not None]


def unreadable(folder: Path) -> list[int]:
    """Numbers, from 1, of the lines that ``read`` skips: incomplete lines of a killed run, and damaged ones."""
    return [number for number, row in _rows(folder).items() if row is None]


def _rows(folder: Path) -> dict[int, dict[str, float] | None]:
    """The row of each line by its number, or None."""
    path = folder / FILE
    try:
        lines = path.read_bytes().splitlines()
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be read: {error.strerror}; restore it, or remove it to go on without what was logged"
        ) from error
    return {number: _row(line) for number, line in enumerate(lines, 1) if line.strip()}


def _row(line: bytes) -> dict[str, float] | None:
    """The row of a line: numbers by name, including ``ticks`` and ``update``; None if it is not a row."""
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(row, dict) or not {"ticks", "update"} <= row.keys():
        return None
    return row if all(type(value) in {int, float} for value in row.values()) else None


def rewind(folder: Path, update: int) -> None:
    """Removes rows after an update; a resumed run continues from there and logs them again.

    Raises:
        ConfigError: The log cannot be read.
        OutputError: The log cannot be written; it stays unchanged.
    """
    kept = [json.dumps(row) + "\n" for row in read(folder) if row["update"] <= update]
    files.write(folder / FILE, "".join(kept), _KEPT)
