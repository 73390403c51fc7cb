# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest
import toy_view

from ns3marl.errors import ConfigError
from ns3marl.view import frames
from ns3marl.view.episode import Episode
from ns3marl.view.player import Player, Recording, play
from ns3marl.view.session import Session


@pytest.fixture(autouse=True)
def _nothing_stays_open() -> Iterator[None]:
    toy_view.gate.clear()
    yield
    assert toy_view.opened == []
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("play ")]


def heads(episode: Episode) -> list[dict[str, object]]:
    data, found = episode.since(0), []
    while data:
        end = 4 + int.from_bytes(data[:4], "little")
        found.append(frames.unpack(data[:end]).head)
        data = data[end:]
    return found


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)


def test_an_episode_is_played_whole() -> None:
    episode = Episode()
    play(toy_view.config(), "random", 3, 5, episode)
    first, *middle, last = heads(episode)
    assert (first["policy"], first["seed"], first["run"]) == ("random", 3, 5)
    assert first["more"] == {"simulator": "fast twin", "arguments": ""}
    assert sum(int(str(head["count"])) for head in middle) == toy_view.TICKS + 1
    assert last == {"kind": "end", "reason": ""}


def test_the_same_episode_is_the_same_for_all() -> None:
    episodes = [Episode(), Episode()]
    for episode in episodes:
        play(toy_view.config(), "random", 3, 5, episode)
    rewards = [
        [row for frame in of._frames[1:-1] for row in frames.unpack(frame).arrays["rewards_0"].tolist()]
        for of in episodes
    ]
    assert len(rewards[0]) == toy_view.TICKS + 1
    assert rewards[0] == rewards[1]


def test_a_new_episode_ends_the_one_before() -> None:
    player = Player(toy_view.config("make_gated"), "default")
    player.start(1, 1)
    before = player.episode
    until(lambda: len(before) > 0)
    assert player.is_playing
    toy_view.gate.set()
    player.start(1, 2)
    assert heads(before)[-1]["kind"] == "end"
    until(lambda: not player.is_playing)
    assert player.number == 2
    assert heads(player.episode)[0]["run"] == 2


def test_stopping_ends_the_simulator_and_says_so() -> None:
    player = Player(toy_view.config("make_gated"), "default")
    player.start(1, 1)
    until(lambda: len(player.episode) > 0)
    threading.Timer(0.05, toy_view.gate.set).start()
    player.stop()
    assert not player.is_playing
    assert heads(player.episode)[-1] == {"kind": "end", "reason": "stopped"}


def test_what_fails_on_the_way_is_told() -> None:
    player = Player(toy_view.config("make_broken"), "default")
    player.start(1, 1)
    until(lambda: not player.is_playing)
    assert "ZeroDivisionError: as tests want it" in player.error
    assert "ZeroDivisionError" in str(heads(player.episode)[-1]["reason"])


def test_an_unknown_policy_is_told() -> None:
    player = Player(toy_view.config(), "clever")
    player.start(1, 1)
    until(lambda: not player.is_playing)
    assert player.error.startswith("ConfigError: no policy 'clever'")
    assert len(player.episode) == 0


def test_both_sides_play_the_same_episode() -> None:
    session = Session("both", [Player(toy_view.config(), name) for name in ("random", "default")])
    session.play(4, 7)
    until(lambda: not any(side["playing"] for side in session.status()["sides"]))
    assert [(side.episode.head["seed"], side.episode.head["run"]) for side in session.sides] == [(4, 7)] * 2
    assert session.status()["training"] is None


def test_sides_that_show_recordings_do_not_play() -> None:
    side = Recording(Episode([frames.pack({"kind": "episode"}, {})]), "old")
    session = Session("old", [side])
    assert not session.can_play
    session.play(1, 1)
    assert session.status()["sides"][0] == {
        "source": "old",
        "episode": 1,
        "frames": 1,
        "playing": False,
        "error": "",
    }
    session.stop()


def test_three_are_too_many() -> None:
    sides = [Recording(Episode(), name) for name in "abc"]
    with pytest.raises(ConfigError, match="3 episodes are too many for one page"):
        Session("many", sides)
