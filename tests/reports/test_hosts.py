# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Simulators on other hosts: endpoints, keys and workers that cannot work say which, why, and what to do instead."""

from __future__ import annotations

import math
import resource
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from dialled import WorkerThread

from ns3marl import cli, cores, keys
from ns3marl.cli.main import parser
from ns3marl.config import PoolOptions
from ns3marl.env.pool import Pool
from ns3marl.errors import ConfigError, Lost
from ns3marl.transport import check, listen, to_dial
from ns3marl.worker import serve


def free_endpoint() -> str:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return f"tcp://127.0.0.1:{found.getsockname()[1]}"


@pytest.mark.report("M9")
@pytest.mark.parametrize(
    ("endpoint", "why"),
    [
        ("tcp://127.0.0.1:abc", "Port could not be cast .* expected tcp://ADDRESS:PORT"),
        ("tcp://127.0.0.1:70000", "Port out of range .* a port up to 65535"),
        ("tcp://127.0.0.1", "it names no port; expected tcp://ADDRESS:PORT"),
        ("tcp://[::1", "Invalid IPv6 URL; expected tcp://ADDRESS:PORT"),
        ("tcp://127.0.0.1:5555/x", "it is no address and port alone"),
        ("tcp://", "it is no address and port alone"),
        ("udp://127.0.0.1:5555", "expected ipc://PATH or tcp://127.0.0.1:PORT"),
        ("ipc://", "a socket's path has 1 to 107 bytes"),
        ("ipc://@abstract", "abstract sockets have no owner .* give the path of a file"),
    ],
)
def test_endpoints_that_are_none(endpoint: str, why: str, capsys: pytest.CaptureFixture[str]) -> None:
    for dial in (True, False):
        with pytest.raises(ConfigError, match=why):
            check(endpoint, encrypted=False, dial=dial)
    with pytest.raises(ConfigError, match=why):
        listen(endpoint)
    assert cli.main(["serve", "echo", "--connect", endpoint]) == 2
    assert "ConfigError: endpoint" in capsys.readouterr().err


@pytest.mark.report("M9")
def test_what_is_at_the_path_of_an_endpoint_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for name, why in (
        (".", "is a folder: name a file in it"),
        ("file", "is no socket: remove it, or name another path"),
        ("absent/x", r"there is no folder .*/absent; make it, or name another path"),
    ):
        with pytest.raises(ConfigError, match=why):
            listen(f"ipc://{tmp_path}/{name}")
    with pytest.raises(ConfigError, match="port 0 cannot be dialled"):
        check("tcp://127.0.0.1:0", encrypted=False, dial=True)
    check("tcp://127.0.0.1:0", encrypted=False)
    check(f"ipc://{tmp_path}/absent/x", encrypted=False, dial=True)  # a learner may come and make it


@pytest.mark.report("M9")
def test_an_endpoint_in_use_has_the_remedy_of_its_kind(tmp_path: Path) -> None:
    first = listen(f"ipc://{tmp_path}/s"), listen("tcp://127.0.0.1:0")
    for router, remedy in zip(first, ("or name another path", "or take port 0"), strict=True):
        with pytest.raises(ConfigError, match=f"another learner uses it: stop that one, {remedy}"):
            listen(router.endpoint)
        router.close()
    keys.make(tmp_path / "k")
    with pytest.raises(ConfigError, match="this host has no such address"):
        listen("tcp://192.0.2.1:5555", tmp_path / "k" / "learner")


def test_addresses_are_written_such_that_they_can_be_dialled() -> None:
    router = listen("tcp://127.0.0.1:0")
    router.close()
    check(to_dial(router.endpoint), encrypted=False, dial=True)
    assert to_dial("tcp://0.0.0.0:5555") == "tcp://HOST:5555"


@pytest.mark.report("M28")
def test_one_unreadable_key_is_named_and_shuts_nobody_else_out_silently(tmp_path: Path) -> None:
    keys.make(tmp_path, ["a", "b"])
    simulators = tmp_path / "learner" / "simulators"
    (simulators / "b.key").write_text("no key")
    with pytest.raises(ConfigError, match=r"pool.keys: .*simulators/b.key holds no CURVE keys"):
        listen("tcp://127.0.0.1:0", tmp_path / "learner")
    for path in simulators.iterdir():
        path.unlink()
    with pytest.raises(ConfigError, match=r"simulators holds no \*.key, so no simulator would be let in"):
        listen("tcp://127.0.0.1:0", tmp_path / "learner")
    simulators.rmdir()
    with pytest.raises(
        ConfigError, match=r"simulators of those that are let in cannot be read \(No such file"
    ):
        listen("tcp://127.0.0.1:0", tmp_path / "learner")


@pytest.mark.report("M28")
def test_wrong_keys_say_that_they_are_wrong_on_both_sides(
    tmp_path: Path, scenario_path: Callable[[str], Path]
) -> None:
    keys.make(tmp_path / "keys", ["known", "unknown"])
    keys.make(tmp_path / "others", ["known"])
    (tmp_path / "keys" / "learner" / "simulators" / "unknown.key").unlink()
    learner = tmp_path / "keys" / "learner"
    for own, here, there in (
        (tmp_path / "keys" / "unknown", "a host with the key .* was not let in", "does not let this host in"),
        (
            tmp_path / "others" / "known",
            "expects keys that it knows and that know its own",
            "wants no keys, or others",
        ),
        (None, "expects keys that it knows and that know its own", r"wants keys \(--keys FOLDER\)"),
    ):
        endpoint = free_endpoint()
        worker = WorkerThread(scenario_path("echo"), endpoint, key_folder=own, wait_s=2.0)
        with pytest.raises(Lost, match=here):
            Pool("echo", endpoint=endpoint, spawn=False, key_folder=learner, start_timeout_s=1.0)
        worker.join(10)
        with pytest.raises((ConfigError, Lost), match=there):
            raise worker.error or AssertionError
        worker.leave()


@pytest.mark.report("M34")
def test_secrets_that_others_can_read_are_refused(tmp_path: Path) -> None:
    keys.make(tmp_path, ["a"])
    for path in (tmp_path / "learner" / "learner.key_secret", tmp_path / "a" / "simulator.key_secret"):
        path.chmod(0o640)
        (keys.read_learner if "learner" in path.name else keys.read_simulator)(path.parent)
        path.chmod(0o644)
        with pytest.raises(
            ConfigError, match=f"others on this host may read or change it; run `chmod 600 {path}`"
        ):
            (keys.read_learner if "learner" in path.name else keys.read_simulator)(path.parent)


def test_keys_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match=r"cannot be written .* name a folder where you may write"):
        keys.make(tmp_path / "file")


@pytest.mark.report("M33")
def test_a_worker_serves_what_a_training_wants_by_default() -> None:
    assert parser().parse_args(["serve", "echo", "--connect", "ipc:///x"]).slots is None
    assert cores.usable() + 1 >= PoolOptions().num_envs


@pytest.mark.report("M33")
def test_a_worker_that_met_no_learner_fails(
    tmp_path: Path, scenario_path: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["serve", str(scenario_path("echo")), "--connect", f"ipc://{tmp_path}/s", "--wait"]
    assert cli.main([*words, "0.2"]) == 2
    assert f"Lost: no learner came to ipc://{tmp_path}/s within 0.2 s" in capsys.readouterr().err
    for wait in ("nan", "inf", "-1"):
        with pytest.raises(SystemExit):
            cli.main([*words, wait])
        assert "expected 0 or more seconds" in capsys.readouterr().err
    with pytest.raises(ConfigError, match=r"wait_s is nan, expected 0 \(for ever\) or more seconds"):
        serve(scenario_path("echo"), f"ipc://{tmp_path}/s", wait_s=math.nan)
    stop = threading.Event()
    stop.set()
    serve(scenario_path("echo"), f"ipc://{tmp_path}/s", stop=stop)  # it was told to end: no failure


@pytest.mark.report("M10")
def test_more_slots_than_file_descriptors(tmp_path: Path, scenario_path: Callable[[str], Path]) -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, before[1]))
    try:
        with pytest.raises(
            ConfigError, match=r"worker: 1000 simulators need up to \d+ file descriptors .* lower the number"
        ):
            serve(scenario_path("echo"), f"ipc://{tmp_path}/s", slots=1000)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.mark.report("M35")
def test_a_pulse_that_cannot_be_shown(tmp_path: Path, scenario_path: Callable[[str], Path]) -> None:
    with pytest.raises(ConfigError, match=r"--pulse .*/no/pulse cannot be touched: No such file"):
        serve(
            scenario_path("echo"),
            f"ipc://{tmp_path}/s",
            pulse=tmp_path / "no" / "pulse",
            wait_s=5,
            say=lambda _: None,
        )
