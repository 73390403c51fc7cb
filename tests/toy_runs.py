# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Short trainings on the toy game, and disks without room, for tests of run folders."""

from __future__ import annotations

import io
import os
import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

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
    """A folder in which this process may write nothing: root, whom modes do not stop, becomes somebody else meanwhile."""
    modes = {path: path.stat().st_mode for path in (folder, *folder.rglob("*"))}
    for path in modes:
        path.chmod(0o555 if path.is_dir() else 0o444)
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)
        for path, mode in modes.items():
            if path.exists():
                path.chmod(mode)
