# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Computers: the CPUs of devices (first come first served) and of servers (one job at a time, not pre-empted).

Times are microseconds from the beginning of the tick.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ns3marl.scenarios.aiot_mec.twin.settings import Settings

INF = math.inf


class ServerQueues:
    """K servers of B environments.

    Args:
        settings: Discipline and weights.
        rate: Cycles per microsecond, [B, K].
    """

    def __init__(self, settings: Settings, rate: Tensor) -> None:
        self.settings, self.rate = settings, rate
        self.count = rate.shape[1]
        self.free = torch.zeros(rate.numel(), device=rate.device)

    def next(
        self,
        environment: Tensor,
        server: Tensor,
        arrival: Tensor,
        expiry: Tensor,
        cycles: Tensor,
        deadline: Tensor,
        rank: Tensor,
        known: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Each server's next job, if all that could come before it is known.

        A server that becomes free takes the waiting job of earliest expiry, or of highest priority. A job that expires while it waits is dropped,
        one that expires while it runs is stopped then.

        Args:
            environment: Of each waiting job, [w].
            server: In its environment.
            arrival: When it was complete at the server.
            expiry: When it is worth nothing any more.
            cycles: Its work.
            deadline: From the task's arrival to its expiry.
            rank: The part of the priority that does not change, for the discipline ``priority``.
            known: Before this time every arrival at the environment's servers is known.

        Returns:
            Indices of jobs that begin; indices of jobs that are dropped; start and end of each of the w jobs, where they mean
            something. An end at the expiry is a job that was stopped.
        """
        at = environment * self.count + server
        first = torch.full_like(self.free, INF).scatter_reduce_(0, at, arrival, "amin")
        start = torch.maximum(self.free, first)[at]
        decided = start <= known
        late = decided & (expiry <= start)
        candidate = decided & ~late & (arrival <= start)
        order = expiry
        if self.settings.discipline == "priority":
            left = ((expiry - start) / deadline).clamp(0, 1)
            order = -(self.settings.alpha * (1 - left) + rank)
        key = torch.where(candidate, order, INF)
        best = torch.full_like(self.free, INF).scatter_reduce_(0, at, key, "amin")[at]
        begins = (candidate & (order == best)).nonzero().squeeze(1)
        end = torch.minimum(start + cycles / self.rate.view(-1)[at], expiry)
        self.free[at[begins]] = end[begins]
        return begins, late.nonzero().squeeze(1), start, end

    def shift(self, tick: float) -> None:
        """The next tick begins."""
        self.free.sub_(tick).clamp_(min=-tick)


def submit(free: Tensor, duration: Tensor, expiry: Tensor, submits: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """One job for each device's CPU, now, behind what it has already.

    A job is taken out at its expiry, running or not, and the next one begins.

    Args:
        free: When the CPU has nothing left to do, changed in place.
        duration: Of the job.
        expiry: Of its task.
        submits: Which devices have a job.

    Returns:
        Start, end if it were never taken out, and the moment at which the CPU turns to the next one.
    """
    start = free.clamp(min=0)
    end = start + duration
    stop = torch.minimum(end, torch.maximum(start, expiry))
    free.copy_(torch.where(submits, stop, free))
    return start, end, stop
