# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""A folder to start a topology in: one C++ file, a CMake file and a test that pass as they are."""

from __future__ import annotations

import re
from pathlib import Path

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

import numpy as np
import pytest

from ns3marl import toolchain
from ns3marl.env.pool import Pool
from ns3marl.types import Actions


@pytest.fixture(scope="module")
def scenario() -> Path:
    """The executable, compiled if it is not up to date."""
    return toolchain.build(Path(__file__).parent).scenarios["{name}"]


def play(scenario: Path, *arguments: str) -> Any:
    """The metrics of an episode under the scenario's own policy."""
    command = [str(scenario), "--standalone", "--ticks=20", *arguments]
    return json.loads(subprocess.run(command, capture_output=True, check=True).stdout)["metrics"]


def test_the_same_seed_plays_the_same_episode(scenario: Path) -> None:
    assert play(scenario, "--seed=3") == play(scenario, "--seed=3")


def test_any_action_keeps_to_the_declared_bounds(scenario: Path) -> None:
    # The bridge refuses an observation outside the bounds of Describe.
    random = np.random.default_rng(1)
    with Pool(scenario, arguments=["--ticks=20"], spares=0) as pool:
        batch = pool.reset()
        while batch.final[0] is None:
            actions = []
            for group, seen in zip(pool.spec.groups, batch.groups, strict=True):
                heads = zip(group.mask_offsets[:-1], group.mask_offsets[1:], strict=True)
                allowed = [seen.masks[..., first:last] for first, last in heads]
                discrete = [np.argmax(random.random(mask.shape) * mask, axis=-1) for mask in allowed]
                low = np.array([head.low for head in group.continuous_heads])
                high = np.array([head.high for head in group.continuous_heads])
                shape = seen.active.shape
                actions.append(
                    Actions(
                        np.stack(discrete, -1).astype(np.int32) if discrete else np.zeros((*shape, 0), np.int32),
                        random.uniform(low, high, (*shape, len(low))).astype(np.float32),
                    )
                )
            batch = pool.step(actions)
        assert batch.final[0].tick == 20
'''


def create(name: str, parent: Path) -> Path:
    """Makes ``parent/name`` with ``name.cc``, ``CMakeLists.txt`` and ``test_name.py``.

    The C++ file is a copy of the bundled scenario ``template`` under the new name.

    Args:
        name: of the scenario and its executable: lower-case letters and digits, in words joined by hyphens.
        parent: an existing folder.

    Returns:
        the folder made.

    Raises:
        ConfigError: the name is not of that form or taken, or the folder exists.
        BuildError: the C++ sources are not there, as the package was not installed from a checkout.
    """
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name):
        raise ConfigError(
            f"{name!r} cannot name a scenario; give lower-case letters and digits, words joined by hyphens, like two-cells"
        )
    template = toolchain.sources() / "scenarios" / "template.cc"
    if name in _RESERVED or template.with_stem(name).exists():
        raise ConfigError(f"the name {name!r} is taken, by a bundled scenario or by CMake; give another one")
    folder = parent / name
    if folder.exists():
        raise ConfigError(f"{folder} exists already; remove it, or give another name")
    if not parent.is_dir():
        raise ConfigError(f"there is no folder {parent} to make {name} in")
    folder.mkdir()
    class_name = "".join(word.capitalize() for word in name.split("-")) + "Scenario"
    text = template.read_text().replace("TemplateScenario", class_name)
    text = re.sub(r'"template\b', f'"{name}', text)
    (folder / f"{name}.cc").write_text(text)
    (folder / "CMakeLists.txt").write_text(_CMAKE.format(name=name))
    (folder / f"test_{name.replace('-', '_')}.py").write_text(_TEST.replace("{name}", name))
    return folder


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
