# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Short trainings on the toy game, and disks without room, for tests of run folders."""

from __future__ import annotations

import errno
import io
import os
import resource
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from toy_game import ToyPool

from ns3marl.config import Config, load
from ns3marl.training.run import train

SETTINGS = (
    "pool.num_envs=2",
    "training.algorithm=ippo",
    "ippo.rollout_ticks=10",
    "training.ticks=60",  # 3 updates
    "training.checkpoint_every=1",
    "training.tensorboard=false",
    "evaluation.episodes=2",
    "evaluation.bootstrap=50",
)


def config(*settings: str) -> Config:
    """A configuration of three updates, with changes."""
    return load(None, [*SETTINGS, *settings])


def toy_pool(options: Config, seed: int, num_envs: int, first_run: int) -> ToyPool:
    """Opens the game, as ``train`` asks for it."""
    del options
    return ToyPool(num_envs=num_envs, seed=seed, first_run=first_run, ticks=10)


def quiet() -> Console:
    """A console that nobody sees."""
    return Console(file=io.StringIO())


def run(folder: Path, *settings: str, resume: bool = False, console: Console | None = None) -> Path:
    """Trains."""
    return train(config(*settings), folder, resume=resume, console=console or quiet(), make_pool=toy_pool)


def contents(folder: Path) -> dict[str, bytes]:
    """All files of a folder, by path in it."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@contextmanager
def files_of_at_most(size_bytes: int) -> Iterator[None]:
    """As on a disk with so much room: no file grows beyond it."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """A folder in which nothing can be written, for root too, whom modes do not stop."""

    def refused(path: object, writes: bool) -> None:
        inside = isinstance(path, str | os.PathLike) and folder in Path(path).absolute().parents
        if writes and inside:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    def opened(path: Any, mode: str = "r", *arguments: Any, **options: Any) -> Any:
        refused(path, not set(mode).isdisjoint("wax+"))
        return whole_open(path, mode, *arguments, **options)

    def opened_low(path: Any, flags: int, *arguments: Any, **options: Any) -> int:
        refused(Path(path) / "it" if flags & os.O_DIRECTORY else path, bool(flags & _WRITES))
        return low_open(path, flags, *arguments, **options)

    def made(path: Any, *arguments: Any, **options: Any) -> None:
        refused(path, not Path(path).exists())
        whole_mkdir(path, *arguments, **options)

    whole_open, low_open, whole_mkdir = Path.open, os.open, os.mkdir
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "open", opened)
        patch.setattr(os, "open", opened_low)
        patch.setattr(os, "mkdir", made)
        yield


_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT


def make(
    *,
    arguments: Sequence[str],
    num_envs: int,
    seed: int,
    first_run: int,
    device: str,
    calibration: Path | None,
    resumable: bool,
) -> ToyPool:
    """The backend ``toy_runs:make``, for the command line."""
    del arguments, device, calibration, resumable
    return ToyPool(num_envs=num_envs, seed=seed, first_run=first_run, ticks=10)


#: ``--set`` for the command line, to train on the game.
COMMAND = [
    word
    for setting in (*SETTINGS, "scenario.name=toy", "scenario.backend=toy_runs:make")
    for word in ("--set", setting)
]
