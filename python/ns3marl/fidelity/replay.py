# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Replays recorded episodes action by action: those of ns-3 in the twin, those of the twin in ns-3, or each on its own side.

Differences then come from the simulation and not from decisions. If the mask of this side forbids a recorded choice, for example because
an earlier task is still under way here, the first allowed choice replaces it; ``provenance["moved"]`` counts such decisions over all
episodes that were replayed at once.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ns3marl.fidelity.play import ReplayPolicy
from ns3marl.fidelity.record import MAX_BATCH, in_ns3, play_twin, provenance
from ns3marl.fidelity.scenario import ScenarioFidelity
from ns3marl.fidelity.trace import NS3, RunBatch, Trace, run_batches
from ns3marl.types import Spec


def replay_in_twin(
    traces: Sequence[Trace],
    of: ScenarioFidelity,
    *,
    calibration: Path | None = None,
    mac_seed: int = 0,
    device: str = "cpu",
) -> list[Trace]:
    """Replays the recorded actions in the twin, on the recorded worlds.

    A trace of the twin is reproduced exactly with the same calibration, MAC seed and kind of device.

    Args:
        traces: Episodes of either side.
        of: What the scenario brings.
        calibration: File with the twin's constants; the shipped one by default.
        mac_seed: Seed of backoffs and frame errors.
        device: Device of the twin.

    Raises:
        ConfigError: The twin does not model the arguments.
    """
    found: dict[int, Trace] = {}
    for run_batch in run_batches(traces, MAX_BATCH):
        made: list[ReplayPolicy] = []

        def make(
            spec: Spec, run_batch: RunBatch = run_batch, made: list[ReplayPolicy] = made
        ) -> ReplayPolicy:
            of = [traces[place] for place in run_batch.places]
            made.append(
                ReplayPolicy(spec, np.stack([t.discrete for t in of]), np.stack([t.continuous for t in of]))
            )
            return made[0]

        for place, one in play_twin(traces, run_batch, make, of, calibration, mac_seed, device).items():
            notes = {"replayed": traces[place].backend, "moved": made[0].moved}
            found[place] = dataclasses.replace(one, provenance={**one.provenance, **notes})
    return [found[place] for place in range(len(traces))]


def replay_in_ns3(
    trace: Trace, *, scenario: str | Path | None = None, arguments: Sequence[str] = ()
) -> Trace:
    """Replays the recorded actions in ns-3, on the recorded world and with the recorded seed and run.

    A trace of ns-3 is reproduced exactly, whatever files it writes in addition.

    Args:
        trace: An episode of either side.
        scenario: Executable; that of the trace's scenario by default.
        arguments: Additional arguments, such as ``--pcap=PREFIX``.

    Raises:
        SimulatorError, ConfigError: ns-3 failed or refused the arguments.
    """
    made: list[ReplayPolicy] = []

    def make(spec: Spec) -> ReplayPolicy:
        made.append(ReplayPolicy(spec, trace.discrete[None], trace.continuous[None]))
        return made[0]

    own = (*trace.arguments, *arguments)
    played, spec, hello = in_ns3(trace.world, own, make, scenario or trace.scenario, trace.seed, trace.run)
    notes = provenance(own, spec, hello, trace.seed) | {"replayed": trace.backend, "moved": made[0].moved}
    return dataclasses.replace(trace, backend=NS3, provenance=notes, **vars(played))
