# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""In a container with a CPU quota, jobs follow the quota and not the host's cores."""

from __future__ import annotations

import math
import os
from pathlib import Path

import pytest

from ns3marl import cores


def quota(tmp_path: Path, membership: str, **files: str) -> float:
    tmp_path.mkdir()
    (tmp_path / "membership").write_text(membership)
    for name, text in files.items():
        path = tmp_path / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return cores.quota(tmp_path, tmp_path / "membership")


@pytest.mark.report("P19")
def test_quotas_of_both_versions_of_cgroups(tmp_path: Path) -> None:
    v2 = {"cpu_dot_max": "250000 100000\n"}
    assert quota(tmp_path / "a", "0::/\n", **v2) == 2.5
    assert quota(tmp_path / "b", "0::/../outer\n", **v2) == 2.5  # as it is seen from within
    assert quota(tmp_path / "c", "0::/outer/inner\n", **v2, outer__cpu_dot_max="50000 100000") == 0.5
    assert quota(tmp_path / "d", "0::/\n", cpu_dot_max="max 100000\n") == math.inf
    v1 = {"cpu__cpu_dot_cfs_quota_us": "150000\n", "cpu__cpu_dot_cfs_period_us": "100000\n"}
    assert quota(tmp_path / "e", "3:cpu,cpuacct:/docker/1\n2:memory:/\n", **v1) == 1.5
    assert (
        quota(
            tmp_path / "f", "3:cpu:/\n", cpu__cpu_dot_cfs_quota_us="-1", cpu__cpu_dot_cfs_period_us="100000"
        )
        == math.inf
    )
    assert quota(tmp_path / "g", "") == math.inf
    assert cores.quota(tmp_path / "none", tmp_path / "none") == math.inf


@pytest.mark.report("P19")
def test_what_may_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "process_cpu_count", lambda: 64, raising=False)
    for limit, expected in ((math.inf, 64), (2.0, 2), (1.5, 2), (0.1, 1), (100.0, 64)):
        monkeypatch.setattr(cores, "quota", lambda limit=limit: limit)
        assert cores.usable() == expected
