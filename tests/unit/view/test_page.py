# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The page's files fit together and ask nobody outside for anything."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path

from ns3marl.view import frames, page, recorder
from ns3marl.view.episode import Episode

IMPORT = re.compile(r'\bfrom "([^"]+)"')
ELEMENT = re.compile(r'\bby\("([^"]+)"\)')


def modules() -> dict[str, str]:
    return {name: text.decode() for name, text in page.assets().items() if name.endswith(".js")}


def test_modules_import_only_each_other() -> None:
    assert len(modules()) > 10
    for name, text in modules().items():
        for imported in IMPORT.findall(text):
            assert imported.removeprefix("view/") in modules(), f"{name} imports {imported}"


def test_elements_that_modules_ask_for_are_there() -> None:
    markup = (page.FOLDER / "index.html").read_text()
    there = set(re.findall(r'\bid="([^"]+)"', markup))
    for name, text in modules().items():
        assert set(ELEMENT.findall(text)) <= there, name


def test_nothing_comes_from_outside() -> None:
    texts = {**page.assets(), "index.html": (page.FOLDER / "index.html").read_bytes()}
    for name, text in texts.items():
        assert not re.search(rb"https?://", text.replace(b"http://www.w3.org/", b"")), name
        assert not re.search(rb"@import|url\((?!data:)", text), name


def test_one_file_holds_all_of_it(tmp_path: Path) -> None:
    frame = frames.pack({"kind": "episode"}, {}) + recorder.end()
    path = tmp_path / "page.html"
    page.write_single_file(path, "a <b> & c", [Episode([frame]), Episode([frame])])
    text = path.read_text()
    assert "<title>a &lt;b&gt; &amp; c</title>" in text
    data = re.findall(r'class="episode">([^<]+)<', text)
    assert [base64.b64decode(of) for of in data] == [frame, frame]
    (imports,) = re.findall(r'<script type="importmap"[^>]*>(.*?)</script>', text)
    mapped = json.loads(imports)["imports"]
    assert set(mapped) == {f"view/{name}" for name in modules()}
    own = base64.b64decode(mapped["view/app.js"].partition(",")[2]).decode()
    assert own == modules()["app.js"]
    assert "{{" not in re.sub(r"base64,[A-Za-z0-9+/=]+", "", text).replace("${{", "")


def test_a_title_cannot_end_the_data_of_the_page() -> None:
    text = page.served({"title": "</script><script>alert(1)</script>"}, "n")
    assert "</script><script>alert" not in text
    begin = re.search(r'id="session">(.*?)</script>', text)
    assert begin is not None
    assert json.loads(begin.group(1))["title"] == "</script><script>alert(1)</script>"
