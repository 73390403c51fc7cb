# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Other libraries could not make vectors of environments, dropped the masks, or failed where they make tensors of infos.

Each library is tested in a virtual environment of its own. What it plays keeps to the masks: the simulators refuse what does not.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from virtual_environments import EXAMPLES, HAS_TIANSHOU, ROOT, python_with, run


@pytest.mark.learning
@pytest.mark.timeout(900)  # the first run installs
@pytest.mark.usefixtures("built_scenarios")
@pytest.mark.parametrize(
    "library",
    [
        pytest.param("sb3", marks=[pytest.mark.report("P14"), pytest.mark.report("P16")]),
        pytest.param("torchrl", marks=[pytest.mark.report("P16"), pytest.mark.report("P17")]),
        pytest.param(
            "tianshou",
            marks=[
                pytest.mark.report("P16"),
                pytest.mark.skipif(not HAS_TIANSHOU, reason="Tianshou needs Python 3.11"),
            ],
        ),
        pytest.param("benchmarl", marks=pytest.mark.report("P16")),
    ],
)
def test_a_library_keeps_the_masks(tmp_path: Path, library: str) -> None:
    python = python_with(EXAMPLES / f"requirements-{library}.txt")
    tests = Path(__file__).with_name(f"with_{library}.py")
    options = ["-q", "-W", "ignore", "-p", "no:cacheprovider", "--rootdir", str(ROOT)]  # warnings are theirs
    done = run([python, "-m", "pytest", *options, tests], tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout
