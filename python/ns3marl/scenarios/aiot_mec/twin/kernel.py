# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The compiled kernels: channels, broadcasts, servers' intervals and counter-based draws; built when first needed.

They are C++ with C functions, one library for processors and one for GPUs, from the same headers in ``kernels/``; tensors are passed as
pointers.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import torch
from torch import Tensor
from torch.utils import cpp_extension

from ns3marl.errors import BuildError, ConfigError
from ns3marl.scenarios.aiot_mec.twin import radio
from ns3marl.scenarios.aiot_mec.twin.calibration import Calibration
from ns3marl.scenarios.aiot_mec.twin.settings import Settings

_SOURCES = {"cpu": "processor.cc", "cuda": "gpu.cu"}
_COMPILERS = {"cpu": "a C++17 compiler and ninja", "cuda": "nvcc of PyTorch's CUDA version and ninja"}


class Constants(ctypes.Structure):
    """``Constants`` of contention.h."""

    _fields_ = (
        *(
            (name, ctypes.c_float)
            for name in (
                "access",
                "collision",
                "sync",
                "downlink",
                "detection",
                "energy",
                "steepness",
                "hidden",
                "result_us",
                "ack_us",
                "status_us",
                "alpha",
            )
        ),
        ("is_priority", ctypes.c_int32),
    )


class Run(ctypes.Structure):
    """``Run`` of contention.h."""

    _fields_ = (
        *((name, ctypes.c_int64) for name in ("environments", "entities", "channels", "servers")),
        *((name, ctypes.c_void_p) for name in ("first", "source", "channel", "fixed", "changing", "phase")),
        *((name, ctypes.c_void_p) for name in ("next", "quiet", "ready", "slots", "end", "random")),
        *(
            (name, ctypes.c_void_p)
            for name in ("gain", "told", "rate", "free", "fails", "tuned", "uniform", "disturbance")
        ),
        *(
            (name, ctypes.c_void_p)
            for name in ("received", "busy", "late", "received_until", "busy_until", "air")
        ),
        *((name, ctypes.c_void_p) for name in ("tasks", "arrivals", "broadcasts", "listeners")),
        ("is_told", ctypes.c_int64),
        ("horizon", ctypes.c_float),
        ("constants", Constants),
        ("stream", ctypes.c_void_p),
    )


class Hear(ctypes.Structure):
    """``Hear`` of knowledge.h."""

    _fields_ = (
        *((name, ctypes.c_int64) for name in ("environments", "devices", "servers", "channels", "features")),
        *((name, ctypes.c_int64) for name in ("slots", "server_at", "channel_at", "is_genie")),
        *((name, ctypes.c_void_p) for name in ("path", "fading", "gain", "snr", "believed", "disturbance")),
        *((name, ctypes.c_void_p) for name in ("news", "busy", "known", "slot_server")),
        *((name, ctypes.c_void_p) for name in ("observations",)),
        ("detection", ctypes.c_float),
        ("stream", ctypes.c_void_p),
    )


class Status(ctypes.Structure):
    """``Status`` of status.h."""

    _fields_ = (
        *((name, ctypes.c_int64) for name in ("environments", "servers", "tasks")),
        *((name, ctypes.c_void_p) for name in ("offloaded", "server", "expiry", "changing", "lead", "told")),
        ("tick", ctypes.c_float),
        ("stream", ctypes.c_void_p),
    )


class Draw(ctypes.Structure):
    """``Draw`` of draws.h."""

    _fields_ = (
        *((name, ctypes.c_int64) for name in ("environments", "uniforms", "normals")),
        ("seed", ctypes.c_uint64),
        ("draw", ctypes.c_uint64),
        *((name, ctypes.c_void_p) for name in ("run", "uniform", "normal", "stream")),
    )


class Fading(ctypes.Structure):
    """``Fading`` of draws.h."""

    _fields_ = (
        *((name, ctypes.c_int64) for name in ("environments", "links")),
        *((name, ctypes.c_uint64) for name in ("seed", "draw")),
        *((name, ctypes.c_void_p) for name in ("run", "gain", "decibels")),
        *((name, ctypes.c_float) for name in ("stays", "comes")),
        ("stream", ctypes.c_void_p),
    )


_FUNCTIONS = {
    "RunChannels": Run,
    "HearStatus": Hear,
    "CloseIntervals": Status,
    "DrawNumbers": Draw,
    "AdvanceFading": Fading,
}


@dataclass(frozen=True)
class Library:
    """The C functions of one device type. On a GPU they queue work on PyTorch's current stream."""

    functions: ctypes.CDLL
    device: torch.device

    def run_channels(self, run: Run) -> None:
        """All events of a tick."""
        self._call("RunChannels", run)

    def hear_status(self, hear: Hear) -> None:
        """The round of broadcasts before a boundary."""
        self._call("HearStatus", hear)

    def close_intervals(self, status: Status) -> None:
        """The intervals of all servers."""
        self._call("CloseIntervals", status)

    def draw_numbers(self, draw: Draw) -> None:
        """Uniform and normal numbers."""
        self._call("DrawNumbers", draw)

    def advance_fading(self, fading: Fading) -> None:
        """The fading of all links moves."""
        self._call("AdvanceFading", fading)

    def pointer(self, tensor: Tensor) -> int | None:
        """Address of a tensor's data, None for an empty one.

        Raises:
            ValueError: It is not contiguous, or on another kind of device.
        """
        if not tensor.is_contiguous() or tensor.device.type != self.device.type:
            raise ValueError(
                f"fastsim: a tensor of strides {tensor.stride()} on {tensor.device}, expected a contiguous one on {self.device}"
            )
        return tensor.data_ptr() if tensor.numel() else None

    def room(self, tasks: int, broadcasts: int, listeners: int) -> list[Tensor]:
        """Where the channels keep so many of these while they run; empty on processors, which have their own."""
        if self.device.type != "cuda":
            return [torch.empty(0)] * 3
        task, broadcast = self.functions.GetTaskBytes(), self.functions.GetBroadcastBytes()
        sizes = tasks * task, broadcasts * broadcast, listeners * 4
        return [torch.empty(size, dtype=torch.uint8, device=self.device) for size in sizes]

    def _call(self, name: str, arguments: Run | Hear | Status | Draw | Fading) -> None:
        function = getattr(self.functions, name)
        if self.device.type == "cuda":
            arguments.stream = torch.cuda.current_stream(self.device).cuda_stream
            with torch.cuda.device(self.device):
                wrong = function(ctypes.byref(arguments))
        else:
            wrong = function(ctypes.byref(arguments))
        if wrong is not None:
            raise RuntimeError(f"fastsim: {name} does not run on {self.device}: {wrong.decode()}")


@cache
def load(device: torch.device) -> Library:
    """A device's library.

    Raises:
        ConfigError: The twin does not run on devices of this type.
        BuildError: It does not compile.
    """
    if device.type not in _SOURCES:
        raise ConfigError(f"fastsim: device {str(device)!r}, expected one of type {' or '.join(_SOURCES)}")
    source = Path(__file__).with_name("kernels") / _SOURCES[device.type]
    try:
        if device.type == "cuda":
            major, minor = torch.cuda.get_device_capability(device)
            # Sums and products that are not contracted are a processor's to the last bit.
            options = ["-O3", f"-arch=sm_{major}{minor}", "--expt-relaxed-constexpr", "-fmad=false"]
            path = cpp_extension.load(
                "ns3marl_twin_cuda", [str(source)], extra_cuda_cflags=options, is_python_module=False
            )
        else:
            options = ["-O3", "-fno-math-errno"]
            path = cpp_extension.load(
                "ns3marl_twin", [str(source)], extra_cflags=options, is_python_module=False
            )
        library = ctypes.CDLL(str(path))
    except (OSError, RuntimeError, ImportError) as error:
        raise BuildError(
            f"fastsim: {source} does not compile ({str(error).strip() or type(error).__name__}); expected "
            f"{_COMPILERS[device.type]}. Install them, or use ns-3 (scenario.backend = 'ns3')"
        ) from error
    for name, kind in _FUNCTIONS.items():
        function = getattr(library, name)
        function.argtypes, function.restype = [ctypes.POINTER(kind)], ctypes.c_char_p
    return Library(library, device)


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
        radio.status_air_time(settings.channels),
        settings.alpha,
        int(settings.discipline == "priority"),
    )
