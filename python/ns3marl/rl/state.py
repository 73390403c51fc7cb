# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Objects with a ``state_dict``, combined and stored together."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np


class Stateful(Protocol):
    """Something whose state can be stored: tensors and plain values."""

    def state_dict(self) -> dict[str, Any]:
        """Everything that ``load_state_dict`` needs."""
        ...

    def load_state_dict(self, state: Any) -> Any:
        """Restores what ``state_dict`` gave.

        Raises:
            KeyError, RuntimeError, TypeError, ValueError: The state does not fit.
        """
        ...


class Parts:
    """Named objects with a state, combined.

    Args:
        parts: By name.
    """

    def __init__(self, **parts: Stateful) -> None:
        self._parts = parts

    def state_dict(self) -> dict[str, Any]:
        """The states by name."""
        return {name: part.state_dict() for name, part in self._parts.items()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restores what ``state_dict`` gave; errors as of ``Stateful``."""
        if state.keys() != self._parts.keys():
            raise ValueError(f"expected the parts {', '.join(self._parts)}, got {', '.join(state)}")
        for name, part in self._parts.items():
            part.load_state_dict(state[name])


class GeneratorState:
    """The state of a random generator.

    Args:
        rng: The generator, which stays the same object.
    """

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng

    def state_dict(self) -> dict[str, Any]:
        """Plain values."""
        return dict(self._rng.bit_generator.state)

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restores what ``state_dict`` gave."""
        self._rng.bit_generator.state = state
