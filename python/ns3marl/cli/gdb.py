# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""``run --gdb``: a scenario in the debugger."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from typing import NoReturn

from ns3marl import executables, toolchain
from ns3marl.errors import ConfigError


def debug(scenario: str, seed: int, arguments: Sequence[str]) -> NoReturn:
    """Replaces this process by gdb, with a scenario that runs a standalone episode under its own policy.

    Args:
        scenario: Name of the scenario, or path of its executable. If there is a debug build, gdb uses it.
        seed: ns-3's RngSeed of the episode.
        arguments: Arguments of the scenario.

    Raises:
        ConfigError: gdb is not installed.
        LaunchError: The scenario does not exist.
    """
    gdb = shutil.which("gdb")
    if gdb is None:
        raise ConfigError("gdb is not on the path; install it, for example with `sudo apt-get install gdb`")
    release = toolchain.provide(scenario)
    executable = executables.debug_build_of(release) or release
    if executable == release:
        folder = executables.source_of(release)
        own = "" if folder in (None, executables.source_root() / "ns3-scenarios") else f" {folder}"
        print(
            f"{release} was built without symbols: `ns3marl build{own} --debug` makes a build that has them",
            file=sys.stderr,
        )
    else:
        executables.warn_if_stale(executable)
    os.execv(gdb, [gdb, "--args", str(executable), "--standalone", f"--seed={seed}", *arguments])  # noqa: S606 - the user's own debugger
