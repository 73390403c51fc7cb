# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Policies and settings of the published tables.

Every setting is the default preset with the reward weights .4/.3/.3; ``sweep`` shows why.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Literal

from ns3marl.config import tomllib
from ns3marl.scenarios.aiot_mec import planning
from ns3marl.studies.cells import Cell

#: Learners of table 1; the published "single-agent" ones in both readings: DQN, PPO and A3C are one central controller, IQL and IPPO one
#: agent's learner that all share.
LEARNERS = ("imappo", "maddpg", "ppo", "a3c", "dqn", "iql", "ippo")
PUBLISHED = "published"  # the configuration
PUBLISHED_SETTINGS = f"imappo-{PUBLISHED}"
RULES = (
    *("local-only", "random-offload", "best-snr", "snr-target", "load-aware"),
    *("coordinated-greedy", "coordinated-power"),
)
SERVERS = (3, 6, 9, 12, 15, 18)
SIZES = ((10, 3), (25, 6), (50, 9), (75, 12), (100, 15))
LARGE = ((200, 18), (500, 50), (1000, 100))
HOME = "50_9"
#: Weights of the deadline, the work and the service level.
PRIORITIES = {
    "none": (0.0, 0.0, 0.0),
    "deadline": (1.0, 0.0, 0.0),
    "resource": (0.0, 1.0, 0.0),
    "sla": (0.0, 0.0, 1.0),
    "combined": (0.4, 0.3, 0.3),
}
Where = Literal["queue", "edca", "both"]
MECHANISMS: tuple[Where, ...] = ("queue", "edca", "both")
OFFLOADING = ("binary", "partial", "any")
SEEDS, SEEDS_OF_TABLE_1 = 3, 5
_LONG, _SHORT = 1000, 200  # ticks of an episode: of table 1, of the others


@dataclass(frozen=True)
class Setting:
    """Settings in which policies are evaluated and, in episodes of ``study.TRAINING_EPISODE`` ticks, trained."""

    arguments: tuple[str, ...]
    ticks: int = _SHORT
    episodes: int = 10


def size(devices: int, servers: int, *more: str, preset: str = "default") -> tuple[str, ...]:
    """Arguments of a network."""
    return (f"--preset={preset}", f"--devices={devices}", f"--servers={servers}", *more)


def _priority(kind: str, where: Where) -> Setting:
    """A network under load, with priorities in the servers' queues, on the air, or both."""
    alpha, beta, gamma = PRIORITIES[kind]
    words = ["--arrivalProbability=0.6", f"--alpha={alpha:g}", f"--beta={beta:g}", f"--gamma={gamma:g}"]
    if kind != "none" and where != "edca":
        words.append("--discipline=priority")
    if kind != "none" and where != "queue":
        words.append(f"--edca={kind}")
    return Setting(size(50, 3, *words))


@cache
def settings() -> dict[str, Setting]:
    """All of them, by name."""
    found = {HOME: Setting(size(50, 9), _LONG)}
    found |= {f"50_{k}": Setting(size(50, k)) for k in SERVERS if k != 9}
    found |= {f"{n}_{k}": Setting(size(n, k)) for n, k in SIZES if n != 50}
    found |= {f"{n}_{k}": Setting(size(n, k, preset="dense"), 100, 3 if n < 500 else 1) for n, k in LARGE}
    found["priority-none"] = _priority("none", "queue")
    found |= {
        f"priority-{kind}-{where}": _priority(kind, where)
        for kind in PRIORITIES
        if kind != "none"
        for where in MECHANISMS
    }
    found |= {
        f"offloading-{modes}": Setting(size(50, 9, *([] if modes == "any" else [f"--offloading={modes}"])))
        for modes in OFFLOADING
    }
    return found


@cache
def learners() -> dict[str, dict[str, Any]]:
    """Learners by name: ``algorithm``, ``acts`` (drawn or likeliest) and ``options``."""
    found: dict[str, dict[str, Any]] = _toml("published/learners.toml")
    options = _toml(f"configs/{PUBLISHED}.toml")["imappo"]
    return found | {PUBLISHED_SETTINGS: {"algorithm": "imappo", "acts": "drawn", "options": options}}


def _toml(path: str) -> dict[str, Any]:
    home = resources.files(__package__.rpartition(".")[0])
    found: dict[str, Any] = tomllib.loads(home.joinpath(path).read_text("utf-8"))
    return found


def table_1(seeds: int) -> list[Cell]:
    """Every learner, the published settings, rules and the planner, at 50 devices and 9 servers."""
    return [
        *(Cell(rule, HOME, 0) for rule in (*RULES, planning.NAME)),
        *(Cell(learner, HOME, seed) for seed in range(1, seeds + 1) for learner in LEARNERS),
        *(Cell(PUBLISHED_SETTINGS, HOME, seed) for seed in range(1, min(seeds, SEEDS) + 1)),
    ]


def table_2(seeds: int) -> list[Cell]:
    """IMAPPO and the strongest rule by the number of servers: trained with this number, and transferred from 9."""
    return _grown([f"50_{k}" for k in SERVERS if k != 9], [], seeds)


def table_3(seeds: int) -> list[Cell]:
    """Priorities: the policy of 9 servers and a rule, in a loaded network."""
    where = [name for name in settings() if name.startswith("priority-")]
    return [
        *(Cell("load-aware", name, 0) for name in where),
        *(
            Cell("imappo", name, seed, trained="priority-none")
            for seed in range(1, seeds + 1)
            for name in where[1:]
        ),
        *(Cell("imappo", "priority-none", seed) for seed in range(1, seeds + 1)),
    ]


def table_4(seeds: int) -> list[Cell]:
    """IMAPPO and the strongest rule by the size of the network: trained with this size, and transferred from 50 devices."""
    trained = [f"{n}_{k}" for n, k in SIZES if n != 50]
    return _grown(trained, [f"{n}_{k}" for n, k in LARGE], seeds)


def table_5(seeds: int) -> list[Cell]:
    """IMAPPO with binary, partial and any offloading."""
    return [
        Cell("imappo", f"offloading-{modes}", seed) for seed in range(1, seeds + 1) for modes in OFFLOADING
    ]


def _grown(trained: list[str], only_carried: list[str], seeds: int) -> list[Cell]:
    rules = [Cell("load-aware", name, 0) for name in (*trained, *only_carried)]
    own = [Cell("imappo", name, seed) for seed in range(1, seeds + 1) for name in trained]
    carried = [
        Cell("imappo", name, seed, trained=HOME)
        for seed in range(1, seeds + 1)
        for name in (*trained, *only_carried)
    ]
    return rules + own + carried


def every_cell(seeds: int | None = None, quick: bool = False) -> list[Cell]:
    """Of all tables.

    Args:
        seeds: Training seeds; by default 5 in table 1 and 3 elsewhere.
        quick: Only one seed and a few rows of each table.
    """
    if quick:
        return [
            *(Cell(name, HOME, 0) for name in ("best-snr", "load-aware")),
            *(Cell(name, HOME, 1) for name in ("imappo", "ippo")),
            *(Cell("imappo", name, 1, trained=HOME) for name in ("50_3", "25_6", "10_3")),
        ]
    few, many = (seeds or SEEDS), (seeds or SEEDS_OF_TABLE_1)
    return [*table_1(many), *table_2(few), *table_3(few), *table_4(few), *table_5(few)]
