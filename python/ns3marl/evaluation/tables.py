# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Writes episodes as Parquet files, for questions that metrics do not answer.

    FOLDER/ticks.parquet          one row for each boundary: reward of the interval before it, metrics so far
           state/BLOCK.parquet    one row for each boundary and row of a block of the global state
           TABLE.parquet          the scenario's own tables, such as one row for each task

Every row begins with the policy and the ns-3 RngRun of its episode, and belongs to one row group per episode. The columns'
metadata contain units, the file's metadata the scenario's name. Columns and categories follow from the spec, for every scenario.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from ns3marl import files, text
from ns3marl.errors import ConfigError, OutputError, SpecViolation
from ns3marl.types import Batch, Column, Spec

TICKS = "ticks"
STATE = "state"
SCENARIO = "scenario"
"""Metadata of every file: the name of the scenario."""

Array = NDArray[Any]
_REMEDY = "choose another folder with --tables"


class TableWriter:
    """Writes the batches of a pool to files, episode by episode.

    Args:
        folder: Where to write; files of earlier runs are replaced.
        spec: Spec of the environments, with the tables that they send.

    Raises:
        ConfigError: A table of the scenario has the name of the table of ticks, or the folder's name is not UTF-8.
        OutputError: The folder cannot be written; methods raise it when a file cannot be written.
    """

    def __init__(self, folder: Path, spec: Spec) -> None:
        text.checked(folder, "--tables", "name another folder, for Parquet files need that")
        self._spec = spec
        self._folder = folder
        if any(table.name == TICKS for table in spec.tables):
            raise ConfigError(
                f"the scenario's table {TICKS!r} has the name of the table of ticks; rename it in the scenario"
            )
        ticks = [Column("tick", "1", "int64"), Column("sim_time", "s", "float64")]
        columns = {
            TICKS: [
                *ticks,
                *(Column(f"reward_{group.name}", "1", "float64") for group in spec.groups),
                *(Column(metric.name, metric.unit, "float64") for metric in spec.metrics),
            ]
        }
        for block in spec.state:
            features = (Column(feature.name, feature.unit, "float32") for feature in block.features)
            columns[f"{STATE}/{block.name}"] = [*ticks, Column("row", "1", "string"), *features]
        for table in spec.tables:
            columns[table.name] = list(table.columns)
        self._columns = {name: _distinct(name, of) for name, of in columns.items()}
        self._writers: dict[str, pq.ParquetWriter] = {}
        files.make_folder(folder, _REMEDY)

    def __enter__(self) -> TableWriter:
        """The writer itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Closes the files; also writes files without rows, with their columns.

        An earlier error takes precedence over an error of closing.
        """
        with suppress(*([OutputError] if error is not None else [])), ExitStack() as stack:
            for name in self._columns:
                stack.callback(self._close, name)

    def _close(self, name: str) -> None:
        with files.writing(self._path(name), _REMEDY):
            self._writer(name).close()

    def episode(self) -> EpisodeRows:
        """Creates the rows of an episode that begins."""
        return EpisodeRows(self._spec)

    def write(self, policy: str, run: int, rows: EpisodeRows) -> None:
        """Appends an episode.

        Args:
            policy: Name of the policy that chose the actions.
            run: ns-3 RngRun of the episode.
            rows: The rows of the episode.
        """
        for (name, columns), values in zip(self._columns.items(), rows.columns(), strict=True):
            length = len(values[0])
            if length == 0:
                continue
            arrays = [
                pa.DictionaryArray.from_arrays(pa.array(np.zeros(length, np.int32)), [policy]),
                pa.array(np.full(length, run, np.int64)),
                *(
                    _array(column, column_values)
                    for column, column_values in zip(columns, values, strict=True)
                ),
            ]
            with files.writing(self._path(name), _REMEDY, "The episodes before it can be read"):
                self._writer(name).write_table(pa.Table.from_arrays(arrays, schema=self._schema(columns)))

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.parquet"

    def _writer(self, name: str) -> pq.ParquetWriter:
        if name not in self._writers:
            path = self._path(name)
            path.parent.mkdir(parents=True, exist_ok=True)
            self._writers[name] = pq.ParquetWriter(path, self._schema(self._columns[name]))
        return self._writers[name]

    def _schema(self, columns: Sequence[Column]) -> pa.Schema:
        text = pa.dictionary(pa.int32(), pa.string())
        fields = [pa.field("policy", text), pa.field("run", pa.int64())]
        for column in columns:
            kind = text if column.categories or column.type == "string" else pa.type_for_alias(column.type)
            fields.append(pa.field(column.name, kind, metadata={"unit": column.unit}))
        return pa.schema(fields, metadata={SCENARIO: self._spec.scenario})


class EpisodeRows:
    """The rows of one environment since its episode began."""

    def __init__(self, spec: Spec) -> None:
        self._spec = spec
        self._tick: list[int] = []
        self._time_s: list[float] = []
        self._rewards: list[Array] = []
        self._metrics: list[Array] = []
        self._state: list[tuple[Array, ...]] = []
        self._tables: list[Mapping[str, Mapping[str, Array]]] = []

    def add(self, batch: Batch, row: int) -> None:
        """Adds a boundary from a row of a batch; the last one of an episode from ``batch.final``."""
        final = batch.final[row]
        self._tick.append(int(batch.tick[row]) if final is None else final.tick)
        self._time_s.append(1e-9 * (int(batch.sim_time_ns[row]) if final is None else final.sim_time_ns))
        self._rewards.append(np.array([group.rewards[row].mean() for group in batch.groups], np.float64))
        self._metrics.append(batch.metrics[row].copy())
        state = [block[row] for block in batch.state] if final is None else final.state
        self._state.append(tuple(np.array(block) for block in state))
        self._tables.append(batch.tables[row] if batch.tables else {})

    def begin(self, batch: Batch, row: int) -> None:
        """Adds tick 0 from the batch that also contains the end of the previous episode: no reward, no metrics yet."""
        self._tick.append(int(batch.tick[row]))
        self._time_s.append(1e-9 * int(batch.sim_time_ns[row]))
        self._rewards.append(np.zeros(len(batch.groups)))
        self._metrics.append(np.full(len(self._spec.metrics), np.nan))
        self._state.append(tuple(np.array(block[row]) for block in batch.state))
        self._tables.append({})

    def columns(self) -> list[list[Sequence[str] | Array]]:
        """The rows as columns: of the ticks, of each state block, of each table of the scenario."""
        ticks: list[Array] = [np.array(self._tick, np.int64), np.array(self._time_s)]
        files: list[list[Sequence[str] | Array]] = [
            [*ticks, *np.array(self._rewards).T, *np.array(self._metrics).T]
        ]
        for b, block in enumerate(self._spec.state):
            repeated = [np.repeat(column, len(block.rows)) for column in ticks]
            values = np.concatenate([state[b] for state in self._state])
            files.append([*repeated, list(block.rows) * len(self._tick), *values.T])
        for table in self._spec.tables:
            parts = [tables[table.name] for tables in self._tables if table.name in tables]
            files.append(
                [
                    np.concatenate([np.zeros(0, column.type), *(part[column.name] for part in parts)])
                    for column in table.columns
                ]
            )
        return files


class Recorder:
    """Collects the rows of a pool's environments and passes each counted episode to a writer.

    Args:
        writer: Writes the episodes.
        policy: Name of the policy that chooses the actions.
        batch: The first batch, of E environments at tick 0.
    """

    def __init__(self, writer: TableWriter, policy: str, batch: Batch) -> None:
        self._writer = writer
        self._policy = policy
        self._rows = [writer.episode() for _ in batch.env_id]
        for row, rows in enumerate(self._rows):
            rows.add(batch, row)

    def add(self, batch: Batch, counted: Sequence[bool]) -> None:
        """Adds a step of all environments; writes episodes that end in ``counted`` environments."""
        for row, final in enumerate(batch.final):
            self._rows[row].add(batch, row)
            if final is None:
                continue
            if counted[row]:
                self._writer.write(self._policy, final.run, self._rows[row])
            self._rows[row] = self._writer.episode()
            self._rows[row].begin(batch, row)


def _distinct(file: str, columns: Sequence[Column]) -> list[Column]:
    """The columns; a name that is taken gets the file's name as a prefix."""
    taken, distinct = {"policy", "run"}, []
    for column in columns:
        name = f"{file}.{column.name}" if column.name in taken else column.name
        taken.add(name)
        distinct.append(replace(column, name=name))
    return distinct


def _array(column: Column, values: Sequence[str] | Array) -> pa.Array:
    if column.categories:
        codes = np.asarray(values)
        if codes.min() < 0 or codes.max() >= len(column.categories):
            raise SpecViolation(
                f"column {column.name!r}: a value lies in {codes.min()} to {codes.max()}, but names stand only for 0 to "
                f"{len(column.categories) - 1}; mend the scenario's table"
            )
        return pa.DictionaryArray.from_arrays(pa.array(codes, pa.int32()), list(column.categories))
    if column.type == "string":
        return pa.array(values, pa.string()).dictionary_encode()
    return pa.array(values, pa.type_for_alias(column.type))
