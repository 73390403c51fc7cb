# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Faults that users of such tools report: runs the tests that stand for them and counts processes that stay behind.

A case is the number in a marker `report` of `tests/reports`; it fails when one of its tests does. A skipped test fails its cases too.
"""

from __future__ import annotations

import os
import sys
import time
from collections import defaultdict
from pathlib import Path

import pytest
from faults import adopt_orphans, children

TESTS = Path(__file__).resolve().parents[1] / "tests" / "reports"
ALLOWANCE_S = 10.0  #: within which processes end that have lost who started them


class Cases:
    """A plugin of pytest that keeps what became of each case."""

    def __init__(self) -> None:
        self.tests: dict[str, set[str]] = defaultdict(set)  #: by case
        self.passed: set[str] = set()
        self.spoilt: set[str] = set()

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Notes which cases a test stands for."""
        for item in items:
            for marker in item.iter_markers("report"):
                for number in marker.args:
                    self.tests[number].add(item.nodeid)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Notes how a phase of a test went."""
        if report.when == "call" and report.passed:
            self.passed.add(report.nodeid)
        elif not report.passed:
            self.spoilt.add(report.nodeid)

    def failed(self) -> list[str]:
        """Cases of which not every test passed."""
        good = self.passed - self.spoilt
        return sorted(number for number, tests in self.tests.items() if not tests <= good)


def left() -> list[int]:
    """Children of this process that still live when the allowance is over."""
    deadline = time.monotonic() + ALLOWANCE_S
    while (alive := children(os.getpid())) and time.monotonic() < deadline:
        time.sleep(0.1)
    return alive


def main() -> None:
    """Runs and prints."""
    adopt_orphans()
    cases = Cases()
    pytest.main([str(TESTS), *sys.argv[1:]], plugins=[cases])
    failed, processes = cases.failed(), left()
    print(f"failed: {', '.join(failed) or 'none'}")
    for pid in processes:
        print(f"left: {Path(f'/proc/{pid}/cmdline').read_bytes().replace(bytes(1), b' ').decode()}")
    print(f"cases: {len(cases.tests)} cases")
    print(f"cases_failed: {len(failed)} cases")
    print(f"processes_left: {len(processes)} processes")


if __name__ == "__main__":
    main()
