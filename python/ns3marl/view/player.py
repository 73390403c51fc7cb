# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Plays an episode of a policy and records it while it goes on."""

from __future__ import annotations

import dataclasses
import threading
import time

import torch

from ns3marl import home as homes
from ns3marl.config import Config
from ns3marl.errors import Ns3MarlError
from ns3marl.evaluation import evaluate
from ns3marl.launch.environments import open_pool
from ns3marl.rl.policy import action_generators
from ns3marl.types import Hello
from ns3marl.view import recorder
from ns3marl.view.episode import Episode

_FRAME_S = 0.25  #: wall-clock time between frames of an episode that goes on
_FRAME_TICKS = 100  #: boundaries in a frame at most


def play(
    config: Config, source: str, seed: int, run: int, episode: Episode, stop: threading.Event | None = None
) -> None:
    """Plays one episode in a simulator of its own, which has ended when this returns.

    Args:
        config: Scenario, backend and options of evaluation.
        source: Simple policy by name; checkpoint or run folder by path.
        seed: ns-3 RngSeed.
        run: ns-3 RngRun.
        episode: Where frames go.
        stop: Ends the episode at its next tick once it is set.

    Raises:
        Ns3MarlError: The simulator cannot be opened or failed, or the policy cannot be loaded.
    """
    torch.set_num_threads(1)
    home = homes.find(config.scenario.name)
    config = evaluate.opened_for(config, source, home)
    config = dataclasses.replace(config, pool=dataclasses.replace(config.pool, spares=0))
    with open_pool(config, seed, 1, run) as pool:
        name, policy = evaluate.load_policy(source, pool.spec, home, greedy=config.evaluation.greedy)
        episode.add(
            recorder.description(
                pool.spec,
                home.map,
                policy=name,
                seed=seed,
                run=run,
                simulator=_simulator(pool.hello),
                arguments=" ".join(config.scenario.arguments),
            )
        )
        gathered, sent_s = recorder.Recorder(pool.spec), time.monotonic()
        batch = pool.reset()
        while stop is None or not stop.is_set():
            joint = policy.act(batch, action_generators(batch))
            gathered.add(batch, 0, joint)
            batch = pool.step(joint)
            if batch.final[0] is not None:
                gathered.add(batch, 0, None)
                break
            if len(gathered) >= _FRAME_TICKS or time.monotonic() - sent_s > _FRAME_S:
                episode.add(gathered.frame())
                sent_s = time.monotonic()
        stopped = batch.final[0] is None
        if len(gathered):
            episode.add(gathered.frame())
    episode.add(recorder.end("stopped" if stopped else ""))


def _simulator(hello: Hello) -> str:
    return "fast twin" if hello.ns3_version == "none" else f"ns-3 {hello.ns3_version}"


class Player:
    """One side of the page that plays episodes on demand, in a thread.

    Args:
        config: See ``play``.
        source: See ``play``.
    """

    def __init__(self, config: Config, source: str) -> None:
        self.config = config
        self.source = source
        self.number = 0  #: of the episode that is shown, from 1; 0: none yet
        self.error = ""  #: why the last one could not be played
        self.episode = Episode()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def is_playing(self) -> bool:
        """Whether an episode goes on."""
        return self._thread is not None and self._thread.is_alive()

    def start(self, seed: int, run: int) -> None:
        """Ends the episode that goes on and begins another one."""
        self.stop()
        self._stop, self.episode, self.error = threading.Event(), Episode(), ""
        self.number += 1
        self._thread = threading.Thread(
            target=self._play, args=(seed, run, self.episode, self._stop), name=f"play {self.source}"
        )
        self._thread.start()

    def stop(self) -> None:
        """Ends the episode that goes on, and its simulator, within a tick."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def _play(self, seed: int, run: int, episode: Episode, stop: threading.Event) -> None:
        try:
            play(self.config, self.source, seed, run, episode, stop)
        except Ns3MarlError as error:
            self._failed(episode, f"{type(error).__name__}: {error}")
        except Exception as error:  # noqa: BLE001 - a policy is anybody's code, and the page tells what became of it
            self._failed(episode, homes.describe(error))

    def _failed(self, episode: Episode, text: str) -> None:
        self.error = text
        if len(episode):
            episode.add(recorder.end(text))


class Recording:
    """One side of the page that shows a recording.

    Args:
        episode: Its frames.
        name: For the page.
    """

    error = ""
    number = 1
    is_playing = False

    def __init__(self, episode: Episode, name: str) -> None:
        self.episode = episode
        self.source = name

    def stop(self) -> None:
        """Nothing goes on."""
