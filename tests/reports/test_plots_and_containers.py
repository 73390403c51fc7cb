# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""What was made for one scenario serves others: plots of an episode, and containers for a scenario of the user's own."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from ns3marl import cli
from ns3marl.cli.main import parser
from ns3marl.cli.options import config_or_scenario, with_arguments
from ns3marl.config import Config

COMPOSE = Path(__file__).parents[2] / "docker" / "compose.yaml"


@pytest.mark.report("T8")
@pytest.mark.parametrize("scenario", ["echo", "template"])
def test_an_episode_of_any_scenario_is_drawn(
    scenario_path: Callable[[str], Path], tmp_path: Path, capsys: pytest.CaptureFixture[str], scenario: str
) -> None:
    words = ["run", str(scenario_path(scenario)), "--policy", "default", "--tables", str(tmp_path)]
    assert cli.main([*words, "--", "--ticks=4"]) == 0
    capsys.readouterr()
    assert cli.main(["plot-run", str(tmp_path), "--plot", "ticks"]) == 0
    assert capsys.readouterr().out == f"{tmp_path}/ticks.png\n"
    assert (tmp_path / "ticks.png").read_bytes().startswith(b"\x89PNG")


def of_compose(variables: Mapping[str, str]) -> list[Config]:
    """What the learners of the compose file train under some variables: interpolated and split as Compose does."""
    found = []
    for block in re.findall(r"command: >-\n((?: {6}.*\n)+)", COMPOSE.read_text(encoding="utf-8")):
        text = block
        while (variable := re.search(r"\$\{(\w+):-([^${}]*)\}", text)) is not None:
            value = variables.get(variable[1], "") or variable[2]
            text = text[: variable.start()] + value + text[variable.end() :]
        words = shlex.split(text)
        split = words.index("--")
        parsed = parser().parse_args(words[:split])
        parsed.scenario_arguments = tuple(words[split + 1 :])
        found.append(with_arguments(config_or_scenario(parsed.config, parsed.set), parsed))
    return found


@pytest.mark.report("T6")
def test_a_scenario_of_your_own_in_containers_has_its_own_arguments() -> None:
    for config in of_compose({}):
        assert (config.scenario.name, config.scenario.arguments[0]) == ("aiot-mec", "--devices=10")
    own = {
        "NS3MARL_SCENARIO": "my-net",
        "NS3MARL_ARGUMENTS": "--ticks=20 --name='a b'",
        "NS3MARL_OPTIONS": "--set imappo.epochs=3",
    }
    configs = of_compose(own)
    assert len(configs) == 2  # over ipc, over tcp
    for config in configs:
        assert config.scenario.name == "my-net"
        assert config.scenario.arguments == ("--ticks=20", "--name=a b")
        assert config.options("imappo").epochs == 3
        assert not config.pool.spawn
    for config in of_compose({"NS3MARL_SCENARIO": "slice-lte"}):
        assert config.scenario.name == "slice-lte"
        assert "--devices=10" not in config.scenario.arguments
