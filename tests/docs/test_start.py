# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""docs/start.md: its commands in order, as they stand there; and the pages that send readers somewhere."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "start.md").read_text("utf-8")
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@pytest.mark.learning
@pytest.mark.timeout(600)
@pytest.mark.usefixtures("built_scenarios")
def test_its_commands_train_a_policy_and_report_it(tmp_path: Path) -> None:
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    printed = []
    for language, block in FENCE.findall(PAGE):
        if language == "bash":
            command = ["bash", "-euo", "pipefail", "-c", block]
            done = subprocess.run(
                command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, f"{block}\n{done.stdout}\n{done.stderr}"
            printed.append(done.stdout)
    _, played, _, evaluated = printed
    assert re.search(r"delivery_ratio +1 +0\.\d+ ", played)  # random
    assert re.search(r"delivery_ratio +1 +1 ", played)  # builtin
    assert re.search(r"imappo earns 0\.[789]\d* .*more than (builtin|random)", evaluated), evaluated
    assert "runs/first/report.html" in PAGE
    assert (tmp_path / "runs" / "first" / "report.html").exists()


def test_it_installs_as_the_page_about_installing_says() -> None:
    (install,) = (block for language, block in FENCE.findall(PAGE) if language == "sh")
    page = (DOCS / "install.md").read_text("utf-8")
    for line in install.splitlines():
        assert line in page


def test_words_of_the_glossary_are_in_order_and_their_links_lead_to_words() -> None:
    page = (DOCS / "glossary.md").read_text("utf-8")
    words = re.findall(r"^## (.*)$", page, re.MULTILINE)
    assert words == sorted(words, key=lambda word: word.strip("`").replace("_", " ").lower())
    anchors = {word.strip("`").lower().replace(" ", "-") for word in words}
    assert set(re.findall(r"\(#([^)]+)\)", page)) <= anchors
