# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Key files: what lies where, who may read them, and what is refused."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
import zmq.auth

from ns3marl import keys
from ns3marl.cli import main
from ns3marl.errors import ConfigError
from ns3marl.transport import listen


def test_each_host_gets_what_it_needs(tmp_path: Path) -> None:
    keys.make(tmp_path, ["a", "b"])
    learner = keys.read_learner(tmp_path / "learner")
    a, b = (keys.read_simulator(tmp_path / name) for name in ("a", "b"))
    assert len({learner.public, learner.secret, a.public, a.secret, b.public, b.secret}) == 6
    assert a.learner == b.learner == learner.public
    assert zmq.auth.load_certificates(learner.simulators) == {a.public: True, b.public: True}
    assert zmq.curve_public(a.secret) == a.public
    for path in tmp_path.rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600)


def test_more_hosts_later(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["keys", str(tmp_path / "k")]) == 0
    before = keys.read_learner(tmp_path / "k" / "learner")
    assert main(["keys", str(tmp_path / "k"), "late"]) == 0
    after = keys.read_learner(tmp_path / "k" / "learner")
    assert (after.public, after.secret) == (before.public, before.secret)
    assert len(after.allowed - before.allowed) == 1
    assert keys.read_simulator(tmp_path / "k" / "late").learner == before.public
    assert f"simulator: {tmp_path}/k/late, for `ns3marl serve --keys`" in capsys.readouterr().out
    assert main(["keys", str(tmp_path / "k"), "late"]) == 2
    assert "exists already; choose another name" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["learner", "../x", "", ".hidden", "a/b"])
def test_names_that_are_none(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match="is no name for simulators"):
        keys.make(tmp_path / "k", [name])
    assert not (tmp_path / "k").exists()


def test_files_that_hold_no_keys(tmp_path: Path) -> None:
    keys.make(tmp_path, ["a"])
    (tmp_path / "a" / "simulator.key_secret").write_text('curve\n  public-key = "short"\n')
    with pytest.raises(ConfigError, match="holds no CURVE keys; make new ones with `ns3marl keys FOLDER`"):
        keys.read_simulator(tmp_path / "a")
    with pytest.raises(ConfigError, match=r"learner.key_secret cannot be read"):
        keys.read_learner(tmp_path / "a")


def test_addresses_that_others_can_reach_need_keys(tmp_path: Path) -> None:
    keys.make(tmp_path)
    for endpoint in ("tcp://0.0.0.0:0", "tcp://*:0", "tcp://192.0.2.1:5555", "tcp://[::]:0"):
        with pytest.raises(ConfigError, match=r"needs CURVE keys: make them with `ns3marl keys FOLDER`"):
            listen(endpoint)
    router = listen("tcp://0.0.0.0:0", tmp_path / "learner")
    router.close()
    assert main(["serve", "echo", "--connect", "tcp://192.0.2.1:5555"]) == 2
