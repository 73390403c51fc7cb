# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""``evaluate``, ``compare`` and ``report``: policies and runs side by side."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ns3marl import config as configuration
from ns3marl import home as homes
from ns3marl.cli.documents import add_json, print_document
from ns3marl.cli.exits import Exit
from ns3marl.cli.options import (
    Commands,
    add_set,
    add_tables,
    evaluated_by,
    evaluation_config,
    new_folder,
    opponents,
    own_config,
    positive,
    print_table,
    tidied,
    words,
)
from ns3marl.config import Config
from ns3marl.errors import ConfigError


def add(commands: Commands) -> None:
    """Adds the commands."""
    command = commands.add_parser("evaluate", group="judge", help="play policies on the same fresh episodes")
    command.add_argument(
        "policies",
        nargs="+",
        metavar="POLICY",
        help="run folders, experiments, checkpoints and simple policies; one alone meets every simple policy that fits",
    )
    command.add_argument(
        "--config", help="configuration or scenario; that of the first run folder by default"
    )
    command.add_argument("--episodes", type=positive, help="episodes per policy")
    command.add_argument("--out", type=Path, help="where to write (RUN/evaluation)")
    add_tables(command)
    add_set(command)
    add_json(command)
    command.set_defaults(action=_evaluate, takes_scenario_arguments=True)

    command = commands.add_parser(
        "compare",
        group="judge",
        help="compare runs; plays nothing where evaluations of the same episodes are there",
        description="Compares runs from their finished evaluations. If these are missing, of other checkpoints or of different "
        "episodes, or if --config, --episodes, --set or scenario arguments are given, all are evaluated anew on the same episodes, "
        "as by `ns3marl evaluate`. In both cases a new folder gets the results and a report.",
    )
    command.add_argument(
        "runs",
        nargs="+",
        metavar="RUN",
        help="run folders, experiments, checkpoints and simple policies; folders of evaluations, which stand for all their "
        "policies. Differences are against the first one",
    )
    command.add_argument("--config", help="configuration or scenario; that of the first run by default")
    command.add_argument("--episodes", type=positive, help="episodes per policy")
    command.add_argument("--out", type=Path, help="where to write (runs/SCENARIO-comparison-TIME)")
    add_set(command)
    add_json(command)
    command.set_defaults(action=_compare, takes_scenario_arguments=True)

    command = commands.add_parser(
        "report",
        group="judge",
        help="write the HTML and Markdown report of a run, an evaluation or a validation",
    )
    command.add_argument("folder", type=Path)
    command.add_argument("--out", type=Path, help="where to write it (the folder itself)")
    command.add_argument(
        "--figures",
        type=words,
        default=(),
        metavar="KIND,…",
        help="for papers, write each figure also as pdf, svg or both, into plots/",
    )
    command.set_defaults(action=_report)


def _evaluate(parsed: argparse.Namespace) -> int:
    run = Path(parsed.policies[0])
    config, folder = evaluated_by(parsed, parsed.policies[0], run if own_config(run) else None, "evaluation")
    policies = [*parsed.policies]
    if len(policies) == 1:
        policies += [name for name in opponents(config) if name not in policies]
    of = folder.parent if folder == run / "evaluation" else folder
    results = _evaluated(config, policies, folder, parsed.tables)
    return _tell(results, folder, of, parsed)


def _compare(parsed: argparse.Namespace) -> int:
    from ns3marl.evaluation import comparison, evaluate, finished  # noqa: PLC0415 - torch takes seconds to import

    changed = parsed.config or parsed.episodes or parsed.set or parsed.scenario_arguments
    there = None if changed else finished.common(parsed.runs)
    if there is not None:
        entries, evaluations = there
        _check_several([entry.name for entry in entries])
        name = evaluations[0].results["manifest"]["scenario"]["name"]
        config = configuration.load(None, [f"scenario.name={name}"])
        folder = parsed.out or new_folder(config, "comparison")
        with tidied(folder):
            finished.write(folder, entries, evaluations, config.evaluation.bootstrap)
        places = ", ".join(str(one.folder) for one in evaluations)
        print(f"nothing is played again; from {places}", file=sys.stderr)
        results = comparison.read(folder)
        assert results is not None
        return _tell(results, folder, folder, parsed, differences=True)
    folders = [run for run in parsed.runs if finished.is_evaluation(Path(run))]
    if folders:
        raise ConfigError(
            f"{', '.join(folders)}: not all that is compared was evaluated on the same episodes with the checkpoints that are there "
            "now; name run folders in place of evaluations, without options, and they are evaluated on the same episodes"
        )
    run = next((Path(one) for one in parsed.runs if own_config(Path(one))), None)
    config = evaluation_config(parsed, parsed.runs[0], run)
    names = [entry.name for entry in evaluate.gather(parsed.runs, homes.find(config.scenario.name))]
    _check_several(names)
    folder = parsed.out or new_folder(config, "comparison")
    return _tell(_evaluated(config, parsed.runs, folder), folder, folder, parsed, differences=True)


def _check_several(names: Sequence[str]) -> None:
    if len(names) < 2:
        raise ConfigError(
            f"there is only {names[0]!r} to compare: name a second run, experiment, evaluation or simple policy. Runs that differ only "
            "in their training seed are one policy with several seeds"
        )


def _report(parsed: argparse.Namespace) -> int:
    from ns3marl.fidelity import report as validation  # noqa: PLC0415
    from ns3marl.reporting import report  # noqa: PLC0415

    write = validation.report if validation.is_validation(parsed.folder) else report.report
    print(write(parsed.folder, parsed.out, parsed.figures))
    return Exit.DONE


def evaluate_and_report(config: Config, policies: Sequence[str], folder: Path, of: Path) -> int:
    """Evaluates policies into ``folder``, prints the table, and reports the run or evaluation ``of``.

    Returns:
        The exit status, see ``_tell``.
    """
    return _tell(_evaluated(config, policies, folder), folder, of, argparse.Namespace(json=False))


def _evaluated(
    config: Config, policies: Sequence[str], folder: Path, tables: Path | None = None
) -> dict[str, Any]:
    """Evaluates policies into ``folder``."""
    from ns3marl.evaluation import comparison, evaluate  # noqa: PLC0415

    with tidied(folder):
        evaluate.evaluate(config, policies, folder, tables=tables)
    results = comparison.read(folder)
    assert results is not None
    return results


def _tell(
    results: dict[str, Any], folder: Path, of: Path, parsed: argparse.Namespace, *, differences: bool = False
) -> int:
    """Prints the results in ``folder``, and reports the run or evaluation ``of``.

    Returns:
        The exit status: ``FAILED`` where a policy was not evaluated.
    """
    from ns3marl.reporting import report  # noqa: PLC0415
    from ns3marl.reporting.verdict import verdict  # noqa: PLC0415

    written = report.report(of)
    if parsed.json:
        print_document(parsed, {**results, "verdict": verdict(results), "folder": folder, "report": written})
    else:
        table = report.table(results)
        print_table(table.header, table.rows, table.marked, "bold: may be the best")
        if differences:
            table = report.differences(results)
            print_table(table.header, table.rows, title="differences on the same episodes")
        print(verdict(results))
        print(f"report: {written}")
    for name, text in results["failures"].items():
        print(f"{name} was not evaluated: {text}", file=sys.stderr)
    return Exit.FAILED if results["failures"] else Exit.DONE
