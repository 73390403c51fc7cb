# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""docs/extend.md: its changes as they stand there, how many files each touches, and what each does."""

from __future__ import annotations

import io
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import extension
import numpy as np
import pytest
from rich.console import Console

from ns3marl import home, policies, toolchain
from ns3marl.config import Config, load
from ns3marl.env.pool import Pool
from ns3marl.errors import ConfigError
from ns3marl.evaluation.evaluate import evaluate
from ns3marl.launch.environments import open_pool
from ns3marl.rl.policy import action_generators
from ns3marl.training.run import train
from ns3marl.types import Batch

TICKS = 20
CLEAR = "--ns3::BlockageLossModel::BlockedShare=0"
NEVER_CLEAR = "--ns3::BlockageLossModel::BlockedShare=1"


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder in which all changes are done, from the last to the first; its modules can be imported."""
    folder = tmp_path_factory.mktemp("changed")
    extension.start(folder)
    for change in reversed(extension.changes()):
        change.apply(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        yield folder
    for name in ("a2c", "aloha"):
        sys.modules.pop(name, None)


@pytest.fixture(scope="module")
def scenario(changed: Path) -> Path:
    """The executable."""
    return toolchain.build(changed / extension.SCENARIO).scenarios[extension.SCENARIO]


def console() -> Console:
    return Console(file=io.StringIO())


def played(scenario: Path, policy: str, *arguments: str) -> tuple[Pool, list[Batch]]:
    """The batches of one episode under a simple policy; the last one observes the next episode already."""
    with Pool(scenario, num_envs=1, arguments=[f"--ticks={TICKS}", *arguments], spares=0) as pool:
        chosen = policies.make(policy, pool.spec, home.find(scenario))
        batches = [pool.reset()]
        while batches[-1].final[0] is None:
            batch = batches[-1]
            batches.append(pool.step(chosen.act(batch, action_generators(batch))))
        return pool, batches


def metric(scenario: Path, name: str, *arguments: str) -> float:
    """A metric of an episode under own-slot."""
    pool, batches = played(scenario, "own-slot", *arguments)
    final = batches[-1].final[0]
    assert final is not None
    return float(final.metrics[[one.name for one in pool.spec.metrics].index(name)])


def trained(folder: Path, *settings: str) -> Config:
    """The configuration of a short training that was carried through."""
    few = ("imappo.rollout_ticks=20", "ippo.rollout_ticks=20", "training.tensorboard=false")
    config = load(None, ["training.ticks=80", "pool.spares=0", *few, *settings])
    train(config, folder, console=console())
    rows = (folder / "metrics.jsonl").read_text().splitlines()
    assert rows
    assert all(np.isfinite(json.loads(row)["reward_per_tick"]) for row in rows)
    return config


def names_of_metrics(run: Path) -> set[str]:
    rows = (run / "metrics.jsonl").read_text().splitlines()
    return {name for row in rows for name in json.loads(row)}


def test_the_page_states_how_many_files_a_change_touches(tmp_path: Path) -> None:
    changes = extension.changes()
    assert len(changes) == 6
    rows = re.findall(
        r"\]\(#([a-z-]+)\).*\| (\d+) \|$", (extension.DOCS / "extend.md").read_text(), re.MULTILINE
    )
    assert rows == [(change.title.lower().replace(" ", "-"), str(change.stated)) for change in changes]
    for change in changes:
        alone = tmp_path / change.figure
        alone.mkdir()
        extension.start(alone)
        assert change.apply(alone) == change.stated, change.title
    together = tmp_path / "together"
    together.mkdir()
    extension.start(together)
    assert [change.apply(together) for change in changes] == [change.stated for change in changes]


def test_a_place_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    extension.start(tmp_path)
    block = "```diff\n--- my-net/my-net.cc\n@@\n no such line\n+another\n```\n"
    with pytest.raises(ValueError, match="0 places, expected one, for:\nno such line"):
        extension.Change("A change", block).apply(tmp_path)


def test_the_metric_is_in_the_spec_and_measures(scenario: Path) -> None:
    assert metric(scenario, "delivery_fairness", CLEAR) == 1
    assert np.isnan(metric(scenario, "delivery_fairness", NEVER_CLEAR))
    assert 1 / 3 <= metric(scenario, "delivery_fairness") <= 1


def test_the_reward_changes_by_the_term(scenario: Path) -> None:
    _, free = played(scenario, "own-slot")
    _, charged = played(scenario, "own-slot", "--lateCost=0.6")
    change = np.array(
        [b.groups[0].rewards[0] - a.groups[0].rewards[0] for a, b in zip(free, charged, strict=True)]
    )
    np.testing.assert_allclose(change[1:], np.tile([0, -0.2, -0.4], (TICKS, 1)), atol=1e-6)
    with pytest.raises(ConfigError, match="--lateCost of 0 or more"):
        played(scenario, "own-slot", "--lateCost=-1")


def test_the_channel_model_decides_what_is_delivered(scenario: Path) -> None:
    assert metric(scenario, "delivery_ratio", CLEAR) == 1
    assert metric(scenario, "delivery_ratio", NEVER_CLEAR) == 0
    half = "--ns3::BlockageLossModel::BlockedShare=0.5"
    assert metric(scenario, "delivery_ratio", half) == pytest.approx(0.5, abs=0.25)  # of 60 draws
    assert metric(scenario, "delivery_ratio", half) == metric(scenario, "delivery_ratio", half)


def test_the_sink_hears_while_it_listens(scenario: Path) -> None:
    pool, batches = played(scenario, "random", CLEAR)
    stations, sinks = pool.spec.groups
    assert (stations.name, sinks.name, sinks.agents) == ("stations", "sinks", ("sink",))
    listened, heard = np.array([batch.groups[1].observations[0, 0] for batch in batches[1:-1]]).T
    rewards = np.array([batch.groups[1].rewards[0, 0] for batch in batches[1:-1]])
    np.testing.assert_allclose(rewards, heard - 0.3 * listened / 10, atol=1e-6)
    assert (heard[listened < 1.4] == 0).all()  # no packet is that short
    assert heard.max() > 0


@pytest.mark.learning
@pytest.mark.parametrize("other", ["imappo", "ippo", "a2c:A2c"])
def test_both_kinds_train(scenario: Path, tmp_path: Path, other: str) -> None:
    trained(
        tmp_path / "run",
        f"scenario.name={scenario}",
        f'scenario.arguments=["--ticks={TICKS}"]',
        f"groups.sinks.algorithm={other}",
    )
    assert names_of_metrics(tmp_path / "run") >= {"stations/value_loss", "sinks/value_loss"}


@pytest.mark.learning
@pytest.mark.usefixtures("changed")
def test_a_learner_trains_and_is_evaluated_on_the_other_simulator(tmp_path: Path) -> None:
    backend = [f"{section}.backend=aloha:make" for section in ("scenario", "evaluation")]
    name = [
        "scenario.name=aloha",
        'scenario.arguments=["20"]',
        "evaluation.episodes=2",
        "evaluation.bootstrap=100",
    ]
    config = trained(tmp_path / "run", *backend, *name)
    results = evaluate(config, [str(tmp_path / "run"), "random"], tmp_path / "evaluation", console=console())
    content: dict[str, Any] = json.loads(results.read_text())
    assert content["failures"] == {}
    assert content["manifest"]["backend"] == "aloha:make"
    for policy in ("imappo", "random"):
        assert 0 < content["summary"][policy]["throughput"]["mean"] < 1
    train(
        load(tmp_path / "run" / "config.toml", ["training.ticks=160"]),
        tmp_path / "run",
        resume=True,
        console=console(),
    )


@pytest.mark.usefixtures("changed")
def test_simulators_that_cannot_be_opened_are_refused(changed: Path) -> None:
    (changed / "broken.py").write_text(
        "def narrow(*, arguments): ...\ndef nothing(**given): ...\n", encoding="utf-8"
    )

    def opened(backend: str) -> None:
        open_pool(load(None, ["scenario.name=aloha", f"scenario.backend={backend}"]), 1, 1, 1)

    for backend, message in {
        "aloha:open": "scenario.backend is 'aloha:open', but .*aloha.py has no 'open'",
        "no_such_module:make": "scenario.backend is 'no_such_module:make' cannot be imported: ModuleNotFoundError",
        "broken:narrow": r"the simulator broken:narrow cannot be opened: got an unexpected .*; expected make\(\*, arguments, ",
        "broken:nothing": "the simulator broken:nothing was opened as NoneType, which has no spec; expected environments",
        "fastsin": r"scenario.backend: expected ns3, fastsim or module:make, got 'fastsin' \(did you mean fastsim\?\)",
    }.items():
        with pytest.raises(ConfigError, match=message):
            opened(backend)
    with pytest.raises(ConfigError, match="needs ns-3 and not the simulator aloha:make"):
        open_pool(
            load(None, ["scenario.name=aloha", "scenario.backend=aloha:make", "pool.builtin=true"]), 1, 1, 1
        )
