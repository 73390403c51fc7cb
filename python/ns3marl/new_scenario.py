# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""A folder to start a topology in: a C++ file, its descriptor in Python, a CMake file and a test that pass as they are."""

from __future__ import annotations

import re
from pathlib import Path

from ns3marl import home as homes
from ns3marl import toolchain
from ns3marl.errors import ConfigError

_CMAKE = """\
# `ns3marl build` reads this file. An executable is made of the sources, linked against the bridge (bridge/*.h), the library
# of models (models/*.h: include what you use) and ns-3.
ns3marl_add_scenario({name} {name}.cc)

# ns-3's further modules, by name:
# ns3marl_link_ns3({name} point-to-point lte)
"""

_TEST = '''\
"""What {name} promises. Run with `pytest`."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from ns3marl import toolchain
from ns3marl.testing import ScenarioCompliance


@pytest.fixture(scope="module")
def scenario() -> Path:
    """The executable, compiled if it is not up to date."""
    return toolchain.build(Path(__file__).parent).scenarios["{name}"]


class Test{class}(ScenarioCompliance):
    """The rules that every scenario keeps, under each of these arguments."""

    arguments = (("--ticks=20",),)
    runs_differ = False  # True once something is random

    @pytest.fixture
    def executable(self, scenario: Path) -> Path:
        return scenario


def play(scenario: Path, *arguments: str) -> Any:
    """The metrics of an episode under the scenario's own policy."""
    command = [str(scenario), "--standalone", "--ticks=20", *arguments]
    return json.loads(subprocess.run(command, capture_output=True, check=True).stdout)["metrics"]


def test_every_packet_is_delivered_without_collisions(scenario: Path) -> None:
    assert play(scenario)["delivery_ratio"] == 1
'''


def create(name: str, parent: Path) -> Path:
    """Makes ``parent/name`` with ``name.cc``, ``scenario.py``, ``CMakeLists.txt`` and ``test_name.py``.

    The C++ file and the descriptor (``ns3marl.home``) are copies of those of the bundled template under the new name.

    Args:
        name: of the scenario and its executable: lower-case letters and digits, in words joined by hyphens.
        parent: an existing folder.

    Returns:
        the folder made.

    Raises:
        ConfigError: the name is not of that form or taken, or the folder exists or cannot be made.
        BuildError: the C++ sources are not there, as the package was not installed from a checkout.
    """
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name):
        raise ConfigError(
            f"{name!r} cannot name a scenario; give lower-case letters and digits, words joined by hyphens, like two-cells"
        )
    sources = toolchain.sources() / "scenarios"
    if name in _RESERVED or name in homes.names() or (sources / f"{name}.cc").exists():
        raise ConfigError(f"the name {name!r} is taken, by another scenario or by CMake; give another one")
    folder = parent / name
    if folder.exists():
        raise ConfigError(f"{folder} exists already; remove it, or give another name")
    if not parent.is_dir():
        raise ConfigError(f"there is no folder {parent} to make {name} in")
    (template,) = (home for home in homes.bundled().values() if home.is_template)
    assert template.folder is not None
    try:
        folder.mkdir()
    except OSError as error:
        raise ConfigError(
            f"{folder} cannot be made ({error.strerror}); name a folder where you may write (--parent)"
        ) from None
    program = (sources / f"{template.name}.cc").read_text(encoding="utf-8")
    program = program.replace(_class_name(template.name), _class_name(name))
    program = re.sub(rf'"{template.name}\b', f'"{name}', program)
    (folder / f"{name}.cc").write_text(program, encoding="utf-8")
    descriptor = (template.folder / "__init__.py").read_text(encoding="utf-8")
    descriptor = descriptor.replace("    is_template=True,\n", "")
    descriptor = re.sub(rf"\b{template.name}\b", name, descriptor)
    (folder / homes.FILE).write_text(descriptor, encoding="utf-8")
    (folder / "CMakeLists.txt").write_text(_CMAKE.format(name=name))
    (folder / f"test_{name.replace('-', '_')}.py").write_text(
        _TEST.replace("{name}", name).replace("{class}", _words_joined(name))
    )
    return folder


def _class_name(name: str) -> str:
    return f"{_words_joined(name)}Scenario"


def _words_joined(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("-"))


_RESERVED = {
    "all",
    "bin",
    "build",
    "clean",
    "edit",
    "help",
    "install",
    "package",
    "scenarios",
    "test",
    "user",
}
"""Names that CMake or the build folder use."""
