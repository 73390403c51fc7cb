# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Runs, checkpoints, evaluation and report, on a game that needs no simulator."""

from __future__ import annotations

import dataclasses
import io
import json
import os
import pickle
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from rich.console import Console
from toy_game import ToyPool, toy_spec

from ns3marl.algorithms import registry
from ns3marl.algorithms.imappo import Imappo, ImappoOptions
from ns3marl.config import Config, load
from ns3marl.errors import CheckpointError, ConfigError
from ns3marl.evaluation import comparison, evaluate
from ns3marl.launch.environments import evaluated
from ns3marl.options import listed
from ns3marl.reporting.report import report
from ns3marl.rl.team import Team
from ns3marl.training import checkpoint, metrics
from ns3marl.training.checkpoint import Progress
from ns3marl.training.run import train
from ns3marl.types import Actions, Batch, Spec

EPISODE = 10
SETTINGS = [
    "pool.num_envs=4",
    "training.ticks=160",  # 4 updates
    "training.tensorboard=false",
    "training.checkpoint_every=1",
    "evaluation.episodes=6",
    "evaluation.bootstrap=200",
]


# Learners that resume bit for bit: all but those whose workers run asynchronously.
REPRODUCIBLE = [name for name in registry.BUNDLED if not registry.is_asynchronous(name)]


def config(*settings: str, algorithm: str = "imappo") -> Config:
    known = {option.name for option in listed(registry.find(algorithm).Options)}
    own = [f"{algorithm}.rollout_ticks={EPISODE}"] if "rollout_ticks" in known else []
    return load(None, [*SETTINGS, f"training.algorithm={algorithm}", *own, *settings])


def toy_pool(options: Config, seed: int, num_envs: int, first_run: int) -> ToyPool:
    del options
    return ToyPool(num_envs=num_envs, seed=seed, first_run=first_run, ticks=EPISODE)


def quiet() -> Console:
    return Console(file=io.StringIO())


def run(options: Config, folder: Path, *, resume: bool = False) -> dict[str, Any]:
    train(options, folder, resume=resume, console=quiet(), make_pool=toy_pool)
    return checkpoint.load(folder).team


def same(one: Any, other: Any) -> bool:
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, torch.Tensor):
        return one.equal(other)
    return bool(one == other)


def test_a_run_leaves_its_folder(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    run(config("training.tensorboard=true", "training.keep_checkpoints=true"), folder)
    assert load(folder / "config.toml").training.ticks == 160
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["backend"] == "ns3"
    assert manifest["scenario"]["spec_hash"] == toy_spec().hash
    assert manifest["versions"].keys() >= {
        "ns3marl",
        "ns3",
        "ns3_build_profile",
        "python",
        "torch",
        "numpy",
        "protobuf",
    }
    rows = metrics.read(folder)
    assert [row["ticks"] for row in rows] == [40, 80, 120, 160]
    assert rows[0].keys() >= {
        "reward_per_tick",
        "kl/mode",
        "ticks_per_s",
        "time/learner_s",
        "cores/simulators",
        "cores/learner",
        "episode/score",
        "wall_s",
    }
    assert (folder / "metrics.csv").read_text().count("\n") == 5
    assert list((folder / "tensorboard").iterdir())
    names = {path.name for path in (folder / "checkpoints").iterdir()}
    assert names == {"last.pt", *(f"update-{u:06}.pt" for u in range(1, 5))}


@pytest.mark.parametrize("algorithm", REPRODUCIBLE)
def test_a_resumed_run_equals_one_that_was_never_interrupted(tmp_path: Path, algorithm: str) -> None:
    whole = run(config(algorithm=algorithm), tmp_path / "whole")
    run(config("training.ticks=80", algorithm=algorithm), tmp_path / "halves")
    halves = run(config(algorithm=algorithm), tmp_path / "halves", resume=True)
    assert same(whole, halves)
    assert curve(tmp_path / "halves") == curve(tmp_path / "whole")


def curve(folder: Path) -> list[dict[str, float]]:
    """What was logged, without times."""
    timed = ("wall_s", "ticks_per_s")
    return [
        {k: v for k, v in row.items() if k not in timed and not k.startswith(("time/", "cores/"))}
        for row in metrics.read(folder)
    ]


def test_a_run_that_was_killed_continues_from_its_last_checkpoint(tmp_path: Path) -> None:
    whole = run(config(), tmp_path / "whole")
    folder = tmp_path / "killed"
    run(config("training.ticks=80"), folder)
    with (folder / metrics.FILE).open("a") as file:  # it got one update further, and half a line
        file.write('{"ticks": 120, "update": 3, "wall_s": 9}\n{"ticks": 16')
    assert same(whole, run(config(), folder, resume=True))
    assert [row["update"] for row in metrics.read(folder)] == [1, 2, 3, 4]


def test_runs_of_another_seed_differ(tmp_path: Path) -> None:
    assert not same(run(config(), tmp_path / "a"), run(config("training.seed=2"), tmp_path / "b"))


class StoppingPool(ToyPool):
    """Sends this process an interrupt in the middle of its 35th step."""

    steps = 0

    def step(self, actions: Sequence[Actions]) -> Batch:
        self.steps += 1
        if self.steps == 35:
            os.kill(os.getpid(), signal.SIGINT)
        return super().step(actions)


@pytest.mark.parametrize("algorithm", REPRODUCIBLE)
def test_an_interrupted_run_goes_on_where_it_stood(tmp_path: Path, algorithm: str) -> None:
    def make(options: Config, seed: int, num_envs: int, first_run: int) -> ToyPool:
        del options
        return StoppingPool(num_envs=num_envs, seed=seed, first_run=first_run, ticks=EPISODE)

    options, before = config(algorithm=algorithm), signal.getsignal(signal.SIGINT)
    train(options, tmp_path, console=quiet(), make_pool=make)
    assert signal.getsignal(signal.SIGINT) is before
    assert checkpoint.load(tmp_path).progress.ticks == 140  # in the middle of the fourth episode
    resumed = run(options, tmp_path, resume=True)
    assert same(resumed, run(options, tmp_path / "whole"))
    assert curve(tmp_path) == curve(tmp_path / "whole")


@pytest.mark.parametrize("name", list(registry.BUNDLED))
def test_every_learner_says_what_it_acts_on(name: str) -> None:
    team = registry.make(name, toy_spec(), registry.find(name).Options(), 1)
    assert isinstance(team.central_execution, bool)


def test_a_folder_is_not_overwritten_and_a_spent_budget_is_said(tmp_path: Path) -> None:
    run(config(), tmp_path)
    with pytest.raises(ConfigError, match="holds a run already"):
        run(config(), tmp_path)
    with pytest.raises(ConfigError, match="has spent its budget"):
        run(config(), tmp_path, resume=True)
    with pytest.raises(CheckpointError, match="there is no checkpoint"):
        run(config(), tmp_path / "nowhere", resume=True)


def team(spec: Spec | None = None, **options: Any) -> Team:
    return registry.make("imappo", spec or toy_spec(), ImappoOptions(**options), seed=3)


def test_a_checkpoint_restores_everything(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "one.pt"
    source, target = team(), team()
    own = source.learners[0]
    assert isinstance(own, Imappo)
    own.epochs.rng.random(7)
    with torch.no_grad():
        next(own.actor.parameters()).add_(1)
    checkpoint.save(path, source, Config(), Progress(updates=2, ticks=50, wall_s=1.5, ended=[[1.0, 2.0]]), {})
    saved = checkpoint.load(path)
    saved.restore(target)
    assert same(source.state_dict(), target.state_dict())
    assert saved.progress == Progress(2, 50, 1.5, [[1.0, 2.0]])
    assert list(path.parent.iterdir()) == [path]


def test_damaged_checkpoints_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "one.pt"
    checkpoint.save(path, team(), Config(), Progress(), {})
    whole = path.read_bytes()
    for damaged in (b"", whole[: len(whole) // 2], b"garbage" * 100, b"\x00" * 5000):
        path.write_bytes(damaged)
        with pytest.raises(CheckpointError, match=r"one.pt is damaged or no checkpoint"):
            checkpoint.load(path)


def test_a_checkpoint_cannot_run_code(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> tuple[Any, tuple[str]]:
            return os.mkdir, (str(tmp_path / "was-here"),)

    path = tmp_path / "evil.pt"
    torch.save({"format": 3, "learner": Evil()}, path)
    with pytest.raises(CheckpointError):
        checkpoint.load(path)
    path.write_bytes(pickle.dumps(Evil()))
    with pytest.raises(CheckpointError):
        checkpoint.load(path)
    assert not (tmp_path / "was-here").exists()


def test_checkpoints_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "one.pt"
    checkpoint.save(path, team(), Config(), Progress(), {})
    saved = checkpoint.load(path)
    with pytest.raises(CheckpointError, match="widths and layers must be those"):
        saved.restore(team(actor_width=32))
    other = dataclasses.replace(toy_spec(), hash="f" * 16)
    with pytest.raises(CheckpointError, match="was trained on a spec with hash 0123456789abcdef"):
        saved.restore(team(other))
    group = toy_spec().groups[0]
    renamed = dataclasses.replace(group.features[0], name="mood")
    changed = dataclasses.replace(group, features=(renamed, *group.features[1:]))
    with pytest.raises(
        CheckpointError, match=r"of group 'players', feature urge \[-1, 1\] 1 became feature mood"
    ):
        saved.policy(dataclasses.replace(toy_spec(), groups=(changed,)))
    torch.save({"format": 99}, path)
    with pytest.raises(CheckpointError, match="expected checkpoint format 4, found 99"):
        checkpoint.load(path)
    torch.save({"format": checkpoint.FORMAT}, path)
    with pytest.raises(CheckpointError, match="lacks something"):
        checkpoint.load(path)


def test_a_policy_acts_for_any_number_of_agents(tmp_path: Path) -> None:
    path = tmp_path / "one.pt"
    checkpoint.save(path, team(), Config(), Progress(), {})
    group = toy_spec().groups[0]
    fewer = dataclasses.replace(
        toy_spec(), groups=(dataclasses.replace(group, agents=group.agents[:2]),), hash="x"
    )
    assert checkpoint.load(path).policy(fewer).spec.groups[0].agents == ("a0", "a1")


def compare(folder: Path, options: Config, policies: list[str]) -> dict[str, Any]:
    evaluate.evaluate(options, policies, folder, console=quiet(), make_pool=toy_pool)
    results = comparison.read(folder)
    assert results is not None
    return results


def test_policies_meet_the_same_episodes(tmp_path: Path) -> None:
    run(config(), tmp_path / "run")
    results = compare(tmp_path / "out", config(), [str(tmp_path / "run"), "random", "random"])
    assert [p["name"] for p in results["policies"]] == ["imappo", "random", "random-2"]
    assert all(p["runs"] == [1, 2, 3, 4, 5, 6] for p in results["policies"])
    imappo, random, again = results["policies"]
    assert random["values"] == again["values"] != imappo["values"]
    gap = results["summary"]["random"]["reward_per_tick"]["difference"]
    wanted = np.mean(random["values"]["reward_per_tick"]) - np.mean(imappo["values"]["reward_per_tick"])
    assert gap["mean"] == pytest.approx(wanted)
    assert results["summary"]["imappo"]["score"]["difference"] is None
    np.testing.assert_allclose(random["values"]["reward_per_tick"], random["values"]["score"], rtol=1e-6)
    for policy in results["policies"]:
        for shares in policy["actions"].values():
            assert sum(shares) == pytest.approx(1)
        assert policy["actions"]["mode"][2] == 0


def test_the_number_of_environments_does_not_change_the_results(tmp_path: Path) -> None:
    by_two = compare(tmp_path / "2", config("pool.num_envs=2"), ["random"])
    by_three = compare(tmp_path / "3", config("pool.num_envs=3"), ["random"])
    (two,), (three,) = by_two["policies"], by_three["policies"]
    assert two["runs"] == three["runs"]
    assert two["values"] == three["values"]
    assert two["actions"] == three["actions"]


def test_what_the_twin_trained_is_judged_with_a_simulator_per_core() -> None:
    cores = len(os.sched_getaffinity(0))
    twin = config("scenario.backend=fastsim", "pool.num_envs=1000", "pool.ns3_envs=2")
    in_packets = evaluated(twin)
    assert in_packets.scenario.backend == "ns3"
    assert in_packets.pool.num_envs == cores
    assert in_packets.pool.ns3_envs == 0
    few = config("scenario.backend=fastsim", "pool.num_envs=1")
    assert evaluated(few).pool.num_envs == 1
    assert evaluated(config("pool.num_envs=1000")).pool.num_envs == 1000  # as it was asked for


def test_training_refuses_the_seed_of_the_evaluation(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigError, match=r"seed 7 is evaluation.seed and a training seed: .* choose another"
    ):
        train(config("training.seed=7", "evaluation.seed=7"), tmp_path, console=quiet(), make_pool=toy_pool)
    assert not list(tmp_path.iterdir())


def test_evaluation_refuses_what_would_mislead(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"choose another evaluation.seed"):
        compare(tmp_path, config("evaluation.seed=1"), ["random"])
    with pytest.raises(ConfigError, match="no policy 'nobody'"):
        compare(tmp_path, config(), ["nobody"])
    with pytest.raises(ConfigError, match="no policy to evaluate"):
        compare(tmp_path, config(), [])


def test_the_report_stands_alone(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    run(config(), folder)
    with pytest.raises(ConfigError, match=r"holds neither"):
        report(tmp_path)
    assert report(folder).exists()
    compare(folder / "evaluation", config(), [str(folder), "random"])
    page = report(folder).read_text()
    assert page.count("data:image/svg+xml") == 10
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert "https://" not in page
    for word in ("Comparison", "Learning curve", "What the policies chose", "Provenance", "[training]"):
        assert word in page
    text = (folder / "report.md").read_text()
    assert "| policy |" in text
    assert "nothing where all overlap" in text  # what is marked: tests/unit/test_reporting.py
    for plot in ("learning-curve", "metrics", "actions", "time", "learner"):
        assert (folder / "plots" / f"{plot}.png").stat().st_size > 2000
        assert f"plots/{plot}.png" in text
    assert report(folder / "evaluation").exists()
