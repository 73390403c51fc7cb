# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Simple rules of `aiot-mec` with power control: how their options were tuned, and what the chosen ones reach on held-out seeds.

`--keep` tunes rules for each setting by itself and keeps the best options in `benchmarks/results/rules/`, for the regimes.

A random search on the twin, on a seed that no evaluation uses: a quarter of the draws are uniform over the ranges below, the others
change one to three options of the best so far, of which the chosen options are the first. A draw's score is the mean reward over some settings, by default three, under the scenario's own weights (0.4, 0.3, 0.3). The chosen
options are the defaults of the rules; they and every simple policy are then played on another seed.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ns3marl import home, policies
from ns3marl.rl.policy import action_generators
from ns3marl.scenarios.aiot_mec.twin.pool import FastPool

TUNING_SEED, HELD_OUT_SEED = 9001, 9501
ENVS, TICKS, DRAWS, SHOWN = 8, 100, 60, 5
KEPT = Path(__file__).resolve().parent / "results" / "rules"
SETTINGS = {
    "stress_50_9": ("--preset=stress", "--devices=50", "--servers=9"),
    "default_50_9": ("--devices=50", "--servers=9"),
    "default_10_3": ("--devices=10", "--servers=3"),
    "stress_50_3": ("--preset=stress", "--devices=50", "--servers=3"),
    "stress_100_15": ("--preset=stress", "--devices=100", "--servers=15"),
    "mixed_50_9": ("--preset=mixed", "--devices=50", "--servers=9"),
}
KAPPA = {"mixed_50_9": 2e-28}  # where it is not the default one; rules that weigh energy are told
TUNED_TOGETHER = (
    "stress_50_9",
    "default_50_9",
    "default_10_3",
)  # for which the defaults are the best on average
_POWER = {"target_db": (8.0, 30.0), "urgent_db": (8.0, 40.0), "least_dbm": (0.0, 26.0)}
_COST = {"safety": (0.5, 3.0), "late_s": (0.0, 0.3), "airtime": (0.0, 6.0), "energy_s_per_j": (0.0, 12.0)}
_LOAD = {"contention": (0.0, 1.5), "queueing": (0.0, 1.5), "waiting": (0.0, 1.5), "hysteresis": (0.0, 1.0)}
RANGES: Mapping[str, Mapping[str, tuple[float, float]]] = {
    "snr-target": {"target_db": (8.0, 30.0), "least_dbm": (0.0, 26.0)},
    "load-aware": _POWER | _COST | _LOAD,
    "coordinated-power": _POWER | _COST,
}


def reward(policy: str, setting: str, seed: int, ticks: int) -> float:
    """Mean reward per tick of a simple policy on the twin, over ``ENVS`` episodes."""
    arguments = (*SETTINGS[setting], f"--ticks={ticks}")
    if setting in KAPPA and "energy_s_per_j" in policy:
        policy += f",kappa={KAPPA[setting]:g}"
    with FastPool(arguments=arguments, num_envs=ENVS, seed=seed) as pool:
        chooses, batch = policies.make(policy, pool.spec), pool.reset()
        column = [metric.name for metric in pool.spec.metrics].index("reward_mean")
        for _ in range(ticks):
            batch = pool.step(chooses.act(batch, action_generators(batch)))
    return float(batch.metrics[:, column].mean())


def rewards(policy: str, settings: Sequence[str], seed: int, ticks: int) -> list[float]:
    """In every setting."""
    return [reward(policy, setting, seed, ticks) for setting in settings]


def named(rule: str, values: Mapping[str, float]) -> str:
    """The rule with these options, as users write it."""
    return f"{rule}:{','.join(f'{name}={value:.3g}' for name, value in values.items())}"


@cache
def kept(setting: str) -> dict[str, dict[str, float]]:
    """Options of rules that were tuned for a setting; none if it was not."""
    path = KEPT / f"{setting}.json"
    if not path.exists():
        return {}
    rules: dict[str, dict[str, float]] = {
        rule: of["options"] for rule, of in json.loads(path.read_text())["rules"].items()
    }
    return rules


def tuned(rule: str, setting: str) -> str:
    """A rule with the options that were tuned for a setting, or its defaults."""
    options = kept(setting).get(rule, {})
    stated = ",".join(f"{name}={value:g}" for name, value in options.items())
    return f"{rule}:{stated}" if stated else rule


def keep(setting: str, rules: Sequence[str], draws: int, ticks: int) -> None:
    """Tunes rules for one setting, and writes the best options of each, which may be those kept so far, beside the options of other rules."""
    path = KEPT / f"{setting}.json"
    found: dict[str, Any] = json.loads(path.read_text())["rules"] if path.exists() else {}
    for rule in rules:
        score, _, policy = search(rule, [setting], draws, ticks, kept(setting).get(rule))[0]
        options = asdict(policies.parse(policy.removesuffix(" (chosen)"), home.find("aiot-mec"))[1])
        if setting in KAPPA and "kappa" in options:
            options["kappa"] = KAPPA[setting]
        found[rule] = {"tuning_reward": round(score, 3), "draws": draws, "ticks": ticks, "options": options}
        print(f"{setting} {rule}: {score:.2f} {policy}", flush=True)
        path.parent.mkdir(parents=True, exist_ok=True)
        content = {"arguments": SETTINGS[setting], "seed": TUNING_SEED, "episodes": ENVS, "rules": found}
        path.write_text(json.dumps(content, indent=1) + "\n")


def chosen(rule: str) -> str:
    """The rule with its defaults, written out."""
    own = home.find("aiot-mec")
    values = asdict(policies.parse(rule, own)[1])
    return named(rule, {name: value for name, value in values.items() if name != "kappa"})


def search(
    rule: str, settings: Sequence[str], draws: int, ticks: int, known: Mapping[str, float] | None = None
) -> list[tuple[float, list[float], str]]:
    """Scores, rewards and options of every draw, of the chosen options, and of ``known`` ones if there are any; best first."""
    rng = np.random.default_rng(1)
    low, high = np.array(list(RANGES[rule].values())).T
    begins = {f"{chosen(rule)} (chosen)": asdict(policies.parse(rule, home.find("aiot-mec"))[1])}
    if known is not None:
        begins[named(rule, {name: known[name] for name in RANGES[rule]})] = dict(known)
    tried = {
        label: np.array([options[name] for name in RANGES[rule]]).clip(low, high)
        for label, options in begins.items()
    }
    found = [played(label, settings, ticks) for label in tried]
    for draw in range(draws):
        best = tried[max(found, key=lambda one: one[0])[2]]
        values = rng.uniform(low, high)
        if draw >= draws // 4:
            moved = best + rng.normal(0, 0.2, len(low)) * (high - low)
            moves = rng.random(len(low)) < 2 / len(low)
            moves[rng.integers(len(low))] = True
            values = np.where(moves, moved, best).clip(low, high)
        policy = named(rule, dict(zip(RANGES[rule], values.tolist(), strict=True)))
        tried.setdefault(policy, values)
        found.append(played(policy, settings, ticks))
    return sorted(found, reverse=True)


def played(label: str, settings: Sequence[str], ticks: int) -> tuple[float, list[float], str]:
    """Score, rewards and label of a policy on the tuning seed."""
    reached = rewards(label.removesuffix(" (chosen)"), settings, TUNING_SEED, ticks)
    return float(np.mean(reached)), reached, label


def row(label: str, reached: list[float]) -> str:
    """A line of a table."""
    return f"{np.mean(reached):7.2f}" + "".join(f"{value:9.2f}" for value in reached) + f"  {label}"


def main() -> None:
    """Prints the tuning table, then every simple policy on held-out seeds, then the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--draws", type=int, default=DRAWS, help=f"of each rule's options ({DRAWS}); 0: only the chosen ones"
    )
    parser.add_argument("--ticks", type=int, default=TICKS, help=f"of an episode ({TICKS})")
    parser.add_argument("--rules", default=",".join(RANGES), help="with commas between (all)")
    parser.add_argument(
        "--settings",
        default=",".join(TUNED_TOGETHER),
        help=f"that count, of {', '.join(SETTINGS)}, with commas between ({','.join(TUNED_TOGETHER)})",
    )
    parser.add_argument(
        "--keep", action="store_true", help="tune for each setting by itself, and keep the options"
    )
    given = parser.parse_args()
    settings = given.settings.split(",")
    torch.set_num_threads(1)
    if given.keep:
        for setting in settings:
            keep(setting, given.rules.split(","), given.draws, given.ticks)
        return
    print(f"aiot-mec on the twin, {ENVS} episodes of {given.ticks} ticks, reward weights 0.4/0.3/0.3")
    print("settings: " + "; ".join(f"{name}: {' '.join(SETTINGS[name])}" for name in settings))
    header = f"{'mean':>7s}" + "".join(f"{name:>9s}" for name in settings)
    lines: list[str] = []
    for rule in given.rules.split(","):
        print(
            f"\n{rule}, tuning seed {TUNING_SEED}, best {SHOWN} of {given.draws} draws and the chosen options\n{header}"
        )
        table = search(rule, settings, given.draws, given.ticks)
        for place, (_, reached, policy) in enumerate(table):
            if place < SHOWN or policy.endswith("(chosen)"):
                print(row(policy, reached))
            if policy.endswith("(chosen)"):
                figures(lines, rule, settings, "tuning_reward", reached)
    print(f"\nheld-out seed {HELD_OUT_SEED}\n{header}")
    for rule in ("best-snr", "coordinated-greedy", *given.rules.split(",")):
        reached = rewards(rule, settings, HELD_OUT_SEED, given.ticks)
        print(row(rule, reached))
        figures(lines, rule, settings, "reward", reached)
    print("\n".join(["", *lines]))


def figures(lines: list[str], rule: str, settings: Sequence[str], what: str, reached: list[float]) -> None:
    """A figure for each setting."""
    lines += [
        f"{rule.replace('-', '_')}_{setting}_{what}: {value:.2f}"
        for setting, value in zip(settings, reached, strict=True)
    ]


if __name__ == "__main__":
    main()
