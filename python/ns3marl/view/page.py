# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The page: modules that a server gives one by one, or one file that needs none."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ns3marl import files
from ns3marl.view.episode import Episode

FOLDER = Path(__file__).resolve().parent / "assets"
TYPES = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8"}


def assets() -> dict[str, bytes]:
    """Modules and styles by name, relative to the page's folder."""
    found = sorted(path for path in FOLDER.rglob("*") if path.suffix in TYPES)
    return {path.relative_to(FOLDER).as_posix(): path.read_bytes() for path in found}


def served(session: Mapping[str, Any], nonce: str) -> str:
    """The page that asks a server for its modules and its data.

    Args:
        session: What the page begins with.
        nonce: Allows the scripts that stand in the page itself.
    """
    modules = json.dumps({"imports": {"view/": "./static/"}})
    styles = "".join(
        f'<link rel="stylesheet" href="static/{name}">' for name in assets() if name.endswith(".css")
    )
    return _filled(session, nonce, modules, styles, "")


def single_file(title: str, episodes: Sequence[Episode]) -> str:
    """A page with episodes in it, which opens from the disk.

    Args:
        title: Of the page.
        episodes: One, or two to compare.
    """
    texts = assets()
    imports = {f"view/{name}": _data(name, text) for name, text in texts.items() if name.endswith(".js")}
    modules = json.dumps({"imports": imports})
    styles = "".join(
        f"<style>{text.decode()}</style>" for name, text in texts.items() if name.endswith(".css")
    )
    data = "".join(
        f'<script type="application/octet-stream" class="episode">{base64.b64encode(episode.since(0)).decode()}</script>'
        for episode in episodes
    )
    return _filled({"title": title, "offline": True}, "", modules, styles, data)


def write_single_file(path: Path, title: str, episodes: Sequence[Episode]) -> None:
    """Writes ``single_file``.

    Raises:
        OutputError: The file cannot be written.
    """
    files.write(path, single_file(title, episodes))


def _data(name: str, text: bytes) -> str:
    return f"data:{TYPES[Path(name).suffix].partition(';')[0]};base64,{base64.b64encode(text).decode()}"


def _filled(session: Mapping[str, Any], nonce: str, modules: str, styles: str, data: str) -> str:
    template = (FOLDER / "index.html").read_text(encoding="utf-8")
    begin = json.dumps(session).replace("<", "\\u003c")
    for name, text in {
        "{{title}}": html.escape(str(session["title"])),
        "{{nonce}}": nonce,
        "{{modules}}": modules,
        "{{styles}}": styles,
        "{{session}}": begin,
        "{{data}}": data,
    }.items():
        template = template.replace(name, text)
    return template
