# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The command line: ``ns3marl COMMAND``; ``--help`` lists the commands."""

from __future__ import annotations

import argparse
import dataclasses
import datetime as dt
import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NoReturn

from rich.console import Console
from rich.table import Table

from ns3marl import config as configuration
from ns3marl import new_scenario, toolchain
from ns3marl.config import Config
from ns3marl.errors import ConfigError, Ns3MarlError
from ns3marl.types import Hello

_EPILOG = """\
examples:
  ns3marl doctor                                   what is missing, and how to get it
  ns3marl build                                    compile the bundled scenarios
  ns3marl new-scenario my-net                      a folder to write your own topology in
  ns3marl run aiot-mec --policy best-snr -- --devices=10 --servers=3
  ns3marl train demo --seeds 1,2,3 --jobs 2        one experiment, a run folder per seed
  ns3marl train twin                               on the fast twin, to be fine-tuned by the next line
  ns3marl train --from runs/NAME --set scenario.backend=ns3 --set pool.num_envs=2
  ns3marl evaluate runs/NAME                       against every heuristic that fits, on fresh seeds
  ns3marl validate runs/NAME                       does it hold packet by packet?
  ns3marl demo                                     train, evaluate and report in a few minutes
"""


class _Parser(argparse.ArgumentParser):
    """Usage errors end by saying where help is."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(2, f"{self.prog}: {message}\nSee `{self.prog} --help`.\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command.

    Args:
        arguments: Without the program's name; those of the process by default.

    Returns:
        The exit status: 0, 1 where ``doctor`` found something missing, 2 after an error.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    # What follows `--` belongs to the scenario; argparse would mix it with optional positional arguments.
    split = words.index("--") if "--" in words else len(words)
    parsed = _parser().parse_args(words[:split])
    parsed.scenario_arguments = tuple(words[split + 1 :])
    try:
        if parsed.scenario_arguments and not parsed.takes_scenario_arguments:
            raise ConfigError(
                f"ns3marl {parsed.command} takes no scenario arguments: leave out `--` and what follows it"
            )
        status: int = parsed.action(parsed)
    except Ns3MarlError as error:
        if parsed.debug:
            raise
        print(f"ns3marl: {type(error).__name__}: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("ns3marl: interrupted", file=sys.stderr)
        return 130
    return status


# ------------------------------------------------------------------------------------------------------------ commands


def _doctor(parsed: argparse.Namespace) -> int:
    del parsed
    checks = toolchain.diagnose()
    table = Table("", "", "found", "wanted", box=None)
    for check in checks:
        table.add_row("ok" if check.ok else "MISSING", check.name, check.found, check.wanted)
    Console().print(table)
    missing = [check for check in checks if not check.ok]
    for check in missing:
        print(f"{check.name}: {check.remedy}")
    return 1 if missing else 0


def _build(parsed: argparse.Namespace) -> int:
    result = toolchain.build(parsed.folder, parsed.build_dir, parsed.jobs, print if parsed.verbose else None)
    for name, path in result.scenarios.items():
        print(f"{name}  {path}")
    print(f"{len(result.scenarios)} scenarios, {result.duration_s:.1f} s")
    return 0


def _scenarios(parsed: argparse.Namespace) -> int:
    del parsed
    found = toolchain.scenarios()
    if not found:
        raise ConfigError("no scenario is built yet; run `ns3marl build`")
    width = max(map(len, found))
    for name, path in found.items():
        print(f"{name:{width}}  {path}")
    return 0


def _new_scenario(parsed: argparse.Namespace) -> int:
    folder = new_scenario.create(parsed.name, parsed.parent)
    for path in sorted(folder.iterdir()):
        print(path)
    here = folder.resolve().parent == Path.cwd()
    print(
        f"next: ns3marl build {folder} && ns3marl run {parsed.name if here else folder / 'build/bin' / parsed.name}"
    )
    return 0


def _run(parsed: argparse.Namespace) -> int:
    from ns3marl.training import comparison, evaluate, statistics  # noqa: PLC0415 - torch takes seconds to import
    from ns3marl.training.environments import open_pool  # noqa: PLC0415
    from ns3marl.training.tables import TableWriter  # noqa: PLC0415

    config = _with_arguments(configuration.load(None, parsed.set), parsed)
    config = dataclasses.replace(
        config,
        scenario=dataclasses.replace(config.scenario, name=parsed.scenario),
        evaluation=dataclasses.replace(config.evaluation, episodes=parsed.episodes, seed=parsed.seed),
    )
    envs = min(config.pool.num_envs, parsed.episodes)
    with open_pool(config, parsed.seed, envs, 1) as pool, ExitStack() as stack:
        name, policy = evaluate.load_policy(parsed.policy, pool.spec)
        writer = stack.enter_context(TableWriter(parsed.tables, pool.spec)) if parsed.tables else None
        result = evaluate.play(policy, name, pool, config, tables=writer)
        table = Table("metric", "unit", "mean", "95 % interval", box=None)
        for metric in (comparison.REWARD, *pool.spec.metrics):
            interval = statistics.bootstrap(result.metrics[metric.name], config.evaluation.bootstrap)
            ends = f"[{interval.low:.4g}, {interval.high:.4g}]" if interval.low == interval.low else ""
            table.add_row(metric.name, metric.unit, f"{interval.value:.4g}", ends.replace("[", r"\["))
        hello = pool.hello
    Console().print(table)
    print(
        f"{name} on {hello.scenario}, {_simulated_by(hello)}: {len(result.runs)} episodes "
        f"of seed {parsed.seed}, {result.ticks_per_s:.0f} ticks/s"
    )
    if parsed.tables:
        print(f"tables: {parsed.tables}")
    return 0


def _serve(parsed: argparse.Namespace) -> int:
    from ns3marl.training.interrupt import stop_on_signal  # noqa: PLC0415
    from ns3marl.worker import serve  # noqa: PLC0415

    with stop_on_signal() as stop:
        serve(
            parsed.scenario,
            parsed.connect,
            slots=parsed.slots,
            key_folder=parsed.keys,
            wait_s=parsed.wait,
            stop=stop,
            pulse=parsed.pulse,
        )
    return 0


def _keys(parsed: argparse.Namespace) -> int:
    from ns3marl import keys  # noqa: PLC0415

    names = parsed.names or ["simulator"]
    keys.make(parsed.folder, names)
    print(f"learner:   {parsed.folder / 'learner'}, for pool.keys")
    for name in names:
        print(f"simulator: {parsed.folder / name}, for `ns3marl serve --keys`")
    return 0


def _train(parsed: argparse.Namespace) -> int:
    if parsed.runner is not None:
        parsed.set.append(f"pool.runner={parsed.runner}")
    if parsed.resume is not None:
        if parsed.config or parsed.out or parsed.start_from or parsed.scenario_arguments:
            raise ConfigError("--resume RUN continues RUN as configured there; only --set goes with it")
        folder, config = parsed.resume, _config_of(parsed.resume, parsed.set)
    else:
        config = _with_arguments(_new_config(parsed), parsed)
        folder = parsed.out or _new_folder(config)
    resume = parsed.resume is not None
    if parsed.keep_going:
        from ns3marl.training.experiment import complete  # noqa: PLC0415
        from ns3marl.training.run import taken_up  # noqa: PLC0415

        if parsed.out is None or parsed.seeds is not None:
            raise ConfigError("--continue goes with --out RUN, and without --seeds")
        resume = taken_up(folder)
        config = _config_of(folder, parsed.set) if resume else config
        if resume and complete(config, folder):
            print(f"done:   {folder} has spent its budget")
            return 0
    if parsed.seeds is None and not (folder / "experiment.toml").exists():
        _train_and_report(config, folder, resume=resume)
    elif not _train_seeds(config, parsed.seeds or (), folder, parsed.jobs, resume=resume):
        print(f"stopped; go on with: ns3marl train --resume {folder}")
        return 130
    print(f"next: ns3marl evaluate {folder}")
    return 0


def _evaluate(parsed: argparse.Namespace) -> int:
    run = Path(parsed.policies[0])
    config, folder = _judging(parsed, run if _own_config(run) else None, "evaluation")
    policies = [*parsed.policies]
    if len(policies) == 1:
        policies += [name for name in _opponents(config) if name not in policies]
    of = folder.parent if folder == run / "evaluation" else folder
    _evaluate_and_report(config, policies, folder, of, parsed.tables)
    return 0


def _validate(parsed: argparse.Namespace) -> int:
    from ns3marl.fidelity import report, validate  # noqa: PLC0415

    config, folder = _judging(parsed, _run_folder(Path(parsed.policy)), "validation")
    if parsed.calibration is not None:
        scenario = dataclasses.replace(config.scenario, calibration=str(parsed.calibration))
        config = dataclasses.replace(config, scenario=scenario)
    opponents = _opponents(config) if parsed.against is None else parsed.against
    validate.validate(
        config,
        [parsed.policy, *opponents],
        folder,
        look=parsed.trace,
        jobs=parsed.jobs,
    )
    results = report.read(folder)
    _print_table(*report.table(results, results["policy"], report.MAIN_METRICS))
    _print_table(*report.ranking(results))
    print(results["verdict"])
    print(f"report: {report.report(folder)}")
    return 0


def _calibrate(parsed: argparse.Namespace) -> int:
    from ns3marl.fidelity import fitting  # noqa: PLC0415
    from ns3marl.training.progress import ProgressDisplay  # noqa: PLC0415

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
    _print_table(*fitting.table(fit))
    print("errors are in tolerances: beyond 1 in magnitude is outside")
    print(f"calibration: {parsed.out}")
    return 0


def _report(parsed: argparse.Namespace) -> int:
    from ns3marl.fidelity import report as validation  # noqa: PLC0415
    from ns3marl.training import report  # noqa: PLC0415

    write = validation.report if validation.is_validation(parsed.folder) else report.report
    print(write(parsed.folder))
    return 0


def _plot_run(parsed: argparse.Namespace) -> int:
    from ns3marl.training.network_plot import plot_run  # noqa: PLC0415

    print(
        plot_run(parsed.folder, parsed.out or parsed.folder / "network-life.png", parsed.policy, parsed.run)
    )
    return 0


def _demo(parsed: argparse.Namespace) -> int:
    settings = [*parsed.set, f"training.minutes={parsed.minutes}"]
    config = configuration.load("demo", settings)
    if config.scenario.name not in toolchain.scenarios():
        print("compiling the scenarios")
        toolchain.build()
    folder = parsed.out or _new_folder(config, "demo")
    print(f"1/2  training IMAPPO on ns-3 for {config.training.minutes:g} minutes: {folder}", flush=True)
    _train_and_report(config, folder)
    policies = [str(folder), *_opponents(config)]
    print(
        f"2/2  evaluating on {config.evaluation.episodes} fresh episodes: {', '.join(policies[1:])}",
        flush=True,
    )
    _evaluate_and_report(config, policies, folder / "evaluation", folder)
    return 0


# ------------------------------------------------------------------------------------------------------------- helpers


def _train_and_report(config: Config, folder: Path, *, resume: bool = False) -> None:
    from ns3marl.training.report import report  # noqa: PLC0415
    from ns3marl.training.run import train  # noqa: PLC0415

    train(config, folder, resume=resume)
    if (folder / "metrics.jsonl").stat().st_size > 0:
        print(f"run:    {folder}")
        print(f"report: {report(folder)}")


def _evaluate_and_report(
    config: Config, policies: Sequence[str], folder: Path, of: Path, tables: Path | None = None
) -> None:
    from ns3marl.training import comparison, evaluate, report  # noqa: PLC0415

    evaluate.evaluate(config, policies, folder, tables=tables)
    results = comparison.read(folder)
    assert results is not None
    header, rows, best = report.table(results)
    table = Table(*header, box=None, title="best means in bold", title_justify="left")
    for r, row in enumerate(rows):
        cells = (cell.replace("[", r"\[") for cell in row)
        table.add_row(*(f"[bold]{cell}[/bold]" if (r, c) in best else cell for c, cell in enumerate(cells)))
    Console(width=None if sys.stdout.isatty() else 240).print(table)
    print(f"report: {report.report(of)}")


def _simulated_by(hello: Hello) -> str:
    if hello.ns3_version == "none":
        return "fast twin"
    return f"ns-3 {hello.ns3_version} ({hello.ns3_build_profile})"


def _opponents(config: Config) -> Sequence[str]:
    """The heuristics to compare with: those configured, or all that fit the scenario."""
    if config.evaluation.policies:
        return config.evaluation.policies
    from ns3marl.algorithms import heuristics  # noqa: PLC0415
    from ns3marl.training.environments import judged, open_pool  # noqa: PLC0415

    with open_pool(judged(config), config.evaluation.seed, 1, 1) as pool:
        return heuristics.fitting(pool.spec)


def _train_seeds(config: Config, seeds: Sequence[int], folder: Path, jobs: int, *, resume: bool) -> bool:
    from ns3marl.training import experiment, report  # noqa: PLC0415

    whole = experiment.train_seeds(config, seeds, folder, jobs=jobs, resume=resume)
    print(f"runs:   {folder}")
    if any(path.stat().st_size > 0 for path in folder.glob("seed-*/metrics.jsonl")):
        print(f"report: {report.report(folder)}")
    return whole


def _new_config(parsed: argparse.Namespace) -> Config:
    """What to train: a configuration, or with ``--from`` that of the run that the learner comes from."""
    if parsed.start_from is None:
        return _config_or_scenario(parsed.config, parsed.set)
    settings = [f"training.start_from={parsed.start_from}", *parsed.set]
    if parsed.config is None and _own_config(parsed.start_from) is not None:
        return _config_of(parsed.start_from, settings)
    return _config_or_scenario(parsed.config, settings)


def _run_folder(path: Path) -> Path | None:
    """The run that a folder or a checkpoint of it belongs to."""
    for folder in (path, path.parent.parent):
        if (folder / "config.toml").exists():
            return folder
    if (path / "experiment.toml").exists():
        raise ConfigError(f"{path} is an experiment; give one of its runs, such as {path / 'seed-1'}")
    return None


def _own_config(run: Path) -> Path | None:
    """The configuration of a run folder or an experiment."""
    for name in ("config.toml", "experiment.toml"):
        if (run / name).exists():
            return run / name
    return None


def _config_of(run: Path, settings: Sequence[str]) -> Config:
    path = _own_config(run)
    if path is None:
        raise ConfigError(f"{run} is not a run folder: it has no config.toml, and no experiment.toml either")
    return configuration.load(path, settings)


def _judging(parsed: argparse.Namespace, run: Path | None, what: str) -> tuple[Config, Path]:
    """How to judge policies and where to write it: by a run and into it, unless the command line names something else."""
    if run is not None and parsed.config is None:
        config, folder = _config_of(run, parsed.set), parsed.out or run / what
    else:
        config = configuration.load(parsed.config, parsed.set)
        folder = parsed.out or _new_folder(config, what)
    config = _with_arguments(config, parsed)
    if parsed.episodes is not None:
        config = dataclasses.replace(
            config, evaluation=dataclasses.replace(config.evaluation, episodes=parsed.episodes)
        )
    return config, folder


def _config_or_scenario(source: str | None, settings: Sequence[str]) -> Config:
    """A configuration by its name or file, or the defaults with a scenario by its name or executable."""
    if source is None or source in configuration.shipped():
        return configuration.load(source, settings)
    if source in toolchain.scenarios() or (Path(source).is_file() and os.access(source, os.X_OK)):
        return configuration.load(None, [f"scenario.name={source}", *settings])
    return configuration.load(source, settings)


def _with_arguments(config: Config, parsed: argparse.Namespace) -> Config:
    """Adds the scenario arguments that stood behind ``--``; of two equal ones ns-3 takes the last."""
    arguments = (*config.scenario.arguments, *parsed.scenario_arguments)
    if getattr(parsed, "tables", None) is not None:
        arguments = (*arguments, "--tables=all")
    return dataclasses.replace(config, scenario=dataclasses.replace(config.scenario, arguments=arguments))


def _print_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    table = Table(*header, box=None)
    for row in rows:
        table.add_row(*(cell.replace("[", r"\[") for cell in row))
    Console(width=None if sys.stdout.isatty() else 240).print(table)


def _new_folder(config: Config, what: str | None = None) -> Path:
    name = Path(config.scenario.name).name
    stamp = dt.datetime.now(dt.timezone.utc).strftime("%Y%m%d-%H%M%S")
    return Path("runs") / f"{name}-{what or config.training.algorithm}-{stamp}"


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="ns3marl",
        description="Multi-agent reinforcement learning in lockstep with packet-level ns-3.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--debug", action="store_true", help="show the traceback of errors")
    parser.set_defaults(takes_scenario_arguments=False)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    _add_building(commands)

    command = commands.add_parser("run", help="run a policy and print the metrics")
    command.add_argument("scenario", help="name of a built scenario, or path of its executable")
    command.add_argument("--policy", default="random", help="heuristic, checkpoint or run folder (random)")
    command.add_argument("--episodes", type=_positive, default=1, help="how many episodes (1)")
    command.add_argument("--seed", type=_positive, default=1001, help="ns-3 seed of the episodes (1001)")
    _add_tables(command)
    _add_set(command)
    command.set_defaults(action=_run, takes_scenario_arguments=True)

    _add_serving(commands)

    command = commands.add_parser("train", help="train a policy; what follows `--` goes to the scenario")
    names = ", ".join(configuration.shipped())
    command.add_argument(
        "config",
        nargs="?",
        help=f"TOML file, one of {names}, or a scenario under the built-in defaults",
    )
    command.add_argument("--out", type=Path, help="run folder (runs/SCENARIO-ALGORITHM-TIME)")
    command.add_argument(
        "--continue",
        dest="keep_going",
        action="store_true",
        help="go on with the run in --out if there is one: the same command again after whatever ended it",
    )
    command.add_argument("--resume", type=Path, metavar="RUN", help="go on with an earlier run or experiment")
    command.add_argument(
        "--from",
        type=Path,
        metavar="RUN",
        dest="start_from",
        help="a new run with RUN's learner and configuration, e.g. to fine-tune in ns-3 what the twin taught",
    )
    command.add_argument(
        "--seeds", type=_seeds, help="train one run per seed: a list such as 1,2,3, or how many from 1 on"
    )
    command.add_argument("--jobs", type=_positive, default=1, help="runs at a time, with --seeds (1)")
    command.add_argument(
        "--runner",
        choices=("local", "ray"),
        help="who launches simulators, this host or a Ray cluster: short for --set pool.runner=…",
    )
    _add_set(command)
    command.set_defaults(action=_train, takes_scenario_arguments=True)

    command = commands.add_parser("evaluate", help="compare policies on the same fresh episodes")
    command.add_argument(
        "policies",
        nargs="+",
        metavar="POLICY",
        help="run folders, experiments, checkpoints and heuristics; one alone meets every heuristic that fits",
    )
    command.add_argument("--config", help="configuration; that of the first run folder by default")
    command.add_argument("--episodes", type=_positive, help="episodes per policy")
    command.add_argument("--out", type=Path, help="where to write (RUN/evaluation)")
    _add_tables(command)
    _add_set(command)
    command.set_defaults(action=_evaluate, takes_scenario_arguments=True)

    _add_validate(commands)
    _add_calibrate(commands)

    command = commands.add_parser(
        "report", help="write the HTML and Markdown report of a run, an evaluation or a validation"
    )
    command.add_argument("folder", type=Path)
    command.set_defaults(action=_report)

    command = commands.add_parser("plot-run", help="draw the life of a network from the tables of a run")
    command.add_argument("folder", type=Path, help="what --tables wrote")
    command.add_argument("--policy", help="whose episode (the first)")
    command.add_argument("--run", type=_positive, help="ns-3 RngRun of the episode (the first)")
    command.add_argument("--out", type=Path, help="PNG file (FOLDER/network-life.png)")
    command.set_defaults(action=_plot_run)

    command = commands.add_parser("demo", help="train, evaluate and report in a few minutes")
    command.add_argument("--minutes", type=float, default=5.0, help="training time (5)")
    command.add_argument("--out", type=Path, help="run folder")
    _add_set(command)
    command.set_defaults(action=_demo)
    return parser


def _add_validate(commands: Any) -> None:
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
    command.add_argument("--episodes", type=_positive, help="episodes per policy")
    command.add_argument("--calibration", type=Path, help="constants of the twin, of `ns3marl calibrate`")
    command.add_argument(
        "--trace", choices=("pcap", "netanim"), help="play the worst episode again and write what happened"
    )
    _add_jobs(command)
    command.add_argument("--out", type=Path, help="where to write (RUN/validation)")
    _add_set(command)
    command.set_defaults(action=_validate, takes_scenario_arguments=True)


def _add_calibrate(commands: Any) -> None:
    command = commands.add_parser("calibrate", help="fit the twin's constants to ns-3")
    command.add_argument(
        "--cells", type=_words, metavar="N/K,…", help="devices/servers to fit (10/3,50/3,50/9,50/15,75/12)"
    )
    command.add_argument(
        "--held-out",
        type=_words,
        metavar="N/K,…",
        help="whose error is only reported (25/6,50/6,50/12,50/18,100/15)",
    )
    command.add_argument(
        "--policies",
        type=_words,
        metavar="NAME,…",
        help="who decides (random,random-offload,best-snr,coordinated-greedy)",
    )
    command.add_argument("--episodes", type=_positive, help="of each policy in each cell (2)")
    command.add_argument("--ticks", type=_positive, help="of an episode (100)")
    command.add_argument("--seed", type=_positive, help="of the worlds (5001)")
    command.add_argument("--constants", type=_words, metavar="NAME,…", help="which ones may move")
    command.add_argument("--rounds", type=_positive, help="how often the search halves its steps (3)")
    _add_jobs(command)
    command.add_argument(
        "--traces", type=Path, default=Path("runs/calibration"), help="recorded episodes (runs/calibration)"
    )
    command.add_argument(
        "--out", type=Path, default=Path("calibration.toml"), help="where to write (calibration.toml)"
    )
    command.add_argument("--force", action="store_true", help="write over an earlier file")
    command.set_defaults(action=_calibrate, takes_scenario_arguments=True)


def _add_jobs(command: argparse.ArgumentParser) -> None:
    cores = len(os.sched_getaffinity(0))
    command.add_argument(
        "--jobs", type=_positive, default=cores, help=f"episodes of ns-3 at a time (one per core: {cores})"
    )


def _add_building(commands: argparse._SubParsersAction[_Parser]) -> None:
    command = commands.add_parser("doctor", help="say what is missing and how to get it")
    command.set_defaults(action=_doctor)

    command = commands.add_parser("build", help="compile scenarios")
    command.add_argument(
        "folder", nargs="?", type=Path, help="your own scenarios; the bundled ones by default"
    )
    command.add_argument("--build-dir", type=Path, help="where to build")
    command.add_argument("--jobs", type=int, help="compilers at a time")
    command.add_argument("--verbose", action="store_true", help="show the compiler's output")
    command.set_defaults(action=_build)

    command = commands.add_parser("scenarios", help="list the scenarios that are built")
    command.set_defaults(action=_scenarios)

    command = commands.add_parser("new-scenario", help="make a folder to write your own topology in")
    command.add_argument("name", help="of the scenario, like two-cells")
    command.add_argument("--parent", type=Path, default=Path(), help="where to make the folder (here)")
    command.set_defaults(action=_new_scenario)


def _add_serving(commands: argparse._SubParsersAction[_Parser]) -> None:
    command = commands.add_parser(
        "serve", help="launch simulators here for a learner elsewhere, until there is none"
    )
    command.add_argument("scenario", help="name of a built scenario, or path of its executable")
    command.add_argument(
        "--connect",
        required=True,
        metavar="ENDPOINT",
        help="where the learner listens (its pool.endpoint): ipc://PATH or tcp://HOST:PORT",
    )
    command.add_argument(
        "--slots",
        type=_positive,
        default=1,
        help="simulators at a time; one more than cores hides the start of processes (1)",
    )
    command.add_argument(
        "--keys", type=Path, metavar="FOLDER", help="CURVE keys of this host; needed beyond it"
    )
    command.add_argument(
        "--wait",
        type=float,
        default=60.0,
        help="seconds to wait for a learner, at first and again; 0: forever (60)",
    )
    command.add_argument(
        "--pulse", type=Path, metavar="FILE", help="touched twice a second, for health checks"
    )
    command.set_defaults(action=_serve)

    command = commands.add_parser("keys", help="make CURVE keys for a learner and simulators on other hosts")
    command.add_argument("folder", type=Path, help="where to write; one that has keys gets more simulators")
    command.add_argument(
        "names", nargs="*", metavar="NAME", help="one for each host of simulators (simulator)"
    )
    command.set_defaults(action=_keys)


def _add_set(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="SECTION.OPTION=VALUE",
        help="change an option of the configuration; may be repeated",
    )


def _add_tables(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--tables",
        type=Path,
        metavar="FOLDER",
        help="write ticks, state and the scenario's tables as Parquet",
    )


def _seeds(text: str) -> tuple[int, ...]:
    """``1,2,3``, or a count: the seeds from 1 on."""
    if "," in text:
        return tuple(_positive(word) for word in text.strip(",").split(","))
    return tuple(range(1, _positive(text) + 1))


def _words(text: str) -> tuple[str, ...]:
    """``a,b``; nothing for an empty text."""
    return tuple(word for word in text.split(",") if word)


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"expected 1 or more, got {value}")
    return value


if __name__ == "__main__":
    sys.exit(main())
