# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Simulators on a Ray cluster: Ray assigns their workers to hosts, and restarts them when a host is lost.

The learner stays on its host, and simulators connect over TCP with keys made for this pool. The scenario must be built on every host, in a
folder that ``NS3MARL_SCENARIO_PATH`` names there.
"""

from __future__ import annotations

import socket
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ns3marl import keys
from ns3marl.errors import ConfigError
from ns3marl.worker import serve

#: A worker ends this long after its learner [s].
_WAIT_S = 60.0


@contextmanager
def workers(scenario: str, num_envs: int, spares: int) -> Iterator[tuple[str, Path]]:
    """Starts workers on a Ray cluster; they outlive the context, and end with the pool.

    Args:
        scenario: The scenario that they serve.
        num_envs: Number of workers, each of which needs a core.
        spares: Number of additional workers, if there are cores.

    Yields:
        The endpoint for the pool, and the folder of its keys, which is needed until the pool listens.

    Raises:
        ConfigError: Ray is not installed, or its cluster has fewer cores than environments.
    """
    ray = connected()
    cores = int(ray.cluster_resources().get("CPU", 0))
    if cores < num_envs:
        raise ConfigError(
            f"pool.runner is 'ray', whose cluster has {cores} cores for {num_envs} environments: add hosts, or lower "
            "pool.num_envs"
        )
    host = ray.util.get_node_ip_address()
    endpoint = f"tcp://{host}:{_free_port(host)}"
    with tempfile.TemporaryDirectory() as folder:
        keys.make(Path(folder), ["ray"])
        files = {path.name: path.read_text() for path in (Path(folder) / "ray").iterdir()}
        task = ray.remote(num_cpus=1, max_retries=-1)(_serve)
        for _ in range(min(num_envs + spares, cores)):
            task.remote(scenario, endpoint, files)
        yield endpoint, Path(folder) / "learner"


def _serve(scenario: str, endpoint: str, key_files: Mapping[str, str]) -> None:
    """Runs on a host of the cluster."""
    with tempfile.TemporaryDirectory() as folder:  # mode 0700
        for name, text in key_files.items():
            path = Path(folder) / name
            path.touch(mode=0o600)
            path.write_text(text)
        serve(scenario, endpoint, slots=1, key_folder=Path(folder), wait_s=_WAIT_S)


def connected() -> Any:
    """The module ``ray``, connected to a cluster.

    Raises:
        ConfigError: Ray is not installed.
    """
    try:
        import ray  # noqa: PLC0415 - an extra
    except ImportError:
        raise ConfigError("the runner is 'ray', which is not installed: pip install 'ns3marl[ray]'") from None
    if not ray.is_initialized():  # RAY_ADDRESS names a cluster; without it Ray starts one on this host
        ray.init(include_dashboard=False, log_to_driver=False, configure_logging=False)
    return ray


def _free_port(host: str) -> int:
    with socket.socket() as found:
        found.bind((host, 0))
        port: int = found.getsockname()[1]
        return port
