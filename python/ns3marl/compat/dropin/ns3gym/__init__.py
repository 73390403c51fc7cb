# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""ns3-gym's Python side, for programs that import it: ``ns3gym.ns3env.Ns3Env``, and the id ``ns3-v0`` where gym is installed."""

from __future__ import annotations

import importlib
import importlib.machinery
import importlib.metadata
import sys
import warnings
from pathlib import Path


def _hidden() -> str | None:
    """Another ns3gym that would be imported if this one were not found first."""
    here = Path(__file__).resolve().parents[1]
    others = [folder for folder in sys.path if Path(folder).resolve() != here]
    spec = importlib.machinery.PathFinder.find_spec(__package__ or "ns3gym", others)
    if spec is not None:
        return spec.origin
    try:  # an editable installation may stand on no path
        return f"distribution ns3gym {importlib.metadata.version('ns3gym')}"
    except importlib.metadata.PackageNotFoundError:
        return None


def _register() -> None:
    """Makes ``gym.make("ns3-v0")`` work. Gym's checker is off: it expects later interfaces than ns3-gym's."""
    try:
        registration = importlib.import_module("gym.envs.registration")
    except ImportError:
        return
    entry = {"id": "ns3-v0", "entry_point": "ns3gym.ns3env:Ns3Env"}
    try:
        registration.register(**entry, disable_env_checker=True)
    except TypeError:  # gym before 0.24 has no checker
        registration.register(**entry)


if __name__ == "ns3gym":
    if (_other := _hidden()) is not None:
        warnings.warn(
            f"ns3gym is ns3marl's, in {Path(__file__).parent}, and hides {_other}; take its folder off PYTHONPATH to use that one",
            UserWarning,
            stacklevel=2,
        )
    _register()
