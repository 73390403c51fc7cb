# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The twin's free constants, with their provenance."""

from __future__ import annotations

import dataclasses
import importlib
import sys
from dataclasses import dataclass, field
from importlib import resources
from math import isfinite
from pathlib import Path
from typing import Any

import tomli_w

from ns3marl.errors import ConfigError

tomllib: Any = importlib.import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")


@dataclass(frozen=True)
class Calibration:
    """Free constants. Times are in microseconds, levels in decibels."""

    access_us: float = 0.0
    """Time before each transmission, in addition to AIFS and backoff."""
    collision_us: float = 45.0
    """Time from the end of an unanswered frame until its sender contends again."""
    sync_us: float = 4.0
    """Transmissions that begin within this time collide: a preamble is detected after 4 us."""
    downlink_us: float = 0.0
    """Time from the end of computing until the result contends for the channel."""
    detection_db: float = 4.0
    """SNR from which a station detects a frame and senses the channel as busy."""
    energy_db: float = 11.97
    """SNR from which a frame makes the channel busy for a station that could not begin to receive it: -82 dBm."""
    midpoint_shift_db: float = 0.0
    """Added to the SINR at which half of the fragments of each MCS arrive."""
    steepness: float = 2.9
    """Slope of the logistic success of a fragment over SINR [1/dB]."""
    hidden_factor: float = 1.0
    """Factor on the interference of overlapping frames."""
    provenance: dict[str, Any] = field(default_factory=dict)
    """Provenance of the fit: ns-3 version, cells, seeds, policies, date, error before and after."""

    @staticmethod
    def load(path: Path | None = None) -> Calibration:
        """Reads a TOML file; the bundled one by default.

        Raises:
            ConfigError: The file cannot be read or has an unknown constant.
        """
        source = path or resources.files("ns3marl.scenarios.aiot_mec.twin").joinpath("calibration.toml")
        try:
            values = tomllib.loads(source.read_text("utf-8"))
        except (OSError, ValueError) as error:  # no TOML, or no text
            raise ConfigError(
                f"calibration {source} cannot be read: {error}; make it with `ns3marl calibrate`"
            ) from error
        constants, provenance = values.pop("constants", {}), values.pop("provenance", {})
        known = {f.name for f in dataclasses.fields(Calibration)} - {"provenance"}
        if not isinstance(constants, dict) or not isinstance(provenance, dict):
            raise ConfigError(f"calibration {source}: expected the sections [constants] and [provenance]")
        wrong = sorted((constants.keys() - known) | values.keys())
        if wrong or not all(type(value) in {int, float} and isfinite(value) for value in constants.values()):
            raise ConfigError(
                f"calibration {source}: expected finite numbers under [constants] ({', '.join(sorted(known))}) and "
                f"[provenance], got {', '.join(wrong) or 'something else'}"
            )
        return Calibration(**{name: float(value) for name, value in constants.items()}, provenance=provenance)

    def dumps(self) -> str:
        """The TOML text that ``load`` reads."""
        constants = dataclasses.asdict(self)
        provenance = constants.pop("provenance")
        return tomli_w.dumps({"constants": constants, "provenance": provenance})
