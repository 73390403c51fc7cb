# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import ast
import dataclasses
import inspect
from pathlib import Path

import pytest

from ns3marl import config as configuration
from ns3marl.config import Config, dumps, load, shipped
from ns3marl.errors import ConfigError


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
    assert config.imappo.actor_lr == 1e-3
    assert config.imappo.clip == 1.0
    assert isinstance(config.imappo.clip, float)
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
        ("training.seed=0", "training.seed: expected more than 0, got 0"),
        ("imappo.discount=1.1", "imappo.discount: expected a number from 0 to 1, got 1.1"),
        ("imappo.discount=nan", "imappo.discount: expected a number from 0 to 1, got nan"),
        ("imappo.actor_lr=fast", "imappo.actor_lr: expected a number, got 'fast'"),
        ("imappo.pooling=max", "imappo.pooling: expected one of mean, attention, got 'max'"),
        ("imappo.advantage=come", r"expected one of literal, coma, gae, got 'come' \(did you mean coma\?\)"),
        ("evaluation.greedy=1", "evaluation.greedy: expected true or false, got 1"),
        ("scenario.arguments=--devices=3", r'expected a list of strings such as \["--devices=10"\]'),
        ("training.ticks=0", "training would never end"),
        ("seed=1", "expected section.option=value"),
        ("training.seed", "expected section.option=value"),
    ],
)
def test_errors_name_the_option_and_what_is_expected(setting: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load(None, [setting])


def test_files_that_cannot_be_used_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no configuration 'dem'.*did you mean demo"):
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


def test_every_option_says_what_it_means() -> None:
    tree = ast.parse(inspect.getsource(configuration))
    documented = set()
    for node in (n for n in tree.body if isinstance(n, ast.ClassDef)):
        for field, after in zip(node.body, node.body[1:], strict=False):
            if (
                isinstance(field, ast.AnnAssign)
                and isinstance(after, ast.Expr)
                and isinstance(after.value, ast.Constant)
                and isinstance(field.target, ast.Name)
            ):
                documented.add((node.name, field.target.id))
    for section in dataclasses.fields(Config):
        kind = type(getattr(Config(), section.name))
        for option in dataclasses.fields(kind):
            assert (kind.__name__, option.name) in documented
