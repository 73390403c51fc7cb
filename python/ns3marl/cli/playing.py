# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""``run``, ``evaluate`` and what draws and reports them."""

from __future__ import annotations

import argparse
import dataclasses
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from ns3marl import config as configuration
from ns3marl import files
from ns3marl import home as homes
from ns3marl.cli import gdb
from ns3marl.cli.options import (
    Commands,
    add_set,
    add_tables,
    evaluated_by,
    opponents,
    own_config,
    positive,
    print_table,
    tidied,
    with_arguments,
)
from ns3marl.config import Config
from ns3marl.errors import ConfigError
from ns3marl.types import Hello


def add(commands: Commands) -> None:
    """Adds the commands."""
    command = commands.add_parser("run", help="run a policy and print the metrics")
    command.add_argument("scenario", help="name of a built scenario, or path of its executable")
    command.add_argument("--policy", help="simple policy, checkpoint or run folder (random)")
    command.add_argument("--episodes", type=positive, default=1, help="how many episodes (1)")
    command.add_argument("--seed", type=positive, default=1001, help="ns-3 seed of the episodes (1001)")
    command.add_argument(
        "--gdb",
        action="store_true",
        help="an episode of the scenario's own policy in the debugger, without Python",
    )
    add_tables(command)
    add_set(command)
    command.set_defaults(action=_run, takes_scenario_arguments=True)

    command = commands.add_parser("evaluate", help="compare policies on the same fresh episodes")
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
    command.set_defaults(action=_evaluate, takes_scenario_arguments=True)

    command = commands.add_parser(
        "report", help="write the HTML and Markdown report of a run, an evaluation or a validation"
    )
    command.add_argument("folder", type=Path)
    command.add_argument("--out", type=Path, help="where to write it (the folder itself)")
    command.set_defaults(action=_report)

    command = commands.add_parser("plot-run", help="draw an episode from the tables of a run")
    command.add_argument("folder", type=Path, help="what --tables wrote")
    command.add_argument(
        "--plot",
        metavar="NAME",
        help="a plot of the scenario, or `ticks`, which every scenario has (the first)",
    )
    command.add_argument("--policy", help="whose episode (the first)")
    command.add_argument("--run", type=positive, help="ns-3 RngRun of the episode (the first)")
    command.add_argument("--scenario", help="name or executable of the scenario (the one in the tables)")
    command.add_argument("--out", type=Path, help="PNG file (FOLDER/NAME.png)")
    command.set_defaults(action=_plot_run)


def _run(parsed: argparse.Namespace) -> int:
    from ns3marl.evaluation import comparison, evaluate, statistics  # noqa: PLC0415 - torch takes seconds to import
    from ns3marl.evaluation.tables import TableWriter  # noqa: PLC0415
    from ns3marl.launch.environments import open_pool  # noqa: PLC0415

    if parsed.gdb:
        if parsed.policy not in {None, "builtin"} or parsed.tables or parsed.set or parsed.episodes > 1:
            raise ConfigError(
                "--gdb runs one episode of the scenario's own policy: leave out --policy, --tables, --set and --episodes, or let "
                "another policy play and attach gdb to its simulator (docs/debugging.md)"
            )
        gdb.debug(parsed.scenario, parsed.seed, parsed.scenario_arguments)
    chosen = parsed.policy or "random"
    config = with_arguments(configuration.load(None, parsed.set), parsed)
    config = dataclasses.replace(
        config,
        scenario=dataclasses.replace(config.scenario, name=parsed.scenario),
        evaluation=dataclasses.replace(config.evaluation, episodes=parsed.episodes, seed=parsed.seed),
    )
    home = homes.find(parsed.scenario)
    config = evaluate.opened_for(config, chosen, home)
    envs = min(config.pool.num_envs, parsed.episodes)
    with open_pool(config, parsed.seed, envs, 1) as pool, ExitStack() as stack:
        name, policy = evaluate.load_policy(chosen, pool.spec, home)
        writer = stack.enter_context(TableWriter(parsed.tables, pool.spec)) if parsed.tables else None
        result = evaluate.play(policy, name, pool, config, tables=writer)
        rows = []
        for metric in (comparison.REWARD, *pool.spec.metrics):
            interval = statistics.bootstrap(result.metrics[metric.name], config.evaluation.bootstrap)
            ends = f"[{interval.low:.4g}, {interval.high:.4g}]" if interval.low == interval.low else ""
            rows.append([metric.name, metric.unit, f"{interval.value:.4g}", ends])
        hello = pool.hello
    print_table(["metric", "unit", "mean", "95 % interval"], rows)
    print(
        f"{name} on {hello.scenario}, {_simulated_by(hello)}: {len(result.runs)} episodes "
        f"of seed {parsed.seed}, {result.ticks_per_s:.0f} ticks/s"
    )
    if parsed.tables:
        print(f"tables: {parsed.tables}")
    return 0


def _evaluate(parsed: argparse.Namespace) -> int:
    run = Path(parsed.policies[0])
    config, folder = evaluated_by(parsed, parsed.policies[0], run if own_config(run) else None, "evaluation")
    policies = [*parsed.policies]
    if len(policies) == 1:
        policies += [name for name in opponents(config) if name not in policies]
    of = folder.parent if folder == run / "evaluation" else folder
    return evaluate_and_report(config, policies, folder, of, parsed.tables)


def _report(parsed: argparse.Namespace) -> int:
    from ns3marl.fidelity import report as validation  # noqa: PLC0415
    from ns3marl.reporting import report  # noqa: PLC0415

    write = validation.report if validation.is_validation(parsed.folder) else report.report
    print(write(parsed.folder, parsed.out))
    return 0


def _plot_run(parsed: argparse.Namespace) -> int:
    from ns3marl import plotting  # noqa: PLC0415 - matplotlib takes a second to import
    from ns3marl.evaluation.episode_table import scenario_of  # noqa: PLC0415
    from ns3marl.reporting import episode_plot  # noqa: PLC0415

    home = homes.find(parsed.scenario or scenario_of(parsed.folder))
    plots = {**home.plots, episode_plot.NAME: episode_plot.draw}
    name = parsed.plot or next(iter(plots))
    if name not in plots:
        raise ConfigError(f"scenario {home.name!r} has no plot {name!r}; it has {', '.join(plots)}")
    draw = home.load(plots[name])
    image = plotting.render(name, name, lambda: draw(parsed.folder, parsed.policy, parsed.run))
    out = parsed.out or parsed.folder / f"{name}.png"
    files.write(out, image.png)
    print(out)
    others = [other for other in plots if other != name]
    if others and parsed.plot is None:
        print(f"other plots of {home.name} (--plot NAME): {', '.join(others)}")
    return 0


def evaluate_and_report(
    config: Config, policies: Sequence[str], folder: Path, of: Path, tables: Path | None = None
) -> int:
    """Evaluates policies into ``folder``, prints the table, and reports the run or evaluation ``of``.

    Returns:
        The exit status: 2 where a policy failed.
    """
    from ns3marl.evaluation import comparison, evaluate  # noqa: PLC0415
    from ns3marl.reporting import report  # noqa: PLC0415
    from ns3marl.reporting.verdict import verdict  # noqa: PLC0415

    with tidied(folder):
        evaluate.evaluate(config, policies, folder, tables=tables)
    results = comparison.read(folder)
    assert results is not None
    table = report.table(results)
    print_table(table.header, table.rows, table.marked, "bold: may be the best")
    print(verdict(results))
    print(f"report: {report.report(of)}")
    for name, text in results["failures"].items():
        print(f"{name} was not evaluated: {text}", file=sys.stderr)
    return 2 if results["failures"] else 0


def _simulated_by(hello: Hello) -> str:
    if hello.ns3_version == "none":
        return "fast twin"
    return f"ns-3 {hello.ns3_version} ({hello.ns3_build_profile})"
