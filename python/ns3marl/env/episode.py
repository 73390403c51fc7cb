# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The current episode of an environment, and what is needed to restart it on another simulator."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ns3marl.clock import Clock
from ns3marl.env.simulator_pool import Peer
from ns3marl.episodes import Numbering
from ns3marl.protocol import codec

#: Pause before an episode is restarted for the first time [s]; doubled each further time.
_BACKOFF_S = 0.1
_MAX_BACKOFF_S = 10.0


@dataclass(slots=True, eq=False)
class Environment:
    """One environment: its current episode and its last observation."""

    index: int
    clock: Clock
    peer: Peer | None = None
    episode: int = -1  #: number of the episode, from 0; -1 before the first one
    run: int = 0  #: ns-3's RngRun of it
    waiting: bool = False  #: an observation is on its way
    observation: codec.Observation | None = None  #: the last one
    actions: list[bytes] = field(
        default_factory=list
    )  #: frames by tick; those ahead of the simulator are repeated
    told: codec.Observation | None = None  #: the last one of a lost simulator: it must be repeated
    losses: int = 0  #: simulators lost in this episode
    since_s: float = 0.0  #: without a simulator since this time on the clock; no new one before it
    ended: codec.Observation | None = (
        None  #: the last one of the episode before, until the batch that tells of it
    )
    ended_run: int = 0

    @property
    def next_tick(self) -> int:
        """Tick of the observation that is expected next."""
        return 0 if self.observation is None else self.observation.tick + 1

    def move_on(self, numbering: Numbering) -> None:
        """Goes to the next episode."""
        self.episode += 1
        self.run = numbering.run(self.index, self.episode)

    def queue(self) -> None:
        """Marks the episode as ready to begin as soon as a simulator is free."""
        self.waiting, self.since_s = True, self.clock.now_s()

    def begin(self, peer: Peer) -> None:
        """Begins or restarts the episode."""
        self.peer, peer.env, peer.run = peer, self.index, self.run

    def recorded(self) -> dict[str, Any]:
        """The frames of the actions so far, one after the other, and the size of each [bytes]."""
        return {
            "frames": np.frombuffer(b"".join(self.actions), np.uint8),
            "sizes": np.array([len(frame) for frame in self.actions], np.int64),
        }

    def replay(self, numbering: Numbering, episode: int, recorded: dict[str, Any]) -> None:
        """Sets episode number ``episode`` and the actions that ``recorded`` gave."""
        self.episode, self.run = episode, numbering.run(self.index, episode)
        frames, ends = recorded["frames"].tobytes(), np.cumsum(recorded["sizes"]).tolist()
        self.actions = [frames[first:last] for first, last in zip([0, *ends], ends, strict=False)]

    def lose(self) -> None:
        """Records that the simulator is lost: another repeats the episode, after a pause that grows."""
        self.peer = None
        self.told, self.observation = self.observation or self.told, None
        self.queue()
        self.since_s += min(_BACKOFF_S * 2 ** min(self.losses, 10), _MAX_BACKOFF_S)
        self.losses += 1

    def is_known(self, tick: int) -> bool:
        """Whether a lost simulator has already sent the observation of this tick."""
        return self.told is not None and tick <= self.told.tick

    def show(self, observation: codec.Observation) -> bool:
        """Takes an observation; False if it differs from what the lost simulator sent at this tick."""
        self.observation = observation
        if self.told is None or observation.tick != self.told.tick:
            return True
        before, self.told = self.told, None
        return observation.arrays == before.arrays

    def end(self, last: codec.Observation) -> None:
        """Ends the episode with this observation."""
        self.ended, self.ended_run = last, self.run
        self.forget()

    def forget(self) -> None:
        """Discards the episode."""
        self.observation, self.told, self.peer, self.losses = None, None, None, 0
        self.waiting = False
        self.actions.clear()
