# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Pages of the site that are made from what the programs say of themselves, in Markdown.

A page per bundled scenario from ``--describe`` and ``--arguments`` of its executable and from its descriptor, the commands from their
help, and the options of a configuration from their declarations.
"""

from __future__ import annotations

import argparse
import importlib
import json
import re
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from ns3marl import home, toolchain
from ns3marl.algorithms import registry
from ns3marl.cli.main import parser
from ns3marl.config import SECTIONS
from ns3marl.home import ScenarioHome
from ns3marl.options import listed

GUIDES = Path(__file__).parent
"""Where the pages about scenarios stand that people wrote."""

_UNITS_NS = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}


def pages() -> dict[str, str]:
    """Every page by its file, relative to the folder ``reference``.

    Raises:
        LaunchError, BuildError: A bundled scenario is not built and cannot be.
    """
    homes = sorted(home.bundled().values(), key=lambda one: one.name)
    scenarios = {f"scenarios/{one.name}.md": scenario_page(one) for one in homes}
    rows = [(f"[`{one.name}`](scenarios/{one.name}.md)", cell(_about(one))) for one in homes]
    overview = [
        "# Scenarios",
        (
            "What each bundled scenario declares with its default arguments: agents, action heads, features, state, metrics, tables, "
            "policies and arguments. `ns3marl scenarios` lists those that are built, also yours; "
            "`EXECUTABLE --describe` prints the same of one with other arguments."
        ),
        _table(("scenario", "what it is"), rows),
        "```{toctree}\n:hidden:\n\n" + "\n".join(f"scenarios/{one.name}" for one in homes) + "\n```",
    ]
    return {
        **scenarios,
        "scenarios.md": _page(overview),
        "commands.md": commands_page(),
        "options.md": options_page(),
    }


def scenario_page(one: ScenarioHome) -> str:
    """The page of a scenario."""
    executable = toolchain.provide(one.name)
    spec, arguments = _said(executable, "--describe"), _said(executable, "--arguments")
    tables = _said(executable, "--describe", "--tables=all")["tables"]
    guide = f"../../docs/{one.name}.md"
    more = f" [More about it]({guide})." if (GUIDES / f"{one.name}.md").exists() else ""
    facts = [
        (
            "agents",
            ", ".join(f"{len(group['agents'])} in group `{group['name']}`" for group in spec["groups"]),
        ),
        ("time between decisions", _seconds(spec["tick_ns"])),
        ("episode", f"{spec['ticks']} ticks, {_seconds(spec['duration_ns'])} of simulated time"),
        ("own policy, `builtin`", "yes" if spec["has_builtin"] else "no"),
        ("hash of the spec", f"`{spec['hash']}`"),
    ]
    parts = [
        f"# `{one.name}`",
        f"{cell(_about(one))}.{more}",
        "The page shows what the executable declares with its default arguments; other arguments may change numbers, bounds and names.",
        f"```bash\nns3marl run {one.name} --policy random\n```",
        _table(("", ""), facts),
    ]
    for group in spec["groups"]:
        parts += _group(group)
    for block in spec["state"]:
        parts += [
            f"## State `{block['name']}`",
            f"Part of the global state, which central learners see. Rows: {_names(block['rows'])}.",
            _features(block["features"], ()),
        ]
    parts += [
        "## Metrics",
        _table(
            ("metric", "unit", "better", "meaning"),
            [
                (
                    f"`{m['name']}`",
                    m["unit"],
                    "higher" if m["higher_is_better"] else "lower",
                    cell(m["description"]),
                )
                for m in spec["metrics"]
            ],
        ),
    ]
    if tables:
        parts.append(f"## Tables\n\n`ns3marl run {one.name} --tables FOLDER` writes them.")
    for table in tables:
        columns = [
            (
                f"`{c['name']}`",
                c["unit"],
                c["type"].removeprefix("TYPE_").lower(),
                ", ".join(f"`{name}`" for name in c.get("categories", ())),
            )
            for c in table["columns"]
        ]
        parts += [f"### `{table['name']}`", _table(("column", "unit", "type", "values"), columns)]
    parts += _policies(one, spec["has_builtin"])
    parts += [
        "## Arguments",
        f"They stand after `--`: `ns3marl run {one.name} -- --{arguments[0]['name']}={arguments[0]['value']}`.",
        _table(
            ("argument", "type", "default", "meaning"),
            [
                (f"`--{a['name']}`", a["type"], f"`{_value(a)}`" if a["value"] else "", cell(a["help"]))
                for a in arguments
            ],
        ),
    ]
    return _page(parts)


def commands_page() -> str:
    """The help of every command."""
    whole = parser()
    every = whole._actions  # noqa: SLF001 - argparse lists its commands nowhere else
    (commands,) = (one.choices for one in every if isinstance(one.choices, dict))
    parts = [
        "# Commands",
        "What `ns3marl COMMAND --help` prints. Arguments of a scenario stand at the end, after `--`.",
        _help(whole),
    ]
    for name, command in commands.items():
        parts += [f"## `ns3marl {name}`", _help(command)]
    return _page(parts)


def options_page() -> str:
    """The options of every section of a configuration and of every learner."""
    parts = [
        "# Options of a configuration",
        (
            "A configuration is a TOML file with these sections. `--set SECTION.OPTION=VALUE` changes one option of a command, and "
            "`ns3marl options SECTION` prints a section. `[groups.NAME]` holds the learner of one group of agents: `algorithm`, and each "
            "option that differs from the learner's section ([several kinds of agents](../docs/algorithms/groups.md))."
        ),
    ]
    kinds = {**SECTIONS, **{name: registry.find(name).Options for name in registry.names()}}
    for name, kind in kinds.items():
        rows = [
            (
                f"`{option.name}`",
                cell(option.allowed),
                f"`{json.dumps(option.default)}`",
                cell(option.meaning),
            )
            for option in listed(kind)
        ]
        about = (kind.__doc__ or "").splitlines()[0]
        parts += [f"## `{name}`", cell(about), _table(("option", "values", "default", "meaning"), rows)]
    return _page(parts)


def cell(text: str) -> str:
    """Plain text as Markdown that a cell of a table can hold; code between backticks stays code."""
    parts = re.split(r"(``?[^`]+``?)", text)
    plain = [re.sub(r"([\\*\[\]<>|_$])", r"\\\1", part) for part in parts[::2]]
    code = [part.replace("|", r"\|") for part in parts[1::2]]
    return "".join(a + b for a, b in zip(plain, [*code, ""], strict=True)).replace("\n", " ")


def _help(of: argparse.ArgumentParser) -> str:
    plain = re.sub(r"\x1b\[[0-9;]*m", "", of.format_help())  # newer Pythons colour it on a terminal
    return f"```text\n{plain}```"


def _said(executable: Path, *words: str) -> Any:
    done = subprocess.run([executable, *words], capture_output=True, text=True, timeout=60, check=True)
    return json.loads(done.stdout)


def _about(one: ScenarioHome) -> str:
    """What a scenario is: its descriptor's first line, without the name."""
    if one.is_template:
        return "What `ns3marl new-scenario` copies"
    assert one.folder is not None
    module = importlib.import_module(f"{home.GROUP}.{one.folder.name}")
    first = (module.__doc__ or "").splitlines()[0].partition(": ")[2].rstrip(".")
    return first[:1].upper() + first[1:]


def _group(group: dict[str, Any]) -> list[str]:
    discrete, continuous = group["discrete_heads"], group["continuous_heads"]
    parts = [f"## Group `{group['name']}`", f"Agents: {_names(group['agents'])}."]
    heads = [
        (
            f"`{head['name']}`",
            _names(head["choices"]),
            f"`{head['choices'][head['default_choice']]}`",
            _condition(head, discrete),
            cell(head["description"]),
        )
        for head in discrete
    ] + [
        (
            f"`{head['name']}`",
            f"{head['low']:g} to {head['high']:g}{_unit(head)}",
            f"{head['default_value']:g}{_unit(head)}",
            _condition(head, discrete),
            cell(head["description"]),
        )
        for head in continuous
    ]
    parts += ["### Action heads", _table(("head", "values", "default", "counts if", "meaning"), heads)]
    return [
        *parts,
        f"### Features\n\nAn agent observes {len(group['features'])} numbers.",
        _features(group["features"], discrete),
    ]


def _features(features: Sequence[dict[str, Any]], heads: Sequence[dict[str, Any]]) -> str:
    """A row per feature; one row for those that give the same quantity of each choice of a head, or that differ by a number only."""
    alike: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for feature in features:
        of = feature.get("describes")
        shape = re.sub(r"\d+", "#", feature["name"])
        same = {key: value for key, value in feature.items() if key != "name"}
        alike.setdefault((of["head"], of["quantity"]) if of else (shape, repr(same)), []).append(feature)
    rows = []
    for ones in alike.values():
        first, of = ones[0], ones[0].get("describes")
        bounds = f"{min(f['low'] for f in ones):g} to {max(f['high'] for f in ones):g}"
        rows.append(
            (
                _names([feature["name"] for feature in ones]),
                first["unit"],
                f"{bounds}, clipped" if any(f["saturating"] for f in ones) else bounds,
                f"`{of['quantity']}` of each choice of `{heads[of['head']]['name']}`" if of else "",
                cell(first["description"]),
            )
        )
    header = ("feature", "unit", "range", "describes", "meaning")
    if any(row[3] for row in rows):
        return _table(header, rows)
    return _table((*header[:3], header[4]), [(*row[:3], row[4]) for row in rows])


def _policies(one: ScenarioHome, has_builtin: bool) -> list[str]:
    rows = [
        ("`random`", "", "each choice as likely as every other"),
        ("`default`", "", "the default of each head"),
    ]
    if has_builtin:
        rows.append(("`builtin`", "", "the scenario's own policy, C++ `Decide`"))
    for name, policy in one.policies.items():
        kind = one.load(policy.options) if policy.options is not None else None
        options = ", ".join(f"`{option.name}`" for option in listed(kind)) if kind else ""
        made = one.load(policy.make)
        about = (made.__doc__ or "").splitlines()[0].rstrip(".") if made.__doc__ else ""
        rows.append(
            (
                f"`{name}`",
                options,
                cell(about) + (" (central: sees the whole network)" if policy.central else ""),
            )
        )
    parts = [
        "## Policies that do not learn",
        f"`ns3marl run {one.name} --policy NAME`; options stand after the name: `NAME:OPTION=VALUE`.",
        _table(("policy", "options", "meaning"), rows),
    ]
    having = [
        f"- configurations for `ns3marl train NAME`: {', '.join(f'`{name}`' for name in one.configurations())}"
        if one.configurations()
        else "",
        f"- plots for `ns3marl plot-run --plot NAME`: {', '.join(f'`{name}`' for name in one.plots)}"
        if one.plots
        else "",
        "- a [fast twin](../../docs/fastsim.md), `scenario.backend=fastsim`" if one.twin else "",
    ]
    if any(having):
        parts.append("It also has\n\n" + "\n".join(filter(None, having)))
    return parts


def _names(names: Sequence[str]) -> str:
    """Names; of many that differ only by a number the first and the last."""
    shapes = {re.sub(r"\d+", "#", name) for name in names}
    if len(names) > 2 and len(shapes) == 1:
        return f"`{names[0]}` … `{names[-1]}` ({len(names)})"
    return ", ".join(f"`{name}`" for name in names)


def _condition(head: dict[str, Any], heads: Sequence[dict[str, Any]]) -> str:
    condition = head.get("active_if")
    if not condition:
        return "always"
    of = heads[condition["head"]]
    choices = " or ".join(f"`{of['choices'][choice]}`" for choice in condition["choices"])
    return f"`{of['name']}` is {choices}"


def _value(argument: dict[str, Any]) -> str:
    """The default of an argument; a time in the largest unit that it is a whole number of."""
    value = str(argument["value"])
    if argument["type"] != "time":
        return value
    ns = int(value.removesuffix("ns"))
    unit, size = next((unit, size) for unit, size in _UNITS_NS.items() if ns % size == 0)
    return f"{ns // size}{unit}"


def _unit(head: dict[str, Any]) -> str:
    return "" if head["unit"] == "1" else f" {head['unit']}"


def _seconds(ns: str) -> str:
    return f"{int(ns) / 1e9:g} s"


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _page(parts: Iterable[str]) -> str:
    return "\n\n".join(parts) + "\n"
