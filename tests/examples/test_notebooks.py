# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Each notebook of examples/notebooks, from its first cell to its last."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
from virtual_environments import EXAMPLES, run

NOTEBOOKS = sorted((EXAMPLES / "notebooks").glob("*.ipynb"))
LARGEST_BYTES = 200_000


def read(path: Path) -> Any:
    """The cells of a notebook, and what is kept beside them."""
    return nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]


def outputs(path: Path) -> list[Any]:
    """What the cells of a notebook show, in order."""
    notebook = read(path)
    return [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]


@pytest.mark.learning
@pytest.mark.timeout(900)
@pytest.mark.usefixtures("built_scenarios")
@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_from_top_to_bottom(tmp_path: Path, notebook: Path) -> None:
    copy = tmp_path / notebook.name
    copy.write_bytes(notebook.read_bytes())
    jupyter = Path(sys.executable).parent / "jupyter-execute"
    done = run([jupyter, "--inplace", copy], tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    shown = outputs(copy)
    assert any("image/png" in one.get("data", {}) for one in shown)
    assert any(
        " earns " in one.get("text", "") or " packet by packet " in one.get("text", "") for one in shown
    )
    # Progress is one line, which was written anew.
    progress = [one["data"]["text/plain"] for one in shown if one.output_type == "display_data"]
    assert progress
    assert all("100 %" in line and "\n" not in line for line in progress), progress
    assert not [one for one in shown if one.get("name") == "stderr"]


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_kept_small_and_with_its_outputs(notebook: Path) -> None:
    assert notebook.stat().st_size < LARGEST_BYTES
    assert outputs(notebook)
    first = read(notebook).cells[0].source
    assert "SPDX-License-Identifier: MIT" in first
