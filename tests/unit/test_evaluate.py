# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""What one policy's failure costs, and how environments are opened for policies; `test_training.py` evaluates learned ones."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console
from toy_game import ToyPool, toy_environments, toy_spec

from ns3marl import home as homes
from ns3marl import policies as simple
from ns3marl.config import Config, load
from ns3marl.errors import ConfigError, SpecViolation
from ns3marl.evaluation.evaluate import evaluate, gather, is_central, opened_for
from ns3marl.home import ScenarioHome, SimplePolicy
from ns3marl.launch.environments import Environments, open_pool
from ns3marl.types import Actions, Batch, Spec

FORBIDDEN_MODE = 2


class Forbidden(simple.Default):
    """Plays a choice that every mask forbids."""

    def act(self, batch: Batch, rngs: Sequence[np.random.Generator]) -> list[Actions]:
        joint = super().act(batch, rngs)
        joint[0].discrete[..., 0] = FORBIDDEN_MODE
        return joint


class Broken(simple.Default):
    """Has a mistake in it."""

    def act(self, batch: Batch, rngs: Sequence[np.random.Generator]) -> list[Actions]:
        return [super().act(batch, rngs)[7]]


class Unfit:
    """Fits no spec."""

    def __init__(self, spec: Spec) -> None:
        raise ConfigError(f"this policy is not for {spec.scenario}")


HOME = ScenarioHome(
    name="toy",
    policies={
        "forbidden": SimplePolicy(make=Forbidden),
        "broken": SimplePolicy(make=Broken),
        "unfit": SimplePolicy(make=Unfit),
        "all-knowing": SimplePolicy(make=simple.Random, central=True),
    },
    metrics=("score",),
)


@pytest.fixture(autouse=True)
def toy_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(homes, "find", lambda _: HOME)


def config(*settings: str) -> Config:
    return load(None, ["evaluation.episodes=2", "evaluation.bootstrap=100", *settings])


def results(folder: Path, *policies: str) -> dict[str, Any]:
    path = evaluate(
        config(), policies, folder, console=Console(file=io.StringIO()), make_pool=toy_environments
    )
    content: dict[str, Any] = json.loads(path.read_text())
    return content


def test_a_policy_that_fails_costs_its_own_rows_only(tmp_path: Path) -> None:
    alone = results(tmp_path / "alone", "random", "all-knowing")
    found = results(tmp_path / "all", "forbidden", "random", "broken", "unfit", "all-knowing")
    assert found["summary"] == alone["summary"]
    assert found["reference"] == "random"
    assert found["failures"].keys() == {"forbidden", "broken", "unfit"}
    assert found["failures"]["forbidden"].startswith("SpecViolation: ")
    assert "head 'mode' got a choice that is masked" in found["failures"]["forbidden"]
    assert found["failures"]["broken"].startswith("IndexError: list index out of range (")
    assert "test_evaluate.py, line" in found["failures"]["broken"]
    assert found["failures"]["unfit"] == "ConfigError: this policy is not for toy"
    assert alone["failures"] == {}
    assert [policy["central"] for policy in found["policies"]] == [False, True]


def test_where_every_policy_fails_the_first_error_is_raised(tmp_path: Path) -> None:
    with pytest.raises(SpecViolation, match="masked"):
        results(tmp_path, "forbidden", "broken")
    with pytest.raises(ConfigError, match="not for toy"):
        results(tmp_path, "unfit")
    assert not list(tmp_path.iterdir())


def test_metrics_that_the_scenario_names_come_first(tmp_path: Path) -> None:
    assert list(results(tmp_path, "random")["metrics"])[:2] == ["reward_per_tick", "score"]


def test_a_policy_s_needs_open_the_environments(tmp_path: Path) -> None:
    assert opened_for(config(), "builtin", HOME).pool.builtin
    assert not opened_for(config(), "random", HOME).pool.builtin
    assert not opened_for(config(), str(tmp_path), HOME).pool.builtin
    opened: list[bool] = []

    def make_pool(options: Config, seed: int, num_envs: int, first_run: int) -> Environments:
        opened.append(options.pool.builtin)
        return toy_environments(options, seed, num_envs, first_run)

    with pytest.raises(ConfigError, match="scenario 'toy' has no policy of its own"):
        evaluate(config(), ["builtin"], tmp_path, console=Console(file=io.StringIO()), make_pool=make_pool)
    assert opened == [True]


def test_central_policies_are_those_that_the_home_or_the_policy_says() -> None:
    policy = simple.Random(toy_spec())
    assert is_central("all-knowing", policy, HOME)
    assert not is_central("random", policy, HOME)
    assert not is_central("builtin", policy, HOME)
    assert is_central("builtin", policy, ScenarioHome(name="toy", builtin_is_central=True))
    assert not is_central("runs/some", policy, HOME)
    policy.central_execution = True  # type: ignore[attr-defined] # as learners have it
    assert is_central("runs/some", policy, HOME)


def test_the_twin_does_not_play_the_scenario_s_own_policy() -> None:
    twin = config("scenario.backend=fastsim", "scenario.name=toy", "pool.builtin=true")
    with pytest.raises(ConfigError, match=r"'toy' has no twin"):
        open_pool(twin, 1, 1, 1)
    with pytest.raises(ConfigError, match=r"scenario.name is not set: name a built scenario"):
        open_pool(config(), 1, 1, 1)


def test_the_twin_of_a_home_is_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[dict[str, Any]] = []

    def twin(**options: Any) -> ToyPool:
        made.append(options)
        return ToyPool(num_envs=options["num_envs"], seed=options["seed"])

    home = ScenarioHome(name="toy", twin=twin)
    monkeypatch.setattr(homes, "find", lambda _: home)
    settings = ["scenario.backend=fastsim", "scenario.name=toy", 'scenario.arguments=["--ticks=9"]']
    with open_pool(config(*settings), 5, 3, 2) as pool:
        assert pool.num_envs == 3
    (options,) = made
    assert options["arguments"] == ("--ticks=9",)
    assert (options["seed"], options["first_run"], options["calibration"]) == (5, 2, None)
    with pytest.raises(ConfigError, match=r"is the C\+\+ of 'toy', so it needs ns-3 and not the twin"):
        open_pool(config(*settings, "pool.builtin=true"), 5, 3, 2)


def test_simple_policies_with_other_options_are_other_policies() -> None:
    home = homes.bundled()["aiot-mec"]
    sources = ["snr-target", "snr-target:target_db=21", "coordinated-power:airtime=1"]
    assert [entry.name for entry in gather(sources, home)] == sources
    assert is_central(sources[2], simple.Random(toy_spec()), home)
    with pytest.raises(ConfigError, match=r"unknown option snr-target\.target"):
        gather(["snr-target:target=21"], home)
