# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Writes the page of the published tables from finished cells: published values, ours with intervals, differences, and reasons."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from ns3marl import plotting
from ns3marl.evaluation import statistics
from ns3marl.reporting import plots
from ns3marl.reporting.page import TextTable, markdown_table
from ns3marl.scenarios.aiot_mec import planning
from ns3marl.scenarios.aiot_mec.published import claims, outage, study, sweep, tables
from ns3marl.scenarios.aiot_mec.published.measured import (
    COMPLETION,
    ENERGY,
    FIVE,
    JAIN,
    LATENCY,
    MIN_MAX,
    PREMIUM,
    RESAMPLES,
    REWARDS,
    STANDARD,
    Cells,
    Shown,
    convergence_episode,
    mean,
    scores,
    tail_deviation,
    throughput,
)
from ns3marl.studies import page as pages
from ns3marl.studies.cells import Cell, Content

ALPHA = 0.9  # the probability with which IMAPPO must lead a metric
MISSING = "–"
#: What the published text gives, by row of table 1.
PUBLISHED_1 = {"imappo": "99 %, 14.2 ms", "others": "78 to 99 %, 14 to 58 ms"}
HEAD = """\
# The published evaluation, packet by packet

Written by `ns3marl reproduce` from the files of its cells. Policies are trained on the twin ({ticks} ticks) and judged in ns-3 on held-out episodes
of RngSeed {seed}, each learner by the way of acting that its tuning found better. Brackets: 95 % stratified bootstrap intervals over
training seeds and episodes. Published values stand beside ours where they are known to us; none was tuned for.

**Which network.** The published text does not say how its devices, channels and servers behave packet by packet. The presets of `aiot-mec` were
compared before any learner was trained: simple policies play each, and the preset whose least and largest completion and latency are
closest to the published ones (78 to 99 %, 14.2 to 58 ms) is taken for every table. Reward weights are the published ones, .4/.3/.3.

{sweep}

**Where published numbers contradict one another**, as far as we see:

- 22.01 and 8.26 %, the gains of partial over binary offloading, belong to another, cited work.
- Tables 1 and 2 give other values for 9 servers.
- "6.9 %" is 3.84 % if it is computed from the values beside it, and "98.7 %" is 97.4 %.
- The fairness of table 3 is not Jain's index of the completion ratios it stands beside; min/max comes closer. Both are below.
"""


def cell(contents: Sequence[Content], shown: Shown) -> str:
    """A cell of a table."""
    return _interval(mean(contents, shown), shown.digits) if contents else MISSING


def _acts_on(contents: Sequence[Content]) -> str:
    return "central" if contents[0]["central"] else "own"


def _interval(found: statistics.Interval, digits: int) -> str:
    return pages.interval(
        {"mean": found.value, "low": _known(found.low), "high": _known(found.high)}, 1.0, digits
    )


def write(contents: Sequence[Content], page: Path, images: Path, quick: bool) -> list[str]:
    """See ``Publication.write``."""
    cells = Cells(contents)
    page.parent.mkdir(parents=True, exist_ok=True)
    images.mkdir(parents=True, exist_ok=True)
    pictures = _draw(cells, images, page.parent)
    ticks = max((content["budget"]["ticks"] for content in contents), default=study.TRAINING_TICKS)
    parts = [
        HEAD.format(ticks=ticks, seed=study.SEED, sweep=_sweep()),
        *(["*Only the form: trainings and episodes are far too short to mean anything.*\n"] if quick else []),
        _missing(contents, quick),
        _claims(cells),
        *pictures,
        tables_of(cells, rounds=1 if quick else 100),
        _provenance(contents),
    ]
    page.write_text("\n".join(part.rstrip() + "\n" for part in parts if part), encoding="utf-8")
    return figures(cells)


def tables_of(cells: Cells, rounds: int) -> str:
    """All tables; outages with this number of rounds of ``outage_percent``."""
    parts = (
        _table_1(cells),
        _table_2(cells, rounds),
        _table_3(cells),
        _table_4(cells),
        _table_5(cells),
    )
    return "\n".join(part.rstrip() + "\n" for part in parts)


def _sweep() -> str:
    rows = []
    for preset, of in sweep.found().items():
        completion, latency = (
            [getattr(one, name) for one in of.values()] for name in ("completion_percent", "latency_ms")
        )
        rows.append(
            [
                preset,
                f"{min(completion):.1f} to {max(completion):.1f}",
                f"{min(latency):.1f} to {max(latency):.1f}",
                f"{sweep.distance(of):.2f}",
            ]
        )
    return markdown_table(
        TextTable(["preset", "completion [%]", "latency [ms]", "distance from the published range"], rows)
    )


def _missing(contents: Sequence[Content], quick: bool) -> str:
    """Which cells the page still lacks, by setting."""
    done = {Cell(**content["cell"]) for content in contents}
    every = tables.every_cell(quick=quick)
    missing = [one for one in every if one not in done]
    if not missing:
        return ""
    where = ", ".join(f"{name} ({count})" for name, count in Counter(one.setting for one in missing).items())
    return f"**{len(missing)} of {len(every)} cells are not run yet**; rows and seeds that need them are missing below. By setting: {where}.\n"


def _claims(cells: Cells) -> str:
    rows = []
    for claim in claims.CLAIMS:
        ours = claim.ours(cells)
        if ours is None:
            continue
        found = ours.interval
        rows.append(
            [
                claim.what,
                f"{claim.published:.{claim.digits}f}",
                f"{_interval(found, claim.digits)} ({ours.policy})",
                f"{found.value - claim.published:+.{claim.digits}f}",
                claim.why,
            ]
        )
    if not rows:
        return ""
    table = TextTable(["published number", "published", "ours", "difference", "why"], rows)
    return f"## Published numbers and ours\n\n{markdown_table(table)}\n"


def _table_1(cells: Cells) -> str:
    names = (*tables.LEARNERS, tables.PUBLISHED_SETTINGS, planning.NAME, *tables.RULES)
    rows = []
    for name in names:
        of = cells.of(name, tables.HOME)
        if not of:
            continue
        seeds = len(of) if of[0]["cell"]["seed"] else 0
        published = PUBLISHED_1.get(name, PUBLISHED_1["others"] if name in claims.SIX else MISSING)
        converged = [episode for content in of if np.isfinite(episode := convergence_episode(content))]
        deviation = tail_deviation(of)
        rows.append(
            [
                f"{name} ({seeds} seed{'s' * (seeds > 1)})" if seeds else name,
                _acts_on(of),
                published,
                *(cell(of, shown) for shown in FIVE),
                f"{np.median(converged):.0f}" if converged else MISSING,
                f"{deviation:.0f}" if np.isfinite(deviation) else MISSING,
            ]
        )
    header = ["policy", "acts on", "published", *(shown.heading for shown in FIVE)]
    header += ["episodes to converge", "deviation in the tail"]
    return "\n".join(
        [
            "## Table 1: 50 devices, 9 servers\n",
            markdown_table(TextTable(header, rows)),
            "\nEpisodes of 1000 ticks. *imappo-published* has the published settings (discount .99, learning rate 3e-4, 2048 ticks an update, 128",
            "units, heads at once). DQN, PPO and A3C are one central controller; IQL and IPPO are the other reading of a single-agent learner, one",
            "that all devices share. Published deviations in the tail are 1240, 2180 and 3450. Convergence counts training episodes of",
            f"{study.TRAINING_EPISODE} ticks.\n",
        ]
    )


def _table_2(cells: Cells, rounds: int) -> str:
    rows = []
    for servers in tables.SERVERS:
        name = f"50_{servers}"
        carried = cells.of("imappo", name, tables.HOME)
        rule, own = cells.of("load-aware", name), cells.of("imappo", name)
        if not (carried or own or rule):
            continue
        rows.append(
            [
                str(servers),
                *(cell(own, shown) for shown in (COMPLETION, LATENCY, ENERGY)),
                cell(carried, COMPLETION) if servers != 9 else "the same",
                cell(rule, COMPLETION),
                f"{outage.outage_percent(servers, rounds):.3f}",
            ]
        )
    header = ["servers", *(shown.heading for shown in (COMPLETION, LATENCY, ENERGY))]
    header += ["completion, policy of 9 servers [%]", "completion, load-aware [%]", "outage at 30 dBm [%]"]
    return f"## Table 2: servers\n\n{markdown_table(TextTable(header, rows))}\n\nIMAPPO trained for each number of servers, at 50 devices. Outage: the best server's mean SNR, Monte Carlo over a million devices.\n"


def _table_3(cells: Cells) -> str:
    rows = []
    shown = (COMPLETION, PREMIUM, STANDARD, JAIN, MIN_MAX)
    for name in tables.settings():
        if not name.startswith("priority-"):
            continue
        for policy, trained in (
            ("imappo", "" if name == "priority-none" else "priority-none"),
            ("load-aware", ""),
        ):
            of = cells.of(policy, name, trained)
            if of:
                kind, _, where = name.removeprefix("priority-").partition("-")
                rows.append([kind, where or MISSING, policy, *(cell(of, one) for one in shown)])
    header = ["priority", "where", "policy", *(one.heading for one in shown)]
    return f"## Table 3: priorities\n\n{markdown_table(TextTable(header, rows))}\n\n50 devices, 3 servers, tasks arrive twice as often. *queue*: servers serve by priority; *edca*: urgent frames go to the video access category. The policy is trained without priorities.\n"


def _table_4(cells: Cells) -> str:
    rows = []
    for devices, servers in (*tables.SIZES, *tables.LARGE):
        name = f"{devices}_{servers}"
        own, carried, rule = (
            cells.of("imappo", name),
            cells.of("imappo", name, tables.HOME),
            cells.of("load-aware", name),
        )
        if not (own or carried or rule):
            continue
        converged = [episode for content in own if np.isfinite(episode := convergence_episode(content))]
        rows.append(
            [
                f"{devices}/{servers}",
                *(cell(own, shown) for shown in (COMPLETION, LATENCY, REWARDS)),
                f"{np.median(converged):.0f}" if converged else MISSING,
                cell(carried, COMPLETION) if name != tables.HOME else "the same",
                cell(rule, COMPLETION),
            ]
        )
    header = ["devices/servers", *(shown.heading for shown in (COMPLETION, LATENCY, REWARDS))]
    header += [
        "episodes to converge",
        "completion, policy of 50 devices [%]",
        "completion, load-aware [%]",
    ]
    return f"## Table 4: size\n\n{markdown_table(TextTable(header, rows))}\n\nThe published completion falls by 1.2 points up to 100 devices. Beyond 100 devices the area grows with their number.\n"


def _table_5(cells: Cells) -> str:
    rows = [
        [modes, *(cell(of, shown) for shown in FIVE)]
        for modes in tables.OFFLOADING
        if (of := cells.of("imappo", f"offloading-{modes}"))
    ]
    rates = [
        [name, _acts_on(of), _interval(throughput(of), 1)]
        for name in (*tables.LEARNERS, planning.NAME, *tables.RULES)
        if (of := cells.of(name, tables.HOME))
    ]
    modes = TextTable(["offloading", *(shown.heading for shown in FIVE)], rows)
    rate = TextTable(["policy", "acts on", "completed tasks/s"], rates)
    return "\n".join(
        [
            "## Table 5: binary, partial and any offloading\n",
            markdown_table(modes) if rows else "Not run yet.",
            "\nIMAPPO, 50 devices and 9 servers. Gains of 22.01 and 8.26 % are those of the cited work, which has another network.\n",
            "**Throughput** of the policies of table 1, all devices together:\n",
            markdown_table(rate),
        ]
    )


def figures(cells: Cells) -> list[str]:
    """Figures as ``name: VALUE UNIT``, without those whose cells are missing."""
    found: list[str] = []
    ours, rivals = cells.of("imappo", tables.HOME), claims.SIX[1:]
    if ours and all(cells.of(name, tables.HOME) for name in rivals):
        led = sum(all(_leads(cells, name, shown) for name in rivals) for shown in FIVE)
        found.append(f"table1_imappo_best_of_six: {led} of_5")
    for name in ("imappo", planning.NAME):
        if of := cells.of(name, tables.HOME):
            found.append(f"table1_{name}_completion: {mean(of, COMPLETION).value:.2f} %")
            found.append(f"table1_{name}_latency_ms: {mean(of, LATENCY).value:.1f} ms")
    grown = [cells.of("imappo", f"50_{servers}") for servers in tables.SERVERS]
    if all(grown):
        values = [mean(of, COMPLETION).value for of in grown]
        found.append(f"table2_monotone: {int(all(np.diff(values) >= 0))} bool")
    none, both = (
        cells.of("imappo", "priority-none"),
        cells.of("imappo", "priority-combined-both", "priority-none"),
    )
    if none and both:
        found.append(
            f"table3_high_minus_none: {mean(both, PREMIUM).value - mean(none, PREMIUM).value:.2f} points"
        )
    if fall := claims.drop_to_100(cells):
        found.append(f"table4_completion_drop_to_100: {fall.interval.value:.2f} points")
    return found


def _leads(cells: Cells, rival: str, shown: Shown) -> bool:
    ours, theirs = (scores(cells.of(name, tables.HOME), shown.metric) for name in ("imappo", rival))
    chance = statistics.improvement(ours, theirs, RESAMPLES, higher_is_better=shown.more_is_better)
    return chance.value >= ALPHA


def _draw(cells: Cells, images: Path, base: Path) -> list[str]:
    """Bars and curves of table 1, and completion by servers."""
    found = []
    home = [content for content in cells.contents if content["cell"]["setting"] == tables.HOME]
    home = [content for content in home if not content["cell"].get("trained")]
    if home:
        results = pages.summarise(home, tables.LEARNERS)
        shown = [name for name in results["metrics"] if name != pages.LIKELIEST.name]
        found.append(
            _picture(
                "paper-table-1",
                "Table 1: means and 95 % intervals",
                lambda: plots.metric_bars(results, shown),
                images,
                base,
            )
        )
    curves: dict[str, list[list[dict[str, float]]]] = {
        name: [
            [{"ticks": t, "reward_per_tick": r} for t, r in content["curve"]]
            for content in home
            if content["cell"]["policy"] == name and content["curve"]
        ]
        for name in tables.LEARNERS
    }
    curves = {name: runs for name, runs in curves.items() if runs}
    if curves:
        found.append(
            _picture(
                "paper-curves",
                "Interquartile mean of the reward while training, and its 95 % interval over seeds",
                lambda: plots.learning_bands(curves, {}),
                images,
                base,
            )
        )
    return found


def _picture(name: str, title: str, draw: Callable[[], Figure], images: Path, base: Path) -> str:
    plot = plotting.render(name, title, draw)
    path = images / f"{name}.png"
    path.write_bytes(plot.png)
    return f"![{title}]({pages.relative(path, base)})\n"


def _provenance(contents: Sequence[Content]) -> str:
    if not contents:
        return ""
    commits: Mapping[str, None] = dict.fromkeys(
        pages.short(content["manifest"]["git_commit"]) for content in contents
    )
    versions = contents[0]["manifest"]["versions"]
    return f"{len(contents)} cells, ns-3 {versions['ns3']} ({versions['ns3_build_profile']}), commits {', '.join(sorted(commits))}.\n"


def _known(value: float) -> float | None:
    return None if np.isnan(value) else value
