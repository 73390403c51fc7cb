# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
from ns3marl.protocol.spec_hash import murmur3


def test_of_nothing_it_is_zero_as_in_the_reference_implementation() -> None:
    assert murmur3(b"", 0) == [0, 0, 0, 0]


def test_every_byte_counts_wherever_it_stands() -> None:
    data = bytes(range(35))
    hashes = {tuple(murmur3(data[:i] + b"\xff" + data[i + 1 :], 1)) for i in range(35)}
    assert len(hashes) == 35
