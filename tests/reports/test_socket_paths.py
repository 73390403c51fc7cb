# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""A long ``TMPDIR``, as batch systems and macOS-like layouts have: a socket's path holds 107 bytes."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from ns3marl.env.pool import Pool
from ns3marl.errors import ConfigError


@pytest.mark.report("P11")
def test_long_tmpdir(
    tmp_path: Path, scenario_path: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / ("x" * 100)
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    with Pool(scenario_path("echo"), arguments=("--ticks=3",)) as pool:
        pool.reset()
        socket_folder = Path(pool.endpoint.removeprefix("ipc://")).parent
        assert len(pool.endpoint.removeprefix("ipc://")) <= 107
    assert not socket_folder.exists()
    assert list(folder.iterdir()) == []


@pytest.mark.report("P11")
def test_long_endpoint(tmp_path: Path, scenario_path: Callable[[str], Path]) -> None:
    with pytest.raises(ConfigError, match="a socket's path has 1 to 107 bytes"):
        Pool(scenario_path("echo"), endpoint=f"ipc://{tmp_path}/{'x' * 100}")
