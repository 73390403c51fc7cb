# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The server over its socket: who may ask, what is answered, and that it ends."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import toy_view

from ns3marl.errors import LaunchError
from ns3marl.view.episode import Episode
from ns3marl.view.player import Player, Recording, play
from ns3marl.view.server import Server
from ns3marl.view.session import Session
from ns3marl.view.training import TrainingLog


class Running:
    """A server in a thread of its own, and a client."""

    def __init__(self, session: Session) -> None:
        self.server = Server(session)
        self.port = int(self.server.address.split(":")[2].split("/")[0])
        self.thread = threading.Thread(target=self.server.serve)
        self.thread.start()
        deadline = time.monotonic() + 60
        while not self.server.is_serving:
            assert time.monotonic() < deadline
            time.sleep(0.01)

    def ask(
        self,
        path: str,
        method: str = "GET",
        body: str | None = None,
        token: str | None = None,
        **headers: str,
    ) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body of an answer."""
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            where = f"/{self.server.token if token is None else token}/{path}"
            client.request(method, where, body, headers)
            answer = client.getresponse()
            return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
        finally:
            client.close()

    def events(self, count: int) -> list[dict[str, Any]]:
        """The first events of a stream."""
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            client.request("GET", f"/{self.server.token}/events")
            answer = client.getresponse()
            found: list[dict[str, Any]] = []
            while len(found) < count:
                line = answer.readline().decode()
                assert line, "the stream has ended"
                if line.startswith("data: "):
                    found.append(json.loads(line[6:]))
            return found
        finally:
            client.close()

    def end(self) -> None:
        """Ends the server."""
        self.server.stop()
        self.thread.join(60)
        assert not self.thread.is_alive()


@pytest.fixture
def recording() -> Episode:
    episode = Episode()
    toy_view.gate.set()
    play(toy_view.config(), "random", 1, 1, episode)
    return episode


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    (tmp_path / "metrics.jsonl").write_text('{"update": 1, "ticks": 10}\n{"update": 2, "ticks": 20}\n')
    player = Player(toy_view.config(), "random")
    of = Running(Session("toy <game>", [player], 5, 6, TrainingLog(tmp_path)))
    yield of
    of.end()
    assert toy_view.opened == []


def test_only_this_host_with_the_token_is_answered(running: Running) -> None:
    assert running.server.address.startswith("http://127.0.0.1:")
    assert len(running.server.token) >= 32
    for token in ("", "x", running.server.token[:-1], running.server.token + "x", "%C3%A9"):
        for path in ("", "events", "frames/0", "static/app.js"):
            status, headers, body = running.ask(path, token=token)
            assert status == 404
            assert (
                body
                == b"No such page: open the address that `ns3marl view` printed, with all of its token.\n"
            )
            assert "content-security-policy" not in headers
    assert running.ask("", Host="example.test")[0] == 400
    assert running.ask("", Host=f"localhost:{running.port}")[0] == 200
    assert running.server._socket.getsockname()[0] == "127.0.0.1"


def test_tokens_differ() -> None:
    servers = [Server(Session("a", [])) for _ in range(3)]
    assert len({server.token for server in servers}) == 3
    for server in servers:
        server._socket.close()


def test_the_page_lets_only_its_own_scripts_run(running: Running) -> None:
    status, headers, body = running.ask("")
    assert status == 200
    nonce = headers["content-security-policy"].split("'nonce-")[1].split("'")[0]
    text = body.decode()
    assert text.count(f'nonce="{nonce}"') == 2
    assert "toy &lt;game&gt;" in text
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"
    assert nonce not in running.ask("")[2].decode()


def test_modules_are_there_and_nothing_else(running: Running) -> None:
    status, headers, _ = running.ask("static/vendor/uplot.js")
    assert (status, headers["content-type"]) == (200, "text/javascript; charset=utf-8")
    for name in ("static/nothing.js", "static/../page.py", "static/index.html", "static/%2e%2e/server.py"):
        assert running.ask(name)[0] == 404


def test_an_episode_is_played_and_fetched(running: Running) -> None:
    status, _, body = running.ask("play", "POST", '{"seed": 3, "run": 9}')
    assert status == 200
    assert json.loads(body)["sides"][0]["episode"] == 1
    deadline = time.monotonic() + 60
    while True:
        (event,) = running.events(1)
        (side,) = event["sides"]
        if not side["playing"]:
            break
        assert time.monotonic() < deadline
    assert (event["seed"], event["run"]) == (3, 9)
    status, _, whole = running.ask("frames/0?episode=1")
    assert (status, whole) == (200, running.server.session.sides[0].episode.since(0))
    assert running.ask("frames/0?episode=1&from=1")[2] == running.server.session.sides[0].episode.since(1)
    assert running.ask("frames/0?episode=7")[0] == 409
    assert running.ask("frames/1")[0] == 404
    status, headers, page = running.ask("export.html")
    assert status == 200
    assert headers["content-disposition"] == 'attachment; filename="ns3marl-view.html"'
    assert b'class="episode"' in page
    assert running.ask("stop", "POST")[0] == 200


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("", 'expected JSON such as {"seed": 1, "run": 1}'),
        ("[]", 'expected JSON such as {"seed": 1, "run": 1}'),
        ('{"seed": 1}', 'expected JSON such as {"seed": 1, "run": 1}'),
        ('{"seed": 0, "run": 1}', "seed is 0, expected a whole number from 1 to 4294944442"),
        ('{"seed": 1, "run": "1"}', "run is '1', expected a whole number"),
        ('{"seed": true, "run": 1}', "seed is True, expected a whole number"),
    ],
)
def test_an_episode_that_cannot_be_is_refused(running: Running, body: str, message: str) -> None:
    status, _, answer = running.ask("play", "POST", body)
    assert status == 400
    assert answer.decode().startswith(message)
    assert running.server.session.sides[0].number == 0


def test_numbers_that_are_none(running: Running) -> None:
    assert running.ask("metrics?from=-1")[0] == 400
    assert running.ask("metrics?from=x")[2] == b"from is 'x', expected a whole number of 0 or more"
    assert running.ask("frames/0?episode=x")[0] == 400
    assert running.ask("play")[0] == 405


def test_metrics_of_a_training(running: Running) -> None:
    (event,) = running.events(1)
    assert event["training"] == {"version": 1, "rows": 2, "running": False, "checkpoint": False}
    assert json.loads(running.ask("metrics?from=1")[2]) == [{"update": 2, "ticks": 20}]


def test_nothing_to_export_before_an_episode(running: Running) -> None:
    assert running.ask("export.html")[2] == b"no episode has begun"


def test_a_recording_is_not_played(recording: Episode) -> None:
    running = Running(Session("old", [Recording(recording, "old")]))
    try:
        status, _, body = running.ask("play", "POST", '{"seed": 3, "run": 9}')
        assert (status, body) == (409, b"recordings are shown: there is nothing to play")
        assert running.ask("metrics")[0] == 404
        assert running.ask("frames/0?episode=1")[2] == recording.since(0)
    finally:
        running.end()


def test_it_ends_while_somebody_listens_and_an_episode_plays() -> None:
    toy_view.gate.clear()
    running = Running(Session("a", [Player(toy_view.config("make_gated"), "default")]))
    running.ask("play", "POST", '{"seed": 3, "run": 9}')
    client = http.client.HTTPConnection("127.0.0.1", running.port, timeout=60)
    client.request("GET", f"/{running.server.token}/events")
    client.getresponse().readline()
    threading.Timer(0.2, toy_view.gate.set).start()
    running.end()
    client.close()
    assert toy_view.opened == []


def test_a_port_that_is_taken() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(LaunchError, match=f"port {port} of 127.0.0.1 cannot be used: .*; choose another"):
            Server(Session("a", []), port)
