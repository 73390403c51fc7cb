# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""``--json``: the results of a command as one JSON document on the standard output, for scripts."""

from __future__ import annotations

import argparse
import json
import math
import os
from collections.abc import Mapping
from typing import Any


def add_json(command: argparse.ArgumentParser) -> None:
    """``--json``. While the command runs, everything else that is printed goes to the standard error."""
    command.add_argument(
        "--json",
        action="store_true",
        help="print the results as one JSON document, everything else to stderr",
    )


def print_document(parsed: argparse.Namespace, content: Mapping[str, Any]) -> None:
    """Prints the document of a command that was called with ``--json``.

    Args:
        parsed: The command line; ``document`` is where the document goes.
        content: Values that JSON knows, and paths; what is not finite becomes null, as JSON has no such number.
    """
    print(json.dumps(_known(content), indent=2, allow_nan=False), file=parsed.document)


def _known(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _known(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_known(one) for one in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return os.fspath(value) if isinstance(value, os.PathLike) else value
