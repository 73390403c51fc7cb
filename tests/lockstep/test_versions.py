# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Peers of another protocol version are refused, and a fault says at which exchange it happened. Seen frame by frame."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import zmq
from conformance import golden
from support import default_actions

from ns3marl.env.pool import Pool
from ns3marl.errors import Lost
from ns3marl.protocol import codec
from ns3marl.types import Hello, Spec

VERSION_1 = golden.FOLDER / "version-1"


class Learner:
    """A learner of one simulator, that sends the frames it is told."""

    def __init__(self, router: zmq.Socket[bytes]) -> None:
        self._router = router
        self._identity = b""

    def recv(self, spec: Spec | None = None) -> codec.ToLearner:
        """The next message."""
        self._identity, frame = self._router.recv_multipart()
        return codec.decode(frame, spec)

    def send(self, frame: bytes) -> None:
        """Sends a frame."""
        self._router.send_multipart([self._identity, frame])


@contextmanager
def learner_of(executable: Path, folder: Path) -> Iterator[Learner]:
    """A simulator process and its learner."""
    endpoint = f"ipc://{folder}/s"
    with zmq.Context() as context, context.socket(zmq.ROUTER) as router:
        router.setsockopt(zmq.LINGER, 0)
        router.setsockopt(zmq.RCVTIMEO, 20_000)
        router.bind(endpoint)
        process = subprocess.Popen(
            [executable, f"--connect={endpoint}", "--identity=one"], stderr=subprocess.DEVNULL
        )
        try:
            yield Learner(router)
            assert process.wait(20) == 1
        finally:
            process.kill()
            process.wait()


@pytest.mark.parametrize("name", ["describe", "begin"])
def test_a_simulator_refuses_a_learner_of_version_1(
    scenario_path: Callable[[str], Path], tmp_path: Path, name: str
) -> None:
    with learner_of(scenario_path("echo"), tmp_path) as learner:
        hello = learner.recv()
        assert isinstance(hello, Hello)
        assert (hello.protocol_major, hello.protocol_minor) == (2, 0)
        learner.send((VERSION_1 / f"{name}.bin").read_bytes())
        assert learner.recv() == codec.Fault(
            "VERSION",
            0,
            "the learner speaks protocol version 1, this simulator speaks 2; use one release of ns3marl on both sides and "
            "rebuild the scenarios with `ns3marl build`",
        )


def test_a_learner_refuses_a_worker_of_version_1(tmp_path: Path) -> None:
    endpoint = f"ipc://{tmp_path}/s"
    refusal = "the worker speaks protocol version 1, this learner speaks 2; install the same version of ns3marl on both"
    with zmq.Context() as context, context.socket(zmq.DEALER) as worker:
        worker.setsockopt(zmq.LINGER, 0)
        worker.setsockopt_string(zmq.IDENTITY, "old")
        worker.connect(endpoint)
        worker.send((VERSION_1 / "worker.bin").read_bytes())
        with pytest.raises(Lost, match=refusal):
            Pool("golden", spawn=False, endpoint=endpoint, start_timeout_s=1.0)
        assert worker.poll(1000)
        assert codec.decode_for_worker(worker.recv()) == codec.End(refusal)


@pytest.mark.parametrize("failure", ["throw", "bounds"])
def test_a_fault_says_which_exchange_was_to_come(
    scenario_path: Callable[[str], Path], tmp_path: Path, failure: str
) -> None:
    arguments = (f"--failure={failure}", "--failureTick=3")
    with learner_of(scenario_path("echo"), tmp_path) as learner:
        learner.recv()
        learner.send(codec.encode_describe(arguments))
        spec = learner.recv()
        assert isinstance(spec, Spec)
        learner.send(codec.encode_begin(arguments, 1, 1))
        seen = learner.recv(spec)
        for tick in range(3):
            observation = seen.observation if isinstance(seen, codec.Ready) else seen
            assert isinstance(observation, codec.Observation)
            assert observation.tick == tick
            learner.send(codec.encode_action(tick, default_actions(spec, 1), 0))
            seen = learner.recv(spec)
        assert isinstance(seen, codec.Fault)
        assert seen.tick == 3
