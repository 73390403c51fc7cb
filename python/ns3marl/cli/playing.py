# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""``run`` and ``plot-run``: episodes of one policy."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ns3marl import config as configuration
from ns3marl import files
from ns3marl import home as homes
from ns3marl.cli import gdb
from ns3marl.cli.documents import add_json, print_document
from ns3marl.cli.exits import Exit
from ns3marl.cli.options import Commands, add_set, add_tables, positive, print_table, with_arguments
from ns3marl.errors import ConfigError
from ns3marl.types import Hello, Metric

if TYPE_CHECKING:
    from ns3marl.evaluation.comparison import PolicyResult
    from ns3marl.evaluation.statistics import Interval


def add(commands: Commands) -> None:
    """Adds the commands."""
    command = commands.add_parser("run", group="start", help="run a policy and print the metrics")
    command.add_argument("scenario", help="name of a built scenario, or path of its executable")
    command.add_argument("--policy", help="simple policy, checkpoint or run folder (random)")
    command.add_argument("--episodes", type=positive, default=1, help="how many episodes (1)")
    command.add_argument("--seed", type=positive, default=1001, help="ns-3 seed of the episodes (1001)")
    command.add_argument(
        "--gdb",
        action="store_true",
        help="run an episode of the scenario's own policy in the debugger, without Python",
    )
    add_tables(command)
    add_set(command)
    add_json(command)
    command.set_defaults(action=_run, takes_scenario_arguments=True)

    command = commands.add_parser("plot-run", group="judge", help="draw an episode from the tables of a run")
    command.add_argument("folder", type=Path, help="folder that --tables wrote")
    command.add_argument(
        "--plot",
        metavar="NAME",
        help="a plot of the scenario, or `ticks`, which every scenario has (the first)",
    )
    command.add_argument("--policy", help="policy of the episode (the first)")
    command.add_argument("--run", type=positive, help="ns-3 RngRun of the episode (the first)")
    command.add_argument("--scenario", help="name or executable of the scenario (the one in the tables)")
    command.add_argument("--out", type=Path, help="PNG, SVG or PDF file, by its ending (FOLDER/NAME.png)")
    command.set_defaults(action=_plot_run)


def _run(parsed: argparse.Namespace) -> int:
    from ns3marl.evaluation import comparison, evaluate, statistics  # noqa: PLC0415 - torch takes seconds to import
    from ns3marl.evaluation.tables import TableWriter  # noqa: PLC0415
    from ns3marl.launch.environments import open_pool  # noqa: PLC0415

    if parsed.gdb:
        others = (parsed.tables, parsed.set, parsed.json, parsed.episodes > 1)
        if parsed.policy not in {None, "builtin"} or any(others):
            raise ConfigError(
                "--gdb runs one episode of the scenario's own policy: leave out --policy, --tables, --set, --json and --episodes, or let "
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
        intervals = {
            metric: statistics.bootstrap(result.metrics[metric.name], config.evaluation.bootstrap)
            for metric in (comparison.REWARD, *pool.spec.metrics)
        }
        hello = pool.hello
    if parsed.json:
        print_document(parsed, _document(hello, result, intervals, parsed))
        return Exit.DONE
    rows = []
    for metric, interval in intervals.items():
        ends = f"[{interval.low:.4g}, {interval.high:.4g}]" if interval.low == interval.low else ""
        rows.append([metric.name, metric.unit, f"{interval.value:.4g}", ends])
    print_table(["metric", "unit", "mean", "95 % interval"], rows)
    print(
        f"{name} on {hello.scenario}, {_simulated_by(hello)}: {len(result.runs)} episodes "
        f"of seed {parsed.seed}, {result.ticks_per_s:.0f} ticks/s"
    )
    if parsed.tables:
        print(f"tables: {parsed.tables}")
    return Exit.DONE


def _document(
    hello: Hello,
    result: PolicyResult,
    intervals: Mapping[Metric, Interval],
    parsed: argparse.Namespace,
) -> dict[str, Any]:
    """What ``run --json`` prints."""
    return {
        "policy": result.name,
        "scenario": hello.scenario,
        "ns3": {"version": hello.ns3_version, "build_profile": hello.ns3_build_profile},
        "seed": parsed.seed,
        "runs": result.runs,
        "ticks_per_s": result.ticks_per_s,
        "tables": parsed.tables,
        "metrics": {
            metric.name: {
                "unit": metric.unit,
                "description": metric.description,
                "higher_is_better": metric.higher_is_better,
                "mean": interval.value,
                "low": interval.low,
                "high": interval.high,
                "values": result.metrics[metric.name],
            }
            for metric, interval in intervals.items()
        },
    }


def _plot_run(parsed: argparse.Namespace) -> int:
    from ns3marl import plotting  # noqa: PLC0415 - matplotlib takes a second to import
    from ns3marl.evaluation.episode_table import scenario_of  # noqa: PLC0415
    from ns3marl.reporting import episode_plot  # noqa: PLC0415

    home = homes.find(parsed.scenario or scenario_of(parsed.folder))
    plots = {**home.plots, episode_plot.NAME: episode_plot.draw}
    name = parsed.plot or next(iter(plots))
    if name not in plots:
        raise ConfigError(f"scenario {home.name!r} has no plot {name!r}; it has {', '.join(plots)}")
    out = parsed.out or parsed.folder / f"{name}.png"
    kind = out.suffix.removeprefix(".")
    plotting.check_kind(kind)
    draw = home.load(plots[name])
    files.write(out, plotting.figure(lambda: draw(parsed.folder, parsed.policy, parsed.run), kind))
    print(out)
    others = [other for other in plots if other != name]
    if others and parsed.plot is None:
        print(f"other plots of {home.name} (--plot NAME): {', '.join(others)}")
    return Exit.DONE


def _simulated_by(hello: Hello) -> str:
    if hello.ns3_version == "none":
        return "fast twin"
    return f"ns-3 {hello.ns3_version} ({hello.ns3_build_profile})"
