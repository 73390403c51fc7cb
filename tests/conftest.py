# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""What all tests share: scenarios compiled once a session."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ns3marl import toolchain


@pytest.fixture(scope="session")
def built_scenarios() -> dict[str, Path]:
    """The bundled scenarios by name, compiled if they are not up to date."""
    return toolchain.build().scenarios


@pytest.fixture(scope="session")
def scenario_path(built_scenarios: dict[str, Path]) -> Callable[[str], Path]:
    """The executable of a bundled scenario, by name."""
    return built_scenarios.__getitem__
