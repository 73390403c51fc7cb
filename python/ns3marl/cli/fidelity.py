# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""``validate`` and ``calibrate``: the twin against ns-3."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path

from rich.console import Console

from ns3marl.cli.options import (
    Commands,
    add_jobs,
    add_set,
    judging,
    opponents,
    positive,
    print_table,
    run_folder,
    words,
)
from ns3marl.errors import ConfigError


def add(commands: Commands) -> None:
    """Adds the commands."""
    command = commands.add_parser(
        "validate", help="a policy in the twin and packet by packet, from the same initial conditions"
    )
    command.add_argument("policy", metavar="RUN", help="run folder, checkpoint or heuristic")
    command.add_argument(
        "--against",
        nargs="*",
        metavar="POLICY",
        help="policies to rank it with; the configured heuristics, or all that fit, by default; none: without any",
    )
    command.add_argument("--config", help="configuration; that of the run folder by default")
    command.add_argument("--episodes", type=positive, help="episodes per policy")
    command.add_argument("--calibration", type=Path, help="constants of the twin, of `ns3marl calibrate`")
    command.add_argument(
        "--trace", choices=("pcap", "netanim"), help="play the worst episode again and write what happened"
    )
    add_jobs(command)
    command.add_argument("--out", type=Path, help="where to write (RUN/validation)")
    add_set(command)
    command.set_defaults(action=_validate, takes_scenario_arguments=True)

    command = commands.add_parser("calibrate", help="fit the twin's constants to ns-3")
    command.add_argument(
        "--cells", type=words, metavar="N/K,…", help="devices/servers to fit (10/3,50/3,50/9,50/15,75/12)"
    )
    command.add_argument(
        "--held-out",
        type=words,
        metavar="N/K,…",
        help="whose error is only reported (25/6,50/6,50/12,50/18,100/15)",
    )
    command.add_argument(
        "--policies",
        type=words,
        metavar="NAME,…",
        help="who active (random,random-offload,best-snr,coordinated-greedy)",
    )
    command.add_argument("--episodes", type=positive, help="of each policy in each cell (2)")
    command.add_argument("--ticks", type=positive, help="of an episode (100)")
    command.add_argument("--seed", type=positive, help="of the worlds (5001)")
    command.add_argument("--constants", type=words, metavar="NAME,…", help="which ones may move")
    command.add_argument("--rounds", type=positive, help="how often the search halves its steps (3)")
    add_jobs(command)
    command.add_argument(
        "--traces", type=Path, default=Path("runs/calibration"), help="recorded episodes (runs/calibration)"
    )
    command.add_argument(
        "--out", type=Path, default=Path("calibration.toml"), help="where to write (calibration.toml)"
    )
    command.add_argument("--force", action="store_true", help="write over an earlier file")
    command.set_defaults(action=_calibrate, takes_scenario_arguments=True)


def _validate(parsed: argparse.Namespace) -> int:
    from ns3marl.fidelity import report, validate  # noqa: PLC0415

    config, folder = judging(parsed, run_folder(Path(parsed.policy)), "validation")
    if parsed.calibration is not None:
        scenario = dataclasses.replace(config.scenario, calibration=str(parsed.calibration))
        config = dataclasses.replace(config, scenario=scenario)
    others = opponents(config) if parsed.against is None else parsed.against
    validate.validate(
        config,
        [parsed.policy, *others],
        folder,
        look=parsed.trace,
        jobs=parsed.jobs,
    )
    results = report.read(folder)
    print_table(report.table(results, results["policy"], report.MAIN_METRICS))
    print_table(report.ranking(results))
    print(results["verdict"])
    print(f"report: {report.report(folder)}")
    return 0


def _calibrate(parsed: argparse.Namespace) -> int:
    from ns3marl.fidelity import fitting  # noqa: PLC0415
    from ns3marl.progress import ProgressDisplay  # noqa: PLC0415
    from ns3marl.reporting.page import TextTable  # noqa: PLC0415

    if parsed.out.exists() and not parsed.force:
        raise ConfigError(f"{parsed.out} exists; choose another --out, or --force")
    plan = fitting.Plan(
        **{
            name: getattr(parsed, name)
            for name in ("cells", "held_out", "policies", "episodes", "ticks", "seed", "constants", "rounds")
            if getattr(parsed, name) is not None
        },
        arguments=parsed.scenario_arguments,
    )
    with ProgressDisplay("recording", Console(stderr=True)) as display:
        fit = fitting.fit_cells(plan, parsed.traces, display, jobs=parsed.jobs, report=print)
    parsed.out.parent.mkdir(parents=True, exist_ok=True)
    parsed.out.write_text(fit.calibration.dumps(), encoding="utf-8")
    print_table(TextTable(*fitting.table(fit)))
    print("errors are in tolerances: beyond 1 in magnitude is outside")
    print(f"calibration: {parsed.out}")
    return 0
