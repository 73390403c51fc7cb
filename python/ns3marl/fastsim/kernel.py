# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The compiled form of ``contention`` and ``observer.Knowledge`` for processors: built once, when it is first needed, where there is a compiler."""

from __future__ import annotations

import os
import warnings
from functools import cache
from pathlib import Path
from types import ModuleType

from torch.utils import cpp_extension

from ns3marl.fastsim import radio
from ns3marl.fastsim.calibration import Calibration
from ns3marl.fastsim.settings import Settings

SOURCES = ("contention.cc", "knowledge.cc")
DISABLE_VARIABLE = "NS3MARL_FASTSIM_KERNEL"
"""Environment variable: ``0`` keeps to torch."""


@cache
def load() -> ModuleType | None:
    """The module, or None where it cannot be built or is not wanted: then both run as torch operations, slower."""
    if os.environ.get(DISABLE_VARIABLE) == "0":
        return None
    try:
        module: ModuleType = cpp_extension.load(
            "ns3marl_contention",
            [str(Path(__file__).with_name(name)) for name in SOURCES],
            extra_cflags=["-O3", "-march=native", "-fno-math-errno"],
        )
        return module  # noqa: TRY300 - what may fail stands above
    except (OSError, RuntimeError, ImportError) as error:
        warnings.warn(
            f"fastsim: {' and '.join(SOURCES)} do not compile ({str(error).splitlines()[0]}); the twin "
            "runs without it, many times slower. A C++17 compiler and ninja are needed",
            RuntimeWarning,
            stacklevel=2,
        )
        return None


def constants(calibration: Calibration, settings: Settings) -> list[float]:
    """Free constants and what else the kernel does not know, in its order."""
    c = calibration
    return [
        c.access_us,
        c.collision_us,
        c.sync_us,
        c.downlink_us,
        c.detection_db,
        c.energy_db,
        c.steepness,
        c.hidden_factor,
        radio.result_air_time(),
        radio.legacy_air_time(radio.ACK_BYTES, 6),
        settings.alpha,
    ]
