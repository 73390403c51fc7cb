# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The configuration of a run: dataclasses, read from TOML, changed by ``--set section.option=value``.

Every option carries its meaning, unit and default here, and nowhere else.
"""

from __future__ import annotations

import dataclasses
import difflib
import importlib
import math
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin, get_type_hints

import tomli_w

from ns3marl import home
from ns3marl.errors import ConfigError

# The standard library has it from Python 3.11 on.
tomllib: Any = importlib.import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")


@dataclass(frozen=True, slots=True)
class _Range:
    """Values that an option may take."""

    low: float
    high: float = math.inf
    above: bool = False  # the low end itself is refused

    def __contains__(self, value: float) -> bool:
        return (value > self.low if self.above else value >= self.low) and value <= self.high

    def __str__(self) -> str:
        if self.high < math.inf:
            return f"a number from {self.low:g} to {self.high:g}"
        return f"{'more than ' if self.above else ''}{self.low:g}{'' if self.above else ' or more'}"


PositiveInt = Annotated[int, _Range(0, above=True)]
PositiveFloat = Annotated[float, _Range(0, above=True)]
NotNegativeInt = Annotated[int, _Range(0)]
NotNegativeFloat = Annotated[float, _Range(0)]
Fraction = Annotated[float, _Range(0, 1)]


@dataclass(frozen=True)
class ScenarioOptions:
    """Which simulation to learn on."""

    name: str = ""
    """Name of a built scenario, or the path of its executable; it has to be given."""
    arguments: tuple[str, ...] = ()
    """ns-3 command-line arguments, e.g. ``--devices=50`` or ``--ns3::Class::Attribute=value``."""
    backend: Literal["ns3", "fastsim"] = "ns3"
    """What simulates while a policy trains: ns-3, packet by packet, or the scenario's fast twin, where it has one."""
    calibration: str = ""
    """The twin's constants: a file that ``ns3marl calibrate`` wrote; empty: those that ship with it."""


@dataclass(frozen=True)
class PoolOptions:
    """How the simulators run."""

    num_envs: PositiveInt = 2
    """Environments in parallel (E). Of ns-3 one per core is a good choice, of the twin 32 and more."""
    ns3_envs: NotNegativeInt = 0
    """With the twin as backend: how many of the environments ns-3 simulates all the same."""
    device: str = "cpu"
    """Where the twin computes: ``cpu`` or ``cuda``."""
    spares: NotNegativeInt = 1
    """Processes started ahead of the next episode."""
    tick_timeout_s: PositiveFloat = 60.0
    """Wall-clock time after which a simulator without progress counts as hung [s]."""
    start_timeout_s: PositiveFloat = 30.0
    """How long a process may take to start, and an environment may wait for a simulator to dial in [s]."""
    restarts: NotNegativeInt = 3
    """Simulators that an episode may lose (crashed, hung, vanished) before training stops. Each time it is begun anew on another one,
    and the actions it has seen are repeated."""
    runner: Literal["local", "ray"] = "local"
    """Who launches simulators: the learner on its own host, or a Ray cluster on any (``RAY_ADDRESS``; extra ``ray``)."""
    endpoint: str = ""
    """Where simulators dial in (``ns3marl serve``): ``ipc://PATH``, ``tcp://ADDRESS:PORT``; empty: a private socket."""
    spawn: bool = True
    """Launch simulators here; false: only those that dial in serve."""
    keys: str = ""
    """Folder of the learner's CURVE keys (``ns3marl keys``), which tcp beyond this host needs."""
    builtin: bool = False
    """Observations also carry what the scenario's own policy (C++ ``Decide``) chooses; in ns-3 only. Policy ``builtin`` sets it."""


@dataclass(frozen=True)
class TrainingOptions:
    """How long to train, and what to keep."""

    algorithm: Literal["imappo", "ppo", "ippo", "a3c", "dqn", "iql", "maddpg"] = "imappo"
    """The learner."""
    seed: PositiveInt = 1
    """Seeds ns-3's RngSeed, the network weights, the action noise and the order of minibatches."""
    start_from: str = ""
    """Run folder, experiment or checkpoint whose learner this training goes on from, with a budget of its own; running episodes and
    stored experience stay behind. Of an experiment it is the run with the same seed."""
    ticks: NotNegativeInt = 200_000
    """Budget in ticks, summed over environments; 0: no limit."""
    minutes: NotNegativeFloat = 0.0
    """Budget in wall-clock minutes; 0: no limit. Training stops at whichever limit comes first."""
    checkpoint_every: PositiveInt = 20
    """Updates between checkpoints; one is always written at the end."""
    keep_checkpoints: bool = False
    """Keep every checkpoint as ``update-NNNNNN.pt``, not only the last."""
    tensorboard: bool = True
    """Write TensorBoard event files."""
    wandb: bool = False
    """Log to Weights & Biases too; needs the extra ``wandb``."""


@dataclass(frozen=True)
class ImappoOptions:
    """Counterfactual multi-agent PPO with a pooled, action-taking critic."""

    advantage: Literal["literal", "coma", "gae"] = "literal"
    """``literal``: lambda-return - V(s^-i). ``coma``: Q(s, a) - V(s^-i). ``gae``: lambda-return - V(s), as in MAPPO."""
    reward: Literal["team", "agent"] = "team"
    """What an agent learns from: the mean reward of all agents, or its own."""
    actors: Literal["shared", "per-agent"] = "shared"
    """One actor for all agents, or one each, which binds the policy to their number."""
    discount: Fraction = 0.99
    """gamma, per tick."""
    gae_lambda: Fraction = 0.95
    """lambda of the lambda-return."""
    rollout_ticks: PositiveInt = 250
    """Ticks per environment between updates (T)."""
    clip: PositiveFloat = 0.2
    """Clipping range of the likelihood ratios."""
    epochs: PositiveInt = 5
    """Passes over a rollout."""
    minibatches: PositiveInt = 4
    """Minibatches per pass, cut along ticks and environments."""
    actor_lr: PositiveFloat = 3e-4
    """Adam's learning rate of the actor."""
    critic_lr: PositiveFloat = 1e-3
    """Adam's learning rate of the critic."""
    target_kl: NotNegativeFloat = 0.015
    """The actor stops for this rollout once a minibatch's KL divergence exceeds 1.5 times this [nats]; 0: never."""
    entropy_discrete: NotNegativeFloat = 0.01
    """Weight of the entropy of discrete heads, in units of normalised advantage per nat."""
    entropy_continuous: NotNegativeFloat = 0.001
    """The same for real-valued heads."""
    entropy_heads: tuple[str, ...] = ()
    """Weights of single heads, which override the two above, e.g. ``server=0.02``."""
    max_grad_norm: PositiveFloat = 0.5
    """Gradients of actor and critic are each scaled down to this norm."""
    max_log_ratio: PositiveFloat = 10.0
    """Log-likelihood ratios are clamped to this magnitude before the exponential."""
    huber_delta: PositiveFloat = 1.0
    """Where the critic's loss turns from quadratic to linear, in deviations of the return (in its unit, if not normalised)."""
    normalise_values: bool = True
    """The critic predicts returns in their running deviations, not in the reward's unit."""
    actor_width: PositiveInt = 64
    """Units per hidden layer of the actor."""
    actor_layers: PositiveInt = 2
    """Hidden layers of the actor."""
    real_valued: Literal["beta", "tanh-normal", "clipped-gaussian"] = "beta"
    """Distribution of real-valued heads."""
    critic_width: PositiveInt = 64
    """Units per hidden layer of the critic."""
    pooling: Literal["mean", "attention"] = "mean"
    """How the critic pools agents."""
    bfloat16: bool = False
    """Layers compute in bfloat16 while they are updated; never when agents act or advantages are formed.

    Pays with wide networks on a processor with bfloat16 units: measured on one core, an update took 9 to 27 % less time
    at width 256, and 2 to 21 % more at width 64."""


@dataclass(frozen=True)
class PpoOptions:
    """PPO with one central controller, whose policy factorises over devices."""

    ratio: Literal["device", "joint"] = "device"
    """What is clipped: the likelihood ratio of each device's action, or of the joint action (PPO to the letter)."""
    discount: Fraction = 0.9
    """gamma, per tick."""
    gae_lambda: Fraction = 0.8
    """lambda of the generalised advantage and the lambda-return."""
    rollout_ticks: PositiveInt = 250
    """Ticks per environment between updates (T)."""
    clip: PositiveFloat = 0.2
    """Clipping range of the likelihood ratios."""
    epochs: PositiveInt = 8
    """Passes over a rollout."""
    minibatches: PositiveInt = 4
    """Minibatches per pass, cut along ticks and environments."""
    actor_lr: PositiveFloat = 2e-3
    """Adam's learning rate of the actor."""
    critic_lr: PositiveFloat = 1e-3
    """Adam's learning rate of the critic."""
    target_kl: NotNegativeFloat = 0.02
    """The actor stops for this rollout once a minibatch's KL divergence per decision exceeds 1.5 times this [nats]; 0: never."""
    entropy_discrete: NotNegativeFloat = 0.01
    """Weight of the entropy of discrete heads, in units of normalised advantage per nat."""
    entropy_continuous: NotNegativeFloat = 0.001
    """The same for real-valued heads."""
    max_grad_norm: PositiveFloat = 0.5
    """Gradients of actor and critic are each scaled down to this norm."""
    max_log_ratio: PositiveFloat = 10.0
    """Log-likelihood ratios are clamped to this magnitude before the exponential."""
    huber_delta: PositiveFloat = 1.0
    """Where the critic's loss turns from quadratic to linear, in deviations of the return."""
    actor_width: PositiveInt = 64
    """Units per hidden layer of the actor."""
    real_valued: Literal["beta", "tanh-normal", "clipped-gaussian"] = "beta"
    """Distribution of real-valued heads."""
    critic_width: PositiveInt = 64
    """Units per hidden layer of the critic."""


@dataclass(frozen=True)
class IppoOptions:
    """Independent PPO: local observations only, shared weights."""

    reward: Literal["team", "agent"] = "team"
    """What an agent learns from: the mean reward of all agents, or its own."""
    discount: Fraction = 0.9
    """gamma, per tick."""
    gae_lambda: Fraction = 0.8
    """lambda of the generalised advantage and the lambda-return."""
    rollout_ticks: PositiveInt = 250
    """Ticks per environment between updates (T)."""
    clip: PositiveFloat = 0.2
    """Clipping range of the likelihood ratios."""
    epochs: PositiveInt = 8
    """Passes over a rollout."""
    minibatches: PositiveInt = 4
    """Minibatches per pass, cut along ticks and environments."""
    actor_lr: PositiveFloat = 2e-3
    """Adam's learning rate of the actor."""
    critic_lr: PositiveFloat = 1e-3
    """Adam's learning rate of the critic."""
    target_kl: NotNegativeFloat = 0.02
    """The actor stops for this rollout once a minibatch's KL divergence per decision exceeds 1.5 times this [nats]; 0: never."""
    entropy_discrete: NotNegativeFloat = 0.01
    """Weight of the entropy of discrete heads, in units of normalised advantage per nat."""
    entropy_continuous: NotNegativeFloat = 0.001
    """The same for real-valued heads."""
    max_grad_norm: PositiveFloat = 0.5
    """Gradients of actor and critic are each scaled down to this norm."""
    max_log_ratio: PositiveFloat = 10.0
    """Log-likelihood ratios are clamped to this magnitude before the exponential."""
    huber_delta: PositiveFloat = 1.0
    """Where the critic's loss turns from quadratic to linear, in deviations of the return."""
    actor_width: PositiveInt = 64
    """Units per hidden layer of the actor."""
    actor_layers: PositiveInt = 2
    """Hidden layers of the actor."""
    real_valued: Literal["beta", "tanh-normal", "clipped-gaussian"] = "beta"
    """Distribution of real-valued heads."""
    critic_width: PositiveInt = 64
    """Units per hidden layer of the critic."""
    critic_layers: PositiveInt = 2
    """Hidden layers of the critic."""


@dataclass(frozen=True)
class A3cOptions:
    """A3C: the central controller of ``ppo``, trained by ``pool.num_envs`` asynchronous workers with a simulator each."""

    discount: Fraction = 0.9
    """gamma, per tick."""
    rollout_ticks: PositiveInt = 20
    """Ticks of a worker between two of its updates (t_max): the returns look at most so far ahead."""
    learning_rate: PositiveFloat = 1e-3
    """RMSProp's learning rate."""
    rms_decay: Fraction = 0.99
    """Weight of the past in RMSProp's mean square of gradients, which all workers share."""
    rms_epsilon: PositiveFloat = 1e-5
    """Added to that mean square under the root."""
    value_weight: PositiveFloat = 0.5
    """Weight of the critic's squared error beside the policy's objective."""
    entropy_discrete: NotNegativeFloat = 0.01
    """Weight of the entropy of discrete heads, in deviations of the return per nat."""
    entropy_continuous: NotNegativeFloat = 0.001
    """The same for real-valued heads."""
    max_grad_norm: PositiveFloat = 0.5
    """Gradients are scaled down to this norm."""
    actor_width: PositiveInt = 64
    """Units per hidden layer of the actor."""
    real_valued: Literal["beta", "tanh-normal", "clipped-gaussian"] = "beta"
    """Distribution of real-valued heads."""
    critic_width: PositiveInt = 64
    """Units per hidden layer of the critic."""
    log_ticks: PositiveInt = 500
    """Ticks over all workers behind each row of the log."""


@dataclass(frozen=True)
class DqnOptions:
    """Branching DQN: one controller of all agents, on the global state."""

    discount: Fraction = 0.9
    """gamma, per tick."""
    batch_size: PositiveInt = 64
    """Transitions of all agents per gradient step."""
    replay_ticks: PositiveInt = 4000
    """Ticks that the replay holds, summed over environments; an episode's end takes one more."""
    warmup_ticks: PositiveInt = 1000
    """Ticks of uniformly random play before the first gradient step, summed over environments. The scale of the rewards is taken from
    them: leave it some hundreds."""
    ticks_per_step: PositiveInt = 2
    """Ticks per gradient step, summed over environments."""
    report_ticks: PositiveInt = 250
    """Ticks per environment between two reports of figures."""
    max_grad_norm: PositiveFloat = 10.0
    """Gradients are scaled down to this norm."""
    lr: PositiveFloat = 1e-3
    """Adam's learning rate."""
    epsilon: Fraction = 0.02
    """Probability that a head's choice is drawn at random, after the decay; also when ``act`` is not greedy."""
    epsilon_ticks: PositiveInt = 5000
    """Ticks after the warm-up, summed over environments, in which epsilon falls from 1 to its last value."""
    levels: Annotated[int, _Range(2)] = 5
    """Levels to which each real-valued head is cut, its ends included."""
    target_steps: PositiveInt = 100
    """Gradient steps between copies of the network to the target network."""
    huber_delta: PositiveFloat = 1.0
    """Where the loss turns from quadratic to linear, in deviations of the reward."""
    width: PositiveInt = 64
    """Units per hidden layer."""


@dataclass(frozen=True)
class IqlOptions:
    """Independent Q-learning: each agent learns alone, from what it sees."""

    reward: Literal["team", "agent"] = "team"
    """What each agent maximises: the mean over agents, or its own reward."""
    discount: Fraction = 0.9
    """gamma, per tick."""
    batch_size: PositiveInt = 64
    """Transitions of all agents per gradient step."""
    replay_ticks: PositiveInt = 12_000
    """Ticks that the replay holds, summed over environments; an episode's end takes one more."""
    warmup_ticks: PositiveInt = 1000
    """Ticks of uniformly random play before the first gradient step, summed over environments. The scale of the rewards is taken from
    them: leave it some hundreds."""
    ticks_per_step: PositiveInt = 2
    """Ticks per gradient step, summed over environments."""
    report_ticks: PositiveInt = 250
    """Ticks per environment between two reports of figures."""
    max_grad_norm: PositiveFloat = 10.0
    """Gradients are scaled down to this norm, agent by agent."""
    lr: PositiveFloat = 1e-3
    """Adam's learning rate."""
    epsilon: Fraction = 0.02
    """Probability that a head's choice is drawn at random, after the decay; also when ``act`` is not greedy."""
    epsilon_ticks: PositiveInt = 5000
    """Ticks after the warm-up, summed over environments, in which epsilon falls from 1 to its last value."""
    levels: Annotated[int, _Range(2)] = 5
    """Levels to which each real-valued head is cut, its ends included."""
    target_steps: PositiveInt = 100
    """Gradient steps between copies of the network to the target network."""
    huber_delta: PositiveFloat = 1.0
    """Where the loss turns from quadratic to linear, in deviations of the reward."""
    width: PositiveInt = 64
    """Units per hidden layer."""


@dataclass(frozen=True)
class MaddpgOptions:
    """MADDPG: actors that see their own observation, a critic of all observations and actions."""

    actors: Literal["shared", "per-agent"] = "shared"
    """One actor network for all agents, or one for each."""
    discount: Fraction = 0.9
    """gamma, per tick."""
    batch_size: PositiveInt = 64
    """Transitions of all agents per gradient step."""
    replay_ticks: PositiveInt = 12_000
    """Ticks that the replay holds, summed over environments; an episode's end takes one more."""
    warmup_ticks: PositiveInt = 1000
    """Ticks of uniformly random play before the first gradient step, summed over environments. The scale of the rewards is taken from
    them: leave it some hundreds."""
    ticks_per_step: PositiveInt = 2
    """Ticks per gradient step, summed over environments."""
    report_ticks: PositiveInt = 250
    """Ticks per environment between two reports of figures."""
    max_grad_norm: PositiveFloat = 10.0
    """Gradients are scaled down to this norm, actor and critic each."""
    actor_lr: PositiveFloat = 1e-3
    """Adam's learning rate of the actors."""
    critic_lr: PositiveFloat = 1e-3
    """Adam's learning rate of the critic."""
    polyak: Fraction = 0.01
    """Share of the networks that moves into the target networks at every gradient step."""
    temperature: PositiveFloat = 1.0
    """Of the Gumbel-softmax relaxation."""
    noise: NotNegativeFloat = 0.2
    """Deviation of the exploration noise of real-valued heads, in shares of their range, after the decay."""
    noise_first: NotNegativeFloat = 0.5
    """The same right after the warm-up."""
    noise_ticks: PositiveInt = 6000
    """Ticks after the warm-up, summed over environments, in which the noise decays."""
    epsilon: Fraction = 0.1
    """Probability that a discrete head's choice is drawn uniformly while exploring."""
    regularisation: NotNegativeFloat = 2e-3
    """Weight of the sum of the squares of an actor's outputs, which keeps them from saturating on the critic's errors."""
    huber_delta: PositiveFloat = 1.0
    """Where the critic's loss turns from quadratic to linear, in deviations of the reward."""
    actor_width: PositiveInt = 64
    """Units per hidden layer of an actor."""
    critic_width: PositiveInt = 64
    """Units per hidden layer of the critic."""
    pooling: Literal["mean", "attention"] = "mean"
    """How the critic pools agents."""


@dataclass(frozen=True)
class EvaluationOptions:
    """How policies are compared. All of them meet the same episodes."""

    policies: tuple[str, ...] = ()
    """Simple policies to compare with; empty: all that fit the scenario."""
    episodes: PositiveInt = 10
    """Episodes per policy."""
    seed: PositiveInt = 1001
    """ns-3 RngSeed of the evaluation episodes; must differ from the training seed."""
    backend: Literal["ns3", "fastsim"] = "ns3"
    """Where policies are evaluated, wherever they were trained."""
    greedy: bool = False
    """Take the most likely action of a trained policy instead of sampling it."""
    bootstrap: PositiveInt = 10_000
    """Resamples behind each 95 % interval."""


@dataclass(frozen=True)
class Config:
    """Everything that determines a run."""

    scenario: ScenarioOptions = field(default_factory=ScenarioOptions)
    pool: PoolOptions = field(default_factory=PoolOptions)
    training: TrainingOptions = field(default_factory=TrainingOptions)
    imappo: ImappoOptions = field(default_factory=ImappoOptions)
    ppo: PpoOptions = field(default_factory=PpoOptions)
    ippo: IppoOptions = field(default_factory=IppoOptions)
    a3c: A3cOptions = field(default_factory=A3cOptions)
    dqn: DqnOptions = field(default_factory=DqnOptions)
    iql: IqlOptions = field(default_factory=IqlOptions)
    maddpg: MaddpgOptions = field(default_factory=MaddpgOptions)
    evaluation: EvaluationOptions = field(default_factory=EvaluationOptions)


def refuse_shared_seed(config: Config, training_seeds: Iterable[int]) -> None:
    """Policies must not be judged by episodes they were trained on.

    Raises:
        ConfigError: One of the training seeds is the evaluation's.
    """
    if config.evaluation.seed in training_seeds:
        raise ConfigError(
            f"seed {config.evaluation.seed} is evaluation.seed and a training seed: a policy would meet episodes it was trained "
            "on; choose another evaluation.seed or another training seed"
        )


T = TypeVar("T")


def load(source: str | Path | None = None, settings: Iterable[str] = ()) -> Config:
    """Reads a configuration.

    Args:
        source: Path of a TOML file, name of one that a scenario brings (``demo``; ``ns3marl.home``), or None for the defaults.
        settings: Changes, each ``section.option=value`` with the value in TOML syntax; bare words are strings.

    Raises:
        ConfigError: The file is missing or malformed, or an option or value is refused.
    """
    tree: dict[str, Any] = {}
    where = "the defaults"
    if source is not None:
        text, where = _read(source)
        try:
            tree = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise ConfigError(f"{where}: not valid TOML: {error}") from None
    for setting in settings:
        _apply(tree, setting)
        where = f"{where} with --set"
    config = _build(Config, tree, "", where)
    _check(config)
    return config


def shipped() -> tuple[str, ...]:
    """Names of the configurations that come with ns3marl."""
    return tuple(home.shipped_configurations())


def dumps(config: Config) -> str:
    """The configuration as TOML; ``load`` reads it back to an equal one."""
    return tomli_w.dumps(dataclasses.asdict(config))


def _read(source: str | Path) -> tuple[str, str]:
    path = Path(source)
    if path.suffix == ".toml" or path.exists():
        try:
            return path.read_text(encoding="utf-8"), str(path)
        except OSError as error:
            raise ConfigError(f"cannot read the configuration {path}: {error.strerror}") from None
    found: Mapping[str, Path] = home.shipped_configurations()
    if str(source) not in found:
        found = home.configurations()
    if str(source) not in found:
        raise ConfigError(
            f"no configuration {str(source)!r}: give the path of a .toml file, or one of {', '.join(found)}"
            + _near(str(source), found)
        )
    return found[str(source)].read_text(encoding="utf-8"), f"configuration {source!r}"


def _apply(tree: dict[str, Any], setting: str) -> None:
    key, equals, text = setting.partition("=")
    section, dot, option = key.strip().partition(".")
    if not (equals and dot and section and option) or "." in option:
        raise ConfigError(f"--set {setting}: expected section.option=value, e.g. --set training.seed=2")
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        value = text.strip()
    table = tree.setdefault(section, {})
    if not isinstance(table, dict):
        raise ConfigError(f"--set {setting}: {section} is not a section")
    table[option] = value


def _build(kind: type[T], tree: Mapping[str, Any], prefix: str, where: str) -> T:
    hints = get_type_hints(kind, include_extras=True)
    names = [f.name for f in dataclasses.fields(kind)]  # type: ignore[arg-type] # only dataclasses come here
    values: dict[str, Any] = {}
    for name, value in tree.items():
        if name not in hints:
            what = "option" if prefix else "section"
            raise ConfigError(
                f"{where}: unknown {what} {prefix}{name}{_near(name, names)}; known: {', '.join(names)}"
            )
        if dataclasses.is_dataclass(hints[name]):
            if not isinstance(value, Mapping):
                raise ConfigError(
                    f"{where}: {name} is a section, got {value!r}; write [{name}] above its options"
                )
            values[name] = _build(hints[name], value, f"{name}.", where)
        else:
            values[name] = _convert(hints[name], value, f"{where}: {prefix}{name}")
    return kind(**values)


def _convert(hint: Any, value: Any, what: str) -> Any:
    if get_origin(hint) is Annotated:
        kind, allowed = get_args(hint)
        value = _convert(kind, value, what)
        if value not in allowed:
            raise ConfigError(f"{what}: expected {allowed}, got {value:g}")
        return value
    if get_origin(hint) is Literal:
        if value in get_args(hint):
            return value
        choices = ", ".join(map(str, get_args(hint)))
        raise ConfigError(
            f"{what}: expected one of {choices}, got {value!r}{_near(str(value), get_args(hint))}"
        )
    if get_origin(hint) is tuple:
        if isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
            return tuple(value)
        raise ConfigError(f'{what}: expected a list of strings such as ["--devices=10"], got {value!r}')
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if type(value) is not hint:
        wanted = {int: "a whole number", float: "a number", bool: "true or false", str: "a string"}[hint]
        raise ConfigError(f"{what}: expected {wanted}, got {value!r}")
    return value


def _check(config: Config) -> None:
    """Refuses combinations that no run could use."""
    if config.training.ticks == 0 and config.training.minutes == 0:
        raise ConfigError("training.ticks and training.minutes are both 0: training would never end; set one")
    if config.pool.runner == "ray" and config.pool.endpoint:
        raise ConfigError("pool.runner is 'ray', which has an endpoint of its own: leave pool.endpoint empty")
    if config.training.algorithm == "a3c" and config.pool.endpoint:
        raise ConfigError(
            "a3c: every worker has a pool of its own, and pool.endpoint is one address; leave it empty"
        )
    pool = config.pool
    if pool.ns3_envs and config.scenario.backend == "ns3":
        raise ConfigError(
            f'pool.ns3_envs is {pool.ns3_envs}, but ns-3 simulates all environments; it goes with scenario.backend = "fastsim"'
        )
    if pool.ns3_envs and config.training.algorithm == "a3c":
        raise ConfigError(
            "pool.ns3_envs: the workers of a3c have one environment each, ns-3's or the twin's; set it to 0"
        )
    if pool.ns3_envs > pool.num_envs:
        raise ConfigError(f"pool.ns3_envs is {pool.ns3_envs}, more than pool.num_envs = {pool.num_envs}")


def _near(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(known), n=2, cutoff=0.5)
    return f" (did you mean {' or '.join(close)}?)" if close else ""
