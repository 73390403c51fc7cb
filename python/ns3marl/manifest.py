# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Where a result comes from: versions, seeds, commit, machine. Stands beside every result."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import platform
import subprocess
from importlib import metadata
from pathlib import Path
from typing import Any

from ns3marl.config import Config
from ns3marl.errors import Ns3MarlError
from ns3marl.executables import find_scenario
from ns3marl.types import Hello, Spec


def manifest(config: Config, spec: Spec, hello: Hello) -> dict[str, Any]:
    """Everything needed to say what was run, as plain values for JSON."""
    return {
        "backend": config.scenario.backend,
        "ns3_envs": config.pool.num_envs if config.scenario.backend == "ns3" else config.pool.ns3_envs,
        "scenario": {
            "name": spec.scenario,
            "arguments": list(config.scenario.arguments),
            "spec_hash": spec.hash,
            "ticks": spec.ticks,
            "tick_ns": spec.tick_ns,
            "agents": len(spec.agents),
        },
        "executable": _executable(config),
        "seeds": {"training": config.training.seed, "evaluation": config.evaluation.seed},
        "versions": {
            "ns3marl": _version("ns3marl"),
            "ns3": hello.ns3_version,
            "ns3_build_profile": hello.ns3_build_profile,
            "python": platform.python_version(),
            **{name: _version(name) for name in ("torch", "numpy", "protobuf", "pyzmq")},
        },
        "git_commit": _commit(),
        "platform": {"system": platform.platform(), "machine": platform.machine(), "cpus": os.cpu_count()},
        "started": dt.datetime.now(dt.timezone.utc).isoformat(timespec="seconds"),
    }


def _executable(config: Config) -> str:
    """SHA-256 of the scenario's executable; empty where no simulator is launched on this host."""
    of_ns3 = config.scenario.backend == "ns3" or config.pool.ns3_envs > 0
    if not of_ns3 or not config.pool.spawn or config.pool.runner != "local":
        return ""
    try:
        return hashlib.sha256(find_scenario(config.scenario.name).read_bytes()).hexdigest()
    except (Ns3MarlError, OSError):
        return ""


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"


def _commit() -> str:
    """Commit of the checkout that this package runs from, with ``+changes`` if files differ from it."""
    folder = Path(__file__).resolve().parent

    def git(*arguments: str) -> str | None:
        try:
            done = subprocess.run(
                ["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=True, timeout=10
            )
        except (OSError, subprocess.SubprocessError):
            return None
        return done.stdout.strip()

    if git("ls-files", "--error-unmatch", __file__) is None:
        return "none: not a checkout"
    commit, changes = git("rev-parse", "HEAD"), git("status", "--porcelain", "--untracked-files=no")
    return f"{commit}{'+changes' if changes else ''}"
