# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Limits of the operating system on what a process may open and start, and what to raise where they are reached."""

from __future__ import annotations

import errno
import os
import resource

from ns3marl.errors import ConfigError


def check_descriptors(owner: str, what: str, needed: int, remedy: str) -> None:
    """Refuses what needs more file descriptors than this process may open.

    Args:
        owner: Who opens them, for the message.
        what: They are for, for the message.
        needed: How many, beside those that are open.
        remedy: What to do instead of raising the limit.

    Raises:
        ConfigError: The limit is too low.
    """
    limit, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    in_use = sum(1 for _ in os.scandir("/proc/self/fd"))
    if limit == resource.RLIM_INFINITY or in_use + needed <= limit:
        return
    needed += in_use
    how = f"`ulimit -n {needed}`"
    if needed > most:
        how += f", which the system must allow first (the hard limit is {most})"
    raise ConfigError(
        f"{owner}: {what} need up to {needed} file descriptors with the {in_use} in use, the limit of this process is "
        f"{limit}; raise it with {how}, or {remedy}"
    )


def shortage(error: OSError) -> str | None:
    """What the system had too little of, with the limit and what to raise; None when the error has another cause."""
    if error.errno == errno.EMFILE:
        limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        return (
            f"no file descriptor is left, this process may have {limit}; raise the limit with `ulimit -n NUMBER`, or run "
            "fewer environments"
        )
    if error.errno == errno.ENFILE:
        return "no file descriptor is left in the whole system; raise fs.file-max, or run fewer environments"
    if error.errno == errno.EAGAIN:
        limit, _ = resource.getrlimit(resource.RLIMIT_NPROC)
        of_user = "no limit" if limit == resource.RLIM_INFINITY else f"a limit of {limit}"
        return (
            f"no further process may be started, this user has {of_user}; raise it with `ulimit -u NUMBER`, or that of the "
            "container (pids.max), or run fewer environments"
        )
    if error.errno == errno.ENOMEM:
        return "no memory is left for a further process; run fewer environments"
    return None
