# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The tutorial of docs/new-scenario.md, done as it says: its blocks in order, in a folder outside the checkout."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "new-scenario.md"
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def edited(source: str, block: str) -> str:
    """What a reader makes of ``source`` with a block: it takes the place of the lines that begin like it."""
    first = block.splitlines()[0]
    if first.startswith("#include"):
        return source.replace('#include "bridge/scenario.h"\n', f'#include "bridge/scenario.h"\n{block}', 1)
    if first.startswith("constexpr"):
        pattern = r"^constexpr.*?(?=^\n^class )"
    elif match := re.match(r"    \w+ (m_\w+)\{", first):
        pattern = rf"^    \w+ {match[1]}\{{.*?(?=^\}};$)"
    else:
        method = re.match(r"    \w+ (\w+)\(", first)
        assert method, first
        pattern = rf"^    \w+ {method[1]}\(.*?^    \}}\n"
    new, count = re.subn(pattern, lambda _: block, source, flags=re.DOTALL | re.MULTILINE)
    assert count == 1, f"{count} places for the block that begins {first!r}"
    return new


def bash(commands: str, folder: Path) -> str:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", commands],
        cwd=folder,
        env=os.environ | {"PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{commands}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.mark.timeout(400)
@pytest.mark.learning
@pytest.mark.usefixtures("built_scenarios")
def test_the_pages_very_text_makes_a_topology_that_plays_and_trains(tmp_path: Path) -> None:
    source = tmp_path / "two-cells" / "two-cells.cc"
    test = source.with_name("test_two_cells.py")
    printed = []
    for language, block in FENCE.findall(PAGE.read_text()):
        if language == "bash":
            printed.append(bash(block, tmp_path))
        elif language == "cpp":
            source.write_text(edited(source.read_text(), block))
        else:
            assert language == "python"
            test.write_text(f"{test.read_text()}\n\n{block}")
    made, described, rebuilt, tested, trained = printed
    assert "template on" not in made
    assert "random on two-cells" in made
    assert '"scenario":"two-cells"' in described
    assert '"delivery_ratio":1' in rebuilt
    assert re.search(r"^\d+ passed", tested, re.MULTILINE), tested
    assert "failed" not in tested
    assert "imappo" in trained
    assert (tmp_path / "first-run" / "metrics.jsonl").stat().st_size > 0
