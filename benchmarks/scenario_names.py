# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Where the generic parts of the package name a scenario, which they must not: what a scenario has, its descriptor says.

``make bench NAME=kinds`` prints the number; ``tests/architecture`` asks for none.
"""

from __future__ import annotations

import re
from pathlib import Path

from ns3marl import home

PACKAGE = Path(home.__file__).resolve().parent
SCENARIOS = PACKAGE / "scenarios"
_SUFFIXES = {".py", ".j2", ".html", ".toml"}


def mentions() -> list[str]:
    """Lines of generic sources that name a bundled scenario, or import one: ``file:line: text``.

    A name of several words counts however it is written (``two-cells``, ``two_cells``, ``TwoCells``), docstrings included; a
    name of one word only as a whole quoted word, for it may be an English one.
    """
    pattern = re.compile(
        "|".join([*map(_pattern, home.bundled()), r"ns3marl[./]scenarios[./]\w"]), re.IGNORECASE
    )
    return [
        f"{path.relative_to(PACKAGE)}:{number}: {line.strip()}"
        for path in sorted(PACKAGE.rglob("*"))
        if path.suffix in _SUFFIXES and not path.is_relative_to(SCENARIOS)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if pattern.search(line)
    ]


def _pattern(name: str) -> str:
    words = name.split("-")
    if len(words) > 1:
        return "[-_ ]?".join(map(re.escape, words))
    return rf"(?<=['\"`]){re.escape(name)}(?=['\"`])"


def main() -> None:
    """Prints them and their number."""
    found = mentions()
    print("\n".join(found))
    print(f"scenario_names_in_generic_code: {len(found)} lines")


if __name__ == "__main__":
    main()
