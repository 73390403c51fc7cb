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
    """Becomes gdb, with a scenario that is about to run an episode by itself, under its own policy.

    Args:
        scenario: Its name, or the path of its executable. Its debug build is taken where there is one.
        seed: ns-3's RngSeed of the episode.
        arguments: Of the scenario.

    Raises:
        ConfigError: There is no gdb.
        LaunchError: There is no such scenario.
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
