# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from ns3marl.errors import OutputError, TraceError
from ns3marl.view import episode, frames, recorder

HEAD = frames.pack({"kind": "episode", "policy": "é"}, {})


def recording(path: Path, *packed: bytes) -> Path:
    path.write_bytes(frames.MAGIC + b"".join(packed))
    return path


@pytest.mark.parametrize("kind", ["u1", "u2", "i4", "f4", "f8"])
def test_arrays_come_back(kind: str) -> None:
    values = np.arange(15, dtype=kind).reshape(3, 5)
    empty = np.zeros((0, 4), kind)
    got = frames.unpack(
        frames.pack({"word": "ü", "none": None}, {"a": values, "empty": empty, "b": values.T})
    )
    assert got.head == {"word": "ü", "none": None}
    for name, expected in (("a", values), ("empty", empty), ("b", values.T)):
        assert got.arrays[name].dtype == expected.dtype
        np.testing.assert_array_equal(got.arrays[name], expected)


def test_arrays_begin_where_a_browser_can_map_them() -> None:
    arrays: frames.Arrays = {"a": np.zeros(3, np.uint8), "b": np.zeros(2), "c": np.zeros(1, np.uint16)}
    for length in range(9):
        packed = frames.pack({"text": "x" * length}, arrays)
        head = gzip.decompress(packed[4:])
        start = 4 + int.from_bytes(head[:4], "little")
        assert start % 8 == 0
        assert len(head) == start + 8 + 16 + 8


def test_other_types_are_refused() -> None:
    with pytest.raises(TypeError, match="array 'a' is of int64, expected one of"):
        frames.pack({}, {"a": np.zeros(1, np.int64)})


def test_recordings_are_read_and_written(tmp_path: Path) -> None:
    of = episode.Episode([HEAD])
    of.add(recorder.end("why"))
    of.save(tmp_path / "new" / "one.ns3view")
    again = episode.load(tmp_path / "new" / "one.ns3view")
    assert again.since(0) == of.since(0)
    assert again.since(1) == recorder.end("why")
    assert again.head["policy"] == "é"
    with pytest.raises(OutputError, match="cannot be written"):
        of.save(tmp_path / "new" / "one.ns3view" / "two.ns3view")


def test_a_recording_that_ends_too_early_says_so(tmp_path: Path) -> None:
    whole = recording(tmp_path / "a.ns3view", HEAD, recorder.end()).read_bytes()
    (tmp_path / "b.ns3view").write_bytes(whole[:-3])
    of = episode.load(tmp_path / "b.ns3view")
    assert len(of) == 2
    last = of.since(1)
    assert frames.unpack(last).head["reason"] == "b.ns3view ends here: whoever recorded it was stopped"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot be read: No such file"),
        (b"", "is no recording of this version"),
        (b"PK\x03\x04 something else entirely", "is no recording of this version"),
        (frames.MAGIC, "does not begin with the description of an episode"),
        (frames.MAGIC + HEAD[:-1], "does not begin with the description of an episode"),
        (frames.MAGIC + recorder.end(), "does not begin with the description of an episode"),
        (frames.MAGIC + HEAD[:4] + bytes(len(HEAD) - 4), "is damaged in its first frame"),
    ],
)
def test_files_that_are_no_recordings(tmp_path: Path, content: bytes | None, message: str) -> None:
    path = tmp_path / "x.ns3view"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(TraceError, match=message) as caught:
        episode.load(path)
    assert str(path) in str(caught.value)
    assert "--out FILE.ns3view" in str(caught.value)
