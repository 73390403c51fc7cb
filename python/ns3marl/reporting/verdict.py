# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The result of an evaluation in one sentence."""

from __future__ import annotations

from collections.abc import Sequence

from ns3marl.evaluation.comparison import REWARD
from ns3marl.reporting.page import estimate
from ns3marl.reporting.plots import Results


def verdict(results: Results) -> str:
    """The reward of the reference, and the policies that it is better or worse than.

    It is better or worse if the 95 % interval of the paired difference of rewards excludes 0.
    """
    name = results["reference"]
    reward = {policy: summary[REWARD.name] for policy, summary in results["summary"].items()}
    central = [policy["name"] for policy in results["policies"] if policy["central"]]
    seeds = max(len(policy["seeds"]) for policy in results["policies"] if policy["name"] == name)
    over = _number(results["episodes"], "episode") + (f" and {seeds} training seeds" if seeds > 1 else "")
    says = f"{name} earns {estimate(reward[name])} reward per tick over {over}"
    others = {policy: entry["difference"] for policy, entry in reward.items() if policy != name}
    if not others:
        return f"{says}."
    open_ = [policy for policy, gap in others.items() if gap is None or gap["low"] is None]
    if len(open_) == len(others):
        return f"{says}. There are no intervals to compare policies by; evaluate more episodes."
    more = [policy for policy, gap in others.items() if policy not in open_ and gap["high"] < 0]
    less = [policy for policy, gap in others.items() if policy not in open_ and gap["low"] > 0]
    same = [policy for policy in others if policy not in (*more, *less)]
    parts = [f"{word} than {_listed(them)}" for word, them in (("more", more), ("less", less)) if them]
    if parts:
        says += f", {', '.join(parts)}"
    if same:
        says += f"; these episodes do not tell it apart from {_listed(same)}"
    seen = [policy for policy in central if policy != name]
    if seen:
        says += f". {_listed(seen)} act{'s' if len(seen) == 1 else ''} on central information"
    return f"{says}."


def _number(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _listed(names: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
