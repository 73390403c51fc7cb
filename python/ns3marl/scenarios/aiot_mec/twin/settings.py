# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The arguments of ``aiot-mec`` for the twin, parsed from the same strings as in the C++ scenario."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable
from dataclasses import dataclass

from ns3marl.errors import ConfigError
from ns3marl.scenarios.aiot_mec.twin import arguments

STATUS_LEAD_US = 5000.0
"""Time before a boundary at which the fading advances and servers end their interval and broadcast it [us]."""

_LONGEST_EPISODE_US = 2**62 / 1000
_IGNORED = {"tables"}
"""Arguments that do not affect the twin."""


def _count(name: str) -> int:
    """The default of an argument that is a whole number."""
    return int(arguments.load().arguments[name].default)


def _number(name: str) -> float:
    """The default of an argument that is a number."""
    return float(arguments.load().arguments[name].default)


def _word(name: str) -> str:
    """The default of an argument that is a word."""
    return str(arguments.load().arguments[name].default)


@dataclass(frozen=True)
class Settings:
    """Values of the arguments. Names, defaults and limits are those of the scenario (``arguments``); times are in microseconds."""

    devices: int = _count("devices")
    """N."""
    servers: int = _count("servers")
    """K."""
    channels: int = _count("channels")
    """C, 20 MHz each."""
    ticks: int = _count("ticks")
    """Actions in an episode."""
    tick: float = _number("tick")
    """Between two decisions [us]."""
    arrivalProbability: float = _number("arrivalProbability")  # noqa: N815 - the scenario's own name, as all below
    sizeMin: float = _number("sizeMin")  # noqa: N815
    """Smallest task [kB]."""
    sizeMax: float = _number("sizeMax")  # noqa: N815
    densityMin: float = _number("densityMin")  # noqa: N815
    """Least work [cycles/bit]."""
    densityMax: float = _number("densityMax")  # noqa: N815
    deadlineMin: float = _number("deadlineMin")  # noqa: N815
    """Shortest deadline [us]."""
    deadlineMax: float = _number("deadlineMax")  # noqa: N815
    premiumShare: float = _number("premiumShare")  # noqa: N815
    jitter: float = _number("jitter")
    """Longest delay between decision and first transmission [us]."""
    deviceCpuMin: float = _number("deviceCpuMin")  # noqa: N815
    """Slowest device CPU [GHz]."""
    deviceCpuMax: float = _number("deviceCpuMax")  # noqa: N815
    kappa: float = _number("kappa")
    """Effective switched capacitance [J/(Hz^2 cycle)]."""
    serverCpuMin: float = _number("serverCpuMin")  # noqa: N815
    """Slowest server [GHz]."""
    serverCpuMax: float = _number("serverCpuMax")  # noqa: N815
    serverRates: tuple[float, ...] = ()  # noqa: N815
    """Rate of each server [GHz]; empty: spread evenly between the two."""
    offloading: str = _word("offloading")
    area: float = _number("area")
    """Side of the square [m]."""
    hotspotShare: float = _number("hotspotShare")  # noqa: N815
    hotspotSigma: float = _number("hotspotSigma")  # noqa: N815
    exponent: float = _number("exponent")
    referenceLoss: float = _number("referenceLoss")  # noqa: N815
    """Path loss at 1 m [dB]."""
    noiseFigure: float = _number("noiseFigure")  # noqa: N815
    fadingRho: float = _number("fadingRho")  # noqa: N815
    csi: str = _word("csi")
    discipline: str = _word("discipline")
    alpha: float = _number("alpha")
    beta: float = _number("beta")
    gamma: float = _number("gamma")
    reward: str = _word("reward")
    rewardCompletion: float = _number("rewardCompletion")  # noqa: N815
    rewardEnergy: float = _number("rewardEnergy")  # noqa: N815
    rewardAge: float = _number("rewardAge")  # noqa: N815
    rewardLatency: float = _number("rewardLatency")  # noqa: N815
    rewardUtilisation: float = _number("rewardUtilisation")  # noqa: N815
    energyReference: float = _number("energyReference")  # noqa: N815
    """E0 [J]."""
    ageReference: float = _number("ageReference")  # noqa: N815
    """[ticks]."""
    outageSnr: float = _number("outageSnr")  # noqa: N815
    outagePower: float = _number("outagePower")  # noqa: N815

    @property
    def max_cycles(self) -> float:
        """C_max, the work of the largest task [cycles]."""
        return 8.0 * round(1000 * self.sizeMax) * self.densityMax

    @property
    def task_slots(self) -> int:
        """Number of tasks of a device that can be under way at once: the number of ticks that a deadline spans."""
        return max(1, math.ceil(self.deadlineMax / self.tick))

    @staticmethod
    def parse(words: Iterable[str] = ()) -> Settings:
        """Reads ``--name=value`` words as the scenario does; if one is given twice, the last counts.

        Raises:
            ConfigError: A word is unknown, its value has the wrong type or is out of range, or the twin does not model it.
        """
        known = arguments.load()
        given: dict[str, object] = {}
        preset = "default"
        fields = {field.name: field for field in dataclasses.fields(Settings)}
        for word in words:
            name, _, text = word.removeprefix("--").partition("=")
            if name in _IGNORED:
                continue
            if name not in known.arguments or not word.startswith("--"):
                raise ConfigError(
                    f"fastsim: unknown argument {word!r}; known are {', '.join(['preset', *fields])}"
                )
            argument = known.arguments[name]
            value = argument.read(text)
            if value is None:
                raise ConfigError(
                    f"fastsim: argument '--{name}' cannot be read from {text!r}: expected {argument.expected}"
                )
            if name == "preset":
                preset = text
            elif name == "serverRates":
                given[name] = _rates(text)
            elif name in fields:
                given[name] = value
            elif value != argument.default:
                raise ConfigError(
                    f"fastsim: {word} is not modelled; the twin knows {name} at {argument.default!r} only. "
                    "Use ns-3 for it"
                )
        if preset not in known.presets:
            raise ConfigError(f"fastsim: --preset={preset}, expected one of {', '.join(known.presets)}")
        devices = given.get("devices", Settings.devices)
        assert isinstance(devices, int)
        for name, value in known.preset(preset, devices).items():
            given.setdefault(name, int(value) if fields[name].type == "int" else value)
        settings = Settings(**given)  # type: ignore[arg-type]
        settings.check()
        return settings

    def check(self) -> None:
        """Refuses what the scenario refuses.

        Raises:
            ConfigError: A value is out of range.
        """
        values = dataclasses.asdict(self)
        for name, value in values.items():
            if name == "serverRates":
                continue
            for limit in arguments.load().arguments[name].limits:
                if not limit.holds(value, values):
                    raise ConfigError(f"fastsim: --{name}={value}, expected {limit.expected}")
        if self.tick * self.ticks > _LONGEST_EPISODE_US:
            raise ConfigError(
                f"fastsim: --tick={self.tick} --ticks={self.ticks}, the episode is longer than ns-3 counts time; "
                "give fewer or shorter ticks"
            )
        if len(self.serverRates) not in {0, self.servers} or any(rate <= 0 for rate in self.serverRates):
            raise ConfigError(
                f"fastsim: --serverRates={self.serverRates}, expected {self.servers} rates above 0 GHz, one for each server"
            )
        if any(not 0.001 <= rate <= 100_000 for rate in self.serverRates):
            raise ConfigError(
                f"fastsim: --serverRates={self.serverRates}, expected rates from 0.001 to 100000 GHz"
            )


def _rates(text: str) -> tuple[float, ...]:
    """The rate of each server [GHz]."""
    rate = arguments.load().arguments["serverCpuMax"]
    rates = [rate.read(part) for part in (text.removesuffix(",").split(",") if text else ())]
    if None in rates:
        raise ConfigError(
            f"fastsim: argument '--serverRates' cannot be read from {text!r}: expected rates such as 10,20,30"
        )
    return tuple(float(each) for each in rates if each is not None)
