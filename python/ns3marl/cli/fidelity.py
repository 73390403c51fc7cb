# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""``validate`` and ``calibrate``: compare the twin with ns-3."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path

from rich.console import Console

from ns3marl import home as homes
from ns3marl.cli.documents import add_json, print_document
from ns3marl.cli.exits import Exit
from ns3marl.cli.options import (
    Commands,
    add_jobs,
    add_set,
    evaluated_by,
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
        "validate",
        group="judge",
        help="compare a policy in the twin and in ns-3, from the same initial conditions",
    )
    command.add_argument("policy", metavar="RUN", help="run folder, checkpoint or simple policy")
    command.add_argument(
        "--against",
        nargs="*",
        metavar="POLICY",
        help="policies to rank it with (the configured simple policies, or all that fit); none: no ranking",
    )
    command.add_argument("--config", help="configuration or scenario (that of the run folder)")
    command.add_argument("--episodes", type=positive, help="episodes per policy")
    command.add_argument(
        "--calibration", type=Path, help="file with the twin's constants, from `ns3marl calibrate`"
    )
    command.add_argument(
        "--trace",
        metavar="KIND",
        help="replay the worst episode and write this output, such as pcap or netanim",
    )
    add_jobs(command)
    command.add_argument("--out", type=Path, help="where to write (RUN/validation)")
    add_set(command)
    add_json(command)
    command.set_defaults(action=_validate, takes_scenario_arguments=True)

    command = commands.add_parser("calibrate", group="extend", help="fit the twin's constants to ns-3")
    command.add_argument(
        "scenario",
        nargs="?",
        help="name of a built scenario, or path of its executable (the only one with constants to fit)",
    )
    command.add_argument(
        "--cells", type=words, metavar="CELL,…", help="sizes of the network to fit (the scenario's)"
    )
    command.add_argument(
        "--held-out",
        type=words,
        metavar="CELL,…",
        help="sizes whose error is only reported (the scenario's)",
    )
    command.add_argument(
        "--policies", type=words, metavar="NAME,…", help="simple policies to record (the scenario's)"
    )
    command.add_argument("--episodes", type=positive, help="episodes of each policy in each cell (2)")
    command.add_argument("--ticks", type=positive, help="ticks of an episode (100)")
    command.add_argument("--seed", type=positive, help="ns-3 seed of the worlds (5001)")
    command.add_argument("--constants", type=words, metavar="NAME,…", help="constants to fit")
    command.add_argument("--rounds", type=positive, help="how often the search halves its steps (3)")
    add_jobs(command)
    command.add_argument(
        "--traces",
        type=Path,
        default=Path("runs/calibration"),
        help="folder of recorded episodes (runs/calibration)",
    )
    command.add_argument(
        "--out", type=Path, default=Path("calibration.toml"), help="where to write (calibration.toml)"
    )
    command.add_argument("--force", action="store_true", help="overwrite an existing file")
    command.set_defaults(action=_calibrate, takes_scenario_arguments=True)


def _validate(parsed: argparse.Namespace) -> int:
    from ns3marl.fidelity import report, validate  # noqa: PLC0415
    from ns3marl.policies import BUILTIN  # noqa: PLC0415

    config, folder = evaluated_by(parsed, parsed.policy, run_folder(Path(parsed.policy)), "validation")
    if parsed.calibration is not None:
        scenario = dataclasses.replace(config.scenario, calibration=str(parsed.calibration))
        config = dataclasses.replace(config, scenario=scenario)
    others = parsed.against
    if others is None:  # the scenario's own C++ policy does not run in the twin
        others = [name for name in opponents(config) if name != BUILTIN]
    validate.validate(
        config,
        [parsed.policy, *others],
        folder,
        look=parsed.trace,
        jobs=parsed.jobs,
    )
    results = report.read(folder)
    written = report.report(folder)
    if parsed.json:
        print_document(parsed, {**results, "folder": folder, "report": written})
        return Exit.DONE
    for table in (report.table(results, results["policy"], results["main_metrics"]), report.ranking(results)):
        print_table(table.header, table.rows, table.marked)
    print(results["verdict"])
    print(f"report: {written}")
    return Exit.DONE


def _calibrate(parsed: argparse.Namespace) -> int:
    from ns3marl.fidelity import fitting  # noqa: PLC0415
    from ns3marl.fidelity.scenario import fidelity_of  # noqa: PLC0415
    from ns3marl.progress import ProgressDisplay  # noqa: PLC0415

    if parsed.out.exists() and not parsed.force:
        raise ConfigError(f"{parsed.out} exists; choose another --out, or --force")
    scenario = parsed.scenario or _calibrated()
    of = fidelity_of(scenario)
    calibrator = fitting.calibrator_of(of, scenario)
    plan = fitting.plan(
        scenario,
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
    parsed.out.write_text(calibrator.dumps(fit.calibration), encoding="utf-8")
    print_table(*fitting.table(fit, of))
    print("errors are in tolerances: beyond 1 in magnitude is outside")
    print(f"calibration: {parsed.out}")
    return Exit.DONE


def _calibrated() -> str:
    """The name of the only scenario whose twin has constants to fit."""
    from ns3marl.fidelity.scenario import fidelity_of  # noqa: PLC0415

    named = [home.name for home in homes.homes() if home.fidelity is not None]
    having = [name for name in named if fidelity_of(name).calibrator is not None]
    if len(having) != 1:
        raise ConfigError(
            f"which scenario? Those whose twin can be calibrated: {', '.join(having) or 'none'}"
        )
    return having[0]
