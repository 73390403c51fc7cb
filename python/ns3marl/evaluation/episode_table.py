# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Reads the tables of a run: the rows of one episode in one Parquet file, for plots."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from ns3marl.errors import ConfigError
from ns3marl.evaluation.tables import SCENARIO, STATE, TICKS

Array = NDArray[Any]


class EpisodeTable:
    """The rows of one episode in one of the files that ``ns3marl run --tables FOLDER`` writes.

    Args:
        folder: Folder of the tables.
        name: Name of the file, without ``.parquet``: ``ticks``, ``state/BLOCK`` or a table of the scenario.
        columns: Columns to read in addition to policy and run; all by default.
        policy: Policy of the episode; the first one by default.
        run: The episode's ns-3 RngRun; the first one of that policy by default.

    Raises:
        ConfigError: There is no such file, column or episode, or the file is damaged.
    """

    def __init__(
        self,
        folder: Path,
        name: str,
        columns: Sequence[str] | None = None,
        policy: str | None = None,
        run: int | None = None,
    ) -> None:
        path = folder / f"{name}.parquet"
        schema = _schema(path)
        self.columns = (
            [n for n in schema.names if n not in {"policy", "run"}] if columns is None else [*columns]
        )
        missing = sorted({*self.columns} - {*schema.names})
        if missing:
            raise ConfigError(f"{path} has no column {missing[0]!r}, which the figure shows")
        self.units = {
            field.name: (field.metadata or {}).get(b"unit", b"1").decode() for field in schema
        }  #: of the columns, by name
        with reading(path):
            table = pq.read_table(path, columns=["policy", "run", *self.columns])
        table = table.set_column(0, "policy", pc.cast(table["policy"], "string"))
        if table.num_rows == 0:
            raise ConfigError(f"{path} has no rows")
        self.policy: str = policy or table["policy"][0].as_py()
        table = table.filter(pc.equal(table["policy"], self.policy))
        if run is None and table.num_rows:
            run = table["run"][0].as_py()
        self.run = run
        table = table.filter(pc.equal(table["run"], run))
        if table.num_rows == 0:
            raise ConfigError(f"{path} has no episode of policy {self.policy!r} with RngRun {run}")
        self._table = table
        self.rows: list[str] = pc.unique(table["row"]).to_pylist() if "row" in self.columns else []

    def column(self, name: str) -> Array:
        """A column with one value per row of the file."""
        return np.array(self._table[name].to_pylist())

    def grid(self, name: str) -> Array:
        """A column of a state block, [boundaries, rows of the block]."""
        return self.column(name).reshape(-1, len(self.rows))


def state_table(
    folder: Path, block: str, columns: Sequence[str], policy: str | None = None, run: int | None = None
) -> EpisodeTable:
    """The rows of a state block, with the names ``rows``; see ``EpisodeTable``."""
    return EpisodeTable(folder, f"{STATE}/{block}", ("row", *columns), policy, run)


def scenario_of(folder: Path) -> str:
    """The scenario of the tables in a folder.

    Raises:
        ConfigError: There are none, or they are damaged.
    """
    metadata: dict[bytes, bytes] = _schema(folder / f"{TICKS}.parquet").metadata or {}
    return metadata.get(SCENARIO.encode(), b"").decode()


def _schema(path: Path) -> pa.Schema:
    if not path.exists():
        raise ConfigError(
            f"{path} does not exist; write the tables with `ns3marl run SCENARIO --tables FOLDER`"
        )
    with reading(path):
        return pq.read_schema(path)


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Context in which code reads a table.

    Raises:
        ConfigError: The file is damaged.
    """
    try:
        yield
    except (OSError, pa.ArrowException) as error:
        reason = str(error).splitlines()[0]
        raise ConfigError(
            f"{path} cannot be read: {reason}; a run that is killed leaves its tables without an end: write them again with "
            "`ns3marl run SCENARIO --tables FOLDER`"
        ) from error
