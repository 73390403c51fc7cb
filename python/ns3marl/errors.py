# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Typed errors.

    Ns3MarlError
    ├── SimulatorError            a simulator process could not start or go on
    │   ├── LaunchError           the executable is missing or never said Hello
    │   ├── Crashed               the process ended before its episode did
    │   ├── Hung                  the process lives but made no progress in time
    │   └── Lost                  the connection to a simulator that dialled in is gone
    ├── ProtocolError             a message broke the wire's rules
    │   ├── VersionMismatch       the peer speaks another major version
    │   ├── SpecViolation         an array or value breaks the spec
    │   └── OutOfStep             a message or tick that was not expected now
    ├── ConfigError               a setting, argument or value was refused
    ├── CheckpointError           a checkpoint cannot be read or does not fit
    ├── TraceError                a recorded episode cannot be read or does not fit
    ├── OutputError               a file of results cannot be written
    └── BuildError                scenarios do not compile

    StaleScenario                 a warning: an executable is older than its sources

Every message says what happened, where, what was expected, what came, and the remedy.
"""

from __future__ import annotations


class Ns3MarlError(Exception):
    """Root of every error that ns3marl raises on purpose."""


class SimulatorError(Ns3MarlError):
    """A simulator process could not start or go on."""


class LaunchError(SimulatorError):
    """The executable is missing, cannot be run, or never said Hello."""


class Crashed(SimulatorError):  # noqa: N818 - the design's name
    """The simulator process ended before its episode did."""


class Hung(SimulatorError):  # noqa: N818 - the design's name
    """The simulator process lives but made no progress within the time allowed."""


class Lost(SimulatorError):  # noqa: N818 - the design's name
    """The connection to a simulator that dialled in is gone."""


class ProtocolError(Ns3MarlError):
    """A message broke the rules of the wire."""


class VersionMismatch(ProtocolError):  # noqa: N818 - the design's name
    """The peer speaks another major version of the protocol."""


class SpecViolation(ProtocolError):  # noqa: N818 - the design's name
    """An array or value breaks the spec: wrong shape, not finite, out of bounds, masked."""


class OutOfStep(ProtocolError):  # noqa: N818 - the design's name
    """A message or tick arrived that was not expected now."""


class ConfigError(Ns3MarlError):
    """A setting, argument or value was refused."""


class CheckpointError(Ns3MarlError):
    """A checkpoint cannot be read, or does not fit the spec it is used with."""


class TraceError(Ns3MarlError):
    """A recorded episode cannot be read, or does not fit what it is used with."""


class OutputError(Ns3MarlError):
    """A file of results cannot be written: the disk is full, the place is read-only, or something stands in the way."""


class BuildError(Ns3MarlError):
    """ns-3, scenarios or the kernels of a twin do not compile, or what compiles them is not there."""


class StaleScenario(UserWarning):
    """A scenario runs whose sources have changed since it was built."""
