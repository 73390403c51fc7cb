# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The changes of docs/extend.md, done as the page says, and how many files each touches.

``tests/docs/test_extend.py`` builds and plays what they make; ``make bench NAME=kinds`` prints the numbers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ns3marl import new_scenario

DOCS = Path(__file__).resolve().parents[1] / "docs"
SCENARIO = "my-net"

_FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_SAVED = re.compile(r"Save it as\s+`(\w+\.py)`")
_STATED = re.compile(r"^Files touched: (\d+)\.$", re.MULTILINE)
_PAGE = re.compile(r"\]\((algorithms/own\.md)\)")


@dataclass(frozen=True)
class Change:
    """One section of the page."""

    title: str
    text: str

    @property
    def figure(self) -> str:
        """What benchmarks call the number of files."""
        return f"files_for_{re.sub('[^a-z]+', '_', self.title.lower())}"

    @property
    def stated(self) -> int:
        """How many files the page says."""
        (number,) = _STATED.findall(self.text)
        return int(number)

    def apply(self, folder: Path) -> int:
        """Does in a folder what the section says.

        Args:
            folder: That holds the scenario of ``start``.

        Returns:
            How many files differ from before.
        """
        before = _contents(folder)
        for name, code in self._files():
            (folder / name).write_text(code, encoding="utf-8")
        for name, block in self._edits():
            path = folder / name
            path.write_text(_edited(path.read_text(encoding="utf-8"), block), encoding="utf-8")
        after = _contents(folder)
        return sum(before.get(name) != after.get(name) for name in before.keys() | after.keys())

    def _files(self) -> Iterator[tuple[str, str]]:
        """Complete files by name; those of the page that the section refers to are its own."""
        linked = ((DOCS / page).read_text(encoding="utf-8") for page in _PAGE.findall(self.text))
        for text in (self.text, *linked):
            codes = [code for language, code in _FENCE.findall(text) if language == "python"]
            yield from zip(_SAVED.findall(text), codes, strict=True)

    def _edits(self) -> Iterator[tuple[str, str]]:
        """Blocks of changed lines, by the file that their first line names."""
        for language, block in _FENCE.findall(self.text):
            if language == "diff":
                first, _, rest = block.partition("\n")
                yield first.removeprefix("--- "), rest


def changes() -> list[Change]:
    """The sections of the page that state a number of files."""
    _, *sections = re.split(r"^## ", (DOCS / "extend.md").read_text(encoding="utf-8"), flags=re.MULTILINE)
    found = [Change(title, text) for title, _, text in (section.partition("\n") for section in sections)]
    return [change for change in found if _STATED.search(change.text)]


def start(parent: Path) -> None:
    """Makes the folder of the scenario that the page changes."""
    new_scenario.create(SCENARIO, parent)


def _edited(source: str, block: str) -> str:
    """A source with the places of a block changed.

    Raises:
        ValueError: The lines that stay or go are not in the source, or more than once.
    """
    for place in re.split(r"^@@\n", block, flags=re.MULTILINE)[1:]:
        lines = place.splitlines(keepends=True)
        old = "".join(line[1:] for line in lines if line[0] != "+")
        new = "".join(line[1:] for line in lines if line[0] != "-")
        if source.count(old) != 1:
            raise ValueError(f"{source.count(old)} places, expected one, for:\n{old}")
        source = source.replace(old, new)
    return source


def _contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
