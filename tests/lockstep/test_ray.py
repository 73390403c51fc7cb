# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The tests with Ray, in an environment that has it."""

from __future__ import annotations

from pathlib import Path

import pytest
from virtual_environments import EXAMPLES, ROOT, python_with, run


@pytest.mark.learning
@pytest.mark.report("P1")
@pytest.mark.timeout(900)  # the first run installs
@pytest.mark.usefixtures("built_scenarios")
def test_simulators_on_a_cluster(tmp_path: Path) -> None:
    python = python_with(EXAMPLES / "requirements-rllib.txt")
    tests = Path(__file__).with_name("with_ray.py")
    done = run([python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", ROOT, tests], tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 passed" in done.stdout
