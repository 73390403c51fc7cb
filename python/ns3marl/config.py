# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The configuration of a run: dataclasses, read from TOML, changed by ``--set section.option=value``.

This module declares the sections ``scenario``, ``pool``, ``training`` and ``evaluation``. Every learner has its own section with the same
name as in ``training.algorithm``, such as ``[imappo]`` or ``["package.module:Class"]``; the learner's file declares its options.
``[groups.NAME]`` chooses another ``algorithm`` for the agents of a group, or changes options of its learner.
"""

from __future__ import annotations

import dataclasses
import importlib
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

import tomli_w

from ns3marl import executables, home
from ns3marl.algorithms import registry
from ns3marl.checks import MAX_SEED
from ns3marl.errors import ConfigError
from ns3marl.options import (
    NotNegativeFloat,
    NotNegativeInt,
    PositiveFloat,
    PositiveInt,
    Range,
    converted,
    near,
    plain,
)
from ns3marl.rl.team import Team
from ns3marl.types import Spec

# The standard library contains it from Python 3.11 on.
tomllib: Any = importlib.import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")


#: ns-3's RngSeed.
Seed = Annotated[int, Range(1, MAX_SEED)]


@dataclass(frozen=True)
class ScenarioOptions:
    """The simulation to learn on."""

    name: str = ""
    """Name of a built scenario, or the path of its executable; required."""
    arguments: tuple[str, ...] = ()
    """ns-3 command-line arguments, e.g. ``--devices=50`` or ``--ns3::Class::Attribute=value``."""
    backend: str = "ns3"
    """The simulator for training: ``ns3``, packet by packet; ``fastsim``, the scenario's fast twin, if it has one; or ``module:make``,
    another simulator, which is opened like a twin (``ns3marl.home.ScenarioHome.twin``)."""
    calibration: str = ""
    """File with the twin's constants, as ``ns3marl calibrate`` writes it; empty: the bundled constants."""


@dataclass(frozen=True)
class PoolOptions:
    """How the simulators run."""

    num_envs: PositiveInt = 2
    """Environments in parallel (E). One per core is a good choice for ns-3, 32 and more for the twin."""
    ns3_envs: NotNegativeInt = 0
    """With another backend than ns-3: the number of environments that ns-3 still simulates."""
    device: str = "cpu"
    """Device on which the twin, or another simulator, computes: ``cpu`` or ``cuda``."""
    spares: NotNegativeInt = 1
    """Processes started ahead of the next episode."""
    tick_timeout_s: PositiveFloat = 60.0
    """Wall-clock time after which a simulator without progress counts as hung [s]."""
    start_timeout_s: PositiveFloat = 30.0
    """Maximum time for a process to start, and for an environment to wait until a simulator connects [s]."""
    restarts: NotNegativeInt = 3
    """Simulators that an episode may lose (crashed, hung, vanished) before training stops. After each loss another simulator starts the
    episode again and repeats its actions."""
    runner: Literal["local", "ray"] = "local"
    """What launches simulators: the learner on its own host, or a Ray cluster on any host (``RAY_ADDRESS``; extra ``ray``)."""
    endpoint: str = ""
    """Endpoint to which simulators connect (``ns3marl serve``): ``ipc://PATH``, ``tcp://ADDRESS:PORT``; empty: a private socket."""
    spawn: bool = True
    """Launch simulators here; false: use only remote simulators, which connect to the endpoint."""
    keys: str = ""
    """Folder of the learner's CURVE keys (``ns3marl keys``); required for tcp to other hosts."""
    builtin: bool = False
    """Observations also contain the choices of the scenario's own policy (C++ ``Decide``); ns-3 only. Policy ``builtin`` sets it."""


@dataclass(frozen=True)
class TrainingOptions:
    """How long to train, and what to keep."""

    algorithm: str = "imappo"
    """The learner of every group of agents: a name that ``ns3marl options`` lists, or ``module:Class``. ``[groups.NAME]`` can choose
    another one for a group."""
    seed: Seed = 1
    """Seed of ns-3 (RngSeed), the network weights, the random numbers of actions and the order of minibatches."""
    start_from: str = ""
    """Run folder, experiment or checkpoint with the learner to start from. The budget is new; running episodes and stored experience
    are not taken over. From an experiment, training takes the run with the same seed."""
    ticks: Annotated[int, Range(0, 2**62)] = 200_000
    """Budget in ticks, summed over environments; 0: no limit."""
    minutes: NotNegativeFloat = 0.0
    """Budget in wall-clock minutes; 0: no limit. Training stops at whichever limit comes first."""
    overlap: Literal["none", "decisions", "updates"] = "updates"
    """What simulators do while the learner computes. ``none``: they wait. ``decisions``: while it decides for one half of the
    environments, the other half continues. ``updates``: they also continue while it updates, with the policy of one update ago.
    For learners that update once per rollout: imappo, ippo, ppo."""
    device: str = ""
    """Device on which environments, decisions, rollouts and updates stay as tensors: ``cpu`` or ``cuda``; also the twin's device. Empty: the
    learner computes on the CPU and takes arrays from any environments. For imappo, ippo, ppo with ``scenario.backend = "fastsim"``."""
    checkpoint_every: PositiveInt = 20
    """Updates between checkpoints; one is always written at the end."""
    keep_checkpoints: bool = False
    """Keep every checkpoint as ``update-NNNNNN.pt``, not only the last."""
    tensorboard: bool = True
    """Write TensorBoard event files."""
    wandb: bool = False
    """Also log to Weights & Biases; needs the extra ``wandb``."""


@dataclass(frozen=True)
class EvaluationOptions:
    """How policies are compared. All policies get the same episodes."""

    policies: tuple[str, ...] = ()
    """Simple policies to compare with; empty: all that fit the scenario."""
    episodes: PositiveInt = 10
    """Episodes per policy."""
    seed: Seed = 1001
    """ns-3 RngSeed of the evaluation episodes; must differ from the training seed."""
    backend: str = "ns3"
    """The simulator for evaluation, independent of that for training; same choices as ``scenario.backend``."""
    greedy: bool = False
    """Take the most probable action of a trained policy instead of sampling it."""
    bootstrap: PositiveInt = 10_000
    """Bootstrap resamples for each 95 % interval."""


#: The backends of every scenario; any other one is ``module:make``.
BACKENDS = ("ns3", "fastsim")

#: The sections that do not belong to a learner.
SECTIONS: dict[str, type[Any]] = {
    "scenario": ScenarioOptions,
    "pool": PoolOptions,
    "training": TrainingOptions,
    "evaluation": EvaluationOptions,
}


@dataclass(frozen=True)
class GroupOptions:
    """Section ``[groups.NAME]``: the learner of one group of agents."""

    algorithm: str = ""  #: empty: ``training.algorithm``
    options: Mapping[str, Any] = field(
        default_factory=dict
    )  #: options that differ from the learner's section


@dataclass(frozen=True)
class Config:
    """Everything that determines a run.

    ``load`` creates it. ``learners`` contains the options of every learner that the run uses or that has a section.
    """

    scenario: ScenarioOptions = field(default_factory=ScenarioOptions)
    pool: PoolOptions = field(default_factory=PoolOptions)
    training: TrainingOptions = field(default_factory=TrainingOptions)
    evaluation: EvaluationOptions = field(default_factory=EvaluationOptions)
    learners: Mapping[str, Any] = field(default_factory=dict)
    groups: Mapping[str, GroupOptions] = field(default_factory=dict)

    @property
    def algorithms(self) -> tuple[str, ...]:
        """Names of all learners that the run can use, ``training.algorithm`` first."""
        chosen = (group.algorithm for group in self.groups.values() if group.algorithm)
        return tuple(dict.fromkeys([self.training.algorithm, *chosen]))

    def options(self, algorithm: str) -> Any:
        """The options of a learner: its section, or its defaults if it has none."""
        if algorithm in self.learners:
            return self.learners[algorithm]
        return registry.find(algorithm).Options()

    def learner_of(self, group: str) -> tuple[str, Any]:
        """The algorithm and the options of the learner of a group."""
        own = self.groups.get(group, GroupOptions())
        algorithm = own.algorithm or self.training.algorithm
        return algorithm, dataclasses.replace(self.options(algorithm), **own.options)


def team_of(config: Config, spec: Spec) -> Team:
    """Creates the learners of a configuration.

    Raises:
        ConfigError: The configuration names a group that the spec does not have, or a learner cannot learn from this spec.
    """
    names = [group.name for group in spec.groups]
    for name in config.groups:
        if name not in names:
            raise ConfigError(
                f"[groups.{name}]: scenario {spec.scenario!r} has no group {name!r}{near(name, names)}; its groups are "
                f"{', '.join(names)}"
            )
    return registry.team(spec, config.learner_of, config.training.seed)


def refuse_shared_seed(config: Config, training_seeds: Iterable[int]) -> None:
    """Checks that policies are not evaluated on episodes that they were trained on.

    Raises:
        ConfigError: The evaluation seed is one of the training seeds.
    """
    if config.evaluation.seed in training_seeds:
        raise ConfigError(
            f"seed {config.evaluation.seed} is evaluation.seed and a training seed: a policy would meet episodes it was trained "
            "on; choose another evaluation.seed or another training seed"
        )


def load(source: str | Path | None = None, settings: Iterable[str] = ()) -> Config:
    """Reads a configuration.

    Args:
        source: Path of a TOML file, name of a bundled one (``demo``; ``ns3marl.home``), or None for the defaults.
        settings: Changes, each ``section.option=value`` with the value in TOML syntax; bare words are strings. An option of a
            group's learner is ``groups.NAME.option``.

    Raises:
        ConfigError: The file is missing or malformed, or an option or value is refused.
    """
    tree: dict[str, Any] = {}
    where = _Origins("the defaults")
    if source is not None:
        text, where.source = _read(source)
        try:
            tree = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise ConfigError(f"{where.source}: not valid TOML: {error}") from None
    for setting in settings:
        where.settings[_apply(tree, setting)] = setting
    config = _config(tree, where)
    _check(config)
    return config


def shipped() -> tuple[str, ...]:
    """Names of the configurations that come with ns3marl."""
    return tuple(home.shipped_configurations())


def dumps(config: Config) -> str:
    """The configuration as TOML; ``load`` reads it back to an equal one."""
    tree: dict[str, Any] = {name: dataclasses.asdict(getattr(config, name)) for name in SECTIONS}
    tree |= {name: dataclasses.asdict(options) for name, options in config.learners.items()}
    groups = {
        name: {**({"algorithm": group.algorithm} if group.algorithm else {}), **group.options}
        for name, group in config.groups.items()
    }
    return tomli_w.dumps(tree | ({"groups": groups} if groups else {}))


@dataclass
class _Origins:
    """Where each option of a configuration was set, for error messages."""

    source: str  #: the file
    settings: dict[str, str] = field(
        default_factory=dict
    )  #: those of the command line, by the option that they set

    def __call__(self, name: str) -> str:
        """The setting that set an option, or one in a section; otherwise the file."""
        for option, setting in reversed(self.settings.items()):
            if option == name or option.startswith(f"{name}."):
                return f"--set {setting}"
        return self.source


def _read(source: str | Path) -> tuple[str, str]:
    path = Path(source)
    if path.suffix == ".toml" or path.exists():
        try:
            return path.read_text(encoding="utf-8"), str(path)
        except (OSError, UnicodeDecodeError) as error:
            reason = (
                error.strerror if isinstance(error, OSError) else f"it is no text in UTF-8 ({error.reason})"
            )
            raise ConfigError(f"cannot read the configuration {path}: {reason}") from None
    found: Mapping[str, Path] = home.shipped_configurations()
    if str(source) not in found:
        found = home.configurations()
    if str(source) not in found:
        scenarios = executables.scenarios()
        raise ConfigError(
            f"no configuration or scenario {str(source)!r}{near(str(source), [*found, *scenarios])}: give the path of a .toml file or "
            f"of a scenario's executable, a configuration ({', '.join(found)}), or a scenario that is built "
            f"({', '.join(scenarios) or 'none is: run `ns3marl build`'})"
        )
    return found[str(source)].read_text(encoding="utf-8"), f"configuration {source!r}"


def _apply(tree: dict[str, Any], setting: str) -> str:
    """Puts one ``section.option=value`` into the tree; the names of learners and groups may have dots.

    Returns:
        ``section.option``.
    """
    key, equals, text = setting.partition("=")
    section, dot, option = key.strip().rpartition(".")
    if not (equals and dot and section and option):
        raise ConfigError(f"--set {setting}: expected section.option=value, e.g. --set training.seed=2")
    above, dot, group = section.partition(".")
    path = [above, group] if dot and above == "groups" else [section.strip('"')]
    table = tree
    for name in path:
        table = table.setdefault(name, {})
        if not isinstance(table, dict):
            raise ConfigError(f"--set {setting}: {name} is not a section")
    table[option] = plain(text)
    return ".".join([*path, option])


def _config(tree: Mapping[str, Any], where: _Origins) -> Config:
    known = [*SECTIONS, "groups", *registry.names()]
    for name, table in tree.items():
        if name not in known and ":" not in name:
            raise ConfigError(
                f"{where(name)}: unknown section {name}{near(name, known)}; known: {', '.join(known)}"
            )
        _as_table(table, name, where)
    sections: dict[str, Any] = {
        name: kind(**_converted(kind, tree.get(name, {}), name, where)) for name, kind in SECTIONS.items()
    }
    default: str = sections["training"].algorithm
    groups = {
        name: _group(name, _as_table(table, f"groups.{name}", where), default, where)
        for name, table in tree.get("groups", {}).items()
    }
    config = Config(**sections, groups=groups)
    named = [name for name in tree if name not in SECTIONS and name != "groups"]
    learners = {
        name: (kind := registry.find(name).Options)(**_converted(kind, tree.get(name, {}), name, where))
        for name in dict.fromkeys([*named, *config.algorithms])
    }
    return dataclasses.replace(config, learners=learners)


def _converted(kind: type[Any], values: Mapping[str, Any], section: str, where: _Origins) -> dict[str, Any]:
    """Values with the types of the options of ``kind``; an error names where the value was set."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        found |= converted(kind, {name: value}, section, where(f"{section}.{name}"))
    return found


def _group(name: str, table: Mapping[str, Any], default: str, where: _Origins) -> GroupOptions:
    algorithm = table.get("algorithm", "")
    if not isinstance(algorithm, str):
        raise ConfigError(
            f"{where(f'groups.{name}.algorithm')}: groups.{name}.algorithm: expected a string, got {algorithm!r}"
        )
    changed = {option: value for option, value in table.items() if option != "algorithm"}
    kind = registry.find(algorithm or default).Options
    return GroupOptions(algorithm, _converted(kind, changed, f"groups.{name}", where))


def _as_table(table: Any, name: str, where: _Origins) -> Mapping[str, Any]:
    if not isinstance(table, Mapping):
        raise ConfigError(
            f"{where(name)}: {name} is a section, got {table!r}; write [{name}] above its options"
        )
    return table


def _check(config: Config) -> None:
    """Refuses combinations of options that no run can use."""
    pool, algorithm = config.pool, config.training.algorithm
    for section, backend in (
        ("scenario", config.scenario.backend),
        ("evaluation", config.evaluation.backend),
    ):
        if backend not in BACKENDS and not all(backend.partition(":")):
            raise ConfigError(
                f"{section}.backend: expected {', '.join(BACKENDS)} or module:make, got {backend!r}{near(backend, BACKENDS)}"
            )
    if config.training.ticks == 0 and config.training.minutes == 0:
        raise ConfigError("training.ticks and training.minutes are both 0: training would never end; set one")
    if pool.runner == "ray" and pool.endpoint:
        raise ConfigError("pool.runner is 'ray', which has an endpoint of its own: leave pool.endpoint empty")
    if pool.ns3_envs and config.scenario.backend == "ns3":
        raise ConfigError(
            f'pool.ns3_envs is {pool.ns3_envs}, but ns-3 simulates all environments; it goes with scenario.backend = "fastsim"'
        )
    if pool.ns3_envs > pool.num_envs:
        raise ConfigError(f"pool.ns3_envs is {pool.ns3_envs}, more than pool.num_envs = {pool.num_envs}")
    if all(registry.is_asynchronous(name) for name in config.algorithms):
        if pool.endpoint:
            raise ConfigError(
                f"{algorithm}: every worker has a pool of its own, and pool.endpoint is one address; leave it empty"
            )
        if pool.ns3_envs:
            raise ConfigError(
                f"pool.ns3_envs: the workers of {algorithm} have one environment each, ns-3's or the twin's; set it to 0"
            )
