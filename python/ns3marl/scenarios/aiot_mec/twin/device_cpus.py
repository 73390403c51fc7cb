# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The CPUs of devices: first come, first served, stopped at the deadline (docs/models/compute-node.md)."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor


class LocalJobs(NamedTuple):
    """One job for each device; all tensors [B, N] us from the beginning of the tick."""

    free: Tensor  #: when the CPU has nothing left to do
    start: Tensor
    end: Tensor  #: if it were never taken out
    stop: Tensor  #: when the CPU turns to the next one


def submit(free: Tensor, duration: Tensor, expiry: Tensor, submits: Tensor) -> LocalJobs:
    """Submits one job to each device's CPU, after its earlier jobs.

    A job is removed at its expiry, running or not, and the next one begins.

    Args:
        free: Time at which the CPU becomes idle [us].
        duration: Duration of the job [us].
        expiry: Expiry of its task [us].
        submits: Which devices have a job, bool.
    """
    start = free.clamp(min=0)
    end = start + duration
    stop = torch.minimum(end, torch.maximum(start, expiry))
    return LocalJobs(torch.where(submits, stop, free), start, end, stop)
