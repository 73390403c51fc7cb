# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""What all tests share: scenarios compiled once a session, and the options of tests of learning."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import trials

from ns3marl import toolchain


@pytest.fixture(scope="session")
def built_scenarios() -> dict[str, Path]:
    """The bundled scenarios by name, compiled if they are not up to date."""
    return toolchain.build().scenarios


@pytest.fixture(scope="session")
def scenario_path(built_scenarios: dict[str, Path]) -> Callable[[str], Path]:
    """The executable of a bundled scenario, by name."""
    return built_scenarios.__getitem__


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options that measure how far the scores of a training spread; see docs/decisions/0012."""
    group = parser.getgroup("learning", "tests of learning")
    group.addoption(
        "--spread",
        type=int,
        metavar="N",
        help="assert nothing of trained policies: train each with seeds 1 to N and print how their scores are distributed; "
        "0: only print what was measured before",
    )
    group.addoption(
        "--perturb",
        type=float,
        default=0.0,
        metavar="X",
        help="with --spread: change every initial weight by a factor of 1 + X times a standard normal number",
    )
    group.addoption(
        "--spread-file",
        type=Path,
        default=Path("build/spread.jsonl"),
        metavar="FILE",
        help="with --spread: where scores are kept; what is in it is not measured again",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Tests of learning measure instead of asserting, if they should."""
    if config.getoption("spread") is not None:
        trials.spread = trials.Spread(
            config.getoption("spread"), config.getoption("perturb"), config.getoption("spread_file")
        )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A measurement takes as long as it takes."""
    if trials.spread is not None:
        for item in items:
            item.add_marker(pytest.mark.timeout(0), append=False)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What was measured."""
    if trials.spread is not None:
        terminalreporter.section("spread of trainings")
        for line in trials.spread.summary():
            terminalreporter.write_line(line)
