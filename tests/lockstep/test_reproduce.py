# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""``ns3marl reproduce`` as a user calls it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ns3marl.cli import main

pytestmark = pytest.mark.usefixtures("built_scenarios")


def test_cells_run_once_and_the_page_shows_what_is_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["reproduce", "--quick", f"--out={tmp_path}"]
    assert main([*words, "--only=50_9/best-snr"]) == 0
    out = capsys.readouterr().out
    assert "cells: 1 of 7" in out
    cell = tmp_path / "quick" / "cells" / "50_9" / "best-snr.json"
    content = json.loads(cell.read_text())
    assert content["budget"] == {"ticks": 0, "quick": True}
    assert content["manifest"]["versions"]["ns3"]
    written_ns = cell.stat().st_mtime_ns
    page = (tmp_path / "quick" / "page.md").read_text()
    completion = 100 * sum(content["values"]["completion_ratio"]) / 2
    assert f"| best-snr | own | – | {completion:.2f} [" in page
    assert "Only the form" in page
    assert main([*words, "--only=50_9/best-snr"]) == 0
    assert cell.stat().st_mtime_ns == written_ns
    capsys.readouterr()
    assert main([*words, "--list"]) == 0
    listed = capsys.readouterr().out.splitlines()
    assert listed[0] == "done     50_9/best-snr"
    assert sum(line.startswith("missing") for line in listed) == 6


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--share=4/3"], "--share 4/3: expected I/N with 1 <= I <= N, such as 2/3"),
        (
            ["--only=nothing"],
            "--only nothing: no cell has such a name; `ns3marl reproduce --list` lists them",
        ),
        (
            ["echo"],
            "reproduce what? 'echo' brings no published evaluation; scenarios that bring one: aiot-mec",
        ),
    ],
)
def test_bad_words_are_refused(
    words: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["reproduce", f"--out={tmp_path}", *words]) == 2
    assert message in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
