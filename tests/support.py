# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""What tests of the wire share."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import numpy as np

from ns3marl.types import Actions, Batch, Spec

_SCRIPT = """#!{python}
import sys
sys.path[:0] = {path!r}
from scripted_peer import serve
serve(sys.argv[1:], {behaviour!r})
"""


def right_actions(batch: Batch) -> list[Actions]:
    """What `echo` pays for: the wanted choice and level, on the first heads."""
    return [
        Actions(group.observations[..., 0:1].astype(np.int32), group.observations[..., 1:2])
        for group in batch.groups
    ]


def default_actions(spec: Spec, envs: int) -> list[Actions]:
    """The spec's default actions."""
    return [
        Actions(
            np.tile(group.default_discrete, (envs, len(group.agents), 1)),
            np.tile(group.default_continuous, (envs, len(group.agents), 1)),
        )
        for group in spec.groups
    ]


def scripted_executable(folder: Path, behaviour: str) -> Path:
    """An executable that speaks the wire in Python and misbehaves as told."""
    script = folder / f"peer-{behaviour}"
    script.write_text(
        _SCRIPT.format(python=sys.executable, path=[str(Path(__file__).parent)], behaviour=behaviour)
    )
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    return script


def is_running(pid: int) -> bool:
    """Whether a process runs; zombies do not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def children(pid: int) -> list[int]:
    """The running children of a process."""
    found = []
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            try:
                fields = Path(entry.path, "stat").read_text().rsplit(")", 1)[1].split()
            except (FileNotFoundError, ProcessLookupError):
                continue
            if int(fields[1]) == pid and fields[0] != "Z":
                found.append(int(entry.name))
    return found
