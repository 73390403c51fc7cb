# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Checkpoints: everything a learner needs to go on, in one file that cannot run code when it is read."""

from __future__ import annotations

import os
import warnings
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ns3marl.algorithms import registry
from ns3marl.config import Config
from ns3marl.errors import CheckpointError, ConfigError
from ns3marl.launch.environments import Environments
from ns3marl.rl.learner import Learner
from ns3marl.types import Batch, Spec

FORMAT = 2


@dataclass
class Progress:
    """How far a training has come."""

    updates: int = 0
    ticks: int = 0  #: summed over environments
    wall_s: float = 0.0  #: time spent training, over all its sittings
    ended: list[list[float]] = field(
        default_factory=list
    )  #: metrics of episodes that ended since the last update


@dataclass(frozen=True)
class Checkpoint:
    """What a file holds."""

    path: Path
    algorithm: str
    options: Any  #: of the algorithm, see ``config``
    spec_hash: str
    layout: list[str]  #: features and heads of the agents, see ``layout``
    learner: dict[str, Any]
    progress: Progress
    position: dict[str, Any]  #: where the environments stood, see ``Environments.state_dict``

    def restore(self, learner: Learner) -> None:
        """Puts the whole learner back, to train on.

        Raises:
            CheckpointError: The learner was made for another spec or with other networks.
        """
        if self.spec_hash != learner.spec.hash:
            raise CheckpointError(
                f"{self.path} was trained on a spec with hash {self.spec_hash}, this scenario's has {learner.spec.hash}: "
                "its arguments or its code changed; train anew, or evaluate the checkpoint instead"
            )
        self._load(lambda: learner.load_state_dict(self.learner))

    def begin(self, learner: Learner, algorithm: str) -> None:
        """Gives a new training what this one has learned, optimisers and normalisers included.

        Running episodes, stored experience and the state of random generators stay behind. The number of agents may differ
        where networks allow it.

        Raises:
            CheckpointError: Another algorithm wrote it, or the spec's agents see or do something else.
        """
        if self.algorithm != algorithm:
            raise CheckpointError(
                f"{self.path} was written by {self.algorithm}, this training is {algorithm}; set training.algorithm = "
                f'"{self.algorithm}"'
            )
        self._check_layout(learner.spec)
        own = learner.state_dict()
        left: dict[str, Any] = {
            name: own[name] for name in ("rollout", "replay", "num_envs", "rng") if name in own
        }
        self._load(lambda: learner.load_state_dict({**self.learner, **left}))

    def take_up(self, pool: Environments) -> Batch:
        """Brings environments to where they stood.

        Returns:
            The batch that waits for actions.

        Raises:
            CheckpointError: There were more or fewer environments, or of another kind.
        """
        try:
            return pool.load_state_dict(_arrays(self.position))
        except (ConfigError, KeyError, TypeError, ValueError) as error:
            raise CheckpointError(f"{self.path} does not fit: {error}") from error

    def policy(self, spec: Spec) -> Learner:
        """The trained policy, to act on a spec with the same features and heads; the number of agents may differ.

        Raises:
            CheckpointError: The spec's agents see or do something else.
        """
        self._check_layout(spec)
        learner = registry.make(self.algorithm, spec, self.options, seed=0)
        self._load(lambda: learner.load_policy(self.learner))
        return learner

    def _check_layout(self, spec: Spec) -> None:
        differing = [f"{a} became {b}" for a, b in zip(self.layout, layout(spec), strict=False) if a != b]
        if differing or len(self.layout) != len(layout(spec)):
            what = (
                differing[0]
                if differing
                else f"{len(self.layout)} features and heads became {len(layout(spec))}"
            )
            raise CheckpointError(
                f"{self.path} does not fit scenario {spec.scenario!r}: {what}; use it on the scenario and with the "
                "arguments it was trained for"
            )

    def _load(self, action: Any) -> None:
        try:
            action()
        except (KeyError, RuntimeError, TypeError, ValueError) as error:
            reason = str(error).splitlines()[0]
            raise CheckpointError(
                f"{self.path} does not fit the networks of this configuration: {reason}; widths and layers must be those "
                "it was trained with"
            ) from error


def layout(spec: Spec) -> list[str]:
    """What one agent sees and does, one line per feature and head."""
    group = spec.groups[0]
    return [
        *(f"feature {f.name} [{f.low:g}, {f.high:g}] {f.unit}" for f in group.features),
        *(f"head {d.name} of {len(d.choices)} choices" for d in group.discrete_heads),
        *(f"head {c.name} [{c.low:g}, {c.high:g}] {c.unit}" for c in group.continuous_heads),
    ]


def save(path: Path, learner: Learner, config: Config, progress: Progress, position: dict[str, Any]) -> None:
    """Writes a checkpoint; a reader sees the old file or the new one, never half of it.

    Args:
        path: The file.
        learner: Who learned.
        config: With what options.
        progress: How far.
        position: Where the environments stand, see ``Environments.state_dict``; empty if nobody is to go on from there.

    Raises:
        CheckpointError: It cannot be written, for example because the disk is full. The one before stays.
    """
    content = {
        "format": FORMAT,
        "algorithm": config.training.algorithm,
        "options": asdict(getattr(config, config.training.algorithm)),
        "spec_hash": learner.spec.hash,
        "layout": layout(learner.spec),
        "learner": learner.state_dict(),
        "progress": asdict(progress),
        "position": _tensors(position),
    }
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with unfinished.open("wb") as file:
            torch.save(content, file)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except (OSError, RuntimeError) as error:  # torch's own writer raises the latter
        reason = str(error).splitlines()[0]
        raise CheckpointError(
            f"{path} cannot be written: {reason}; the one before stays: make room and go on with --resume"
        ) from error
    finally:
        unfinished.unlink(missing_ok=True)


def _tensors(value: Any) -> Any:
    """Arrays within dictionaries and lists as tensors, which alone are read without running code."""
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


def load(path: Path) -> Checkpoint:
    """Reads a checkpoint, or the last one of a run folder.

    Raises:
        CheckpointError: The file is missing, damaged, or of another format.
    """
    if path.is_dir():
        path = path / "checkpoints" / "last.pt"
    try:
        # weights_only: tensors and plain values; a pickle that would call anything else is refused. A plain pickle, which
        # torch warns of, is no checkpoint either.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            content = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise CheckpointError(f"there is no checkpoint {path}; give a .pt file or a run folder") from None
    except Exception as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise CheckpointError(f"{path} is damaged or no checkpoint: {reason}; take an earlier one") from error
    found = content.get("format") if isinstance(content, dict) else None
    if found != FORMAT:
        raise CheckpointError(
            f"{path}: expected checkpoint format {FORMAT}, found {found}; use the version of ns3marl that wrote it"
        )
    try:
        return Checkpoint(
            path=path,
            algorithm=content["algorithm"],
            options=registry.options_of(content["algorithm"], content["options"]),
            spec_hash=content["spec_hash"],
            layout=list(content["layout"]),
            learner=content["learner"],
            progress=Progress(**content["progress"]),
            position=content["position"],
        )
    except (ConfigError, KeyError, TypeError) as error:
        raise CheckpointError(f"{path} lacks something or has too much: {error}; it is damaged") from error
