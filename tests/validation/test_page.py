# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""What `make bench NAME=validation` makes of the program's lines; the quantities themselves are held by ctest."""

from __future__ import annotations

import json

import validation


def line(name: str, ours: float, inside: bool) -> str:
    quantity = {
        "topic": "queues",
        "quantity": name,
        "unit": "s",
        "reference": 2.0,
        "source": "theory",
        "ours": ours,
        "tolerance": 0.1,
        "basis": "4 standard errors",
        "inside": inside,
        "figure": "queues",
        "series": "a",
        "x": 0.5,
    }
    return json.dumps(quantity)


CURVE = json.dumps({"figure": "age", "series": "b", "x": [0.1, 0.2], "y": [3, 4]})


def test_quantities_outside_their_tolerance_are_counted_and_shown() -> None:
    results = validation.parse([line("near", 2.05, True), line("far", 2.5, False), CURVE])
    assert [quantity.name for quantity in results.quantities] == ["near", "far"]
    assert [quantity.name for quantity in results.outside] == ["far"]
    page = validation.page(results, 60)
    assert "1 lie outside" in page
    assert "| far | s | 2 | 2.5 | +0.5 **outside** | 0.1 | theory | 4 standard errors |" in page
    assert "| near | s | 2 | 2.05 | +0.05 | 0.1 |" in page


def test_lines_go_through_references_unless_there_is_a_curve() -> None:
    results = validation.parse([line("near", 2.05, True), CURVE])
    assert validation.series_of(results, "queues")["a"].line == [(0.5, 2.0)]
    assert validation.series_of(results, "queues")["a"].points == [(0.5, 2.05, 0.1)]
    assert validation.series_of(results, "age")["b"].line == [(0.1, 3), (0.2, 4)]
    assert validation.draw(results, "queues").axes[0].get_ylabel() == validation.FIGURES["queues"].y
