# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""CITATION.cff is valid, and says what ``ns3marl --bibtex`` says."""

from __future__ import annotations

import re
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
import yaml

from ns3marl import cli
from ns3marl.cli import citing

FILE = Path(__file__).parents[2] / "CITATION.cff"

#: Of the format's schema 1.2.0: what is required, and the other keys of the top level.
REQUIRED = {"authors", "cff-version", "message", "title"}
OPTIONAL = {
    *("abstract", "commit", "contact", "date-released", "doi", "identifiers", "keywords", "license", "license-url"),
    *("preferred-citation", "references", "repository", "repository-artifact", "repository-code", "type", "url"),
    "version",
}  # fmt: skip


def content() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return read


def test_the_file_follows_its_schema() -> None:
    found = content()
    assert found["cff-version"] == "1.2.0"
    assert REQUIRED <= found.keys() <= REQUIRED | OPTIONAL
    assert found["type"] in {"software", "dataset"}
    for key in ("message", "title"):
        assert isinstance(found[key], str)
        assert found[key]
    assert found["authors"]
    assert all(author.keys() == {"name"} for author in found["authors"])  # an entity: no person
    keywords = found["keywords"]
    assert all(isinstance(word, str) and word for word in keywords)
    assert len(keywords) == len(set(keywords))


def test_the_entry_for_bibtex_says_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        cli.main(["--bibtex"])
    entry = capsys.readouterr().out
    assert re.fullmatch(r"@misc\{ns3marl,\n(  \w+ += \{.+\},\n)+\}\n", entry)
    fields = dict(re.findall(r"^  (\w+) += \{(.+)\},$", entry, re.MULTILINE))
    assert fields["title"] == f"{{{content()['title']}}}"
    assert fields["author"] == f"{{{' and '.join(author['name'] for author in content()['authors'])}}}"
    assert fields["note"] == f"Computer software, version {metadata.version('ns3marl')}"


def test_without_a_package_there_is_no_version(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", absent)
    assert "note   = {Computer software},\n}" in citing.bibtex()
