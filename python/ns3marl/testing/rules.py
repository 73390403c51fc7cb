# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""How a check fails: with the rule that is broken, what was found, and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from ns3marl.errors import Ns3MarlError


def broken(rule: str, found: str, remedy: str) -> None:
    """Fails the check.

    Args:
        rule: What must hold, as a sentence without its full stop.
        found: What was found in its place.
        remedy: What to do.
    """
    __tracebackhide__ = True
    pytest.fail(f"rule: {rule}\nfound: {found}\nremedy: {remedy}", pytrace=False)


def require(holds: object, rule: str, found: str, remedy: str) -> None:
    """Fails the check unless ``holds``; further arguments as of ``broken``."""
    __tracebackhide__ = True
    if not holds:
        broken(rule, found, remedy)


def require_none(problems: list[str], rule: str, remedy: str) -> None:
    """Fails the check where there are problems, and shows the first three."""
    __tracebackhide__ = True
    if problems:
        more = f" (and {len(problems) - 3} more)" if len(problems) > 3 else ""
        broken(rule, "; ".join(problems[:3]) + more, remedy)


@contextmanager
def no_error(rule: str, remedy: str) -> Iterator[None]:
    """Fails the check where its block raises one of ns3marl's errors."""
    __tracebackhide__ = True
    try:
        yield
    except Ns3MarlError as error:
        broken(rule, f"{type(error).__name__}: {error}", remedy)


@contextmanager
def refused(kind: type[Ns3MarlError], what: str, *words: str) -> Iterator[None]:
    """Fails the check unless its block raises an error of that kind.

    Args:
        kind: Of ``ns3marl.errors``.
        what: What must be refused.
        words: Of which the message must name at least one; none asks for any message.
    """
    __tracebackhide__ = True
    rule = f"{what} is refused with {kind.__name__}" + (
        f", which names {' or '.join(words)}" if words else ""
    )
    remedy = f"raise {kind.__name__} (ns3marl.errors) with a message that names what was wrong"
    try:
        yield
    except kind as error:
        require(
            not words or any(word in str(error) for word in words), rule, f"the message {error!s}", remedy
        )
    except Exception as error:  # noqa: BLE001 - any other one is what this check looks for
        broken(rule, f"{type(error).__name__}: {error}", remedy)
    else:
        broken(rule, "it was accepted", remedy)
