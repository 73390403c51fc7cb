# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""A scenario's home in Python: one descriptor that names everything a scenario brings beside its C++.

A descriptor is a ``ScenarioHome`` called ``HOME``. It is found in three places, the first one that has it counts:

1. ``scenario.py`` in the folder of sources that ``ns3marl build FOLDER`` compiled,
2. the scenarios that come with ns3marl (``ns3marl.scenarios``, one package each),
3. the entry point group ``ns3marl.scenarios`` of installed packages: the scenario's name, and ``package.module:HOME``.

A scenario without a descriptor has an empty one: it can be run, trained and evaluated like any other.
"""

from __future__ import annotations

import functools
import hashlib
import importlib
import importlib.util
import os
import sys
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from importlib import metadata
from pathlib import Path
from types import ModuleType
from typing import Any

from ns3marl import executables
from ns3marl.errors import ConfigError, LaunchError, Ns3MarlError
from ns3marl.network_map import NetworkMap

FILE = "scenario.py"
"""Name of the descriptor's file in a folder of scenarios."""
GROUP = "ns3marl.scenarios"
"""Package of the bundled scenarios, and entry point group of others."""
ATTRIBUTE = "HOME"
"""Name of the descriptor in its module; a file of several scenarios gives a tuple of descriptors."""

Reference = str | Callable[..., Any]
"""Something that a scenario brings: the object, or where it stands, so that it is imported only when it is used.

``package.module:attribute`` names an installed module, ``file.py:attribute`` a file beside the descriptor."""


@dataclass(frozen=True, kw_only=True)
class SimplePolicy:
    """A policy that does not learn."""

    make: Reference
    """Called with the spec (``ns3marl.types.Spec``), and with the options if there are any; gives a ``ns3marl.rl.policy.Policy``.

    It raises ``ConfigError`` where the policy does not fit the spec."""
    options: Reference | None = None
    """A frozen dataclass as ``ns3marl.options`` describes it: users set its fields by ``NAME:OPTION=VALUE``. None: no options."""
    central: bool = False
    """Whether it sees more than an agent could know on its own; reports mark it as a reference."""
    compared: bool = True
    """Whether others are compared with it unless policies are named."""


@dataclass(frozen=True, kw_only=True)
class Distribution:
    """A column of one of the scenario's tables, whose distribution reports show for every policy."""

    title: str
    """What it is, such as ``Latency of completed tasks``."""
    table: str
    """Name of the table."""
    column: str
    """Name of the column, which holds numbers; NaN is left out."""
    where: tuple[str, str] | None = None
    """A column of text or categories, and what stands there in the rows that count; None: all rows."""


@dataclass(frozen=True, kw_only=True)
class ScenarioHome:
    """What a scenario has in Python. Everything but its name may be left out."""

    name: str
    """Name of the scenario and of its executable."""
    policies: Mapping[str, SimplePolicy] = field(default_factory=dict)
    """Simple policies by name."""
    builtin_is_central: bool = False
    """Whether the scenario's own policy, C++ ``Decide``, sees more than an agent could know on its own."""
    configs: str = "configs"
    """Folder of configurations (TOML) beside the descriptor; ``ns3marl train NAME`` takes ``NAME.toml`` in it."""
    twin: Reference | None = None
    """Opens the fast twin: ``make(*, arguments, num_envs, seed, first_run, device, calibration, resumable)`` gives environments as
    ``ns3marl.launch.environments.Environments`` describes them; ``calibration`` is a path or None, ``resumable`` asks for
    ``state_dict``. A backend ``module:make`` has the same signature."""
    fidelity: Reference | None = None
    """What validation of the twin needs, the exogenous world among it, see ``ns3marl.fidelity.scenario.ScenarioFidelity``."""
    plots: Mapping[str, Reference] = field(default_factory=dict)
    """Plots by name: ``draw(folder, policy, run)`` gives a matplotlib ``Figure`` of one episode. ``folder`` holds the tables that
    ``ns3marl run --tables`` wrote; ``policy`` and ``run`` (ns-3's RngRun) say which episode, None: the first."""
    map: NetworkMap | None = None
    """How ``ns3marl view`` and ``render()`` draw the network; None: agents and state alone."""
    metrics: tuple[str, ...] = ()
    """Metrics that comparisons show first, in this order; the others follow as the spec has them."""
    parts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Metrics that add up to a whole, by the title under which reports show their shares, such as how tasks ended: what became of
    them, and why others failed. Metrics that a spec lacks are left out."""
    distributions: tuple[Distribution, ...] = ()
    """What reports show of the scenario's tables where an evaluation wrote them (``ns3marl evaluate --tables``)."""
    published: Reference | None = None
    """A published evaluation that ``ns3marl reproduce`` makes anew: a ``ns3marl.studies.publication.Publication``."""
    is_template: bool = False
    """Whether new scenarios begin as a copy of it."""
    folder: Path | None = None
    """Where the descriptor stands; filled in when it is found."""

    def load(self, reference: Reference) -> Any:
        """The object that a reference of this descriptor stands for.

        Raises:
            ConfigError: There is no such module, file or attribute, or importing it failed.
        """
        if not isinstance(reference, str):
            return reference
        what = f"scenario {self.name!r} names {reference!r}"
        file, _, attribute = reference.partition(":")
        if file.endswith(".py"):
            return _attribute(_module_of_file((self.folder or Path()) / file, what), attribute, what)
        return imported(reference, what)

    def configurations(self) -> dict[str, Path]:
        """Files of its configurations, by name."""
        if self.folder is None:
            return {}
        return {path.stem: path for path in sorted((self.folder / self.configs).glob("*.toml"))}


def imported(reference: str, what: str) -> Any:
    """The object that ``module:attribute`` stands for.

    Args:
        reference: The name of a module on the Python path and of an attribute in it.
        what: Who names it, for messages: ``option 'x:y'``.

    Raises:
        ConfigError: There is no such module or attribute, or importing it failed.
    """
    module_name, _, attribute = reference.partition(":")
    return _attribute(_guarded(lambda: importlib.import_module(module_name), what), attribute, what)


def find(scenario: str | Path) -> ScenarioHome:
    """The descriptor of a scenario; an empty one where it has none.

    Args:
        scenario: Name of a scenario, or path of its executable.

    Raises:
        ConfigError: A descriptor is broken; the message names its file or entry point.
    """
    name = Path(scenario).name
    own = _of_executable(scenario)
    if own is not None:
        return own
    if name in bundled():
        return bundled()[name]
    if name in _entry_points():
        return _installed(name)
    return ScenarioHome(name=name)


def names() -> tuple[str, ...]:
    """Names of the scenarios that come with ns3marl or with installed packages."""
    return tuple(sorted({*bundled(), *_entry_points()}))


def homes() -> list[ScenarioHome]:
    """Every descriptor that can be found: of built, bundled and installed scenarios, each name once.

    Raises:
        ConfigError: A descriptor is broken.
    """
    found = {name: find(path) for name, path in executables.scenarios().items()}
    for name in names():
        found.setdefault(name, find(name))
    return [home for _, home in sorted(found.items()) if home.folder is not None]


@functools.cache
def bundled() -> Mapping[str, ScenarioHome]:
    """Descriptors of the scenarios that come with ns3marl, by name."""
    folder = Path(__file__).resolve().parent / GROUP.rpartition(".")[2]
    found = {}
    for package in sorted(path.parent.name for path in folder.glob("*/__init__.py")):
        module = importlib.import_module(f"{GROUP}.{package}")
        (home,) = _descriptors(module, str(module.__file__), folder / package)
        found[home.name] = home
    return found


def configurations() -> dict[str, Path]:
    """Files of all configurations that can be found, by name: those that come with ns3marl first, then everybody's.

    Raises:
        ConfigError: A descriptor is broken.
    """
    found = shipped_configurations()
    for home in homes():
        for name, path in home.configurations().items():
            found.setdefault(name, path)
    return found


def shipped_configurations() -> dict[str, Path]:
    """Files of the configurations that come with ns3marl, by name."""
    found = {}
    for home in bundled().values():
        found.update(home.configurations())
    return dict(sorted(found.items()))


def _of_executable(scenario: str | Path) -> ScenarioHome | None:
    """The descriptor beside the sources of a built scenario; None where it is not built, or has none there."""
    try:
        executable = executables.find_scenario(scenario)
    except LaunchError:
        return None
    source = executables.source_of(executable)
    if source is None or not (source / FILE).is_file():
        return None
    path = source / FILE
    for home in _descriptors(_module_of_file(path, "the descriptor"), str(path), source):
        if home.name == executable.name:
            return home
    return None


def _entry_points() -> dict[str, metadata.EntryPoint]:
    return {point.name: point for point in metadata.entry_points(group=GROUP)}


def _installed(name: str) -> ScenarioHome:
    point = _entry_points()[name]
    where = f"entry point {point.name!r} = {point.value!r} of group {GROUP}"
    module = _guarded(lambda: importlib.import_module(point.module), where)
    homes = _descriptors(module, where, Path(str(module.__file__)).resolve().parent, point.attr or ATTRIBUTE)
    for home in homes:
        if home.name == name:
            return home
    raise ConfigError(f"{where}: its descriptor is of {homes[0].name!r}; let both have the scenario's name")


def _descriptors(
    module: ModuleType, where: str, folder: Path, attribute: str = ATTRIBUTE
) -> list[ScenarioHome]:
    """The descriptors in a module, with their folder.

    Raises:
        ConfigError: There is none.
    """
    given = getattr(module, attribute, None)
    given_ones = given if isinstance(given, tuple) else (given,)
    found = [home for home in given_ones if isinstance(home, ScenarioHome)]
    if not found or len(found) < len(given_ones):
        raise ConfigError(
            f"{where}: expected {attribute} = ScenarioHome(name=…), or a tuple of them (ns3marl.home), found {given!r}"
        )
    return [replace(home, folder=folder) for home in found]


_modules: dict[str, tuple[int, ModuleType]] = {}  # of files, by name, with their time of change


def _module_of_file(path: Path, what: str) -> ModuleType:
    """A file as a module; read again once it has changed.

    Raises:
        ConfigError: It is not there, or importing it failed.
    """
    path = path.resolve()
    if not path.is_file():
        raise ConfigError(f"{what}, but there is no file {path}")
    # A name of its own, which pickle finds again in this process and no other file has.
    name = f"ns3marl_home_{path.stem}_{hashlib.sha256(os.fsencode(path)).hexdigest()[:12]}"
    changed_ns = path.stat().st_mtime_ns
    if name in _modules and _modules[name][0] == changed_ns:
        return _modules[name][1]

    def read() -> ModuleType:
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        try:
            spec.loader.exec_module(module)
        except BaseException:
            del sys.modules[name]
            raise
        return module

    _modules[name] = changed_ns, _guarded(read, str(path))
    return _modules[name][1]


def _attribute(module: ModuleType, attribute: str, what: str) -> Any:
    if not attribute or not hasattr(module, attribute):
        where = getattr(module, "__file__", None) or module.__name__
        raise ConfigError(f"{what}, but {where} has no {attribute!r}; write module:attribute")
    return getattr(module, attribute)


def _guarded(read: Callable[[], ModuleType], where: str) -> ModuleType:
    try:
        return read()
    except Ns3MarlError as error:
        raise ConfigError(f"{where}: {error}") from error
    except Exception as error:  # a descriptor is anybody's code
        raise ConfigError(f"{where} cannot be imported: {describe(error)}; mend it") from error


def describe(error: BaseException) -> str:
    """An exception of somebody's code in one line: its type, its message, and the line it came from."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" ({frames[-1].filename}, line {frames[-1].lineno})" if frames else ""
    if isinstance(error, SyntaxError) and error.filename:
        place = f" ({error.filename}, line {error.lineno})"
    text = error.msg if isinstance(error, SyntaxError) else str(error)
    return f"{type(error).__name__}: {text}{place}"
