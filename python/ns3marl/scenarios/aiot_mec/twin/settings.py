# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The arguments of ``aiot-mec`` as the twin takes them: the words of the C++ scenario, read from the same strings."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable
from dataclasses import dataclass

from ns3marl.errors import ConfigError

SERVER_SLOTS = 18
CHANNEL_SLOTS = 8
STATUS_LEAD_US = 5000.0
"""Before a boundary: fading moves, servers close their interval and broadcast it [us]."""

_TIME_UNITS_US = {"ns": 1e-3, "us": 1.0, "ms": 1e3, "s": 1e6, "min": 6e7}
_PRESETS: dict[str, dict[str, float]] = {
    "default": {},
    "stress": {"tick": 25e3},
    "easy": {"deadlineMin": 30e3},
    "balanced": {"tick": 25e3, "densityMin": 100.0, "densityMax": 600.0},
    "dense": {"channels": 8},
}
#: Arguments of the C++ scenario that the twin knows at one value only, and that value.
_FIXED = {
    "mobility": "static",
    "placement": "hotspots",
    "shadowing": "0",
    "interferers": "0",
    "crossTraffic": "0",
    "phy": "yans",
    "edca": "none",
    "serverFailures": "",
    "battery": "0",
    "mute": "true",
}


@dataclass(frozen=True)
class Settings:
    """What the arguments say. Names are those of the scenario; times are microseconds."""

    devices: int = 50
    """N."""
    servers: int = 9
    """K."""
    channels: int = 4
    """C, 20 MHz each."""
    ticks: int = 1000
    """Actions in an episode."""
    tick: float = 100e3
    """Between two decisions [us]."""
    arrivalProbability: float = 0.3  # noqa: N815 - the scenario's own name, as all below
    sizeMin: float = 8.0  # noqa: N815
    """Smallest task [kB]."""
    sizeMax: float = 30.0  # noqa: N815
    densityMin: float = 500.0  # noqa: N815
    """Least work [cycles/bit]."""
    densityMax: float = 1500.0  # noqa: N815
    deadlineMin: float = 20e3  # noqa: N815
    """Shortest deadline [us]."""
    deadlineMax: float = 100e3  # noqa: N815
    premiumShare: float = 0.3  # noqa: N815
    jitter: float = 4e3
    """Longest delay between decision and first transmission [us]."""
    deviceCpuMin: float = 0.8  # noqa: N815
    """Slowest device CPU [GHz]."""
    deviceCpuMax: float = 1.2  # noqa: N815
    kappa: float = 1e-27
    """Effective switched capacitance [J/(Hz^2 cycle)]."""
    serverCpuMin: float = 10.0  # noqa: N815
    """Slowest server [GHz]."""
    serverCpuMax: float = 30.0  # noqa: N815
    serverRates: tuple[float, ...] = ()  # noqa: N815
    """Rate of each server [GHz]; empty: spread evenly between the two."""
    area: float = 120.0
    """Side of the square [m]."""
    hotspotShare: float = 0.6  # noqa: N815
    hotspotSigma: float = 12.0  # noqa: N815
    exponent: float = 3.0
    referenceLoss: float = 46.68  # noqa: N815
    """Path loss at 1 m [dB]."""
    noiseFigure: float = 7.0  # noqa: N815
    fadingRho: float = 0.9  # noqa: N815
    csi: str = "measured"
    discipline: str = "deadline"
    alpha: float = 0.5
    beta: float = 0.2
    gamma: float = 0.3
    reward: str = "team"
    rewardCompletion: float = 0.4  # noqa: N815
    rewardEnergy: float = 0.3  # noqa: N815
    rewardAge: float = 0.3  # noqa: N815
    energyReference: float = 0.02  # noqa: N815
    """E0 [J]."""
    ageReference: float = 10.0  # noqa: N815
    """[ticks]."""
    outageSnr: float = 7.0  # noqa: N815
    outagePower: float = 30.0  # noqa: N815

    @property
    def max_cycles(self) -> float:
        """C_max, the work of the largest task [cycles]."""
        return 8.0 * round(1000 * self.sizeMax) * self.densityMax

    @property
    def task_slots(self) -> int:
        """How many tasks of a device can be under way at once: a deadline spans that many ticks."""
        return max(1, math.ceil(self.deadlineMax / self.tick))

    @staticmethod
    def parse(arguments: Iterable[str] = ()) -> Settings:
        """Reads ``--name=value`` words as the scenario does; of two equal ones the last counts.

        Raises:
            ConfigError: A word is unknown, its value is no such thing or out of range, or the twin does not model it.
        """
        given: dict[str, object] = {}
        preset = "default"
        fields = {field.name: field for field in dataclasses.fields(Settings)}
        for word in arguments:
            name, _, text = word.removeprefix("--").partition("=")
            if name == "preset":
                preset = text
            elif name == "tables":
                continue  # the twin reports no tables
            elif name in _FIXED:
                if text not in {_FIXED[name], f"{_FIXED[name]}.0"}:
                    raise ConfigError(
                        f"fastsim: {word} is not modelled; the twin knows {name} at {_FIXED[name]!r} only. Use ns-3 for it"
                    )
            elif name not in fields:
                raise ConfigError(
                    f"fastsim: unknown argument {word!r}; known are {', '.join(['preset', *fields])}"
                )
            else:
                given[name] = _value(word, text, str(fields[name].type))
        if preset not in _PRESETS:
            raise ConfigError(f"fastsim: --preset={preset}, expected one of {', '.join(_PRESETS)}")
        defaults: dict[str, object] = dict(_PRESETS[preset])
        if preset == "dense":
            devices = given.get("devices", Settings.devices)
            assert isinstance(devices, int)
            defaults["area"] = 120 * math.sqrt(devices / 50)
        settings = Settings(**{**defaults, **given})  # type: ignore[arg-type]
        settings.check()
        return settings

    def check(self) -> None:
        """Refuses what the scenario refuses.

        Raises:
            ConfigError: A value is out of range.
        """
        rules = {
            "devices": (self.devices >= 1, "at least 1"),
            "servers": (self.servers >= 1, "at least 1"),
            "channels": (1 <= self.channels <= CHANNEL_SLOTS, f"1 to {CHANNEL_SLOTS}"),
            "ticks": (self.ticks >= 1, "at least 1"),
            "tick": (self.tick >= 10e3, "at least 10ms"),
            "arrivalProbability": (0 <= self.arrivalProbability <= 1, "0 to 1"),
            "premiumShare": (0 <= self.premiumShare <= 1, "0 to 1"),
            "hotspotShare": (0 <= self.hotspotShare <= 1, "0 to 1"),
            "sizeMin": (0.001 <= self.sizeMin <= self.sizeMax, "0.001 to --sizeMax"),
            "densityMin": (0 < self.densityMin <= self.densityMax, "above 0, at most --densityMax"),
            "deadlineMin": (1e3 <= self.deadlineMin <= self.deadlineMax, "1ms to --deadlineMax"),
            "jitter": (0 <= self.jitter < self.tick, "0ms to below --tick"),
            "deviceCpuMin": (0 < self.deviceCpuMin <= self.deviceCpuMax, "above 0, at most --deviceCpuMax"),
            "serverCpuMin": (0 < self.serverCpuMin <= self.serverCpuMax, "above 0, at most --serverCpuMax"),
            "serverRates": (len(self.serverRates) in {0, self.servers}, "one for each server"),
            "area": (self.area > 0, "above 0 m"),
            "fadingRho": (0 <= self.fadingRho < 1, "0 to below 1"),
            "csi": (self.csi in {"measured", "genie"}, "measured or genie"),
            "discipline": (self.discipline in {"deadline", "priority"}, "deadline or priority"),
            "reward": (self.reward in {"team", "agent"}, "team or agent"),
            "energyReference": (self.energyReference > 0, "above 0 J"),
            "ageReference": (self.ageReference > 0, "above 0 ticks"),
        }
        for name, (holds, expected) in rules.items():
            if not holds:
                raise ConfigError(f"fastsim: --{name}={getattr(self, name)}, expected {expected}")


def _value(word: str, text: str, kind: str) -> object:
    try:
        if kind == "int":
            return int(text)
        if kind == "str":
            return text
        if kind.startswith("tuple"):
            return tuple(float(part) for part in text.split(",") if part)
        unit = text.lstrip("0123456789.+-eE")
        number = text[: len(text) - len(unit)]
        return float(number) * (_TIME_UNITS_US[unit] if unit else 1.0)
    except (ValueError, KeyError) as error:
        raise ConfigError(
            f"fastsim: {word!r} has no value that --{word.removeprefix('--')} could take"
        ) from error
