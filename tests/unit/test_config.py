# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
from two_kinds_game import two_kinds_spec

from ns3marl.algorithms import registry
from ns3marl.algorithms.imappo import ImappoOptions
from ns3marl.algorithms.ippo import IppoOptions
from ns3marl.config import SECTIONS, dumps, load, shipped, team_of
from ns3marl.errors import ConfigError
from ns3marl.options import listed


@pytest.mark.parametrize("name", shipped())
def test_shipped_configurations_load_and_survive_a_round_trip(name: str, tmp_path: Path) -> None:
    config = load(name)
    path = tmp_path / "again.toml"
    path.write_text(dumps(config))
    assert load(path) == config


def test_every_bit_of_a_number_and_every_character_survives_a_round_trip(tmp_path: Path) -> None:
    arguments = ('--a="b"', "--path=C:\\new\tline\n", "--name=é☃", "--ctrl=\x01\x7f", "")
    config = load(None, ["imappo.actor_lr=1e-7", "imappo.clip=0.30000000000000004"])
    config = dataclasses.replace(config, scenario=dataclasses.replace(config.scenario, arguments=arguments))
    path = tmp_path / "again.toml"
    path.write_text(dumps(config), encoding="utf-8")
    assert load(path) == config


def test_settings_change_options_in_toml_syntax() -> None:
    config = load(
        None,
        [
            "training.ticks=5000",
            "imappo.actor_lr=1e-3",
            "imappo.clip=1",
            "scenario.name=echo",
            'scenario.arguments=["--a=1", "--b=\\"x\\""]',
            "evaluation.greedy=true",
        ],
    )
    assert config.training.ticks == 5000
    assert config.options("imappo").actor_lr == 1e-3
    assert config.options("imappo").clip == 1.0
    assert isinstance(config.options("imappo").clip, float)
    assert config.scenario.name == "echo"
    assert config.scenario.arguments == ("--a=1", '--b="x"')
    assert config.evaluation.greedy is True


def test_settings_win_over_the_file() -> None:
    assert load("demo", ["training.minutes=1"]).training.minutes == 1.0


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("trainng.seed=1", r"unknown section trainng \(did you mean training\?\)"),
        ("training.sed=1", r"unknown option training.sed \(did you mean seed"),
        ("training.seed=x", "training.seed: expected a whole number, got 'x'"),
        ("training.seed=1.5", "training.seed: expected a whole number, got 1.5"),
        ("training.seed=true", "training.seed: expected a whole number, got True"),
        ("training.seed=0", "training.seed: expected a number from 1 to 4294944442, got 0"),
        ("imappo.discount=1.1", "imappo.discount: expected a number from 0 to 1, got 1.1"),
        ("imappo.discount=nan", "imappo.discount: expected a number from 0 to 1, got nan"),
        ("imappo.actor_lr=fast", "imappo.actor_lr: expected a number, got 'fast'"),
        ("imappo.pooling=max", "imappo.pooling: expected one of mean, attention, got 'max'"),
        ("imappo.advantage=come", r"expected one of literal, coma, gae, got 'come' \(did you mean coma\?\)"),
        ("evaluation.greedy=1", "evaluation.greedy: expected true or false, got 1"),
        ("scenario.arguments=--devices=3", r'expected a list of strings such as \["--devices=10"\]'),
        ("training.ticks=0", "training would never end"),
        (
            "training.algorithm=imapo",
            r"no learner 'imapo' \(did you mean imappo or ippo\?\); there are imappo, ppo",
        ),
        ("training.algorithm=1", "training.algorithm: expected a string, got 1"),
        ("training.algorithm=no_such_module:Learner", "cannot be imported: No module named 'no_such_module'"),
        (
            "training.algorithm=ns3marl.errors:Crashed",
            "is no learner: expected a class with a dataclass of options",
        ),
        ("imapo.clip=1", r"unknown section imapo \(did you mean imappo"),
        ("groups.cars.actr_lr=1", r"unknown option groups.cars.actr_lr \(did you mean actor_lr"),
        ("groups.cars.actor_lr=-1", "groups.cars.actor_lr: expected more than 0, got -1"),
        ("groups.cars.algorithm=nobody", "no learner 'nobody'"),
        ("groups.cars.algorithm=1", "groups.cars.algorithm: expected a string"),
        ("groups.cars=1", "groups.cars is a section, got 1"),
        ("seed=1", "expected section.option=value"),
        ("training.seed", "expected section.option=value"),
    ],
)
def test_errors_name_the_option_and_what_is_expected(setting: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load(None, [setting])


def test_files_that_cannot_be_used_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no configuration or scenario 'dem'.*did you mean demo"):
        load("dem")
    with pytest.raises(ConfigError, match="cannot read the configuration"):
        load(tmp_path / "absent.toml")
    broken = tmp_path / "broken.toml"
    broken.write_text("[training\n")
    with pytest.raises(ConfigError, match="not valid TOML"):
        load(broken)
    flat = tmp_path / "flat.toml"
    flat.write_text("training = 3\n")
    with pytest.raises(ConfigError, match="training is a section"):
        load(flat)


@pytest.mark.parametrize(
    "kind", [*SECTIONS.values(), *(registry.find(name).Options for name in registry.BUNDLED)]
)
def test_every_option_says_what_it_means(kind: Any) -> None:
    for option in listed(kind):
        assert option.meaning, (kind, option.name)
        assert option.allowed


def test_learners_have_sections_and_groups_may_differ(tmp_path: Path) -> None:
    path = tmp_path / "mixed.toml"
    path.write_text(
        """
[training]
algorithm = "imappo"
[imappo]
actor_lr = 1e-2
clip = 0.3
[ippo]
actor_lr = 1e-4
[groups.gateways]
algorithm = "ippo"
epochs = 2
[groups.cars]
clip = 0.1
"""
    )
    config = load(path, ["groups.gateways.actor_lr=5e-4", "groups.cars.reward=agent"])
    assert config.algorithms == ("imappo", "ippo")
    name, options = config.learner_of("gateways")
    assert (name, options) == ("ippo", IppoOptions(actor_lr=5e-4, epochs=2))
    assert config.learner_of("cars") == ("imappo", ImappoOptions(actor_lr=1e-2, clip=0.1, reward="agent"))
    assert config.learner_of("anybody") == ("imappo", ImappoOptions(actor_lr=1e-2, clip=0.3))
    again = tmp_path / "again.toml"
    again.write_text(dumps(config))
    assert load(again) == config
    spec = two_kinds_spec()
    with pytest.raises(
        ConfigError, match=r"\[groups.cars\]: scenario 'two kinds' has no group 'cars'; its groups are"
    ):
        team_of(config, spec)
    team = team_of(load(None, ["groups.gateways.algorithm=ippo", "training.algorithm=dqn"]), spec)
    assert [type(learner).__name__ for learner in team.learners.values()] == ["Dqn", "Ippo"]


def test_learners_that_ask_for_workers_have_environments_of_their_own() -> None:
    with pytest.raises(ConfigError, match="a3c: every worker has a pool of its own"):
        load(None, ["training.algorithm=a3c", "pool.endpoint=ipc:///tmp/x"])
    load(None, ["training.algorithm=a3c", "groups.cars.algorithm=ppo", "pool.endpoint=ipc:///tmp/x"])
