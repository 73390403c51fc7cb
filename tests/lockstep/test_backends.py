# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Training on the twin, in ns-3, on both at once, and from one to the other."""

from __future__ import annotations

import dataclasses
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from rich.console import Console

from ns3marl import policies
from ns3marl.config import Config, load
from ns3marl.errors import CheckpointError, ConfigError
from ns3marl.evaluation.evaluate import evaluate
from ns3marl.launch.environments import MixedPool, open_pool
from ns3marl.rl.policy import action_generators
from ns3marl.training import checkpoint
from ns3marl.training.run import train

TICKS = 12


@pytest.fixture
def configured(scenario_path: Callable[[str], Path]) -> Callable[..., Config]:
    """A small run; further settings change it."""
    scenario_path("aiot-mec")  # compiled
    arguments = json.dumps(["--devices=6", "--servers=2", "--channels=2", f"--ticks={TICKS}"])

    def make(*settings: str) -> Config:
        common = [
            "scenario.name=aiot-mec",
            f"scenario.arguments={arguments}",
            "training.tensorboard=false",
            f"training.ticks={4 * TICKS * 2}",
            "pool.num_envs=4",
            "pool.spares=0",
            f"imappo.rollout_ticks={TICKS // 2}",
            "evaluation.episodes=2",
            "evaluation.bootstrap=100",
        ]
        return load(None, [*common, *settings])

    return make


def run(config: Config, folder: Path, **options: Any) -> dict[str, Any]:
    train(config, folder, console=Console(file=io.StringIO()), **options)
    learned: dict[str, Any] = checkpoint.load(folder).team["groups"]["devices"]["learned"]
    return learned


def rows(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def test_a_mixed_batch_is_ns3_beside_its_twin(configured: Callable[..., Config]) -> None:
    config = configured("scenario.backend=fastsim", "pool.ns3_envs=2")
    alone = dataclasses.replace(config, pool=dataclasses.replace(config.pool, ns3_envs=0))
    packets = dataclasses.replace(config, scenario=dataclasses.replace(config.scenario, backend="ns3"))
    with (
        open_pool(config, 5, 4, 1) as mixed,
        open_pool(alone, 5, 2, 1) as twin,
        open_pool(packets, 5, 2, 1) as ns3,
    ):
        assert isinstance(mixed, MixedPool)
        assert mixed.spec == ns3.spec
        policy = policies.make("random", mixed.spec)
        batches = mixed.reset(), ns3.reset(), twin.reset()
        for _ in range(TICKS + 3):  # beyond an episode's end
            both, first, second = batches
            np.testing.assert_array_equal(both.tick, [*first.tick, *second.tick])
            for part, at in ((first, slice(0, 2)), (second, slice(2, 4))):
                for mine, theirs in zip(both.groups, part.groups, strict=True):
                    np.testing.assert_array_equal(mine.observations[at], theirs.observations)
                    np.testing.assert_array_equal(mine.rewards[at], theirs.rewards)
                    np.testing.assert_array_equal(mine.masks[at], theirs.masks)
                for mine_block, their_block in zip(both.state, part.state, strict=True):
                    np.testing.assert_array_equal(mine_block[at], their_block)
                assert [f is None for f in both.final[at]] == [f is None for f in part.final]
            joint = policy.act(both, action_generators(both))
            split = [
                [type(g)(g.discrete[at], g.continuous[at]) for g in joint]
                for at in (slice(0, 2), slice(2, 4))
            ]
            batches = mixed.step(joint), ns3.step(split[0]), twin.step(split[1])
        assert mixed.timing.ticks == ns3.timing.ticks + twin.timing.ticks


@pytest.mark.parametrize("ns3_envs", [0, 2])
def test_a_stopped_training_goes_on_bit_for_bit(
    configured: Callable[..., Config], tmp_path: Path, ns3_envs: int
) -> None:
    config = configured("scenario.backend=fastsim", f"pool.ns3_envs={ns3_envs}")
    whole = run(config, tmp_path / "whole")
    # Stopped inside an episode: after one and a half of them.
    run(
        configured("scenario.backend=fastsim", f"pool.ns3_envs={ns3_envs}", f"training.ticks={TICKS * 6}"),
        tmp_path / "parts",
    )
    parts = run(config, tmp_path / "parts", resume=True)
    for name, values in whole["actor"].items():
        assert torch.equal(values, parts["actor"][name]), name
    assert all(row["ticks_per_s"] > 0 and row["time/simulator_s"] > 0 for row in rows(tmp_path / "whole"))
    manifest = json.loads((tmp_path / "whole" / "manifest.json").read_text())
    assert (manifest["backend"], manifest["ns3_envs"]) == ("fastsim", ns3_envs)


def test_what_the_twin_taught_is_fine_tuned_in_packets(
    configured: Callable[..., Config], tmp_path: Path
) -> None:
    taught = run(configured("scenario.backend=fastsim"), tmp_path / "twin")
    settings = ["pool.num_envs=2", "training.seed=9", f"training.start_from={tmp_path / 'twin'}"]
    still = run(configured(*settings, "training.ticks=2", "imappo.rollout_ticks=6"), tmp_path / "still")
    for name, values in taught["actor"].items():
        assert torch.equal(values, still["actor"][name]), name  # no update yet
    assert still["actor_optimiser"]["state"][0]["step"] == taught["actor_optimiser"]["state"][0]["step"]
    tuned = run(configured(*settings), tmp_path / "tuned")
    assert any(not torch.equal(values, tuned["actor"][name]) for name, values in taught["actor"].items())
    assert rows(tmp_path / "tuned")[0]["update"] == 1
    assert json.loads((tmp_path / "tuned" / "manifest.json").read_text())["backend"] == "ns3"
    # Both are judged in packets, whatever they were trained on, under names that tell them apart.
    path = evaluate(
        configured("scenario.backend=fastsim", "evaluation.seed=77"),
        [str(tmp_path / "twin"), str(tmp_path / "tuned")],
        tmp_path / "evaluation",
        console=Console(file=io.StringIO()),
    )
    content = json.loads(path.read_text())
    assert [policy["name"] for policy in content["policies"]] == ["imappo", "imappo:tuned"]
    assert content["manifest"]["backend"] == "ns3"


def test_a_start_that_does_not_fit_is_refused(configured: Callable[..., Config], tmp_path: Path) -> None:
    run(configured("scenario.backend=fastsim"), tmp_path / "twin")
    start = f"training.start_from={tmp_path / 'twin'}"
    with pytest.raises(CheckpointError, match="was trained by imappo, this training uses ppo"):
        run(configured("scenario.backend=fastsim", start, "training.algorithm=ppo"), tmp_path / "a")
    with pytest.raises(CheckpointError, match="widths and layers must be those"):
        run(configured("scenario.backend=fastsim", start, "imappo.actor_width=32"), tmp_path / "b")
    with pytest.raises(CheckpointError, match="there is no checkpoint"):
        run(configured("scenario.backend=fastsim", "training.start_from=nowhere"), tmp_path / "c")


def test_backends_that_cannot_be_are_refused(
    configured: Callable[..., Config], scenario_path: Callable[[str], Path]
) -> None:
    scenario_path("echo")
    for settings, words in (
        (["pool.ns3_envs=1"], "goes with scenario.backend"),
        (["scenario.backend=fastsim", "pool.ns3_envs=9"], "more than pool.num_envs"),
        (["scenario.backend=fastsim", "pool.ns3_envs=1", "training.algorithm=a3c"], "workers of a3c"),
    ):
        with pytest.raises(ConfigError, match=words):
            configured(*settings)
    with pytest.raises(ConfigError, match="'echo' has no twin"):
        open_pool(configured("scenario.backend=fastsim", "scenario.name=echo"), 1, 1, 1)
