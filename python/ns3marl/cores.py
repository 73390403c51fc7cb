# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""How many cores this process may use: those that the scheduler gives it, and what a container's quota leaves of them."""

from __future__ import annotations

import math
import os
from pathlib import Path, PurePosixPath

_MOUNT = Path("/sys/fs/cgroup")
_MEMBERSHIP = Path("/proc/self/cgroup")


def usable() -> int:
    """Cores, at least 1: the affinity of this process, or less where a cgroup has a CPU quota (rounded up).

    From Python 3.13 on ``PYTHON_CPU_COUNT`` and ``-X cpu_count`` come first.
    """
    # Before Python 3.13 there is no os.process_cpu_count, which also knows what the user set.
    count = getattr(os, "process_cpu_count", lambda: len(os.sched_getaffinity(0)))() or 1
    return max(1, math.ceil(min(count, quota())))


def quota(mount: Path = _MOUNT, membership: Path = _MEMBERSHIP) -> float:
    """The tightest CPU quota of the cgroups that this process is in.

    Args:
        mount: Where the file systems of cgroups are.
        membership: The file that says which groups those are (cgroups(7)).

    Returns:
        Cores; infinite where there is no quota, or none that can be read.
    """
    try:
        lines = membership.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return math.inf
    quotas = [math.inf]
    for line in lines:
        _, controllers, group = line.split(":", 2)
        # In a container the path may be that of the host, which is not mounted here: then only the top counts.
        folders = [PurePosixPath(group), *PurePosixPath(group).parents]
        for folder in (str(folder).lstrip("/") for folder in folders):
            if not controllers:  # version 2
                quotas.append(_ratio(_words(mount / folder / "cpu.max")))
            elif "cpu" in controllers.split(","):
                top = mount / controllers if (mount / controllers).is_dir() else mount / "cpu"
                quotas.append(
                    _ratio(
                        _words(top / folder / "cpu.cfs_quota_us") + _words(top / folder / "cpu.cfs_period_us")
                    )
                )
    return min(quotas)


def _words(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="ascii").split()
    except (OSError, UnicodeDecodeError):
        return []


def _ratio(words: list[str]) -> float:
    """Time per period; "max" or -1 as time is no quota."""
    try:
        time_us, period_us = map(int, words)
    except ValueError:
        return math.inf
    return time_us / period_us if time_us > 0 and period_us > 0 else math.inf
