# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The compiled forms of ``contention`` and ``observer.Knowledge`` for processors: built once, when they are first needed.

They are plain C++ behind two C functions; tensors go in as pointers.
"""

from __future__ import annotations

import ctypes
import os
import warnings
from functools import cache
from pathlib import Path

from torch import Tensor
from torch.utils import cpp_extension

from ns3marl.fastsim import radio
from ns3marl.fastsim.calibration import Calibration
from ns3marl.fastsim.settings import Settings

SOURCES = ("contention.cc", "knowledge.cc")
DISABLE_VARIABLE = "NS3MARL_FASTSIM_KERNEL"
"""Environment variable: ``0`` keeps to torch."""


class Constants(ctypes.Structure):
    """Free constants, and what else the channels have to know."""

    _fields_ = (
        *(
            (name, ctypes.c_double)
            for name in (
                "access_us",
                "collision_us",
                "sync_us",
                "downlink_us",
                "detection_db",
                "energy_db",
                "steepness",
                "hidden_factor",
                "result_us",
                "ack_us",
                "alpha",
            )
        ),
        ("is_priority", ctypes.c_int64),
    )


class Run(ctypes.Structure):
    """``Run`` of contention.cc."""

    _fields_ = (
        *((name, ctypes.c_int64) for name in ("tasks", "environments", "entities", "channels", "servers")),
        *(
            (name, ctypes.c_void_p)
            for name in ("source", "environment", "channel", "fixed", "changing", "phase")
        ),
        *((name, ctypes.c_void_p) for name in ("next", "quiet", "ready", "slots", "end", "random")),
        *((name, ctypes.c_void_p) for name in ("gain", "rate", "free", "held", "heard", "air")),
        ("horizon", ctypes.c_double),
        ("constants", Constants),
    )


class Hear(ctypes.Structure):
    """``Hear`` of knowledge.cc."""

    _fields_ = (
        *(
            (name, ctypes.c_int64)
            for name in ("environments", "devices", "servers", "channels", "features", "is_genie")
        ),
        ("detection_db", ctypes.c_double),
        *(
            (name, ctypes.c_void_p)
            for name in ("path", "fading", "gain", "snr", "believed", "missed", "tuned")
        ),
        *((name, ctypes.c_void_p) for name in ("news", "busy", "known", "slot_server")),
        *((name, ctypes.c_void_p) for name in ("observations", "heard")),
    )


@cache
def load() -> ctypes.CDLL | None:
    """The library, or None where it cannot be built or is not wanted: then both run as torch operations, slower."""
    if os.environ.get(DISABLE_VARIABLE) == "0":
        return None
    try:
        path = cpp_extension.load(
            "ns3marl_fastsim",
            [str(Path(__file__).with_name(name)) for name in SOURCES],
            extra_cflags=["-O3", "-fno-math-errno"],
            is_python_module=False,
        )
        library = ctypes.CDLL(str(path))
    except (OSError, RuntimeError, ImportError) as error:
        warnings.warn(
            f"fastsim: {' and '.join(SOURCES)} do not compile ({str(error).splitlines()[0]}); the twin runs without them, "
            "many times slower. A C++17 compiler and ninja are needed",
            RuntimeWarning,
            stacklevel=2,
        )
        return None
    library.RunChannels.argtypes = [ctypes.POINTER(Run)]
    library.HearStatus.argtypes = [ctypes.POINTER(Hear)]
    library.RunChannels.restype = library.HearStatus.restype = None
    return library


def pointer(tensor: Tensor) -> int | None:
    """Where a tensor's numbers lie, None for an empty one.

    Raises:
        ValueError: It is not contiguous, or not on the CPU.
    """
    if not tensor.is_contiguous() or tensor.device.type != "cpu":
        raise ValueError(
            f"fastsim: a tensor of strides {tensor.stride()} on {tensor.device}, expected a contiguous one on the CPU"
        )
    return tensor.data_ptr() if tensor.numel() else None


def constants(calibration: Calibration, settings: Settings) -> Constants:
    """In the order of ``Constants``."""
    c = calibration
    return Constants(
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
        int(settings.discipline == "priority"),
    )
