# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""CURVE keys: which simulators and which learner know each other over TCP.

    FOLDER/learner/learner.key_secret      goes to the learner's host
                   simulators/NAME.key     who may dial in
           NAME/simulator.key_secret       goes to a host of simulators
                learner.key                whom they trust

Files have the format of ZeroMQ certificates (``zmq.auth``). A simulator is let in as long as its ``NAME.key`` lies with the learner.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import zmq

from ns3marl.errors import ConfigError

_KEY = re.compile(r'^\s*(public|secret)-key\s*=\s*"([!-~]{40})"\s*$', re.MULTILINE)
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")


@dataclass(frozen=True)
class LearnerKeys:
    """What the learner's socket needs."""

    public: bytes
    secret: bytes
    simulators: Path  #: folder of the public keys that are let in
    allowed: frozenset[bytes]  #: those keys


@dataclass(frozen=True)
class SimulatorKeys:
    """What a simulator's socket needs."""

    public: bytes
    secret: bytes
    learner: bytes  #: the learner's public key


def make(folder: Path, names: Sequence[str] = ("simulator",)) -> None:
    """Makes keys for a learner and for hosts of simulators; a folder that has a learner's keys gets more simulators.

    Args:
        folder: Where to write, see above. Secrets can be read by their owner alone.
        names: Of the simulators' keys, one per host.

    Raises:
        ConfigError: A name is no plain file name, is ``learner``, or has keys already; or the folder cannot be written.
    """
    for name in names:
        if not _NAME.fullmatch(name) or name == "learner":
            raise ConfigError(
                f"keys: {name!r} is no name for simulators; take letters, digits, dots and dashes"
            )
        if (folder / name).exists():
            raise ConfigError(
                f"keys: {folder / name} exists already; choose another name, or remove it first"
            )
    learner = folder / "learner"
    if not learner.exists():
        public, secret = zmq.curve_keypair()
        _write(learner / "learner.key_secret", public, secret)
    trusted, _ = _read(learner / "learner.key_secret", "keys")
    for name in names:
        public, secret = zmq.curve_keypair()
        _write(folder / name / "simulator.key_secret", public, secret)
        _write(folder / name / "learner.key", trusted)
        _write(learner / "simulators" / f"{name}.key", public)


def read_learner(folder: Path, *, of: str = "pool.keys") -> LearnerKeys:
    """Reads the keys of a learner's host, and those that are let in.

    Raises:
        ConfigError: The folder does not hold them, one of them cannot be read, or others on the host can read the secret.
    """
    public, secret = _read(folder / "learner.key_secret", of)
    simulators = folder / "simulators"
    try:
        files = sorted(path for path in simulators.iterdir() if path.suffix == ".key")
    except OSError as error:
        raise ConfigError(
            f"{of}: the folder {simulators} of those that are let in cannot be read ({error.strerror}); it belongs beside "
            "learner.key_secret, as `ns3marl keys FOLDER` makes it"
        ) from None
    if not files:
        raise ConfigError(
            f"{of}: {simulators} holds no *.key, so no simulator would be let in; make keys for one with `ns3marl keys FOLDER NAME`"
        )
    return LearnerKeys(public, secret, simulators, frozenset(_read(path, of)[0] for path in files))


def read_simulator(folder: Path) -> SimulatorKeys:
    """Reads the keys of a host of simulators.

    Raises:
        ConfigError: The folder does not hold them, or others on the host can read the secret.
    """
    public, secret = _read(folder / "simulator.key_secret", "--keys")
    return SimulatorKeys(public, secret, _read(folder / "learner.key", "--keys")[0])


def _write(path: Path, public: bytes, secret: bytes | None = None) -> None:
    lines = ["metadata", "curve", f'    public-key = "{public.decode()}"']
    if secret is not None:
        lines.append(f'    secret-key = "{secret.decode()}"')
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write("\n".join(lines) + "\n")
    except OSError as error:
        raise ConfigError(
            f"keys: {path} cannot be written ({error.strerror}); name a folder where you may write"
        ) from None


def _read(path: Path, of: str) -> tuple[bytes, bytes]:
    is_secret = path.suffix == ".key_secret"
    try:
        keys = dict(_KEY.findall(path.read_text(encoding="ascii")))
        if is_secret and path.stat().st_mode & stat.S_IRWXO:
            raise ConfigError(
                f"{of}: {path} holds a secret and others on this host may read or change it; run `chmod 600 {path}`, or make "
                "new keys if somebody may have read it"
            )
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"{of}: {path} cannot be read ({error}); make keys with `ns3marl keys FOLDER` and give the folder "
            "of this host"
        ) from None
    if "public" not in keys or (is_secret and "secret" not in keys):
        raise ConfigError(f"{of}: {path} holds no CURVE keys; make new ones with `ns3marl keys FOLDER`")
    return keys["public"].encode(), keys.get("secret", "").encode()
