# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Two kinds of agents, and what it takes to add one: IMAPPO on `edge-cloud`, and how many files a change touches.

Trains the configuration `edge-cloud` with several seeds and compares with the scenario's own policy and with random actions on the same
held-out episodes, as the benchmark `topologies` does, whose finished runs are kept. Then it does every change of docs/extend.md in a
folder of its own and counts the files that differ, counts the lines of generic code that name a scenario, and the circles of imports.
`ARGS="--counts"` leaves the training out.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import extension
import scenario_names
import structure
import topologies

TOPOLOGY = "edge-cloud"
YARDSTICK = "builtin"


def shares_of_yardstick(results: topologies.Results) -> dict[str, float]:
    """The mean reward of the learner and of random actions, relative to that of the scenario's own policy [%].

    Raises:
        ValueError: The yardstick earns nothing, so nothing can be relative to it.
    """
    learned = results["policies"][0]["name"]
    rewards = {
        name: results["summary"][name][topologies.REWARD]["mean"] for name in (learned, "random", YARDSTICK)
    }
    if rewards[YARDSTICK] <= 0:
        raise ValueError(
            f"policy {YARDSTICK!r} earns {rewards[YARDSTICK]:.3g} per tick on {TOPOLOGY}; a share needs more than 0"
        )
    return {name: 100 * rewards[name] / rewards[YARDSTICK] for name in (learned, "random")}


def files_by_change() -> dict[str, int]:
    """How many files each change of docs/extend.md touches, each done alone, by the name of the figure."""
    numbers = {}
    for change in extension.changes():
        with tempfile.TemporaryDirectory() as folder:
            extension.start(Path(folder))
            numbers[change.figure] = change.apply(Path(folder))
    return numbers


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=3, help="training seeds (3)")
    parser.add_argument("--jobs", type=int, default=1, help="runs at a time (1)")
    parser.add_argument("--counts", action="store_true", help="only what can be counted without training")
    options = parser.parse_args()
    shares, minutes = {}, 0.0
    if not options.counts:
        results, minutes = topologies.measured(TOPOLOGY, options.seeds, options.jobs)
        shares = shares_of_yardstick(results[TOPOLOGY])
    for name, share in shares.items():
        print(f"{name}_over_{YARDSTICK}: {share:.1f} %")
    if shares:
        print(f"training_minutes: {minutes:.1f} min")
    for figure, files in files_by_change().items():
        print(f"{figure}: {files} files")
    print(f"scenario_names_in_generic_code: {len(scenario_names.mentions())} lines")
    print(f"import_circles: {len(structure.import_circles())} circles")


if __name__ == "__main__":
    main()
