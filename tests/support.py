# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""What tests of the wire share."""

from __future__ import annotations

import hashlib
import os
import stat
import sys
from collections import defaultdict
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np

from ns3marl.env.pool import Pool
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
    return _state_and_parent(pid)[0] not in {"", "Z"}


def children(pid: int) -> list[int]:
    """The running children of a process, but for the one that multiprocessing starts once and keeps."""
    return [
        child
        for child in (int(entry.name) for entry in os.scandir("/proc") if entry.name.isdigit())
        if parent(child) == pid
        and is_running(child)
        and b"multiprocessing.resource_tracker" not in _of_process(child, "cmdline")
    ]


def parent(pid: int) -> int:
    """The process that launched another, or 0 if there is no such process."""
    return _state_and_parent(pid)[1]


def _state_and_parent(pid: int) -> tuple[str, int]:
    text = _of_process(pid, "stat").decode(errors="replace")
    fields = text.rpartition(")")[2].split()  # a program's name may contain anything
    return (fields[0], int(fields[1])) if fields else ("", 0)


def _of_process(pid: int, name: str) -> bytes:
    """What the kernel tells of a process; nothing if it ends before or while it is read."""
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""


def transcript(
    scenario: Path,
    arguments: tuple[str, ...],
    runs: range,
    each_tick: Callable[[int], None] = lambda _: None,
    losses: list[int] | None = None,
    **options: Any,
) -> dict[int, str]:
    """Digest of every frame of each of these episodes, under actions that follow from the observations.

    Before each tick ``each_tick`` is called with its number; to ``losses`` the simulators lost are added.
    """
    frames: dict[int, list[bytes]] = defaultdict(list)
    with Pool(
        scenario, arguments=arguments, on_frame=lambda _, run, frame: frames[run].append(frame), **options
    ) as pool:
        batch = pool.reset()
        ended = 0
        for tick in count():
            if ended >= len(runs):
                break
            each_tick(tick)
            batch = pool.step(_actions(pool, batch.groups[0].observations, batch.groups[0].masks))
            ended += sum(final is not None for final in batch.final)
        if losses is not None:
            losses.append(pool.timing.losses)
    return {run: hashlib.sha256(b"".join(frames[run])).hexdigest() for run in runs}


def _actions(pool: Pool, observations: np.ndarray, masks: np.ndarray) -> list[Actions]:
    """Random-looking actions that are a function of the observation alone, so that transcripts can be compared."""
    (group,) = pool.spec.groups
    actions = default_actions(pool.spec, len(observations))
    for env in range(len(observations)):
        random = np.random.default_rng(
            int.from_bytes(hashlib.sha256(observations[env].tobytes()).digest()[:8], "little")
        )
        for agent in range(len(group.agents)):
            for head in range(len(group.discrete_heads)):
                allowed = np.flatnonzero(
                    masks[env, agent, group.mask_offsets[head] : group.mask_offsets[head + 1]]
                )
                actions[0].discrete[env, agent, head] = random.choice(allowed)
            for index, continuous in enumerate(group.continuous_heads):
                actions[0].continuous[env, agent, index] = random.uniform(continuous.low, continuous.high)
    return actions


def run_episode(pool: Pool) -> int:
    """Plays from a reset until an episode of environment 0 ends; the pid of its simulator."""
    batch = pool.reset()
    pid = pool.pids[0]
    while batch.final[0] is None:
        batch = pool.step(right_actions(batch))
    return pid
