# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Checkpoints: everything a team of learners needs to continue, in one file that cannot run code when it is read."""

from __future__ import annotations

import hashlib
import math
import pickle
import warnings
import zipfile
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np
import torch

from ns3marl.algorithms import registry
from ns3marl.config import Config
from ns3marl.errors import CheckpointError, ConfigError
from ns3marl.files import replacing
from ns3marl.options import build
from ns3marl.rl.team import Team
from ns3marl.types import Group, Spec

FORMAT = 4

# How a state that does not load is told of; widths and layers of a policy are those that its checkpoint names.
_OTHER_OPTIONS = (
    "the networks of this configuration: {reason}; widths and layers must be those it was trained with"
)
_OTHER_VERSION = "the networks that this version of its algorithm makes of the options in it: {reason}; use the version that wrote it"


Shown_co = TypeVar("Shown_co", covariant=True)


class Resumable(Protocol[Shown_co]):
    """Environments that can restore the state of others."""

    def reset(self) -> Shown_co:
        """Begins new episodes in all environments."""
        ...

    def load_state_dict(self, state: dict[str, Any]) -> Shown_co:
        """Restores episodes from ``state_dict``."""
        ...


@dataclass
class Progress:
    """Progress of a training."""

    updates: int = 0
    ticks: int = 0  #: summed over environments
    wall_s: float = 0.0  #: time spent training, over all its sittings
    ended: list[list[float]] = field(
        default_factory=list
    )  #: metrics of episodes that ended since the last update
    awaited: dict[str, float] = field(
        default_factory=dict
    )  #: what is known of the update that is not told of yet, see ``Book.row``


@dataclass(frozen=True)
class Chosen:
    """The learner of one group of agents."""

    algorithm: str
    options: dict[str, Any]  #: plain values of the algorithm's options
    layout: list[str]  #: features and heads of the agents, see ``layout``


@dataclass(frozen=True)
class Checkpoint:
    """Contents of a file."""

    path: Path
    learners: dict[str, Chosen]  #: by group
    spec_hash: str
    team: dict[str, Any]  #: see ``Team.state_dict``
    progress: Progress
    position: dict[str, Any]  #: where the environments stood, see ``Environments.state_dict``

    @property
    def algorithm(self) -> str:
        """The names of all algorithms, for tables."""
        return "+".join(dict.fromkeys(chosen.algorithm for chosen in self.learners.values()))

    def restore(self, team: Team) -> None:
        """Restores the whole team, to continue training.

        Raises:
            CheckpointError: The team was made for another spec, by another algorithm or with other networks, or only the policy was kept.
        """
        if self.spec_hash != team.spec.hash:
            raise CheckpointError(
                f"{self.path} was trained on a spec with hash {self.spec_hash}, this scenario's has {team.spec.hash}: "
                "its arguments or its code changed; train anew, or evaluate the checkpoint instead"
            )
        for number, learner in team.learners.items():
            group = team.spec.groups[number].name
            chosen = self.learners.get(group)
            if chosen is None or type(learner) is not registry.find(chosen.algorithm):
                self._refuse_algorithm(group, registry.name_of(type(learner)))
        if not all("running" in group for group in self.team["groups"].values()):
            raise CheckpointError(
                f"{self.path} holds a policy without the state of its training, which cannot continue; begin a new run with --from"
            )
        self._load(lambda: team.load_state_dict(self.team), _OTHER_OPTIONS)

    def begin(self, team: Team, config: Config) -> None:
        """Transfers the learned state to a new training, with optimisers and normalisers.

        Running episodes, stored experience and the state of random generators are not transferred. The number of agents may differ
        if the networks allow it.

        Args:
            team: A new team for ``config``.
            config: Configuration of the new training.

        Raises:
            CheckpointError: Another algorithm wrote it, or the spec's agents have other observations or actions.
        """
        self._check_layout(team.spec)
        for group, chosen in self.learners.items():
            wanted, _ = config.learner_of(group)
            if chosen.algorithm != wanted:
                self._refuse_algorithm(group, wanted)
        self._load(lambda: team.load_learned(self.team), _OTHER_OPTIONS)

    def take_up(self, pool: Resumable[Shown_co]) -> Shown_co:
        """Restores the state of environments.

        Returns:
            The batch that waits for actions, or its counterpart on a device.

        Raises:
            CheckpointError: The number or kind of environments differs.
        """
        if not self.position:  # of the beginning
            return pool.reset()
        try:
            return pool.load_state_dict(_arrays(self.position))
        except (ConfigError, KeyError, TypeError, ValueError) as error:
            raise CheckpointError(f"{self.path} does not fit: {error}") from error

    def policy(self, spec: Spec) -> Team:
        """The trained policy, for a spec with the same features and heads; the number of agents may differ.

        Raises:
            CheckpointError: The spec's agents have other observations or actions.
            ConfigError: An algorithm cannot be imported here.
        """
        self._check_layout(spec)
        options = {
            group: build(
                registry.find(chosen.algorithm).Options, chosen.options, chosen.algorithm, str(self.path)
            )
            for group, chosen in self.learners.items()
        }
        team = registry.team(spec, lambda group: (self.learners[group].algorithm, options[group]), seed=0)
        self._load(lambda: team.load_policy(self.team), _OTHER_VERSION)
        return team

    def _refuse_algorithm(self, group: str, wanted: str) -> None:
        chosen = self.learners.get(group)
        by = "nobody" if chosen is None else chosen.algorithm
        raise CheckpointError(
            f"{self.path}: group {group!r} was trained by {by}, this training uses {wanted}; set "
            f'training.algorithm = "{by}", or groups.{group}.algorithm'
        )

    def _check_layout(self, spec: Spec) -> None:
        """Whether the agents of all acting groups have the same observations and actions."""
        now = {group.name: layout(group) for group in spec.groups if _acts(group)}
        if now.keys() != self.learners.keys():
            self._refuse(spec, f"groups {', '.join(self.learners)} became {', '.join(now)}")
        for name, chosen in self.learners.items():
            before, after = chosen.layout, now[name]
            differing = [f"{a} became {b}" for a, b in zip(before, after, strict=False) if a != b]
            if differing:
                self._refuse(spec, f"of group {name!r}, {differing[0]}")
            if len(before) != len(after):
                self._refuse(spec, f"of group {name!r}, {len(before)} features and heads became {len(after)}")

    def _refuse(self, spec: Spec, what: str) -> None:
        raise CheckpointError(
            f"{self.path} does not fit scenario {spec.scenario!r}: {what}; use it on the scenario and with the "
            "arguments it was trained for"
        )

    def _load(self, action: Callable[[], None], advice: str) -> None:
        try:
            spoilt = not_a_number(self.team)
            if spoilt:
                raise CheckpointError(
                    f"{self.path} holds weights of group {spoilt!r} that are no numbers (NaN): its training diverged; take an "
                    "earlier checkpoint, and train on with smaller steps"
                )
            action()
        except (AttributeError, KeyError, RuntimeError, TypeError, ValueError) as error:
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            raise CheckpointError(f"{self.path} does not fit {advice.format(reason=reason)}") from error


def _acts(group: Group) -> bool:
    return bool(group.discrete_heads or group.continuous_heads)


def layout(group: Group) -> list[str]:
    """Observation and action of one agent, one line per feature and head."""
    return [
        *(f"feature {f.name} [{f.low:g}, {f.high:g}] {f.unit}" for f in group.features),
        *(f"head {d.name} of {len(d.choices)} choices" for d in group.discrete_heads),
        *(f"head {c.name} [{c.low:g}, {c.high:g}] {c.unit}" for c in group.continuous_heads),
    ]


def save(path: Path, team: Team, config: Config, progress: Progress, position: dict[str, Any]) -> None:
    """Writes a checkpoint; a reader sees the old file or the new one, never half of it.

    Args:
        path: The file.
        team: The learners.
        config: Configuration of the training.
        progress: Progress of the training.
        position: State of the environments, see ``Environments.state_dict``; empty if no training continues from it.

    Raises:
        CheckpointError: It cannot be written, for example because the disk is full, or learned weights are not finite. The previous
            checkpoint stays.
    """
    state = team.state_dict()
    spoilt = not_a_number(state)
    if spoilt:
        raise CheckpointError(
            f"the training has diverged: weights of group {spoilt!r} are no numbers (NaN) after {progress.updates} updates; "
            f"{path} stays as it was: train anew with smaller steps, or go on from it with --from"
        )
    learners = {}
    for group in (team.spec.groups[number] for number in team.learners):
        algorithm, options = config.learner_of(group.name)
        learners[group.name] = Chosen(algorithm, asdict(options), layout(group))
    _write(Checkpoint(path, learners, team.spec.hash, state, progress, _tensors(position)))


def keep_policy(path: Path) -> None:
    """Takes stored experience and running episodes out of a checkpoint, or out of the last one of a run folder, for which it becomes small.

    It can be evaluated, and a new training can begin with it; its own training cannot continue.

    Raises:
        CheckpointError: It is missing, damaged, or cannot be written.
    """
    whole = load(path)
    groups = {name: {"learned": group["learned"]} for name, group in whole.team["groups"].items()}
    _write(replace(whole, team={**whole.team, "groups": groups}, position={}))


def _write(checkpoint: Checkpoint) -> None:
    path = checkpoint.path
    content = {
        "format": FORMAT,
        "learners": {group: asdict(chosen) for group, chosen in checkpoint.learners.items()},
        "spec_hash": checkpoint.spec_hash,
        "team": checkpoint.team,
        "progress": asdict(checkpoint.progress),
        "position": checkpoint.position,
    }
    try:
        with replacing(path) as file:
            torch.save(content, file)
    except (OSError, RuntimeError) as error:  # torch's own writer raises the latter
        reason = str(error).splitlines()[0]
        stays = "the one before stays: make room" if path.exists() else "there is none before it: make room"
        raise CheckpointError(
            f"{path} cannot be written: {reason}; {stays} and go on with --resume"
        ) from error


def not_a_number(state: dict[str, Any]) -> str | None:
    """The first group of a team's state whose learner has weights that are not finite."""
    for name, group in state.get("groups", {}).items():
        if _has_nan(group["learned"]):
            return str(name)
    return None


def _has_nan(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_has_nan(one) for one in value.values())
    if isinstance(value, list | tuple):
        return any(_has_nan(one) for one in value)
    if isinstance(value, torch.Tensor):
        return bool(value.is_floating_point() and value.isnan().any())
    return isinstance(value, float) and math.isnan(value)


def _tensors(value: Any) -> Any:
    """Converts arrays in dictionaries and lists to tensors, because only tensors are read without running code."""
    if isinstance(value, dict):
        return {name: _tensors(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_tensors(one) for one in value]
    return torch.from_numpy(value.copy()) if isinstance(value, np.ndarray) else value


def _arrays(value: Any) -> Any:
    """Undoes ``_tensors``."""
    if isinstance(value, dict):
        return {name: _arrays(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_arrays(one) for one in value]
    return value.numpy() if isinstance(value, torch.Tensor) else value


def digest(path: Path) -> str:
    """SHA-256 of a checkpoint, or of the last one of a run folder.

    Raises:
        CheckpointError: There is none.
    """
    return hashlib.sha256(_file(path).read_bytes()).hexdigest()


def _file(path: Path) -> Path:
    """A checkpoint's file; of a run folder that of the last one."""
    if path.is_dir():
        path = path / "checkpoints" / "last.pt"
    if not path.exists():
        raise CheckpointError(f"there is no checkpoint {path}; give a .pt file or a run folder")
    return path


def load(path: Path) -> Checkpoint:
    """Reads a checkpoint, or the last one of a run folder.

    Raises:
        CheckpointError: The file is missing, damaged, or of another format.
    """
    path = _file(path)
    reason = _unfit(path)
    if reason:
        raise CheckpointError(f"{path} is damaged or no checkpoint: {reason}; take an earlier one")
    try:
        # weights_only: tensors and plain values; a pickle that would call anything else is refused.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:  # torch's message tells how to run what is in it
        raise CheckpointError(
            f"{path} is damaged or no checkpoint: it holds something else than tensors and plain values, which could run code "
            "when it is read, and is not read here; take an earlier one, and only files that you trust"
        ) from error
    except Exception as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise CheckpointError(f"{path} is damaged or no checkpoint: {reason}; take an earlier one") from error
    if not _stored(content):
        raise CheckpointError(
            f"{path} is damaged or no checkpoint: it claims tensors that it does not hold; take an earlier one"
        )
    found = content.get("format") if isinstance(content, dict) else None
    if found != FORMAT:
        raise CheckpointError(
            f"{path}: expected checkpoint format {FORMAT}, found {found}; use the version of ns3marl that wrote it"
        )
    try:
        return Checkpoint(
            path=path,
            learners={group: Chosen(**chosen) for group, chosen in content["learners"].items()},
            spec_hash=content["spec_hash"],
            team=content["team"],
            progress=_progress(**content["progress"]),
            position=content["position"],
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"{path} lacks something or has too much: {error}; it is damaged") from error


def _progress(updates: Any, ticks: Any, wall_s: Any, ended: Any, awaited: Any) -> Progress:
    """Progress of a training, from a file.

    Raises:
        TypeError, ValueError: The file contains something else.
    """
    whole = [[float(value) for value in episode] for episode in ended]
    for name, value in (("updates", updates), ("ticks", ticks), ("wall_s", wall_s)):
        if not (isinstance(value, int | float) and 0 <= value < math.inf):
            raise ValueError(f"progress.{name} is {value!r}, expected a number of 0 or more")
    row = {str(name): float(value) for name, value in awaited.items()}
    return Progress(int(updates), int(ticks), float(wall_s), whole, row)


def _stored(value: Any) -> bool:
    """Whether the file contains all elements of all tensors; a view may claim more."""
    if isinstance(value, dict):
        return all(_stored(one) for one in value.values())
    if isinstance(value, list | tuple):
        return all(_stored(one) for one in value)
    if isinstance(value, torch.Tensor):
        return value.layout == torch.strided and value.nbytes <= value.untyped_storage().nbytes()
    return True


def _unfit(path: Path) -> str | None:
    """Why a file is not a checkpoint, checked before it is loaded; None if it may be one.

    A checkpoint is a zip archive of stored bytes, so nothing in it is longer than the file. This check rejects files that claim more
    memory than they have bytes, and pipes or devices that never end.
    """
    if not path.is_file():
        return "it is no regular file"
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
    except (OSError, ValueError, zipfile.BadZipFile, NotImplementedError) as error:
        return f"it is no archive of tensors ({error})"
    claimed, there = sum(part.file_size for part in parts), path.stat().st_size
    if claimed > there or any(part.compress_type != zipfile.ZIP_STORED for part in parts):
        return f"it claims {claimed} bytes of content, but has {there}"
    return None
