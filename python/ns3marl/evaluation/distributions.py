# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Distribution of the values of a column for every policy of an evaluation, from its tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ns3marl.evaluation.episode_table import reading
from ns3marl.home import Distribution

_POINTS = np.linspace(0, 1, 101)


def distributions(
    folder: Path, wanted: Sequence[Distribution], policies: Mapping[str, Sequence[str]]
) -> list[dict[str, Any]]:
    """The quantiles of each distribution, as plain values for ``results.json``.

    Args:
        folder: Folder of tables that ``ns3marl.evaluation.tables`` wrote.
        wanted: Distributions that the scenario declares; those without a file in the folder are skipped.
        policies: Names of a policy's runs in the tables, by the policy's name in the results.

    Returns:
        For each distribution ``title``, ``unit`` and, by policy, ``quantiles`` at 0, 1, ... 100 %; without policies that have no value.

    Raises:
        ConfigError: A table is damaged.
    """
    found = []
    for one in wanted:
        path = folder / f"{one.table}.parquet"
        needed = list(dict.fromkeys(["policy", one.column, *([one.where[0]] if one.where else [])]))
        if not path.exists():
            continue
        with reading(path):
            schema = pq.read_schema(path)
            if not {*needed} <= {*schema.names} or not _is_number(schema.field(one.column).type):
                continue
            rows = pq.read_table(path, columns=needed)
        if one.where is not None:
            rows = rows.filter(pc.equal(pc.cast(rows[one.where[0]], "string"), one.where[1]))
        names = pc.cast(rows["policy"], "string").to_numpy(zero_copy_only=False)
        values = rows[one.column].to_numpy(zero_copy_only=False).astype(np.float64)
        quantiles = {}
        for policy, runs in policies.items():
            own = values[np.isin(names, list(runs)) & np.isfinite(values)]
            if len(own):
                quantiles[policy] = np.quantile(own, _POINTS).tolist()
        unit = (schema.field(one.column).metadata or {}).get(b"unit", b"1").decode()
        found.append({"title": one.title, "unit": unit, "quantiles": quantiles})
    return found


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_floating(kind) or pa.types.is_integer(kind))
