# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""``--bibtex``: how to name ns3marl in a paper. CITATION.cff says the same, and a test compares them."""

from __future__ import annotations

from contextlib import suppress
from importlib import metadata

AUTHORS = "The ns3marl authors"
TITLE = "ns3marl: multi-agent reinforcement learning in lockstep with packet-level ns-3 simulations"


def bibtex() -> str:
    """The entry for a bibliography; without a version where no package is installed."""
    fields = {"author": f"{{{AUTHORS}}}", "title": f"{{{TITLE}}}", "note": "Computer software"}
    with suppress(metadata.PackageNotFoundError):
        fields["note"] += f", version {metadata.version('ns3marl')}"
    lines = [f"  {name:6} = {{{value}}}" for name, value in fields.items()]
    return "@misc{ns3marl,\n" + ",\n".join(lines) + ",\n}"
